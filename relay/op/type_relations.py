"""Type relations that many operators share: from the types of the arguments to the type of the result.

Each takes `(types, attrs)` and raises `TypeError` with one sentence where the types do not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tvm.ir import Type

from ..ty import TensorType, TupleType, type_text


def tensor(ty: Any, what: str) -> TensorType:
    """`ty`, which must be a tensor's."""
    if not isinstance(ty, TensorType):
        raise TypeError(f"{what} must be a tensor, not {type_text(ty)}")
    return ty


def tensors(ty: Any, what: str) -> list[TensorType]:
    """The fields of `ty`, which must be a tuple of tensors."""
    if not isinstance(ty, TupleType):
        raise TypeError(f"{what} must be a tuple of tensors, not {type_text(ty)}")
    return [tensor(field, f"field {at} of {what}") for at, field in enumerate(ty.fields)]


def anything(types: Sequence[Any], attrs: Any) -> Type:
    """The result has the type of the first argument, be it a tensor or a tuple."""
    return types[0]


def identity(types: Sequence[Any], attrs: Any) -> TensorType:
    """The result has the type of the first argument, a tensor."""
    return tensor(types[0], "the argument")


def predicate(types: Sequence[Any], attrs: Any) -> TensorType:
    """The result has the shape of the first argument, and holds `bool`s."""
    return TensorType(tensor(types[0], "the argument").concrete_shape, "bool")


def broadcast(types: Sequence[Any], attrs: Any) -> TensorType:
    """Two tensors of one dtype, their shapes broadcast as NumPy does it."""
    lhs, rhs = tensor(types[0], "the left operand"), tensor(types[1], "the right operand")
    if lhs.dtype != rhs.dtype:
        raise TypeError(f"the operands have the dtypes {lhs.dtype} and {rhs.dtype}: cast one of them")
    return TensorType(broadcast_shape(lhs.concrete_shape, rhs.concrete_shape), lhs.dtype)


def comparison(types: Sequence[Any], attrs: Any) -> TensorType:
    """As `broadcast`, with `bool` for a result."""
    return TensorType(broadcast(types, attrs).concrete_shape, "bool")


def broadcast_shape(lhs: Sequence[int], rhs: Sequence[int]) -> tuple[int, ...]:
    """The shape of both together: sizes are equal, or one of them is 1, counted from the last axis."""
    rank = max(len(lhs), len(rhs))
    a, b = (1,) * (rank - len(lhs)) + tuple(lhs), (1,) * (rank - len(rhs)) + tuple(rhs)
    if any(m != n and 1 not in (m, n) for m, n in zip(a, b, strict=True)):
        raise TypeError(f"the shapes {tuple(lhs)} and {tuple(rhs)} do not broadcast")
    return tuple(n if m == 1 else m for m, n in zip(a, b, strict=True))


def axis_of(axis: int, rank: int) -> int:
    """`axis` counted from 0; negative ones count from the end."""
    if not -rank <= axis < rank:
        raise TypeError(f"axis {axis} is outside a tensor of rank {rank}")
    return axis % rank


def axes_of(axes: Sequence[int], rank: int) -> list[int]:
    """Several axes counted from 0, each once, in the order given."""
    return list(dict.fromkeys(axis_of(axis, rank) for axis in axes))
