"""The machinery of the checks, on an exercise of its own."""

import sys
from types import ModuleType

import pytest
import set_env  # noqa: F401
import torch
from tvm import relay
from tvm.relay.quantize._partition import register_partition_function

from helpers.exercises import Exercise, check, expect, expect_a
from helpers.registry import DEFAULT_RULES, registered_rules, reset_partition

double = Exercise()


@double.point
def of_two(answer):
    """two becomes four"""
    found = expect_a(int, answer(2))
    expect(found == 4, f"`double` gives {found}")


@double.point
def of_zero(answer):
    """zero stays"""
    expect(answer(0) == 0, "nothing twice is nothing")


@pytest.fixture(autouse=True)
def chapter(monkeypatch):
    module = ModuleType("helpers.exercises.some_chapter")
    module.double = double
    module.__spec__ = sys.modules[__name__].__spec__
    monkeypatch.setitem(sys.modules, module.__name__, module)
    reset_partition()
    yield
    reset_partition()


def judged(answer):
    return check("some_chapter/double", answer)


def test_a_right_answer_has_only_right_lines():
    verdict = judged(lambda n: 2 * n)
    assert verdict.passed
    assert repr(verdict) == "right: two becomes four\nright: zero stays"


def test_each_point_is_asked_for_itself():
    verdict = judged(lambda n: n * n + 1)
    assert not verdict.passed
    assert repr(verdict) == (
        "not yet: two becomes four, because `double` gives 5\nnot yet: zero stays, because nothing twice is nothing"
    )
    assert repr(judged(lambda n: n + 2)).startswith("right: two becomes four\nnot yet: ")


def test_an_answer_that_raises_is_not_right_yet():
    assert "two becomes four, because the answer raised ZeroDivisionError: " in repr(judged(lambda n: 1 // 0))
    assert "the answer raised TypeError: 'int' object is not callable" in repr(judged(4))


def test_a_reason_is_given_once():
    assert repr(judged(4)) == (
        "not yet: two becomes four, because the answer raised TypeError: 'int' object is not callable\n"
        "not yet: zero stays, for the same reason"
    )


def test_a_value_of_another_class_is_named():
    assert "because what it gives is of class `NoneType`, not `int`" in repr(judged(lambda n: None))


def test_where_there_is_no_answer_nothing_is_asked():
    assert repr(judged(...)) == "not yet: there is an answer, because it is still `...`: put yours in its place"


def test_what_an_answer_registers_is_gone_and_what_was_registered_is_back():
    def mine(ref_call, new_args, ctx):
        return None

    def registers(number):
        relay.op.get("nn.relu").reset_attr("FQPartitionRewrite")
        relay.op.get("nn.conv2d").reset_attr("FQAnnotateRewrite")
        register_partition_function("nn.softmax", mine)
        seen.update(registered_rules())
        return 2 * number

    seen = {}
    relay.op.get("clip").reset_attr("FQPartitionRewrite")
    register_partition_function("nn.dense", mine)
    annotate = relay.op.get("nn.conv2d").get_attr("FQAnnotateRewrite")
    before = registered_rules()
    assert judged(registers).passed
    assert registered_rules() == before
    assert relay.op.get("nn.conv2d").get_attr("FQAnnotateRewrite") == annotate
    # While the answer was tried the default rules were registered, and not those of the notebook.
    assert "nn.softmax" in seen and "nn.dense" not in seen and "clip" in seen


def test_a_check_draws_the_same_numbers_each_time_and_none_of_the_notebooks():
    seen = []

    def draws(number):
        seen.append(torch.rand(3).tolist())
        return 2 * number

    torch.manual_seed(1)
    expected = torch.rand(3).tolist()
    torch.manual_seed(1)
    assert judged(draws).passed
    assert torch.rand(3).tolist() == expected
    assert seen[0] == seen[1] != expected


def test_in_html_names_are_escaped_and_code_is_marked():
    html = judged(lambda n: type("<b>", (), {})())._repr_html_()
    assert "<b>" not in html
    assert "<code>&lt;b&gt;</code>" in html
    assert html.count("<li ") == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("some_chapter/triple", "some_chapter has no exercise 'triple': it has double"),
        ("double", "no chapter with exercises is named 'double'"),
        ("../double", "no chapter with exercises is named '..'"),
    ],
)
def test_an_exercise_that_is_not_there(name, said):
    with pytest.raises(LookupError, match=said.replace(".", r"\.")):
        check(name, 1)
    assert registered_rules() == dict(DEFAULT_RULES)
