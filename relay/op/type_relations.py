"""Type relations that many operators share: from the types of the arguments to the type of the result.

Each takes `(types, attrs)` and raises `TypeError` with one sentence where the types do not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ty import TensorType, type_text


def tensor(ty: Any, what: str) -> TensorType:
    """`ty`, which must be a tensor's."""
    if not isinstance(ty, TensorType):
        raise TypeError(f"{what} must be a tensor, not {type_text(ty)}")
    return ty


def identity(types: Sequence[Any], attrs: Any) -> TensorType:
    """The result has the type of the first argument."""
    return tensor(types[0], "the argument")


def broadcast(types: Sequence[Any], attrs: Any) -> TensorType:
    """Two tensors of one dtype, their shapes broadcast as NumPy does it."""
    lhs, rhs = tensor(types[0], "the left operand"), tensor(types[1], "the right operand")
    if lhs.dtype != rhs.dtype:
        raise TypeError(f"the operands have the dtypes {lhs.dtype} and {rhs.dtype}: cast one of them")
    return TensorType(broadcast_shape(lhs.concrete_shape, rhs.concrete_shape), lhs.dtype)


def comparison(types: Sequence[Any], attrs: Any) -> TensorType:
    """As `broadcast`, with `bool` for a result."""
    return TensorType(broadcast(types, attrs).shape, "bool")


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
