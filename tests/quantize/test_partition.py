"""Partition: the default rules one by one, rules of one's own, and what goes wrong with them.

The genuine texts for whole networks are in tests/golden; here each rule is seen alone.
"""

import re

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
import tvm_ffi
from tvm import relay
from tvm.relay.op import op as _op
from tvm.relay.op.op import RULES, rule, rules
from tvm.relay.quantize._partition import QPartitionExpr, partition_expr_check, register_partition_function
from tvm.relay.quantize.quantize import _forward_op

KEY = "FQPartitionRewrite"


@pytest.fixture(autouse=True)
def registry_as_it_was():
    """Whatever a test registers or resets, the next one finds the default rules."""
    before = {entry.op_name: entry.function for entry in rules(KEY)}
    yield
    for name in {entry.op_name for entry in rules(KEY)} | set(before):
        _op.get(name).reset_attr(KEY)
    for name, function in before.items():
        register_partition_function(name, function)


def data(channels=3):
    return relay.var("data", shape=(1, channels, 8, 8))


def conv(x, channels=3):
    weight = relay.const(np.ones((8, channels, 3, 3), "float32"))
    return relay.nn.conv2d(x, weight, padding=(1, 1), channels=8, kernel_size=(3, 3))


def bias():
    return relay.const(np.ones((8, 1, 1), "float32"))


def partitioned(expr, **options):
    """The lines of the partitioned text, without types."""
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(expr))
    with relay.quantize.qconfig(**options):
        text = str(relay.quantize.partition()(mod)["main"])
    return [re.sub(r" */\*.*?\*/", "", line).strip(" ;") for line in text.strip().split("\n")[1:-1]]


def boundaries(lines):
    return sum("annotation.stop_fusion" in line for line in lines)


def forget_rules():
    for entry in rules(KEY):
        _op.get(entry.op_name).reset_attr(KEY)


def test_the_default_rules_are_those_of_relay():
    assert [entry.op_name for entry in rules(KEY)] == [
        "add",
        "clip",
        "multiply",
        "nn.conv2d",
        "nn.global_avg_pool2d",
        "nn.max_pool2d",
        "nn.relu",
    ]


@pytest.mark.parametrize("follow", [relay.nn.relu, lambda x: relay.clip(x, 0, 6), relay.nn.max_pool2d])
def test_a_convolution_starts_a_region_and_these_stay_in_it(follow):
    lines = partitioned(conv(follow(conv(data())), 8))
    assert boundaries(lines) == 2
    assert lines[2] == '%2 = annotation.cast_hint(%1, dtype="int8")'
    assert lines[3] == "%3 = annotation.stop_fusion(%2)"


@pytest.mark.parametrize("alone", [relay.nn.relu, lambda x: relay.clip(x, 0, 6), relay.nn.max_pool2d])
def test_outside_a_region_they_stay_outside(alone):
    assert boundaries(partitioned(alone(data()))) == 0


def test_an_operator_without_a_rule_ends_the_region():
    lines = partitioned(relay.sigmoid(relay.nn.relu(conv(data()))))
    assert boundaries(lines) == 1
    assert lines[-1].startswith("sigmoid(%3")


def test_add_of_a_bias_stays_in_the_region():
    lines = partitioned(relay.add(conv(data()), bias()))
    assert boundaries(lines) == 1
    assert lines[-1].startswith("annotation.stop_fusion")


def test_add_of_two_regions_ends_both_and_starts_one():
    x = data()
    lines = partitioned(relay.add(conv(x), conv(x)))
    assert boundaries(lines) == 3


@pytest.mark.parametrize("swap", [False, True])
def test_add_of_one_region_and_anything_else_ends_it(swap):
    other = relay.var("other", shape=(1, 8, 8, 8))
    operands = [conv(data()), other]
    lines = partitioned(relay.add(*(operands[::-1] if swap else operands)))
    assert boundaries(lines) == 1
    assert lines[-1].startswith("add(")


def test_multiply_ends_the_region_before_it_and_starts_one():
    assert boundaries(partitioned(relay.multiply(conv(data()), bias()))) == 2
    assert boundaries(partitioned(relay.multiply(bias(), conv(data())))) == 2


def test_global_average_pool_takes_int8_wherever_it_stands():
    assert boundaries(partitioned(relay.nn.global_avg_pool2d(data()))) == 1
    assert boundaries(partitioned(relay.nn.global_avg_pool2d(conv(data())))) == 1


def test_regions_inside_a_tuple_end_where_the_tuple_is_used():
    x = data()
    lines = partitioned(relay.concatenate([conv(x), conv(x)], axis=1))
    assert boundaries(lines) == 2
    assert lines[-1].startswith("concatenate(")


def test_a_region_ends_once_for_all_that_ask_without_a_rule():
    region = conv(data())
    lines = partitioned(relay.Tuple([relay.sigmoid(region), relay.tanh(region)]))
    assert boundaries(lines) == 1


def test_the_hint_is_the_dtype_of_the_configuration():
    assert 'dtype="uint8"' in "".join(partitioned(conv(data()), dtype_input="uint8"))


def test_partition_changes_nothing_but_its_hints():
    expr = relay.nn.relu(relay.add(conv(data()), bias()))
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(expr))
    before = str(mod)
    made = relay.quantize.partition()(mod)
    assert str(mod) == before

    def without_hints(old, new):
        annotation = isinstance(new, relay.Call) and new.op.name.startswith("annotation.")
        return new.args[0] if annotation else new

    from tvm.relay.expr_functor import rewrite

    assert tvm_ffi.structural_equal(rewrite(made["main"], without_hints), mod["main"])


def test_without_rules_nothing_happens():
    forget_rules()
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(relay.nn.relu(conv(data()))))
    assert relay.quantize.partition()(mod)["main"] == mod["main"]


def test_a_rule_of_ones_own_by_call_and_by_decorator():
    forget_rules()

    def identity(ref_call, new_args, ctx):
        _, expr = partition_expr_check(new_args[0])
        return QPartitionExpr(_forward_op(ref_call, [expr]))

    assert register_partition_function("nn.relu", identity) is identity

    @register_partition_function("nn.max_pool2d")
    def pool(ref_call, new_args, ctx):
        return identity(ref_call, new_args, ctx)

    lines = partitioned(relay.nn.max_pool2d(relay.nn.relu(data())))
    assert boundaries(lines) == 1
    assert [entry.name.rpartition(".")[2] for entry in rules(KEY)] == ["pool", "identity"]


def test_a_higher_level_goes_first():
    @register_partition_function("nn.relu", level=11)
    def outside(ref_call, new_args, ctx):
        return None

    assert rule(_op.get("nn.relu"), KEY).function is outside
    assert boundaries(partitioned(relay.nn.relu(conv(data())))) == 1


def test_the_listing_tells_what_an_earlier_cell_left():
    _op.get("nn.relu").reset_attr(KEY)

    @register_partition_function("nn.relu")
    def left_behind(ref_call, new_args, ctx):
        return None

    (entry,) = [entry for entry in rules(KEY) if entry.op_name == "nn.relu"]
    assert entry.name.endswith("left_behind")
    assert re.search(r"test_partition\.py:\d+$", entry.place)
    assert str(entry).startswith("nn.relu: ")


def test_registering_twice_names_the_rule_in_the_way():
    with pytest.raises(ValueError, match=r"nn.relu: identity_partition_function \(.*_partition.py:\d+\).*reset_attr"):
        register_partition_function("nn.relu", lambda ref_call, new_args, ctx: None)
    assert rule(_op.get("nn.relu"), KEY).name == "identity_partition_function"


@pytest.mark.parametrize("key", RULES)
def test_an_unknown_operator_is_refused_with_near_misses(key):
    with pytest.raises(ValueError, match="Relay has no operator 'nn.rellu': did you mean nn.relu"):
        tvm.ir.register_op_attr("nn.rellu", key, lambda ref_call, new_args, ctx: None)
    with pytest.raises(ValueError, match="no operator 'relu': did you mean nn.relu"):
        tvm.ir.register_op_attr("relu", key)
    assert "nn.rellu" not in tvm.ir.Op.list_op_names()


def test_a_rule_is_a_function():
    with pytest.raises(TypeError, match="FQPartitionRewrite of nn.dense is a function of"):
        register_partition_function("nn.dense", 3)
    assert rule(_op.get("nn.dense"), KEY) is None


@pytest.mark.parametrize("said", ["int8", [relay.const(1.0)], True, _op.get("nn.dense")], ids=str)
def test_a_rule_that_returns_something_else_is_named(said):
    @register_partition_function("nn.dense")
    def wrong(ref_call, new_args, ctx):
        return said

    x = relay.var("x", shape=(1, 3))
    mod = tvm.IRModule.from_expr(relay.nn.dense(x, relay.const(np.ones((2, 3), "float32"))))
    message = rf"wrong \(.*_partition\.py:\d+\) returns {type(said).__name__} for nn.dense: return an expression, a"
    with pytest.raises(TypeError, match=message):
        relay.quantize.partition()(mod)


def test_a_rule_that_marks_something_else_is_named():
    @register_partition_function("nn.dense")
    def wrong(ref_call, new_args, ctx):
        return QPartitionExpr(new_args)

    x = relay.var("x", shape=(1, 3))
    mod = tvm.IRModule.from_expr(relay.nn.relu(relay.nn.dense(x, relay.const(np.ones((2, 3), "float32")))))
    with pytest.raises(TypeError, match="wrong .* fails on nn.dense: a QPartitionExpr holds .* expression, not list"):
        relay.quantize.partition()(mod)


class OwnError(Exception):
    """An error that TVM does not know."""


@pytest.mark.parametrize("kind", [OwnError, ValueError, KeyError, ZeroDivisionError])
def test_a_rule_that_raises_keeps_its_error_and_gains_a_place(kind):
    @register_partition_function("nn.dense")
    def failing(ref_call, new_args, ctx):
        raise kind("no such thing")

    span = relay.Span(relay.SourceName("aten__linear_0"), 0, 0, 0, 0)
    args = [relay.var("x", shape=(1, 3)), relay.const(np.ones((2, 3), "float32"))]
    like = relay.nn.dense(*args)
    mod = tvm.IRModule.from_expr(relay.Call(like.op, args, like.attrs, (), span))
    with pytest.raises(kind, match=r"failing \(.*\) fails on nn.dense at aten__linear_0:0:0: .*no such thing"):
        relay.quantize.partition()(mod)


def test_an_assertion_without_a_message_gains_one():
    @register_partition_function("nn.dense")
    def asserting(ref_call, new_args, ctx):
        assert len(new_args) == 3

    mod = tvm.IRModule.from_expr(relay.nn.dense(relay.var("x", shape=(1, 3)), relay.const(np.ones((2, 3), "float32"))))
    with pytest.raises(AssertionError, match="asserting .* fails on nn.dense"):
        relay.quantize.partition()(mod)


def test_ten_thousand_calls():
    x = expr = data(8)
    for _ in range(5_000):
        expr = relay.nn.relu(conv(expr, 8))
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function([x], expr)))
    text = str(relay.quantize.partition()(mod)["main"])
    assert text.count("annotation.cast_hint") == 5_000


def test_what_is_no_name_and_no_level_is_refused():
    with pytest.raises(TypeError, match="by an operator's name, not by a Op: pass a string"):
        register_partition_function(_op.get("nn.dense"), lambda ref_call, new_args, ctx: None)
    with pytest.raises(ValueError, match="the level of a rule for nn.dense is a natural number, not 'high'"):
        register_partition_function("nn.dense", lambda ref_call, new_args, ctx: None, level="high")
    assert rule(_op.get("nn.dense"), KEY) is None
