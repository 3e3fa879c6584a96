"""Convolutions over one, two and three spatial axes, and the transposed ones.

All are one computation: windows of the image, laid out as a matrix, times the weights (im2col; Chellapilla et al.,
"High Performance Convolutional Neural Networks for Document Processing", 2006). The transposed convolution is a
convolution of the image with zeros put between its pixels (Dumoulin and Visin, "A guide to convolution arithmetic for
deep learning", 2016).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from tvm.ir import Op

from ...expr import Call
from ...ty import TensorType
from ..attrs import Attrs, Ints, attributes
from ..layout import transform_layout, transformed_shape
from ..op import OpPattern, define, get
from ..type_relations import tensor
from .contraction import matmul
from .windows import DATA, KERNEL, around, output_size, padded, pairs, reach, sizes, sliding

# How many numbers of the matrix of windows are laid out at a time: 128 MB of float32.
_BLOCK = 1 << 25


@attributes("Conv1DAttrs")
class Conv1DAttrs(Attrs):
    """Attributes of `nn.conv1d`; an empty `out_layout` or `out_dtype` stands for that of the data."""

    strides: Ints = (1,)
    padding: Ints = (0, 0)
    dilation: Ints = (1,)
    groups: int = 1
    channels: int | None = None
    kernel_size: Ints | None = None
    data_layout: str = "NCW"
    kernel_layout: str = "OIW"
    out_layout: str = ""
    out_dtype: str = ""


@attributes("Conv2DAttrs")
class Conv2DAttrs(Attrs):
    """Attributes of `nn.conv2d`; an empty `out_layout` or `out_dtype` stands for that of the data."""

    strides: Ints = (1, 1)
    padding: Ints = (0, 0)
    dilation: Ints = (1, 1)
    groups: int = 1
    channels: int | None = None
    kernel_size: Ints | None = None
    data_layout: str = "NCHW"
    kernel_layout: str = "OIHW"
    out_layout: str = ""
    out_dtype: str = ""


@attributes("Conv3DAttrs")
class Conv3DAttrs(Attrs):
    """Attributes of `nn.conv3d`; an empty `out_layout` or `out_dtype` stands for that of the data."""

    strides: Ints = (1, 1, 1)
    padding: Ints = (0, 0, 0)
    dilation: Ints = (1, 1, 1)
    groups: int = 1
    channels: int | None = None
    kernel_size: Ints | None = None
    data_layout: str = "NCDHW"
    kernel_layout: str = "OIDHW"
    out_layout: str = ""
    out_dtype: str = ""


@attributes("Conv1DTransposeAttrs")
class Conv1DTransposeAttrs(Attrs):
    """Attributes of `nn.conv1d_transpose`; an empty `out_layout` or `out_dtype` stands for that of the data."""

    channels: int | None = None
    kernel_size: Ints | None = None
    strides: Ints = (1,)
    output_padding: Ints = (0,)
    padding: Ints = (0,)
    dilation: Ints = (1,)
    groups: int = 1
    data_layout: str = "NCW"
    kernel_layout: str = "IOW"
    out_layout: str = ""
    out_dtype: str = ""


@attributes("Conv2DTransposeAttrs")
class Conv2DTransposeAttrs(Attrs):
    """Attributes of `nn.conv2d_transpose`; an empty `out_layout` or `out_dtype` stands for that of the data."""

    channels: int | None = None
    kernel_size: Ints | None = None
    strides: Ints = (1, 1)
    output_padding: Ints = (0, 0)
    padding: Ints = (0, 0)
    dilation: Ints = (1, 1)
    groups: int = 1
    data_layout: str = "NCHW"
    kernel_layout: str = "IOHW"
    out_layout: str = ""
    out_dtype: str = ""


@attributes("Conv3DTransposeAttrs")
class Conv3DTransposeAttrs(Attrs):
    """Attributes of `nn.conv3d_transpose`; an empty `out_layout` or `out_dtype` stands for that of the data."""

    channels: int | None = None
    kernel_size: Ints | None = None
    strides: Ints = (1, 1, 1)
    output_padding: Ints = (0, 0, 0)
    padding: Ints = (0, 0, 0)
    dilation: Ints = (1, 1, 1)
    groups: int = 1
    data_layout: str = "NCDHW"
    kernel_layout: str = "IODHW"
    out_layout: str = ""
    out_dtype: str = ""


def _define(name: str, rank: int, attrs: type, transposed: bool = False) -> Op:
    """Declare a convolution over `rank` spatial axes."""
    infer, compute = (_infer_transposed, _compute_transposed) if transposed else (_infer, _compute)
    return define(
        name,
        inputs=("data", "weight"),
        attrs=attrs,
        infer=lambda types, attrs: infer(types, attrs, rank),
        complete=lambda types, attrs: _complete(types, attrs, rank, transposed),
        compute=lambda arrays, attrs: compute(arrays, attrs, rank),
        pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
    )


def _complete(types: Sequence[Any], attrs: Any, rank: int, transposed: bool) -> Sequence[Any]:
    """The weight of a convolution that says its channels and kernel size."""
    data, weight = types
    if weight is None and data is not None and attrs.channels is not None and attrs.kernel_size is not None:
        taken = transformed_shape(data.shape, attrs.data_layout, DATA[rank])[1]
        outer, inner = (taken, attrs.channels) if transposed else (attrs.channels, taken)
        shape = (outer, inner // attrs.groups, *attrs.kernel_size)
        plain = _transposed_kernel(rank) if transposed else KERNEL[rank]
        weight = TensorType(transformed_shape(shape, plain, attrs.kernel_layout), data.dtype)
    return data, weight


def _infer(types: Sequence[Any], attrs: Any, rank: int) -> TensorType:
    data, weight = tensor(types[0], "the data"), tensor(types[1], "the weight")
    batch, taken, *image = transformed_shape(data.shape, attrs.data_layout, DATA[rank])
    channels, each, *kernel = _by_channel(
        transformed_shape(weight.shape, attrs.kernel_layout, KERNEL[rank]), taken, attrs
    )
    _check_weight(attrs, channels, kernel)
    if each * attrs.groups != taken:
        raise TypeError(f"the data has {taken} channels and the weight takes {each} in each of {attrs.groups} groups")
    if channels % attrs.groups:
        raise TypeError(f"{channels} channels cannot be shared out among {attrs.groups} groups")
    found = output_size(image, kernel, attrs.strides, attrs.dilation, attrs.padding)
    return _result(data, (batch, channels, *found), attrs, rank)


def _by_channel(shape: Sequence[int], taken: int, attrs: Any) -> Sequence[int]:
    """The shape `(out, in / groups, kernel)` of a weight.

    A depthwise one that makes several channels of each may also be `(groups, out / groups, kernel)`: the same numbers
    in the same order, and what Relay's importers write.
    """
    outer, inner, *kernel = shape
    if attrs.groups > 1 and outer == attrs.groups == taken and outer * inner == attrs.channels:
        return attrs.channels, 1, *kernel
    return shape


def _infer_transposed(types: Sequence[Any], attrs: Any, rank: int) -> TensorType:
    data, weight = tensor(types[0], "the data"), tensor(types[1], "the weight")
    batch, taken, *image = transformed_shape(data.shape, attrs.data_layout, DATA[rank])
    plain = _transposed_kernel(rank)
    outer, each, *kernel = transformed_shape(weight.shape, attrs.kernel_layout, plain)
    _check_weight(attrs, each * attrs.groups, kernel)
    if outer != taken:
        raise TypeError(f"the data has {taken} channels and the weight takes {outer}")
    if taken % attrs.groups:
        raise TypeError(f"{taken} channels cannot be shared out among {attrs.groups} groups")
    strides, far = sizes(attrs.strides, rank), reach(kernel, sizes(attrs.dilation, rank))
    more, pad = sizes(attrs.output_padding, rank), pairs(attrs.padding, rank)
    found = [(image[i] - 1) * strides[i] + far[i] - sum(pad[i]) + more[i] for i in range(rank)]
    if min(found) < 1:
        raise TypeError(f"the padding {list(attrs.padding)} leaves nothing of the result: its size would be {found}")
    return _result(data, (batch, each * attrs.groups, *found), attrs, rank)


def _check_weight(attrs: Any, channels: int, kernel: Sequence[int]) -> None:
    if attrs.channels is not None and attrs.channels != channels:
        raise TypeError(f"channels is {attrs.channels} and the weight makes {channels}")
    if attrs.kernel_size is not None and list(attrs.kernel_size) != list(kernel):
        raise TypeError(f"kernel_size is {list(attrs.kernel_size)} and the weight has a kernel of {list(kernel)}")


def _result(data: TensorType, shape: Sequence[int], attrs: Any, rank: int) -> TensorType:
    layout = attrs.out_layout or attrs.data_layout
    return TensorType(transformed_shape(shape, DATA[rank], layout), attrs.out_dtype or data.dtype)


def _transposed_kernel(rank: int) -> str:
    return "IO" + KERNEL[rank][2:]


def _compute(arrays: Sequence[np.ndarray], attrs: Any, rank: int) -> np.ndarray:
    data = transform_layout(arrays[0], attrs.data_layout, DATA[rank])
    weight = transform_layout(arrays[1], attrs.kernel_layout, KERNEL[rank])
    found = convolve(
        padded(data, attrs.padding),
        weight.reshape(_by_channel(weight.shape, data.shape[1], attrs)),
        sizes(attrs.strides, rank),
        sizes(attrs.dilation, rank),
        attrs.groups,
        attrs.out_dtype or str(data.dtype),
    )
    return transform_layout(found, DATA[rank], attrs.out_layout or attrs.data_layout)


def _compute_transposed(arrays: Sequence[np.ndarray], attrs: Any, rank: int) -> np.ndarray:
    data = transform_layout(arrays[0], attrs.data_layout, DATA[rank])
    weight = transform_layout(arrays[1], attrs.kernel_layout, _transposed_kernel(rank))
    dilation, groups = sizes(attrs.dilation, rank), attrs.groups
    margin = [n - 1 for n in reach(weight.shape[2:], dilation)]
    spread = padded(_spread(data, sizes(attrs.strides, rank)), margin, more=sizes(attrs.output_padding, rank))
    dtype = attrs.out_dtype or str(data.dtype)
    full = convolve(spread, _turned(weight, groups), (1,) * rank, dilation, groups, dtype)
    kept = [slice(before, n - after) for n, (before, after) in zip(full.shape[2:], pairs(attrs.padding, rank))]
    return transform_layout(full[(slice(None), slice(None), *kept)], DATA[rank], attrs.out_layout or attrs.data_layout)


def _spread(data: np.ndarray, strides: Sequence[int]) -> np.ndarray:
    """`data` with `stride - 1` zeros between neighbours along each spatial axis."""
    image = [(n - 1) * s + 1 for n, s in zip(data.shape[2:], strides, strict=True)]
    spread = np.zeros((*data.shape[:2], *image), data.dtype)
    spread[(slice(None), slice(None), *(slice(None, None, s) for s in strides))] = data
    return spread


def _turned(weight: np.ndarray, groups: int) -> np.ndarray:
    """The weight `(in, out / groups, kernel)` of a transposed convolution as that of a convolution, kernel reversed."""
    taken, each, *kernel = weight.shape
    split = weight.reshape(groups, taken // groups, each, *kernel).swapaxes(1, 2)
    turned = split.reshape(groups * each, taken // groups, *kernel)
    return np.flip(turned, axis=tuple(range(2, turned.ndim)))


def convolve(
    data: np.ndarray, weight: np.ndarray, strides: Sequence[int], dilation: Sequence[int], groups: int, dtype: str
) -> np.ndarray:
    """Convolution without padding: data `(batch, in, image)`, weight `(out, in / groups, kernel)`.

    The matrix of windows is laid out for one image and a block of its rows at a time, so memory stays bounded.
    """
    kernel = weight.shape[2:]
    count = output_size(data.shape[2:], kernel, strides, dilation, (0,) * len(kernel))
    channels, each = weight.shape[:2]
    rows = weight.reshape(groups, channels // groups, each * math.prod(kernel))
    windows = sliding(data, kernel, strides, dilation, count)
    found = np.empty((data.shape[0], channels, *count), dtype)
    step = max(1, _BLOCK // max(1, data.shape[1] * math.prod(kernel) * math.prod(count[1:])))
    for image, result in zip(windows, found, strict=True):
        for start in range(0, count[0], step):
            block = image[:, start : start + step]
            result[:, start : start + step] = _product(rows, block, dtype).reshape(
                channels, *block.shape[1 : 1 + len(count)]
            )
    return found


def _product(rows: np.ndarray, windows: np.ndarray, dtype: str) -> np.ndarray:
    """The weights, a matrix for each group, times the windows `(channels, image, kernel)` of one image."""
    rank = (windows.ndim - 1) // 2
    order = (0, *range(1 + rank, 1 + 2 * rank), *range(1, 1 + rank))
    places = math.prod(windows.shape[1 : 1 + rank])
    return matmul(rows, windows.transpose(order).reshape(rows.shape[0], rows.shape[2], places), dtype)


_define("nn.conv1d", 1, Conv1DAttrs)
_define("nn.conv2d", 2, Conv2DAttrs)
_define("nn.conv3d", 3, Conv3DAttrs)
_define("nn.conv1d_transpose", 1, Conv1DTransposeAttrs, transposed=True)
_define("nn.conv2d_transpose", 2, Conv2DTransposeAttrs, transposed=True)
_define("nn.conv3d_transpose", 3, Conv3DTransposeAttrs, transposed=True)


def _sizes_or_none(value: Any, rank: int) -> tuple[int, ...] | None:
    return None if value is None else sizes(value, rank)


def conv1d(
    data: Any,
    weight: Any,
    strides: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    channels: int | None = None,
    kernel_size: Any = None,
    data_layout: str = "NCW",
    kernel_layout: str = "OIW",
    out_layout: str = "",
    out_dtype: str = "",
) -> Call:
    """Convolution along one axis: data `(batch, in, width)`, weight `(out, in / groups, kernel)`.

    The result has the shape `(batch, out, width')` and the data's dtype, or `out_dtype`. `padding` is one number or
    `(left, right)`.
    """
    attrs = Conv1DAttrs(
        strides=sizes(strides, 1),
        padding=around(padding, 1),
        dilation=sizes(dilation, 1),
        groups=groups,
        channels=channels,
        kernel_size=_sizes_or_none(kernel_size, 1),
        data_layout=data_layout,
        kernel_layout=kernel_layout,
        out_layout=out_layout,
        out_dtype=out_dtype,
    )
    return Call(get("nn.conv1d"), [data, weight], attrs)


def conv2d(
    data: Any,
    weight: Any,
    strides: Any = (1, 1),
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    groups: int = 1,
    channels: int | None = None,
    kernel_size: Any = None,
    data_layout: str = "NCHW",
    kernel_layout: str = "OIHW",
    out_layout: str = "",
    out_dtype: str = "",
) -> Call:
    """Convolution of an image: data `(batch, in, height, width)`, weight `(out, in / groups, kernel)`.

    The result has the shape `(batch, out, height', width')` and the data's dtype, or `out_dtype`; layouts may say
    otherwise. With as many groups as channels it is a depthwise convolution. `padding` is one number,
    `(vertical, horizontal)` or `(top, left, bottom, right)`.
    """
    attrs = Conv2DAttrs(
        strides=sizes(strides, 2),
        padding=around(padding, 2),
        dilation=sizes(dilation, 2),
        groups=groups,
        channels=channels,
        kernel_size=_sizes_or_none(kernel_size, 2),
        data_layout=data_layout,
        kernel_layout=kernel_layout,
        out_layout=out_layout,
        out_dtype=out_dtype,
    )
    return Call(get("nn.conv2d"), [data, weight], attrs)


def conv3d(
    data: Any,
    weight: Any,
    strides: Any = (1, 1, 1),
    padding: Any = (0, 0, 0),
    dilation: Any = (1, 1, 1),
    groups: int = 1,
    channels: int | None = None,
    kernel_size: Any = None,
    data_layout: str = "NCDHW",
    kernel_layout: str = "OIDHW",
    out_layout: str = "",
    out_dtype: str = "",
) -> Call:
    """Convolution of a volume: data `(batch, in, depth, height, width)`, weight `(out, in / groups, kernel)`.

    The result has the shape `(batch, out, depth', height', width')` and the data's dtype, or `out_dtype`.
    """
    attrs = Conv3DAttrs(
        strides=sizes(strides, 3),
        padding=around(padding, 3),
        dilation=sizes(dilation, 3),
        groups=groups,
        channels=channels,
        kernel_size=_sizes_or_none(kernel_size, 3),
        data_layout=data_layout,
        kernel_layout=kernel_layout,
        out_layout=out_layout,
        out_dtype=out_dtype,
    )
    return Call(get("nn.conv3d"), [data, weight], attrs)


def conv1d_transpose(
    data: Any,
    weight: Any,
    strides: Any = (1,),
    padding: Any = (0,),
    dilation: Any = (1,),
    groups: int = 1,
    channels: int | None = None,
    kernel_size: Any = None,
    data_layout: str = "NCW",
    kernel_layout: str = "IOW",
    out_layout: str = "",
    output_padding: Any = (0,),
    out_dtype: str = "",
) -> Call:
    """Transposed convolution along one axis: data `(batch, in, width)`, weight `(in, out / groups, kernel)`.

    The result is `(width - 1) * stride + reach of the kernel - padding + output_padding` wide.
    """
    attrs = Conv1DTransposeAttrs(
        channels=channels,
        kernel_size=_sizes_or_none(kernel_size, 1),
        strides=sizes(strides, 1),
        output_padding=sizes(output_padding, 1),
        padding=(padding,) if isinstance(padding, int) else padding,
        dilation=sizes(dilation, 1),
        groups=groups,
        data_layout=data_layout,
        kernel_layout=kernel_layout,
        out_layout=out_layout,
        out_dtype=out_dtype,
    )
    return Call(get("nn.conv1d_transpose"), [data, weight], attrs)


def conv2d_transpose(
    data: Any,
    weight: Any,
    strides: Any = (1, 1),
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    groups: int = 1,
    channels: int | None = None,
    kernel_size: Any = None,
    data_layout: str = "NCHW",
    kernel_layout: str = "IOHW",
    out_layout: str = "",
    output_padding: Any = (0, 0),
    out_dtype: str = "",
) -> Call:
    """Transposed convolution of an image: data `(batch, in, height, width)`, weight `(in, out / groups, kernel)`.

    Along each axis the result has `(size - 1) * stride + reach of the kernel - padding + output_padding` places.
    """
    attrs = Conv2DTransposeAttrs(
        channels=channels,
        kernel_size=_sizes_or_none(kernel_size, 2),
        strides=sizes(strides, 2),
        output_padding=sizes(output_padding, 2),
        padding=around(padding, 2),
        dilation=sizes(dilation, 2),
        groups=groups,
        data_layout=data_layout,
        kernel_layout=kernel_layout,
        out_layout=out_layout,
        out_dtype=out_dtype,
    )
    return Call(get("nn.conv2d_transpose"), [data, weight], attrs)


def conv3d_transpose(
    data: Any,
    weight: Any,
    strides: Any = (1, 1, 1),
    padding: Any = (0, 0, 0),
    dilation: Any = (1, 1, 1),
    groups: int = 1,
    channels: int | None = None,
    kernel_size: Any = None,
    data_layout: str = "NCDHW",
    kernel_layout: str = "IODHW",
    out_layout: str = "",
    output_padding: Any = (0, 0, 0),
    out_dtype: str = "",
) -> Call:
    """Transposed convolution: data `(batch, in, depth, height, width)`, weight `(in, out / groups, kernel)`.

    Along each axis the result has `(size - 1) * stride + reach of the kernel - padding + output_padding` places.
    """
    attrs = Conv3DTransposeAttrs(
        channels=channels,
        kernel_size=_sizes_or_none(kernel_size, 3),
        strides=sizes(strides, 3),
        output_padding=sizes(output_padding, 3),
        padding=around(padding, 3),
        dilation=sizes(dilation, 3),
        groups=groups,
        data_layout=data_layout,
        kernel_layout=kernel_layout,
        out_layout=out_layout,
        out_dtype=out_dtype,
    )
    return Call(get("nn.conv3d_transpose"), [data, weight], attrs)
