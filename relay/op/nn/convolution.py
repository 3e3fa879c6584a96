"""Convolutions over one, two and three spatial axes, and the transposed ones.

All are one computation: windows of the image, laid out as a matrix, times the weights (im2col; Chellapilla et al.,
"High Performance Convolutional Neural Networks for Document Processing", 2006). The transposed convolution is a
convolution of the image with zeros put between its pixels (Dumoulin and Visin, "A guide to convolution arithmetic for
deep learning", 2016).
"""

from __future__ import annotations

import math
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
from .contraction import matmul
from .windows import AXES, DATA, around, one_or_both, output_size, padded, pairs, reach, sizes, sliding

# What the weights are called, by the number of spatial axes: plainly, and in a transposed convolution.
KERNEL = {1: "OIW", 2: "OIHW", 3: "OIDHW"}
TRANSPOSED_KERNEL = {1: "IOW", 2: "IOHW", 3: "IODHW"}

# How many numbers of the matrix of windows are laid out at a time: 128 MB of float32.
_BLOCK = 1 << 25


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
        plain = TRANSPOSED_KERNEL[rank] if transposed else KERNEL[rank]
        weight = TensorType(transformed_shape(shape, plain, attrs.kernel_layout), data.dtype)
    return data, weight


def _infer(types: Sequence[Any], attrs: Any, rank: int) -> TensorType:
    data, weight = tensor(types[0], "the data"), tensor(types[1], "the weight")
    batch, taken, *image = transformed_shape(data.shape, attrs.data_layout, DATA[rank])
    shape = transformed_shape(weight.shape, attrs.kernel_layout, KERNEL[rank])
    channels, each, *kernel = _by_channel(shape, taken, attrs)
    _check_weight(attrs, channels, kernel)
    if each * attrs.groups != taken:
        raise TypeError(f"the data has {taken} channels and the weight takes {each} in each of {attrs.groups} groups")
    if channels % attrs.groups:
        raise TypeError(f"{channels} channels cannot be shared out among {attrs.groups} groups")
    found = output_size(image, kernel, attrs.strides, attrs.dilation, attrs.padding)
    return result_type(data, (batch, channels, *found), attrs, rank)


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
    outer, each, *kernel = transformed_shape(weight.shape, attrs.kernel_layout, TRANSPOSED_KERNEL[rank])
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
    return result_type(data, (batch, each * attrs.groups, *found), attrs, rank)


def _check_weight(attrs: Any, channels: int, kernel: Sequence[int]) -> None:
    if attrs.channels is not None and attrs.channels != channels:
        raise TypeError(f"channels is {attrs.channels} and the weight makes {channels}")
    if attrs.kernel_size is not None and list(attrs.kernel_size) != list(kernel):
        raise TypeError(f"kernel_size is {list(attrs.kernel_size)} and the weight has a kernel of {list(kernel)}")


def result_type(data: TensorType, shape: Sequence[int], attrs: Any, rank: int) -> TensorType:
    """The type of a convolution's result, of which `shape` is the plain shape."""
    layout = attrs.out_layout or attrs.data_layout
    return TensorType(transformed_shape(shape, DATA[rank], layout), attrs.out_dtype or data.dtype)


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
    weight = transform_layout(arrays[1], attrs.kernel_layout, TRANSPOSED_KERNEL[rank])
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


# What the docstrings have in common.
_ATTRIBUTES = """
The result has the data's dtype and layout, or `out_dtype` and `out_layout`. `padding` is one number, one for each
spatial axis, or all those before and then all those after. `channels` and `kernel_size` say once more what the weight
says. `InferType` raises `TypeError` where the shapes, these attributes and `groups` do not fit together.
"""


def _attributes_over(rank: int) -> Any:
    @attributes(f"Conv{rank}DAttrs")
    class ConvAttrs(Attrs):
        strides: Ints = (1,) * rank
        padding: Ints = (0,) * max(rank, 2)  # over one axis Relay has both ends
        dilation: Ints = (1,) * rank
        groups: int = 1
        channels: int | None = None
        kernel_size: Ints | None = None
        data_layout: str = DATA[rank]
        kernel_layout: str = KERNEL[rank]
        out_layout: str = ""
        out_dtype: str = ""

    return ConvAttrs


_CONV_ATTRS = {rank: _attributes_over(rank) for rank in DATA}


def conv_attributes(
    rank: int, strides: Any, padding: Any, dilation: Any, channels: int | None, kernel_size: Any, **others: Any
) -> Any:
    """The attributes of a convolution over `rank` spatial axes, from what a user of Relay gives."""
    return _CONV_ATTRS[rank](
        strides=sizes(strides, rank),
        padding=around(padding, rank),
        dilation=sizes(dilation, rank),
        channels=channels,
        kernel_size=None if kernel_size is None else sizes(kernel_size, rank),
        **others,
    )


def _convolution(name: str, rank: int, one: Any, zero: Any) -> Callable[..., Call]:
    """Declare the convolution over `rank` spatial axes, and give the function that calls it.

    `one` and `zero` are the defaults of strides and padding, as Relay's own signature has them.
    """
    op = _define(name, rank, _CONV_ATTRS[rank])

    def call(
        data: Any,
        weight: Any,
        strides: Any = one,
        padding: Any = zero,
        dilation: Any = one,
        groups: int = 1,
        channels: int | None = None,
        kernel_size: Any = None,
        data_layout: str = DATA[rank],
        kernel_layout: str = KERNEL[rank],
        out_layout: str = "",
        out_dtype: str = "",
    ) -> Call:
        attrs = conv_attributes(
            rank,
            strides,
            padding,
            dilation,
            channels,
            kernel_size,
            groups=groups,
            data_layout=data_layout,
            kernel_layout=kernel_layout,
            out_layout=out_layout,
            out_dtype=out_dtype,
        )
        return Call(op, [data, weight], attrs)

    call.__name__ = call.__qualname__ = name.removeprefix("nn.")
    call.__doc__ = (
        f"Convolution: data `(batch, in, {AXES[rank]})`, weight `(out, in / groups, *kernel_size)`.\n\n"
        "The image becomes as large as there are places for the kernel. With a group for each channel this is a\n"
        f"depthwise convolution.\n{_ATTRIBUTES}"
    )
    return call


conv1d = _convolution("nn.conv1d", 1, 1, 0)
conv2d = _convolution("nn.conv2d", 2, (1, 1), (0, 0))
conv3d = _convolution("nn.conv3d", 3, (1, 1, 1), (0, 0, 0))


def _transposed_convolution(name: str, rank: int) -> Callable[..., Call]:
    """Declare the transposed convolution over `rank` spatial axes, and give the function that calls it."""
    ones, zeros = (1,) * rank, (0,) * rank

    @attributes(f"Conv{rank}DTransposeAttrs")
    class ConvTransposeAttrs(Attrs):
        channels: int | None = None
        kernel_size: Ints | None = None
        strides: Ints = ones
        output_padding: Ints = zeros
        padding: Ints = zeros
        dilation: Ints = ones
        groups: int = 1
        data_layout: str = DATA[rank]
        kernel_layout: str = TRANSPOSED_KERNEL[rank]
        out_layout: str = ""
        out_dtype: str = ""

    op = _define(name, rank, ConvTransposeAttrs, transposed=True)

    def call(
        data: Any,
        weight: Any,
        strides: Any = ones,
        padding: Any = zeros,
        dilation: Any = ones,
        groups: int = 1,
        channels: int | None = None,
        kernel_size: Any = None,
        data_layout: str = DATA[rank],
        kernel_layout: str = TRANSPOSED_KERNEL[rank],
        out_layout: str = "",
        output_padding: Any = zeros,
        out_dtype: str = "",
    ) -> Call:
        attrs = ConvTransposeAttrs(
            channels=channels,
            kernel_size=None if kernel_size is None else sizes(kernel_size, rank),
            strides=sizes(strides, rank),
            output_padding=sizes(output_padding, rank),
            padding=around(padding, rank) if rank > 1 else one_or_both(padding),
            dilation=sizes(dilation, rank),
            groups=groups,
            data_layout=data_layout,
            kernel_layout=kernel_layout,
            out_layout=out_layout,
            out_dtype=out_dtype,
        )
        return Call(op, [data, weight], attrs)

    call.__name__ = call.__qualname__ = name.removeprefix("nn.")
    call.__doc__ = (
        f"Transposed convolution: data `(batch, in, {AXES[rank]})`, weight `(in, out / groups, *kernel_size)`.\n\n"
        "An axis becomes `(size - 1) * stride + reach of the kernel - padding + output_padding` long.\n"
        f"{_ATTRIBUTES}"
    )
    return call


conv1d_transpose = _transposed_convolution("nn.conv1d_transpose", 1)
conv2d_transpose = _transposed_convolution("nn.conv2d_transpose", 2)
conv3d_transpose = _transposed_convolution("nn.conv3d_transpose", 3)
