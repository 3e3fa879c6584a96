"""ScaleVectors: of a vector of int32 that is rescaled, lanes are multiplied where they are, not moved apart.

    before   T.Cast("int32x16", (T.Cast("int64x16", x) * m + half) >> s)
    after    two = T.reinterpret("int64x8", x)
             even = ((two << 32) >> 32) * m + half;  odd = (two >> 32) * m + half
             T.reinterpret("int32x16", even >> 32 & 0xFFFFFFFF | odd & ~0xFFFFFFFF) >> (s - 32)

`fixed_point_multiply` of int32 has a product of 64 bits, of which the upper half counts. x86 multiplies the lanes with
even numbers, `vpmuldq`; so the odd ones are shifted there, and of both products the upper halves are put together where
the lanes have been. LLVM widens all lanes instead, in two vectors, and narrows them again, which takes longer than the
arithmetic.
"""

from __future__ import annotations

import functools
from typing import Any

import tvm
import tvm_ffi
from tvm import tirx
from tvm.ir.prim import expr as prim
from tvm.target.codegen import llvm_get_cpu_features

_UPPER = 32
_LOW_WORD = (1 << _UPPER) - 1
_MOST_FACTOR = (1 << 31) - 1


def ScaleVectors() -> tvm.transform.Pass:
    """The pass, over TensorIR functions that know their target, after loops have become vectors.

    It leaves those alone whose processor has no `vpmuldq`.
    """
    return tirx.transform.prim_func_pass(_scaled, opt_level=0, name="relay.ScaleVectors")


def _scaled(func: tirx.PrimFunc, mod: tvm.IRModule, context: tvm.transform.PassContext) -> tirx.PrimFunc:
    if not _multiplies_even_lanes(func.attrs["target"]):
        return func
    return func.with_body(tvm_ffi.structural_map(func.body, (prim.Cast, _of_cast)))


@functools.lru_cache(maxsize=8)
def _multiplies_even_lanes(target: tvm.target.Target) -> bool:
    return "sse4.1" in llvm_get_cpu_features(target)


def _of_cast(cast: Any) -> Any:
    parts = _product(cast)
    return cast if parts is None else _in_halves(*parts)


def _product(cast: Any) -> tuple[Any, int, int, int] | None:
    """The vector x and the numbers m, half and s of `(x * m + half) >> s`, or None for any other expression."""
    lanes, shifted = lanes_of(cast, "int32"), cast.value
    # Two lanes are no vector of a processor's, and half of them none of TensorIR's.
    if lanes < 4 or lanes % 2 or not isinstance(shifted, prim.RShift) or not isinstance(shifted.a, prim.Add):
        return None
    product = shifted.a.a
    if not isinstance(product, prim.Mul) or not isinstance(product.a, prim.Cast):
        return None
    x, (factor, half, shift) = product.a.value, map(number_in, (product.b, shifted.a.b, shifted.b))
    if lanes_of(x, "int32") != lanes or factor is None or half is None or shift is None:
        return None
    return (x, factor, half, shift) if shift >= _UPPER and abs(factor) <= _MOST_FACTOR else None


def lanes_of(value: Any, dtype: str) -> int:
    """How many numbers of the dtype a vector has; 1 for anything else."""
    name, _, lanes = str(value.ty.dtype).partition("x")
    return int(lanes) if name == dtype and lanes else 1


def number_in(value: Any) -> int | None:
    """The number that all lanes have."""
    constant = value.value if isinstance(value, prim.Broadcast) else None
    return int(constant.value) if isinstance(constant, tirx.IntImm) else None


def _in_halves(x: Any, factor: int, half: int, shift: int) -> Any:
    lanes = lanes_of(x, "int32")

    def number(value: int) -> Any:
        return prim.Broadcast(tirx.const(value, "int64"), lanes // 2)

    two = tirx.reinterpret(f"int64x{lanes // 2}", x)
    even = ((two << number(_UPPER)) >> number(_UPPER)) * number(factor) + number(half)
    odd = (two >> number(_UPPER)) * number(factor) + number(half)
    upper = ((even >> number(_UPPER)) & number(_LOW_WORD)) | (odd & number(~_LOW_WORD))
    rest = prim.Broadcast(tirx.const(shift - _UPPER, "int32"), lanes)
    return tirx.reinterpret(f"int32x{lanes}", upper) >> rest
