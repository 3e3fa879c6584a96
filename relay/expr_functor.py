"""Walking an expression: one iterative traversal for the passes, two classes for readers of Relay.

The graph of a network is as deep as the network is long, so nothing here recurses on the C stack:
`post_order` and `rewrite` keep a stack of their own, and `ExprFunctor.visit` asks Python for the depth it needs.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

from tvm.ir import GlobalVar, Op

from .expr import Call, Constant, Function, If, Let, TempExpr, Tuple, TupleGetItem, Var

_LEAVES = (Var, Constant, Op, GlobalVar, TempExpr)


def children(expr: Any) -> Sequence[Any]:
    """The expressions right below `expr`, in the order in which Relay visits them."""
    if isinstance(expr, Call):
        return [expr.op, *expr.args]
    if isinstance(expr, _LEAVES):
        return ()
    if isinstance(expr, TupleGetItem):
        return (expr.tuple_value,)
    if isinstance(expr, Tuple):
        return expr.fields
    if isinstance(expr, Function):
        return [*expr.params, expr.body]
    if isinstance(expr, Let):
        return (expr.value, expr.var, expr.body)
    if isinstance(expr, If):
        return (expr.cond, expr.true_branch, expr.false_branch)
    raise TypeError(f"{type(expr).__name__} is no Relay expression: build the graph from relay's own nodes")


def with_children(expr: Any, new: Sequence[Any], old: Sequence[Any]) -> Any:
    """`expr` over the children `new`; `expr` itself where they are the ones it has (`old`).

    What was inferred (the checked type) does not carry over to a new node; spans and attributes do.
    """
    if all(after == before for after, before in zip(new, old, strict=True)):
        return expr
    if isinstance(expr, Call):
        return Call(new[0], new[1:], expr.attrs, expr.type_args, expr.span)
    if isinstance(expr, Tuple):
        return Tuple(new, expr.span)
    if isinstance(expr, TupleGetItem):
        return TupleGetItem(new[0], expr.index, expr.span)
    if isinstance(expr, Function):
        return Function(new[:-1], new[-1], expr.ret_type, None, expr.attrs, expr.span)
    if isinstance(expr, Let):
        return Let(new[1], new[0], new[2], expr.span)
    return If(new[0], new[1], new[2], expr.span)


def post_order(expr: Any, done: Container[Any] = ()) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Every expression below and including `expr` once, each after its children, with those children.

    What is in `done` is passed over, with all that only it leads to. Linear in the number of nodes and edges.
    """
    seen: set[Any] = set()
    stack: list[tuple[Any, Sequence[Any] | None]] = [(expr, None)]
    while stack:
        node, below = stack.pop()
        if node in seen or node in done:
            continue
        if below is None:
            below = children(node)
            if below:
                stack.append((node, below))
                stack.extend((child, None) for child in reversed(below) if child not in seen)
                continue
        seen.add(node)
        yield node, below


def rewrite(expr: Any, rule: Callable[[Any, Any], Any], made: dict[Any, Any] | None = None) -> Any:
    """Replace bottom-up: `rule(old, made)` gets each node and what its rewritten children make of it.

    It returns `made`, or what should stand there instead. Shared nodes are rewritten once and stay shared, also
    between calls that are given the same `made`.
    """
    made = {} if made is None else made
    for node, below in post_order(expr, made):
        made[node] = rule(node, with_children(node, [made[child] for child in below], below) if below else node)
    return made[expr]


class ExprFunctor:
    """Dispatch on the kind of node: `visit(expr)` calls `visit_call`, `visit_var`, … and remembers the result."""

    def __init__(self) -> None:
        self.memo_map: dict[Any, Any] = {}
        self._visiting = False

    def visit(self, expr: Any) -> Any:
        """The result for `expr`, computed once a node.

        Raises `TypeError` for what is no Relay expression.
        """
        if expr in self.memo_map:
            return self.memo_map[expr]
        method = self._method(expr)
        with _room_for(expr, self):
            result = method(expr)
        self.memo_map[expr] = result
        return result

    def _method(self, expr: Any) -> Callable[[Any], Any]:
        for kind, name in _METHODS:
            if isinstance(expr, kind):
                return getattr(self, name)
        raise TypeError(f"{type(self).__name__} cannot visit {type(expr).__name__}: it visits Relay expressions")

    def _unhandled(self, expr: Any) -> Any:
        raise TypeError(
            f"{type(self).__name__} meets a {type(expr).__name__} and has no method for it: "
            f"define visit_{'op' if isinstance(expr, Op) else type(expr).__name__.lower()}"
        )

    visit_function = visit_let = visit_if = visit_call = visit_var = visit_tuple = visit_tuple_getitem = _unhandled
    visit_global_var = visit_op = visit_constant = visit_temp = _unhandled


_METHODS: tuple[tuple[type, str], ...] = (
    (Call, "visit_call"),
    (Var, "visit_var"),
    (Constant, "visit_constant"),
    (Tuple, "visit_tuple"),
    (TupleGetItem, "visit_tuple_getitem"),
    (Function, "visit_function"),
    (Let, "visit_let"),
    (If, "visit_if"),
    (GlobalVar, "visit_global_var"),
    (Op, "visit_op"),
    (TempExpr, "visit_temp"),
)


class ExprVisitor(ExprFunctor):
    """Visits every node below an expression once.

    Override the methods of the kinds that matter:

        class Count(relay.ExprVisitor):
            calls = 0
            def visit_call(self, call):
                self.calls += 1
                super().visit_call(call)
    """

    def visit_call(self, call: Call) -> None:
        """Visit the operator, then the arguments."""
        self.visit(call.op)
        for arg in call.args:
            self.visit(arg)

    def visit_tuple(self, tup: Tuple) -> None:
        """Visit the fields."""
        for field in tup.fields:
            self.visit(field)

    def visit_tuple_getitem(self, op: TupleGetItem) -> None:
        """Visit the tuple."""
        self.visit(op.tuple_value)

    def visit_function(self, fn: Function) -> None:
        """Visit the parameters, then the body."""
        for param in fn.params:
            self.visit(param)
        self.visit(fn.body)

    def visit_let(self, let: Let) -> None:
        """Visit the variable, its value, then the body."""
        self.visit(let.var)
        self.visit(let.value)
        self.visit(let.body)

    def visit_if(self, i: If) -> None:
        """Visit the condition, then both branches."""
        self.visit(i.cond)
        self.visit(i.true_branch)
        self.visit(i.false_branch)

    def _leaf(self, expr: Any) -> None:
        """Nothing lies below a leaf."""

    visit_var = visit_constant = visit_global_var = visit_op = visit_temp = _leaf


class ExprMutator(ExprFunctor):
    """Rebuilds an expression; each method returns what should stand in the node's place.

    class Swap(relay.ExprMutator):
        def visit_call(self, call):
            made = super().visit_call(call)
            return relay.nn.relu(*made.args) if made.op.name == "sigmoid" else made
    """

    def _rebuild(self, expr: Any) -> Any:
        below = children(expr)
        return with_children(expr, [self.visit(child) for child in below], below)

    visit_call = visit_tuple = visit_tuple_getitem = visit_function = visit_let = visit_if = _rebuild

    def _keep(self, expr: Any) -> Any:
        return expr

    visit_var = visit_constant = visit_global_var = visit_op = visit_temp = _keep


@contextlib.contextmanager
def _room_for(expr: Any, functor: ExprFunctor) -> Iterator[None]:
    """Python's own recursion limit, raised for the outermost visit to what the part not visited yet can need.

    Calls between Python functions take no C stack (CPython 3.11 and newer), so only the limit stands in the way.
    """
    if functor._visiting:
        yield
        return
    before = sys.getrecursionlimit()
    functor._visiting = True
    sys.setrecursionlimit(before + 16 * sum(1 for _ in post_order(expr, functor.memo_map)))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
        functor._visiting = False
