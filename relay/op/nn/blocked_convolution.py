"""Convolutions whose channels lie in blocks, as a processor with vectors wants them: `NCHW16c`, `OIHW16i16o`.

`AlterOpLayout` makes them of `nn.conv2d`. They compute what that computes. The weight's last blocks may be part
filling: three inputs in a block of four.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...expr import Call
from ...ty import TensorType
from ..layout import transform_layout, transformed_shape
from ..op import OpPattern, define
from ..type_relations import tensor
from .convolution import KERNEL, conv_attributes, convolve, result_type
from .windows import DATA, output_size, padded, sizes


def plain_weight_shape(taken: int, attrs: Any) -> tuple[int, ...]:
    """The shape `(out, in / groups, height, width)` of the weight for data with `taken` channels.

    Raises `TypeError` where the attributes do not say it.
    """
    if attrs.channels is None or attrs.kernel_size is None:
        raise TypeError("channels and kernel_size are not given, and the blocks of a weight do not tell: give both")
    channels, groups = attrs.channels, attrs.groups
    if taken % groups or channels % groups:
        raise TypeError(f"{taken} channels and the {channels} of the result cannot be shared out among {groups} groups")
    return channels, taken // groups, *attrs.kernel_size


def _weight_shape(data: TensorType, attrs: Any) -> list[int]:
    taken = transformed_shape(data.concrete_shape, attrs.data_layout, DATA[2])[1]
    return transformed_shape(plain_weight_shape(taken, attrs), KERNEL[2], attrs.kernel_layout)


def _complete(types: Sequence[Any], attrs: Any) -> Sequence[Any]:
    data, weight = types
    if weight is None and data is not None:
        weight = TensorType(_weight_shape(data, attrs), data.dtype)
    return data, weight


def _infer(types: Sequence[Any], attrs: Any) -> TensorType:
    data, weight = tensor(types[0], "the data"), tensor(types[1], "the weight")
    wanted = tuple(_weight_shape(data, attrs))
    if weight.concrete_shape != wanted:
        raise TypeError(
            f"the weight has the shape {weight.concrete_shape}, and {attrs.channels} channels with a kernel of "
            f"{list(attrs.kernel_size)} in the layout {attrs.kernel_layout} have {wanted}"
        )
    batch, _, *image = transformed_shape(data.concrete_shape, attrs.data_layout, DATA[2])
    found = output_size(image, attrs.kernel_size, attrs.strides, attrs.dilation, attrs.padding)
    return result_type(data, (batch, attrs.channels, *found), attrs, 2)


def _compute(arrays: Sequence[np.ndarray], attrs: Any) -> np.ndarray:
    data = transform_layout(arrays[0], attrs.data_layout, DATA[2])
    weight = transform_layout(arrays[1], attrs.kernel_layout, KERNEL[2])
    real = tuple(slice(0, size) for size in plain_weight_shape(data.shape[1], attrs))
    found = convolve(
        padded(data, attrs.padding),
        weight[real],
        sizes(attrs.strides, 2),
        sizes(attrs.dilation, 2),
        attrs.groups,
        attrs.out_dtype or str(data.dtype),
    )
    return transform_layout(found, DATA[2], attrs.out_layout or attrs.data_layout)


def _convolution(name: str, meaning: str) -> Callable[..., Call]:
    """Declare a convolution of that name, and give the function that calls it."""
    op = define(
        name,
        inputs=("data", "weight"),
        attrs=type(conv_attributes(2, 1, 0, 1, None, None)),
        infer=_infer,
        complete=_complete,
        compute=_compute,
        pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
    )

    def call(
        data: Any,
        kernel: Any,
        strides: Any = (1, 1),
        padding: Any = (0, 0),
        dilation: Any = (1, 1),
        groups: int = 1,
        channels: int | None = None,
        kernel_size: Any = None,
        data_layout: str = "NCHW8c",
        kernel_layout: str = "OIHW",
        out_layout: str = "",
        out_dtype: str = "",
    ) -> Call:
        attrs = conv_attributes(
            2,
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
        return Call(op, [data, kernel], attrs)

    call.__name__ = call.__qualname__ = name.removeprefix("nn.").lower()
    call.__doc__ = f"""{meaning}

    Data `(batch, in / 8, height, width, 8)` for the layout `NCHW8c`; the weight's shape follows from `kernel_layout`.
    The result has the data's dtype and layout, or `out_dtype` and `out_layout`. `InferType` raises `TypeError` where
    `channels` or `kernel_size` is not given, or the shapes and attributes do not fit together.
    """
    return call


contrib_conv2d_nchwc = _convolution("nn.contrib_conv2d_NCHWc", "`nn.conv2d` of data with its channels in blocks.")
contrib_depthwise_conv2d_nchwc = _convolution(
    "nn.contrib_depthwise_conv2d_NCHWc", "The same with one group for each channel: `groups` is their number."
)
