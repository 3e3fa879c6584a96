"""Vectors on the stack: they lie within a line of the cache, wherever a thread's stack begins."""

import re

import pytest
import set_env  # noqa: F401
import tvm
from tvm import tirx
from tvm.relay.backend import pipeline
from tvm.relay.backend.target import cpu_target
from tvm.script.ir_builder import IRBuilder
from tvm.tirx.script import builder as T


def assembly(target, loop):
    """A loop in which more vectors are alive than there are registers."""
    size, lanes = 40, 16
    with IRBuilder() as builder, T.prim_func(s_tir=True):
        T.func_attr({"tirx.noalias": True, "global_symbol": "main"})
        data, out = (T.arg(name, T.buffer((4, size * lanes), "float32")) for name in ("data", "out"))
        with loop(4) as row:
            at = [T.Ramp(lanes * k, 1, lanes) for k in range(size)]
            read = [T.Bind(data[row, place]) for place in at]
            total = T.Bind(sum(read[1:], read[0]))
            for place, value in zip(at, read):
                T.buffer_store(out, tirx.sqrt(value) / total, [row, place])
    return str(
        tvm.tirx.build(tvm.IRModule({"main": builder.get()}), cpu_target(target), pipeline.NAME).inspect_source("asm")
    )


SPILL = re.compile(r"vmov[au]p?\w*\t%zmm\d+, \d*\(%rsp\)")


@pytest.mark.parametrize("loop", [T.serial, T.parallel])
def test_frames_with_vectors_are_aligned(loop):
    code = assembly("llvm -mcpu=znver4", loop)
    before, _, after = code.partition("andq\t$-64, %rsp")
    assert SPILL.search(after)
    assert not SPILL.search(before)


def test_short_vectors_need_no_alignment():
    code = assembly("llvm -mcpu=x86-64", T.parallel)
    assert "andq\t$-64" not in code and "relay_align_stack" not in code


@pytest.mark.parametrize(("numbers", "pooled"), [(64, False), (1024, False), (1 << 20, True)])
@pytest.mark.parametrize("target", ["llvm -mcpu=znver4", "llvm -mcpu=x86-64"])
def test_local_buffers_are_taken_from_the_pool_only_if_they_are_large(target, numbers, pooled):
    with IRBuilder() as builder, T.prim_func(s_tir=True):
        T.func_attr({"tirx.noalias": True, "global_symbol": "main"})
        data, out = (T.arg(name, T.buffer((4, numbers), "float32")) for name in ("data", "out"))
        with T.parallel(4) as row:
            held = T.alloc_buffer((numbers,), "float32", scope="local")
            with T.serial(numbers) as k:
                T.buffer_store(held, data[row, numbers - 1 - k], [k])
            with T.serial(numbers) as k:
                T.buffer_store(out, held[k], [row, k])
    module = tvm.tirx.build(tvm.IRModule({"main": builder.get()}), cpu_target(target), pipeline.NAME)
    assert ("TVMBackendAllocWorkspace" in str(module.inspect_source("asm"))) == pooled
