"""Layouts: what their letters mean, and moving a tensor from one to another."""

import numpy as np
import pytest
import set_env  # noqa: F401
from tvm import relay
from tvm.relay.op.layout import parse_layout, transform_layout, transformed_shape

from .reference import run, type_of

X = np.arange(2 * 8 * 3 * 5, dtype="float32").reshape(2, 8, 3, 5)


def test_a_layout_is_whole_axes_and_blocks():
    layout = parse_layout("OIHW4i16o")
    assert [str(part) for part in layout.parts] == ["O", "I", "H", "W", "4i", "16o"]
    assert [part.step for part in layout.parts] == [16, 4, 1, 1, 1, 1]
    assert layout.primal == ("O", "I", "H", "W")
    assert layout.block("O") == 16 and layout.block("H") == 1


@pytest.mark.parametrize("text", ["", "NCHW4", "4c", "NCHWN", "NC-HW", "NCHW4d", "NC0c"])
def test_what_is_no_layout(text):
    with pytest.raises(TypeError, match="layout"):
        parse_layout(text)


def test_whole_axes_are_transposed():
    np.testing.assert_array_equal(
        run(relay.layout_transform, X, src_layout="NCHW", dst_layout="NHWC"), X.transpose(0, 2, 3, 1)
    )


def test_a_block_is_split_off_and_joined_again():
    blocked = run(relay.layout_transform, X, src_layout="NCHW", dst_layout="NCHW4c")
    np.testing.assert_array_equal(blocked, X.reshape(2, 2, 4, 3, 5).transpose(0, 1, 3, 4, 2))
    np.testing.assert_array_equal(
        run(relay.layout_transform, blocked, src_layout="NCHW4c", dst_layout="NHWC"), X.transpose(0, 2, 3, 1)
    )
    np.testing.assert_array_equal(transform_layout(blocked, "NCHW4c", "NCHW2c"), transform_layout(X, "NCHW", "NCHW2c"))


def test_a_block_that_is_not_full_is_filled_with_zeros():
    x = np.arange(1, 7, dtype="float32").reshape(2, 3)
    filled = run(relay.layout_transform, x, src_layout="NC", dst_layout="NC4c")
    np.testing.assert_array_equal(filled, [[[1, 2, 3, 0]], [[4, 5, 6, 0]]])


def test_two_blocks():
    x = np.arange(1, 17, dtype="float32").reshape(4, 4)
    blocked = run(relay.layout_transform, x, src_layout="OI", dst_layout="OI2i2o")
    np.testing.assert_array_equal(blocked[0, 0], [[1, 5], [2, 6]])
    np.testing.assert_array_equal(blocked[1, 1], [[11, 15], [12, 16]])


def test_an_axis_split_twice():
    x = np.arange(16, dtype="float32").reshape(2, 8)
    blocked = run(relay.layout_transform, x, src_layout="OI", dst_layout="OI2i2o2i")
    np.testing.assert_array_equal(blocked, x.reshape(1, 2, 2, 2, 2).transpose(0, 2, 3, 1, 4))
    np.testing.assert_array_equal(run(relay.layout_transform, blocked, src_layout="OI2i2o2i", dst_layout="OI"), x)
    np.testing.assert_array_equal(transform_layout(blocked, "OI2i2o2i", "I4iO"), transform_layout(x, "OI", "I4iO"))


@pytest.mark.parametrize(
    ("shape", "src", "dst", "expected"),
    [
        ((1, 8, 4, 4), "NCHW", "NCHW4c", [1, 2, 4, 4, 4]),
        ((1, 7, 4, 4), "NCHW", "NCHW4c", [1, 2, 4, 4, 4]),
        ((1, 2, 4, 4, 4), "NCHW4c", "NHWC", [1, 4, 4, 8]),
        ((16, 8, 3, 3), "OIHW", "OIHW4i4o", [4, 2, 3, 3, 4, 4]),
        ((1, 4), "NC", "N4cC", [1, 4, 1]),
        ((32, 3, 3, 3), "OIHW", "OIHW16o4i", [2, 1, 3, 3, 16, 4]),
        ((32, 32, 1, 1), "OIHW", "OIHW4i16o4i", [2, 2, 1, 1, 4, 16, 4]),
    ],
)
def test_the_shape_in_another_layout(shape, src, dst, expected):
    assert transformed_shape(shape, src, dst) == expected


@pytest.mark.parametrize(
    ("src", "dst", "message"),
    [
        ("NCHW", "NHWC", "a tensor in the layout NCHW has rank 4, not 3"),
        ("ABC", "ACD", "the layouts ABC and ACD do not have the same axes"),
        ("ABC", "a1", "'a1' is no layout"),
        ("AB3b", "BA", "the layout AB3b has blocks of 3, and axis b has 4"),
    ],
)
def test_what_is_refused(src, dst, message):
    with pytest.raises(TypeError, match=message):
        type_of(relay.layout_transform(relay.var("x", shape=(2, 3, 4)), src, dst))
