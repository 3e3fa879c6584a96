"""Convolutions with their channels in blocks compute what `nn.conv2d` does."""

import numpy as np
import pytest
import set_env  # noqa: F401
from tvm import relay
from tvm.relay.op.layout import transform_layout

from ..reference import run, typed

nn = relay.nn


def whole_numbers(shape, seed):
    """Exact in any order of adding."""
    return np.random.default_rng(seed).integers(-9, 9, shape).astype("float32")


@pytest.mark.parametrize(
    ("data", "weight", "layouts", "attributes"),
    [
        ((2, 32, 9, 8), (16, 32, 3, 3), ("NCHW16c", "OIHW16i16o", "NCHW16c"), {"padding": (1, 1)}),
        ((1, 16, 9, 8), (24, 16, 3, 3), ("NCHW16c", "OIHW4i8o4i", "NCHW8c"), {"strides": (2, 2)}),
        ((1, 3, 9, 8), (32, 3, 3, 3), ("NCHW", "OIHW16o", "NCHW16c"), {"padding": (0, 1, 2, 1)}),
        ((1, 3, 9, 8), (32, 3, 3, 3), ("NCHW", "OIHW16o4i", "NCHW16c"), {"dilation": (2, 2)}),
        ((1, 16, 7, 7), (32, 4, 1, 1), ("NCHW4c", "OIHW4i8o", "NCHW8c"), {"groups": 4}),
        ((2, 16, 7, 7), (16, 1, 3, 3), ("NCHW8c", "OIHW1i8o", "NCHW8c"), {"groups": 16, "padding": (1, 1)}),
    ],
)
def test_blocks_do_not_change_what_is_computed(data, weight, layouts, attributes):
    x, w = whole_numbers(data, 0), whole_numbers(weight, 1)
    data_layout, kernel_layout, out_layout = layouts
    blocked = nn.contrib_depthwise_conv2d_nchwc if attributes.get("groups") == data[1] else nn.contrib_conv2d_nchwc
    got = run(
        blocked,
        transform_layout(x, "NCHW", data_layout),
        transform_layout(w, "OIHW", kernel_layout),
        channels=weight[0],
        kernel_size=weight[2:],
        data_layout=data_layout,
        kernel_layout=kernel_layout,
        out_layout=out_layout,
        **attributes,
    )
    want = run(nn.conv2d, x, w, **attributes)
    np.testing.assert_array_equal(got, transform_layout(want, "NCHW", out_layout))


def test_the_weight_says_nothing_of_channels_and_kernel():
    call = nn.contrib_conv2d_nchwc(relay.var("x", shape=(1, 2, 8, 8, 8)), relay.var("w"), channels=16)
    with pytest.raises(TypeError, match="channels and kernel_size are not given.*give both"):
        typed(call)


def test_a_weight_without_a_type_gets_one():
    settings = {"channels": 16, "kernel_size": (3, 3), "kernel_layout": "OIHW8i8o"}
    call = nn.contrib_conv2d_nchwc(relay.var("x", shape=(1, 2, 8, 8, 8)), relay.var("w"), **settings)
    assert typed(call).args[1].checked_type == relay.TensorType((2, 2, 3, 3, 8, 8))


@pytest.mark.parametrize(
    ("weight", "groups", "message"),
    [
        ((2, 3, 3, 3, 8, 8), 1, r"the weight has the shape \(2, 3, 3, 3, 8, 8\), and 16 .* have \(2, 2, 3, 3, 8, 8\)"),
        ((2, 2, 3, 3, 8, 8), 3, "16 channels and the 16 of the result cannot be shared out among 3 groups"),
    ],
)
def test_shapes_that_do_not_fit(weight, groups, message):
    x, w = relay.var("x", shape=(1, 2, 8, 8, 8)), relay.var("w", shape=weight)
    settings = {"channels": 16, "kernel_size": (3, 3), "kernel_layout": "OIHW8i8o"}
    with pytest.raises(TypeError, match=message):
        typed(nn.contrib_conv2d_nchwc(x, w, groups=groups, **settings))
