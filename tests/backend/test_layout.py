"""Which convolutions of int8 become Winograd's, on which processors, and that they compute what they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.contrib import graph_executor
from tvm.relay.backend.target import cpu_target, features
from tvm.relay.op.nn.winograd import TRANSFORMS

from tests.backend.kernels.paths import ARM, built

WITHOUT_VNNI, WITH_VNNI = "llvm -mcpu=haswell", "llvm -mcpu=cascadelake"
WINOGRAD = "nn.contrib_conv2d_winograd_without_weight_transform"


def convolution(
    taken: int, made: int, image: tuple[int, int], most: int = 127, kernel: int = 3, batch: int = 1, **attrs: Any
) -> tvm.IRModule:
    """An int8 convolution with weights of `-most` and `most`, which gives its sums."""
    rng = np.random.default_rng(0)
    x = relay.var("x", shape=(batch, taken, *image), dtype="int8")
    shape = (made, taken // attrs.get("groups", 1), kernel, kernel)
    weight = relay.const(rng.choice(np.array([-most, most], "int8"), shape))
    attrs = {"padding": 1, "channels": made, "kernel_size": (kernel, kernel), "out_dtype": "int32", **attrs}
    return tvm.IRModule.from_expr(relay.Function([x], relay.nn.conv2d(x, weight, **attrs)))


def in_layouts(mod: tvm.IRModule, target: str) -> str:
    """The text of a module once it is laid out for a target."""
    passes = tvm.transform.Sequential([relay.transform.AlterOpLayout(), relay.transform.FoldConstant()])
    with tvm.target.Target(cpu_target(target)), tvm.transform.PassContext(opt_level=3):
        return str(passes(relay.transform.InferType()(mod)))


def test_a_convolution_and_its_weight() -> None:
    text = in_layouts(convolution(16, 16, (8, 8)), WITHOUT_VNNI)
    assert WINOGRAD in text
    assert "tile_size=4" in text and 'kernel_layout="OHWI8o2i"' in text
    assert "weight_transform(" not in text.replace(f"{WINOGRAD}(", "")  # folded
    assert "Tensor[(2, 6, 6, 8, 8, 2), int16]" in text


@pytest.mark.parametrize("target", [WITH_VNNI, ARM, "llvm -mcpu=sandybridge"])
def test_a_processor_with_a_dot_product_of_bytes_or_without_a_product_of_words_does_not_take_it(target: str) -> None:
    """Sandy Bridge has vectors of eight floats, and of four int32 only."""
    assert WINOGRAD not in in_layouts(convolution(32, 32, (28, 28)), target)


NOT_WORTH_IT = {
    "few input channels": convolution(8, 32, (28, 28)),
    "few output channels": convolution(32, 8, (28, 28)),
    "more of the tiles beyond the image than in it": convolution(32, 32, (5, 5)),
    "few tiles, and many weights": convolution(512, 512, (7, 7), most=1),
    "strides": convolution(32, 32, (28, 28), strides=(2, 2)),
    "dilation": convolution(32, 32, (28, 28), dilation=(2, 2)),
    "groups": convolution(32, 32, (28, 28), groups=2),
    "another kernel": convolution(32, 32, (28, 28), kernel=5),
}


@pytest.mark.parametrize("name", NOT_WORTH_IT)
def test_other_convolutions_are_direct(name: str) -> None:
    text = in_layouts(NOT_WORTH_IT[name], WITHOUT_VNNI)
    assert WINOGRAD not in text and "nn.contrib_conv2d_NCHWc" in text


def test_a_batch_brings_tiles_for_many_weights() -> None:
    assert WINOGRAD in in_layouts(convolution(512, 512, (7, 7), most=1, batch=8), WITHOUT_VNNI)


def test_a_weight_that_is_no_constant_is_not_transformed() -> None:
    x = relay.var("x", shape=(1, 32, 28, 28), dtype="int8")
    w = relay.var("w", shape=(32, 32, 3, 3), dtype="int8")
    made = relay.nn.conv2d(x, w, padding=1, channels=32, kernel_size=(3, 3), out_dtype="int32")
    assert WINOGRAD not in in_layouts(tvm.IRModule.from_expr(relay.Function([x, w], made)), WITHOUT_VNNI)


def test_sums_as_large_as_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The weights of a result add up to so much, and times 128 to what `holds` says. One more input channel is beyond.

    All data -128 or 127 as the weights' signs want it give the largest results that there are.
    """
    most = TRANSFORMS[4].holds // (128 * 9 * 127)
    taken = most // 8 * 8
    mod = convolution(taken, 16, (9, 9))
    assert WINOGRAD in in_layouts(mod, WITHOUT_VNNI)
    assert WINOGRAD not in in_layouts(convolution(taken + 8, 16, (9, 9)), WITHOUT_VNNI)
    weight = mod["main"].body.args[1].value()
    data = np.full((1, taken, 9, 9), 127, "int8")
    data[0, :, :3, :3] = np.where(weight[0] > 0, 127, -128)
    data[0, :, 6:, 6:] = np.where(weight[1] > 0, -128, 127)
    want = relay.create_executor("debug", mod).evaluate()(data).numpy()
    assert want.max() > 0.95 * TRANSFORMS[4].holds and want.min() < -0.95 * TRANSFORMS[4].holds
    target = cpu_target(WITHOUT_VNNI)
    lib = built(mod, target, features(target), monkeypatch)
    assert [row.path.split(",")[0] for row in lib.describe() if "winograd" in row.name] == ["winograd"]
    graph = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    graph.run(x=data)
    np.testing.assert_array_equal(graph.get_output(0).numpy(), want)
