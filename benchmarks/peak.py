"""The most that this machine computes: loops of nothing but the instruction that kernels are made of.

float32    a multiplication and an addition in one, on vectors
int8       the processor's sum of byte products, such as `vpdpbusd`, or `vpmaddubsw` and `vpmaddwd`; on int32 without

Twelve sums grow in registers, so that none waits for the one before.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BOOK = Path(__file__).resolve().parent.parent / "book"
sys.path.insert(0, str(BOOK))
SUMS, ROUNDS = 12, 200_000


@dataclass(frozen=True)
class Dot:
    """An instruction that adds products of `factors` to sums: LLVM's name, and how many of each are in a vector.

    With `pairs`, that one multiplies, and the instruction adds up what it gives.
    """

    name: str
    sums: int
    factors: int
    dtype: str
    pairs: str = ""


DOTS = {
    "vpdpbusd512": Dot("llvm.x86.avx512.vpdpbusd.512", 16, 64, "int8"),
    "vpdpbusd256": Dot("llvm.x86.avx512.vpdpbusd.256", 8, 32, "int8"),
    "pmaddubsw512": Dot("llvm.x86.avx512.pmaddw.d.512", 16, 64, "int8", "llvm.x86.avx512.pmaddubs.w.512"),
    "pmaddubsw256": Dot("llvm.x86.avx2.pmadd.wd", 8, 32, "int8", "llvm.x86.avx2.pmadd.ub.sw"),
    "pmaddubsw128": Dot("llvm.x86.sse2.pmadd.wd", 4, 16, "int8", "llvm.x86.ssse3.pmadd.ub.sw.128"),
    "pmaddwd128": Dot("llvm.x86.sse2.pmadd.wd", 4, 8, "int16"),
    "sdot": Dot("llvm.aarch64.neon.sdot.v4i32.v16i8", 4, 16, "int8"),
}


def peak(kind: str, threads: int) -> tuple[Callable[[], Any], float]:
    """What runs the loop of a kind on that many threads, and how many billion operations that is."""
    import numpy as np
    import set_env  # noqa: F401
    import tvm
    from tvm.relay.backend.target import cpu_target, features

    target = cpu_target("llvm")
    found = features(target)
    dot = DOTS.get(found.dot) if kind == "int8" else None
    dtype, lanes = ("int32" if kind == "int8" else "float32"), dot.sums if dot else found.lanes
    built = tvm.tirx.build(tvm.IRModule({"main": _loop(dtype, lanes, dot, threads)}), target)
    out = tvm.runtime.tensor(np.zeros((threads, SUMS * lanes), dtype))
    return lambda: built["main"](out), 2e-9 * threads * SUMS * ROUNDS * (dot.factors if dot else lanes)


def _loop(dtype: str, lanes: int, dot: Dot | None, threads: int) -> Any:
    from tvm import tirx
    from tvm.script.ir_builder import IRBuilder
    from tvm.tirx.script import builder as T

    def grown(total: Any, factor: Any) -> Any:
        if dot is None:
            return total * factor + factor
        bytes_ = tirx.reinterpret(f"{dot.dtype}x{dot.factors}", factor)
        vector = f"int32x{lanes}"
        # Of the sum itself: LLVM would take a product that is always the same out of the loop.
        own = tirx.reinterpret(f"{dot.dtype}x{dot.factors}", total)
        if dot.pairs:
            words = f"int16x{2 * lanes}"
            products = tirx.call_llvm_pure_intrin(words, dot.pairs, own, bytes_)
            ones = T.Broadcast(tirx.const(1, "int16"), 2 * lanes)
            return total + tirx.call_llvm_pure_intrin(vector, dot.name, products, ones)
        if dot.dtype == "int16":
            return total + tirx.call_llvm_pure_intrin(vector, dot.name, own, bytes_)
        return tirx.call_llvm_pure_intrin(vector, dot.name, total, bytes_, bytes_)

    with IRBuilder() as builder, T.prim_func(s_tir=True):
        T.func_attr({"tirx.noalias": True, "global_symbol": "main"})
        out = T.arg("out", T.buffer((threads, SUMS * lanes), dtype))
        with T.parallel(threads) as thread:
            first = T.Ramp(0, 1, lanes)
            sums = T.alloc_buffer((SUMS * lanes,), dtype, scope="local")
            factor = T.alloc_buffer((lanes,), dtype, scope="local")
            T.buffer_store(factor, out[thread, first], [first])
            places = [T.Ramp(lanes * at, 1, lanes) for at in range(SUMS)]
            for place in places:
                T.buffer_store(sums, T.Broadcast(tirx.const(0, dtype), lanes), [place])
            with T.serial(ROUNDS):
                for place in places:
                    T.buffer_store(sums, grown(sums[place], factor[first]), [place])
            for place in places:
                T.buffer_store(out, sums[place], [thread, place])
    return builder.get()
