"""Operators that give a tensor another shape or order: reshape, transpose, concatenate, split and their like."""

from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

import numpy as np
from tvm.ir import Type

from ..expr import Call, Expr, Tuple, TupleWrapper, const
from ..ty import TensorType, TupleType
from .attrs import Attrs, Ints, attributes, integer, integers
from .creation import InitOpAttrs
from .op import OpPattern, define
from .type_relations import axes_of, axis_of, broadcast_shape, tensor, tensors

__all__ = [
    "broadcast_to",
    "broadcast_to_like",
    "collapse_sum_like",
    "concatenate",
    "einsum",
    "expand_dims",
    "meshgrid",
    "ndarray_size",
    "repeat",
    "reshape",
    "reshape_like",
    "reverse",
    "reverse_reshape",
    "shape_of",
    "split",
    "squeeze",
    "stack",
    "tile",
    "transpose",
    "trilu",
]


# reshape


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


# axes of size 1, and the order of axes


@attributes("SqueezeAttrs")
class SqueezeAttrs(Attrs):
    """Attributes of `squeeze`: the axes that go, `None` for all of size 1."""

    axis: Ints | None = None


def _squeezed(shape: Sequence[int], attrs: SqueezeAttrs) -> list[int]:
    if attrs.axis is None:
        return [size for size in shape if size != 1]
    axes = axes_of(attrs.axis, len(shape))
    for axis in axes:
        if shape[axis] != 1:
            raise TypeError(
                f"axis {axis} of a tensor of shape {tuple(shape)} has size {shape[axis]}: only 1 is squeezed"
            )
    return [size for axis, size in enumerate(shape) if axis not in axes]


_SQUEEZE = define(
    "squeeze",
    inputs=("data",),
    attrs=SqueezeAttrs,
    infer=lambda types, attrs: TensorType(
        _squeezed(tensor(types[0], "the data").concrete_shape, attrs), types[0].dtype
    ),
    compute=lambda arrays, attrs: arrays[0].reshape(_squeezed(arrays[0].shape, attrs)),
    pattern=OpPattern.INJECTIVE,
)


def squeeze(data: Any, axis: Any = None) -> Call:
    """`data` without its axes of size 1, all of them or those in `axis`; the dtype stays."""
    return Call(_SQUEEZE, [data], SqueezeAttrs(axis=None if axis is None else integers(axis, "axis")))


@attributes("ExpandDimsAttrs")
class ExpandDimsAttrs(Attrs):
    """Attributes of `expand_dims`."""

    axis: int
    num_newaxis: int = 1


def _expanded(shape: Sequence[int], attrs: ExpandDimsAttrs) -> list[int]:
    at = axis_of(attrs.axis, len(shape) + 1)
    if attrs.num_newaxis < 0:
        raise TypeError(f"expand_dims is to add {attrs.num_newaxis} axes: give a number from 0")
    return [*shape[:at], *[1] * attrs.num_newaxis, *shape[at:]]


_EXPAND_DIMS = define(
    "expand_dims",
    inputs=("data",),
    attrs=ExpandDimsAttrs,
    infer=lambda types, attrs: TensorType(
        _expanded(tensor(types[0], "the data").concrete_shape, attrs), types[0].dtype
    ),
    compute=lambda arrays, attrs: arrays[0].reshape(_expanded(arrays[0].shape, attrs)),
    pattern=OpPattern.BROADCAST,
)


def expand_dims(data: Any, axis: int, num_newaxis: int = 1) -> Call:
    """`data` with `num_newaxis` axes of size 1 put in at `axis`; -1 is behind the last axis."""
    return Call(
        _EXPAND_DIMS,
        [data],
        ExpandDimsAttrs(axis=integer(axis, "axis"), num_newaxis=integer(num_newaxis, "num_newaxis")),
    )


@attributes("TransposeAttrs")
class TransposeAttrs(Attrs):
    """Attributes of `transpose`: the old axes in their new order, `None` for the reverse one."""

    axes: Ints | None


def _order(attrs: TransposeAttrs, rank: int) -> list[int]:
    if attrs.axes is None:
        return list(range(rank))[::-1]
    axes = axes_of(attrs.axes, rank)
    if len(axes) != len(attrs.axes) or len(axes) != rank:
        raise TypeError(f"a tensor of rank {rank} is transposed with the axes {list(attrs.axes)}: name each axis once")
    return axes


def _transposed_type(types: Sequence[Any], attrs: TransposeAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    shape = data.concrete_shape
    return TensorType([shape[axis] for axis in _order(attrs, len(shape))], data.dtype)


_TRANSPOSE = define(
    "transpose",
    inputs=("data",),
    attrs=TransposeAttrs,
    infer=_transposed_type,
    compute=lambda arrays, attrs: arrays[0].transpose(_order(attrs, arrays[0].ndim)),
    pattern=OpPattern.INJECTIVE,
)


def transpose(data: Any, axes: Any = None) -> Call:
    """`data` with its axes in the order `axes`, or in reverse; the dtype stays."""
    return Call(_TRANSPOSE, [data], TransposeAttrs(axes=None if axes is None else integers(axes, "axes")))


# several tensors in one, and one in several


def _fields(data: Any, name: str) -> Any:
    """The tensors to put together, as one tuple expression."""
    if isinstance(data, Expr) and not isinstance(data, Tuple):
        return data  # its type is a tuple's, and type inference will see to that
    fields = list(data)
    if not fields:
        raise ValueError(f"{name} is given no tensors: give at least one")
    return data if isinstance(data, Tuple) else Tuple(fields)


@attributes("ConcatenateAttrs")
class ConcatenateAttrs(Attrs):
    """Attributes of `concatenate`."""

    axis: int = 0


def _alike(types: Sequence[TensorType], axis: int | None, what: str) -> tuple[int, ...]:
    """The shape that all of them have, but for `axis`."""
    shape = list(types[0].concrete_shape)
    for at, ty in enumerate(types):
        other = list(ty.concrete_shape)
        if axis is not None and len(other) == len(shape):
            other[axis] = shape[axis]
        if other != shape or ty.dtype != types[0].dtype:
            raise TypeError(
                f"{what} takes tensors of one dtype and shape{'' if axis is None else f' but for axis {axis}'}"
                f", and field {at} is {ty} beside {types[0]}"
            )
    return tuple(shape)


def _concatenate_type(types: Sequence[Any], attrs: ConcatenateAttrs) -> TensorType:
    parts = tensors(types[0], "the data")
    axis = axis_of(attrs.axis, len(parts[0].shape))
    shape = list(_alike(parts, axis, "concatenate"))
    shape[axis] = sum(part.concrete_shape[axis] for part in parts)
    return TensorType(shape, parts[0].dtype)


_CONCATENATE = define(
    "concatenate",
    inputs=("data",),
    attrs=ConcatenateAttrs,
    infer=_concatenate_type,
    compute=lambda arrays, attrs: np.concatenate(arrays[0], axis=attrs.axis),
    pattern=OpPattern.INJECTIVE,
)


def concatenate(data: Any, axis: int) -> Call:
    """Tensors one after another along `axis`: a list or a tuple of them, of one dtype and of equal sizes elsewhere.

    Raises `ValueError` where there are none.
    """
    fields = _fields(data, "concatenate")
    if isinstance(fields, Tuple):
        fields = Tuple(list(fields))  # a tuple of its own, as Relay makes it: the text shows it
    return Call(_CONCATENATE, [fields], ConcatenateAttrs(axis=integer(axis, "axis")))


@attributes("StackAttrs")
class StackAttrs(Attrs):
    """Attributes of `stack`."""

    axis: int = 0


def _stack_type(types: Sequence[Any], attrs: StackAttrs) -> TensorType:
    parts = tensors(types[0], "the data")
    shape = _alike(parts, None, "stack")
    at = axis_of(attrs.axis, len(shape) + 1)
    return TensorType([*shape[:at], len(parts), *shape[at:]], parts[0].dtype)


_STACK = define(
    "stack",
    inputs=("data",),
    attrs=StackAttrs,
    infer=_stack_type,
    compute=lambda arrays, attrs: np.stack(arrays[0], axis=attrs.axis),
    pattern=OpPattern.INJECTIVE,
)


def stack(data: Any, axis: int) -> Call:
    """Tensors of one shape and dtype along a new `axis`. Raises `ValueError` where there are none."""
    return Call(_STACK, [_fields(data, "stack")], StackAttrs(axis=integer(axis, "axis")))


@attributes("SplitAttrs")
class SplitAttrs(Attrs):
    """Attributes of `split`: how many equal parts, or the indices at which a new part begins."""

    indices_or_sections: Any
    axis: int = 0


def _bounds(size: int, attrs: SplitAttrs) -> list[int]:
    """Where the parts begin, and the end."""
    sections = attrs.indices_or_sections
    if isinstance(sections, int):
        if sections < 1 or size % sections:
            raise TypeError(f"an axis of size {size} does not split into {sections} equal parts")
        return list(range(0, size + 1, size // sections)) if size else [0] * (sections + 1)
    bounds = [0, *sections, size]
    if any(begin >= end for begin, end in zip(bounds[:-1], bounds[1:], strict=True)):
        raise TypeError(f"an axis of size {size} does not split at {list(sections)}: give rising indices inside it")
    return bounds


def _split_type(types: Sequence[Any], attrs: SplitAttrs) -> TupleType:
    data = tensor(types[0], "the data")
    shape = list(data.concrete_shape)
    axis = axis_of(attrs.axis, len(shape))
    bounds = _bounds(shape[axis], attrs)
    sizes = [end - begin for begin, end in zip(bounds[:-1], bounds[1:], strict=True)]
    return TupleType([TensorType([*shape[:axis], size, *shape[axis + 1 :]], data.dtype) for size in sizes])


def _split(arrays: Sequence[np.ndarray], attrs: SplitAttrs) -> tuple[np.ndarray, ...]:
    (data,) = arrays
    return tuple(np.split(data, _bounds(data.shape[attrs.axis], attrs)[1:-1], axis=attrs.axis))


_SPLIT = define(
    "split", inputs=("data",), attrs=SplitAttrs, infer=_split_type, compute=_split, pattern=OpPattern.INJECTIVE
)


def split(data: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> TupleWrapper:
    """`data` in parts along `axis`: that many equal ones, or parts that begin at 0 and at the given indices."""
    if isinstance(indices_or_sections, int):
        attrs, count = (
            SplitAttrs(indices_or_sections=indices_or_sections, axis=integer(axis, "axis")),
            indices_or_sections,
        )
    else:
        indices = integers(indices_or_sections, "indices_or_sections")
        attrs, count = SplitAttrs(indices_or_sections=indices, axis=integer(axis, "axis")), len(indices) + 1
    return TupleWrapper(Call(_SPLIT, [data], attrs), count)


# the same numbers several times, or in reverse


def _broadcast_to_type(types: Sequence[Any], attrs: InitOpAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    if broadcast_shape(data.concrete_shape, attrs.shape) != tuple(attrs.shape):
        raise TypeError(f"the shape {data.concrete_shape} does not broadcast to {tuple(attrs.shape)}")
    return TensorType(attrs.shape, data.dtype)


def _broadcast_to_like_type(types: Sequence[Any], attrs: Any) -> TensorType:
    like = tensor(types[1], "the tensor to be like")
    return _broadcast_to_type(types, InitOpAttrs(shape=like.concrete_shape))


_BROADCAST_TO = define(
    "broadcast_to",
    inputs=("data",),
    attrs=InitOpAttrs,
    infer=_broadcast_to_type,
    compute=lambda arrays, attrs: np.broadcast_to(arrays[0], tuple(attrs.shape)),
    pattern=OpPattern.BROADCAST,
)
_BROADCAST_TO_LIKE = define(
    "broadcast_to_like",
    inputs=("data", "broadcast_type"),
    infer=_broadcast_to_like_type,
    compute=lambda arrays, attrs: np.broadcast_to(arrays[0], arrays[1].shape),
    pattern=OpPattern.BROADCAST,
)


def broadcast_to(data: Any, shape: Any) -> Call:
    """`data` in a larger shape, repeated along axes that are new or have size 1; the dtype stays."""
    return Call(_BROADCAST_TO, [data], InitOpAttrs(shape=integers(shape, "shape")))


def broadcast_to_like(data: Any, broadcast_type: Any) -> Call:
    """`data` broadcast to the shape of another tensor; the dtype stays."""
    return Call(_BROADCAST_TO_LIKE, [data, broadcast_type])


def _collapse_type(types: Sequence[Any], attrs: Any) -> TensorType:
    data, like = tensor(types[0], "the data"), tensor(types[1], "the tensor to be like")
    if broadcast_shape(like.concrete_shape, data.concrete_shape) != data.concrete_shape:
        raise TypeError(f"the shape {data.concrete_shape} does not collapse to {like.concrete_shape}")
    return TensorType(like.concrete_shape, data.dtype)


def _collapse(arrays: Sequence[np.ndarray], attrs: Any) -> np.ndarray:
    data, like = arrays
    padded = (1,) * (data.ndim - like.ndim) + like.shape
    axes = tuple(axis for axis, size in enumerate(padded) if size != data.shape[axis])
    return np.asarray(data.sum(axes, data.dtype)).reshape(like.shape)


_COLLAPSE_SUM_LIKE = define(
    "collapse_sum_like",
    inputs=("data", "collapse_type"),
    infer=_collapse_type,
    compute=_collapse,
    pattern=OpPattern.COMM_REDUCE,
)


def collapse_sum_like(data: Any, collapse_type: Any) -> Call:
    """`data` summed along the axes that broadcasting the other tensor's shape to its own would repeat."""
    return Call(_COLLAPSE_SUM_LIKE, [data, collapse_type])


@attributes("TileAttrs")
class TileAttrs(Attrs):
    """Attributes of `tile`."""

    reps: Ints


def _tile_type(types: Sequence[Any], attrs: TileAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    reps: list[int] = list(attrs.reps)
    if any(times < 1 for times in reps):
        raise TypeError(f"tile is to repeat {reps} times: give numbers from 1")
    rank = max(len(data.shape), len(reps))
    shape = [1] * (rank - len(data.shape)) + list(data.concrete_shape)
    times = [1] * (rank - len(reps)) + reps
    return TensorType([size * count for size, count in zip(shape, times, strict=True)], data.dtype)


_TILE = define(
    "tile",
    inputs=("data",),
    attrs=TileAttrs,
    infer=_tile_type,
    compute=lambda arrays, attrs: np.tile(arrays[0], tuple(attrs.reps)),
    pattern=OpPattern.BROADCAST,
)


def tile(data: Any, reps: Any) -> Call:
    """The whole of `data` side by side, `reps[i]` times along axis `i`, counted from the last axis."""
    return Call(_TILE, [data], TileAttrs(reps=integers(reps, "reps")))


@attributes("RepeatAttrs")
class RepeatAttrs(Attrs):
    """Attributes of `repeat`."""

    repeats: int
    axis: int


def _repeat_type(types: Sequence[Any], attrs: RepeatAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    shape = list(data.concrete_shape)
    if attrs.repeats < 1:
        raise TypeError(f"repeat is to repeat {attrs.repeats} times: give a number from 1")
    shape[axis_of(attrs.axis, len(shape))] *= attrs.repeats
    return TensorType(shape, data.dtype)


_REPEAT = define(
    "repeat",
    inputs=("data",),
    attrs=RepeatAttrs,
    infer=_repeat_type,
    compute=lambda arrays, attrs: np.repeat(arrays[0], attrs.repeats, attrs.axis),
    pattern=OpPattern.BROADCAST,
)


def repeat(data: Any, repeats: int, axis: int) -> Call:
    """Each slice along `axis` `repeats` times, one after another."""
    return Call(_REPEAT, [data], RepeatAttrs(repeats=integer(repeats, "repeats"), axis=integer(axis, "axis")))


@attributes("ReverseAttrs")
class ReverseAttrs(Attrs):
    """Attributes of `reverse`."""

    axis: int


def _reverse_type(types: Sequence[Any], attrs: ReverseAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    axis_of(attrs.axis, len(data.shape))
    return data


_REVERSE = define(
    "reverse",
    inputs=("data",),
    attrs=ReverseAttrs,
    infer=_reverse_type,
    compute=lambda arrays, attrs: np.flip(arrays[0], attrs.axis),
    pattern=OpPattern.INJECTIVE,
)


def reverse(data: Any, axis: int) -> Call:
    """`data` from back to front along `axis`; shape and dtype stay."""
    return Call(_REVERSE, [data], ReverseAttrs(axis=integer(axis, "axis")))


@attributes("TriluAttrs")
class TriluAttrs(Attrs):
    """Attributes of `trilu`: which triangle stays."""

    upper: bool = True


def _trilu_type(types: Sequence[Any], attrs: TriluAttrs) -> TensorType:
    data, k = tensor(types[0], "the data"), tensor(types[1], "k")
    if len(data.shape) < 2 or len(k.shape):
        raise TypeError(f"trilu takes a tensor of rank 2 or more and a scalar, not {data} and {k}")
    return data


_TRILU = define(
    "trilu",
    inputs=("data", "k"),
    attrs=TriluAttrs,
    infer=_trilu_type,
    compute=lambda arrays, attrs: (np.triu if attrs.upper else np.tril)(arrays[0], int(arrays[1])),
    pattern=OpPattern.ELEMWISE,
)


def trilu(data: Any, k: Any, upper: bool = True) -> Call:
    """The upper or lower triangle of the last two axes, from the `k`-th diagonal on; elsewhere zeros."""
    return Call(_TRILU, [data, k if isinstance(k, Expr) else const(k, "int32")], TriluAttrs(upper=bool(upper)))


# shapes as numbers, grids, sums of products


@attributes("ShapeOfAttrs")
class ShapeOfAttrs(Attrs):
    """Attributes of `shape_of`: the dtype of the sizes."""

    dtype: str


@attributes("NdarraySizeAttrs")
class NdarraySizeAttrs(Attrs):
    """Attributes of `ndarray_size`: the dtype of the count."""

    dtype: str


def _shape_of_type(types: Sequence[Any], attrs: ShapeOfAttrs) -> TensorType:
    rank = len(tensor(types[0], "the data").shape)
    return TensorType([rank] if rank else [], attrs.dtype)


def _shape_of(arrays: Sequence[np.ndarray], attrs: ShapeOfAttrs) -> np.ndarray:
    shape = arrays[0].shape
    return np.array(shape, attrs.dtype) if shape else np.array(0, attrs.dtype)


_SHAPE_OF = define(
    "shape_of",
    inputs=("data",),
    attrs=ShapeOfAttrs,
    infer=_shape_of_type,
    compute=_shape_of,
    pattern=OpPattern.OPAQUE,
)
_NDARRAY_SIZE = define(
    "ndarray_size",
    inputs=("data",),
    attrs=NdarraySizeAttrs,
    infer=lambda types, attrs: TensorType((), attrs.dtype),
    compute=lambda arrays, attrs: np.array(arrays[0].size, attrs.dtype),
    pattern=OpPattern.INJECTIVE,
)


def shape_of(data: Any, dtype: str = "int32") -> Call:
    """The sizes of the axes of `data`, as a tensor of rank 1; for a scalar it is a scalar 0, as Relay types it."""
    return Call(_SHAPE_OF, [data], ShapeOfAttrs(dtype=str(dtype)))


def ndarray_size(data: Any, dtype: str = "int32") -> Call:
    """How many elements `data` has, as a scalar."""
    return Call(_NDARRAY_SIZE, [data], NdarraySizeAttrs(dtype=str(dtype)))


@attributes("MeshgridAttrs")
class MeshgridAttrs(Attrs):
    """Attributes of `meshgrid`: with `xy` the first two axes change places."""

    indexing: str = "ij"


def _meshgrid_type(types: Sequence[Any], attrs: MeshgridAttrs) -> TupleType:
    parts = tensors(types[0], "the data")
    if any(len(part.shape) > 1 or part.dtype != parts[0].dtype for part in parts):
        raise TypeError(f"meshgrid takes tensors of one dtype and of rank 1, not {', '.join(map(str, parts))}")
    sizes = [part.shape[0] if len(part.shape) else 1 for part in parts]
    if attrs.indexing == "xy" and len(sizes) > 1:
        sizes[:2] = sizes[1], sizes[0]
    return TupleType([TensorType(sizes, parts[0].dtype)] * len(parts))


_MESHGRID = define(
    "meshgrid",
    inputs=("data",),
    attrs=MeshgridAttrs,
    infer=_meshgrid_type,
    compute=lambda arrays, attrs: tuple(np.meshgrid(*arrays[0], indexing=attrs.indexing)),
    pattern=OpPattern.INJECTIVE,
)


def meshgrid(data: Any, indexing: str = "ij") -> TupleWrapper:
    """One grid for each tensor of rank 1 in `data`, as long along that axis as the tensor; `indexing` is "ij" or "xy".

    Raises `ValueError` for another `indexing`, and where there are no tensors.
    """
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid's indexing is 'ij' or 'xy', not {indexing!r}")
    fields = _fields(data, "meshgrid")
    if not isinstance(fields, Tuple):
        raise TypeError(f"meshgrid takes a list or a tuple of tensors, not a {type(data).__name__}")
    return TupleWrapper(Call(_MESHGRID, [fields], MeshgridAttrs(indexing=indexing)), len(fields))


@attributes("EinsumAttrs")
class EinsumAttrs(Attrs):
    """Attributes of `einsum`."""

    equation: str


def _einsum_type(types: Sequence[Any], attrs: EinsumAttrs) -> Type:
    parts = tensors(types[0], "the data")
    equation = attrs.equation.replace(" ", "")
    inputs, arrow, output = equation.partition("->")
    names = inputs.split(",")
    letters = inputs.replace(",", "")
    if not arrow:
        output = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    if not set(letters + output) <= set(string.ascii_letters) or len(names) != len(parts):
        raise TypeError(f"the equation {attrs.equation!r} does not name the axes of {len(parts)} tensors with letters")
    sizes: dict[str, int] = {}
    for name, part in zip(names, parts, strict=True):
        if len(name) != len(part.shape) or part.dtype != parts[0].dtype:
            raise TypeError(
                f"{name!r} of the equation {attrs.equation!r} stands for {part}, and not of one dtype or rank"
            )
        for letter, size in zip(name, part.concrete_shape, strict=True):
            if sizes.setdefault(letter, size) not in (size, 1) and size != 1:
                raise TypeError(
                    f"{letter!r} of the equation {attrs.equation!r} has the sizes {sizes[letter]} and {size}"
                )
            sizes[letter] = max(sizes[letter], size)
    if not set(output) <= set(letters):
        raise TypeError(f"the equation {attrs.equation!r} gives an axis that no tensor has")
    return TensorType([sizes[letter] for letter in output], parts[0].dtype)


_EINSUM = define(
    "einsum",
    inputs=("data",),
    attrs=EinsumAttrs,
    infer=_einsum_type,
    compute=lambda arrays, attrs: np.asarray(np.einsum(attrs.equation, *arrays[0], optimize=True)),
    pattern=OpPattern.INJECTIVE,
)


def einsum(data: Any, equation: str) -> Call:
    """Sums of products by Einstein's convention, as `numpy.einsum`, of a list or tuple of tensors of one dtype."""
    return Call(_EINSUM, [_fields(data, "einsum")], EinsumAttrs(equation=equation))
