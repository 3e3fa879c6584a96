import json

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

from helpers.diff import diff
from helpers.diff.program import refused
from helpers.text import main_text


def x(name="x"):
    return relay.var(name, shape=(1, 8))


def function(body):
    return relay.Function(relay.analysis.free_vars(body), body)


def typed(body):
    return relay.transform.InferType()(tvm.IRModule.from_expr(body))


def lines(before, after, **views):
    return str(diff(before, after, **views)).splitlines()


def test_a_function_is_no_difference_from_itself():
    found = diff(function(relay.nn.relu(x())), function(relay.nn.relu(x("y"))))
    assert not found
    assert {row.sign for row in found.rows} == {" "}


def test_what_is_put_in_is_marked_and_what_is_renumbered_is_not():
    before = function(relay.tanh(relay.nn.relu(relay.exp(x()))))
    after = function(relay.tanh(relay.nn.relu(relay.abs(relay.exp(x())))))
    assert lines(before, after) == [
        "  fn (%x: Tensor[(1, 8), float32]) {",
        "    %0 = exp(%x);",
        "+   %1 = abs(%0);",
        "~   %2 = nn.relu({%1});",
        "    tanh(%2)",
        "  }",
    ]
    assert (diff(before, after).new, diff(before, after).gone, diff(before, after).changed) == (1, 0, 1)


def test_a_changed_attribute_is_marked_alone():
    before, after = function(relay.clip(x(), 0.0, 1.0)), function(relay.clip(x(), 0.0, 6.0))
    assert lines(before, after)[1:3] == [
        "-   clip(%x, a_min=0f, [-a_max=1f-])",
        "+   clip(%x, a_min=0f, {+a_max=6f+})",
    ]


@pytest.mark.parametrize("value", ["p\\", '"', 'x", b="y', "(", "a\nb", ""])
def test_the_mark_is_at_the_attribute_that_changed_whatever_the_others_hold(value):
    before, after = (function(x()).with_attr("a", value).with_attr("b", number) for number in "12")
    assert '{+b="2"+}' in lines(before, after)[1]
    assert lines(before, after)[1].count("{+") == 1


def test_an_attribute_is_written_to_its_last_digit_where_six_do_not_tell_two_apart():
    before, after = function(relay.clip(x(), 0.0, 127.0)), function(relay.clip(x(), 0.0, 127.00001))
    assert lines(before, after)[2] == "+   clip(%x, a_min=0f, {+a_max=127.00001+})"


def test_an_attribute_that_appears_is_marked_where_it_appears():
    weight = relay.const(np.ones((8, 8), "float32"))
    before, after = (function(relay.nn.dense(x(), weight, out_dtype=dtype)) for dtype in ("", "int32"))
    assert lines(before, after)[1:3] == [
        "-   nn.dense(%x, meta[relay.Constant][0], units=None)",
        '+   nn.dense(%x, meta[relay.Constant][0], units=None, {+out_dtype="int32"+})',
    ]


def test_exchanged_operands_are_marked():
    a, b = x("a"), x("b")
    before = relay.Function([a, b], relay.subtract(relay.exp(a), relay.tanh(b)))
    c, d = x("a"), x("b")
    after = relay.Function([c, d], relay.subtract(relay.tanh(d), relay.exp(c)))
    found = diff(before, after)
    assert (found.new, found.gone, found.changed) == (0, 0, 1)
    assert lines(before, after)[-2] == "~   subtract({%0}, {%1})"


def test_other_numbers_in_a_constant_are_a_change():
    before, after = (function(relay.add(x(), relay.const(np.full((1, 8), n, "float32")))) for n in (1, 2))
    assert lines(before, after)[1:3] == [
        "-   add(%x, [-meta[relay.Constant][0] (1.0 at [0, 0])-])",
        "+   add(%x, {+meta[relay.Constant][0] (2.0 at [0, 0])+})",
    ]


def test_other_numbers_in_a_constant_of_another_shape_show_in_its_type():
    before, after = (typed(relay.add(x(), relay.const(np.ones(shape, "float32")))) for shape in ((1, 8), (1, 1)))
    assert lines(before, after)[2] == "+   add(%x, {+meta[relay.Constant][0]+} /* ty=Tensor[(1, {+1+}), float32] */)"


def test_a_scalar_is_written_to_its_last_digit_where_six_do_not_tell_two_apart():
    before, after = (function(relay.multiply(x(), relay.const(scale))) for scale in (0.12345678, 0.12345679))
    assert lines(before, after)[2] == "+   multiply(%x, {+0.12345679+})"


def test_the_same_numbers_in_another_constant_are_none():
    one, same = (relay.const(np.ones((1, 8), "float32")) for _ in range(2))
    assert not diff(function(relay.add(x(), one)), function(relay.add(x(), same)))
    assert not diff(
        function(relay.add(relay.add(x(), one), one)),
        function(relay.add(relay.add(x(), one), same)),
    )


def test_one_number_among_many_is_found():
    numbers = np.zeros((300, 100), "float32")
    other = numbers.copy()
    other[7, 7] = 1
    before, after = (function(relay.add(x(), relay.const(array))) for array in (numbers, other))
    assert lines(before, after)[2] == "+   add(%x, {+meta[relay.Constant][0] (1.0 at [7, 7])+})"


def test_a_value_computed_twice_is_not_one_used_twice():
    one = relay.exp(x())
    shared = function(relay.add(one, one))
    a = x()
    apart = relay.Function([a], relay.add(relay.exp(a), relay.exp(a)))
    assert lines(shared, apart)[2:4] == ["+   %1 = exp(%x);", "~   add(%0, {%1})"]


def test_a_tuples_field_is_no_number_of_a_line():
    parts = relay.split(x(), 2, axis=1)
    assert lines(function(relay.abs(parts[0])), function(relay.abs(parts[1])))[2:4] == [
        "-   %1 = %0.[-0-];",
        "+   %1 = %0.{+1+};",
    ]


def test_a_field_put_into_a_tuple_is_marked_alone():
    a = x()
    before = relay.Function([a], relay.Tuple([relay.exp(a), relay.tanh(a)]))
    b = x()
    after = relay.Function([b], relay.Tuple([relay.exp(b), b, relay.tanh(b)]))
    assert lines(before, after)[-3:-1] == ["-   (%0, %1)", "+   (%0, {+%x+}, %1)"]
    assert lines(after, before)[-3:-1] == ["-   (%0, [-%x-], %1)", "+   (%0, %1)"]


def test_a_parameter_more_and_a_result_type_are_marked_in_the_head():
    a, b = x("a"), x("b")
    found = lines(relay.Function([b], relay.exp(b)), typed(relay.Function([a, b], relay.exp(b)))["main"])
    assert found[1] == (
        "+ fn ({+%a: Tensor[(1, 8), float32]+}, %b: Tensor[(1, 8), float32]){+ -> Tensor[(1, 8), float32]+} {"
    )


def test_a_function_around_some_calls_is_new_and_the_calls_are_not():
    mod = typed(relay.tanh(relay.nn.relu(relay.exp(x()))))
    assert lines(mod, relay.transform.FuseOps(fuse_opt_level=2)(mod)) == [
        "  def @main(%x: Tensor[(1, 8), float32]) -> Tensor[(1, 8), float32] {",
        "+   %2 = fn (%p0: Tensor[(1, 8), float32], Primitive=1) -> Tensor[(1, 8), float32] {",
        "~     %0 = exp({%p0});",
        "      %1 = nn.relu(%0);",
        "      tanh(%1)",
        "+   };",
        "+   %2(%x)",
        "  }",
    ]


def test_lets_keep_their_values():
    def bound(*calls):
        a, body = x("a"), None
        variables = [relay.var(f"v{at}") for at in range(len(calls))]
        body = variables[-1]
        for variable, call in reversed(list(zip(variables, calls, strict=True))):
            body = relay.Let(variable, call(a), body)
        return relay.Function([a], body)

    assert lines(bound(relay.exp, relay.tanh), bound(relay.exp, relay.abs, relay.tanh)) == [
        "  fn (%a: Tensor[(1, 8), float32]) {",
        "    let %v0 = exp(%a);",
        "+   let %v1 = abs(%a);",
        "    let %v2 = tanh(%a);",
        "    %v2",
        "  }",
    ]


def test_functions_of_a_module_are_compared_by_name():
    def mod(**functions):
        return tvm.IRModule({name: function(body) for name, body in functions.items()})

    before = mod(main=relay.exp(x()), old=relay.tanh(x()))
    after = mod(main=relay.exp(x()), new=relay.tanh(x()))
    assert lines(before, after)[-5:] == [
        "  }",
        "- def [-@old-](%x1: Tensor[(1, 8), float32]) {",
        "+ def {+@new+}(%x1: Tensor[(1, 8), float32]) {",
        "    tanh(%x1)",
        "  }",
    ]
    assert tvm.ir.structural_equal(diff(before, after).apply(before), after)


def test_attributes_of_a_module_are_a_line():
    mod = tvm.IRModule({"main": function(relay.exp(x()))})
    after = mod.with_attr("executor", "graph")
    assert lines(mod, after)[0] == "+ attributes of the module: {'executor': 'graph'}"
    assert tvm.ir.structural_equal(diff(mod, after).apply(mod), after)


def test_a_function_of_another_dialect_is_compared_whole():
    def prim(size):
        data = tvm.te.placeholder((size,), "float32", "data")
        return tvm.te.create_prim_func([data, tvm.te.compute((size,), lambda i: data[i] + 1, "plus")])

    main = function(relay.exp(x()))
    before, after = (tvm.IRModule({"main": main, "kernel": prim(size)}) for size in (4, 8))
    assert not diff(before, tvm.IRModule({"main": main, "kernel": prim(4)}))
    found = diff(before, after)
    assert found
    assert tvm.ir.structural_equal(found.apply(before), after)


def test_types_and_spans_are_there_when_asked_for():
    span = relay.Span(relay.SourceName("aten::relu"), 1, 1, 0, 0)
    mod = typed(relay.Call(relay.op.get("nn.relu"), [x()], span=span))
    assert lines(mod, mod, types="shown")[1] == "    nn.relu(%x) /* ty=Tensor[(1, 8), float32] */"
    assert lines(mod, mod, spans="shown")[1] == "    nn.relu(%x) /* span=aten::relu:1:0 */"


def test_a_type_that_became_another_is_always_there():
    def mod(dtype):
        return typed(relay.nn.relu(relay.cast(x(), dtype)))

    assert lines(mod("int8"), mod("int32"))[4] == ":   nn.relu(%0) /* ty=Tensor[(1, 8), {int32}] */"
    assert {row.sign for row in diff(mod("int8"), mod("int8")).rows} == {" "}


def test_stretches_without_a_change_are_folded():
    def chain(length, last):
        body = relay.exp(x())
        for _ in range(length):
            body = relay.nn.relu(body)
        return function(last(body))

    found = lines(chain(20, relay.tanh), chain(20, relay.abs))
    assert found[1] == "  … 19 unchanged lines"
    assert found[4:6] == ["-   tanh(%20)", "+   abs(%20)"]


def test_ten_thousand_calls_are_compared_and_drawn():
    def chain(length):
        body = x()
        for at in range(length):
            body = relay.nn.relu(body) if at % 2 else relay.exp(body)
        return relay.Function(relay.analysis.free_vars(body), body)

    found = diff(chain(10_000), chain(9_000))
    assert found.gone == 1000
    assert "8998 unchanged lines" in str(found)
    assert len(found._repr_html_()) < 1_000_000


def test_a_page_stops_where_it_would_get_slow_and_says_so(monkeypatch):
    monkeypatch.setattr("helpers.diff.html.MOST_ROWS", 3)
    page = diff(function(x()), function(relay.tanh(relay.nn.relu(relay.exp(x())))))._repr_html_()
    assert page.count('class="pair') == 4
    assert "… and 3 more lines" in page


def test_what_there_is_to_draw_goes_to_json_as_it_is():
    data = diff(function(relay.exp(x())), function(relay.nn.relu(relay.exp(x())))).data()
    assert json.loads(json.dumps(data)) == {
        "summary": "Of 4 lines: 1 new, 3 unchanged.",
        "rows": [
            [" ", *[[["", ""], ["fn (%x: Tensor[(1, 8), float32]) {", ""]]] * 2],
            [" ", [["  ", ""], ["exp(%x)", ""]], [["  ", ""], ["%0 = exp(%x);", ""]]],
            ["+", None, [["  ", ""], ["nn.relu(%0)", ""]]],
            [" ", *[[["", ""], ["}", ""]]] * 2],
        ],
        "folds": [],
    }


def test_in_a_notebook_a_name_is_text_and_no_markup():
    named = relay.nn.relu(relay.var("x<script>alert(1)</script>&", shape=(1,)))
    page = diff(function(named), function(relay.abs(named)))._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert '<ins class="after">' in page


def test_a_name_cannot_steer_a_terminal_or_break_a_line():
    named = relay.nn.relu(relay.var("x\x1b[2J\n+ %9 = evil(\u202e)", shape=(1,)))
    written = str(diff(function(named), function(relay.abs(named))))
    assert "\x1b" not in written and "\u202e" not in written
    assert r"%x\x1b[2J\n+ %9 = evil(\u202e)" in written


class Terminal:
    def __init__(self, is_terminal=True):
        self.written, self.is_terminal = "", is_terminal

    def write(self, text):
        self.written += text

    def flush(self):
        pass

    def isatty(self):
        return self.is_terminal


def test_a_terminal_gets_colours_unless_it_is_asked_for_none(monkeypatch):
    found = diff(function(relay.exp(x())), function(relay.nn.relu(relay.exp(x()))))

    def shown(is_terminal, **environment):
        terminal = Terminal(is_terminal)
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", terminal)
            patch.delenv("NO_COLOR", raising=False)
            patch.setenv("TERM", "xterm")
            for name, value in environment.items():
                patch.setenv(name, value)
            found.show()
        return terminal.written

    assert "\x1b[32m+" in shown(True)
    for plain in (shown(False), shown(True, NO_COLOR="1"), shown(True, TERM="dumb")):
        assert plain == f"{found}\n"


@pytest.mark.parametrize(
    "before, after, message",
    [
        (1, function(x()), "the first is an int"),
        (function(x()), relay.exp(x()), "the second is a Call: make a module of an expression"),
        (typed(x()), function(x()), "a module and a function: give two of one kind, such as mod"),
    ],
)
def test_what_is_no_module_and_no_function_is_refused(before, after, message):
    with pytest.raises(TypeError, match=message):
        diff(before, after)


def test_an_unknown_word_is_refused():
    with pytest.raises(ValueError, match="types='off': give one of hidden, dimmed, shown"):
        diff(function(x()), function(x()), types="off")


def test_what_is_no_relay_expression_is_named():
    foreign = relay.Function([], relay.Tuple([tvm.relax.Var("r")]))
    with pytest.raises(TypeError, match="holds a Var, which is no Relay expression"):
        diff(foreign, foreign)


def test_what_other_relays_have_is_named_as_something_that_is_not_shown():
    class RefRead(relay.Expr):
        __module__ = "tvm.relay.expr"

    assert refused(RefRead.__new__(RefRead)).startswith("a RefRead, which is not shown: give")


@pytest.fixture
def with_types(monkeypatch):
    """Makes modules with type definitions, as other Relays have them; functions stand for these."""

    def variables(mod):
        return [var for var in mod.get_global_vars() if var.name_hint != "main"]

    def module(body, **types):
        definitions = {name: function(value) for name, value in types.items()}
        return tvm.IRModule({"main": function(body), **definitions})

    monkeypatch.setattr(tvm.IRModule, "get_global_type_vars", variables, raising=False)
    monkeypatch.setattr("helpers.diff.program._functions", lambda mod: [("main", mod["main"])])
    return module


def test_type_definitions_are_carried_over_and_shown_where_they_are_others(with_types):
    before, plain = with_types(x(), List=x(), Old=x()), with_types(x())
    same, other = (with_types(relay.nn.relu(x()), List=x(), **{name: x()}) for name in ("Old", "New"))
    for first, second in ((before, same), (before, other), (before, plain), (plain, before)):
        assert tvm.ir.structural_equal(diff(first, second).apply(first), second)
    assert not diff(before, with_types(x(), List=x(), Old=x()))
    assert not any("@List" in line for line in lines(before, same))
    assert [line[:9] for line in lines(before, other) if "def @" in line] == [
        "  def @Li",
        "- def @Ol",
        "+ def @Ne",
        "  def @ma",
    ]
    assert lines(before, plain)[0][:10] == "- def @Lis"


def test_main_text_leaves_types_and_spans_out():
    mod = typed(relay.nn.relu(x()))
    assert main_text(mod) == "fn (%x: Tensor[(1, 8), float32]) -> Tensor[(1, 8), float32] {\n  nn.relu(%x)\n}"
    assert "/* ty=Tensor[(1, 8), float32] */" in main_text(mod, types=True)
