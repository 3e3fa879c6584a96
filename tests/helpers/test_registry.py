import pytest
import set_env  # noqa: F401
from tvm import relay
from tvm.relay.op.op import rules
from tvm.relay.quantize._partition import register_partition_function

from helpers.registry import (
    DEFAULT_RULES,
    KEY,
    clear_partition,
    partition_rules,
    registered_rules,
    reset_partition,
)


@pytest.fixture(autouse=True)
def default_rules():
    reset_partition()
    yield
    reset_partition()


def nothing_to_say(ref_call, new_args, ctx):
    return None


def functions():
    return {rule.op_name: rule.name for rule in rules(KEY)}


def test_the_default_rules_are_those_of_relay():
    assert sorted(DEFAULT_RULES) == [
        "add",
        "clip",
        "multiply",
        "nn.conv2d",
        "nn.global_avg_pool2d",
        "nn.max_pool2d",
        "nn.relu",
    ]


def test_cleared_rules_come_back_with_their_functions_names():
    before = functions()
    clear_partition()
    assert registered_rules() == {}
    reset_partition()
    assert functions() == before


def test_clearing_and_resetting_twice_is_no_error():
    for _ in range(2):
        clear_partition()
    for _ in range(2):
        reset_partition()
    assert set(registered_rules()) == set(DEFAULT_RULES)


def test_a_rule_of_ones_own_is_gone_after_a_reset():
    register_partition_function("nn.dense", nothing_to_say)
    reset_partition()
    assert "nn.dense" not in registered_rules()


def test_inside_with_only_the_given_rules_are_registered():
    register_partition_function("nn.dense", nothing_to_say)
    with partition_rules({"nn.relu": nothing_to_say}):
        assert functions() == {"nn.relu": "nothing_to_say"}
    assert set(registered_rules()) == {*DEFAULT_RULES, "nn.dense"}


def test_the_rules_come_back_after_an_error():
    with pytest.raises(ZeroDivisionError), partition_rules({}):
        raise ZeroDivisionError
    assert set(registered_rules()) == set(DEFAULT_RULES)


def test_a_rule_that_cannot_be_registered_leaves_the_others_as_they_were():
    with pytest.raises(ValueError, match="did you mean nn.relu"):
        reset_partition({"clip": nothing_to_say, "nn.rellu": nothing_to_say})
    assert functions()["clip"] == "identity_partition_function"


def test_a_higher_level_is_seen_and_taken_away_again():
    register_partition_function("nn.relu", nothing_to_say, level=11)
    assert functions()["nn.relu"] == "nothing_to_say"
    reset_partition()
    relay.op.get("nn.relu").reset_attr(KEY)
    register_partition_function("nn.relu", nothing_to_say)
