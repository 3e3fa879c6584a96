"""Dense layers with their weights in blocks: values as the reference computes them, on every path."""

from __future__ import annotations

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.contrib import graph_executor
from tvm.relay.backend.lower import lower
from tvm.relay.op.layout import transformed_shape
from tvm.relay.transform.infer_type import infer

from tests.backend.kernels.paths import ARM, PATHS, check, compiled, machine, told


def layer(rows: int, taken: int, units: int, dtype: str = "float32", block: int = 16) -> relay.Function:
    """A dense layer, a bias, and a relu or a requantization after it."""
    layout = f"NC{block}n" + ("4c" if dtype == "int8" else "")
    sums = "int32" if dtype == "int8" else dtype
    x = relay.var("x", shape=(rows, taken), dtype=dtype)
    w = relay.var("w", shape=tuple(transformed_shape((units, taken), "NC", layout)), dtype=dtype)
    bias = relay.var("bias", shape=(units,), dtype=sums)
    made = relay.nn.contrib_dense_pack(x, w, layout, units, sums)
    found = relay.nn.relu(relay.add(made, bias))
    if dtype == "int8":
        found = relay.cast(relay.clip(relay.right_shift(found, relay.const(7)), -127, 127), "int8")
    return infer(relay.Function([x, w, bias], found), tvm.IRModule())


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("rows, taken, units", [(1, 64, 96), (5, 20, 48), (37, 12, 16)])
def test_computes_what_the_reference_computes(rows: int, taken: int, units: int, dtype: str) -> None:
    target, here = machine()
    block = min(16, here.lanes)
    assert check(layer(rows, taken, units, dtype, block), target, here).path.startswith("packed")


@pytest.mark.parametrize("path", PATHS)
def test_int8_is_exact_on_every_path(path: str) -> None:
    processor, lanes, changes, least = PATHS[path]
    target, given = machine(f"llvm -mcpu={processor}", **changes)
    for extreme in (False, True):
        func = told(layer(3, 24, 32, "int8", lanes), least)
        assert path.split(",")[0] in check(func, target, given, extreme).path


def test_arm_multiplies_with_sdot() -> None:
    target, given = machine(ARM)
    lowered = lower(layer(3, 24, 32, "int8", 4), given)
    assert lowered.path.startswith("packed, sdot")
    assert "sdot\tv" in str(compiled(lowered, target).inspect_source("asm"))


def built(rows: int, taken: int, units: int, dtype: str) -> list[str]:
    """The paths of a network of one layer, which computes what it should."""
    rng = np.random.default_rng(1)
    x = relay.var("x", shape=(rows, taken), dtype=dtype)
    weight = rng.integers(-9, 9, (units, taken)).astype(dtype)
    dense = relay.nn.dense(x, relay.const(weight), out_dtype="int32" if dtype == "int8" else "")
    lib = relay.build(tvm.IRModule.from_expr(relay.Function([x], dense)), "llvm")
    module = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    data = rng.integers(-128, 127, (rows, taken)).astype(dtype)
    module.run(x=data)
    np.testing.assert_array_equal(module.get_output(0).numpy(), data.astype("float64") @ weight.T)
    return [row.path.split(",")[0] for row in lib.describe()]


def test_a_layer_is_packed_where_that_gains() -> None:
    assert "packed" in built(8, 24, 32, "float32")
    assert "packed" in built(1, 24, 32, "int8")
    assert "packed" not in built(1, 24, 32, "float32")  # takes as long as its weights take to come
    assert "packed" not in built(8, 26, 32, "int8")  # the inputs have no groups of four
    assert "packed" not in built(8, 24, 30, "float32")  # the units have no blocks
