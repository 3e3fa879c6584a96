"""Compiling a kernel for one processor or another, running it, and comparing with the NumPy reference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.contrib import graph_executor
from tvm.relay.backend import pipeline
from tvm.relay.backend.lower import Lowered, lower
from tvm.relay.backend.target import Features, cpu_target, features, requirements

# The instructions for int8 of a processor with AVX-512, and those of lesser ones.
LESSER = {
    "pmaddwd512": ("llvm -mcpu=skylake-avx512", 16, {}),
    "vpdpbusd256": ("llvm -mcpu=cascadelake", 8, {}),
    "pmaddwd256": ("llvm -mcpu=haswell", 8, {}),
    "pmaddwd128": ("llvm -mcpu=x86-64", 4, {}),
    "int32 multiply-add": ("llvm -mcpu=x86-64", 4, {"dot": "generic"}),
}
ARM = "llvm -mtriple=aarch64-linux-gnu -mattr=+neon,+dotprod"


def machine(target: Any = "llvm", **changes: Any) -> tuple[tvm.target.Target, Features]:
    """A target, and its features with some of them changed."""
    found = cpu_target(target)
    return found, replace(features(found), **changes)


def values(func: relay.Function, extreme: bool = False) -> list[np.ndarray]:
    """An argument for each parameter; int8 takes all its values, -128 too, or only the outermost ones."""
    rng = np.random.default_rng(0)

    def drawn(ty: Any) -> np.ndarray:
        if ty.dtype == "float32":
            return rng.standard_normal(ty.concrete_shape).astype("float32")
        if extreme and ty.dtype == "int8":
            return rng.choice(np.array([-128, 127], "int8"), ty.concrete_shape)
        return rng.integers(-128, 128, ty.concrete_shape).astype(ty.dtype)

    return [drawn(param.checked_type) for param in func.params]


def compiled(lowered: Lowered, target: tvm.target.Target) -> Any:
    """The module with the kernel as its function `run`."""
    module = tvm.IRModule({"run": lowered.func.with_attr("global_symbol", "run")})
    return tvm.tirx.build(module, target=target, pipeline=pipeline.NAME)


def lacking(target: tvm.target.Target) -> str:
    """Why the processor at hand cannot run what is compiled for a target; empty where it can."""
    try:
        graph_executor.check_processor(requirements(target))
    except ValueError as error:
        return str(error).partition(":")[0]
    return ""


def check(func: relay.Function, target: tvm.target.Target, given: Features, extreme: bool = False) -> Lowered:
    """Compile, run and compare with the NumPy reference: int8 bit by bit.

    Where the processor at hand lacks what the kernel is compiled for, the test is left out after that.
    """
    lowered = lower(func, given)
    args = values(func, extreme)
    expected = relay.create_executor("debug").evaluate(func)(*args).numpy()
    found = tvm.runtime.tensor(np.full(expected.shape, 99, expected.dtype))
    module = compiled(lowered, target)
    if reason := lacking(target):
        pytest.skip(f"compiled and not run: {reason}")
    module["run"](*map(tvm.runtime.tensor, args), found)
    if expected.dtype == "float32":
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-5 * np.abs(expected).max())
    else:
        np.testing.assert_array_equal(found.numpy(), expected)
    return lowered
