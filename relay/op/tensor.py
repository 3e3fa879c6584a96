"""Operators that work element by element: arithmetic, comparison, rounding, clipping.

The two tables below declare most of them: a line gives an operator its name, its NumPy reference and one sentence.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..expr import Call
from ..ty import TensorType
from .attrs import Attrs, attributes, integer
from .op import Infer, OpPattern, constructs, define
from .type_relations import anything, broadcast, broadcast_shape, comparison, identity, predicate, tensor

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atanh",
    "bitwise_and",
    "bitwise_not",
    "bitwise_or",
    "bitwise_xor",
    "cast",
    "cast_like",
    "ceil",
    "clip",
    "copy",
    "cos",
    "cosh",
    "divide",
    "equal",
    "erf",
    "exp",
    "fixed_point_multiply",
    "floor",
    "floor_divide",
    "floor_mod",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "left_shift",
    "less",
    "less_equal",
    "log",
    "log10",
    "log2",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "mod",
    "multiply",
    "negative",
    "not_equal",
    "power",
    "right_shift",
    "round",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "sinh",
    "sqrt",
    "subtract",
    "tan",
    "tanh",
    "trunc",
    "trunc_divide",
    "trunc_mod",
    "where",
]

Reference = Callable[..., np.ndarray]


def _unary(name: str, compute: Reference, meaning: str, infer: Infer = identity) -> Callable[[Any], Call]:
    """Declare an operator of one tensor and give the function that calls it.

    Numbers follow IEEE 754 in silence (`log(0)` is `-inf`); integers stay integers, rounded toward zero.
    """

    def reference(arrays: Sequence[np.ndarray], attrs: Any) -> np.ndarray:
        with np.errstate(all="ignore"):
            result = np.asarray(compute(arrays[0]))
            return result if infer is predicate else result.astype(arrays[0].dtype, copy=False)

    op = define(name, inputs=("data",), infer=infer, compute=reference, pattern=OpPattern.ELEMWISE)

    def call(data: Any) -> Call:
        return Call(op, [data])

    kept = "the result is bool" if infer is predicate else "the dtype stays"
    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"{meaning}\n\n`data` is a tensor of any shape, which stays; {kept}."
    return constructs(name)(call)


def _binary(name: str, compute: Reference, meaning: str, infer: Infer = broadcast) -> Callable[[Any, Any], Call]:
    """Declare a broadcasting operator of two tensors and give the function that calls it."""

    def reference(arrays: Sequence[np.ndarray], attrs: Any) -> np.ndarray:
        with np.errstate(all="ignore"):
            result = np.asarray(compute(*arrays))
            return result if infer is comparison else result.astype(arrays[0].dtype, copy=False)

    op = define(name, inputs=("lhs", "rhs"), infer=infer, compute=reference, pattern=OpPattern.BROADCAST)

    def call(lhs: Any, rhs: Any) -> Call:
        return Call(op, [lhs, rhs])

    kept = "the result is bool" if infer is comparison else "it is the result's too"
    call.__name__ = call.__qualname__ = name
    call.__doc__ = (
        f"{meaning}\n\nThe shapes broadcast as NumPy's do. Both have one dtype, {kept};\n"
        "`InferType` raises `TypeError` where shapes or dtypes do not fit."
    )
    return constructs(name)(call)


def _rsqrt(x: np.ndarray) -> np.ndarray:
    return 1 / np.sqrt(x)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    """Through `exp(-|x|)`, which cannot overflow."""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + small), small / (1 + small))


_ERF = np.frompyfunc(math.erf, 1, 1)


def _erf(x: np.ndarray) -> np.ndarray:
    return np.asarray(_ERF(x), dtype=np.float64)


def round_half_away(x: np.ndarray) -> np.ndarray:
    """Halves go away from zero, as in C and in TVM; NumPy's own go to the even neighbour."""
    whole = np.trunc(x)
    return np.where(np.abs(x - whole) >= 0.5, whole + np.sign(x), whole)


negative = _unary("negative", np.negative, "`-data`.")
abs = _unary("abs", np.abs, "The magnitude of `data`.")
sign = _unary("sign", np.sign, "-1, 0 or 1, as `data` is below, at or above zero.")
exp = _unary("exp", np.exp, "`e` to the power of `data`.")
log = _unary("log", np.log, "The natural logarithm.")
log2 = _unary("log2", np.log2, "The logarithm to base 2.")
log10 = _unary("log10", np.log10, "The logarithm to base 10.")
sqrt = _unary("sqrt", np.sqrt, "The square root.")
rsqrt = _unary("rsqrt", _rsqrt, "`1 / sqrt(data)`.")
sigmoid = _unary("sigmoid", _sigmoid, "`1 / (1 + exp(-data))`.")
tanh = _unary("tanh", np.tanh, "The hyperbolic tangent.")
erf = _unary("erf", _erf, "The error function, the integral under GELU.")
sin = _unary("sin", np.sin, "The sine.")
cos = _unary("cos", np.cos, "The cosine.")
tan = _unary("tan", np.tan, "The tangent.")
sinh = _unary("sinh", np.sinh, "The hyperbolic sine.")
cosh = _unary("cosh", np.cosh, "The hyperbolic cosine.")
asin = _unary("asin", np.arcsin, "The inverse of the sine.")
acos = _unary("acos", np.arccos, "The inverse of the cosine.")
atan = _unary("atan", np.arctan, "The inverse of the tangent.")
asinh = _unary("asinh", np.arcsinh, "The inverse of the hyperbolic sine.")
acosh = _unary("acosh", np.arccosh, "The inverse of the hyperbolic cosine.")
atanh = _unary("atanh", np.arctanh, "The inverse of the hyperbolic tangent.")
floor = _unary("floor", np.floor, "The next integer below.")
ceil = _unary("ceil", np.ceil, "The next integer above.")
trunc = _unary("trunc", np.trunc, "The next integer toward zero.")
round = _unary("round", round_half_away, "The nearest integer; halves go away from zero.")
logical_not = _unary("logical_not", np.logical_not, "Whether `data` is false.")
bitwise_not = _unary("bitwise_not", np.invert, "All bits turned round; integers and `bool`.")
isnan = _unary("isnan", np.isnan, "Whether it is not a number.", predicate)
isinf = _unary("isinf", np.isinf, "Whether it is infinite.", predicate)
isfinite = _unary("isfinite", np.isfinite, "Whether it is a number and not infinite.", predicate)

_COPY = define(
    "copy", inputs=("data",), infer=anything, compute=lambda arrays, attrs: arrays[0], pattern=OpPattern.ELEMWISE
)


def copy(data: Any) -> Call:
    """`data` as it is, a tensor or a tuple; the copy is another expression."""
    return Call(_COPY, [data])


def _is_whole(x: np.ndarray) -> bool:
    return x.dtype.kind in "biu"


def _divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Integers are divided as in C, toward zero: the remainder, which has the sign of `x`, is taken off first."""
    return np.floor_divide(x - np.fmod(x, y), y) if _is_whole(x) else np.divide(x, y)


def _floor_divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.floor_divide(x, y) if _is_whole(x) else np.floor(np.divide(x, y))


def _trunc_divide(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return _divide(x, y) if _is_whole(x) else np.trunc(np.divide(x, y))


def _floor_mod(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.mod(x, y) if _is_whole(x) else x - np.floor(np.divide(x, y)) * y


def _subtract(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.logical_xor(x, y) if x.dtype == bool else np.subtract(x, y)


def _power(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """In float64 for integers, for which NumPy has no negative powers."""
    return np.power(x.astype(np.float64), y) if _is_whole(x) else np.power(x, y)


add = _binary("add", np.add, "`lhs + rhs`.")
subtract = _binary("subtract", _subtract, "`lhs - rhs`.")
multiply = _binary("multiply", np.multiply, "`lhs * rhs`.")
divide = _binary("divide", _divide, "`lhs / rhs`; integers are rounded toward zero.")
floor_divide = _binary("floor_divide", _floor_divide, "`floor(lhs / rhs)`.")
trunc_divide = _binary("trunc_divide", _trunc_divide, "`trunc(lhs / rhs)`.")
mod = _binary("mod", np.fmod, "What is left of `lhs` after division, with the sign of `lhs`.")
trunc_mod = _binary("trunc_mod", np.fmod, "What is left of `lhs` after division, with the sign of `lhs`.")
floor_mod = _binary("floor_mod", _floor_mod, "`lhs - floor(lhs / rhs) * rhs`, with the sign of `rhs`.")
power = _binary("power", _power, "`lhs` to the power of `rhs`.")
maximum = _binary("maximum", np.maximum, "The larger of the two.")
minimum = _binary("minimum", np.minimum, "The smaller of the two.")
equal = _binary("equal", np.equal, "Whether both are equal.", comparison)
not_equal = _binary("not_equal", np.not_equal, "Whether they differ.", comparison)
less = _binary("less", np.less, "Whether `lhs < rhs`.", comparison)
less_equal = _binary("less_equal", np.less_equal, "Whether `lhs <= rhs`.", comparison)
greater = _binary("greater", np.greater, "Whether `lhs > rhs`.", comparison)
greater_equal = _binary("greater_equal", np.greater_equal, "Whether `lhs >= rhs`.", comparison)
logical_and = _binary("logical_and", np.logical_and, "Whether both are true.")
logical_or = _binary("logical_or", np.logical_or, "Whether one of them or both are true.")
logical_xor = _binary("logical_xor", np.logical_xor, "Whether just one of them is true.")
bitwise_and = _binary("bitwise_and", np.bitwise_and, "The bits that both have; integers and `bool`.")
bitwise_or = _binary("bitwise_or", np.bitwise_or, "The bits that one of them has or both have; integers and `bool`.")
bitwise_xor = _binary("bitwise_xor", np.bitwise_xor, "The bits that just one of them has; integers and `bool`.")
left_shift = _binary("left_shift", np.left_shift, "The bits of `lhs`, `rhs` places to the left; integers.")
right_shift = _binary(
    "right_shift", np.right_shift, "The bits of `lhs`, `rhs` places to the right, the sign kept; integers."
)


def _where_type(types: Sequence[Any], attrs: Any) -> TensorType:
    condition, *chosen = (tensor(ty, what) for ty, what in zip(types, ("the condition", "x", "y"), strict=True))
    both = broadcast(chosen, attrs)
    return TensorType(broadcast_shape(condition.concrete_shape, both.concrete_shape), both.dtype)


_WHERE = define(
    "where",
    inputs=("condition", "x", "y"),
    infer=_where_type,
    compute=lambda arrays, attrs: np.where(*arrays),
    pattern=OpPattern.BROADCAST,
)


def where(condition: Any, x: Any, y: Any) -> Call:
    """`x` where the condition is true (or not zero), `y` elsewhere.

    The three shapes broadcast together; `x` and `y` have one dtype, which is the result's.
    """
    return Call(_WHERE, [condition, x, y])


@attributes("ClipAttrs")
class ClipAttrs(Attrs):
    """Attributes of `clip`: the bounds."""

    a_min: float
    a_max: float


def clip_bounds(dtype: str, low: float, high: float) -> tuple[float, float]:
    """The bounds in numbers of that dtype: one that an integer dtype cannot hold binds nothing."""
    if np.dtype(dtype).kind not in "biu":
        return low, high
    limits = np.iinfo(np.uint8 if dtype == "bool" else dtype)
    least, most = (math.trunc(min(max(bound, limits.min), limits.max)) for bound in (low, high))
    return least, most


def _clip(arrays: Sequence[np.ndarray], attrs: ClipAttrs) -> np.ndarray:
    (data,) = arrays
    low, high = clip_bounds(str(data.dtype), attrs.a_min, attrs.a_max)
    return np.asarray(np.minimum(np.maximum(data, np.array(low, data.dtype)), np.array(high, data.dtype)))


_CLIP = define("clip", inputs=("data",), attrs=ClipAttrs, infer=identity, compute=_clip, pattern=OpPattern.ELEMWISE)


def clip(a: Any, a_min: float, a_max: float) -> Call:
    """`a` with everything below `a_min` or above `a_max` brought to that bound; shape and dtype stay."""
    return Call(_CLIP, [a], ClipAttrs(a_min=float(a_min), a_max=float(a_max)))


@attributes("CastAttrs")
class CastAttrs(Attrs):
    """Attributes of `cast`: the dtype of the result."""

    dtype: str


def cast_array(array: np.ndarray, dtype: str) -> np.ndarray:
    """`array` as `dtype`, as C casts: fractions are cut off and integers lose their upper bits."""
    with np.errstate(invalid="ignore"):
        return array.astype(dtype, copy=False)


_CAST = define(
    "cast",
    inputs=("data",),
    attrs=CastAttrs,
    infer=lambda types, attrs: TensorType(tensor(types[0], "the data").concrete_shape, attrs.dtype),
    compute=lambda arrays, attrs: cast_array(arrays[0], attrs.dtype),
    pattern=OpPattern.ELEMWISE,
)
_CAST_LIKE = define(
    "cast_like",
    inputs=("data", "dtype_like"),
    infer=lambda types, attrs: TensorType(
        tensor(types[0], "the data").concrete_shape, tensor(types[1], "the tensor to be like").dtype
    ),
    compute=lambda arrays, attrs: cast_array(arrays[0], arrays[1].dtype),
    pattern=OpPattern.ELEMWISE,
)


@constructs("cast")
def cast(data: Any, dtype: str) -> Call:
    """`data` as `dtype`; the shape stays. Floats lose their fraction, integers the bits for which there is no room.

    Raises `TypeError` for a dtype that NumPy does not have either.
    """
    try:
        np.dtype(dtype)
    except TypeError:
        raise TypeError(f"cast has no dtype {dtype!r}: give one that NumPy has, such as 'int8'") from None
    return Call(_CAST, [data], CastAttrs(dtype=str(dtype)))


def cast_like(data: Any, dtype_like: Any) -> Call:
    """`data` in the dtype of another tensor; the shape stays."""
    return Call(_CAST_LIKE, [data, dtype_like])


@attributes("FixedPointMultiplyAttrs")
class FixedPointMultiplyAttrs(Attrs):
    """Attributes of `fixed_point_multiply`."""

    multiplier: int
    shift: int


def _fixed_point_multiply(arrays: Sequence[np.ndarray], attrs: FixedPointMultiplyAttrs) -> np.ndarray:
    """TVM v0.16, `tir.q_multiply_shift`: the product in 64 bits, shifted to the right with halves rounded up.

    TVM's shortcut for powers of two rounds in 32 bits and overflows at the largest numbers; this does not. Of an
    integer narrower than 32 bits, TVM cannot build it everywhere; here it saturates. The product of an int64 has 96
    bits, of which TVM keeps 64; here it keeps all of them.
    """
    (data,) = arrays
    right, factor = 31 - attrs.shift, attrs.multiplier
    half = 1 << right >> 1
    wide = data.astype(np.int64)
    # Of either half of the number, the product fits: x = (x >> 32) * 2**32 + (x & mask).
    mask = (1 << 32) - 1
    low = (wide & mask) * factor
    middle = (low & mask) + (half & mask)
    upper = (wide >> 32) * factor + (low >> 32) + (middle >> 32) + (half >> 32)
    result = upper >> (right - 32) if right >= 32 else (upper << (32 - right)) + ((middle & mask) >> right)
    if data.dtype.itemsize < 4:
        result = np.clip(result, np.iinfo(data.dtype).min, np.iinfo(data.dtype).max)
    return np.asarray(result, data.dtype)


def _fixed_point_type(types: Sequence[Any], attrs: FixedPointMultiplyAttrs) -> TensorType:
    if not -63 <= attrs.shift <= 31:
        raise TypeError(f"fixed_point_multiply is to shift by {attrs.shift}: give a number from -63 to 31")
    return identity(types, attrs)


_FIXED_POINT_MULTIPLY = define(
    "fixed_point_multiply",
    inputs=("data",),
    attrs=FixedPointMultiplyAttrs,
    infer=_fixed_point_type,
    compute=_fixed_point_multiply,
    pattern=OpPattern.ELEMWISE,
)


def fixed_point_multiply(data: Any, multiplier: int, shift: int) -> Call:
    """`data * multiplier * 2**(shift - 31)` in integers, halves rounded up: how a requantization multiplies.

    `data` is an int32 or int64 tensor of any shape, which the result has too; `multiplier` is a fraction of 2**31. A
    result that does not fit wraps around; that of a narrower integer saturates.
    """
    attrs = FixedPointMultiplyAttrs(multiplier=integer(multiplier, "multiplier"), shift=integer(shift, "shift"))
    return Call(_FIXED_POINT_MULTIPLY, [data], attrs)
