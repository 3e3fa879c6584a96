"""Questions about an expression: what is in it, what is free in it, whether it is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tvm.ir import IRModule

from .expr import Constant, Function, Let, Tuple, Var, is_operator
from .expr_functor import children, post_order
from .ty import FuncType, TensorType, TupleType


def post_order_visit(expr: Any, fvisit: Callable[[Any], Any]) -> None:
    """Call `fvisit` on every expression below and including `expr` once, each after those that it uses.

    Operators are visited too, as `tvm.ir.Op`.
    """
    for node, _ in post_order(expr):
        fvisit(node)


def all_vars(expr: Any) -> list[Var]:
    """Every variable in `expr`, bound or free, in the order in which the text has them."""
    found: dict[Var, None] = {}
    seen: set[Any] = set()
    stack = [expr]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Var):
            found[node] = None
        below = (node.var, node.value, node.body) if isinstance(node, Let) else children(node)
        stack.extend(reversed(below))
    return list(found)


def bound_vars(expr: Any) -> list[Var]:
    """The variables that a function or a let in `expr` binds."""
    bound = _bound(expr)
    return [var for var in all_vars(expr) if var in bound]


def free_vars(expr: Any) -> list[Var]:
    """The variables in `expr` that nothing in it binds, in the order in which they are met."""
    bound = _bound(expr)
    return [var for var in all_vars(expr) if var not in bound]


def _bound(expr: Any) -> set[Var]:
    found: set[Var] = set()
    for node, _ in post_order(expr):
        if isinstance(node, Function):
            found.update(node.params)
        elif isinstance(node, Let):
            found.add(node.var)
    return found


def list_op_freqs(mod: IRModule) -> dict[str, int]:
    """How often each operator is called in the Relay functions of `mod`, by its name."""
    called: Counter[str] = Counter()
    for func in mod.functions.values():
        if isinstance(func, Function):
            called.update(node.op.name for node, _ in post_order(func) if is_operator(node))
    return dict(called)


def all_dtypes(expr: Any) -> set[str]:
    """The dtypes of all tensors in a typed `expr`.

    Raises `ValueError` where `InferType` has not run on it.
    """
    found: set[str] = set()
    for node, _ in post_order(expr):
        if hasattr(node, "checked_type_"):
            found |= _dtypes(node.checked_type)
    return found


def _dtypes(ty: Any) -> set[str]:
    if isinstance(ty, TensorType):
        return {str(ty.dtype)}
    parts = ty.fields if isinstance(ty, TupleType) else [*ty.arg_types, ty.ret_type] if isinstance(ty, FuncType) else ()
    return set().union(*map(_dtypes, parts))


def check_constant(expr: Any) -> bool:
    """Whether `expr` is a constant, or a tuple of nothing but constants.

    A call over constants is none until `FoldConstant` has run.
    """
    return all(isinstance(node, Constant | Tuple) for node, _ in post_order(expr))
