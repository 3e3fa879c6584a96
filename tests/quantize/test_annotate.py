"""Annotation: which values are rounded and as what, layers that stay in float, and rules of one's own.

The genuine texts for whole networks are in tests/golden; here each rule is seen alone.
"""

import functools
import re

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.expr import is_operator
from tvm.relay.expr_functor import rewrite
from tvm.relay.op import op as _op
from tvm.relay.op.op import rule, rules
from tvm.relay.quantize import QAnnotateKind, quantize_context
from tvm.relay.quantize._annotate import QAnnotateExpr, attach_simulated_quantize, register_annotate_function
from tvm.relay.quantize._partition import QPartitionExpr
from tvm.relay.quantize.quantize import _forward_op

KEY = "FQAnnotateRewrite"
ALL = {"skip_conv_layers": None, "skip_dense_layer": False}


@pytest.fixture
def own_rules():
    """Whatever a test registers, the next one finds the default rules."""
    before = {entry.op_name: tvm.ir.Op.get(entry.op_name).get_attr(KEY) for entry in rules(KEY)}
    yield
    for name in {entry.op_name for entry in rules(KEY)} | set(before):
        _op.get(name).reset_attr(KEY)
    for name, function in before.items():
        tvm.ir.register_op_attr(name, KEY, function)


def data(name="data", channels=4):
    return relay.var(name, shape=(1, channels, 8, 8))


def weight(*shape):
    return relay.const(np.ones(shape, "float32"))


def conv(x, channels=4):
    return relay.nn.conv2d(x, weight(4, channels, 1, 1), channels=4, kernel_size=(1, 1))


def narrow(x):
    """`x` as a region ends with it."""
    return QPartitionExpr(x).realize()


def annotated(expr, **options):
    """The lines of the annotated text: without types, and of a simulated quantization what it rounds and its kind."""
    func = relay.Function(relay.analysis.free_vars(expr), expr)
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(func))
    with relay.quantize.qconfig(**{**ALL, **options}):
        text = str(relay.quantize.annotate()(mod)["main"])
    text = re.sub(r" */\*.*?\*/", "", text)
    text = re.sub(r"relay.op.annotation.simulated_quantize\((.*?), %dom_scale.*?, kind=(\d)\)", r"round(\1, \2)", text)
    return [line.strip(" ;") for line in text.strip().split("\n")[1:-1]]


def rounded(expr, **options):
    """What is rounded, as (kind, the line of what it is), in the order of the text."""
    lines = annotated(expr, **options)
    of = dict(line.split(" = ", 1) for line in lines if " = " in line)
    found = [re.search(r"round\((.*), (\d)\)", line) for line in lines]
    return [(int(m[2]), of.get(m[1], m[1]).split("(")[0]) for m in found if m]


INPUT, WEIGHT, ACTIVATION = (int(QAnnotateKind[name]) for name in ("INPUT", "WEIGHT", "ACTIVATION"))


def test_the_default_rules_are_those_of_relay():
    assert [entry.op_name for entry in rules(KEY)] == [
        "add",
        "annotation.cast_hint",
        "annotation.stop_fusion",
        "clip",
        "concatenate",
        "multiply",
        "nn.avg_pool2d",
        "nn.batch_flatten",
        "nn.batch_matmul",
        "nn.contrib_conv2d_NCHWc",
        "nn.conv1d",
        "nn.conv2d",
        "nn.dense",
        "nn.global_avg_pool2d",
        "nn.max_pool1d",
        "nn.max_pool2d",
        "nn.relu",
        "reshape",
        "strided_slice",
        "transpose",
    ]


def test_a_rule_is_shown_as_the_function_that_was_written():
    assert rule(_op.get("add"), KEY).name == "add_rewrite"
    assert "_annotate.py" in rule(_op.get("add"), KEY).place


def test_a_convolution_takes_a_narrow_input_and_a_narrow_weight():
    assert annotated(conv(data())) == [
        "%0 = round(%data, 1)",
        "%1 = round(meta[relay.Constant][0], 2)",
        "nn.conv2d(%0, %1, padding=[0, 0, 0, 0], channels=4, kernel_size=[1, 1])",
    ]


def test_scales_and_bounds_become_the_last_parameters():
    mod = tvm.IRModule.from_expr(relay.nn.relu(conv(data())))
    with relay.quantize.qconfig(**ALL):
        params = relay.quantize.annotate()(mod)["main"].params
    assert [param.name_hint for param in params] == ["data", *["dom_scale", "clip_min", "clip_max"] * 2]


def test_what_a_convolution_gives_is_rounded_before_the_next():
    assert rounded(conv(relay.nn.relu(conv(data())))) == [
        (INPUT, "%data"),
        (WEIGHT, "meta[relay.Constant][0]"),
        (INPUT, "nn.relu"),
        (WEIGHT, "meta[relay.Constant][1]"),
    ]


def test_a_narrow_value_is_not_rounded_again():
    region = narrow(relay.nn.relu(conv(data())))
    assert [what for kind, what in rounded(conv(region)) if kind == INPUT] == ["%data", "nn.relu"]


def test_a_bias_is_a_weight_whichever_operand_it_is_of_a_product():
    bias = weight(4, 1, 1)
    assert rounded(relay.add(conv(data()), bias))[2:] == [(WEIGHT, "meta[relay.Constant][1]")]
    assert (WEIGHT, "meta[relay.Constant][1]") in rounded(relay.multiply(conv(data()), bias))
    assert (WEIGHT, "meta[relay.Constant][0]") in rounded(relay.multiply(bias, conv(data())))


def test_of_two_wide_terms_the_second_is_rounded():
    lines = annotated(relay.add(relay.nn.relu(conv(data())), relay.clip(conv(data("other")), 0.0, 6.0)))
    assert lines[-2:] == ["%8 = round(%6, 1)", "add(%7, %8)"]
    assert lines[-4].startswith("%6 = clip") and lines[-3].startswith("%7 = nn.relu")


@pytest.mark.parametrize("swap", [False, True])
def test_a_term_in_float_is_rounded_as_an_input(swap):
    terms = [conv(data()), data("other")]
    assert (INPUT, "%other") in rounded(relay.add(*(terms[::-1] if swap else terms)))


def test_terms_and_factors_that_are_all_in_float_stay_there():
    assert rounded(relay.add(relay.multiply(data("a"), data("b")), data("c"))) == []


def test_both_factors_of_a_gate_are_rounded():
    """The genuine Relay raises a ValueError here."""
    gate = relay.multiply(conv(data()), relay.nn.relu(conv(data("other"))))
    assert [what for kind, what in rounded(gate) if kind == INPUT] == ["%data", "%other", "nn.conv2d", "nn.relu"]


def test_a_scalar_operand_is_a_weight():
    """The genuine Relay makes the call and cannot infer its type: "Input shape cannot be empty"."""
    assert (WEIGHT, "3f") in rounded(relay.add(conv(data()), relay.const(3.0)))


def test_a_kernel_that_is_computed_is_a_weight():
    """The genuine Relay raises an AssertionError where the kernel comes from a region."""
    kernel = relay.nn.relu(conv(relay.var("kernel", shape=(4, 4, 3, 3))))
    found = rounded(relay.nn.conv2d(data(), kernel, channels=4, kernel_size=(3, 3)))
    assert (WEIGHT, "nn.relu") in found


def test_a_value_with_two_users_is_rounded_once():
    region = relay.nn.relu(conv(data()))
    lines = annotated(relay.add(conv(region), relay.exp(region)))
    assert sum(line.endswith("round(%3, 1)") for line in lines) == 1
    assert any(line.endswith("exp(%4)") for line in lines)


def test_branches_in_float_beside_quantized_ones_are_rounded_for_a_concatenation():
    assert (ACTIVATION, "%other") in rounded(relay.concatenate([conv(data()), data("other")], axis=1))
    assert rounded(relay.concatenate([data(), data("other")], axis=1)) == []


def test_a_concatenation_of_what_an_operator_gives_stays_in_float():
    parts = relay.split(data(), 2, axis=1).astuple()
    assert rounded(relay.concatenate(parts, axis=1)) == []


def test_a_maximum_is_taken_of_narrow_values():
    assert rounded(relay.nn.max_pool2d(conv(data())))[-1] == (INPUT, "nn.conv2d")
    assert rounded(relay.nn.max_pool2d(data())) == []


def test_a_global_mean_ends_quantization():
    after = conv(relay.nn.global_avg_pool2d(narrow(conv(data()))))
    assert [kind for kind, _ in rounded(after)] == [INPUT, WEIGHT, INPUT]


def test_batch_matmul_tells_weights_from_inputs():
    x = relay.var("x", shape=(2, 3, 4))
    assert [kind for kind, _ in rounded(relay.nn.batch_matmul(x, weight(2, 5, 4)))] == [INPUT, WEIGHT]
    assert [kind for kind, _ in rounded(relay.nn.batch_matmul(x, relay.var("y", shape=(2, 5, 4))))] == [INPUT, INPUT]


@pytest.mark.parametrize(("skipped", "weights"), [(None, 3), ([0], 2), ([0, 2], 1), ([0, 1, 2], 0), ([7], 3)])
def test_skip_conv_layers_counts_convolutions_in_the_order_of_the_network(skipped, weights):
    found = rounded(conv(conv(conv(data()))), skip_conv_layers=skipped)
    assert sum(kind == WEIGHT for kind, _ in found) == weights


def test_every_annotation_counts_anew():
    once = annotated(conv(conv(data())), skip_conv_layers=[0])
    assert annotated(conv(conv(data())), skip_conv_layers=[0]) == once
    with quantize_context():
        assert annotated(conv(conv(data())), skip_conv_layers=[0]) == once


@pytest.mark.parametrize(("skip", "number"), [(True, 0), (False, 2)])
def test_skip_dense_layer(skip, number):
    assert len(rounded(relay.nn.dense(relay.var("x", shape=(2, 8)), weight(3, 8)), skip_dense_layer=skip)) == number


def test_debug_enabled_ops_are_the_only_ones_with_a_rule():
    """The genuine Relay raises an AttributeError for any list."""
    lines = annotated(relay.nn.max_pool2d(relay.nn.relu(conv(data()))), debug_enabled_ops=["nn.conv2d"])
    assert sum("round(" in line for line in lines) == 2
    assert lines[-2:] == ["%3 = nn.relu(%2)", lines[-1]]
    assert rounded(conv(data()), debug_enabled_ops=[]) == []


def test_debug_enabled_ops_leave_a_concatenation_whole():
    lines = annotated(relay.concatenate([conv(data()), conv(data())], axis=1), debug_enabled_ops=["nn.conv2d"])
    assert lines[-1].startswith("concatenate(")


def test_attach_simulated_quantize_gives_one_value_one_scale():
    x = data()
    with quantize_context():
        made = attach_simulated_quantize(x, QAnnotateKind.INPUT)
        assert attach_simulated_quantize(x, QAnnotateKind.INPUT) == made
        assert attach_simulated_quantize(made, QAnnotateKind.INPUT) == made
        assert attach_simulated_quantize(x, QAnnotateKind.ACTIVATION) != made
    with quantize_context():
        assert attach_simulated_quantize(x, QAnnotateKind.INPUT) != made


def test_a_rule_of_ones_own(own_rules):
    @register_annotate_function("sigmoid")
    def sigmoid_rewrite(ref_call, new_args, ctx):
        arg = new_args[0]
        if not isinstance(arg, QAnnotateExpr):
            return None
        return QAnnotateExpr(
            _forward_op(ref_call, [attach_simulated_quantize(arg.expr, QAnnotateKind.INPUT)]), QAnnotateKind.ACTIVATION
        )

    assert (INPUT, "nn.conv2d") in rounded(relay.sigmoid(conv(data())))
    assert rounded(relay.sigmoid(data())) == []


def test_a_convolution_in_blocks_stays_in_float_and_a_warning_says_so():
    x = relay.nn.contrib_conv2d_nchwc(
        relay.var("data", shape=(1, 1, 8, 8, 4)),
        weight(1, 1, 1, 1, 4, 4),
        channels=4,
        kernel_size=(1, 1),
        data_layout="NCHW4c",
        kernel_layout="OIHW4i4o",
        out_layout="NCHW4c",
    )
    with pytest.warns(UserWarning, match="NCHWc is not quantized: quantize the network before AlterOpLayout"):
        assert not any("simulated_quantize" in line for line in annotated(relay.nn.relu(x)))


def test_annotation_leaves_the_module_given_as_it_was():
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(conv(data())))
    before = str(mod)
    relay.quantize.annotate()(mod)
    assert str(mod) == before


def test_annotation_changes_nothing_but_its_roundings():
    x = np.random.default_rng(0).normal(size=(1, 4, 8, 8)).astype("float32")
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(relay.nn.relu(conv(data()))))
    with relay.quantize.qconfig(**ALL):
        made = relay.quantize.annotate()(mod)["main"]

    def silent(old, new):
        return new.args[0] if is_operator(new, "relay.op.annotation.simulated_quantize") else new

    plain = relay.create_executor("debug", tvm.IRModule.from_expr(rewrite(made.body, silent)))
    want = relay.create_executor("debug", mod).evaluate()(x).numpy()
    np.testing.assert_array_equal(plain.evaluate()(x).numpy(), want)


def test_annotates_a_deep_network():
    x = data()
    for _ in range(3000):
        x = relay.nn.relu(x)
    assert len(annotated(relay.nn.relu(conv(x)))) == 3004


def test_a_qannotate_expr_holds_an_expression():
    with pytest.raises(TypeError, match="a QAnnotateExpr holds a Relay expression, not int"):
        QAnnotateExpr(3, QAnnotateKind.INPUT)
    with pytest.raises(ValueError, match="there is no kind 9 of value"):
        QAnnotateExpr(data(), 9)


def test_what_is_attached_has_a_kind_and_a_rounding():
    with pytest.raises(ValueError, match="there is no kind 7 of value"):
        attach_simulated_quantize(data(), 7)
    with pytest.raises(ValueError, match="simulated_quantize knows no rounding 'foo': take one of round, floor, ceil"):
        attach_simulated_quantize(data(), INPUT, rounding="foo")


def test_a_rule_is_a_function(own_rules):
    with pytest.raises(TypeError, match=r"FQAnnotateRewrite of sigmoid is a function of .*, not 3: pass one"):
        register_annotate_function("sigmoid", 3)
    assert rule(_op.get("sigmoid"), KEY) is None


def test_a_rule_that_is_there_is_named_also_where_it_has_no_name(own_rules):
    register_annotate_function("sigmoid", functools.partial(print, 1))
    with pytest.raises(ValueError, match="^sigmoid: functools.partial.* is the FQAnnotateRewrite of that level"):
        register_annotate_function("sigmoid", lambda ref_call, new_args, ctx: None)


def test_a_kind_has_the_options_of_its_name():
    config = relay.quantize.qconfig(nbit_weight=4, dtype_activation="int64")
    assert config.get_nbit_by_kind(QAnnotateKind.WEIGHT) == 4
    assert config.get_dtype_by_kind(QAnnotateKind.ACTIVATION) == "int64"
    assert relay.quantize.kind2str(QAnnotateKind.IDENTITY) == "identity"
    with pytest.raises(ValueError, match="9 is not a valid QAnnotateKind"):
        relay.quantize.kind2str(9)
