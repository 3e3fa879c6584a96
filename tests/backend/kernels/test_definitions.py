"""The written-out instructions give what their makers' manuals say, and the processor's own ones the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import tirx
from tvm.relay.backend import pipeline
from tvm.relay.backend.target import cpu_target, features
from tvm.script.ir_builder import IRBuilder
from tvm.tirx.script import builder as T

from tests.backend.kernels.definitions import DEFINITIONS, written_out


def pairs(products: np.ndarray, count: int) -> np.ndarray:
    return products.reshape(-1, count).sum(axis=1)


def wide(numbers: np.ndarray, dtype: str = "int8") -> np.ndarray:
    return numbers.view(dtype).astype("int64")


def vpdpbusd(sums: np.ndarray, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return sums + pairs(wide(x, "uint8") * wide(w), 4)


def sdot(sums: np.ndarray, x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return sums + pairs(wide(x) * wide(w), 4)


def pmaddwd(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return pairs(wide(x, "int16") * wide(w, "int16"), 2)


def pmaddubsw(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.clip(pairs(wide(x, "uint8") * wide(w), 2), -(1 << 15), (1 << 15) - 1)


def psignb(x: np.ndarray, signs: np.ndarray) -> np.ndarray:
    return wide(x) * np.sign(wide(signs))


# For each instruction: what it is, bits of a vector, dtypes of the arguments, dtype of the result, and what the dot of
# a processor's features is called that has it.
INSTRUCTIONS: dict[str, Any] = {
    **{
        f"llvm.x86.avx512.vpdpbusd.{bits}": (vpdpbusd, bits, ("int32", "int8", "int8"), "int32", f"vpdpbusd{most}")
        for bits, most in ((128, 512), (256, 512), (512, 512))
    },
    "llvm.aarch64.neon.sdot.v4i32.v16i8": (sdot, 128, ("int32", "int8", "int8"), "int32", "sdot"),
    "llvm.x86.sse2.pmadd.wd": (pmaddwd, 128, ("int16", "int16"), "int32", "pmaddwd128"),
    "llvm.x86.avx2.pmadd.wd": (pmaddwd, 256, ("int16", "int16"), "int32", "pmaddubsw256"),
    "llvm.x86.avx512.pmaddw.d.512": (pmaddwd, 512, ("int16", "int16"), "int32", "pmaddubsw512"),
    "llvm.x86.ssse3.pmadd.ub.sw.128": (pmaddubsw, 128, ("int8", "int8"), "int16", "pmaddubsw128"),
    "llvm.x86.avx2.pmadd.ub.sw": (pmaddubsw, 256, ("int8", "int8"), "int16", "pmaddubsw256"),
    "llvm.x86.avx512.pmaddubs.w.512": (pmaddubsw, 512, ("int8", "int8"), "int16", "pmaddubsw512"),
    "llvm.x86.ssse3.psign.b.128": (psignb, 128, ("int8", "int8"), "int8", "pmaddubsw128"),
    "llvm.x86.avx2.psign.b": (psignb, 256, ("int8", "int8"), "int8", "pmaddubsw256"),
}
# The weakest processors first: each has what those before it have, but for the last one.
ORDER = ("pmaddwd128", "pmaddubsw128", "pmaddubsw256", "pmaddubsw512", "vpdpbusd512")


def numbers(dtype: str, bits: int, rng: np.random.Generator) -> np.ndarray:
    """Bytes of all values and the outermost ones; words without the one whose products wrap."""
    if dtype != "int8":
        low = np.iinfo(dtype).min + 1 if dtype == "int16" else -(1 << 20)
        return rng.integers(low, -low, 64 * bits // np.iinfo(dtype).bits).astype(dtype)
    drawn = rng.integers(-128, 128, 64 * bits // 8)
    outermost = rng.choice(np.array([-128, -127, 0, 127]), drawn.size)
    return np.where(rng.random(drawn.size) < 0.5, drawn, outermost).astype("int8")


def computed(name: str, given: list[np.ndarray], bits: int, dtype: str) -> np.ndarray:
    """What compiled code gives that calls the instruction on one vector after the other."""
    lanes = [bits // np.iinfo(each.dtype).bits for each in given]
    made = bits // np.iinfo(dtype).bits
    with IRBuilder() as builder, T.prim_func(s_tir=True):
        buffers = [T.arg(f"x{k}", T.buffer(each.shape, str(each.dtype))) for k, each in enumerate(given)]
        result = T.arg("result", T.buffer((64 * made,), dtype))
        with T.serial(64) as k:
            args = [T.Bind(buffer[T.Ramp(k * n, 1, n)]) for buffer, n in zip(buffers, lanes)]
            value = tirx.call_llvm_pure_intrin(f"{dtype}x{made}", name, *args)
            T.buffer_store(result, value, [T.Ramp(k * made, 1, made)])
    module = tvm.IRModule({"run": builder.get().with_attr("global_symbol", "run")})
    found = tvm.runtime.tensor(np.zeros(64 * made, dtype))
    run = tvm.tirx.build(module, target=cpu_target("llvm"), pipeline=pipeline.NAME)["run"]
    run(*map(tvm.runtime.tensor, given), found)
    return found.numpy()


def is_here(kind: str) -> bool:
    dot = features(cpu_target("llvm")).dot
    return kind == dot or {kind, dot} <= set(ORDER) and ORDER.index(kind) <= ORDER.index(dot)


def test_every_definition_is_compared() -> None:
    assert set(INSTRUCTIONS) == set(DEFINITIONS)


@pytest.mark.parametrize("name", INSTRUCTIONS)
def test_a_definition_is_that_of_the_manual(name: str) -> None:
    meaning, bits, dtypes, dtype, _ = INSTRUCTIONS[name]
    given = [numbers(each, bits, np.random.default_rng(k)) for k, each in enumerate(dtypes)]
    with written_out():
        found = computed(name, given, bits, dtype)
    np.testing.assert_array_equal(found, meaning(*given).astype(dtype))


@pytest.mark.parametrize("name", [name for name, (*_, kind) in INSTRUCTIONS.items() if is_here(kind)])
def test_the_processor_at_hand_does_the_same(name: str) -> None:
    meaning, bits, dtypes, dtype, _ = INSTRUCTIONS[name]
    given = [numbers(each, bits, np.random.default_rng(k)) for k, each in enumerate(dtypes)]
    np.testing.assert_array_equal(computed(name, given, bits, dtype), meaning(*given).astype(dtype))
