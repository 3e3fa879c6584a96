"""AlterOpLayout: what a rule may say, what a network becomes, and that nothing else is computed."""

import time
from collections import Counter

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm
from tvm import relay
from tvm.relay.backend.layout import alter_conv2d, block_of
from tvm.relay.build_module import _in_layouts

from tests.conformance.networks import NETWORKS
from tests.conformance.pipeline import Network, imported
from tests.conformance.relay_cases import layouts
from tests.conformance.relay_cases.layouts import alter, conv, image, to
from tests.conformance.zoo import MIDDLE, ZOO, DenseNet, trained

AVX512 = tvm.target.Target({"kind": "llvm", "mcpu": "cascadelake", "mtriple": "x86_64-linux-gnu"})
AVX2 = tvm.target.Target({"kind": "llvm", "mcpu": "haswell", "mtriple": "x86_64-linux-gnu"})


def typed(expr):
    function = expr if isinstance(expr, relay.Function) else relay.Function(relay.analysis.free_vars(expr), expr)
    return relay.transform.InferType()(tvm.IRModule.from_expr(function))


def altered(expr):
    return relay.transform.AlterOpLayout()(typed(expr))["main"]


def simplified(mod, params=None):
    func = relay.build_module.bind_params_by_name(mod["main"], params) if params else mod["main"]
    passes = [relay.transform.SimplifyInference(), relay.transform.FoldConstant()]
    return tvm.transform.Sequential(passes)(typed(func))


def laid_out(mod, target=AVX512):
    with target:
        return _in_layouts(mod)["main"]


def calls(func):
    """The names of the operators, counted."""
    found = []
    relay.analysis.post_order_visit(func, lambda node: found.append(node) if isinstance(node, relay.Call) else None)
    return Counter(call.op.name for call in found)


def evaluate(func):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=param.checked_type.concrete_shape).astype("float32") for param in func.params]
    arrays = [a.astype(p.checked_type.dtype) for a, p in zip(arrays, func.params, strict=True)]
    result = relay.create_executor("debug", tvm.IRModule.from_expr(func)).evaluate()(*arrays)
    return [part.numpy() for part in (result if isinstance(result, tuple) else (result,))]


# What is computed

# Their rules compute something else.
OTHERWISE = {"rule_keeps_the_layout", "rule_of_dense"}
# Where layouts stay, or one function of a number stands for all of them, the text says it all.
ALIKE = ("through_plain_", *(f"through_{last}{name}" for last in ("", "last_") for name in layouts.FUNCTIONS))


# What the genuine Relay gets wrong, and slices that no network of the list has.
MORE = {
    **{name: layouts.UNARY[name] for name in sorted(layouts.WRONG_IN_BLOCKS)},
    "slice_from_the_end": lambda x: relay.strided_slice(x, [0, -32, 0, 0], [1, -16, 8, 8]),
    "slice_to_the_end": lambda x: relay.strided_slice(x, [0, 16], [1, 2**31 - 1]),
    "slice_of_sizes": lambda x: relay.strided_slice(x, [0, 16, 1, 1], [-1, 32, -1, 4], slice_mode="size"),
    "pad_edge": lambda x: relay.nn.pad(x, ((0, 0), (0, 0), (1, 2), (0, 1)), pad_mode="edge"),
    "excluded": lambda x: relay.mean(x, axis=(0, 2), exclude=True, keepdims=True),
}


def assert_unchanged(program, monkeypatch):
    """What `program` gives to the pass computes the same before and after it."""
    seen = []

    def record(expr, *passes):
        seen.append((typed(expr)["main"], after(expr, *passes)))
        return seen[-1][1]

    after = layouts.after
    monkeypatch.setattr(layouts, "after", record)
    np.random.seed(0)
    program()
    for before, now in seen:
        for want, got in zip(evaluate(before), evaluate(now), strict=True):
            assert (got.shape, got.dtype) == (want.shape, want.dtype)
            np.testing.assert_allclose(got, want, 1e-4, 1e-3 * np.abs(want[np.isfinite(want)]).max(initial=0))


@pytest.mark.parametrize("name", [n for n in layouts.PROGRAMS if n not in OTHERWISE and not n.startswith(ALIKE)])
def test_a_program_computes_what_it_did(name, monkeypatch):
    assert_unchanged(layouts.PROGRAMS[name], monkeypatch)


@pytest.mark.parametrize("name", MORE)
def test_what_is_in_no_golden_text_computes_what_it_did(name, monkeypatch):
    assert_unchanged(lambda: layouts._through(MORE[name]), monkeypatch)


def test_a_transformed_weight_stays_in_the_layout_that_a_rule_gives_it(monkeypatch):
    """The genuine Relay takes it for OIHW, and brings it to that layout once more."""
    settings = {"data_layout": "NCHW8c", "out_layout": "NCHW8c", "kernel_layout": "HWOI8o2i"}

    def rule(attrs, args, types, result):
        kernel = relay.nn.contrib_conv2d_winograd_weight_transform(args[1], 4)
        kernel = relay.layout_transform(kernel, "HWOI", "HWOI8o2i")
        return relay.nn.contrib_conv2d_winograd_without_weight_transform(args[0], kernel, 4, **{**attrs, **settings})

    assert_unchanged(lambda: layouts.altered(conv(relay.nn.relu(conv(image()))), rule), monkeypatch)


def last(x):
    return relay.transpose(x, axes=(0, 2, 3, 1))


def means(x, *axes):
    return relay.mean(x, axis=list(axes))


# An axis that one operator calls its width another calls its height, or its channels. `x` is 16 wide along each axis.
OTHER_NAMES = {
    "sum of an image and one with its channels last": lambda x, y: relay.add(x, last(y)),
    "sum with the channels last on the left": lambda x, y: relay.add(last(x), y),
    "sum of an image and what stands for its width": lambda x, y: relay.add(x, means(y, 0, 2, 3)),
    "sum of an image and means of another": lambda x, y: relay.add(means(x, 2, 3), y),
    "concatenation": lambda x, y: relay.concatenate([x, last(y)], 1),
    "convolution": lambda x, y: conv(last(x), 16, 16),
    "pool": lambda x, y: relay.nn.max_pool2d(last(x), (2, 2)),
    "pool over one axis": lambda x, y: relay.nn.max_pool1d(means(x, 3), 2),
    "dense layer": lambda x, y: relay.nn.dense(means(x, 0, 1), relay.const(np.eye(16, dtype="float32"))),
    "upsampling": lambda x, y: relay.nn.upsampling(last(x), 2, 2),
}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_axes_meet_by_their_places(name):
    np.random.seed(0)
    x, y = (conv(relay.var(name, shape=(16, 16, 16, 16)), 16, 16) for name in "xy")
    mod = typed(OTHER_NAMES[name](x, y))
    for want, got in zip(evaluate(mod["main"]), evaluate(laid_out(mod)), strict=True):
        np.testing.assert_allclose(got, want, rtol=0, atol=1e-5 * np.abs(want).max())


@pytest.mark.parametrize("name", NETWORKS)
def test_a_quantized_network_computes_the_same_numbers(name):
    mod, params = imported(NETWORKS[name])
    with (
        tvm.transform.PassContext(opt_level=3),
        relay.quantize.qconfig(calibrate_mode="global_scale", skip_conv_layers=None, skip_dense_layer=False),
    ):
        mod = simplified(relay.quantize.quantize(mod, params))
    for target in (AVX512, AVX2):
        now = laid_out(mod, target)
        assert calls(now)["nn.conv2d"] == 0
        for want, got in zip(evaluate(mod["main"]), evaluate(now), strict=True):
            np.testing.assert_array_equal(got, want)


# How much is transformed

SMALL_DENSENET = Network(lambda: trained(DenseNet((2, 2, 2, 2))), MIDDLE)
WHOLE = {"densenet": SMALL_DENSENET, **{name: ZOO[name] for name in ("vgg11", "googlenet_block", "squeezenet1_1")}}
WHOLE |= {name: ZOO[name] for name in ("resnet18", "mobilenet_v2")}


@pytest.mark.parametrize("name", WHOLE)
def test_a_network_is_transformed_once_at_its_end(name):
    with torch.no_grad():
        mod = simplified(*imported(WHOLE[name]))
    before, after = calls(mod["main"]), calls(laid_out(mod))
    assert after["nn.conv2d"] == 0
    blocked = after["nn.contrib_conv2d_NCHWc"] + after["nn.contrib_depthwise_conv2d_NCHWc"]
    assert blocked == before["nn.conv2d"] > 0
    assert after["layout_transform"] == 1


def test_weights_and_biases_are_packed():
    body = laid_out(simplified(typed(relay.nn.bias_add(conv(image()), relay.const(np.ones(64, "float32"))))))
    total = body.body.args[0]
    assert total.op.name == "add"
    weight, bias = total.args[0].args[1], total.args[1]
    assert weight.value().shape == (4, 4, 3, 3, 16, 16)
    assert bias.value().shape == (1, 4, 1, 1, 16)


# The rule of a processor


@pytest.mark.parametrize(
    ("channels", "lanes", "block"),
    [(64, 16, 16), (24, 16, 8), (20, 16, 4), (6, 16, None), (3, 16, None), (64, 8, 8), (64, 4, 4)],
)
def test_a_block_divides_the_channels_and_fits_a_vector(channels, lanes, block):
    assert block_of(channels, lanes) == block


def chosen(data, weight, dtype="float32", target=AVX512, **attributes):
    """The layouts of data, weight and result of a convolution."""
    x, w = relay.var("x", shape=data, dtype=dtype), relay.var("w", shape=weight, dtype=dtype)
    wide = {"out_dtype": "int32"} if dtype == "int8" else {}
    call = typed(relay.nn.conv2d(x, w, **attributes, **wide))["main"].body
    with target:
        found = alter_conv2d(call.attrs, call.args, [arg.checked_type for arg in call.args], call.checked_type)
    if found is None:
        return None
    return found.attrs.data_layout, found.attrs.kernel_layout, found.attrs.out_layout


@pytest.mark.parametrize(
    ("layouts", "data", "weight", "settings"),
    [
        (("NCHW16c", "OIHW16i16o", "NCHW16c"), (1, 64, 8, 8), (32, 64, 3, 3), {}),
        (("NCHW8c", "OIHW8i16o", "NCHW16c"), (1, 24, 8, 8), (32, 24, 3, 3), {}),
        (("NCHW", "OIHW16o", "NCHW16c"), (1, 3, 8, 8), (32, 3, 3, 3), {}),
        (("NCHW16c", "OIHW4i16o4i", "NCHW16c"), (1, 64, 8, 8), (32, 64, 3, 3), {"dtype": "int8"}),
        (("NCHW4c", "OIHW1i16o4i", "NCHW16c"), (1, 20, 8, 8), (32, 20, 3, 3), {"dtype": "int8"}),
        (("NCHW", "OIHW16o4i", "NCHW16c"), (1, 3, 8, 8), (32, 3, 3, 3), {"dtype": "int8"}),
        (("NCHW16c", "OIHW1i16o", "NCHW16c"), (1, 32, 8, 8), (32, 1, 3, 3), {"groups": 32}),
        (("NCHW16c", "OIHW1i16o", "NCHW16c"), (1, 32, 8, 8), (32, 1, 3, 3), {"groups": 32, "dtype": "int8"}),
        (("NCHW8c", "OIHW8i16o", "NCHW16c"), (1, 32, 8, 8), (64, 8, 3, 3), {"groups": 4}),
        (("NCHW4c", "OIHW1i8o4i", "NCHW8c"), (1, 32, 8, 8), (64, 4, 3, 3), {"groups": 8, "dtype": "int8"}),
        (("NCHW", "OIHW16o", "NCHW16c"), (1, 12, 8, 8), (32, 12, 3, 3), {}),
        (("NCHW16c", "OIHW16i4o", "NCHW4c"), (1, 64, 1, 1), (12, 64, 1, 1), {}),
        (("NCHW8c", "OIHW8i8o", "NCHW8c"), (1, 64, 8, 8), (32, 64, 3, 3), {"target": AVX2}),
    ],
)
def test_the_layouts_of_a_convolution(layouts, data, weight, settings):
    assert chosen(data, weight, **settings) == layouts


@pytest.mark.parametrize(
    ("data", "weight", "settings"),
    [
        ((1, 64, 8, 8), (6, 64, 3, 3), {}),
        ((1, 64, 8, 8), (12, 64, 3, 3), {}),
        ((1, 32, 8, 8), (64, 4, 3, 3), {"groups": 8}),
        ((1, 12, 8, 8), (12, 1, 3, 3), {"groups": 12}),
        ((1, 32, 8, 8), (32, 2, 3, 3), {"groups": 16}),
        ((1, 32, 8, 8), (64, 1, 3, 3), {"groups": 32}),
        ((1, 64, 8, 8), (32, 64, 3, 3), {"dtype": "float64"}),
        ((1, 8, 8, 64), (3, 3, 64, 32), {"data_layout": "NHWC", "kernel_layout": "HWIO"}),
    ],
)
def test_what_is_left_alone(data, weight, settings):
    assert chosen(data, weight, **settings) is None


# A user's rule


def test_a_rule_is_registered_over_that_of_the_processor():
    try:

        @tvm.ir.register_op_attr("nn.conv2d", "FTVMAlterOpLayout", level=11)
        def last(attrs, args, types, result):
            assert types[0].shape[1] == result.shape[1] == 64
            return relay.nn.conv2d(*args, **{**attrs, "data_layout": "NHWC", "kernel_layout": "HWIO"})

        assert calls(altered(conv(image()))) == {"layout_transform": 3, "nn.conv2d": 1}
    finally:
        relay.op.get("nn.conv2d").reset_attr("FTVMAlterOpLayout")
        tvm.ir.register_op_attr("nn.conv2d", "FTVMAlterOpLayout", alter_conv2d)


def test_a_rule_that_fails_is_named_with_the_operator():
    def rule(attrs, args, types, result):
        raise KeyError("no such block")

    with (
        alter(rule),
        pytest.raises(KeyError, match=r"the rule nn.conv2d: .*rule .* fails on nn.conv2d: .*no such block"),
    ):
        altered(conv(image()))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (relay.const(1.0), "returns a Constant for nn.conv2d: return a call or None"),
        (
            relay.nn.relu(relay.var("y")),
            "returns a call with 1 arguments for nn.conv2d, which has 2: return one with as many",
        ),
    ],
)
def test_what_takes_no_calls_place_is_refused(said, message):
    with alter(lambda *_: said), pytest.raises(TypeError, match=message):
        altered(conv(image()))


def test_layouts_that_do_not_fit_are_refused_by_type_inference():
    with alter(to(data_layout="NCHW7c")), pytest.raises(TypeError, match="the weight"):
        altered(conv(image()))


def test_an_operator_that_tells_no_layouts_is_altered_over_its_old_ones():
    def rule(attrs, args, types, result):
        return relay.nn.log_softmax(relay.negative(args[0]), axis=attrs.axis)

    with alter(rule, "nn.log_softmax"):
        body = altered(relay.nn.log_softmax(relay.nn.relu(image()), axis=1)).body
    assert body.args[0].op.name == "negative"


# Depth and the build


def test_a_deep_network_takes_linear_time():
    def seconds(depth):
        y = image()
        w = relay.var("w", shape=(64, 64, 1, 1))
        for _ in range(depth):
            y = relay.nn.relu(relay.nn.conv2d(y, w))
        mod = typed(y)
        begin = time.perf_counter()
        with AVX512:
            func = relay.transform.AlterOpLayout()(mod)["main"]
        assert calls(func)["layout_transform"] == 3
        return time.perf_counter() - begin

    seconds(10)
    assert seconds(1000) < 10 * max(seconds(250), 0.05)


@pytest.mark.parametrize(
    ("context", "blocked"),
    [
        ({}, True),
        ({"opt_level": 3}, True),
        ({"opt_level": 1}, False),
        ({"opt_level": 3, "disabled_pass": ["AlterOpLayout"]}, False),
    ],
)
def test_when_the_build_chooses_layouts(context, blocked):
    mod = typed(conv(image()))
    with tvm.transform.PassContext(**context):
        found = calls(laid_out(mod))
    assert (found["nn.contrib_conv2d_NCHWc"] == 1) == blocked
