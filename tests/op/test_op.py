"""The registry: what is known of an operator, and what it refuses."""

import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.op import op as registry

from tests.conformance.relay_cases.registry import OPERATORS


def test_an_operator_is_an_entry_of_tvms_own_registry():
    assert relay.op.get("add") == tvm.ir.Op.get("add")
    assert str(relay.op.get("nn.relu")) == "Op(nn.relu)"
    assert relay.op.get("nn.dense").num_inputs == 2


def test_what_is_known_of_an_operator_stands_in_one_place():
    known = registry.operator("clip")
    assert known.inputs == ("data",)
    assert known.pattern == relay.op.OpPattern.ELEMWISE
    assert known.attrs is relay.op.tensor.ClipAttrs
    assert registry.operator(relay.op.get("clip")) is known


def test_attributes_are_named_and_read_by_name():
    attrs = relay.clip(relay.var("x", shape=(8,)), 0.0, 6.0).attrs
    assert attrs.keys() == ["a_min", "a_max"]
    assert [attrs["a_min"], attrs["a_max"]] == [0.0, 6.0]
    with pytest.raises(AttributeError, match="a_mean"):
        attrs["a_mean"]


def test_every_operator_was_compared_with_the_genuine_one():
    assert sorted(OPERATORS.split()) == registry.names()


@pytest.mark.parametrize("name", registry.names())
def test_an_operator_is_complete(name):
    known = registry.operator(name)
    assert [str(argument.name) for argument in relay.op.get(name).arguments] == list(known.inputs)
    assert relay.op.get(name).get_attr("TOpPattern") == known.pattern


@pytest.mark.parametrize("name", [name for name in relay.op.__all__ if callable(getattr(relay, name, None))])
def test_an_operator_function_tells_what_it_does(name):
    function = getattr(relay, name)
    assert function.__name__ == name or isinstance(function, type)
    assert function.__doc__


@pytest.mark.parametrize(
    ("wrong", "near"), [("nn.conv2", "nn.conv2d"), ("nn_relu", "nn.relu"), ("dense", "nn.dense"), ("addd", "add")]
)
def test_an_unknown_name_is_refused_with_what_comes_near(wrong, near):
    with pytest.raises(ValueError, match=f"^Relay has no operator '{wrong}': did you mean .*{near}.*\\?$"):
        relay.op.get(wrong)


def test_an_unknown_name_without_a_near_one_tells_where_the_names_are():
    with pytest.raises(
        ValueError, match=r"^Relay has no operator 'qqqqqqq': relay.op.op.names\(\) lists those it has$"
    ):
        relay.op.get("qqqqqqq")
    assert "qqqqqqq" not in registry.names()


@pytest.mark.parametrize("rule", registry.RULES)
def test_a_rule_for_an_unknown_operator_is_refused(rule):
    before = set(tvm.ir.Op.list_op_names())
    with pytest.raises(ValueError, match="Relay has no operator 'nn.rellu': did you mean nn.relu"):
        tvm.ir.register_op_attr("nn.rellu", rule, lambda *_: None)
    with pytest.raises(ValueError, match="Relay has no operator 'nn.rellu'"):
        relay.op.register_op_attr("nn.rellu", rule, lambda *_: None)
    assert set(tvm.ir.Op.list_op_names()) == before


def test_other_attributes_may_name_any_operator():
    tvm.ir.register_op_attr("relax.nn.relu", "NoteOfThisTest", "a note")
    assert tvm.ir.Op.get("relax.nn.relu").get_attr("NoteOfThisTest") == "a note"


def test_an_operator_is_defined_once():
    known = registry.operator("add")
    with pytest.raises(ValueError, match="^the operator add is defined twice"):
        registry.define("add", inputs=(), infer=known.infer, compute=known.compute, pattern=known.pattern)
    assert registry.operator("add") is known


def test_a_pattern_can_be_registered_anew():
    try:
        relay.op.register_pattern("sign", relay.op.OpPattern.OPAQUE, level=11)
        assert relay.op.get("sign").get_attr("TOpPattern") == relay.op.OpPattern.OPAQUE
    finally:
        relay.op.get("sign").reset_attr("TOpPattern")
        relay.op.register_pattern("sign", registry.operator("sign").pattern)
