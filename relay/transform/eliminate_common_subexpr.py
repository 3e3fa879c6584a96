"""EliminateCommonSubexpr: what is computed twice from the same values is computed once.

    before   %0 = nn.relu(%x);
             %1 = nn.relu(%x);
             add(%0, %1)
    after    %0 = nn.relu(%x);
             add(%0, %0)

Two calls are the same where their operators, attributes and arguments are; equal scalar constants count as one
argument. As TVM v0.16 does it (`eliminate_common_subexpr.cc`), with one look-up a node in place of a comparison with
every earlier call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tvm
import tvm_ffi
from tvm.ir import Op

from ..expr import Call, Constant, Function, TupleGetItem
from ..expr_functor import post_order, with_children
from .transform import function_pass


def EliminateCommonSubexpr(fskip: Callable[[Any], bool] | None = None) -> tvm.transform.Pass:
    """The pass. `fskip(call)` says which calls stay as they are."""
    return function_pass(
        lambda func, mod, ctx: eliminate(func, fskip),
        opt_level=3,
        name="EliminateCommonSubexpr",
        required=["InferType"],
    )


def eliminate(func: Function, fskip: Callable[[Any], bool] | None = None) -> Function:
    """`func` with the first one of equal expressions in place of them all."""
    made: dict[Any, Any] = {}
    seen: dict[Any, list[Any]] = {}
    for node, below in post_order(func):
        new = with_children(node, [made[child] for child in below], below) if below else node
        made[node] = new if fskip is not None and fskip(node) else _first_of_its_kind(new, seen)
    return made[func]


def _first_of_its_kind(expr: Any, seen: dict[Any, list[Any]]) -> Any:
    if isinstance(expr, TupleGetItem):
        return seen.setdefault((expr.tuple_value, expr.index), [expr])[0]
    if not isinstance(expr, Call) or not isinstance(expr.op, Op):
        return expr
    candidates = seen.setdefault((expr.op, *map(_key, expr.args)), [])
    for earlier in candidates:
        if tvm_ffi.structural_equal(earlier.attrs, expr.attrs):
            return earlier
    candidates.append(expr)
    return expr


def _key(arg: Any) -> Any:
    """What two equal arguments have in common."""
    if isinstance(arg, Constant) and not len(arg.data.shape):
        value: Sequence[Any] = (str(arg.data.dtype), arg.data.numpy().tobytes())
        return value
    return arg
