"""Making an image larger by a factor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...expr import Call
from ...ty import TensorType
from ..attrs import Attrs, attributes
from ..image import resize
from ..layout import transform_layout, transformed_shape
from ..op import OpPattern, define, get
from ..type_relations import tensor


@attributes("UpSamplingAttrs")
class UpSamplingAttrs(Attrs):
    """Attributes of `nn.upsampling`."""

    scale_h: float
    scale_w: float
    layout: str = "NCHW"
    method: str = "nearest_neighbor"
    align_corners: bool = False


_METHODS = {"nearest_neighbor": "nearest_neighbor", "bilinear": "linear", "bicubic": "cubic"}


def _infer(types: Sequence[Any], attrs: UpSamplingAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    batch, channels, *image = transformed_shape(data.shape, attrs.layout, "NCHW")
    size = _size(image, attrs)
    if min(size) < 1:
        raise TypeError(f"an image of {image} scaled by {attrs.scale_h} and {attrs.scale_w} has nothing left")
    if attrs.method not in _METHODS:
        raise TypeError(f'method is "{attrs.method}": take one of {", ".join(_METHODS)}')
    return TensorType(transformed_shape((batch, channels, *size), "NCHW", attrs.layout), data.dtype)


def _size(image: Sequence[int], attrs: UpSamplingAttrs) -> tuple[int, int]:
    return round(image[0] * attrs.scale_h), round(image[1] * attrs.scale_w)


def _compute(arrays: Sequence[np.ndarray], attrs: UpSamplingAttrs) -> np.ndarray:
    data, method = transform_layout(arrays[0], attrs.layout, "NCHW"), _METHODS[attrs.method]
    mode = "align_corners" if attrs.align_corners else "asymmetric"
    resized = resize(data, _size(data.shape[2:], attrs), method, mode)
    return transform_layout(resized.astype(data.dtype, copy=False), "NCHW", attrs.layout)


define(
    "nn.upsampling",
    inputs=("data",),
    attrs=UpSamplingAttrs,
    infer=_infer,
    compute=_compute,
    pattern=OpPattern.INJECTIVE,
)


def upsampling(
    data: Any,
    scale_h: float = 1,
    scale_w: float = 1,
    layout: str = "NCHW",
    method: str = "nearest_neighbor",
    align_corners: bool = False,
) -> Call:
    """`data` `(batch, channels, height, width)` made `height * scale_h` high and `width * scale_w` wide.

    Sizes are rounded, halves to the even number; the dtype stays. `method` is `nearest_neighbor`, `bilinear` or
    `bicubic`.
    """
    attrs = UpSamplingAttrs(scale_h=scale_h, scale_w=scale_w, layout=layout, method=method, align_corners=align_corners)
    return Call(get("nn.upsampling"), [data], attrs)
