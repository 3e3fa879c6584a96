"""Before operators are fused, int8 values are no longer kept apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend.lower import operators
from tvm.relay.backend.stops import without_stops
from tvm.relay.backend.target import cpu_target
from tvm.relay.build_module import optimize
from tvm.relay.expr_functor import post_order


def joined(body: Any) -> str:
    found = without_stops()(tvm.IRModule.from_expr(relay.Function(relay.analysis.free_vars(body), body)))
    return str(found["main"].body)


def requantized(value: Any) -> Any:
    return relay.annotation.stop_fusion(relay.cast(relay.clip(value, -127, 127), "int8"))


@pytest.fixture
def x() -> relay.Var:
    return relay.var("x", shape=(1, 8), dtype="int32")


def test_int8_that_is_used_once_goes_on_in_registers(x: relay.Var) -> None:
    text = joined(relay.add(relay.cast(requantized(x), "int32"), relay.const(1)))
    assert "stop_fusion" not in text and text.count("cast") == 2


def test_other_values_stay_apart(x: relay.Var) -> None:
    assert "stop_fusion" in joined(relay.add(relay.annotation.stop_fusion(x), relay.const(1)))


def test_an_int8_form_is_made_once_and_widened_by_each_of_its_users(x: relay.Var) -> None:
    """Two functions could not share what is widened unless it went to memory as int32."""
    first, second = (relay.cast(requantized(x), "int32") for _ in range(2))
    text = joined(relay.multiply(relay.add(first, relay.const(1)), relay.add(second, relay.const(2))))
    assert text.count('dtype="int8"') == 1 and text.count('dtype="int32"') == 2


def test_a_residual_block_is_two_kernels() -> None:
    """The second one adds the block's input, and gives int8."""

    def convolution(data: Any) -> Any:
        weight = relay.const(np.ones((16, 16, 3, 3), "int8"))
        return relay.nn.conv2d(data, weight, padding=1, channels=16, kernel_size=3, out_dtype="int32")

    data = relay.var("data", shape=(1, 16, 8, 8), dtype="int8")
    inner = requantized(relay.nn.relu(convolution(data)))
    outer = relay.cast(requantized(convolution(inner)), "int32")
    block = relay.clip(relay.nn.relu(relay.add(outer, relay.cast(data, "int32"))), -127, 127)
    following = convolution(relay.annotation.stop_fusion(relay.cast(block, "int8")))
    whole = relay.add(following, relay.cast(relay.annotation.stop_fusion(relay.cast(block, "int8")), "int32"))
    mod = optimize(tvm.IRModule.from_expr(relay.Function([data], whole)), cpu_target("llvm"))
    functions = [node for node, _ in post_order(mod["main"].body) if isinstance(node, relay.Function)]
    kernels = [operators(func) for func in functions]
    convolutions = [names for names in kernels if any(name.startswith("nn.contrib_conv2d_") for name in names)]
    assert len(convolutions) == 3
    assert sorted(names.count("add") for names in convolutions) == [0, 1, 1]
    assert all("layout_transform" in names or names in convolutions for names in kernels)
