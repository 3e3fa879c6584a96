"""The kernel of Winograd's convolution: bits as the reference computes them, on every path, and where it is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend.lower import lower
from tvm.relay.op.nn.winograd import TRANSFORMS
from tvm.relay.transform.infer_type import infer

from tests.backend.kernels.paths import ARM, check, machine


def convolution(
    data: tuple[int, ...], channels: int, lanes: int, tile: int = 4, tail: bool = True, **attrs: Any
) -> relay.Function:
    """A convolution of `data` (batch, channels, height, width) with a transformed weight, and what makes it int8."""
    batch, taken, *image = data
    places = TRANSFORMS[tile].taken
    x = relay.var("x", shape=(batch, taken // lanes, *image, lanes), dtype="int8")
    w = relay.var("w", shape=(channels // lanes, places, places, taken // 2, lanes, 2), dtype="int16")
    bias = relay.var("bias", shape=(1, channels // lanes, 1, 1, lanes), dtype="int32")
    made = relay.nn.contrib_conv2d_winograd_without_weight_transform(
        *(x, w, tile),
        channels=channels,
        kernel_size=(3, 3),
        data_layout=f"NCHW{lanes}c",
        kernel_layout=f"OHWI{lanes}o2i",
        out_layout=f"NCHW{lanes}c",
        out_dtype="int32",
        **attrs,
    )
    found = relay.add(made, bias)
    if tail:
        found = relay.fixed_point_multiply(found, multiplier=1518500224, shift=-12)
        found = relay.cast(relay.clip(found, -127, 127), "int8")
    return infer(relay.Function([x, w, bias], found), tvm.IRModule())


def drawn(func: relay.Function, most: int) -> list[np.ndarray]:
    """All int8 numbers, the outermost ones more often, and int16 weights up to `most`."""
    rng = np.random.default_rng(0)
    x, w, bias = (param.checked_type.concrete_shape for param in func.params)
    outermost = rng.choice(np.array([-128, 127]), x)
    data = np.where(rng.random(x) < 0.5, outermost, rng.integers(-128, 128, x)).astype("int8")
    return [data, rng.integers(-most, most, w).astype("int16"), rng.integers(-999, 999, bias).astype("int32")]


CONVOLUTIONS = {
    "whole tiles": ((1, 16, 8, 12), 32, {"padding": 1}),
    "parts of tiles at two edges": ((1, 32, 9, 14), 16, {"padding": 1}),
    "no padding": ((1, 16, 9, 10), 16, {}),
    "uneven padding, batch": ((3, 16, 6, 5), 48, {"padding": (0, 2, 3, 1)}),
    "tiles in the padding alone": ((1, 16, 3, 4), 16, {"padding": (9, 6)}),
    "less than a tile": ((2, 16, 1, 2), 16, {"padding": 1}),
    "one row": ((1, 16, 1, 21), 16, {"padding": (1, 0)}),
    "tiles of two": ((1, 32, 7, 8), 32, {"padding": 1, "tile": 2}),
    "several rows of tiles for a job": ((1, 64, 40, 40), 16, {"padding": 1}),
    "blocks of four": ((1, 12, 6, 6), 20, {"padding": 1, "lanes": 4}),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_computes_what_the_reference_computes(name: str) -> None:
    data, channels, attrs = CONVOLUTIONS[name]
    target, here = machine("llvm -mcpu=haswell")
    func = convolution(data, channels, **{"lanes": 8, **attrs})
    assert check(func, target, here, arrays=drawn(func, 1000)).path.startswith("winograd, pmaddwd")


@pytest.mark.parametrize(
    "processor, lanes", [("x86-64", 4), ("nehalem", 4), ("haswell", 8), ("skylake-avx512", 16), ("cascadelake", 16)]
)
def test_is_exact_on_every_path_where_sums_wrap_around(processor: str, lanes: int) -> None:
    """Weights are as large as int16 has them. Without a tail, all 32 bits are compared."""
    target, given = machine(f"llvm -mcpu={processor}")
    func = convolution((1, 64, 9, 9), 32, lanes, padding=1, tail=False)
    arrays = drawn(func, 1 << 15)
    assert check(func, target, given, arrays=arrays).path.startswith(f"winograd, pmaddwd{32 * lanes}, ")


def test_long_tails() -> None:
    """A swish in float, which has a sigmoid of many steps."""
    target, given = machine("llvm -mcpu=haswell")
    plain = convolution((1, 16, 6, 7), 16, 8, padding=1, tail=False)
    number = relay.cast(plain.body, "float32") * relay.const(1e-6)
    func = infer(relay.Function(plain.params, number * relay.sigmoid(number)), tvm.IRModule())
    assert check(func, target, given, arrays=drawn(func, 1000)).path.startswith("winograd")


def test_every_choice_computes_the_same() -> None:
    target, given = machine("llvm -mcpu=haswell")
    func = convolution((1, 16, 10, 9), 32, 8, padding=1)
    choices = lower(func, given).choices
    assert len(choices) >= 3
    for choice in choices:
        assert check(func, target, given, arrays=drawn(func, 1000), choice=choice).path.endswith(
            f"1x{choice['width']}x{choice['vectors']}"
        )


def test_large_images_are_shared_out_to_threads() -> None:
    target, here = machine("llvm -mcpu=haswell")
    func = convolution((1, 64, 28, 28), 64, 8, padding=1)
    lowered = check(func, target, here, arrays=drawn(func, 1000))
    assert here.cores == 1 or "T.parallel" in lowered.func.script()


def test_other_processors_and_dtypes_are_left_to_the_loops() -> None:
    _, given = machine(ARM)
    assert lower(convolution((1, 16, 6, 6), 16, 4, padding=1), given).path == "loops"
    x, w = relay.var("x", shape=(1, 2, 8, 8, 8)), relay.var("w", shape=(2, 6, 6, 8, 8, 2))
    layouts = {"data_layout": "NCHW8c", "kernel_layout": "OHWI8o2i", "out_layout": "NCHW8c"}
    made = relay.nn.contrib_conv2d_winograd_without_weight_transform(
        x, w, 4, channels=16, kernel_size=(3, 3), **layouts
    )
    assert lower(infer(relay.Function([x, w], made), tvm.IRModule()), machine()[1]).path == "loops"
