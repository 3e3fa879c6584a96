"""FuseOps: operators that can be computed in one loop nest become one function, marked `Primitive`.

    before   %0 = nn.conv2d(%data, %weight, padding=[1, 1, 1, 1]);
             %1 = add(%0, %bias);
             nn.relu(%1)
    after    %2 = fn (%p0, %p1, %p2, Primitive=1) {
               %0 = nn.conv2d(%p0, %p1, padding=[1, 1, 1, 1]);
               %1 = add(%0, %p2);
               nn.relu(%1)
             };
             %2(%data, %weight, %bias)

An operator joins its post-dominator (`post_dominators.py`) where the patterns of both, and of all between, allow it.
There are three rounds. In the first, a convolution or its like joins what comes after it, and elementwise operators
join any loop. In the second, injective operators and tuples join injective operators. In the third, what fills a tuple
joins it, if the tuple has become part of a function.

`annotation.stop_fusion` keeps its argument apart, and is gone afterwards. Scalar constants stay in the function, others
become arguments. As TVM v0.16 does it (`fuse_ops.cc`), except that a walk between two expressions ends as soon as they
are too many for one function.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tvm
from tvm.ir import Op

from ..expr import Call, Constant, Function, Tuple, TupleGetItem, Var, is_operator
from ..expr_functor import post_order, with_children
from ..op.op import OpPattern
from ..ty import TensorType
from .post_dominators import NOWHERE, DataflowGraph, PostDominatorTree
from .transform import function_pass, pass_option

_MAX_DEPTH = pass_option("relay.FuseOps.max_depth", int, 256)
_LINK_PARAMS = pass_option("relay.FuseOps.link_params", bool, False)


def FuseOps(fuse_opt_level: int = -1) -> tvm.transform.Pass:
    """The pass. At level 0 each operator is a function of its own; -1 is the level of the `PassContext`.

    Two options of the `PassContext` count: `relay.FuseOps.max_depth`, the most expressions that are fused into one
    function (256; any number where it is negative), and `relay.FuseOps.link_params`, whether constants stay in the
    functions.
    Raises `TypeError` for a level that is no whole number.
    """
    if isinstance(fuse_opt_level, bool) or not isinstance(fuse_opt_level, int | np.integer):
        raise TypeError(f"FuseOps takes a level such as 0 or 2, or -1 for the context's, not {fuse_opt_level!r}")

    def apply(func: Function, mod: tvm.ir.IRModule, ctx: tvm.transform.PassContext) -> Function:
        level = ctx.opt_level if fuse_opt_level == -1 else fuse_opt_level
        depth = _MAX_DEPTH.of(ctx)
        return fuse(func, level, depth if depth >= 0 else sys.maxsize, _LINK_PARAMS.of(ctx))

    return function_pass(apply, opt_level=0, name="FuseOps", required=["InferType"])


def fuse(func: Function, opt_level: int, max_depth: int, link_params: bool) -> Function:
    """The typed `func` with its operators in primitive functions; a primitive function stays as it is."""
    if is_primitive(func):
        return func
    graph = DataflowGraph(func)
    groups = Groups(graph, max_depth)
    if opt_level > 0:
        groups.merge(PostDominatorTree(graph))
    return _Outliner(graph, groups, link_params).run(func)


def is_primitive(expr: Any) -> bool:
    """Whether `expr` is a function that is fused already."""
    return isinstance(expr, Function) and bool(expr.attrs.get("Primitive", 0))


_Allowed = Callable[[OpPattern, bool], bool]


def _broadcast(pattern: OpPattern, is_sink: bool) -> bool:
    return pattern <= OpPattern.BROADCAST


def _injective(pattern: OpPattern, is_sink: bool) -> bool:
    return pattern <= OpPattern.INJECTIVE


def _injective_then_any_loop(pattern: OpPattern, is_sink: bool) -> bool:
    return pattern <= (OpPattern.OUT_ELEMWISE_FUSABLE if is_sink else OpPattern.INJECTIVE)


class Groups:
    """Which expressions are computed together: disjoint sets, each named by the expression that is its result."""

    def __init__(self, graph: DataflowGraph, max_depth: int) -> None:
        self._nodes = graph.nodes
        self._max_depth = max_depth
        self._parent = list(range(len(graph.nodes)))
        self._size = [1] * len(graph.nodes)
        self._pattern = [node.pattern for node in graph.nodes]

    def result(self, at: int) -> int:
        """The expression that the group of `at` results in."""
        root = at
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[at] != root:
            self._parent[at], at = root, self._parent[at]
        return root

    def merge(self, tree: PostDominatorTree) -> None:
        """Join each expression to its post-dominator where that is allowed."""
        for join in (self._join_outputs, self._join_injective, self._join_tuple):
            for at in range(len(self._nodes)):
                sink = tree.parent[at]
                if sink != NOWHERE and self._pattern[at] != OpPattern.OPAQUE:
                    join(at, sink, tree.pattern[at])

    def _join_outputs(self, at: int, sink: int, ways: OpPattern) -> None:
        """A convolution takes elementwise operators after it; a broadcast may join any loop."""
        if self._pattern[at] == OpPattern.OUT_ELEMWISE_FUSABLE:
            if ways == OpPattern.ELEMWISE:
                self._join(at, sink, _broadcast)
        else:
            self._join_broadcast(at, sink, ways)

    def _join_injective(self, at: int, sink: int, ways: OpPattern) -> None:
        if self._pattern[at] in (OpPattern.INJECTIVE, OpPattern.TUPLE):
            self._join(at, sink, _injective)
        else:
            self._join_broadcast(at, sink, ways)

    def _join_broadcast(self, at: int, sink: int, ways: OpPattern) -> None:
        if self._pattern[at] <= OpPattern.BROADCAST and ways <= OpPattern.COMM_REDUCE:
            self._join(at, sink, _injective_then_any_loop)

    def _join_tuple(self, at: int, sink: int, ways: OpPattern) -> None:
        """What fills a tuple goes with it, once the tuple is inside of an injective function."""
        inside = self._pattern[self.result(sink)] <= OpPattern.INJECTIVE
        if self._pattern[at] <= OpPattern.INJECTIVE and self._pattern[sink] == OpPattern.TUPLE and inside:
            self._commit(at, sink, _injective)

    def _join(self, at: int, sink: int, allowed: _Allowed) -> None:
        if self._pattern[sink] != OpPattern.TUPLE and self.result(at) != self.result(sink):
            self._commit(at, sink, allowed)

    def _commit(self, at: int, sink: int, allowed: _Allowed) -> None:
        target = self.result(sink)
        for member in self._between(at, sink, allowed):
            root = self.result(member)
            if root == target:
                continue
            self._parent[root] = target
            self._size[target] += self._size[root]
            if self._pattern[root] == OpPattern.OUT_ELEMWISE_FUSABLE:
                self._pattern[target] = OpPattern.OUT_ELEMWISE_FUSABLE

    def _between(self, at: int, sink: int, allowed: _Allowed) -> Sequence[int]:
        """`at` and all on its ways to `sink`; nothing where one is not allowed or they would be too many."""
        found, total = [at], self._size[self.result(sink)] + self._size[at]
        seen = {at}
        for node in found:  # which grows
            for user, _ in self._nodes[node].users:
                if user in seen:
                    continue
                seen.add(user)
                if not allowed(self._pattern[self.result(user)], user == sink):
                    return ()
                if user != sink:
                    found.append(user)
                    total += self._size[user]
                if total > self._max_depth:
                    return ()
        return found if total <= self._max_depth else ()


@dataclass(slots=True)
class _Fused:
    """A function in the making: the parameter for each of its arguments, and what is known of its body."""

    params: dict[Any, Var] = field(default_factory=dict)
    computes: bool = False
    reshapes: bool = True

    def param(self, argument: Any, ty: Any) -> Var:
        """The parameter for an argument, a new one where there is none."""
        if argument not in self.params:
            self.params[argument] = Var(f"p{len(self.params)}", ty)
            self.reshapes &= isinstance(ty, TensorType)
        return self.params[argument]

    def call(self, body: Any, ret_type: Any) -> Call:
        """The function with `body`, called with its arguments."""
        attrs = {"Primitive": int(self.computes)}
        if self.computes and self.reshapes:
            attrs["relay.reshape_only"] = 1
        return Call(Function(list(self.params.values()), body, ret_type, None, attrs), list(self.params))


class _Outliner:
    """Writes each group as a function and a call of it."""

    def __init__(self, graph: DataflowGraph, groups: Groups, link_params: bool) -> None:
        self.graph = graph
        self.groups = groups
        self.link_params = link_params
        self.fused: dict[int, _Fused] = {}
        # Nothing inside of a primitive function is looked at.
        self.made = {node.expr: node.expr for node in graph.nodes if is_primitive(node.expr)}

    def run(self, func: Function) -> Function:
        """`func` with each group outlined."""
        for expr, below in post_order(func, self.made):
            self.made[expr] = self._outlined(expr, below) if below else expr
        return self.made[func]

    def _outlined(self, expr: Any, below: Sequence[Any]) -> Any:
        if is_operator(expr, "annotation.stop_fusion"):
            return self.made[below[1]]
        if is_operator(expr):
            return self._operator(expr, below[1:])
        if isinstance(expr, Tuple) and self._group(expr) != self.graph.index[expr]:
            return Tuple(self._inside(below, self._group(expr)), expr.span)
        if isinstance(expr, TupleGetItem) and not self._is_alone(expr, below[0]):
            return self._finished(expr, TupleGetItem(self._inside(below, self._group(expr))[0], expr.index))
        return with_children(expr, [self.made[child] for child in below], below)

    def _operator(self, call: Call, args: Sequence[Any]) -> Any:
        group = self._group(call)
        fused = self.fused.setdefault(group, _Fused())
        fused.computes = True
        fused.reshapes &= _is_reshape(call.op)
        new = Call(call.op, self._inside(args, group), call.attrs, call.type_args, call.span)
        return self._finished(call, new)

    def _finished(self, expr: Any, new: Any) -> Any:
        """`new` in the place of `expr`, or the call of the function that it ends."""
        group = self._group(expr)
        if group != self.graph.index[expr]:
            return new
        return self.fused[group].call(new, expr.checked_type)

    def _inside(self, args: Sequence[Any], group: int) -> list[Any]:
        """What an expression in `group` uses: others in the group as they are, the rest through parameters."""
        fused = self.fused.setdefault(group, _Fused())
        new = []
        for arg in args:
            made = self.made[arg]
            stays = self._group(arg) == group or (self.link_params and isinstance(made, Constant))
            new.append(made if stays else fused.param(made, arg.checked_type))
        return new

    def _is_alone(self, item: TupleGetItem, tup: Any) -> bool:
        """Whether a field is taken where the tuple comes from another function: there is nothing to compute."""
        return self._group(item) == self.graph.index[item] != self._group(tup)

    def _group(self, expr: Any) -> int:
        return self.groups.result(self.graph.index[expr])


def _is_reshape(op: Op) -> bool:
    return bool(op.has_attr("TReshapeOp") and op.get_attr("TReshapeOp"))
