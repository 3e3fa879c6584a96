"""Very large graphs, made small enough to draw: what is folded is counted in a box of its own.

First the chains: boxes that have one before them and one behind them. If that is not enough, the middle of the network
is one box.
"""

from __future__ import annotations

from helpers.graph.model import Model, Node
from helpers.graph.words import counted, cut, short

# A browser draws this many at once, and igraph lays them out in a second.
MOST_BOXES = 600
_SHORTEST = 3
_SHOWN_KINDS = 4


def fold(model: Model, most: int = MOST_BOXES) -> Model:
    """The model, if it has no more than `most` boxes; else with boxes folded, and `folded` saying so."""
    count = len(model.nodes)
    if count <= most:
        return model
    groups = _chains(model)
    if len(groups) > most:
        ends = most // 2
        kept, middle = set(range(ends)) | set(range(count - ends, count)), list(range(ends, count - ends))
        groups = [[at] for at in sorted(kept)]
        groups.insert(ends, middle)
    folded = sum(len(group) for group in groups if len(group) > 1)
    boxes = sum(len(group) > 1 for group in groups)
    said = f"{folded} of {count} boxes are folded into {boxes}: draw a smaller function to see them all"
    return Model(_folded(model, groups), said)


def _chains(model: Model) -> list[list[int]]:
    """All boxes, those of a chain together; in the order of the last of each."""
    nodes, users = model.nodes, model.users()

    def in_chain(at: int) -> bool:
        kind, operands = nodes[at].kind, set(nodes[at].operands)
        return kind in ("op", "work", "fused", "tuple") and len(operands) == 1 == len(users[at])

    chain_of: dict[int, list[int]] = {}
    for at in range(len(nodes)):
        before = nodes[at].operands[0] if in_chain(at) else -1
        together = before in chain_of and in_chain(before) and nodes[before].region == nodes[at].region
        chain_of[at] = chain_of[before] if together else []
        chain_of[at].append(at)
    groups: list[list[int]] = []
    for at, chain in chain_of.items():
        if len(chain) < _SHORTEST:
            groups.append([at])
        elif chain[-1] == at:
            groups.append(chain)
    return groups


def _folded(model: Model, groups: list[list[int]]) -> list[Node]:
    group_of = {at: number for number, group in enumerate(groups) for at in group}
    nodes: list[Node] = []
    for number, group in enumerate(groups):
        node = model.nodes[group[-1]]
        outside = [operand for at in group for operand in model.nodes[at].operands if group_of[operand] != number]
        operands = [group_of[operand] for operand in (dict.fromkeys(outside) if len(group) > 1 else outside)]
        if len(group) > 1:
            node = _summary([model.nodes[at] for at in group])
        node.operands = operands
        nodes.append(node)
    return nodes


def _summary(nodes: list[Node]) -> Node:
    names = [short(node.op) or node.kind for node in nodes]
    kinds = counted(names).split(", ")
    more = [f"and {len(kinds) - _SHOWN_KINDS} other kinds"] if len(kinds) > _SHOWN_KINDS else []
    lines = [f"{len(nodes)} boxes", *map(cut, kinds[:_SHOWN_KINDS]), *more]
    title = "\n".join(("folded:", *kinds))
    regions = {node.region for node in nodes}
    region = regions.pop() if len(regions) == 1 else None
    exprs = [expr for node in nodes for expr in node.exprs]
    return Node("folded", exprs, ty=nodes[-1].ty, lines=lines, title=title, region=region)
