"""Convolution kernels: values as the reference computes them, on every path, and which path is taken."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend.bounds import STEPS
from tvm.relay.backend.kernels.tiles import Cycles, parts, ranked_tiles
from tvm.relay.backend.lower import lower
from tvm.relay.op.layout import transformed_shape
from tvm.relay.transform.infer_type import infer

from tests.backend.kernels.paths import ARM, PATHS, check, compiled, machine, told, values


def convolution(
    data: tuple[int, ...],
    channels: int,
    kernel: tuple[int, int],
    dtype: str = "float32",
    blocks: tuple[int, int] = (16, 16),
    **attrs: Any,
) -> relay.Function:
    """A convolution of `data` (batch, channels, height, width), a bias, and a relu or a requantization after it."""
    inner, lanes = blocks
    layout = f"NCHW{inner}c" if inner > 1 else "NCHW"
    if dtype == "int8":
        kernel_layout = (f"OIHW{inner // 4}i" if inner > 1 else "OIHW") + f"{lanes}o4i"
    else:
        kernel_layout = (f"OIHW{inner}i" if inner > 1 else "OIHW") + f"{lanes}o"
    weight = (channels, data[1] // attrs.get("groups", 1), *kernel)
    sums = "int32" if dtype == "int8" else dtype
    x = relay.var("x", shape=tuple(transformed_shape(data, "NCHW", layout)), dtype=dtype)
    w = relay.var("w", shape=tuple(transformed_shape(weight, "OIHW", kernel_layout)), dtype=dtype)
    bias = relay.var("bias", shape=(1, channels // lanes, 1, 1, lanes), dtype=sums)
    made = relay.nn.contrib_conv2d_nchwc(
        x,
        w,
        channels=channels,
        kernel_size=kernel,
        data_layout=layout,
        kernel_layout=kernel_layout,
        out_layout=f"NCHW{lanes}c",
        out_dtype=sums,
        **attrs,
    )
    found = relay.nn.relu(relay.add(made, bias))
    if dtype == "int8":
        found = relay.cast(relay.clip(relay.right_shift(found, relay.const(7)), -127, 127), "int8")
    return infer(relay.Function([x, w, bias], found), tvm.IRModule())


CONVOLUTIONS = {
    "three by three": ((1, 32, 9, 9), 32, (3, 3), {"padding": 1}),
    "small image, several rows at once": ((1, 16, 5, 5), 64, (3, 3), {"padding": 1}),
    "pointwise, rows put together": ((2, 32, 7, 7), 48, (1, 1), {}),
    "pointwise with strides": ((1, 16, 9, 9), 32, (1, 1), {"strides": 2}),
    "strides, batch, uneven padding": ((2, 16, 11, 8), 16, (3, 2), {"strides": (2, 1), "padding": (0, 2, 1, 0)}),
    "dilation": ((1, 16, 10, 10), 16, (3, 3), {"dilation": (2, 3), "padding": 3}),
    "kernel larger than the image": ((1, 16, 3, 3), 16, (7, 7), {"strides": 2, "padding": 3}),
    "groups": ((1, 64, 6, 6), 64, (3, 3), {"groups": 2, "padding": 1}),
    "padding that no pixel reaches past": ((1, 16, 2, 2), 16, (1, 1), {"padding": 2}),
    "colours": ((1, 3, 12, 12), 32, (5, 5), {"strides": 2, "padding": 2, "blocks": (1, 16)}),
    "five channels, one row": ((1, 5, 1, 20), 16, (1, 3), {"padding": (0, 1), "blocks": (1, 16)}),
    "blocks of eight from four": ((1, 12, 6, 6), 24, (3, 3), {"padding": 1, "blocks": (4, 8)}),
}


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_computes_what_the_reference_computes(name: str, dtype: str) -> None:
    data, channels, kernel, attrs = CONVOLUTIONS[name]
    target, here = machine()
    lowered = check(convolution(data, channels, kernel, dtype, **attrs), target, here)
    assert lowered.path.startswith("direct")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", ["small image, several rows at once", "colours"])
def test_int8_is_exact_on_every_path(name: str, path: str) -> None:
    processor, lanes, changes, least = PATHS[path]
    data, channels, kernel, attrs = CONVOLUTIONS[name]
    blocks = attrs.get("blocks", (16, 16))
    func = convolution(data, channels, kernel, "int8", **(attrs | {"blocks": (min(blocks[0], lanes), lanes)}))
    target, given = machine(f"llvm -mcpu={processor}", **changes)
    for extreme in (False, True):
        assert path.split(",")[0] in check(told(func, least), target, given, extreme).path


DEEP = {
    "few pixels": ((1, 256, 7, 7), 32, (3, 3), {"padding": 1}, "16 parts"),
    "strides, batch": ((2, 256, 9, 9), 16, (3, 3), {"padding": 1, "strides": 2}, "16 parts"),
    "pointwise, rows put together": ((1, 2048, 3, 3), 16, (1, 1), {}, "16 parts"),
    "groups": ((1, 512, 5, 5), 32, (3, 3), {"padding": 1, "groups": 2}, "16 parts"),
    "several rows at once": ((1, 512, 2, 2), 16, (3, 3), {"padding": 1}, ""),
    "several rows of one pixel": ((1, 512, 5, 1), 16, (3, 3), {"padding": 1}, ""),
    "many pixels": ((1, 64, 28, 28), 32, (3, 3), {"padding": 1}, ""),
}


@pytest.mark.parametrize("name", DEEP)
def test_weights_of_deep_data_are_met_in_parts(name: str) -> None:
    data, channels, kernel, attrs, parts = DEEP[name]
    target, given = machine("llvm -mcpu=haswell", l1=32 << 10)
    path = check(convolution(data, channels, kernel, blocks=(8, 8), **attrs), target, given).path
    assert path.endswith(parts) and path.count(",") == (3 if parts else 2)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("three by three", "pmaddubsw256, unsigned"),
        ("three by three", "pmaddubsw256"),
        ("three by three", "pmaddubsw512, unsigned"),
        ("strides, batch, uneven padding", "pmaddubsw256, unsigned"),
        ("groups", "pmaddubsw256, unsigned"),
        ("pointwise", "pmaddubsw256, unsigned"),
        ("colours", "pmaddubsw256, unsigned"),
    ],
)
def test_small_weights_are_added_up_two_steps_at_a_time(name: str, path: str) -> None:
    """Up to the last number that fits: four of 64 times 127 are 32 512. Data with a sign are not added up so."""
    processor, lanes, _, least = PATHS[path]
    data, channels, kernel, attrs = {**CONVOLUTIONS, "pointwise": ((1, 32, 7, 7), 32, (1, 1), {})}[name]
    blocks = (1 if "blocks" in attrs else lanes, lanes)
    target, given = machine(f"llvm -mcpu={processor}")
    func = told(convolution(data, channels, kernel, "int8", **(attrs | {"blocks": blocks})), least)
    x, w, bias = values(func, extreme=True)
    arrays = (x, np.where(w < 0, np.int8(-64), np.int8(64)), bias)
    check(func.with_attr(STEPS, 2), target, given, arrays=arrays)


def test_sums_wrap_as_int32_does() -> None:
    data, channels, kernel = (1, 16, 1, 1), 16, (1, 1)
    func = convolution(data, channels, kernel, "int8")
    target, here = machine()
    lowered = lower(func, here)
    x = np.full((1, 1, 1, 1, 16), -128, "int8")
    w = np.full((1, 1, 1, 1, 4, 16, 4), -128, "int8")
    bias = np.full((1, 1, 1, 1, 16), 2**31 - 1, "int32")  # and 2 ** 18 more: the sum is negative, relu gives 0
    found = tvm.runtime.tensor(np.full((1, 1, 1, 1, 16), 99, "int8"))
    compiled(lowered, target)["run"](*map(tvm.runtime.tensor, (x, w, bias)), found)
    assert not found.numpy().any()


def test_arm_multiplies_with_sdot_and_keeps_its_sums() -> None:
    """The innermost loop loads weights and data, multiplies and adds, and stores nothing."""
    target, given = machine(ARM)
    lowered = lower(convolution((1, 64, 14, 14), 32, (3, 3), "int8", blocks=(4, 4), padding=1), given)
    assert lowered.path.startswith("direct, sdot")
    assembly = str(compiled(lowered, target).inspect_source("asm"))
    blocks = re.findall(r"(?m)^\.LBB\w+:.*\n((?:(?!\.LBB|\tb\.|\tcbn?z).*\n)*)", assembly)
    innermost = [block for block in blocks if block.count("\tsdot\t") >= 14]
    assert innermost
    assert not [block for block in innermost if re.search(r"\t(str|stp)\tq", block)]


@pytest.mark.parametrize(
    "processor, vector, products", [("cascadelake", "zmm", 24), ("haswell", "ymm", 12)], ids=["AVX-512", "AVX2"]
)
def test_sums_stay_in_registers(processor: str, vector: str, products: int) -> None:
    """The innermost loop loads weights and data, multiplies and adds, and stores nothing."""
    target, given = machine(f"llvm -mcpu={processor}")
    block = given.lanes
    lowered = lower(convolution((1, 64, 14, 14), 32, (3, 3), blocks=(block, block), padding=1), given)
    assembly = str(compiled(lowered, target).inspect_source("asm"))
    blocks = [block.split("\n\tj")[0].splitlines() for block in assembly.split("\n.LBB")]
    innermost = [block for block in blocks if sum(bool(re.search(r"vfmadd\d+ps", line)) for line in block) >= products]
    assert innermost
    assert not [line for block in innermost for line in block if vector in line and "(%rsp)" in line]


def test_a_tail_that_is_not_elementwise_has_no_kernel() -> None:
    func = convolution((1, 16, 6, 6), 16, (3, 3))
    pooled = infer(relay.Function(func.params, relay.sum(func.body, axis=[2, 3])), tvm.IRModule())
    target, here = machine()
    assert lower(pooled, here).path == "loops"


def test_two_results_are_stored_by_one_kernel() -> None:
    func = convolution((1, 16, 6, 6), 32, (3, 3))
    body = relay.Tuple([func.body, relay.nn.relu(relay.negative(func.body))])
    both = infer(relay.Function(func.params, body), tvm.IRModule())
    target, here = machine()
    lowered = lower(both, here)
    assert lowered.path.startswith("direct")
    args = values(func)
    expected = relay.create_executor("debug").evaluate(both)(*args)
    found = [tvm.runtime.tensor(np.full(one.shape, 99, "float32")) for one in expected]
    compiled(lowered, target)["run"](*map(tvm.runtime.tensor, args), *found)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-4)


@pytest.mark.parametrize("total, most", [(56, 14), (49, 14), (7, 28), (1, 1), (29, 14)])
def test_parts_cover_all_and_are_even(total: int, most: int) -> None:
    cut = parts(total, most)
    assert [start for start, _ in cut] == [sum(size for _, size in cut[:k]) for k in range(len(cut))]
    assert sum(size for _, size in cut) == total
    assert max(size for _, size in cut) - min(size for _, size in cut) <= 1


@pytest.mark.parametrize("rows, width, blocks", [(56, 56, 4), (7, 7, 32), (13, 13, 3), (1, 1, 7), (112, 112, 2)])
def test_tiles_fit_the_registers(rows: int, width: int, blocks: int) -> None:
    ranked = ranked_tiles(rows, width, blocks, lambda vectors: 28 // vectors, rows == width, Cycles(1, 0.65, 0.15))
    assert ranked
    for tile in ranked:
        assert tile.rows * tile.width * tile.vectors <= 28
        assert blocks % tile.vectors == 0 and rows % tile.merged == 0
