"""ScaleInFloat: a rescaling whose results are small is a multiplication of float32, where that is exact.

    before   scaled: T.let = T.Cast("int32x16", (T.Cast("int64x16", x) * m + half) >> s)
             clip: T.let = T.min(T.max(scaled, -127), 127)
    after    bits = T.reinterpret("int32x16", fma(T.Cast("float32x16", x), m / 2 ** s, 1.5 * 2 ** 23))
             clip: T.let = T.min(T.max(bits, zero - 127), zero + 127) - zero

Around 1.5 * 2 ** 23, float32 numbers are one apart. So the fused multiply-add rounds the product to an integer, once,
and the integer stands in the lower bits; `zero` is the bits of 1.5 * 2 ** 23. Four things make it the number that
`fixed_point_multiply` gives, and are looked at for each rescaling. Its factor is a float32: the quantizer's scales are.
No product within the bounds lies in the middle between two integers, where one way rounds up and the other to even.
The bounds are small. And x is a float32 as it stands, or so large that the bound is the result.

The bounds are those of a clip after the rescaling, or those of x where it is known to lie between two numbers.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import tvm
import tvm_ffi
from tvm import tirx
from tvm.ir.prim import expr as prim
from tvm.target.codegen import llvm_get_cpu_features

from .scaling import lanes_of, number_in

_MAGIC = 1.5 * 2**23
_ZERO = 0x4B400000  # the bits of it
# Integers up to which float32 has each one, and up to which the sum with `_MAGIC` does.
_WHOLE, _SMALL = 1 << 24, 1 << 22

_INT8 = (-128, 127)

Bounds = tuple[int, int]


def ScaleInFloat() -> tvm.transform.Pass:
    """The pass, over TensorIR functions that know their target, after loops have become vectors.

    It leaves those alone whose processor has no fused multiply-add.
    """
    return tirx.transform.prim_func_pass(_scaled, opt_level=0, name="relay.ScaleInFloat")


def _scaled(func: tirx.PrimFunc, mod: tvm.IRModule, context: tvm.transform.PassContext) -> tirx.PrimFunc:
    if not _fuses(func.attrs["target"]):
        return func
    bound: dict[Any, Any] = {}
    tvm_ffi.structural_walk(func.body, (tirx.Bind, lambda bind: bound.update({bind.var: bind.value})))
    values = _Values(bound)
    return func.with_body(tvm_ffi.structural_map(func.body, ((prim.Min, values.clipped), (prim.Cast, values.small))))


@functools.lru_cache(maxsize=8)
def _fuses(target: tvm.target.Target) -> bool:
    return not llvm_get_cpu_features(target).isdisjoint(("fma", "neon"))


class _Values:
    """What the variables of a function stand for."""

    def __init__(self, bound: Mapping[Any, Any]) -> None:
        self.bound = bound

    def clipped(self, clip: Any) -> Any:
        """A clip, done with the rescaling below it where that is exact."""
        bounds = _clip(clip)
        parts = None if bounds is None else _product(self.of(clip.a.a))
        if bounds is None or parts is None or (factor := _factor(parts, bounds, None)) is None:
            return clip
        low, high = (_in_lanes(_ZERO + bound, parts[0]) for bound in bounds)
        return tirx.min(tirx.max(_bits(parts[0], factor), low), high) - _in_lanes(_ZERO, parts[0])

    def small(self, scale: Any) -> Any:
        """A rescaling of numbers between known bounds, where that is exact."""
        parts = _product(scale)
        bounds = None if parts is None else self.bounds(parts[0])
        if parts is None or bounds is None:
            return scale
        x, factor, shift = parts
        low, high = (bound * factor >> shift for bound in bounds)
        made = _factor(parts, (low, high), bounds)
        return scale if made is None else _bits(x, made) - _in_lanes(_ZERO, x)

    def of(self, value: Any) -> Any:
        """A value; for a variable, what it was bound to."""
        while isinstance(value, tirx.Var) and value in self.bound:
            value = self.bound[value]
        return value

    def bounds(self, value: Any) -> Bounds | None:
        """Between which numbers a vector of int32 lies, if that is known."""
        value = self.of(value)
        if (clip := _clip(value)) is not None:
            return clip
        if isinstance(value, prim.Cast) and lanes_of(value.value, "int8") > 1:
            inner = self.of(value.value)
            found = self.bounds(inner.value) if isinstance(inner, prim.Cast) else None
            return found if found is not None and _within(found, _INT8) else _INT8
        return None


def _clip(value: Any) -> Bounds | None:
    """The bounds of a clip of int32."""
    if not isinstance(value, prim.Min) or not isinstance(value.a, prim.Max) or lanes_of(value, "int32") < 2:
        return None
    low, high = number_in(value.a.b), number_in(value.b)
    return None if low is None or high is None or low > high else (low, high)


def _within(inner: Bounds, outer: Bounds) -> bool:
    return outer[0] <= inner[0] and inner[1] <= outer[1]


def _product(value: Any) -> tuple[Any, int, int] | None:
    """The vector x and the numbers m and s of `(x * m + (1 << s - 1)) >> s`, or None for any other expression.

    x may be shifted to the left first, which is a part of m then.
    """
    if not isinstance(value, prim.Cast) or lanes_of(value, "int32") < 2 or not isinstance(value.value, prim.RShift):
        return None
    total, shift = value.value.a, number_in(value.value.b)
    if not isinstance(total, prim.Add) or not isinstance(total.a, prim.Mul):
        return None
    wide, factor = total.a.a, number_in(total.a.b)
    left: int | None = 0
    if isinstance(wide, prim.LShift):
        wide, left = wide.a, number_in(wide.b)
    if not isinstance(wide, prim.Cast) or lanes_of(wide.value, "int32") != lanes_of(value, "int32"):
        return None
    if left is None or not factor or factor < 0 or not shift or number_in(total.b) != 1 << (shift - 1):
        return None
    return wide.value, factor << left, shift


def _factor(parts: tuple[Any, int, int], bounds: Bounds, given: Bounds | None) -> float | None:
    """The float32 to multiply with for results within the bounds; None where it would not be exact.

    `given` are the bounds of x; where there are none, results are clipped to the bounds.
    """
    _, factor, shift = parts
    odd, most = factor // (factor & -factor), max(map(abs, bounds)) + 1
    if given is None:
        # Larger factors may leave int64.
        is_known = factor < 1 << 31 and _WHOLE * factor >= most << shift
    else:
        is_known = max(map(abs, given)) <= _WHOLE
    # A product in the middle between two integers is an odd multiple of odd / 2.
    return factor / 2**shift if is_known and most < _SMALL and 2 * most < odd < _WHOLE else None


def _bits(x: Any, factor: float) -> Any:
    """The bits of x times the factor, rounded to an integer, plus `_MAGIC`."""
    lanes = lanes_of(x, "int32")
    dtype = f"float32x{lanes}"
    numbers = (prim.Broadcast(tirx.const(number, "float32"), lanes) for number in (factor, _MAGIC))
    fused = tirx.call_llvm_pure_intrin(dtype, "llvm.fma", x.astype(dtype), *numbers)
    return tirx.reinterpret(f"int32x{lanes}", fused)


def _in_lanes(number: int, like: Any) -> Any:
    return prim.Broadcast(tirx.const(number, "int32"), lanes_of(like, "int32"))
