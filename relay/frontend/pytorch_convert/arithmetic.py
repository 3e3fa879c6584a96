"""Operators that work element by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import op as _op
from ...expr import const
from .context import Context, is_expr, is_float
from .table import converts

# What PyTorch and Relay both have, under these names, for a tensor of any dtype.
for _kind in ("abs", "ceil", "floor", "round", "sign", "trunc"):
    converts(f"aten::{_kind}")(lambda ctx, data, decimals=0, name=_kind: _whole(getattr(_op, name), data, decimals))
for _kind in (
    *("acos", "asin", "atan", "cos", "cosh", "erf", "exp", "log", "log2", "log10", "rsqrt", "sigmoid"),
    *("sin", "sinh", "sqrt", "tan", "tanh"),
):
    converts(f"aten::{_kind}")(lambda ctx, data, name=_kind: getattr(_op, name)(_floating(ctx, data)))
for _kind, _name in {
    "maximum": "maximum",
    "minimum": "minimum",
    "floor_divide": "floor_divide",
    "eq": "equal",
    "ne": "not_equal",
    "lt": "less",
    "le": "less_equal",
    "gt": "greater",
    "ge": "greater_equal",
}.items():
    converts(f"aten::{_kind}", numbers=True)(
        lambda ctx, data, other, name=_name: getattr(_op, name)(*ctx.promote(data, other))
    )
for _kind in ("isnan", "isfinite", "isinf"):
    converts(f"aten::{_kind}")(lambda ctx, data, name=_kind: getattr(_op, name)(data))
for _kind in ("logical_and", "logical_or", "logical_xor"):
    converts(f"aten::{_kind}")(lambda ctx, data, other, name=_kind: _logical(name, data, other))
for _kind in ("and", "or", "xor"):
    converts(f"aten::bitwise_{_kind}", f"aten::__{_kind}__")(
        lambda ctx, data, other, name=_kind: _bitwise(ctx, name, data, other)
    )
converts("aten::neg")(lambda ctx, data: _op.negative(data))
converts("aten::logical_not")(lambda ctx, data: _op.logical_not(_op.cast(data, "bool")))


def _whole(operator: Callable[[Any], Any], data: Any, decimals: int) -> Any:
    if decimals:
        raise NotImplementedError(f"rounding to {decimals} decimals has no counterpart in Relay")
    return operator(data)


def _floating(ctx: Context, data: Any) -> Any:
    """Integers as the default dtype, which a function such as the square root gives them in PyTorch."""
    return data if is_float(ctx.dtype(data)) else _op.cast(data, ctx.default_dtype)


def _logical(name: str, data: Any, other: Any) -> Any:
    return getattr(_op, name)(_op.cast(data, "bool"), _op.cast(other, "bool"))


def _bitwise(ctx: Context, name: str, data: Any, other: Any) -> Any:
    """`a & b`; of booleans, it is the logical one."""
    lhs, rhs = ctx.promote(data, other)
    return getattr(_op, f"{'logical' if ctx.dtype(lhs) == 'bool' else 'bitwise'}_{name}")(lhs, rhs)


@converts("aten::bitwise_not")
def bitwise_not(ctx: Context, data: Any) -> Any:
    """`~a`; of booleans, it is the logical one."""
    return _op.logical_not(_op.cast(data, "bool")) if ctx.dtype(data) == "bool" else _op.bitwise_not(data)


@converts("aten::add", numbers=True)
def add(ctx: Context, data: Any, other: Any, alpha: Any = 1) -> Any:
    """`data + alpha * other`."""
    lhs, rhs = ctx.promote(data, other)
    return _op.add(lhs, rhs if alpha == 1 else _op.multiply(rhs, const(alpha, ctx.dtype(lhs))))


@converts("aten::sub", numbers=True)
def sub(ctx: Context, data: Any, other: Any, alpha: Any = 1) -> Any:
    """`data - alpha * other`; Relay's importer writes the multiplication out even by 1."""
    lhs, rhs = ctx.promote(data, other)
    return _op.subtract(lhs, _op.multiply(const(alpha, ctx.dtype(lhs)), rhs))


@converts("aten::rsub", numbers=True)
def rsub(ctx: Context, data: Any, other: Any, alpha: Any = 1) -> Any:
    """`other - alpha * data`."""
    lhs, rhs = ctx.promote(data, other)
    return _op.subtract(rhs, _op.multiply(const(alpha, ctx.dtype(lhs)), lhs))


@converts("aten::mul", numbers=True)
def mul(ctx: Context, data: Any, other: Any) -> Any:
    """`data * other`."""
    return _op.multiply(*ctx.promote(data, other))


@converts("aten::div", numbers=True)
def div(ctx: Context, data: Any, other: Any, rounding_mode: str | None = None) -> Any:
    """`data / other`, rounded if asked; two integers make a float unless the result is rounded."""
    lhs, rhs = ctx.promote(data, other, floating=rounding_mode is None)
    if rounding_mode == "floor":
        return _op.floor_divide(lhs, rhs)
    quotient = _op.divide(lhs, rhs)
    return _op.trunc(quotient) if rounding_mode == "trunc" and is_float(ctx.dtype(lhs)) else quotient


@converts("aten::remainder", numbers=True)
def remainder(ctx: Context, data: Any, other: Any) -> Any:
    """`data % other`, with the sign of `other`."""
    return _op.floor_mod(*ctx.promote(data, other))


@converts("aten::pow", numbers=True)
def power(ctx: Context, data: Any, exponent: Any) -> Any:
    """`data ** exponent`."""
    return _op.power(*ctx.promote(data, exponent))


@converts("aten::square")
def square(ctx: Context, data: Any) -> Any:
    """`data ** 2`."""
    return _op.power(*ctx.promote(data, 2))


@converts("aten::reciprocal")
def reciprocal(ctx: Context, data: Any) -> Any:
    """`1 / data`."""
    data = _floating(ctx, data)
    return _op.divide(const(1.0, ctx.dtype(data)), data)


@converts("aten::log1p")
def log1p(ctx: Context, data: Any) -> Any:
    """`log(1 + data)`."""
    data = _floating(ctx, data)
    return _op.log(_op.add(data, const(1.0, ctx.dtype(data))))


@converts("aten::expm1")
def expm1(ctx: Context, data: Any) -> Any:
    """`exp(data) - 1`."""
    data = _floating(ctx, data)
    return _op.subtract(_op.exp(data), const(1.0, ctx.dtype(data)))


@converts("aten::addcmul")
def addcmul(ctx: Context, data: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
    """`data + value * tensor1 * tensor2`."""
    return _op.add(data, _op.multiply(const(value, ctx.dtype(data)), _op.multiply(tensor1, tensor2)))


@converts("aten::addcdiv")
def addcdiv(ctx: Context, data: Any, tensor1: Any, tensor2: Any, value: Any = 1) -> Any:
    """`data + value * tensor1 / tensor2`."""
    return _op.add(data, _op.multiply(const(value, ctx.dtype(data)), _op.divide(tensor1, tensor2)))


@converts("aten::lerp")
def lerp(ctx: Context, data: Any, end: Any, weight: Any) -> Any:
    """`data + weight * (end - data)`."""
    return _op.add(data, _op.multiply(*ctx.promote(weight, _op.subtract(end, data))))


@converts("aten::clamp", "aten::clip")
def clamp(ctx: Context, data: Any, min: Any = None, max: Any = None) -> Any:
    """Between two bounds, each a number, a tensor or `None`."""
    tensors = [bound for bound in (min, max) if is_expr(bound)]
    if tensors and any(ctx.rank(bound) for bound in tensors):
        return clamp_to_tensors(ctx, data, min, max)
    dtype = ctx.dtype(data)
    limits: Any = np.finfo("float32") if is_float(dtype) else np.iinfo(dtype)
    low, high = (None if bound is None else ctx.number(bound, "a bound of clamp") for bound in (min, max))
    return _op.clip(data, limits.min if low is None else low, limits.max if high is None else high)


def clamp_to_tensors(ctx: Context, data: Any, low: Any, high: Any) -> Any:
    """Bounds that differ from element to element."""
    if low is not None:
        data = _op.maximum(*ctx.promote(data, low))
    return data if high is None else _op.minimum(*ctx.promote(data, high))


@converts("aten::clamp_min")
def clamp_min(ctx: Context, data: Any, min: Any) -> Any:
    """No smaller than `min`."""
    return clamp(ctx, data, min, None)


@converts("aten::clamp_max")
def clamp_max(ctx: Context, data: Any, max: Any) -> Any:
    """No larger than `max`."""
    return clamp(ctx, data, None, max)


@converts("aten::where")
def where(ctx: Context, condition: Any, self: Any, other: Any) -> Any:
    """`self` where the condition holds, `other` elsewhere."""
    return _op.where(ctx.cast(condition, "bool"), *ctx.promote(self, other))


@converts("aten::masked_fill")
def masked_fill(ctx: Context, data: Any, mask: Any, value: Any) -> Any:
    """`value` where the mask holds."""
    filling = value if is_expr(value) else const(value)
    return _op.where(ctx.cast(mask, "bool"), _op.cast(filling, ctx.dtype(data)), data)


# Activations.

converts("aten::relu")(lambda ctx, data: _op.nn.relu(data))
converts("aten::relu6")(lambda ctx, data: _op.clip(data, 0.0, 6.0))
converts("aten::silu")(lambda ctx, data: _op.multiply(data, _op.sigmoid(data)))


@converts("aten::hardtanh")
def hardtanh(ctx: Context, data: Any, min_val: float = -1, max_val: float = 1) -> Any:
    """Clipped to `[min_val, max_val]`."""
    return _op.clip(data, float(min_val), float(max_val))


@converts("aten::leaky_relu")
def leaky_relu(ctx: Context, data: Any, negative_slope: float = 0.01) -> Any:
    """A slope below zero."""
    return _op.nn.leaky_relu(data, float(negative_slope))


@converts("aten::prelu", "aten::_prelu_kernel")
def prelu(ctx: Context, data: Any, weight: Any) -> Any:
    """A slope below zero for each channel; one slope is broadcast to all."""
    shape = ctx.shape(data)
    channels = shape[1] if len(shape) > 1 else shape[0]
    count = int(np.prod(ctx.shape(weight)))
    if ctx.rank(weight) != 1:
        weight = _op.reshape(weight, [count])
    return _op.nn.prelu(data, _op.broadcast_to(weight, [channels]), axis=1 if len(shape) > 1 else 0)


@converts("aten::threshold")
def threshold(ctx: Context, data: Any, threshold: Any, value: Any) -> Any:
    """`data` where it is above the threshold, `value` elsewhere."""
    limit = _op.full_like(data, const(threshold))
    return _op.where(_op.greater(data, limit), data, _op.full_like(data, const(value)))


@converts("aten::elu")
def elu(ctx: Context, data: Any, alpha: Any = 1, scale: Any = 1, input_scale: Any = 1) -> Any:
    """`-alpha * relu(1 - exp(x)) + relu(x)` (Clevert et al. 2016)."""
    if scale != 1 or input_scale != 1:
        raise NotImplementedError(f"elu with scale {scale} and input_scale {input_scale} is not converted")
    dtype = ctx.dtype(data)
    below = _op.nn.relu(_op.subtract(const(1.0, dtype), _op.exp(data)))
    return _op.add(_op.multiply(const(-float(alpha), dtype), below), _op.nn.relu(data))


@converts("aten::selu")
def selu(ctx: Context, data: Any) -> Any:
    """`scale * elu(x, alpha)` with the two constants of Klambauer et al. 2017."""
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    return _op.multiply(const(scale, ctx.dtype(data)), elu(ctx, data, alpha))


@converts("aten::celu")
def celu(ctx: Context, data: Any, alpha: Any = 1.0) -> Any:
    """`alpha * min(0, exp(x / alpha) - 1) + relu(x)` (Barron 2017)."""
    dtype = ctx.dtype(data)
    factor = const(float(alpha), dtype)
    below = _op.subtract(_op.exp(_op.divide(data, factor)), const(1.0, dtype))
    below = _op.multiply(factor, _op.minimum(const(0.0, dtype), below))
    return _op.add(below, _op.nn.relu(data))


@converts("aten::gelu")
def gelu(ctx: Context, data: Any, approximate: str = "none") -> Any:
    """`x * (1/2 + 1/2 * erf(x / sqrt(2)))`, or its approximation by tanh (Hendrycks and Gimpel 2016)."""
    dtype = ctx.dtype(data)
    if approximate == "tanh":
        cubed = _op.multiply(_op.multiply(_op.multiply(data, data), data), const(0.044715, dtype))
        inner = _op.tanh(_op.multiply(_op.add(data, cubed), const((2 / np.pi) ** 0.5, dtype)))
    else:
        inner = _op.erf(_op.multiply(data, const(0.5**0.5, dtype)))
    scaled = _op.multiply(inner, const(0.5, dtype))
    return _op.multiply(data, _op.add(const(0.5, dtype), scaled))


@converts("aten::softplus")
def softplus(ctx: Context, data: Any, beta: Any = 1, threshold: Any = 20) -> Any:
    """`log(1 + exp(beta * x)) / beta`, and `x` itself where `beta * x` is above the threshold."""
    dtype = ctx.dtype(data)
    factor = const(float(beta), dtype)
    limit = _op.full_like(data, const(int(threshold) if threshold == int(threshold) else threshold))
    soft = _op.log(_op.add(_op.exp(_op.multiply(data, factor)), const(1.0, dtype)))
    return _op.where(_op.greater(_op.multiply(data, factor), limit), data, _op.divide(soft, factor))


@converts("aten::mish")
def mish(ctx: Context, data: Any) -> Any:
    """`x * tanh(softplus(x))` (Misra 2019)."""
    return _op.multiply(data, _op.tanh(softplus(ctx, data)))


@converts("aten::log_sigmoid")
def log_sigmoid(ctx: Context, data: Any) -> Any:
    """`min(0, x) - log(1 + exp(-|x|))`, which does not overflow."""
    dtype = ctx.dtype(data)
    tail = _op.log(_op.add(_op.exp(_op.negative(_op.abs(data))), const(1.0, dtype)))
    return _op.subtract(_op.minimum(const(0.0, dtype), data), tail)


@converts("aten::hardsigmoid")
def hardsigmoid(ctx: Context, data: Any) -> Any:
    """`relu6(x + 3) / 6`."""
    dtype = ctx.dtype(data)
    return _op.divide(_op.clip(_op.add(data, const(3.0, dtype)), 0.0, 6.0), const(6.0, dtype))


@converts("aten::hardswish")
def hardswish(ctx: Context, data: Any) -> Any:
    """`x * relu6(x + 3) / 6` (Howard et al. 2019)."""
    return _op.multiply(data, hardsigmoid(ctx, data))


@converts("aten::hardshrink")
def hardshrink(ctx: Context, data: Any, lambd: Any = 0.5) -> Any:
    """Zero where `|x|` is at most `lambd`."""
    dtype = ctx.dtype(data)
    return _op.where(_op.greater(_op.abs(data), const(float(lambd), dtype)), data, const(0.0, dtype))


@converts("aten::softshrink")
def softshrink(ctx: Context, data: Any, lambd: Any = 0.5) -> Any:
    """`x` moved towards zero by `lambd`, and no further."""
    limit = const(float(lambd), ctx.dtype(data))
    return _op.subtract(_op.nn.relu(_op.subtract(data, limit)), _op.nn.relu(_op.subtract(_op.negative(data), limit)))


@converts("aten::glu")
def glu(ctx: Context, data: Any, dim: int = -1) -> Any:
    """One half times the sigmoid of the other."""
    halves = _op.split(data, 2, axis=dim)
    return _op.multiply(halves[0], _op.sigmoid(halves[1]))


@converts("aten::softmax", "aten::_softmax")
def softmax(ctx: Context, data: Any, dim: int, dtype: Any = None, half_to_float: bool = False) -> Any:
    """Exponentials, scaled to sum to 1 along `dim`."""
    return _op.nn.softmax(ctx.cast(data, ctx.dtype_named(dtype)), axis=dim)


@converts("aten::log_softmax", "aten::_log_softmax")
def log_softmax(ctx: Context, data: Any, dim: int, dtype: Any = None, half_to_float: bool = False) -> Any:
    """The logarithm of `softmax`."""
    return _op.nn.log_softmax(ctx.cast(data, ctx.dtype_named(dtype)), axis=dim)
