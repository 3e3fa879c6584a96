"""Very large graphs, made small enough to draw: what is folded is counted in a box of its own.

First the chains: boxes that have one before them and one behind them. If that is not enough, the middle of the network
is one box.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from helpers.graph.layout import points_passed
from helpers.graph.model import Model, Node
from helpers.graph.words import counted, cut, short

# A browser draws this many at once, and igraph lays them out in a second.
MOST_BOXES = 1200
MOST_POINTS = 20_000
_SHORTEST = 3
_SHOWN_KINDS = 4


def fold(model: Model, most: int = MOST_BOXES) -> Model:
    """The model, if it has no more than `most` boxes; else with boxes folded, and `folded` saying so."""
    if _is_drawable(model, most):
        return model
    return next(folded for folded in _smaller(model, most) if _is_drawable(folded, most))


def _is_drawable(model: Model, most: int) -> bool:
    return len(model.nodes) <= most and points_passed(model) <= MOST_POINTS


def _smaller(model: Model, most: int) -> Iterator[Model]:
    yield _folded(model, _chains(model))
    count = len(model.nodes)
    ends = (min(most, count) - 1) // 2
    while ends > 0:
        alone = [[at] for at in range(count)]
        yield _folded(model, [*alone[:ends], list(range(ends, count - ends)), *alone[count - ends :]])
        ends //= 2


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


def _folded(model: Model, groups: list[list[int]]) -> Model:
    group_of = {at: number for number, group in enumerate(groups) for at in group}
    nodes: list[Node] = []
    for number, group in enumerate(groups):
        together = len(group) > 1
        node = _summary([model.nodes[at] for at in group]) if together else model.nodes[group[0]]
        outside = [operand for at in group for operand in model.nodes[at].operands if group_of[operand] != number]
        operands = [group_of[operand] for operand in (dict.fromkeys(outside) if together else outside)]
        nodes.append(replace(node, operands=list(dict.fromkeys(operands)) if together else operands))
    folded = [len(group) for group in groups if len(group) > 1]
    return Model(
        nodes,
        f"{sum(folded)} of {len(model.nodes)} boxes are folded into {len(folded)}: draw a smaller function to see all",
    )


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
