import subprocess
import sys
from pathlib import Path

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
    rule_table,
)

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.parametrize(("rules", "kind"), [(None, "a NoneType"), ([("nn.relu", nothing_to_say)], "a list")])
def test_rules_without_their_operators_are_one_sentence(rules, kind):
    with pytest.raises(TypeError, match=f"takes rules by their operators, not {kind}"), partition_rules(rules):
        pass
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


def test_a_rule_comes_back_at_its_level():
    register_partition_function("nn.relu", nothing_to_say, level=13)
    with partition_rules({}):
        pass
    assert functions()["nn.relu"] == "nothing_to_say"
    with pytest.raises(ValueError, match="that level \\(13\\)"):
        register_partition_function("nn.relu", nothing_to_say, level=13)
    register_partition_function("nn.relu", nothing_to_say, level=14)


def test_what_was_registered_inside_with_is_gone_afterwards():
    with partition_rules({}):
        register_partition_function("nn.dense", nothing_to_say)
    assert set(registered_rules()) == set(DEFAULT_RULES)


def test_the_table_says_where_a_rule_was_written_and_whose_it_is():
    register_partition_function("nn.dense", nothing_to_say)
    table = rule_table("partition")
    line = nothing_to_say.__code__.co_firstlineno
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["nn.dense"] == ("partition", "nothing_to_say", f"test_registry.py:{line}", "yours")
    stage, function, place, whose = rows["nn.relu"]
    assert (stage, function, whose) == ("partition", "identity_partition_function", "default")
    assert place.startswith("relay/quantize/_partition.py:")
    assert len(rows) == len(DEFAULT_RULES) + 1


def test_the_table_has_all_three_stages():
    table = rule_table()
    assert list(dict.fromkeys(table.column("stage"))) == ["partition", "annotate", "realize"]
    assert set(table.column("whose")) == {"default"}
    assert rule_table("realize").rows == [row for row in table.rows if row[1] == "realize"]


def test_a_stage_that_there_is_not_is_one_sentence():
    with pytest.raises(ValueError, match="give one of partition, annotate, realize"):
        rule_table("fuse")


def test_the_default_rules_are_relays_own_also_if_a_reader_was_there_first():
    done = subprocess.run([sys.executable, "-c", FIRST], cwd=ROOT / "book", capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7", "False"]


FIRST = """
import set_env
from tvm.relay.quantize._partition import register_partition_function
register_partition_function("nn.dense", lambda ref_call, new_args, ctx: None)
from helpers.registry import DEFAULT_RULES
print(len(DEFAULT_RULES), "nn.dense" in DEFAULT_RULES)
"""
