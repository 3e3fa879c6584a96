"""The table of a program's kernels."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend.describe import Made, described
from tvm.relay.backend.target import cpu_target, features
from tvm.relay.ty import TensorType

NOTHING = relay.Function([], relay.const(0))


def built(body, *params, target="llvm"):
    return relay.build(tvm.IRModule.from_expr(relay.Function(list(params), body)), target)


@pytest.fixture(scope="module")
def table():
    x = relay.var("x", shape=(1, 8))
    weight = relay.const(np.ones((8, 8), "float32"))
    hidden = relay.annotation.stop_fusion(relay.nn.softmax(x))
    again = relay.annotation.stop_fusion(relay.nn.softmax(hidden))
    return built(relay.nn.relu(relay.sum(again * relay.sum(weight, axis=[0]), axis=[1])), x).describe()


def test_a_row_for_each_kernel_in_the_order_of_the_calls(table):
    names = [(row.name, row.calls, row.inputs, row.outputs) for row in table]
    assert names[0] == ("fused_nn_softmax", 2, ["float32[1, 8]"], ["float32[1, 8]"])
    assert all(row.path == "loops" for row in table)
    assert len(table) == len(names) and table[0].name == names[0][0]
    assert sum(row.share for row in table) == pytest.approx(1)


def test_the_text_is_a_table(table):
    head, first, name, *_ = str(table).splitlines()
    assert head.split()[:4] == ["share", "calls", "computed", "by"]
    assert first.endswith("float32[1, 8] -> float32[1, 8]") and "loops" in first
    assert name.strip() == "fused_nn_softmax"


def test_operations_and_bytes():
    x = relay.var("x", shape=(4, 16))
    lib = built(relay.sum(x, axis=[1]), x)
    (row,) = lib.describe()
    assert 2 * 64 <= row.operations <= 2 * 64 + 4
    assert row.bytes == 4 * (64 + 4)


def test_a_share_is_that_of_the_operations_or_of_the_bytes():
    """1 000 products a byte wait for the processor, one for memory; bytes are multiplied four times as fast."""
    vnni = features(cpu_target("llvm -mcpu=znver4"))
    small, large = TensorType((64,), "int8"), TensorType((64000,), "int8")

    def kernel(name, operations, *inputs, path="direct"):
        return Made(name, NOTHING, path, operations, 1, inputs, [small])

    rows = described(
        [kernel("bytes", 10**6, small, small, path="direct, vpdpbusd512"), kernel("floats", 10**6, small)], vnni
    )
    assert rows[1].share / rows[0].share == pytest.approx(4)
    rows = described([kernel("loops", 10**6, small, small, path="loops"), kernel("floats", 10**6, small)], vnni)
    assert rows[0].share == rows[1].share
    rows = described([kernel("copy", 64000, large), kernel("half of it", 64000, TensorType((31936,), "int8"))], vnni)
    assert rows[0].share / rows[1].share == pytest.approx(2, rel=0.01)


def test_nothing_to_compute():
    x = relay.var("x", shape=(2,))
    table = built(x, x).describe()
    assert len(table) == 0 and str(table).startswith(" share")
