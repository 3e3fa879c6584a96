"""Operators that only move numbers: flattening, and exchanging channels for places in the image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...expr import Call
from ...ty import TensorType
from ..attrs import Attrs, attributes
from ..layout import transform_layout, transformed_shape
from ..op import OpPattern, define, get
from ..type_relations import tensor


@attributes("SubPixelAttrs")
class SubPixelAttrs(Attrs):
    """Attributes of `nn.depth_to_space` and `nn.space_to_depth`.

    `mode` says which part of the channels is the place in the block: the first (`DCR`) or the last (`CRD`).
    """

    block_size: int = 1
    layout: str = "NCHW"
    mode: str = "DCR"


_MODES = ("DCR", "CRD")


def _flat(types: Sequence[Any], attrs: None) -> TensorType:
    data = tensor(types[0], "the data")
    if not data.shape:
        raise TypeError("the data has rank 0, and its first axis is to stay")
    return TensorType((data.shape[0], math.prod(data.shape[1:])), data.dtype)


def _infer_space(types: Sequence[Any], attrs: SubPixelAttrs) -> TensorType:
    data, block = tensor(types[0], "the data"), _block(attrs)
    batch, channels, height, width = transformed_shape(data.shape, attrs.layout, "NCHW")
    if channels % block**2:
        raise TypeError(f"{channels} channels do not fill blocks of {block} by {block}")
    if attrs.mode not in _MODES:
        raise TypeError(f'mode is "{attrs.mode}": take one of {", ".join(_MODES)}')
    shape = (batch, channels // block**2, height * block, width * block)
    return TensorType(transformed_shape(shape, "NCHW", attrs.layout), data.dtype)


def _infer_depth(types: Sequence[Any], attrs: SubPixelAttrs) -> TensorType:
    data, block = tensor(types[0], "the data"), _block(attrs)
    batch, channels, height, width = transformed_shape(data.shape, attrs.layout, "NCHW")
    if height % block or width % block:
        raise TypeError(f"an image of {height} by {width} does not divide into blocks of {block} by {block}")
    shape = (batch, channels * block**2, height // block, width // block)
    return TensorType(transformed_shape(shape, "NCHW", attrs.layout), data.dtype)


def _block(attrs: SubPixelAttrs) -> int:
    if attrs.block_size < 1:
        raise TypeError(f"block_size is {attrs.block_size}, not 1 or more")
    return attrs.block_size


def _to_space(arrays: Sequence[np.ndarray], attrs: SubPixelAttrs) -> np.ndarray:
    data, b = transform_layout(arrays[0], attrs.layout, "NCHW"), attrs.block_size
    n, c, h, w = data.shape
    if attrs.mode == "DCR":
        moved = data.reshape(n, b, b, c // b**2, h, w).transpose(0, 3, 4, 1, 5, 2)
    else:
        moved = data.reshape(n, c // b**2, b, b, h, w).transpose(0, 1, 4, 2, 5, 3)
    return transform_layout(moved.reshape(n, c // b**2, h * b, w * b), "NCHW", attrs.layout)


def _to_depth(arrays: Sequence[np.ndarray], attrs: SubPixelAttrs) -> np.ndarray:
    data, b = transform_layout(arrays[0], attrs.layout, "NCHW"), attrs.block_size
    n, c, h, w = data.shape
    moved = data.reshape(n, c, h // b, b, w // b, b).transpose(0, 3, 5, 1, 2, 4)
    return transform_layout(moved.reshape(n, c * b**2, h // b, w // b), "NCHW", attrs.layout)


define(
    "nn.batch_flatten",
    inputs=("data",),
    infer=_flat,
    compute=lambda arrays, attrs: arrays[0].reshape(arrays[0].shape[0], math.prod(arrays[0].shape[1:])),
    pattern=OpPattern.INJECTIVE,
    reshapes=True,
)
define(
    "nn.depth_to_space",
    inputs=("data",),
    attrs=SubPixelAttrs,
    infer=_infer_space,
    compute=_to_space,
    pattern=OpPattern.INJECTIVE,
)
define(
    "nn.space_to_depth",
    inputs=("data",),
    attrs=SubPixelAttrs,
    infer=_infer_depth,
    compute=_to_depth,
    pattern=OpPattern.INJECTIVE,
)


def batch_flatten(data: Any) -> Call:
    """All axes but the first as one: `(batch, a, b, ...)` becomes `(batch, a * b * ...)`."""
    return Call(get("nn.batch_flatten"), [data])


def depth_to_space(data: Any, block_size: int, layout: str = "NCHW", mode: str = "DCR") -> Call:
    """Each place's channels spread over a block: `(n, c * b * b, h, w)` becomes `(n, c, h * b, w * b)`."""
    attrs = SubPixelAttrs(block_size=block_size, layout=layout, mode=mode)
    return Call(get("nn.depth_to_space"), [data], attrs)


def space_to_depth(data: Any, block_size: int, layout: str = "NCHW") -> Call:
    """Each block's places gathered in the channels: `(n, c, h * b, w * b)` becomes `(n, b * b * c, h, w)`."""
    attrs = SubPixelAttrs(block_size=block_size, layout=layout, mode="")
    return Call(get("nn.space_to_depth"), [data], attrs)
