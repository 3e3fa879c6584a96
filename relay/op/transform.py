"""Operators that give a tensor other axes: dropped, added, put in another order, repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..expr import Call, Expr, const
from ..ty import TensorType
from .attrs import Attrs, Ints, attributes, integer, integers
from .creation import InitOpAttrs
from .op import OpPattern, define
from .type_relations import axes_of, axis_of, broadcast_shape, tensor

__all__ = [
    "broadcast_to",
    "broadcast_to_like",
    "collapse_sum_like",
    "expand_dims",
    "ndarray_size",
    "repeat",
    "reverse",
    "shape_of",
    "squeeze",
    "tile",
    "transpose",
    "trilu",
]


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
    reshapes=True,
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
    reshapes=True,
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


# shapes as numbers


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
