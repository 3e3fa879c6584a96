import platform

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm
from torch import nn
from tvm import relay
from tvm.contrib import graph_executor

from helpers.networks import to_relay
from helpers.profile import by_kind, by_layer, profile

DATA = np.random.default_rng(0).random((1, 3, 16, 16), dtype="float32")


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Conv2d(3, 16, 3, padding=1), nn.Linear(32 * 64, 10)
        self.deep = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.left, self.right = nn.Conv2d(16, 16, 1), nn.Conv2d(16, 16, 1)

    def forward(self, x):
        x = self.deep(nn.functional.max_pool2d(torch.relu(self.first(x)), 2))
        x = torch.cat([self.left(x), self.right(x)], 1)
        return self.last(torch.flatten(x, 1))


@pytest.fixture(scope="module")
def libs():
    torch.manual_seed(0)
    mod = to_relay(Network(), 1, 3, 16, 16)
    with relay.quantize.qconfig(skip_conv_layers=None):
        quantized = relay.quantize.quantize(mod)
    return {"float32": relay.build(mod, "llvm"), "int8": relay.build(quantized, "llvm")}


@pytest.fixture(scope="module")
def profiles(libs):
    return {name: profile(lib, rounds=2, data=DATA) for name, lib in libs.items()}


def test_a_layer_is_told_by_its_operator_and_shape(profiles):
    assert [kernel.layer for kernel in profiles["float32"]] == [
        "3×3 convolution, 3 → 16, 16×16",
        "max_pool2d",
        "3×3 depthwise, 16 → 16, 8×8",
        "1×1 convolution, 16 → 16, 8×8",
        "concatenate",
        "dense, to 10",
    ]


def test_in_int8_the_layers_have_the_same_names_and_there_is_rounding(profiles):
    layers, quantized = ({kernel.layer for kernel in kernels} for kernels in profiles.values())
    assert quantized - layers == {"rounding and layouts"} and layers < quantized


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the program is for x86-64")
def test_a_convolution_with_a_transformed_weight_has_the_name_of_its_layer():
    """All of these have a kernel of six by six in int8, for a processor without VNNI."""
    torch.manual_seed(0)
    mod = to_relay(nn.Sequential(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.Conv2d(32, 16, 3)), 1, 16, 10, 10)
    with relay.quantize.qconfig(skip_conv_layers=None):
        lib = relay.build(relay.quantize.quantize(mod), "llvm -mcpu=x86-64")
    assert [row.path.split(",")[0] for row in lib.describe() if "conv2d" in row.name] == ["winograd", "winograd"]
    data = np.random.default_rng(0).random((1, 16, 10, 10), dtype="float32")
    found = [kernel for kernel in profile(lib, rounds=1, data=data) if kernel.kind == "3×3 convolution"]
    assert [kernel.layer for kernel in found] == [
        "3×3 convolution, 16 → 32, 10×10",
        "3×3 convolution, 32 → 16, 8×8",
    ]


def test_every_kernel_has_its_calls_its_time_and_what_it_moves(libs, profiles):
    for name, kernels in profiles.items():
        assert [(kernel.name, kernel.calls) for kernel in kernels] == [
            (row.name, row.calls) for row in libs[name].describe()
        ]
        assert all(0 < kernel.us < 1e6 for kernel in kernels)
    first = profiles["float32"][0]
    weights, bias = 16 * 3 * 9, 16
    assert first.bytes == 4 * (3 * 256 + weights + bias + 16 * 256)
    assert first.operations == 2 * 16 * 256 * 27
    # Both 1x1 convolutions are one kernel, called twice.
    one = next(kernel for kernel in profiles["float32"] if kernel.kind == "1×1 convolution")
    assert one.calls == 2 and one.operations == 2 * (2 * 16 * 64 * 16)


def test_the_library_still_computes_what_it_did(libs):
    lib = libs["int8"]
    module = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    module.run(data=DATA)
    before = module.get_output(0).numpy().copy()
    profile(lib, rounds=1, data=DATA)
    module.run(data=DATA)
    assert np.array_equal(module.get_output(0).numpy(), before)


@pytest.mark.parametrize("inputs", [{}, {"image": DATA}, {"data": DATA, "more": DATA}])
def test_other_inputs_are_refused(libs, inputs):
    with pytest.raises(ValueError, match="the network takes data, and is given"):
        profile(libs["float32"], **inputs)


def test_the_drawing_has_a_row_for_each_layer_and_what_is_left_at_its_end(profiles):
    drawing = by_layer(profiles)
    assert drawing.table.heading == ["layer", "calls", "float32 µs", "int8 µs", "float32 kB", "int8 kB"]
    rows = drawing.table.column("layer")
    assert rows[:4] == [kernel.layer for kernel in profiles["float32"] if "×" in kernel.layer] + ["dense, to 10"]
    assert set(rows[4:-1]) == {"max_pool2d", "concatenate", "rounding and layouts"} and rows[-1] == "together"
    assert drawing.table.rows[-1][2] == pytest.approx(sum(kernel.us for kernel in profiles["float32"]))
    assert "3×3 convolution, 3 → 16, 16×16: float32 " in drawing.words
    assert drawing._repr_html_().count("<svg") == 1


def test_names_are_drawn_as_they_are(profiles):
    """A dollar begins no formula, and what begins with _ stands in the legend."""
    drawing = by_layer({"$\\frac{$": profiles["float32"], "_int8": profiles["int8"]})
    (legend,) = [axes.get_legend() for axes in drawing._figure.axes]
    assert [text.get_text() for text in legend.get_texts()] == ["$\\frac{$", "_int8"]
    assert drawing._repr_html_().count("<svg") == 1


def test_by_kind_layers_of_one_kind_share_a_row(profiles):
    table = by_kind(profiles).table
    assert table.column("kind of layer")[:4] == ["3×3 convolution", "3×3 depthwise", "1×1 convolution", "dense"]


@pytest.mark.parametrize("names", ["", "abcde"])
def test_none_and_too_many_are_not_drawn(profiles, names):
    with pytest.raises(ValueError, match="give one to 4"):
        by_layer(dict.fromkeys(names, profiles["float32"]))
