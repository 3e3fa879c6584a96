"""The regions of a partitioned network: which boxes lie between the boundaries.

The text of a network says where a region ends, at an `annotation.cast_hint`, not where it begins. So a region is found
backwards. It has in it what leads to its end, up to

- a box that reads the network's input or the end of another region,
- a convolution or a matrix product, which has its input rounded,
- a box whose value is also used without rounding: what is in a region cannot be.

By TVM's own rules these are the regions. By others a region can begin later, behind an operator without a rule: who
partitions can listen to the rules, and say what is inside.

Once the network is realized, the hints are casts. Then a region is what computes integers, cut at each
`annotation.stop_fusion`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from helpers.graph.model import CAST_HINT, Model
from helpers.graph.words import dtype


def mark_regions(model: Model, known: Collection[Any] | None = None) -> int:
    """Give each box the number of its region, if it is in one; return how many regions there are.

    `known` are the expressions that are in regions, if that is known.
    """
    nodes = model.nodes
    hinted = known is not None or any(node.op == CAST_HINT for node in nodes)
    if known is not None:
        inside = {at for at, node in enumerate(nodes) if any(expr in known for expr in node.exprs)}
    elif hinted:
        inside = _before_hints(model)
    elif any(node.kind == "boundary" for node in nodes):
        inside = {
            at
            for at, node in enumerate(nodes)
            if node.kind not in ("boundary", "input", "result", "fused") and dtype(node.ty).startswith(("int", "uint"))
        }
    else:
        return 0
    return _number(model, inside, hinted)


def _before_hints(model: Model) -> set[int]:
    nodes, users = model.nodes, model.users()
    ends = {at for at, node in enumerate(nodes) if node.op == CAST_HINT}
    inside: set[int] = set()
    stack = [operand for end in ends for operand in nodes[end].operands]
    while stack:
        at = stack.pop()
        if at in inside or not _can_be_inside(model, at):
            continue
        inside.add(at)
        stack += _goes_on(model, at)
    # Whoever is used outside is outside, and with it what can only be inside by way of it.
    outside = [at for at in inside if any(user not in inside and user not in ends for user in users[at])]
    while outside:
        at = outside.pop()
        if at in inside:
            inside.discard(at)
            outside += nodes[at].operands
    return inside


def _can_be_inside(model: Model, at: int) -> bool:
    return model.nodes[at].kind not in ("boundary", "input", "result", "constant")


def _goes_on(model: Model, at: int) -> Iterable[int]:
    """The operands that are in the region of the box, too."""
    nodes = model.nodes
    operands = nodes[at].operands
    if nodes[at].kind == "work" or any(_is_outside(model, operand) for operand in operands):
        return [operand for operand in operands if nodes[operand].kind == "scale" and not nodes[operand].operands]
    return operands


def _is_outside(model: Model, at: int) -> bool:
    """Whether it is the network's input or the end of a region, rounded or not."""
    nodes = model.nodes
    while nodes[at].kind == "scale" and nodes[at].operands:
        at = nodes[at].operands[0]
    return nodes[at].kind in ("boundary", "input")


def _number(model: Model, inside: set[int], hinted: bool) -> int:
    """Boxes that read one another are in one region; regions are numbered by how deep they end: so they
    keep their numbers from partition to realize."""
    leader = {at: at for at in inside}

    def find(at: int) -> int:
        while leader[at] != at:
            leader[at] = leader[leader[at]]
            at = leader[at]
        return at

    for at in inside:
        for operand in model.nodes[at].operands:
            if operand in inside:
                leader[find(operand)] = find(at)
    sizes = Counter(find(at) for at in inside)
    # An integer passed on as it is, by a reshape say, is no region of its own.
    counted = [at for at in sorted(inside) if sizes[find(at)] > 1 or hinted or model.nodes[at].kind == "work"]
    depth = model.depths()
    last: dict[int, tuple[int, int]] = {}
    for at in counted:
        last[find(at)] = max(last.get(find(at), (0, 0)), (depth[at], at))
    numbers = {region: number for number, region in enumerate(sorted(last, key=last.__getitem__))}
    for at in counted:
        model.nodes[at].region = numbers[find(at)]
    return len(numbers)
