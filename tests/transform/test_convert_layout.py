"""ConvertLayout: what it refuses, and a user's function. What it makes is in tests/golden/relay/layouts/convert_*."""

import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

from tests.conformance.relay_cases.layouts import conv, image

ConvertLayout = relay.transform.ConvertLayout


def converted(expr, desired):
    function = relay.Function(relay.analysis.free_vars(expr), expr)
    return ConvertLayout(desired)(tvm.IRModule.from_expr(function))["main"]


def test_name_and_level():
    info = ConvertLayout({}).info
    assert (info.name, info.opt_level, list(info.required)) == ("ConvertLayout", 3, ["InferType", "CanonicalizeOps"])


@pytest.mark.parametrize("layouts", [["NHWC"], [], ["default", "HWIO"], ["NHWC", "HWIO", "NHWC"], "NHWC"])
def test_a_convolution_has_two_layouts(layouts):
    with pytest.raises(ValueError, match=r"nn.conv2d is to have the layouts .*: give that of the data and that of the"):
        converted(conv(image()), {"nn.conv2d": layouts})


def test_a_layout_with_no_weight_of_its_own():
    with pytest.raises(ValueError, match="no layout of a weight goes with data in NCHW16c: name one, or take NCHW or"):
        converted(conv(image()), {"nn.conv2d": ["NCHW16c", "default"]})


def test_a_pool_has_a_layout():
    with pytest.raises(ValueError, match=r"nn.max_pool2d is to have no layout: give that of the data"):
        converted(relay.nn.max_pool2d(image()), {"nn.max_pool2d": []})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nn.conv2", r"Relay has no operator 'nn.conv2': did you mean nn.conv2d"),
        ("nn.dense", r"ConvertLayout has nothing to say of nn.dense: give layouts of image.resize2d, nn.avg_pool2d, "),
    ],
)
def test_an_operator_that_cannot_be_converted(name, message):
    with pytest.raises(ValueError, match=message):
        ConvertLayout({name: ["NHWC", "default"]})


def test_operators_of_absent_dialects_are_passed_over():
    desired = {"nn.conv2d": ["NHWC", "default"], "qnn.conv2d": ["NHWC", "default"]}
    assert converted(conv(image()), desired).body.args[0].attrs.data_layout == "NHWC"


def test_a_function_of_ones_own():
    try:

        @relay.op.op.register_convert_op_layout("nn.dense")
        def convert(attrs, args, types, desired_layouts):
            assert list(desired_layouts) == ["mine"]
            return relay.nn.dense(args[0], relay.negative(args[1]))

        dense = relay.nn.dense(relay.var("x", shape=(1, 4)), relay.var("w", shape=(2, 4)))
        assert converted(dense, {"nn.dense": ["mine"]}).body.args[1].op.name == "negative"
    finally:
        relay.op.get("nn.dense").reset_attr("FTVMConvertOpLayout")
