"""What the instructions for int8 compute, written out: so the code for a processor runs on any other one.

    with written_out(): a kernel for `cascadelake` multiplies bytes by shifts and products of int32

Each is what its maker's manual says. A vector is looked at as lanes of int32, whose bytes and words are cut out by
shifts. That the definitions are right is under test wherever the processor at hand has an instruction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import set_env  # noqa: F401
from tvm import tirx
from tvm.relay.backend.te.registry import dtype_of
from tvm.tirx.script import builder as T


def _lanes(vector: Any, dtype: str) -> Any:
    """The vector as numbers of another width."""
    bits = {"int8": 8, "int16": 16, "int32": 32}
    element, _, count = dtype_of(vector).partition("x")
    lanes = int(count) * bits[element] // bits[dtype]
    return T.Bind(tirx.reinterpret(f"{dtype}x{lanes}", vector))


def _all(value: int, like: Any) -> Any:
    element, _, lanes = dtype_of(like).partition("x")
    return T.Broadcast(tirx.const(value, element), int(lanes))


def _parts(lanes: Any, width: int, count: int, signed: bool) -> list[Any]:
    """The numbers of `width` bits in each lane of int32 or int16, the lowest first."""
    bits = 16 if dtype_of(lanes).startswith("int16") else 32

    def part(k: int) -> Any:
        if signed:
            return (lanes << _all(bits - width * (k + 1), lanes)) >> _all(bits - width, lanes)
        return (lanes >> _all(width * k, lanes)) & _all((1 << width) - 1, lanes)

    return [part(k) for k in range(count)]


def _dot(one_is_signed: bool) -> Callable[..., Any]:
    """`vpdpbusd`, whose first factor is unsigned, and `sdot`: four products of bytes added to each sum."""

    def define(dtype: str, sums: Any, one: Any, other: Any) -> Any:
        pairs = zip(_parts(_lanes(one, "int32"), 8, 4, one_is_signed), _parts(_lanes(other, "int32"), 8, 4, True))
        for x, w in pairs:
            sums = sums + x * w
        return sums

    return define


def _pmaddwd(dtype: str, one: Any, other: Any) -> Any:
    """The sum of two products of words in each lane; only that of four times -32768 wraps."""
    (a, b), (c, d) = (_parts(_lanes(factor, "int32"), 16, 2, True) for factor in (one, other))
    return a * c + b * d


def _pmaddubsw(dtype: str, one: Any, other: Any) -> Any:
    """The sum of two products of an unsigned and a signed byte in each word, held to what 16 bits have."""
    (a, b), (c, d) = (_parts(_lanes(factor, "int16"), 8, 2, signed) for factor, signed in ((one, False), (other, True)))
    wide = dtype.replace("int16", "int32")
    total = T.Bind(a.astype(wide) * c.astype(wide) + b.astype(wide) * d.astype(wide))
    return tirx.max(tirx.min(total, _all(32767, total)), _all(-32768, total)).astype(dtype)


def _psignb(dtype: str, numbers: Any, signs: Any) -> Any:
    """Each byte negated where the other is negative, and zero where that is."""
    zero = _all(0, signs)
    return tirx.Select(signs > zero, numbers, tirx.Select(signs < zero, zero - numbers, zero))


DEFINITIONS: dict[str, Callable[..., Any]] = {
    **{f"llvm.x86.avx512.vpdpbusd.{bits}": _dot(one_is_signed=False) for bits in (128, 256, 512)},
    **dict.fromkeys(("llvm.x86.sse2.pmadd.wd", "llvm.x86.avx2.pmadd.wd", "llvm.x86.avx512.pmaddw.d.512"), _pmaddwd),
    "llvm.x86.ssse3.pmadd.ub.sw.128": _pmaddubsw,
    "llvm.x86.avx2.pmadd.ub.sw": _pmaddubsw,
    "llvm.x86.avx512.pmaddubs.w.512": _pmaddubsw,
    "llvm.x86.ssse3.psign.b.128": _psignb,
    "llvm.x86.avx2.psign.b": _psignb,
    "llvm.aarch64.neon.sdot.v4i32.v16i8": _dot(one_is_signed=True),
}


@contextmanager
def written_out() -> Iterator[None]:
    """Inside `with`, kernels take the definitions in the place of the instructions."""
    call = tirx.call_llvm_pure_intrin

    def defined(dtype: str, name: str, *args: Any) -> Any:
        return DEFINITIONS[name](dtype, *args) if name in DEFINITIONS else call(dtype, name, *args)

    with mock.patch.object(tirx, "call_llvm_pure_intrin", defined):
        yield
