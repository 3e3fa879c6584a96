"""FoldConstant: what depends on constants alone is computed now, by the operators' NumPy references.

    before   %0 = add(meta[relay.Constant][0], 1e-05f);
             %1 = sqrt(%0);
             multiply(%x, %1)
    after    multiply(%x, meta[relay.Constant][0])

A field of a known tuple is that field, a `let` of a constant is that constant, an `if` whose condition is known is one
of its branches, and `shape_of` is known from the type.
A call without arguments (`zeros`) stays: it is smaller than what it makes. So do calls of functions, and what stands in
a function marked `Primitive`. As TVM v0.16 does it (`fold_constant.cc`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tvm
from tvm.ir import IRModule, Op

from ..expr import Call, Constant, Function, If, Let, Tuple, TupleGetItem, is_operator
from ..expr_functor import post_order, with_children
from ..op.op import operator
from .infer_type import infer
from .transform import function_pass

# Random in training: its value is nobody's to know.
_NEVER_FOLDED = ("nn.dropout",)


def FoldConstant(fold_qnn: bool = False) -> tvm.transform.Pass:
    """The pass. The operators of the dialect `qnn` are folded where `fold_qnn`."""
    return function_pass(lambda func, mod, ctx: fold(infer(func, mod), fold_qnn), opt_level=2, name="FoldConstant")


def FoldConstantExpr(expr: Any, mod: IRModule, fold_qnn: bool = False) -> Any:
    """The same for one expression; types are inferred where `shape_of` asks for them.

    `mod` has the functions that are called by name.
    """
    if any(is_operator(node) and node.op.name in _FROM_TYPE for node, _ in post_order(expr)):
        expr = infer(expr, mod)
    return fold(expr, fold_qnn)


def fold(expr: Any, fold_qnn: bool = False) -> Any:
    """`expr` with its constant parts computed. Linear, and each constant is computed once."""
    made: dict[Any, Any] = {}
    values = {node.var: node.value for node, _ in post_order(expr) if isinstance(node, Let)}
    for node, below in post_order(expr):
        value = made.get(values[node]) if node in values else None
        known = isinstance(value, Constant)
        made[node] = value if known else _folded(node, [made[child] for child in below], below, fold_qnn)
    return made[expr]


def _folded(node: Any, new: Sequence[Any], below: Sequence[Any], fold_qnn: bool) -> Any:
    """`node` over the children `new`, or what is known of it."""
    if isinstance(node, Call) and isinstance(node.op, Op):
        name = node.op.name
        # The shape of a scalar has no numbers, and Relay has no type for that.
        if name in _FROM_TYPE and len(node.args[0].checked_type.shape):
            return Constant(_FROM_TYPE[name](node.args[0].checked_type, node.attrs.dtype))
        if len(new) > 1 and all(map(_is_known, new[1:])) and _may_fold(name, fold_qnn):
            return _constant(operator(node.op).compute([_value(arg) for arg in new[1:]], node.attrs))
    elif isinstance(node, TupleGetItem) and isinstance(new[0], Tuple):
        return new[0].fields[node.index]
    elif isinstance(node, Let) and isinstance(new[0], Constant):
        return new[2]
    elif isinstance(node, If) and isinstance(new[0], Constant):
        return new[1] if new[0].value() else new[2]
    elif isinstance(node, Function) and node.attrs.get("Primitive", 0):
        return node
    return with_children(node, new, below)


def _may_fold(name: str, fold_qnn: bool) -> bool:
    return name not in _NEVER_FOLDED and (fold_qnn or not name.startswith("qnn."))


def _is_known(expr: Any) -> bool:
    return isinstance(expr, Constant) or (isinstance(expr, Tuple) and all(map(_is_known, expr.fields)))


def _value(expr: Any) -> Any:
    return expr.value() if isinstance(expr, Constant) else tuple(map(_value, expr.fields))


def _constant(value: Any) -> Any:
    return Tuple([_constant(field) for field in value]) if isinstance(value, tuple | list) else Constant(value)


_FROM_TYPE = {
    "shape_of": lambda ty, dtype: np.asarray(ty.concrete_shape, dtype),
    "ndarray_size": lambda ty, dtype: np.asarray(np.prod(ty.concrete_shape, dtype=np.int64), dtype),
}
