"""Operators of one number at a time, and of two that broadcast: `relay.op.tensor`, `nn.relu` and its like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tvm import te, tirx
from tvm.ir import Call
from tvm.ir.prim.expr import Cast

from ...op.tensor import clip_bounds
from . import real
from .registry import at, cast, dtype_of, is_float, lowers, number, shape_of, wide

Scalar = Callable[..., Any]


def _each(name: str, scalar: Scalar) -> None:
    """Lower an operator of one tensor by what `scalar` makes of one number."""

    @lowers(name)
    def lower(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
        (data,) = args
        return te.compute(out.concrete_shape, lambda *i: cast(scalar(data(*i)), out.dtype), name=_label(name))


def _label(name: str) -> str:
    return name.replace(".", "_")


def _real(function: Scalar) -> Scalar:
    """A function of real numbers: of float16 it is taken in float32, of integers in float64 and then cut off."""

    def scalar(x: Any) -> Any:
        dtype = dtype_of(x)
        return function(x.astype(wide(dtype) if is_float(dtype) else "float64"))

    return scalar


def _rounding(function: Scalar) -> Scalar:
    """A rounding, which leaves integers as they are."""
    return lambda x: function(x) if is_float(dtype_of(x)) else x


def _only_float(function: Scalar, otherwise: bool) -> Scalar:
    """A question about a float whose answer for integers is known."""
    return lambda x: function(x) if is_float(dtype_of(x)) else number(otherwise, "bool")


def round_half_away(x: Any) -> Any:
    """The nearest whole number; halves go away from zero."""
    whole = tirx.trunc(x)
    far = tirx.abs(x - whole) >= number(0.5, dtype_of(x))
    return tirx.Select(far, whole + _sign(x), whole)


def _sign(x: Any) -> Any:
    zero, one = number(0, dtype_of(x)), number(1, dtype_of(x))
    below = zero if dtype_of(x).startswith("uint") else tirx.Select(x < zero, -one, zero)
    return tirx.Select(x > zero, one, below)


def _bounded(x: Any, low: Any, high: Any) -> Any:
    """`x` between two bounds. A float is compared so that what is not a number stays so, as in NumPy and PyTorch.

    An integer is compared too where a bound is not of int8. TVM reckons with the bounds of a maximum and a minimum. In
    a cast to an integer that is too narrow for them it fails.
    """
    if not is_float(dtype_of(x)) and all(bound is None or -128 <= bound.value <= 127 for bound in (low, high)):
        x = tirx.max(x, low)
        return x if high is None else tirx.min(x, high)
    above = x if high is None else tirx.Select(x > high, high, x)
    return tirx.Select(x < low, low, above)


def _larger(x: Any, y: Any) -> Any:
    return tirx.Select(tirx.Or(x > y, real.is_nan(x)), x, y) if is_float(dtype_of(x)) else tirx.max(x, y)


def _smaller(x: Any, y: Any) -> Any:
    return tirx.Select(tirx.Or(x < y, real.is_nan(x)), x, y) if is_float(dtype_of(x)) else tirx.min(x, y)


def _bitwise_not(x: Any) -> Any:
    return tirx.Not(x) if dtype_of(x) == "bool" else tirx.bitwise_not(x)


def _isinf(x: Any) -> Any:
    return tirx.EQ(tirx.abs(x), tirx.infinity(dtype_of(x)))


for _name, _scalar in {
    "negative": lambda x: -x,
    "abs": lambda x: x if dtype_of(x).startswith(("uint", "bool")) else tirx.abs(x),
    "sign": _sign,
    "log": _real(tirx.log),
    "log2": _real(tirx.log2),
    "log10": _real(tirx.log10),
    "sqrt": _real(tirx.sqrt),
    "rsqrt": _real(lambda x: number(1, dtype_of(x)) / tirx.sqrt(x)),
    "sin": _real(tirx.sin),
    "cos": _real(tirx.cos),
    "tan": _real(tirx.tan),
    "sinh": _real(tirx.sinh),
    "cosh": _real(tirx.cosh),
    "asin": _real(tirx.asin),
    "acos": _real(tirx.acos),
    "atan": _real(tirx.atan),
    "asinh": _real(tirx.asinh),
    "acosh": _real(tirx.acosh),
    "atanh": _real(tirx.atanh),
    "floor": _rounding(tirx.floor),
    "ceil": _rounding(tirx.ceil),
    "trunc": _rounding(tirx.trunc),
    "round": _rounding(round_half_away),
    "logical_not": lambda x: tirx.Not(cast(x, "bool")),
    "bitwise_not": _bitwise_not,
    "isnan": _only_float(real.is_nan, False),
    "isinf": _only_float(_isinf, False),
    "isfinite": _only_float(lambda x: tirx.Not(tirx.Or(real.is_nan(x), _isinf(x))), True),
    "nn.relu": lambda x: _bounded(x, number(0, dtype_of(x)), None),
    "zeros_like": lambda x: number(0, dtype_of(x)),
    "ones_like": lambda x: number(1, dtype_of(x)),
    "cast": lambda x: x,
}.items():
    _each(_name, _scalar)


def _in_steps(name: str, function: Callable[[te.Tensor], te.Tensor]) -> None:
    """Lower a function of real numbers that is made of tensors of its own."""

    @lowers(name)
    def lower(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
        (data,) = args
        dtype = wide(dtype_of(data)) if is_float(dtype_of(data)) else "float64"
        given = data if dtype_of(data) == dtype else mapped(data, lambda x: cast(x, dtype), "wide")
        found = function(given)
        return found if dtype == out.dtype else mapped(found, lambda x: cast(x, out.dtype), _label(name))


for _name in ("exp", "tanh", "erf", "sigmoid"):
    _in_steps(_name, getattr(real, _name))


def mapped(data: te.Tensor, scalar: Scalar, name: str = "map") -> te.Tensor:
    """`scalar` of each number of `data`."""
    return te.compute(data.shape, lambda *i: scalar(data(*i)), name=name)


@lowers("copy", "annotation.cast_hint", "annotation.stop_fusion", "annotation.checkpoint")
def _same(args: Sequence[Any], attrs: Any, out: Any) -> Any:
    (data,) = args
    return tuple(map(copied, data)) if isinstance(data, tuple) else copied(data)


def copied(data: te.Tensor) -> te.Tensor:
    """The same numbers in a tensor of its own."""
    return te.compute(data.shape, lambda *i: data(*i), name="copy")


@lowers("cast_like")
def _cast_like(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return te.compute(out.concrete_shape, lambda *i: cast(args[0](*i), out.dtype), name="cast")


@lowers("clip")
def _clip(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    low, high = (number(bound, out.dtype) for bound in clip_bounds(out.dtype, attrs.a_min, attrs.a_max))
    return te.compute(out.concrete_shape, lambda *i: _bounded(args[0](*i), low, high), name="clip")


@lowers("nn.leaky_relu")
def _leaky_relu(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    def slope(x: Any) -> Any:
        return tirx.Select(x > number(0, dtype_of(x)), x, x * number(attrs.alpha, dtype_of(x)))

    return te.compute(out.concrete_shape, lambda *i: slope(args[0](*i)), name="leaky_relu")


@lowers("fixed_point_multiply")
def _fixed_point_multiply(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    """The product in 64 bits, shifted to the right with halves rounded up; that of a wide integer has 96 bits."""
    right, dtype = 31 - attrs.shift, out.dtype
    product = _wide_product if dtype == "int64" and not _is_widened(args[0]) else _product

    def scaled(x: Any) -> Any:
        whole = product(x.astype("int64"), attrs.multiplier, right)
        if dtype in ("int8", "uint8", "int16", "uint16"):  # these saturate
            low, high = (bound(dtype).astype("int64") for bound in (tirx.min_value, tirx.max_value))
            whole = tirx.max(tirx.min(whole, high), low)
        return whole.astype(dtype)

    return te.compute(out.concrete_shape, lambda *i: scaled(args[0](*i)), name="fixed_point_multiply")


def _is_widened(data: te.Tensor) -> bool:
    """Whether the numbers of an int64 tensor are those of a narrower one."""
    body = data.op.body[0] if isinstance(data.op, te.ComputeOp) else None
    return isinstance(body, Cast) and dtype_of(body.value) in ("int8", "uint8", "int16", "uint16", "int32")


def _product(x: Any, factor: int, right: int) -> Any:
    """`x * factor / 2**right`, where x is a number of 32 bits."""
    if right > 62:
        return number(0, "int64")
    product = x * number(factor, "int64")
    return (product + number(1 << right >> 1, "int64")) >> number(right, "int64") if right else product


def _wide_product(x: Any, factor: int, right: int) -> Any:
    """`x * factor / 2**right`: upper and lower half of x are multiplied apart."""
    word, mask = number(32, "int64"), number((1 << 32) - 1, "int64")
    half = 1 << right >> 1
    low = (x & mask) * number(factor, "int64")
    middle = (low & mask) + number(half & (1 << 32) - 1, "int64")
    upper = (x >> word) * number(factor, "int64") + (low >> word) + (middle >> word) + number(half >> 32, "int64")
    if right >= 32:
        return upper >> number(right - 32, "int64")
    return (upper << number(32 - right, "int64")) + ((middle & mask) >> number(right, "int64"))


_ROUNDINGS = {"round": round_half_away, "floor": tirx.floor, "ceil": tirx.ceil, "trunc": tirx.trunc}


@lowers("relay.op.annotation.simulated_quantize")
def _simulated_quantize(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, scale, low, high = args
    if attrs.kind == 0:
        return copied(data)
    rounded = _ROUNDINGS[attrs.rounding]
    return te.compute(
        out.concrete_shape,
        lambda *i: rounded(tirx.max(tirx.min(data(*i) / scale(), high()), low())) * scale(),
        name="simulated_quantize",
    )


# two tensors that broadcast


def _pair(name: str, scalar: Scalar, of_bools: Scalar | None = None) -> None:
    """Lower a broadcasting operator by what `scalar` makes of two numbers; `of_bools` is for two truth values."""

    @lowers(name)
    def lower(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
        lhs, rhs = args
        combine = of_bools if of_bools is not None and dtype_of(lhs) == "bool" else scalar
        return te.compute(
            out.concrete_shape, lambda *i: cast(combine(at(lhs, i), at(rhs, i)), out.dtype), name=_label(name)
        )


def _truth(function: Scalar) -> Scalar:
    return lambda x, y: function(cast(x, "bool"), cast(y, "bool"))


def _differ(x: Any, y: Any) -> Any:
    return tirx.Or(tirx.And(x, tirx.Not(y)), tirx.And(tirx.Not(x), y))


def _as_numbers(function: Scalar) -> Scalar:
    return lambda x, y: function(x.astype("int8"), y.astype("int8"))


def _divide(x: Any, y: Any) -> Any:
    return x / y if is_float(dtype_of(x)) else tirx.truncdiv(x, y)


def _floor_divide(x: Any, y: Any) -> Any:
    return tirx.floor(x / y) if is_float(dtype_of(x)) else tirx.floordiv(x, y)


def _trunc_divide(x: Any, y: Any) -> Any:
    return tirx.trunc(x / y) if is_float(dtype_of(x)) else tirx.truncdiv(x, y)


def _remainder(x: Any, y: Any) -> Any:
    """TVM has no code of its own for `fmod` on a CPU: C's library does it."""
    if not is_float(dtype_of(x)):
        return tirx.truncmod(x, y)
    dtype = wide(dtype_of(x))
    return tirx.call_pure_extern(dtype, "fmod" if dtype == "float64" else "fmodf", x.astype(dtype), y.astype(dtype))


def _floor_mod(x: Any, y: Any) -> Any:
    return x - tirx.floor(x / y) * y if is_float(dtype_of(x)) else tirx.floormod(x, y)


def _power(x: Any, y: Any) -> Any:
    return tirx.pow(x, y) if is_float(dtype_of(x)) else tirx.pow(x.astype("float64"), y.astype("float64"))


def _wrapping(function: Scalar) -> Scalar:
    """Arithmetic of int32 that wraps around, as NumPy's does, also where one number is known.

    TVM reckons with known numbers as if int32 never overflowed: of `max(x + c, 0)` it makes `max(x, -c) + c`. In 64
    bits the sum does not overflow, and LLVM makes an addition of 32 bits of it again.
    """

    def scalar(x: Any, y: Any) -> Any:
        if dtype_of(x) != "int32" or not (_is_known(x) or _is_known(y)):
            return function(x, y)
        return function(x.astype("int64"), y.astype("int64")).astype("int32")

    return scalar


def _is_known(value: Any) -> bool:
    """Whether a value is read from a constant of no dimensions, which is written into the code."""
    tensor = value.args[0] if isinstance(value, Call) and value.op.name == "te.tensor_load" else None
    return tensor is not None and isinstance(tensor.op, te.ComputeOp) and isinstance(tensor.op.body[0], tirx.IntImm)


def _left_shift(x: Any, y: Any) -> Any:
    """No bits are left of a shift by all of them or more, as in NumPy; in LLVM it is undefined."""
    most = number(_bits(x) - 1, dtype_of(y))
    return tirx.Select(y > most, number(0, dtype_of(x)), x << tirx.min(y, most))


def _right_shift(x: Any, y: Any) -> Any:
    """The sign is left of a shift by all bits or more; nothing of a number without one."""
    shifted = x >> tirx.min(y, number(_bits(x) - 1, dtype_of(y)))
    if not dtype_of(x).startswith("uint"):
        return shifted
    return tirx.Select(y > number(_bits(x) - 1, dtype_of(y)), number(0, dtype_of(x)), shifted)


def _bits(x: Any) -> int:
    return int(dtype_of(x).lstrip("uint"))


for _name, _combine, _of_bools in (
    ("add", _wrapping(lambda x, y: x + y), tirx.Or),
    ("subtract", _wrapping(lambda x, y: x - y), _differ),
    ("multiply", _wrapping(lambda x, y: x * y), tirx.And),
    ("divide", _divide, None),
    ("floor_divide", _floor_divide, None),
    ("trunc_divide", _trunc_divide, None),
    ("mod", _remainder, None),
    ("trunc_mod", _remainder, None),
    ("floor_mod", _floor_mod, None),
    ("power", _power, None),
    ("maximum", _larger, tirx.Or),
    ("minimum", _smaller, tirx.And),
    ("equal", tirx.EQ, _as_numbers(tirx.EQ)),
    ("not_equal", tirx.NE, _as_numbers(tirx.NE)),
    ("less", lambda x, y: x < y, _as_numbers(lambda x, y: x < y)),
    ("less_equal", lambda x, y: x <= y, _as_numbers(lambda x, y: x <= y)),
    ("greater", lambda x, y: x > y, _as_numbers(lambda x, y: x > y)),
    ("greater_equal", lambda x, y: x >= y, _as_numbers(lambda x, y: x >= y)),
    ("logical_and", _truth(tirx.And), None),
    ("logical_or", _truth(tirx.Or), None),
    ("logical_xor", _truth(_differ), None),
    ("bitwise_and", lambda x, y: x & y, tirx.And),
    ("bitwise_or", lambda x, y: x | y, tirx.Or),
    ("bitwise_xor", lambda x, y: x ^ y, _differ),
    ("left_shift", _left_shift, None),
    ("right_shift", _right_shift, None),
):
    _pair(_name, _combine, _of_bools)


@lowers("where")
def _where(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    condition, x, y = args
    return te.compute(
        out.concrete_shape,
        lambda *i: tirx.Select(cast(at(condition, i), "bool"), at(x, i), at(y, i)),
        name="where",
    )


def along(vector: te.Tensor, axis: int, index: Sequence[Any]) -> Any:
    """The number of a vector that lies along `axis`, at `index` of the whole."""
    return vector(index[axis % len(index)])


@lowers("nn.bias_add")
def _bias_add(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, bias = args
    return te.compute(out.concrete_shape, lambda *i: data(*i) + along(bias, attrs.axis, i), name="bias_add")


@lowers("nn.prelu")
def _prelu(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, alpha = args

    def slope(x: Any, factor: Any) -> Any:
        return tirx.Select(x > number(0, dtype_of(x)), x, x * factor)

    return te.compute(out.concrete_shape, lambda *i: slope(data(*i), along(alpha, attrs.axis, i)), name="prelu")


# a given number, a row of numbers, a triangle


@lowers("zeros")
def _zeros(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return te.compute(out.concrete_shape, lambda *i: number(0, out.dtype), name="zeros")


@lowers("ones")
def _ones(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return te.compute(out.concrete_shape, lambda *i: number(1, out.dtype), name="ones")


@lowers("full", "full_like")
def _full(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return te.compute(out.concrete_shape, lambda *i: cast(args[-1](), out.dtype), name="full")


@lowers("arange")
def _arange(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    start, _, step = args
    return te.compute(out.concrete_shape, lambda i: start() + i.astype(out.dtype) * step(), name="arange")


@lowers("trilu")
def _trilu(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, k = args

    def kept(*i: Any) -> Any:
        diagonal = (i[-1] - i[-2]).astype("int64")
        first = k().astype("int64")
        inside = diagonal >= first if attrs.upper else diagonal <= first
        return tirx.Select(inside, data(*i), number(0, out.dtype))

    return te.compute(out.concrete_shape, kept, name="trilu")


@lowers("shape_of")
def _shape_of(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    shape = shape_of(args[0])

    def size(*i: Any) -> Any:
        found = number(0, out.dtype)
        for axis, length in enumerate(shape):
            found = tirx.Select(tirx.EQ(i[0], axis), number(length, out.dtype), found)
        return found

    return te.compute(out.concrete_shape, size, name="shape_of")


@lowers("ndarray_size")
def _ndarray_size(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    count = 1
    for size in shape_of(args[0]):
        count *= size
    return te.compute((), lambda: number(count, out.dtype), name="ndarray_size")
