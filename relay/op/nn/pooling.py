"""Pooling: the largest number or the average of a window, over one, two or three spatial axes.

`nn.max_pool2d` and its like slide a window of given size; the global ones take the whole image; the adaptive ones
make windows so that the result has a given size. All keep the layout of the data: `out_layout` is carried along and
says nothing, as in TVM.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from tvm.ir import Op

from ...expr import Call
from ...ty import TensorType
from ..attrs import Attrs, Ints, attributes
from ..layout import transform_layout, transformed_shape
from ..op import OpPattern, define
from ..type_relations import tensor
from .windows import AXES, DATA, around, output_size, padded, pairs, reach, sizes, sliding

Pool = Callable[[np.ndarray, Any], np.ndarray]
Target = Callable[[Sequence[int], Any], Sequence[int]]


def _define(name: str, rank: int, attrs: type, size: Target, compute: Pool) -> Op:
    """Declare a pooling: `size` gives the result's spatial sizes, `compute` works on the plain layout."""
    plain = DATA[rank]

    def infer(types: Sequence[Any], attrs: Any) -> TensorType:
        data = tensor(types[0], "the data")
        batch, channels, *image = transformed_shape(data.shape, attrs.layout, plain)
        shape = (batch, channels, *size(image, attrs))
        return TensorType(transformed_shape(shape, plain, attrs.layout), data.dtype)

    def on_arrays(arrays: Sequence[np.ndarray], attrs: Any) -> np.ndarray:
        found = compute(transform_layout(arrays[0], attrs.layout, plain), attrs)
        return transform_layout(found, plain, attrs.layout)

    return define(
        name,
        inputs=("data",),
        attrs=attrs,
        infer=infer,
        compute=on_arrays,
        pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
    )


def _count(image: Sequence[int], attrs: Any) -> tuple[int, ...]:
    """How many windows slide over each axis."""
    window = sizes(attrs.pool_size, len(image))
    return output_size(image, window, attrs.strides, attrs.dilation, attrs.padding, attrs.ceil_mode)


def _windows(data: np.ndarray, attrs: Any, fill: Any) -> tuple[np.ndarray, tuple[int, ...]]:
    """The windows over `data`, with `fill` wherever they stand out, and the windows' axes."""
    rank = data.ndim - 2
    window, dilation, strides = (sizes(v, rank) for v in (attrs.pool_size, attrs.dilation, attrs.strides))
    count = _count(data.shape[2:], attrs)
    ends = [(n - 1) * s + far for n, s, far in zip(count, strides, reach(window, dilation), strict=True)]
    have = [n + sum(pad) for n, pad in zip(data.shape[2:], pairs(attrs.padding, rank), strict=True)]
    more = [max(0, end - n) for end, n in zip(ends, have, strict=True)]
    views = sliding(padded(data, attrs.padding, fill, more), window, strides, dilation, count)
    return views, tuple(range(2 + rank, 2 + 2 * rank))


def _largest(data: np.ndarray, attrs: Any) -> np.ndarray:
    """The padding is the least finite number, as in TVM."""
    lowest = np.finfo(data.dtype).min if data.dtype.kind == "f" else np.iinfo(data.dtype).min
    windows, axes = _windows(data, attrs, lowest)
    return windows.max(axis=axes)


def _average(data: np.ndarray, attrs: Any) -> np.ndarray:
    windows, axes = _windows(data, attrs, 0)
    total = windows.sum(axis=axes, dtype=_sum_dtype(data.dtype))
    return _divided(total, _counted(data.shape[2:], attrs)).astype(data.dtype, copy=False)


def _counted(image: Sequence[int], attrs: Any) -> np.ndarray:
    """By how much each sum is divided: the places of the window on the image, or on the padded image.

    What `ceil_mode` adds beyond the padding never counts; a window with nothing to count is divided by one.
    """
    rank = len(image)
    axes = zip(
        image,
        pairs(attrs.padding, rank),
        *(sizes(v, rank) for v in (attrs.pool_size, attrs.strides, attrs.dilation)),
        _count(image, attrs),
        strict=True,
    )
    counts = []
    for n, (before, after), window, stride, dilation, found in axes:
        first, last = (-before, n + after) if attrs.count_include_pad else (0, n)
        places = np.arange(found)[:, None] * stride + np.arange(window) * dilation - before
        counts.append(((places >= first) & (places < last)).sum(axis=1))
    return np.maximum(functools.reduce(np.multiply.outer, counts), 1)


def _sum_dtype(dtype: np.dtype) -> np.dtype:
    """float16 is summed in float32 and a narrow integer in 32 bits, where the sum of a window fits."""
    return np.result_type(dtype, np.float32 if dtype.kind == "f" else np.int32)


def _divided(total: np.ndarray, count: np.ndarray) -> np.ndarray:
    """`total / count`; integers are cut off towards zero, as C does it."""
    if total.dtype.kind == "f":
        return total / count.astype(total.dtype)
    if total.dtype.kind == "u":
        return total // count.astype(total.dtype)
    return np.sign(total) * (np.abs(total) // count.astype(total.dtype))


def _adaptive_size(image: Sequence[int], attrs: Any) -> Sequence[int]:
    if attrs.output_size is None:
        return image
    wanted = list(attrs.output_size)
    if len(wanted) != len(image) or min(wanted) < 1:
        raise TypeError(f"output_size is {wanted}, not {len(image)} sizes of at least 1")
    return wanted


def _spans(size: int, parts: int) -> list[tuple[int, int]]:
    """Where the windows begin and end that make `parts` of `size`; neighbours overlap where it does not divide."""
    return [(i * size // parts, -(-(i + 1) * size // parts)) for i in range(parts)]


def _reduced(data: np.ndarray, wanted: Sequence[int], reduce: Any) -> np.ndarray:
    """Reduce one spatial axis after the other; of sums and maxima the order does not matter."""
    for axis, parts in enumerate(wanted, start=2):
        index = [slice(None)] * axis
        found = [reduce(data[(*index, slice(*span))], axis=axis) for span in _spans(data.shape[axis], parts)]
        data = np.stack(found, axis=axis)
    return data


def _adaptive_largest(data: np.ndarray, attrs: Any) -> np.ndarray:
    return _reduced(data, _adaptive_size(data.shape[2:], attrs), np.max)


def _adaptive_average(data: np.ndarray, attrs: Any) -> np.ndarray:
    return _averaged(data, _adaptive_size(data.shape[2:], attrs))


def _averaged(data: np.ndarray, wanted: Sequence[int]) -> np.ndarray:
    """Integers are summed in their own dtype, as TVM does it: the sum of a narrow one may wrap around."""
    dtype = _sum_dtype(data.dtype) if data.dtype.kind == "f" else data.dtype
    total = _reduced(data, wanted, functools.partial(np.sum, dtype=dtype))
    spans = [_spans(n, parts) for n, parts in zip(data.shape[2:], wanted, strict=True)]
    lengths = [np.array([end - begin for begin, end in axis]) for axis in spans]
    wide = total if dtype.kind == "f" else total.astype(np.int64)
    return _divided(wide, functools.reduce(np.multiply.outer, lengths)).astype(data.dtype, copy=False)


# What the docstrings have in common.
_DATA = "`data` has the shape `(batch, channels, {axes})`, unless `layout` says otherwise; the dtype stays."
_WINDOWS = f"""
{_DATA}
`padding` is one number, one for each spatial axis, or all those before and then all those after. With `ceil_mode` a
last window may stand out of the image. `InferType` raises `TypeError` where no window fits.
"""
_ADAPTIVE = f"""
{_DATA}
Without an `output_size` the image stays. `InferType` raises `TypeError` where a size is below 1.
"""


def _max_pool(name: str, rank: int) -> Callable[..., Call]:
    """Declare the maximum over windows along `rank` spatial axes, and give the function that calls it."""
    ones, zeros = (1,) * rank, (0,) * rank

    @attributes(f"MaxPool{rank}DAttrs")
    class MaxPoolAttrs(Attrs):
        pool_size: Ints
        strides: Ints = ones
        dilation: Ints = ones
        padding: Ints = zeros
        layout: str = DATA[rank]
        out_layout: str = ""
        ceil_mode: bool = False

    op = _define(name, rank, MaxPoolAttrs, _count, _largest)

    def call(
        data: Any,
        pool_size: Any = ones,
        strides: Any = ones,
        dilation: Any = ones,
        padding: Any = zeros,
        layout: str = DATA[rank],
        out_layout: str = "",
        ceil_mode: bool = False,
    ) -> Call:
        attrs = MaxPoolAttrs(
            pool_size=sizes(pool_size, rank),
            strides=sizes(strides, rank),
            dilation=sizes(dilation, rank),
            padding=around(padding, rank),
            layout=layout,
            out_layout=out_layout,
            ceil_mode=ceil_mode,
        )
        return Call(op, [data], attrs)

    call.__name__ = call.__qualname__ = name.removeprefix("nn.")
    call.__doc__ = f"The largest number of each window of `pool_size`.\n{_WINDOWS.format(axes=AXES[rank])}"
    return call


max_pool1d = _max_pool("nn.max_pool1d", 1)
max_pool2d = _max_pool("nn.max_pool2d", 2)
max_pool3d = _max_pool("nn.max_pool3d", 3)


def _avg_pool(name: str, rank: int) -> Callable[..., Call]:
    """Declare the average over windows along `rank` spatial axes, and give the function that calls it."""
    ones, zeros = (1,) * rank, (0,) * rank

    @attributes(f"AvgPool{rank}DAttrs")
    class AvgPoolAttrs(Attrs):
        pool_size: Ints
        strides: Ints = ones
        dilation: Ints = ones
        padding: Ints = zeros
        layout: str = DATA[rank]
        out_layout: str = ""
        ceil_mode: bool = False
        count_include_pad: bool = False

    op = _define(name, rank, AvgPoolAttrs, _count, _average)

    def call(
        data: Any,
        pool_size: Any = ones,
        strides: Any = ones,
        dilation: Any = ones,
        padding: Any = zeros,
        layout: str = DATA[rank],
        out_layout: str = "",
        ceil_mode: bool = False,
        count_include_pad: bool = False,
    ) -> Call:
        attrs = AvgPoolAttrs(
            pool_size=sizes(pool_size, rank),
            strides=sizes(strides, rank),
            dilation=sizes(dilation, rank),
            padding=around(padding, rank),
            layout=layout,
            out_layout=out_layout,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
        )
        return Call(op, [data], attrs)

    call.__name__ = call.__qualname__ = name.removeprefix("nn.")
    call.__doc__ = (
        f"The average of each window of `pool_size`.\n{_WINDOWS.format(axes=AXES[rank])}"
        "The padding counts in the average where `count_include_pad`; integers are cut off towards zero.\n"
    )
    return call


avg_pool1d = _avg_pool("nn.avg_pool1d", 1)
avg_pool2d = _avg_pool("nn.avg_pool2d", 2)
avg_pool3d = _avg_pool("nn.avg_pool3d", 3)


def _adaptive_attributes(rank: int) -> Any:
    @attributes(f"AdaptivePool{rank}DAttrs")
    class AdaptivePoolAttrs(Attrs):
        output_size: Ints | None
        layout: str = DATA[rank]
        out_layout: str = ""

    return AdaptivePoolAttrs


_ADAPTIVE_ATTRS = {rank: _adaptive_attributes(rank) for rank in DATA}


def _adaptive_pool(name: str, rank: int, compute: Pool, meaning: str) -> Callable[..., Call]:
    """Declare a pooling whose windows follow from the size of the result, and give the function that calls it."""
    op = _define(name, rank, _ADAPTIVE_ATTRS[rank], _adaptive_size, compute)

    def call(data: Any, output_size: Any = None, layout: str = DATA[rank], out_layout: str = "") -> Call:
        wanted = None if output_size is None else sizes(output_size, rank)
        return Call(op, [data], _ADAPTIVE_ATTRS[rank](output_size=wanted, layout=layout, out_layout=out_layout))

    call.__name__ = call.__qualname__ = name.removeprefix("nn.")
    call.__doc__ = f"{meaning} of windows such that the result has `output_size`.\n{_ADAPTIVE.format(axes=AXES[rank])}"
    return call


adaptive_max_pool1d = _adaptive_pool("nn.adaptive_max_pool1d", 1, _adaptive_largest, "The largest number")
adaptive_max_pool2d = _adaptive_pool("nn.adaptive_max_pool2d", 2, _adaptive_largest, "The largest number")
adaptive_max_pool3d = _adaptive_pool("nn.adaptive_max_pool3d", 3, _adaptive_largest, "The largest number")
adaptive_avg_pool1d = _adaptive_pool("nn.adaptive_avg_pool1d", 1, _adaptive_average, "The average")
adaptive_avg_pool2d = _adaptive_pool("nn.adaptive_avg_pool2d", 2, _adaptive_average, "The average")
adaptive_avg_pool3d = _adaptive_pool("nn.adaptive_avg_pool3d", 3, _adaptive_average, "The average")


@attributes("GlobalPool2DAttrs")
class GlobalPool2DAttrs(Attrs):
    """Attributes of `nn.global_max_pool2d` and `nn.global_avg_pool2d`."""

    layout: str = "NCHW"
    out_layout: str = ""


def _one_each(image: Sequence[int], attrs: Any) -> Sequence[int]:
    return [1] * len(image)


_GLOBAL_MAX_POOL = _define(
    "nn.global_max_pool2d", 2, GlobalPool2DAttrs, _one_each, lambda data, attrs: _reduced(data, (1, 1), np.max)
)
_GLOBAL_AVG_POOL = _define(
    "nn.global_avg_pool2d", 2, GlobalPool2DAttrs, _one_each, lambda data, attrs: _averaged(data, (1, 1))
)


def global_max_pool2d(data: Any, layout: str = "NCHW", out_layout: str = "") -> Call:
    """The largest number of each channel: data `(batch, channels, height, width)`, result `(batch, channels, 1, 1)`."""
    return Call(_GLOBAL_MAX_POOL, [data], GlobalPool2DAttrs(layout=layout, out_layout=out_layout))


def global_avg_pool2d(data: Any, layout: str = "NCHW", out_layout: str = "") -> Call:
    """The average of each channel: data `(batch, channels, height, width)`, result `(batch, channels, 1, 1)`."""
    return Call(_GLOBAL_AVG_POOL, [data], GlobalPool2DAttrs(layout=layout, out_layout=out_layout))
