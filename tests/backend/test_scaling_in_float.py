"""Rescaling in float32: where it is done, it gives bit by bit what the reference computes."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend import pipeline
from tvm.relay.backend.lower import lower
from tvm.relay.backend.target import cpu_target, features
from tvm.relay.transform.infer_type import infer

EDGES = [-(2**31), -(2**31) + 1, -(2**24) - 1, -(2**24), -1, 0, 1, 2**24, 2**24 + 1, 2**31 - 2, 2**31 - 1]
# Factors of 24 bits and fewer, as a scale in float32 has.
MULTIPLIERS = [1230244864, 1901397760, 2023196544, (2**24 - 1) << 7, 2**30 + 2**12]


def thresholds(multiplier: int, shift: int) -> np.ndarray:
    """The numbers around which the result goes from one integer to the next, and the ends of int32."""
    factor = Fraction(multiplier) * Fraction(2) ** (shift - 31)
    middles = [round((result + Fraction(1, 2)) / factor) for result in range(-300, 300)]
    around = [middle + k for middle in middles for k in (-1, 0, 1)]
    return np.array([*EDGES, *(x for x in around if -(2**31) <= x < 2**31)], "int32")


def function(data: np.ndarray, multiplier: int, shift: int, low: int = -127, high: int = 127) -> relay.Function:
    x = relay.var("x", shape=data.shape, dtype=str(data.dtype))
    given = relay.cast(x, "int32") if data.dtype != np.int32 else x
    scaled = relay.fixed_point_multiply(given, multiplier, shift)
    body = relay.cast(relay.clip(scaled, low, high), "int8") if data.dtype == np.int32 else scaled
    return infer(relay.Function([x], body), tvm.IRModule())


def built(func: relay.Function, target: str = "llvm -mcpu=haswell"):
    found = cpu_target(target)
    lowered = lower(func, features(found)).func.with_attr("global_symbol", "run")
    return tvm.tirx.build(tvm.IRModule({"run": lowered}), found, pipeline.NAME)


def check(func: relay.Function, data: np.ndarray, target: str = "llvm -mcpu=haswell") -> str:
    """Compare with the reference; gives the code."""
    expected = relay.create_executor("debug").evaluate(func)(data).numpy()
    module = built(func, target)
    found = tvm.runtime.tensor(np.full_like(expected, 99))
    module["run"](tvm.runtime.tensor(data), found)
    np.testing.assert_array_equal(found.numpy(), expected)
    return str(module.inspect_source("asm"))


@pytest.mark.parametrize("target", ["llvm", "llvm -mcpu=haswell"])
@pytest.mark.parametrize("shift", [-7, 0])
@pytest.mark.parametrize("multiplier", MULTIPLIERS)
def test_every_step_of_a_clipped_result_is_where_it_was(target: str, shift: int, multiplier: int) -> None:
    data = thresholds(multiplier, shift)
    assert "vfm" in check(function(data, multiplier, shift), data, target)


@pytest.mark.parametrize("bounds", [(0, 127), (-128, 0), (3, 5), (-100, -90)])
def test_the_bounds_are_those_of_the_clip(bounds: tuple[int, int]) -> None:
    data = thresholds(1230244864, -7)
    assert "vfm" in check(function(data, 1230244864, -7, *bounds), data)


@pytest.mark.parametrize("shift", [-2, 0, 3])
def test_what_was_an_int8_needs_no_clip(shift: int) -> None:
    data = np.arange(-128, 128).astype("int8")
    assert "vfm" in check(function(data, 1901397760, shift), data)


@pytest.mark.parametrize(
    ("multiplier", "shift"),
    [
        (2**30, -5),  # a power of two: each second result lies in the middle
        (3 << 29, -5),
        ((2**24 + 1) << 6, -7),  # no float32
        (1230244864, -20),  # of 2 ** 24 and more, which float32 does not have each, not all are clipped
    ],
)
def test_elsewhere_integers_are_multiplied(multiplier: int, shift: int) -> None:
    data = thresholds(multiplier, shift)
    assert "vfm" not in check(function(data, multiplier, shift), data)


@pytest.mark.parametrize("multiplier", MULTIPLIERS)
def test_a_processor_that_rounds_twice_multiplies_integers(multiplier: int) -> None:
    data = thresholds(multiplier, -7)
    assert "mulps" not in check(function(data, multiplier, -7), data, "llvm -mcpu=nehalem")


def test_on_arm_too() -> None:
    func = function(thresholds(1230244864, -7), 1230244864, -7)
    code = str(built(func, "llvm -mtriple=aarch64-linux-gnu -mattr=+neon").inspect_source("asm"))
    assert "fmla" in code and "smull" not in code
