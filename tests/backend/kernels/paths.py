"""Compiling a kernel for one processor or another, running it, and comparing with the NumPy reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.contrib import graph_executor
from tvm.relay.backend import layout, pipeline, program
from tvm.relay.backend.bounds import LEAST, least_of
from tvm.relay.backend.kernels import Choice
from tvm.relay.backend.lower import Lowered, lower
from tvm.relay.backend.target import Features, cpu_target, features, requirements

from tests.backend.kernels.definitions import written_out

# The instructions for int8 of x86 processors, the widest ones first: a processor, the numbers in a vector of sums, what
# is told to the kernels besides, and which numbers data and weights are never below.
PATHS = {
    "vpdpbusd512": ("cascadelake", 16, {}, (-128, -128)),
    "vpdpbusd512, unsigned": ("cascadelake", 16, {}, (0, -128)),
    "pmaddubsw512, unsigned": ("skylake-avx512", 16, {}, (0, -128)),
    "pmaddwd512": ("skylake-avx512", 16, {}, (-128, -127)),
    "vpdpbusd256": ("cascadelake", 8, {}, (-128, -128)),
    "pmaddubsw256": ("haswell", 8, {}, (-128, -127)),
    "pmaddubsw256, unsigned": ("haswell", 8, {}, (0, -128)),
    "pmaddwd256": ("haswell", 8, {}, (-128, -128)),
    "pmaddubsw128": ("nehalem", 4, {}, (-128, -127)),
    "pmaddubsw128, unsigned": ("nehalem", 4, {}, (0, -128)),
    "pmaddwd128": ("x86-64", 4, {}, (0, -127)),
    "int32 multiply-add": ("x86-64", 4, {"dot": "generic"}, (-128, -128)),
}
ARM = "llvm -mtriple=aarch64-linux-gnu -mattr=+neon,+dotprod"


def machine(target: Any = "llvm", **changes: Any) -> tuple[tvm.target.Target, Features]:
    """A target, and its features with some of them changed."""
    found = cpu_target(target)
    return found, replace(features(found), **changes)


def told(func: relay.Function, least: tuple[int, int]) -> relay.Function:
    """A function of data, weights and one more parameter, told which numbers the first two are never below."""
    return func.with_attr(LEAST, [*least, -128])


def values(func: relay.Function, extreme: bool = False) -> list[np.ndarray]:
    """An argument for each parameter; int8 takes all its values, -128 too, or only the outermost ones.

    A function that has been told more gets no others.
    """
    rng = np.random.default_rng(0)

    def drawn(ty: Any, least: int) -> np.ndarray:
        if ty.dtype == "float32":
            return rng.standard_normal(ty.concrete_shape).astype("float32")
        if extreme and ty.dtype == "int8":
            return rng.choice(np.array([least, 127], "int8"), ty.concrete_shape)
        return rng.integers(least, 128, ty.concrete_shape).astype(ty.dtype)

    known = least_of(func)
    return [drawn(param.checked_type, known.get(param, -128)) for param in func.params]


def compiled(lowered: Lowered, target: tvm.target.Target) -> Any:
    """The module with the kernel as its function `run`."""
    module = tvm.IRModule({"run": lowered.func.with_attr("global_symbol", "run")})
    return tvm.tirx.build(module, target=target, pipeline=pipeline.NAME)


def lacks(target: tvm.target.Target) -> bool:
    """Whether the processor at hand cannot run what is compiled for a target."""
    try:
        graph_executor.check_processor(requirements(target))
    except ValueError:
        return True
    return False


def built(mod: tvm.IRModule, target: tvm.target.Target, given: Features, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A network compiled for a target whose features are `given`: on any processor, as `check` does it."""
    monkeypatch.setattr(program, "features", lambda target: given)
    monkeypatch.setattr(layout, "_features", lambda target: given)
    lib = relay.build(mod, target)
    if lacks(target):
        with written_out():
            return relay.build(mod, "llvm")
    return lib


def check(
    func: relay.Function,
    target: tvm.target.Target,
    given: Features,
    extreme: bool = False,
    arrays: Sequence[np.ndarray] = (),
    choice: Choice | None = None,
) -> Lowered:
    """Compile, run on the arrays or on drawn ones, and compare with the NumPy reference: int8 bit by bit.

    Where the processor at hand lacks what the kernel is compiled for, it runs with the instructions written out.
    """
    lowered = lower(func, given, choice)
    args = arrays or values(func, extreme)
    expected = relay.create_executor("debug").evaluate(func)(*args).numpy()
    found = tvm.runtime.tensor(np.full(expected.shape, 99, expected.dtype))
    module = compiled(lowered, target)
    if lacks(target):
        with written_out():
            module = compiled(lower(func, given, choice), cpu_target("llvm"))
    module["run"](*map(tvm.runtime.tensor, args), found)
    if expected.dtype == "float32":
        np.testing.assert_allclose(found.numpy(), expected, atol=1e-5 * np.abs(expected).max())
    else:
        np.testing.assert_array_equal(found.numpy(), expected)
    return lowered
