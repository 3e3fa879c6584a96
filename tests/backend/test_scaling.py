"""Rescaling of int32: bit by bit as the reference computes it, in vectors and at the ends of int32."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend import pipeline
from tvm.relay.backend.lower import lower
from tvm.relay.backend.target import cpu_target, features
from tvm.relay.transform.infer_type import infer

EDGES = np.array([-(2**31), -(2**31) + 1, -(2**30) - 1, -65536, -2, -1, 0, 1, 2, 65535, 2**30, 2**31 - 2, 2**31 - 1])
DATA = np.concatenate([EDGES, np.random.default_rng(0).integers(-(2**31), 2**31, 1000)]).astype("int32")
MULTIPLIERS = [0, 1, 2**30, 1230244864, 1518500250, 2**31 - 1]


def scaled(target, multipliers, shift):
    x = relay.var("x", shape=DATA.shape, dtype="int32")
    all_ = [relay.fixed_point_multiply(x, multiplier, shift) for multiplier in multipliers]
    func = infer(relay.Function([x], relay.Tuple(all_)), tvm.IRModule())
    found = cpu_target(target)
    lowered = lower(func, features(found)).func.with_attr("global_symbol", "run")
    return func, tvm.tirx.build(tvm.IRModule({"run": lowered}), found, pipeline.NAME)


@pytest.mark.parametrize("target", ["llvm", "llvm -mcpu=haswell", "llvm -mcpu=nehalem", "llvm -mcpu=x86-64"])
@pytest.mark.parametrize("shift", [-31, -7, -1, 0, 2])
def test_products_are_those_of_the_reference(target, shift):
    func, built = scaled(target, MULTIPLIERS, shift)
    found = [tvm.runtime.tensor(np.zeros_like(DATA)) for _ in MULTIPLIERS]
    built["run"](tvm.runtime.tensor(DATA), *found)
    for one, other in zip(found, relay.create_executor("debug").evaluate(func)(DATA), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("clipped", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 7, 10])
def test_few_numbers(count, clipped):
    """Loops over so few become vectors of two or three lanes, or none."""
    x = relay.var("x", shape=(1, count), dtype="int32")
    body = relay.fixed_point_multiply(x, 1921648640, -8)
    func = relay.Function([x], relay.cast(relay.clip(body, -127, 127), "int8") if clipped else body)
    numbers = np.resize(EDGES, (1, count)).astype("int32")
    found = relay.create_executor("graph").evaluate(func)(numbers).numpy()
    np.testing.assert_array_equal(found, relay.create_executor("debug").evaluate(func)(numbers).numpy())


def test_lanes_stay_where_they_are():
    _, built = scaled("llvm -mcpu=znver4", [1230244864], -7)
    code = str(built.inspect_source("asm"))
    assert "vpmuldq" in code
    assert "vpmovsxdq" not in code and "vpmovqd" not in code
