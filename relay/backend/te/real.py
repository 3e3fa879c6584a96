"""`exp`, `tanh`, `erf` and `sigmoid` as polynomials, which become vector code: C's library takes one number at a time.

For float32, where each is within about two units in the last place. Numbers too large or small for a result give
infinity, zero or one; what is not a number stays so. `exp` and `tanh` as in Moshier's Cephes library (`expf`, `tanhf`);
`erf` by polynomials of our own, fitted to have the least largest error. Each step that is used more than once is a
tensor, so that it is written down once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tvm import te, tirx

from .registry import dtype_of, number


def exp(x: te.Tensor) -> te.Tensor:
    """`2**n * exp(r)` with a whole `n` and `r` at most half of `log(2)`."""
    if dtype_of(x) != "float32":
        return _each("exp", tirx.exp, x)
    # Beyond these bounds the result is zero or infinity.
    x = _each("bounded", lambda x: _at_most(_at_least(x, -104.0), 89.0), x)
    n = _each("n", lambda x: tirx.floor(x * _f(1.44269504) + _f(0.5)), x)
    # The logarithm of two in two parts, of which the first times `n` is exact.
    r = _each("r", lambda x, n: x - n * _f(0.693359375) - n * _f(-2.12194440e-4), x, n)
    high = [5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2, 8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4]
    series = _each("series", lambda r: _polynomial(r, high) * r * r + r + _f(1.0), r)
    # The power in two steps: neither factor leaves the range of float32 where the result is in it.
    whole = _each("whole", lambda n: n.astype("int32"), n)
    half = _each("half", lambda n: n >> number(1, "int32"), whole)
    return _each("exp", lambda x, n, half: x * _power_of_two(half) * _power_of_two(n - half), series, whole, half)


def _power_of_two(n: Any) -> Any:
    return tirx.reinterpret("float32", (n + number(127, "int32")) << number(23, "int32"))


def sigmoid(x: te.Tensor) -> te.Tensor:
    """Through `exp(-|x|)`, which cannot overflow."""
    one, zero = number(1, dtype_of(x)), number(0, dtype_of(x))
    small = exp(_each("below", lambda x: -tirx.abs(x), x))
    large = _each("above", lambda small: one / (one + small), small)
    return _each("sigmoid", lambda x, large, small: tirx.Select(x >= zero, large, small * large), x, large, small)


def tanh(x: te.Tensor) -> te.Tensor:
    """An odd polynomial near zero, and `1 - 2 / (exp(2 |x|) + 1)` farther away."""
    if dtype_of(x) != "float32":
        return _each("tanh", tirx.tanh, x)
    high = [-3.33332819422e-1, 1.33314422036e-1, -5.37397155531e-2, 2.06390887954e-2, -5.70498872745e-3]
    square = _each("square", lambda x: x * x, x)
    near = _each("near", lambda x, square: x + x * square * _polynomial(square, high), x, square)
    power = exp(_each("twice", lambda x: tirx.abs(x) * _f(2.0), x))
    away = _each("away", lambda power: _f(1.0) - _f(2.0) / (power + _f(1.0)), power)
    return _joined("tanh", x, 0.625, near, away)


def erf(x: te.Tensor) -> te.Tensor:
    """An odd polynomial near zero, and `1 - exp(p(|x|))` farther away, where `p` fits the logarithm of `1 - erf`."""
    if dtype_of(x) != "float32":
        return _each("erf", tirx.erf, x)
    low = [1.1283791667, -0.37612634296, 0.11283703315, -0.0268597986, 5.2019602344e-3, -8.1526287004e-4, 8.4099208e-5]
    logarithm = [
        *(1.7055203022e-4, -1.1294951590, -0.63338664657, -0.10823661933),
        *(0.025091496779, -4.1605269933e-3, 4.3230300536e-4, -2.0909555622e-5),
    ]
    square = _each("square", lambda x: x * x, x)
    near = _each("near", lambda x, square: x * _polynomial(square, low), x, square)
    far = _each("far", lambda x: _at_most(tirx.abs(x), 4.0), x)
    rest = exp(_each("logarithm", lambda far: _polynomial(far, logarithm), far))
    away = _each("away", lambda rest: _f(1.0) - rest, rest)
    return _joined("erf", x, 0.92, near, away)


def is_nan(x: Any) -> Any:
    """Whether a number is none. Of float32 by its bits: TVM expands its own question number by number."""
    if dtype_of(x) != "float32":
        return tirx.isnan(x)
    magnitude = tirx.reinterpret("int32", x) & number(0x7FFFFFFF, "int32")
    return magnitude > number(0x7F800000, "int32")


def _each(name: str, function: Callable[..., Any], *tensors: te.Tensor) -> te.Tensor:
    return te.compute(tensors[0].shape, lambda *i: function(*(tensor(*i) for tensor in tensors)), name=name)


def _joined(name: str, x: te.Tensor, bound: float, near: te.Tensor, away: te.Tensor) -> te.Tensor:
    """An odd function: `near` where `|x|` is below the bound, beyond it `away` with the sign of `x`."""

    def chosen(x: Any, near: Any, away: Any) -> Any:
        return tirx.Select(tirx.abs(x) < _f(bound), near, tirx.Select(x < _f(0.0), -away, away))

    return _each(name, chosen, x, near, away)


def _f(value: float) -> Any:
    return number(value, "float32")


def _at_most(x: Any, bound: float) -> Any:
    return tirx.Select(x > _f(bound), _f(bound), x)


def _at_least(x: Any, bound: float) -> Any:
    return tirx.Select(x < _f(bound), _f(bound), x)


def _polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """By Horner's rule; the constant term comes first."""
    *rest, found = map(_f, coefficients)
    for coefficient in reversed(rest):
        found = found * x + coefficient
    return found
