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
from ..op import OpPattern, define, get
from ..type_relations import tensor
from .windows import DATA, around, output_size, padded, pairs, reach, sizes, sliding


@attributes("MaxPool1DAttrs")
class MaxPool1DAttrs(Attrs):
    """Attributes of `nn.max_pool1d`."""

    pool_size: Ints
    strides: Ints = (1,)
    dilation: Ints = (1,)
    padding: Ints = (0,)
    layout: str = "NCW"
    out_layout: str = ""
    ceil_mode: bool = False


@attributes("MaxPool2DAttrs")
class MaxPool2DAttrs(Attrs):
    """Attributes of `nn.max_pool2d`."""

    pool_size: Ints
    strides: Ints = (1, 1)
    dilation: Ints = (1, 1)
    padding: Ints = (0, 0)
    layout: str = "NCHW"
    out_layout: str = ""
    ceil_mode: bool = False


@attributes("MaxPool3DAttrs")
class MaxPool3DAttrs(Attrs):
    """Attributes of `nn.max_pool3d`."""

    pool_size: Ints
    strides: Ints = (1, 1, 1)
    dilation: Ints = (1, 1, 1)
    padding: Ints = (0, 0, 0)
    layout: str = "NCDHW"
    out_layout: str = ""
    ceil_mode: bool = False


@attributes("AvgPool1DAttrs")
class AvgPool1DAttrs(Attrs):
    """Attributes of `nn.avg_pool1d`; `count_include_pad` counts the padding in the average."""

    pool_size: Ints
    strides: Ints = (1,)
    dilation: Ints = (1,)
    padding: Ints = (0,)
    layout: str = "NCW"
    out_layout: str = ""
    ceil_mode: bool = False
    count_include_pad: bool = False


@attributes("AvgPool2DAttrs")
class AvgPool2DAttrs(Attrs):
    """Attributes of `nn.avg_pool2d`; `count_include_pad` counts the padding in the average."""

    pool_size: Ints
    strides: Ints = (1, 1)
    dilation: Ints = (1, 1)
    padding: Ints = (0, 0)
    layout: str = "NCHW"
    out_layout: str = ""
    ceil_mode: bool = False
    count_include_pad: bool = False


@attributes("AvgPool3DAttrs")
class AvgPool3DAttrs(Attrs):
    """Attributes of `nn.avg_pool3d`; `count_include_pad` counts the padding in the average."""

    pool_size: Ints
    strides: Ints = (1, 1, 1)
    dilation: Ints = (1, 1, 1)
    padding: Ints = (0, 0, 0)
    layout: str = "NCDHW"
    out_layout: str = ""
    ceil_mode: bool = False
    count_include_pad: bool = False


@attributes("GlobalPool2DAttrs")
class GlobalPool2DAttrs(Attrs):
    """Attributes of `nn.global_max_pool2d` and `nn.global_avg_pool2d`."""

    layout: str = "NCHW"
    out_layout: str = ""


@attributes("AdaptivePool1DAttrs")
class AdaptivePool1DAttrs(Attrs):
    """Attributes of the adaptive poolings along one axis; without an `output_size` the size stays."""

    output_size: Ints | None
    layout: str = "NCW"
    out_layout: str = ""


@attributes("AdaptivePool2DAttrs")
class AdaptivePool2DAttrs(Attrs):
    """Attributes of the adaptive poolings of an image; without an `output_size` the size stays."""

    output_size: Ints | None
    layout: str = "NCHW"
    out_layout: str = ""


@attributes("AdaptivePool3DAttrs")
class AdaptivePool3DAttrs(Attrs):
    """Attributes of the adaptive poolings of a volume; without an `output_size` the size stays."""

    output_size: Ints | None
    layout: str = "NCDHW"
    out_layout: str = ""


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


def _max_pool(data: np.ndarray, attrs: Any) -> np.ndarray:
    """The padding is the least finite number, as in TVM."""
    lowest = np.finfo(data.dtype).min if data.dtype.kind == "f" else np.iinfo(data.dtype).min
    windows, axes = _windows(data, attrs, lowest)
    return windows.max(axis=axes)


def _avg_pool(data: np.ndarray, attrs: Any) -> np.ndarray:
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


def _adaptive(data: np.ndarray, wanted: Sequence[int], reduce: Any) -> np.ndarray:
    """Reduce one spatial axis after the other; of sums and maxima the order does not matter."""
    for axis, parts in enumerate(wanted, start=2):
        index = [slice(None)] * axis
        found = [reduce(data[(*index, slice(*span))], axis=axis) for span in _spans(data.shape[axis], parts)]
        data = np.stack(found, axis=axis)
    return data


def _adaptive_max(data: np.ndarray, attrs: Any) -> np.ndarray:
    return _adaptive(data, _adaptive_size(data.shape[2:], attrs), np.max)


def _adaptive_avg(data: np.ndarray, attrs: Any) -> np.ndarray:
    return _averaged(data, _adaptive_size(data.shape[2:], attrs))


def _averaged(data: np.ndarray, wanted: Sequence[int]) -> np.ndarray:
    """Integers are summed in their own dtype, as TVM does it: the sum of a narrow one may wrap around."""
    dtype = _sum_dtype(data.dtype) if data.dtype.kind == "f" else data.dtype
    total = _adaptive(data, wanted, functools.partial(np.sum, dtype=dtype))
    spans = [_spans(n, parts) for n, parts in zip(data.shape[2:], wanted, strict=True)]
    lengths = [np.array([end - begin for begin, end in axis]) for axis in spans]
    wide = total if dtype.kind == "f" else total.astype(np.int64)
    return _divided(wide, functools.reduce(np.multiply.outer, lengths)).astype(data.dtype, copy=False)


def _one_each(image: Sequence[int], attrs: Any) -> Sequence[int]:
    return [1] * len(image)


_define("nn.max_pool1d", 1, MaxPool1DAttrs, _count, _max_pool)
_define("nn.max_pool2d", 2, MaxPool2DAttrs, _count, _max_pool)
_define("nn.max_pool3d", 3, MaxPool3DAttrs, _count, _max_pool)
_define("nn.avg_pool1d", 1, AvgPool1DAttrs, _count, _avg_pool)
_define("nn.avg_pool2d", 2, AvgPool2DAttrs, _count, _avg_pool)
_define("nn.avg_pool3d", 3, AvgPool3DAttrs, _count, _avg_pool)
_define("nn.global_max_pool2d", 2, GlobalPool2DAttrs, _one_each, lambda data, attrs: _adaptive(data, (1, 1), np.max))
_define("nn.global_avg_pool2d", 2, GlobalPool2DAttrs, _one_each, lambda data, attrs: _averaged(data, (1, 1)))
_define("nn.adaptive_max_pool1d", 1, AdaptivePool1DAttrs, _adaptive_size, _adaptive_max)
_define("nn.adaptive_max_pool2d", 2, AdaptivePool2DAttrs, _adaptive_size, _adaptive_max)
_define("nn.adaptive_max_pool3d", 3, AdaptivePool3DAttrs, _adaptive_size, _adaptive_max)
_define("nn.adaptive_avg_pool1d", 1, AdaptivePool1DAttrs, _adaptive_size, _adaptive_avg)
_define("nn.adaptive_avg_pool2d", 2, AdaptivePool2DAttrs, _adaptive_size, _adaptive_avg)
_define("nn.adaptive_avg_pool3d", 3, AdaptivePool3DAttrs, _adaptive_size, _adaptive_avg)


def max_pool1d(
    data: Any,
    pool_size: Any = (1,),
    strides: Any = (1,),
    dilation: Any = (1,),
    padding: Any = (0,),
    layout: str = "NCW",
    out_layout: str = "",
    ceil_mode: bool = False,
) -> Call:
    """The largest number of each window of `pool_size` on data `(batch, channels, width)`; the dtype stays.

    `padding` has one number or two, left and right. With `ceil_mode` a last window may stand out.
    """
    attrs = MaxPool1DAttrs(
        pool_size=sizes(pool_size, 1),
        strides=sizes(strides, 1),
        dilation=sizes(dilation, 1),
        padding=around(padding, 1),
        layout=layout,
        out_layout=out_layout,
        ceil_mode=ceil_mode,
    )
    return Call(get("nn.max_pool1d"), [data], attrs)


def max_pool2d(
    data: Any,
    pool_size: Any = (1, 1),
    strides: Any = (1, 1),
    dilation: Any = (1, 1),
    padding: Any = (0, 0),
    layout: str = "NCHW",
    out_layout: str = "",
    ceil_mode: bool = False,
) -> Call:
    """The largest number of each window of `pool_size` on data `(batch, channels, height, width)`; the dtype stays.

    `padding` has 1, 2 or 4 numbers, those before first. With `ceil_mode` a last window may stand out.
    """
    attrs = MaxPool2DAttrs(
        pool_size=sizes(pool_size, 2),
        strides=sizes(strides, 2),
        dilation=sizes(dilation, 2),
        padding=around(padding, 2),
        layout=layout,
        out_layout=out_layout,
        ceil_mode=ceil_mode,
    )
    return Call(get("nn.max_pool2d"), [data], attrs)


def max_pool3d(
    data: Any,
    pool_size: Any = (1, 1, 1),
    strides: Any = (1, 1, 1),
    dilation: Any = (1, 1, 1),
    padding: Any = (0, 0, 0),
    layout: str = "NCDHW",
    out_layout: str = "",
    ceil_mode: bool = False,
) -> Call:
    """The largest number of each window of `pool_size` on data `(batch, channels, depth, height, width)`.

    `padding` has 1, 3 or 6 numbers, those before first. With `ceil_mode` a last window may stand out.
    """
    attrs = MaxPool3DAttrs(
        pool_size=sizes(pool_size, 3),
        strides=sizes(strides, 3),
        dilation=sizes(dilation, 3),
        padding=around(padding, 3),
        layout=layout,
        out_layout=out_layout,
        ceil_mode=ceil_mode,
    )
    return Call(get("nn.max_pool3d"), [data], attrs)


def avg_pool1d(
    data: Any,
    pool_size: Any = (1,),
    strides: Any = (1,),
    dilation: Any = (1,),
    padding: Any = (0,),
    layout: str = "NCW",
    out_layout: str = "",
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Call:
    """The average of each window of `pool_size` on data `(batch, channels, width)`; the dtype stays.

    `padding` has one number or two, left and right. With `ceil_mode` a last window may stand out.
    The padding counts in the average where `count_include_pad`; integers are cut off towards zero.
    """
    attrs = AvgPool1DAttrs(
        pool_size=sizes(pool_size, 1),
        strides=sizes(strides, 1),
        dilation=sizes(dilation, 1),
        padding=around(padding, 1),
        layout=layout,
        out_layout=out_layout,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
    )
    return Call(get("nn.avg_pool1d"), [data], attrs)


def avg_pool2d(
    data: Any,
    pool_size: Any = (1, 1),
    strides: Any = (1, 1),
    dilation: Any = (1, 1),
    padding: Any = (0, 0),
    layout: str = "NCHW",
    out_layout: str = "",
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Call:
    """The average of each window of `pool_size` on data `(batch, channels, height, width)`; the dtype stays.

    `padding` has 1, 2 or 4 numbers, those before first. With `ceil_mode` a last window may stand out.
    The padding counts in the average where `count_include_pad`; integers are cut off towards zero.
    """
    attrs = AvgPool2DAttrs(
        pool_size=sizes(pool_size, 2),
        strides=sizes(strides, 2),
        dilation=sizes(dilation, 2),
        padding=around(padding, 2),
        layout=layout,
        out_layout=out_layout,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
    )
    return Call(get("nn.avg_pool2d"), [data], attrs)


def avg_pool3d(
    data: Any,
    pool_size: Any = (1, 1, 1),
    strides: Any = (1, 1, 1),
    dilation: Any = (1, 1, 1),
    padding: Any = (0, 0, 0),
    layout: str = "NCDHW",
    out_layout: str = "",
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Call:
    """The average of each window of `pool_size` on data `(batch, channels, depth, height, width)`.

    `padding` has 1, 3 or 6 numbers, those before first. With `ceil_mode` a last window may stand out.
    The padding counts in the average where `count_include_pad`; integers are cut off towards zero.
    """
    attrs = AvgPool3DAttrs(
        pool_size=sizes(pool_size, 3),
        strides=sizes(strides, 3),
        dilation=sizes(dilation, 3),
        padding=around(padding, 3),
        layout=layout,
        out_layout=out_layout,
        ceil_mode=ceil_mode,
        count_include_pad=count_include_pad,
    )
    return Call(get("nn.avg_pool3d"), [data], attrs)


def global_max_pool1d(data: Any, layout: str = "NCW", out_layout: str = "") -> Call:
    """The largest number of each channel: data `(batch, channels, width)`, the result has size 1 there."""
    return adaptive_max_pool1d(data, (1,), layout, out_layout)


def global_max_pool3d(data: Any, layout: str = "NCDHW", out_layout: str = "") -> Call:
    """The largest number of each channel: data `(batch, channels, depth, height, width)`, result of size 1 there."""
    return adaptive_max_pool3d(data, (1, 1, 1), layout, out_layout)


def global_max_pool2d(data: Any, layout: str = "NCHW", out_layout: str = "") -> Call:
    """The largest number of each channel: data `(batch, channels, height, width)`, result `(batch, channels, 1, 1)`."""
    return Call(get("nn.global_max_pool2d"), [data], GlobalPool2DAttrs(layout=layout, out_layout=out_layout))


def adaptive_max_pool1d(data: Any, output_size: Any = None, layout: str = "NCW", out_layout: str = "") -> Call:
    """The largest number of windows chosen so that the result has `output_size` along the spatial axes of `layout`."""
    attrs = AdaptivePool1DAttrs(output_size=_wanted(output_size, 1), layout=layout, out_layout=out_layout)
    return Call(get("nn.adaptive_max_pool1d"), [data], attrs)


def adaptive_max_pool2d(data: Any, output_size: Any = None, layout: str = "NCHW", out_layout: str = "") -> Call:
    """The largest number of windows chosen so that the result has `output_size` along the spatial axes of `layout`."""
    attrs = AdaptivePool2DAttrs(output_size=_wanted(output_size, 2), layout=layout, out_layout=out_layout)
    return Call(get("nn.adaptive_max_pool2d"), [data], attrs)


def adaptive_max_pool3d(data: Any, output_size: Any = None, layout: str = "NCDHW", out_layout: str = "") -> Call:
    """The largest number of windows chosen so that the result has `output_size` along the spatial axes of `layout`."""
    attrs = AdaptivePool3DAttrs(output_size=_wanted(output_size, 3), layout=layout, out_layout=out_layout)
    return Call(get("nn.adaptive_max_pool3d"), [data], attrs)


def global_avg_pool1d(data: Any, layout: str = "NCW", out_layout: str = "") -> Call:
    """The average of each channel: data `(batch, channels, width)`, the result has size 1 there."""
    return adaptive_avg_pool1d(data, (1,), layout, out_layout)


def global_avg_pool3d(data: Any, layout: str = "NCDHW", out_layout: str = "") -> Call:
    """The average of each channel: data `(batch, channels, depth, height, width)`, the result has size 1 there."""
    return adaptive_avg_pool3d(data, (1, 1, 1), layout, out_layout)


def global_avg_pool2d(data: Any, layout: str = "NCHW", out_layout: str = "") -> Call:
    """The average of each channel: data `(batch, channels, height, width)`, result `(batch, channels, 1, 1)`."""
    return Call(get("nn.global_avg_pool2d"), [data], GlobalPool2DAttrs(layout=layout, out_layout=out_layout))


def adaptive_avg_pool1d(data: Any, output_size: Any = None, layout: str = "NCW", out_layout: str = "") -> Call:
    """The average of windows chosen so that the result has `output_size` along the spatial axes of `layout`."""
    attrs = AdaptivePool1DAttrs(output_size=_wanted(output_size, 1), layout=layout, out_layout=out_layout)
    return Call(get("nn.adaptive_avg_pool1d"), [data], attrs)


def adaptive_avg_pool2d(data: Any, output_size: Any = None, layout: str = "NCHW", out_layout: str = "") -> Call:
    """The average of windows chosen so that the result has `output_size` along the spatial axes of `layout`."""
    attrs = AdaptivePool2DAttrs(output_size=_wanted(output_size, 2), layout=layout, out_layout=out_layout)
    return Call(get("nn.adaptive_avg_pool2d"), [data], attrs)


def adaptive_avg_pool3d(data: Any, output_size: Any = None, layout: str = "NCDHW", out_layout: str = "") -> Call:
    """The average of windows chosen so that the result has `output_size` along the spatial axes of `layout`."""
    attrs = AdaptivePool3DAttrs(output_size=_wanted(output_size, 3), layout=layout, out_layout=out_layout)
    return Call(get("nn.adaptive_avg_pool3d"), [data], attrs)


def _wanted(output_size: Any, rank: int) -> tuple[int, ...] | None:
    return None if output_size is None else sizes(output_size, rank)
