"""Where the values of a function flow, and where all their ways meet again.

    %0 = exp(%x);        used by tanh and by sigmoid
    %1 = tanh(%0);       used by add
    %2 = sigmoid(%0);    used by add
    add(%1, %2)          the post-dominator of exp, tanh and sigmoid

A node's *post-dominator* is the nearest node that every use of its value leads to. Whoever joins an expression to its
post-dominator, with all that lies between, leaves no other user behind.

Algorithm: a node's post-dominator is the nearest common ancestor of its users in the tree made so far, users first
(Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm", 2001; without cycles one round is enough). Ancestors
are found over jump pointers, in the logarithm of the depth (Myers, "An Applicative Random-Access Stack", 1983).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tvm.ir import GlobalVar, Op

from ..expr import Call, Constant, Function, Tuple, TupleGetItem, Var
from ..expr_functor import post_order
from ..op.op import OpPattern
from ..ty import TensorType, TupleType

NOWHERE = -1
_SIMPLE = ("float32", "float64", "int32", "int64", "bool")


@dataclass(slots=True)
class DataflowNode:
    """One expression: how it depends on what it uses, and who uses it, with the pattern of each use.

    `escapes` is true of what a function returns, a `let` binds or an `if` decides by: nobody sees all of its uses.
    """

    expr: Any
    pattern: OpPattern = OpPattern.OPAQUE
    escapes: bool = False
    users: list[tuple[int, OpPattern]] = field(default_factory=list)


class DataflowGraph:
    """The expressions of a typed function in post-order; `index` says where each one stands.

    Algorithm: TVM v0.16, `IndexedForwardGraph`.
    """

    def __init__(self, func: Function) -> None:
        self.nodes: list[DataflowNode] = []
        self.index: dict[Any, int] = {}
        self._patterns: dict[Op, OpPattern] = {}
        for expr, below in post_order(func):
            if not isinstance(expr, Op | GlobalVar):
                self._add(expr, below)
        self.nodes[-1].escapes = True

    def _add(self, expr: Any, below: Sequence[Any]) -> None:
        node = DataflowNode(expr)
        at = self.index[expr] = len(self.nodes)
        self.nodes.append(node)
        if isinstance(expr, Call) and isinstance(expr.op, Op):
            node.pattern = self._pattern(expr.op)
            for arg in below[1:]:
                self._use(arg, at, _edge(node.pattern, expr, arg))
        elif isinstance(expr, Call):
            self._escape(below[:1])
            for arg in below[1:]:
                self._use(arg, at, OpPattern.OPAQUE)
        elif isinstance(expr, Tuple):
            node.pattern = OpPattern.TUPLE
            for part in below:
                if isinstance(part.checked_type, TensorType):
                    self._use(part, at, OpPattern.INJECTIVE)
                else:
                    self._escape([part])
        elif isinstance(expr, TupleGetItem) and _holds_tensors(below[0]):
            node.pattern = OpPattern.INJECTIVE
            self._use(below[0], at, OpPattern.INJECTIVE)
        elif isinstance(expr, Constant):
            node.pattern = OpPattern.ELEMWISE if is_simple(expr) else OpPattern.OPAQUE
        elif not isinstance(expr, Var):
            self._escape(below)

    def _use(self, expr: Any, user: int, pattern: OpPattern) -> None:
        self.nodes[self.index[expr]].users.append((user, pattern))

    def _escape(self, exprs: Sequence[Any]) -> None:
        for expr in exprs:
            if expr in self.index:
                self.nodes[self.index[expr]].escapes = True

    def _pattern(self, op: Op) -> OpPattern:
        if op not in self._patterns:
            self._patterns[op] = pattern_of(op)
        return self._patterns[op]


def pattern_of(op: Op) -> OpPattern:
    """How an operator fuses, as `define` or the user registered it; `OPAQUE` where nobody did.

    Raises `ValueError` where what was registered is no pattern.
    """
    registered = op.get_attr("TOpPattern") if op.has_attr("TOpPattern") else None
    if registered is None:  # as it is, too, where one was taken back
        return OpPattern.OPAQUE
    try:
        return OpPattern(registered)
    except ValueError:
        known = ", ".join(f"{kind.name} ({kind.value})" for kind in OpPattern)
        raise ValueError(f"the TOpPattern of {op.name} is {registered}: register one of {known}") from None


def is_simple(constant: Constant) -> bool:
    """Whether a constant is a number that generated code can hold: a scalar of a common dtype."""
    return not constant.data.shape and str(constant.data.dtype) in _SIMPLE


def _edge(pattern: OpPattern, call: Call, arg: Any) -> OpPattern:
    """A broadcast is elementwise in those of its arguments that have the shape of the result."""
    if pattern != OpPattern.BROADCAST:
        return pattern
    given, result = arg.checked_type, call.checked_type
    same = isinstance(given, TensorType) and isinstance(result, TensorType) and list(given.shape) == list(result.shape)
    return OpPattern.ELEMWISE if same else pattern


def _holds_tensors(tup: Any) -> bool:
    ty = tup.checked_type
    return isinstance(ty, TupleType) and all(isinstance(part, TensorType) for part in ty.fields)


class PostDominatorTree:
    """The post-dominator of every node of a graph, and the widest pattern of use on the ways to it.

    `parent[i]` is the index of node i's post-dominator, or `NOWHERE`; `pattern[i]` the pattern.
    """

    def __init__(self, graph: DataflowGraph) -> None:
        size = len(graph.nodes)
        # The last entry, which NOWHERE points at, is the root above all.
        self.parent = [NOWHERE] * (size + 1)
        self.pattern = [OpPattern.OPAQUE] * (size + 1)
        self._depth = [0] * (size + 1)
        self._jump = [NOWHERE] * (size + 1)
        self._on_jump = [OpPattern.OPAQUE] * (size + 1)
        for at in reversed(range(size)):
            self._place(at, graph.nodes[at])

    def _place(self, at: int, node: DataflowNode) -> None:
        parent, pattern = NOWHERE, OpPattern.OPAQUE
        if node.users and not node.escapes:
            parent, pattern = node.users[0]
            for user, use in node.users[1:]:
                parent, between = self._meet(parent, user)
                pattern = max(pattern, use, between)
        self.parent[at], self.pattern[at] = parent, pattern
        self._depth[at] = self._depth[parent] + 1
        self._aim(at)

    def _aim(self, at: int) -> None:
        """Jump as far as two jumps from the parent where these are equally long, else to the parent."""
        depth, jump = self._depth, self._jump
        parent = self.parent[at]
        middle = jump[parent]
        if depth[parent] - depth[middle] == depth[middle] - depth[jump[middle]]:
            jump[at] = jump[middle]
            self._on_jump[at] = max(self.pattern[at], self._on_jump[parent], self._on_jump[middle])
        else:
            jump[at], self._on_jump[at] = parent, self.pattern[at]

    def _meet(self, one: int, other: int) -> tuple[int, OpPattern]:
        """The nearest common ancestor of two nodes, and the widest pattern on both ways to it."""
        depth, jump = self._depth, self._jump
        widest = OpPattern.ELEMWISE
        while one != other:
            if depth[one] < depth[other]:
                one, other = other, one
            if depth[one] == depth[other]:
                jumps = jump[one] != jump[other]
                one, first = self._up(one, jumps)
                other, second = self._up(other, jumps)
                widest = max(widest, first, second)
            else:
                one, first = self._up(one, depth[jump[one]] >= depth[other])
                widest = max(widest, first)
        return one, widest

    def _up(self, at: int, jumps: bool) -> tuple[int, OpPattern]:
        return (self._jump[at], self._on_jump[at]) if jumps else (self.parent[at], self.pattern[at])
