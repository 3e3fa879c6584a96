"""A function of Relay as boxes and arrows.

    fn (%x) { add(nn.relu(%x), meta[relay.Constant][0]) }

    %x -> nn.relu -> add, with a mark at `add` for the constant -> result

A constant, and what is computed from constants alone, is a mark at the operator that uses it. `annotation.cast_hint`
and the `annotation.stop_fusion` after it are one box, the end of a region.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import tvm
from tvm import relay

from helpers.diff.program import refused

CAST_HINT, STOP_FUSION = "annotation.cast_hint", "annotation.stop_fusion"
SIMULATED = "relay.op.annotation.simulated_quantize"


@dataclass(slots=True)
class Node:
    """One box, or one constant on the way to becoming a mark.

    `kind` is one of `KINDS`. `exprs` are the expressions that the box stands for: none for the result, several for a
    folded box or a boundary, else one. `marks` are the constants, or what is computed of constants alone. What is
    written in the box are `lines` and below them `scales`, those of its constants; `title` is told on request.
    `helpers.graph.words` fills them in.
    """

    kind: str
    exprs: list[Any]
    operands: list[int] = field(default_factory=list)
    ty: Any = None
    marks: list[Any] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    scales: list[str] = field(default_factory=list)
    title: str = ""
    region: int | None = None

    @property
    def op(self) -> str:
        """The operator that the box calls, or an empty text."""
        return op_name(self.exprs[0]) if self.exprs else ""


# What each kind of box is, for the key under a picture.
KINDS = {
    "input": "input",
    "result": "result",
    "work": "convolution or matrix product",
    "op": "other operator",
    "boundary": "end of a region",
    "scale": "simulated quantization",
    "fused": "primitive function",
    "function": "function",
    "tuple": "tuple",
    "constant": "constant",
    "folded": "folded",
}
WORK = ("nn.conv", "nn.contrib_conv", "nn.dense", "nn.contrib_dense", "nn.matmul", "nn.batch_matmul")


@dataclass(slots=True)
class Model:
    """The boxes, each after those that it reads, and what is said of boxes that were folded."""

    nodes: list[Node]
    folded: str = ""

    def users(self) -> list[list[int]]:
        """For each box, those that read it."""
        users: list[list[int]] = [[] for _ in self.nodes]
        for at, node in enumerate(self.nodes):
            for operand in dict.fromkeys(node.operands):
                users[operand].append(at)
        return users

    def depths(self) -> list[int]:
        """For each box, how many are above it on the longest way from one that reads nothing."""
        depths: list[int] = []
        for node in self.nodes:
            depths.append(max((depths[operand] + 1 for operand in node.operands), default=0))
        return depths


def op_name(expr: Any) -> str:
    """The name of the operator that `expr` calls; empty where it calls none."""
    return str(expr.op.name) if isinstance(expr, relay.Call) and isinstance(expr.op, tvm.ir.Op) else ""


def type_of(expr: Any) -> Any:
    """The type that `InferType` found, or `None`."""
    try:
        return expr.checked_type
    except ValueError:
        return None


def read(func: Any, constants: bool) -> Model:
    """The boxes of a function; with `constants`, these are boxes as well.

    Raises `TypeError` where the function holds something that is no Relay expression, or one of a kind that the dialect
    does not have.
    """
    reader = _Reader()
    result = reader.read(func)
    nodes = reader.nodes
    nodes.append(Node("result", [], [result], nodes[result].ty))
    if not constants:
        nodes = _tucked(nodes)
    return Model(_live(_merged(nodes)))


class _Reader:
    """Numbers the expressions below a function, operands first. A variable bound by a let is its value."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self._index: dict[Any, int] = {}
        self._values: dict[Any, Any] = {}

    def read(self, func: Any) -> int:
        for param in func.params:
            self._number(param)
        return self._number(func.body)

    def _number(self, root: Any) -> int:
        stack: list[tuple[Any, list[Any] | None]] = [(root, None)]
        while stack:
            expr, operands = stack.pop()
            if expr in self._index:
                continue
            if operands is None:
                operands = self._operands(expr)
                waiting = [operand for operand in operands if operand not in self._index]
                if waiting:
                    stack.append((expr, operands))
                    stack += [(operand, None) for operand in reversed(waiting)]
                    continue
            self._index[expr] = self._node(expr, operands)
        return self._index[root]

    def _operands(self, expr: Any) -> list[Any]:
        if isinstance(expr, relay.Call):
            args = list(expr.args)
            if isinstance(expr.op, tvm.ir.Op):
                # The scale and the limits of a simulated quantization are words in its box.
                return args[:1] if op_name(expr) == SIMULATED else args
            if isinstance(expr.op, tvm.ir.GlobalVar):
                return args
            return [*_captured(expr.op), *args] if isinstance(expr.op, relay.Function) else [expr.op, *args]
        if isinstance(expr, relay.Var):
            return [self._values[expr]] if expr in self._values else []
        if isinstance(expr, relay.Tuple):
            return list(expr.fields)
        if isinstance(expr, relay.TupleGetItem):
            return [expr.tuple_value]
        if isinstance(expr, relay.Let):
            self._values[expr.var] = expr.value
            return [expr.value, expr.body]
        if isinstance(expr, relay.If):
            return [expr.cond, expr.true_branch, expr.false_branch]
        if isinstance(expr, relay.Function):
            return _captured(expr)
        if isinstance(expr, (relay.Constant, tvm.ir.GlobalVar, tvm.ir.Op)):
            return []
        raise TypeError(f"the function holds {refused(expr)}")

    def _node(self, expr: Any, operands: list[Any]) -> int:
        numbers = [self._index[operand] for operand in operands]
        if isinstance(expr, relay.Let):
            return numbers[1]
        if isinstance(expr, relay.Var) and numbers:
            return numbers[0]
        self.nodes.append(Node(_kind(expr), [expr], numbers, type_of(expr)))
        return len(self.nodes) - 1


def _captured(func: Any) -> list[Any]:
    """The variables of the surrounding function that a function inside it reads: a primitive one reads none."""
    primitive = func.attrs is not None and "Primitive" in func.attrs.keys()  # noqa: SIM118  no mapping
    return [] if primitive else list(relay.analysis.free_vars(func))


def _kind(expr: Any) -> str:
    if isinstance(expr, relay.Call):
        name = op_name(expr)
        if not name:
            return "fused" if isinstance(expr.op, relay.Function) else "function"
        if name in (CAST_HINT, STOP_FUSION):
            return "boundary"
        if name == SIMULATED:
            return "scale"
        return "work" if name.startswith(WORK) else "op"
    if isinstance(expr, relay.Var):
        return "input"
    if isinstance(expr, relay.Constant):
        return "constant"
    if isinstance(expr, (relay.Tuple, relay.TupleGetItem)):
        return "tuple"
    return "op" if isinstance(expr, relay.If) else "function"


def _tucked(nodes: list[Node]) -> list[Node]:
    """Boxes computed from constants alone become marks at those that read them."""
    fixed: list[bool] = []
    for node in nodes:
        computed = node.kind in ("op", "work", "boundary", "scale", "tuple", "fused") and bool(node.operands)
        fixed.append(node.kind == "constant" or (computed and all(fixed[operand] for operand in node.operands)))
    result = nodes[-1].operands[0]
    fixed[result] = False
    for node in nodes:
        node.marks = [nodes[operand].exprs[0] for operand in node.operands if fixed[operand]]
        node.operands = [operand for operand in node.operands if not fixed[operand]]
    return _renumbered(nodes, [not is_fixed for is_fixed in fixed])


def _merged(nodes: list[Node]) -> list[Node]:
    """A cast hint and the stop of fusion after it become one box."""
    users = Model(nodes).users()
    keep = [True] * len(nodes)
    for at, node in enumerate(nodes):
        if node.op != STOP_FUSION or not node.operands:
            continue
        before = node.operands[0]
        if nodes[before].op == CAST_HINT and users[before] == [at]:
            node.exprs = [*nodes[before].exprs, *node.exprs]
            node.operands = nodes[before].operands
            keep[before] = False
    return _renumbered(nodes, keep)


def _live(nodes: list[Node]) -> list[Node]:
    """Without parameters that nothing drawn reads: the scales of simulated quantizations."""
    users = Model(nodes).users()
    return _renumbered(nodes, [node.kind != "input" or bool(users[at]) for at, node in enumerate(nodes)])


def _renumbered(nodes: list[Node], keep: list[bool]) -> list[Node]:
    numbers: dict[int, int] = {}
    for at, kept in enumerate(keep):
        if kept:
            numbers[at] = len(numbers)
    kept_nodes = [node for node, kept in zip(nodes, keep) if kept]
    for node in kept_nodes:
        node.operands = [numbers[operand] for operand in node.operands]
    return kept_nodes
