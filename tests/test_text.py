"""The printer's rules, each on the smallest program that shows it. Genuine texts: tests/golden/relay/printer."""

import numpy as np
import set_env  # noqa: F401
import tvm
from tvm import relay


def x_of(*shape):
    return relay.var("x", shape=shape)


def test_a_line_is_written_when_the_first_user_is_visited():
    x = x_of(2)
    left, right = relay.nn.relu(x), relay.nn.relu(x)
    text = str(relay.Function([x], relay.add(relay.nn.relu(left), relay.nn.relu(right))))
    assert text.split("\n")[1:-1] == [
        "  %0 = nn.relu(%x);",
        "  %1 = nn.relu(%x);",
        "  %2 = nn.relu(%0);",
        "  %3 = nn.relu(%1);",
        "  add(%2, %3)",
    ]


def test_constants_are_numbered_when_they_are_visited():
    x = x_of(2)
    first, second = (relay.const(np.full(2, fill, "float32")) for fill in (1, 2))
    text = str(relay.Function([x], relay.add(relay.add(x, first), relay.add(second, first))))
    assert "%0 = add(%x, meta[relay.Constant][0]);" in text
    assert "%1 = add(meta[relay.Constant][1], meta[relay.Constant][0]);" in text
    assert text.endswith("}\n"), "a text that refers to meta ends its line"


def test_attributes_at_their_default_are_left_out():
    x, w = x_of(2, 3), relay.var("w", shape=(4, 3))
    assert "nn.dense(%x, %w, units=None)" in str(relay.nn.dense(x, w))
    assert 'nn.dense(%x, %w, units=4, out_dtype="int32")' in str(relay.nn.dense(x, w, units=4, out_dtype="int32"))


def test_types_and_spans_follow_an_expression():
    span = relay.Span(relay.SourceName("aten__relu_0"), 2, 2, 5, 5)
    x = x_of(2)
    func = relay.Function([x], relay.nn.relu(x))
    spanned = relay.Function([x], relay.Call(relay.op.get("nn.relu"), [x], None, (), span))
    assert "nn.relu(%x) /* span=aten__relu_0:2:5 */" in str(spanned)
    typed = relay.transform.InferType()(tvm.IRModule.from_expr(spanned))["main"]
    assert "nn.relu(%x) /* ty=Tensor[(2), float32] span=aten__relu_0:2:5 */" in str(typed)
    assert "/*" not in str(func)


def test_annotate_replaces_types_and_spans():
    x = x_of(2)
    func = relay.transform.InferType()(tvm.IRModule.from_expr(relay.nn.relu(x)))["main"]
    text = func.astext(annotate=lambda expr: "a call" if isinstance(expr, relay.Call) else "")
    assert "nn.relu(%x) /* a call */" in text
    assert "ty=" not in text


def test_the_metadata_section_holds_the_constants():
    x = x_of(2)
    func = relay.Function([x], relay.add(x, relay.const(np.array([1, 2], "float32"))))
    head, _, meta = func.astext().partition("#[metadata]\n")
    assert head.startswith('#[version = "0.0.5"]\nfn (%x')
    (constant,) = tvm.ir.load_json(meta)["relay.Constant"]
    assert np.array_equal(constant.data.numpy(), [1, 2])


def test_ten_thousand_lines():
    x = expr = x_of(2)
    for _ in range(10_000):
        expr = relay.nn.relu(expr)
    assert str(relay.Function([x], expr)).count("\n") == 10_001
