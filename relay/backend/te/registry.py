"""Which tensor expression computes which operator.

    @lowers("nn.relu")
    def _relu(args, attrs, out):
        return te.compute(out.concrete_shape, lambda *i: tirx.max(args[0](*i), 0))

`args` has a `te.Tensor` for each argument, a tuple of them for a tuple. `out` is the inferred type of the result, and
where that is a tuple, a tuple is returned. What an operator means is said by its NumPy reference; this says how a
compiled program computes it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from tvm import te, tirx

Lowering: TypeAlias = Callable[[Sequence[Any], Any, Any], Any]

_LOWERINGS: dict[str, Lowering] = {}


def lowers(*names: str) -> Callable[[Lowering], Lowering]:
    """Mark the function that computes the operators of these names.

    Raises `ValueError` for an operator that has one already.
    """

    def mark(function: Lowering) -> Lowering:
        for name in names:
            if name in _LOWERINGS:
                raise ValueError(f"the operator {name} is lowered twice: take one of the two out")
            _LOWERINGS[name] = function
        return function

    return mark


def lowering(name: str) -> Lowering | None:
    """The function that computes an operator, or None for one that cannot be compiled."""
    return _LOWERINGS.get(name)


def shape_of(tensor: te.Tensor) -> tuple[int, ...]:
    """The shape as Python integers: every shape of this dialect is known."""
    return tuple(int(size) for size in tensor.shape)


def dtype_of(value: Any) -> str:
    """The dtype of a tensor or of an expression."""
    return str(value.dtype if isinstance(value, te.Tensor) else value.ty.dtype)


def number(value: Any, dtype: str) -> Any:
    """A constant of that dtype in an expression."""
    return tirx.const(value, dtype)


def is_float(dtype: str) -> bool:
    """Whether a dtype is a floating-point one."""
    return str(dtype).startswith(("float", "bfloat"))


def wide(dtype: str) -> str:
    """The dtype in which sums of `dtype` are taken: float32 for float16, which would lose too much."""
    return "float32" if str(dtype) == "float16" else str(dtype)


def cast(value: Any, dtype: str) -> Any:
    """`value` as `dtype`, as C casts.

    A float that a narrow integer cannot hold goes through a wider one, of which it takes the low bits: LLVM leaves the
    direct conversion undefined.
    """
    old = dtype_of(value)
    if old == dtype:
        return value
    if dtype == "bool":
        return tirx.NE(value, number(0, old))
    if is_float(old):
        through = {"int8": "int32", "int16": "int32", "uint8": "int32", "uint16": "int32", "uint32": "int64"}.get(dtype)
        if through is not None:
            return cast(value.astype(through), dtype)
    if old.startswith("int") and dtype.startswith("uint"):
        # TVM makes no unsigned number of a bound below zero, though it is a bound only.
        return tirx.reinterpret(dtype, value.astype(dtype.removeprefix("u")))
    return value.astype(dtype)


def at(tensor: te.Tensor, index: Sequence[Any]) -> Any:
    """The element that `tensor`, broadcast to the rank and the sizes of `index`, has there."""
    shape = shape_of(tensor)
    own = index[len(index) - len(shape) :] if shape else ()
    return tensor(*[0 if size == 1 else i for size, i in zip(shape, own, strict=True)])
