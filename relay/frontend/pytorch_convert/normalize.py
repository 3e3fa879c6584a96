"""Normalizations and dropout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import op as _op
from ...expr import const
from .context import Context
from .table import converts


def _ones_and_zeros(channels: int, dtype: str) -> tuple[Any, Any]:
    """The scale and offset of a normalization that has none of its own."""
    return const(np.ones(channels, dtype)), const(np.zeros(channels, dtype))


def _affine(channels: int, dtype: str, weight: Any, bias: Any) -> tuple[Any, Any, dict[str, bool]]:
    ones, zeros = _ones_and_zeros(channels, dtype)
    flags = {"center": bias is not None, "scale": weight is not None}
    return ones if weight is None else weight, zeros if bias is None else bias, flags


@converts("aten::batch_norm")
def batch_norm(
    ctx: Context,
    data: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    training: bool,
    momentum: float,
    eps: float,
) -> Any:
    """Each channel scaled by statistics that training left; by the batch's own where it kept none."""
    if training and running_mean is not None:
        raise ValueError("the network is in training mode: call .eval() on it before it is traced or exported")
    gamma, beta, flags = _affine(ctx.shape(data)[1], ctx.dtype(data), weight, bias)
    if running_mean is None:
        axes = [axis for axis in range(ctx.rank(data)) if axis != 1]
        running_mean, running_var = _op.mean(data, axes), _op.variance(data, axes)
    return _op.nn.batch_norm(data, gamma, beta, running_mean, running_var, axis=1, epsilon=eps, **flags)[0]


@converts("aten::_native_batch_norm_legit_no_training")
def batch_norm_no_training(
    ctx: Context, data: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, momentum: float, eps: float
) -> list[Any]:
    """As `batch_norm`; PyTorch returns statistics beside it, which are empty."""
    return [batch_norm(ctx, data, weight, bias, running_mean, running_var, False, momentum, eps), None, None]


@converts("aten::layer_norm")
def layer_norm(
    ctx: Context, data: Any, normalized_shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Over the last axes together; Relay's operator does one, so several are made one and taken apart again."""
    size = math.prod(normalized_shape)
    gamma, beta, flags = _affine(size, ctx.dtype(data), weight, bias)
    if len(normalized_shape) == 1:
        return _op.nn.layer_norm(data, gamma, beta, axis=-1, epsilon=eps, **flags)
    shape = ctx.shape(data)
    flat = _op.reshape(data, [*shape[: len(shape) - len(normalized_shape)], size])
    gamma = gamma if weight is None else _op.reshape(gamma, [size])
    beta = beta if bias is None else _op.reshape(beta, [size])
    return _op.reshape(_op.nn.layer_norm(flat, gamma, beta, axis=-1, epsilon=eps, **flags), list(shape))


@converts("aten::native_layer_norm")
def native_layer_norm(
    ctx: Context, data: Any, normalized_shape: Sequence[int], weight: Any, bias: Any, eps: float
) -> list[Any]:
    """As `layer_norm`; PyTorch returns the statistics beside it."""
    return [layer_norm(ctx, data, normalized_shape, weight, bias, eps), None, None]


@converts("aten::rms_norm")
def rms_norm(
    ctx: Context, data: Any, normalized_shape: Sequence[int], weight: Any = None, eps: float | None = None
) -> Any:
    """`data / sqrt(mean(data**2) + eps) * weight` (Zhang and Sennrich 2019)."""
    dtype = ctx.dtype(data)
    axes = [-1 - axis for axis in reversed(range(len(normalized_shape)))]
    square = _op.mean(_op.multiply(data, data), axes, keepdims=True)
    scaled = _op.multiply(data, _op.rsqrt(_op.add(square, const(np.finfo(dtype).eps if eps is None else eps, dtype))))
    return scaled if weight is None else _op.multiply(scaled, weight)


@converts("aten::group_norm")
def group_norm(
    ctx: Context, data: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Over groups of channels."""
    gamma, beta, flags = _affine(ctx.shape(data)[1], ctx.dtype(data), weight, bias)
    return _op.nn.group_norm(data, gamma, beta, num_groups, axis=1, epsilon=eps, **flags)


@converts("aten::native_group_norm")
def native_group_norm(
    ctx: Context, data: Any, weight: Any, bias: Any, N: Any, C: Any, HxW: Any, group: int, eps: float
) -> list[Any]:
    """As `group_norm`; PyTorch returns the statistics beside it."""
    return [group_norm(ctx, data, group, weight, bias, eps), None, None]


@converts("aten::instance_norm")
def instance_norm(
    ctx: Context,
    data: Any,
    weight: Any,
    bias: Any,
    running_mean: Any,
    running_var: Any,
    use_input_stats: bool,
    momentum: float,
    eps: float,
) -> Any:
    """Over each channel of each image; with statistics kept from training, it is a batch norm."""
    if not use_input_stats:
        return batch_norm(ctx, data, weight, bias, running_mean, running_var, False, momentum, eps)
    gamma, beta, flags = _affine(ctx.shape(data)[1], ctx.dtype(data), weight, bias)
    return _op.nn.instance_norm(data, gamma, beta, axis=1, epsilon=eps, **flags)


@converts("aten::dropout", "aten::feature_dropout", "aten::alpha_dropout", "aten::feature_alpha_dropout")
def dropout(ctx: Context, data: Any, p: float, train: bool) -> Any:
    """Nothing at inference; SimplifyInference takes it out."""
    return _op.nn.dropout(data, float(p))
