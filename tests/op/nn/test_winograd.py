"""Winograd's convolution computes what `nn.conv2d` does: integers to the last bit, floats but for rounding."""

import numpy as np
import pytest
import set_env  # noqa: F401
from tvm import relay
from tvm.relay.op.layout import transform_layout
from tvm.relay.op.nn.winograd import TRANSFORMS

from ..reference import run, type_of, typed
from .arrays import normal

nn = relay.nn
TILES = sorted(TRANSFORMS)


def winograd(x, w, tile, layouts=("NCHW", "HWOI", "NCHW"), **attributes):
    """The convolution of a plain `x` by a plain `w`, with what is in between in other layouts. The result is plain."""
    data_layout, kernel_layout, out_layout = layouts
    wide = w if w.dtype.kind == "f" else w.astype("int16")
    transformed = run(nn.contrib_conv2d_winograd_weight_transform, wide, tile_size=tile)
    found = run(
        nn.contrib_conv2d_winograd_without_weight_transform,
        transform_layout(x, "NCHW", data_layout),
        transform_layout(transformed, "HWOI", kernel_layout),
        tile_size=tile,
        channels=w.shape[0],
        kernel_size=(3, 3),
        data_layout=data_layout,
        kernel_layout=kernel_layout,
        out_layout=out_layout,
        out_dtype="" if w.dtype.kind == "f" else "int32",
        **attributes,
    )
    return transform_layout(found, out_layout, "NCHW")


def arrays(dtype, data, weight):
    return normal(*data, dtype=dtype), normal(*weight, dtype=dtype, seed=1)


def assert_convolved(found, x, w, **attributes):
    if w.dtype.kind == "f":
        want = run(nn.conv2d, x, w, **attributes)
        np.testing.assert_allclose(found, want, rtol=0, atol=1e-4 * np.abs(want).max())
    else:
        np.testing.assert_array_equal(found, run(nn.conv2d, x, w, out_dtype="int32", **attributes))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize(
    ("image", "padding"),
    [
        ((8, 8), (0, 0)),
        ((7, 9), (1, 1)),
        ((3, 3), (0, 0)),
        ((5, 11), (0, 1, 2, 3)),
        ((4, 5), (5, 5)),
        ((1, 1), (3, 1, 0, 1)),
    ],
)
def test_images_of_all_sizes(image, padding, tile, dtype):
    x, w = arrays(dtype, (2, 3, *image), (5, 3, 3, 3))
    assert_convolved(winograd(x, w, tile, padding=padding), x, w, padding=padding)


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("tile", TILES)
@pytest.mark.parametrize(
    "layouts",
    [
        ("NCHW8c", "HWOI8o2i", "NCHW8c"),
        ("NCHW8c", "OHWI8o2i", "NCHW8c"),
        ("NCHW8c", "HWOI", "NCHW"),
        ("NHWC", "OIHW4i8o", "NCHW4c"),
    ],
)
def test_blocks_do_not_change_what_is_computed(layouts, tile, dtype):
    x, w = arrays(dtype, (1, 16, 6, 7), (24, 16, 3, 3))
    assert_convolved(winograd(x, w, tile, layouts, padding=(1, 1)), x, w, padding=(1, 1))


@pytest.mark.parametrize("kernel_layout", ["HWOI8o2i", "OHWI8o2i"])
def test_the_last_blocks_of_a_weight_may_be_part_filling(kernel_layout):
    x, w = arrays("int8", (1, 3, 6, 6), (5, 3, 3, 3))
    assert_convolved(winograd(x, w, 4, ("NCHW", kernel_layout, "NCHW")), x, w)


def test_a_weight_in_the_plain_layout_lies_as_the_transform_leaves_it():
    x, w = arrays("int8", (1, 3, 6, 6), (5, 3, 3, 3))
    transformed = run(nn.contrib_conv2d_winograd_weight_transform, w.astype("int16"), tile_size=2)
    assert transformed.shape == (4, 4, 5, 3)
    settings = {"channels": 5, "kernel_size": (3, 3), "out_dtype": "int32"}
    assert_convolved(run(nn.contrib_conv2d_winograd_without_weight_transform, x, transformed, 2, **settings), x, w)


@pytest.mark.parametrize(("tile", "times"), [(2, 4), (4, 576)])
def test_a_weight_of_integers_is_larger(tile, times):
    w = normal(2, 3, 3, 3, dtype="int8")
    whole, parts = (run(nn.contrib_conv2d_winograd_weight_transform, w.astype(d), tile) for d in ("int16", "float32"))
    np.testing.assert_allclose(whole / times, parts, rtol=1e-6)


def test_any_weight_of_int8_fits_int16():
    for by in TRANSFORMS.values():
        most = np.abs(by.kernel).sum(1).max() ** 2 * 128
        assert most <= np.iinfo("int16").max


# Sums that wrap around


def test_what_a_transform_says():
    two, four = TRANSFORMS[2], TRANSFORMS[4]
    assert (two.tile, two.taken, two.shift, two.inverse) == (2, 4, 2, 1)
    assert (four.tile, four.taken, four.shift) == (4, 6, 6)
    assert 576 >> four.shift == 9 and 9 * four.inverse % 2**32 == 1
    assert (two.holds, four.holds) == (2**29 - 1, 2**25 - 1)


@pytest.mark.parametrize("tile", TILES)
def test_results_are_right_as_far_as_a_transform_holds(tile):
    most = TRANSFORMS[tile].holds
    x = np.array([most, -most, most + 1], "int32").reshape(1, 1, 1, 3)
    w = np.zeros((1, 1, 3, 3), "int8")
    w[0, 0, 1, 1] = 1
    assert winograd(x, w, tile, padding=(1, 1)).tolist() == [[[[most, -most, -most - 1]]]]


# The signs of a row of Bt, with which a difference of the data is largest, and all alike, with which the result is.
LARGEST = {"difference": np.outer([1, -1, -1, 1, 1, 1], [1, -1, -1, 1, 1, 1]), "result": -np.ones((6, 6))}


@pytest.mark.parametrize("case", LARGEST)
def test_sums_may_wrap_around_in_between(case):
    by, channels = TRANSFORMS[4], 229
    tile = np.where(LARGEST[case] > 0, 127, -128)
    kernel = np.full((3, 3), 127)
    assert by.holds - 9 * 127 * 128 < channels * kernel.sum() * 128 <= by.holds

    # What one place of the tile holds, in 64 bits.
    differences = np.array(by.data) @ tile @ np.array(by.data).T
    transformed = np.array(by.kernel) @ kernel @ np.array(by.kernel).T
    sums = channels * differences * transformed
    results = np.array(by.result) @ sums @ np.array(by.result).T
    assert np.abs(sums).max() > 2**31 and np.abs(results).max() > 2**31

    x = np.broadcast_to(tile, (1, channels, 6, 6)).astype("int8")
    w = np.broadcast_to(kernel, (1, channels, 3, 3)).astype("int8")
    found = winograd(x, w, 4)
    np.testing.assert_array_equal(found[0, 0], results // 576)
    assert_convolved(found, x, w)


# Bad input


def weight_transform(shape=(8, 16, 3, 3), tile=4, dtype="float32"):
    return nn.contrib_conv2d_winograd_weight_transform(relay.var("w", shape=shape, dtype=dtype), tile)


def convolution(weight=(6, 6, 8, 16), tile=4, dtype="float32", weight_dtype=None, **attributes):
    x, w = relay.var("x", shape=(1, 16, 9, 8), dtype=dtype), relay.var("w", shape=weight, dtype=weight_dtype or dtype)
    settings = {"channels": 8, "kernel_size": (3, 3), **attributes}
    return nn.contrib_conv2d_winograd_without_weight_transform(x, w, tile, **settings)


def test_types():
    assert type_of(weight_transform()) == "Tensor[(6, 6, 8, 16), float32]"
    assert type_of(convolution()) == "Tensor[(1, 8, 7, 6), float32]"
    assert type_of(convolution(dtype="int8", out_dtype="int32", padding=1)) == "Tensor[(1, 8, 9, 8), int32]"


UNKNOWN = r"only tiles of 2 and 4 and kernels of \[3, 3\] are known; use nn.conv2d"
INTEGERS = "the result would be int{}, and sums of integers are divided as int32: give out_dtype"
REFUSED = {
    "rank": (weight_transform((8, 16, 3)), "the weight has rank 3, not 4"),
    "tile of a weight": (weight_transform(tile=6), rf"tile_size is 6 and the kernel \[3, 3\]: {UNKNOWN}"),
    "kernel of a weight": (weight_transform((8, 16, 5, 3)), rf"tile_size is 4 and the kernel \[5, 3\]: {UNKNOWN}"),
    "no sign": (
        weight_transform(dtype="uint16"),
        "the weight is uint16, and a transformed one has negative numbers: cast it to int16",
    ),
    "channels": (convolution(channels=None), "channels and kernel_size are not given.*give both"),
    "kernel_size": (convolution(kernel_size=None), "channels and kernel_size are not given.*give both"),
    "tile": (convolution(tile=6), rf"tile_size is 6 and the kernel \[3, 3\]: {UNKNOWN}"),
    "kernel": (convolution(kernel_size=(1, 1)), rf"tile_size is 4 and the kernel \[1, 1\]: {UNKNOWN}"),
    "strides": (convolution(strides=(2, 1)), "strides, dilation and groups have to be 1 here: use nn.conv2d"),
    "dilation": (convolution(dilation=(1, 2)), "strides, dilation and groups have to be 1 here: use nn.conv2d"),
    "groups": (convolution(groups=2), "strides, dilation and groups have to be 1 here: use nn.conv2d"),
    "no out_dtype": (convolution(dtype="int8"), INTEGERS.format(8)),
    "out_dtype": (convolution(dtype="int8", out_dtype="int64"), INTEGERS.format(64)),
    "integers as floats": (
        convolution(dtype="int8", weight_dtype="int16", out_dtype="float32"),
        "the weight is int16, and the result would be float32: only sums of integers are divided",
    ),
    "floats as integers": (
        convolution(dtype="int8", weight_dtype="float32", out_dtype="int32"),
        "the weight is float32, and the result would be int32: only sums of integers are divided",
    ),
    "another tile's weight": (
        convolution(tile=2),
        r"the transformed weight has the shape \(6, 6, 8, 16\), and 8 channels from 16 in the layout HWOI have "
        r"\(4, 4, 8, 16\)",
    ),
    "a plain weight in blocks": (
        convolution(kernel_layout="OHWI8o2i"),
        r"the transformed weight has the shape \(6, 6, 8, 16\), and .* in the layout OHWI8o2i have "
        r"\(1, 6, 6, 8, 8, 2\)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    call, message = REFUSED[case]
    with pytest.raises(TypeError, match=message):
        typed(call)
