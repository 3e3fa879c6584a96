"""Normalizations: subtract a mean, divide by a spread, scale and shift; and the two that only divide.

They differ in what the mean and the spread are taken over: `nn.batch_norm` is given them, `nn.layer_norm` takes
one axis, `nn.instance_norm` an image's channel, `nn.group_norm` several channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...expr import Call, TupleWrapper
from ...ty import TensorType, TupleType
from ..attrs import Attrs, Ints, attributes
from ..op import OpPattern, define, get
from ..type_relations import axis_of, tensor
from .channels import along, channel_complete, check_channels


@attributes("BatchNormAttrs")
class BatchNormAttrs(Attrs):
    """Attributes of `nn.batch_norm`: whether there is a shift (`center`) and a factor (`scale`)."""

    axis: int = 1
    epsilon: float = 1e-5
    center: bool = True
    scale: bool = True


@attributes("LayerNormAttrs")
class LayerNormAttrs(Attrs):
    """Attributes of `nn.layer_norm`: the axis that is normalized."""

    axis: int = -1
    epsilon: float = 1e-5
    center: bool = True
    scale: bool = True


@attributes("InstanceNormAttrs")
class InstanceNormAttrs(Attrs):
    """Attributes of `nn.instance_norm`: the axis of the channels."""

    axis: int = 1
    epsilon: float = 1e-5
    center: bool = True
    scale: bool = True


@attributes("GroupNormAttrs")
class GroupNormAttrs(Attrs):
    """Attributes of `nn.group_norm`: how many groups the channels on `axis` fall into."""

    num_groups: int = 0
    axis: int = 1
    epsilon: float = 1e-5
    center: bool = True
    scale: bool = True


@attributes("L2NormalizeAttrs")
class L2NormalizeAttrs(Attrs):
    """Attributes of `nn.l2_normalize`: the least square length, and the axes that make up a vector, or None for all."""

    eps: float
    axis: Ints | None


@attributes("LRNAttrs")
class LRNAttrs(Attrs):
    """Attributes of `nn.lrn`."""

    size: int = 5
    axis: int = 1
    bias: float = 2.0
    alpha: float = 1e-4
    beta: float = 0.75
    norm_region: str = "ACROSS_CHANNELS"


_AFFINE = ("gamma", "beta")


def _infer_batch_norm(types: Sequence[Any], attrs: BatchNormAttrs) -> TupleType:
    data = check_channels(types, (*_AFFINE, "moving_mean", "moving_var"), attrs.axis)
    return TupleType([data, types[3], types[4]])


def _infer_affine(types: Sequence[Any], attrs: Any) -> TensorType:
    return check_channels(types, _AFFINE, attrs.axis)


def _infer_group_norm(types: Sequence[Any], attrs: GroupNormAttrs) -> TensorType:
    data = check_channels(types, _AFFINE, attrs.axis)
    channels = data.shape[axis_of(attrs.axis, len(data.shape))]
    if attrs.num_groups < 1 or channels % attrs.num_groups:
        raise TypeError(f"{channels} channels do not fall into {attrs.num_groups} groups of one size")
    return data


def _infer_l2_normalize(types: Sequence[Any], attrs: L2NormalizeAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    for axis in attrs.axis or ():
        axis_of(axis, len(data.shape))
    return data


def _infer_lrn(types: Sequence[Any], attrs: LRNAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    axis_of(attrs.axis, len(data.shape))
    if attrs.norm_region != "ACROSS_CHANNELS":
        raise TypeError(f'norm_region is "{attrs.norm_region}", and only "ACROSS_CHANNELS" is computed')
    return data


def _wide(data: np.ndarray) -> np.ndarray:
    """In float32 at least: sums of float16 lose too much."""
    return data.astype(np.result_type(data.dtype, np.float32), copy=False)


def _affine(normal: np.ndarray, gamma: np.ndarray, beta: np.ndarray, attrs: Any, dtype: np.dtype) -> np.ndarray:
    """`normal * gamma + beta` along the axis of the channels, each where the attributes ask for it."""
    if attrs.scale:
        normal = normal * along(gamma, attrs.axis, normal.ndim)
    if attrs.center:
        normal = normal + along(beta, attrs.axis, normal.ndim)
    return normal.astype(dtype, copy=False)


def _standardized(data: np.ndarray, axes: tuple[int, ...], epsilon: float) -> np.ndarray:
    """`data` with mean zero and variance one over `axes`."""
    wide = _wide(data)
    centered = wide - wide.mean(axis=axes, keepdims=True)
    variance = np.square(centered).mean(axis=axes, keepdims=True)
    return centered / np.sqrt(variance + wide.dtype.type(epsilon))


def _batch_norm(arrays: Sequence[np.ndarray], attrs: BatchNormAttrs) -> tuple[np.ndarray, ...]:
    data, gamma, beta, mean, variance = arrays
    spread = np.sqrt(_wide(variance) + np.float32(attrs.epsilon))
    normal = (data - along(mean, attrs.axis, data.ndim)) / along(spread, attrs.axis, data.ndim)
    return _affine(normal, gamma, beta, attrs, data.dtype), mean, variance


def _layer_norm(arrays: Sequence[np.ndarray], attrs: LayerNormAttrs) -> np.ndarray:
    data, gamma, beta = arrays
    return _affine(_standardized(data, (attrs.axis,), attrs.epsilon), gamma, beta, attrs, data.dtype)


def _instance_norm(arrays: Sequence[np.ndarray], attrs: InstanceNormAttrs) -> np.ndarray:
    data, gamma, beta = arrays
    axes = tuple(axis for axis in range(1, data.ndim) if axis != attrs.axis % data.ndim)
    return _affine(_standardized(data, axes, attrs.epsilon), gamma, beta, attrs, data.dtype)


def _group_norm(arrays: Sequence[np.ndarray], attrs: GroupNormAttrs) -> np.ndarray:
    data, gamma, beta = arrays
    axis = attrs.axis % data.ndim
    each = data.shape[axis] // attrs.num_groups
    split = data.reshape(*data.shape[:axis], attrs.num_groups, each, *data.shape[axis + 1 :])
    axes = tuple(i for i in range(1, split.ndim) if i != axis)
    normal = _standardized(split, axes, attrs.epsilon).reshape(data.shape)
    return _affine(normal, gamma, beta, attrs, data.dtype)


def _l2_normalize(arrays: Sequence[np.ndarray], attrs: L2NormalizeAttrs) -> np.ndarray:
    wide = _wide(arrays[0])
    axes = None if attrs.axis is None else tuple(attrs.axis)
    square = np.square(wide).sum(axis=axes, keepdims=True)
    return (wide / np.sqrt(np.maximum(square, wide.dtype.type(attrs.eps)))).astype(arrays[0].dtype, copy=False)


def _lrn(arrays: Sequence[np.ndarray], attrs: LRNAttrs) -> np.ndarray:
    wide = np.moveaxis(_wide(arrays[0]), attrs.axis, -1)
    around = [(0, 0)] * (wide.ndim - 1) + [(attrs.size // 2, (attrs.size - 1) // 2)]
    squares = np.lib.stride_tricks.sliding_window_view(np.pad(np.square(wide), around), attrs.size, axis=-1)
    scale, bias = wide.dtype.type(attrs.alpha / attrs.size), wide.dtype.type(attrs.bias)
    normal = wide / (bias + scale * squares.sum(axis=-1)) ** wide.dtype.type(attrs.beta)
    return np.moveaxis(normal, -1, attrs.axis).astype(arrays[0].dtype, copy=False)


define(
    "nn.batch_norm",
    inputs=("data", "gamma", "beta", "moving_mean", "moving_var"),
    attrs=BatchNormAttrs,
    infer=_infer_batch_norm,
    complete=channel_complete,
    compute=_batch_norm,
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)
define(
    "nn.layer_norm",
    inputs=("data", "gamma", "beta"),
    attrs=LayerNormAttrs,
    infer=_infer_affine,
    complete=channel_complete,
    compute=_layer_norm,
    pattern=None,
)
define(
    "nn.instance_norm",
    inputs=("data", "gamma", "beta"),
    attrs=InstanceNormAttrs,
    infer=_infer_affine,
    complete=channel_complete,
    compute=_instance_norm,
    pattern=None,
)
define(
    "nn.group_norm",
    inputs=("data", "gamma", "beta"),
    attrs=GroupNormAttrs,
    infer=_infer_group_norm,
    complete=channel_complete,
    compute=_group_norm,
    pattern=None,
)
define(
    "nn.l2_normalize",
    inputs=("data",),
    attrs=L2NormalizeAttrs,
    infer=_infer_l2_normalize,
    compute=_l2_normalize,
    pattern=None,
)
define("nn.lrn", inputs=("data",), attrs=LRNAttrs, infer=_infer_lrn, compute=_lrn, pattern=OpPattern.OPAQUE)


def batch_norm(
    data: Any,
    gamma: Any,
    beta: Any,
    moving_mean: Any,
    moving_var: Any,
    axis: int = 1,
    epsilon: float = 1e-5,
    center: bool = True,
    scale: bool = True,
) -> TupleWrapper:
    """`(data - moving_mean) / sqrt(moving_var + epsilon) * gamma + beta`, each a vector along `axis`.

    Three results: the data normalized, the mean and the variance. Ioffe and Szegedy, "Batch Normalization", 2015.
    """
    attrs = BatchNormAttrs(axis=axis, epsilon=epsilon, center=center, scale=scale)
    return TupleWrapper(Call(get("nn.batch_norm"), [data, gamma, beta, moving_mean, moving_var], attrs), 3)


def layer_norm(
    data: Any,
    gamma: Any,
    beta: Any,
    axis: int = -1,
    epsilon: float = 1e-5,
    center: bool = True,
    scale: bool = True,
) -> Call:
    """`data` with mean 0 and variance 1 along `axis`, times `gamma`, plus `beta`: vectors along that axis.

    Ba et al., "Layer Normalization", 2016.
    """
    attrs = LayerNormAttrs(axis=axis, epsilon=epsilon, center=center, scale=scale)
    return Call(get("nn.layer_norm"), [data, gamma, beta], attrs)


def instance_norm(
    data: Any,
    gamma: Any,
    beta: Any,
    axis: int = 1,
    epsilon: float = 1e-5,
    center: bool = True,
    scale: bool = True,
) -> Call:
    """`data` with mean 0 and variance 1 over each channel of each image, times `gamma`, plus `beta` along `axis`.

    Axis 0 is the batch. Ulyanov et al., "Instance Normalization", 2016.
    """
    attrs = InstanceNormAttrs(axis=axis, epsilon=epsilon, center=center, scale=scale)
    return Call(get("nn.instance_norm"), [data, gamma, beta], attrs)


def group_norm(
    data: Any,
    gamma: Any,
    beta: Any,
    num_groups: int,
    axis: int = 1,
    epsilon: float = 1e-5,
    center: bool = True,
    scale: bool = True,
) -> Call:
    """`data` with mean 0 and variance 1 over groups of neighbouring channels, times `gamma`, plus `beta` along `axis`.

    Axis 0 is the batch. Wu and He, "Group Normalization", 2018.
    """
    attrs = GroupNormAttrs(num_groups=num_groups, axis=axis, epsilon=epsilon, center=center, scale=scale)
    return Call(get("nn.group_norm"), [data, gamma, beta], attrs)


def l2_normalize(data: Any, eps: float, axis: Sequence[int] | None = None) -> Call:
    """`data / sqrt(max(sum(data ** 2), eps))`, the sum over the axes given, or over all; any shape, the dtype stays."""
    return Call(get("nn.l2_normalize"), [data], L2NormalizeAttrs(eps=eps, axis=axis))


def lrn(
    data: Any,
    size: int = 5,
    axis: int = 1,
    bias: float = 2,
    alpha: float = 1e-5,
    beta: float = 0.75,
    norm_region: str = "ACROSS_CHANNELS",
) -> Call:
    """`data / (bias + alpha / size * sum(data ** 2)) ** beta`, the sum over `size` neighbours along `axis`.

    Any shape, the dtype stays. `InferType` raises `TypeError` for another `norm_region`.
    Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012.
    """
    attrs = LRNAttrs(size=size, axis=axis, bias=bias, alpha=alpha, beta=beta, norm_region=norm_region)
    return Call(get("nn.lrn"), [data], attrs)
