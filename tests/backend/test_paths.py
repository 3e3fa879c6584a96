"""Whole networks in int8, compiled for lesser processors: on every path the same bits as the NumPy reference."""

import functools
from dataclasses import replace

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.contrib import graph_executor
from tvm.relay.backend.target import cpu_target, features

from tests.backend.kernels.paths import ARM, built
from tests.conformance.networks import NETWORKS
from tests.conformance.pipeline import imported, tensor
from tests.properties.random_networks import DEEP

# Standard, depthwise and pointwise convolutions, additions, concatenations, pools and dense layers.
SOME = ("seed", "inverted_residual", "fire")
# What is not there is told to the kernels, where no processor is without it.
PATHS = {
    "vpdpbusd512": ("llvm -mcpu=cascadelake", {}),
    "vpdpbusd256": ("llvm -mcpu=cascadelake", {"lanes": 8, "registers": 16, "dot": "vpdpbusd256"}),
    "pmaddubsw512": ("llvm -mcpu=skylake-avx512", {}),
    "pmaddubsw256": ("llvm -mcpu=haswell", {}),
    "pmaddubsw128": ("llvm -mcpu=nehalem", {}),
    "pmaddwd128, SSE2": ("llvm -mcpu=x86-64", {}),
    "int32 multiply-add": ("llvm -mcpu=x86-64", {"dot": "generic"}),
    "sdot": (ARM, {}),
}


@functools.cache
def integers(name):
    """A network in int8 throughout, an input, and what the reference makes of it."""
    network = NETWORKS[name]
    data = tensor(*network.named_inputs()[0][1], seed=1).numpy()
    options = {"skip_conv_layers": None, "skip_dense_layer": False, "calibrate_mode": "percentile"}
    with tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**options):
        mod = relay.quantize.quantize(*imported(network), dataset=[{"data": data}])
    return mod, data, relay.create_executor("debug", mod).evaluate()(data).numpy()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "mlp"] if DEEP else SOME)
def test_bits_are_those_of_the_reference(name, path, monkeypatch):
    """All but `mlp`, which ends in a softmax of floats."""
    processor, changes = PATHS[path]
    target = cpu_target(processor)
    mod, data, want = integers(name)
    lib = built(mod, target, replace(features(target), **changes), monkeypatch)
    instruction = path.split(",")[0].rstrip("0123456789")  # on shorter vectors, where a tensor has few channels
    assert any(instruction in row.path for row in lib.describe())
    graph = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    graph.run(data=data)
    np.testing.assert_array_equal(graph.get_output(0).numpy(), want)


def test_a_path_that_no_kernel_has_is_named():
    """Loops compute it, and `describe` says so."""
    x, w = relay.var("x", shape=(1, 3, 9, 9), dtype="int16"), relay.var("w", shape=(5, 3, 3, 3), dtype="int16")
    func = relay.Function([x, w], relay.nn.conv2d(x, w, channels=5, kernel_size=(3, 3), out_dtype="int32"))
    (row,) = relay.build(func, "llvm").describe()
    assert row.path == "loops"
