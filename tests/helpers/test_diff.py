import set_env  # noqa: F401
import tvm
from tvm import relay

from helpers.diff import before_after
from helpers.text import main_text, operators


def x():
    return relay.var("x", shape=(1, 8))


def function(body):
    return relay.Function(relay.analysis.free_vars(body), body)


def typed(body):
    return relay.transform.InferType()(tvm.IRModule.from_expr(body))


def test_the_text_of_main_leaves_types_and_spans_out():
    mod = typed(relay.nn.relu(x()))
    assert main_text(mod) == "fn (%x: Tensor[(1, 8), float32]) -> Tensor[(1, 8), float32] {\n  nn.relu(%x)\n}"
    assert "/* ty=Tensor[(1, 8), float32] */" in main_text(mod, types=True)


def test_a_function_is_no_change_from_itself():
    diff = before_after(function(relay.nn.relu(x())), function(relay.nn.relu(x())))
    assert diff.changed == 0


def test_what_is_put_in_is_marked_and_what_was_renumbered_is_not():
    before = function(relay.tanh(relay.nn.relu(relay.exp(x()))))
    after = function(relay.tanh(relay.nn.relu(relay.abs(relay.exp(x())))))
    assert str(before_after(before, after)).splitlines() == [
        "  fn (%x: Tensor[(1, 8), float32]) {",
        "    %0 = exp(%x);",
        "+   %1 = abs(%0);",
        "    %2 = nn.relu(%1);",
        "    tanh(%2)",
        "  }",
    ]


def test_a_changed_attribute_is_a_change():
    diff = before_after(function(relay.clip(x(), 0.0, 1.0)), function(relay.clip(x(), 0.0, 6.0)))
    assert [mark for mark, _ in diff.lines] == [" ", "-", "+", " "]
    assert diff.changed == 2


def test_a_tuples_field_is_no_number_of_a_line():
    parts = relay.split(x(), 2, axis=1)
    before, after = function(relay.abs(parts[0])), function(relay.abs(parts[1]))
    assert before_after(before, after).changed == 2


def test_in_a_notebook_a_name_is_text_and_no_markup():
    named = relay.nn.relu(relay.var("x<script>", shape=(1,)))
    page = before_after(function(named), function(relay.abs(named)))._repr_html_()
    assert "<script>" not in page
    assert "<ins>+   abs(%0)" in page


def test_operators_are_named_in_the_order_in_which_they_are_computed():
    assert operators(typed(relay.tanh(relay.nn.relu(relay.exp(x()))))) == ["exp", "nn.relu", "tanh"]
