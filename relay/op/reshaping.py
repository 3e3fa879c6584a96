"""`reshape`: the same numbers in another shape, which a few codes can describe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..expr import Call
from ..ty import TensorType
from .attrs import Attrs, Ints, attributes, integers
from .op import OpPattern, define
from .type_relations import tensor

__all__ = [
    "reshape",
    "reshape_like",
    "reverse_reshape",
]


@attributes("ReshapeAttrs")
class ReshapeAttrs(Attrs):
    """Attributes of `reshape`: the new shape with its codes, and whether 0 is a size rather than a code."""

    newshape: Ints
    allowzero: bool = False


def reshaped(shape: Sequence[int], newshape: Sequence[int], allowzero: bool = False) -> list[int]:
    """The shape that the codes of `newshape` make of `shape` (TVM v0.16, `relay.reshape`).

    0 copies a size, -1 is what is left over (once), -2 copies all further sizes, -3 multiplies the next two,
    -4 splits one into the two that follow, of which one may be -1. Raises `TypeError` where they do not fit.
    """
    walk = _Codes(shape, newshape, allowzero)
    whole = f"{tuple(shape)} does not reshape to {tuple(newshape)}"
    try:
        result = walk.result()
    except IndexError:
        raise TypeError(f"{whole}: it has too few axes for these codes") from None
    if walk.unknown is not None:
        old, known = math.prod(walk.rest), math.prod(walk.made)
        result[walk.unknown] = old // known if known else 0
    if math.prod(result) != math.prod(shape):
        raise TypeError(f"{whole}: the first has {math.prod(shape)} elements")
    return result


class _Codes:
    """The codes of a new shape, read from left to right beside the old one."""

    def __init__(self, shape: Sequence[int], newshape: Sequence[int], allowzero: bool) -> None:
        self.shape, self.codes, self.allowzero = list(shape), list(newshape), allowzero
        self.at = 0
        self.unknown: int | None = None
        self.made: list[int] = []
        self.rest = list(shape)

    def result(self) -> list[int]:
        """The new sizes; the one that is left over is 1 for now, and `unknown` says where it stands.

        What it is follows from `rest` and `made`, the old and the new sizes that are not just copied: a copied 0
        says nothing of the others.
        """
        result: list[int] = []
        codes = iter(self.codes)
        for code in codes:
            if code == -1:
                self._leave_over(len(result))
                result.append(1)
                self.at += 1
            elif code == -2:
                result += [self._copied() for _ in self.shape[self.at :]]
            elif code == -3:
                result.append(self._copied() * self._copied())
            elif code == -4:
                result += self._split(next(codes, None), next(codes, None))
            elif code == 0 and not self.allowzero:
                result.append(self._copied())
            elif code >= 0:
                result.append(code)
                self.made.append(code)
                self.at += 1
            else:
                raise TypeError(f"reshape has no code {code}: give sizes, or codes from 0 to -4")
        return result

    def _copied(self) -> int:
        size = self.shape[self.at]
        self.at += 1
        self.rest.remove(size)
        return size

    def _leave_over(self, at: int) -> None:
        if self.unknown is not None:
            raise TypeError(f"the new shape {tuple(self.codes)} has two sizes of -1: only one can be left over")
        self.unknown = at

    def _split(self, first: int | None, second: int | None) -> list[int]:
        size = self._copied()
        if first is None or second is None or (first == second == -1):
            raise TypeError(f"the new shape {tuple(self.codes)} has a -4 without the two sizes that it splits into")
        first = size // second if first == -1 else first
        second = size // first if second == -1 else second
        if first * second != size:
            raise TypeError(f"an axis of size {size} does not split into {first} and {second}")
        return [first, second]


def _reshape_type(types: Sequence[Any], attrs: ReshapeAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    return TensorType(reshaped(data.concrete_shape, attrs.newshape, attrs.allowzero), data.dtype)


def _reversed_shape(shape: Sequence[int], attrs: ReshapeAttrs) -> list[int]:
    return reshaped(shape[::-1], list(attrs.newshape)[::-1])[::-1]


_RESHAPE = define(
    "reshape",
    inputs=("data",),
    attrs=ReshapeAttrs,
    infer=_reshape_type,
    compute=lambda arrays, attrs: arrays[0].reshape(reshaped(arrays[0].shape, attrs.newshape, attrs.allowzero)),
    pattern=OpPattern.INJECTIVE,
    reshapes=True,
)
_REVERSE_RESHAPE = define(
    "contrib_reverse_reshape",
    inputs=("data",),
    attrs=ReshapeAttrs,
    infer=lambda types, attrs: TensorType(
        _reversed_shape(tensor(types[0], "the data").concrete_shape, attrs), types[0].dtype
    ),
    compute=lambda arrays, attrs: arrays[0].reshape(_reversed_shape(arrays[0].shape, attrs)),
    pattern=OpPattern.INJECTIVE,
    reshapes=True,
)


def reshape(data: Any, newshape: Any, allowzero: bool = False) -> Call:
    """The same numbers in another shape; the dtype stays.

    `newshape` holds sizes, and codes: 0 copies the size at its place (with `allowzero` it is a size), -1 is what is
    left over, -2 copies all further sizes, -3 multiplies two, -4 splits one into the two sizes that follow.
    """
    return Call(_RESHAPE, [data], ReshapeAttrs(newshape=integers(newshape, "newshape"), allowzero=bool(allowzero)))


def reverse_reshape(data: Any, newshape: Any) -> Call:
    """As `reshape`, with the codes read from right to left."""
    return Call(_REVERSE_RESHAPE, [data], ReshapeAttrs(newshape=integers(newshape, "newshape")))


@attributes("ReshapeLikeAttrs")
class ReshapeLikeAttrs(Attrs):
    """Attributes of `reshape_like`: which axes go, and which axes of the other tensor come in their place."""

    lhs_begin: int = 0
    lhs_end: int | None = None
    rhs_begin: int = 0
    rhs_end: int | None = None


def _like(shape: Sequence[int], like: Sequence[int], attrs: ReshapeLikeAttrs) -> list[int]:
    old = range(len(shape))[attrs.lhs_begin : attrs.lhs_end]
    new = [*shape[: old.start], *like[attrs.rhs_begin : attrs.rhs_end], *shape[old.stop :]]
    if math.prod(new) != math.prod(shape):
        raise TypeError(f"{tuple(shape)} does not reshape to {tuple(new)}: the first has {math.prod(shape)} elements")
    return new


_RESHAPE_LIKE = define(
    "reshape_like",
    inputs=("data", "shape_like"),
    attrs=ReshapeLikeAttrs,
    infer=lambda types, attrs: TensorType(
        _like(
            tensor(types[0], "the data").concrete_shape, tensor(types[1], "the tensor to be like").concrete_shape, attrs
        ),
        types[0].dtype,
    ),
    compute=lambda arrays, attrs: arrays[0].reshape(_like(arrays[0].shape, arrays[1].shape, attrs)),
    pattern=OpPattern.INJECTIVE,
)


def reshape_like(
    data: Any,
    shape_like: Any,
    lhs_begin: int = 0,
    lhs_end: int | None = None,
    rhs_begin: int = 0,
    rhs_end: int | None = None,
) -> Call:
    """`data` in the shape of another tensor, or just the axes from `lhs_begin` to below `lhs_end` in that of others."""
    attrs = ReshapeLikeAttrs(lhs_begin=lhs_begin, lhs_end=lhs_end, rhs_begin=rhs_begin, rhs_end=rhs_end)
    return Call(_RESHAPE_LIKE, [data, shape_like], attrs)
