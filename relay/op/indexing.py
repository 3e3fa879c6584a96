"""Operators that take a part of a tensor: slices, elements by their index, running sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..expr import Call, Tuple
from ..ty import TensorType
from .attrs import Attrs, Ints, attributes, integer, integers
from .op import OpPattern, define
from .type_relations import axis_of, broadcast_shape, tensor, tensors

__all__ = [
    "adv_index",
    "cumprod",
    "cumsum",
    "gather",
    "one_hot",
    "slice_like",
    "strided_slice",
    "take",
]


def _whole(ty: Any, what: str) -> TensorType:
    """`ty`, which must be a tensor's of integers or of `bool`s."""
    found = tensor(ty, what)
    if not str(found.dtype).startswith(("int", "uint", "bool")):
        raise TypeError(f"{what} must be integers, not {found.dtype}")
    return found


@attributes("StridedSliceAttrs")
class StridedSliceAttrs(Attrs):
    """Attributes of `strided_slice`, each a list with one entry an axis; the axes are the first ones or `axes`."""

    begin: Ints
    end: Ints
    strides: Ints
    slice_mode: str = "end"
    axes: Ints | None


def slice_ranges(shape: Sequence[int], attrs: StridedSliceAttrs) -> dict[int, range]:
    """For each axis that is sliced, the indices that stay.

    Raises `TypeError` for more axes than the shape has, a stride of 0, or bounds that lie the wrong way round.
    """
    begin, end, strides = list(attrs.begin), list(attrs.end), list(attrs.strides)
    count = max(len(begin), len(end)) if attrs.axes is None else len(attrs.axes)
    axes = range(count) if attrs.axes is None else attrs.axes
    if count > len(shape):
        raise TypeError(f"{count} axes of a tensor of rank {len(shape)} are sliced: give no more than it has")
    strides += [strides[0] if len(strides) == 1 else 1] * (count - len(strides))
    found: dict[int, range] = {}
    for at, axis in enumerate(axes):
        axis = axis_of(axis, len(shape))
        size = shape[axis]
        first = begin[at] if at < len(begin) else 0 if strides[at] > 0 else size - 1
        last = end[at] if at < len(end) else size if strides[at] > 0 else -size - 1
        if attrs.slice_mode == "size":
            first = first + size if first < 0 else first
            found[axis] = range(size)[first : size if last < 0 else first + last]
            continue
        if not strides[at]:
            raise TypeError(f"axis {axis} is sliced with a stride of 0: give another number")
        found[axis] = range(size)[first : last : strides[at]]
        bounds = slice(first, last, strides[at]).indices(size)
        if (bounds[1] - bounds[0]) * strides[at] < 0:
            raise TypeError(
                f"axis {axis} of size {size} is sliced from {first} to {last} by {strides[at]}: nothing is there"
            )
    return found


def _strided_slice_type(types: Sequence[Any], attrs: StridedSliceAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    shape = list(data.concrete_shape)
    for axis, kept in slice_ranges(shape, attrs).items():
        shape[axis] = len(kept)
    return TensorType(shape, data.dtype)


def _strided_slice(arrays: Sequence[np.ndarray], attrs: StridedSliceAttrs) -> np.ndarray:
    (data,) = arrays
    index = [slice(None)] * data.ndim
    for axis, kept in slice_ranges(data.shape, attrs).items():
        stop = kept.stop if kept.stop >= 0 else None  # below 0 Python would count from the end
        index[axis] = slice(kept.start, stop, kept.step) if len(kept) else slice(0, 0)
    return data[tuple(index)]


_STRIDED_SLICE = define(
    "strided_slice",
    inputs=("data",),
    attrs=StridedSliceAttrs,
    infer=_strided_slice_type,
    compute=_strided_slice,
    pattern=OpPattern.INJECTIVE,
)


def strided_slice(
    data: Any, begin: Any, end: Any, strides: Any = None, axes: Any = None, slice_mode: str = "end"
) -> Call:
    """`data[begin:end:strides]` for the first axes, or for those in `axes`; the dtype stays.

    Indices are clipped and counted from the end where negative, as Python does it; a single stride is for all axes.
    With `slice_mode="size"` the entries of `end` are sizes, -1 for all that is left, and there are no strides.
    """
    if slice_mode not in ("end", "size"):
        raise ValueError(f"strided_slice's slice_mode is 'end' or 'size', not {slice_mode!r}")
    attrs = StridedSliceAttrs(
        begin=integers(begin, "begin"),
        end=integers(end, "end"),
        strides=[1] if strides is None else integers(strides, "strides"),
        slice_mode=slice_mode,
        axes=None if axes is None else integers(axes, "axes"),
    )
    return Call(_STRIDED_SLICE, [data], attrs)


@attributes("SliceLikeAttrs")
class SliceLikeAttrs(Attrs):
    """Attributes of `slice_like`: the axes, `None` for all that both tensors have."""

    axes: Ints | None


def _slice_like_shape(shape: Sequence[int], like: Sequence[int], attrs: SliceLikeAttrs) -> list[int]:
    axes = range(min(len(shape), len(like))) if attrs.axes is None else attrs.axes
    result = list(shape)
    for named in axes:
        # A negative axis counts from the end of the data, and is the same axis of the other tensor (TVM v0.16).
        axis = axis_of(named, len(shape))
        size = like[axis_of(axis, len(like))]
        if size > shape[axis]:
            raise TypeError(f"axis {axis} has size {shape[axis]}, and {size} elements of it are to stay")
        result[axis] = size
    return result


_SLICE_LIKE = define(
    "slice_like",
    inputs=("data", "shape_like"),
    attrs=SliceLikeAttrs,
    infer=lambda types, attrs: TensorType(
        _slice_like_shape(
            tensor(types[0], "the data").concrete_shape, tensor(types[1], "the tensor to be like").concrete_shape, attrs
        ),
        types[0].dtype,
    ),
    compute=lambda arrays, attrs: arrays[0][
        tuple(slice(size) for size in _slice_like_shape(arrays[0].shape, arrays[1].shape, attrs))
    ],
    pattern=OpPattern.INJECTIVE,
)


def slice_like(data: Any, shape_like: Any, axes: Any = None) -> Call:
    """The first elements of `data` along each axis, as many as the other tensor has; `axes` names some of them."""
    return Call(_SLICE_LIKE, [data, shape_like], SliceLikeAttrs(axes=None if axes is None else integers(axes, "axes")))


@attributes("TakeAttrs")
class TakeAttrs(Attrs):
    """Attributes of `take`: the axis, `None` for the flattened tensor, and what is done with indices outside."""

    batch_dims: int = 0
    axis: int | None = None
    mode: str = "clip"


def _batch(indices_rank: int, attrs: TakeAttrs) -> int:
    """How many axes the data and the indices share; a negative number counts from the rank of the indices."""
    return attrs.batch_dims + indices_rank if attrs.batch_dims < 0 else attrs.batch_dims


def _take_shape(shape: Sequence[int], indices: Sequence[int], attrs: TakeAttrs) -> list[int]:
    if attrs.axis is None:
        return list(indices)
    axis = axis_of(attrs.axis, len(shape))
    batch = _batch(len(indices), attrs)
    if not 0 <= batch <= min(axis, len(indices)) or list(indices[:batch]) != list(shape[:batch]):
        raise TypeError(
            f"the first {batch} axes of the data and the indices are not the same: {tuple(shape)}, {tuple(indices)}"
        )
    return [*shape[:axis], *indices[batch:], *shape[axis + 1 :]]


def _take(arrays: Sequence[np.ndarray], attrs: TakeAttrs) -> np.ndarray:
    data, indices = arrays
    size = data.size if attrs.axis is None else data.shape[attrs.axis]
    # "fast" leaves indices outside undefined; clipping is as good as anything and reads no other memory.
    indices = indices % size if attrs.mode == "wrap" else np.clip(indices, 0, size - 1)
    if attrs.axis is None:
        return np.asarray(data.reshape(-1)[indices])
    axis, batch = attrs.axis % data.ndim, _batch(indices.ndim, attrs)
    if not batch:
        return np.asarray(np.take(data, indices, axis=axis))
    rows = [np.take(data[at], indices[at], axis=axis - batch) for at in np.ndindex(data.shape[:batch])]
    return np.stack(rows).reshape(_take_shape(data.shape, indices.shape, attrs))


_TAKE = define(
    "take",
    inputs=("data", "indices"),
    attrs=TakeAttrs,
    infer=lambda types, attrs: TensorType(
        _take_shape(tensor(types[0], "the data").concrete_shape, _whole(types[1], "the indices").concrete_shape, attrs),
        types[0].dtype,
    ),
    compute=_take,
    pattern=OpPattern.INJECTIVE,
)


def take(data: Any, indices: Any, axis: int | None = None, batch_dims: int = 0, mode: str = "clip") -> Call:
    """The slices of `data` along `axis`, or its elements, that the integers in `indices` name.

    The axis gives way to those of `indices`, less the first `batch_dims`, which both share. Indices outside are
    clipped, wrapped around with `mode="wrap"`, or undefined with `"fast"`. Raises `ValueError` for another mode.
    """
    if mode not in ("clip", "wrap", "fast"):
        raise ValueError(f"take's mode is 'clip', 'wrap' or 'fast', not {mode!r}")
    return Call(
        _TAKE,
        [data, indices],
        TakeAttrs(
            batch_dims=integer(batch_dims, "batch_dims"),
            axis=None if axis is None else integer(axis, "axis"),
            mode=mode,
        ),
    )


@attributes("GatherAttrs")
class GatherAttrs(Attrs):
    """Attributes of `gather`."""

    axis: int


def _gather_type(types: Sequence[Any], attrs: GatherAttrs) -> TensorType:
    data, indices = tensor(types[0], "the data"), _whole(types[1], "the indices")
    axis = axis_of(attrs.axis, len(data.shape))
    shape, wanted = data.concrete_shape, indices.concrete_shape
    if len(shape) != len(wanted) or any(shape[at] != wanted[at] for at in range(len(shape)) if at != axis):
        raise TypeError(
            f"the shapes {shape} of the data and {wanted} of the indices differ elsewhere than in axis {axis}"
        )
    return TensorType(wanted, data.dtype)


_GATHER = define(
    "gather",
    inputs=("data", "indices"),
    attrs=GatherAttrs,
    infer=_gather_type,
    compute=lambda arrays, attrs: np.take_along_axis(arrays[0], arrays[1], attrs.axis),
    pattern=OpPattern.INJECTIVE,
)


def gather(data: Any, axis: int, indices: Any) -> Call:
    """Element by element what `indices` names along `axis`; it has the shape of `data` but for that axis."""
    return Call(_GATHER, [data, indices], GatherAttrs(axis=integer(axis, "axis")))


def _adv_index_type(types: Sequence[Any], attrs: Any) -> TensorType:
    data, *indices = tensors(types[0], "the data")
    if not 0 < len(indices) <= len(data.shape):
        raise TypeError(f"a tensor of rank {len(data.shape)} is indexed with {len(indices)} tensors")
    shape: tuple[int, ...] = ()
    for at, index in enumerate(indices):
        shape = broadcast_shape(shape, _whole(index, f"index {at}").concrete_shape)
    return TensorType([*shape, *data.concrete_shape[len(indices) :]], data.dtype)


_ADV_INDEX = define(
    "adv_index",
    inputs=("inputs",),
    infer=_adv_index_type,
    compute=lambda arrays, attrs: np.asarray(arrays[0][0][tuple(arrays[0][1:])]),
    pattern=OpPattern.INJECTIVE,
)


def adv_index(inputs: Sequence[Any]) -> Call:
    """NumPy's `inputs[0][tuple(inputs[1:])]`: the first axes give way to the indices, which broadcast together."""
    return Call(_ADV_INDEX, [inputs if isinstance(inputs, Tuple) else Tuple(list(inputs))])


@attributes("OneHotAttrs")
class OneHotAttrs(Attrs):
    """Attributes of `one_hot`."""

    depth: int = 1
    axis: int = -1
    dtype: str = ""


def _one_hot_type(types: Sequence[Any], attrs: OneHotAttrs) -> TensorType:
    shape = list(_whole(types[0], "the indices").concrete_shape)
    if attrs.depth < 1:
        raise TypeError(f"one_hot has a depth of {attrs.depth}: give a number from 1")
    shape.insert(axis_of(attrs.axis, len(shape) + 1), attrs.depth)
    return TensorType(shape, attrs.dtype)


def _one_hot(arrays: Sequence[np.ndarray], attrs: OneHotAttrs) -> np.ndarray:
    indices, on, off = arrays
    axis = attrs.axis % (indices.ndim + 1)
    depths = np.arange(attrs.depth).reshape([-1] + [1] * (indices.ndim - axis))
    return np.where(np.expand_dims(indices, axis) == depths, on, off).astype(attrs.dtype)


_ONE_HOT = define(
    "one_hot",
    inputs=("indices", "on_value", "off_value"),
    attrs=OneHotAttrs,
    infer=_one_hot_type,
    compute=_one_hot,
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)


def one_hot(indices: Any, on_value: Any, off_value: Any, depth: int, axis: int, dtype: str) -> Call:
    """Along a new `axis` of size `depth`, `on_value` at the place that the index names and `off_value` elsewhere."""
    attrs = OneHotAttrs(depth=integer(depth, "depth"), axis=integer(axis, "axis"), dtype=str(dtype))
    return Call(_ONE_HOT, [indices, on_value, off_value], attrs)


@attributes("ScanopAttrs")
class ScanopAttrs(Attrs):
    """Attributes of `cumsum` and `cumprod`; an exclusive one leaves out the element itself."""

    axis: int | None = None
    dtype: str = ""
    exclusive: bool | None = False


def _scan_type(types: Sequence[Any], attrs: ScanopAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    shape = data.concrete_shape
    if attrs.axis is None:
        shape = (math.prod(shape),)
    else:
        axis_of(attrs.axis, len(shape))
    return TensorType(shape, attrs.dtype or data.dtype)


def _scan(name: str, ufunc: np.ufunc, meaning: str) -> Callable[..., Call]:
    """Declare a running sum or product and give the function that calls it; `ufunc` makes one of two numbers."""

    def reference(arrays: Sequence[np.ndarray], attrs: ScanopAttrs) -> np.ndarray:
        data = arrays[0].reshape(-1) if attrs.axis is None else arrays[0]
        axis = attrs.axis or 0
        result = ufunc.accumulate(data, axis=axis, dtype=attrs.dtype or data.dtype)
        if not attrs.exclusive:
            return result
        first = np.full_like(np.take(result, [0], axis=axis), ufunc.identity)
        return np.concatenate([first, np.take(result, range(result.shape[axis] - 1), axis=axis)], axis=axis)

    op = define(
        name, inputs=("data",), attrs=ScanopAttrs, infer=_scan_type, compute=reference, pattern=OpPattern.OPAQUE
    )

    def call(data: Any, axis: int | None = None, dtype: str | None = None, exclusive: bool | None = None) -> Call:
        return Call(
            op,
            [data],
            ScanopAttrs(axis=None if axis is None else integer(axis, "axis"), dtype=dtype or "", exclusive=exclusive),
        )

    call.__name__ = call.__qualname__ = name
    call.__doc__ = (
        f"{meaning} of the elements so far, along `axis` or of the flattened tensor; in the dtype of `data` or in\n"
        "`dtype`. With `exclusive` the element itself is left out."
    )
    return call


cumsum = _scan("cumsum", np.add, "The sum")
cumprod = _scan("cumprod", np.multiply, "The product")
