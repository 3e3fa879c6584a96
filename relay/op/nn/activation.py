"""Activations: functions of one number that bend the straight line between two layers, and softmax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...expr import Call
from ...ty import TensorType
from ..attrs import Attrs, attributes
from ..op import OpPattern, define, get
from ..type_relations import axis_of, identity, tensor
from .channels import along, channel_complete, check_channels


@attributes("LeakyReluAttrs")
class LeakyReluAttrs(Attrs):
    """Attributes of `nn.leaky_relu`: the slope for negative numbers."""

    alpha: float = 0.25


@attributes("PReluAttrs")
class PReluAttrs(Attrs):
    """Attributes of `nn.prelu`: the axis that has a slope for each of its places."""

    axis: int = 1


@attributes("SoftmaxAttrs")
class SoftmaxAttrs(Attrs):
    """Attributes of `nn.softmax` and `nn.log_softmax`: the axis along which the results add up to one."""

    axis: int = -1


def _infer_prelu(types: Sequence[Any], attrs: PReluAttrs) -> TensorType:
    return check_channels(types, ("the slopes",), attrs.axis)


def _infer_softmax(types: Sequence[Any], attrs: SoftmaxAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    axis_of(attrs.axis, len(data.shape))
    return data


def _leaky_relu(arrays: Sequence[np.ndarray], attrs: LeakyReluAttrs) -> np.ndarray:
    (data,) = arrays
    return np.where(data > 0, data, data * data.dtype.type(attrs.alpha))


def _prelu(arrays: Sequence[np.ndarray], attrs: PReluAttrs) -> np.ndarray:
    data, alpha = arrays
    return np.where(data > 0, data, data * along(alpha, attrs.axis, data.ndim))


def _shifted(data: np.ndarray, axis: int) -> np.ndarray:
    """`data` less its maximum along the axis, so that no exponential overflows; in float32 at least."""
    wide = data.astype(np.result_type(data.dtype, np.float32), copy=False)
    return wide - wide.max(axis=axis, keepdims=True)


def _softmax(arrays: Sequence[np.ndarray], attrs: SoftmaxAttrs) -> np.ndarray:
    powers = np.exp(_shifted(arrays[0], attrs.axis))
    return (powers / powers.sum(axis=attrs.axis, keepdims=True)).astype(arrays[0].dtype, copy=False)


def _log_softmax(arrays: Sequence[np.ndarray], attrs: SoftmaxAttrs) -> np.ndarray:
    shifted = _shifted(arrays[0], attrs.axis)
    total = np.log(np.exp(shifted).sum(axis=attrs.axis, keepdims=True))
    return (shifted - total).astype(arrays[0].dtype, copy=False)


define(
    "nn.relu",
    inputs=("data",),
    infer=identity,
    compute=lambda arrays, attrs: np.maximum(arrays[0], arrays[0].dtype.type(0)),
    pattern=OpPattern.ELEMWISE,
)
define(
    "nn.leaky_relu",
    inputs=("data",),
    attrs=LeakyReluAttrs,
    infer=identity,
    compute=_leaky_relu,
    pattern=OpPattern.ELEMWISE,
)
define(
    "nn.prelu",
    inputs=("data", "alpha"),
    attrs=PReluAttrs,
    infer=_infer_prelu,
    complete=channel_complete,
    compute=_prelu,
    pattern=OpPattern.BROADCAST,
)
define(
    "nn.softmax",
    inputs=("data",),
    attrs=SoftmaxAttrs,
    infer=_infer_softmax,
    compute=_softmax,
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)
define(
    "nn.log_softmax",
    inputs=("data",),
    attrs=SoftmaxAttrs,
    infer=_infer_softmax,
    compute=_log_softmax,
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)


def relu(data: Any) -> Call:
    """`max(data, 0)`, element by element; any shape, the dtype stays."""
    return Call(get("nn.relu"), [data])


def leaky_relu(data: Any, alpha: float = 0.01) -> Call:
    """`data` where it is positive, `alpha * data` elsewhere; any shape, the dtype stays."""
    return Call(get("nn.leaky_relu"), [data], LeakyReluAttrs(alpha=alpha))


def prelu(data: Any, alpha: Any, axis: int = 1) -> Call:
    """`data` where it is positive, `alpha * data` elsewhere; `alpha` has one slope for each place along `axis`.

    He et al., "Delving Deep into Rectifiers", 2015.
    """
    return Call(get("nn.prelu"), [data, alpha], PReluAttrs(axis=axis))


def softmax(data: Any, axis: int = -1) -> Call:
    """`exp(data) / sum(exp(data))` along `axis`; any shape, the dtype stays."""
    return Call(get("nn.softmax"), [data], SoftmaxAttrs(axis=axis))


def log_softmax(data: Any, axis: int = -1) -> Call:
    """`data - log(sum(exp(data)))` along `axis`; any shape, the dtype stays."""
    return Call(get("nn.log_softmax"), [data], SoftmaxAttrs(axis=axis))
