"""The kernel of depthwise convolutions: values as the reference computes them, on every path, and where it is taken."""

from __future__ import annotations

from typing import Any

import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend.lower import lower
from tvm.relay.transform.infer_type import infer

from tests.backend.kernels.paths import ARM, PATHS, check, compiled, machine, told


def convolution(
    data: tuple[int, ...], kernel: tuple[int, int], lanes: int | None = None, dtype: str = "int8", **attrs: Any
) -> relay.Function:
    """A depthwise convolution of `data` (batch, channels, height, width), a bias, and what makes it int8 again.

    Blocks are those for the processor at hand, unless others are asked for. No weight is -128.
    """
    batch, channels, *image = data
    lanes = lanes or machine()[1].lanes
    layout = f"NCHW{lanes}c"
    sums = "int32" if dtype == "int8" else dtype
    x = relay.var("x", shape=(batch, channels // lanes, *image, lanes), dtype=dtype)
    w = relay.var("w", shape=(channels // lanes, 1, *kernel, 1, lanes), dtype=dtype)
    bias = relay.var("bias", shape=(1, channels // lanes, 1, 1, lanes), dtype=sums)
    made = relay.nn.contrib_depthwise_conv2d_nchwc(
        x,
        w,
        channels=channels,
        groups=channels,
        kernel_size=kernel,
        data_layout=layout,
        kernel_layout=f"OIHW1i{lanes}o",
        out_layout=layout,
        out_dtype=sums,
        **attrs,
    )
    found = relay.add(made, bias)
    if dtype == "int8":
        found = relay.fixed_point_multiply(found, multiplier=1518500224, shift=-8)
        found = relay.cast(relay.clip(found, -127, 127), "int8")
    return told(infer(relay.Function([x, w, bias], found), tvm.IRModule()), (-128, -127))


CONVOLUTIONS = {
    "three by three": ((1, 32, 9, 9), (3, 3), {"padding": 1}),
    "strides": ((1, 32, 10, 11), (3, 3), {"padding": 1, "strides": 2}),
    "strides, batch, uneven padding": ((2, 16, 11, 8), (3, 2), {"strides": (2, 1), "padding": (0, 2, 1, 0)}),
    "five by five": ((1, 16, 7, 12), (5, 5), {"padding": 2}),
    "five by five with strides": ((1, 16, 8, 9), (5, 5), {"padding": 2, "strides": 2}),
    "seven by three, no padding": ((1, 16, 9, 8), (7, 3), {}),
    "dilation": ((1, 16, 10, 10), (3, 3), {"dilation": (2, 3), "padding": 3}),
    "kernel larger than the image": ((1, 16, 2, 3), (7, 7), {"strides": 2, "padding": 3}),
    "one pixel": ((1, 16, 1, 1), (3, 3), {"padding": 1}),
    "pointwise": ((1, 16, 5, 7), (1, 1), {}),
    "padding that no pixel reaches past": ((1, 16, 2, 2), (1, 1), {"padding": 2}),
    "one row": ((1, 16, 1, 20), (1, 9), {"padding": (0, 4)}),
    "blocks of eight": ((1, 24, 6, 6), (3, 3), {"padding": 1, "lanes": 8}),
    "blocks of four": ((1, 12, 6, 6), (3, 3), {"padding": 1, "lanes": 4}),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_computes_what_the_reference_computes(name: str) -> None:
    data, kernel, attrs = CONVOLUTIONS[name]
    target, here = machine()
    assert check(convolution(data, kernel, **attrs), target, here).path.startswith("depthwise")


@pytest.mark.parametrize("path", PATHS)
def test_is_exact_on_every_path(path: str) -> None:
    processor, lanes, changes, least = PATHS[path]
    data, kernel, attrs = CONVOLUTIONS["three by three"]
    target, given = machine(f"llvm -mcpu={processor}", **changes)
    found = check(told(convolution(data, kernel, lanes, **attrs), least), target, given, extreme=True).path
    widens = path.startswith(("pmaddwd", "int32"))
    assert found == "loops" if widens else found.startswith(f"depthwise, {path.split(',')[0]}")


def test_keeps_its_sums_in_int32_at_the_extremes() -> None:
    target, here = machine()
    for name in ("three by three", "strides", "kernel larger than the image"):
        data, kernel, attrs = CONVOLUTIONS[name]
        check(convolution(data, kernel, **attrs), target, here, extreme=True)


def test_large_images_are_shared_out_to_threads() -> None:
    target, here = machine()
    lowered = check(convolution((1, 48, 31, 30), (3, 3), padding=1), target, here)
    assert here.cores == 1 or "T.parallel" in lowered.func.script()


def test_float_is_left_to_the_loops() -> None:
    _, here = machine()
    assert lower(convolution((1, 16, 6, 6), (3, 3), dtype="float32", padding=1), here).path == "loops"


def test_a_large_kernel_is_left_to_the_loops() -> None:
    _, here = machine()
    assert lower(convolution((1, 16, 40, 40), (31, 31), padding=15), here).path == "loops"


def test_arm_multiplies_with_sdot() -> None:
    target, given = machine(ARM)
    lowered = lower(convolution((1, 16, 14, 14), (3, 3), 4, padding=1), given)
    assert lowered.path.startswith("depthwise, sdot")
    assert str(compiled(lowered, target).inspect_source("asm")).count("\tsdot\t") >= 12
