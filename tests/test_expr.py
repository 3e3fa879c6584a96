"""Expressions: how they are made, what they refuse, and how they compare."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
import tvm_ffi
from tvm import relay


def two_layers(name="x", weight=1.0):
    x = relay.var(name, shape=(2, 3))
    w = relay.const(np.full((4, 3), weight, "float32"))
    return relay.Function([x], relay.nn.relu(relay.nn.dense(x, w)))


def test_var_takes_a_shape_or_a_type():
    assert relay.var("x", shape=(2, 3)).type_annotation == relay.TensorType((2, 3), "float32")
    assert relay.var("x", relay.TensorType((2,), "int8")).type_annotation == relay.TensorType((2,), "int8")
    assert relay.var("x", "int32").type_annotation == relay.TensorType((), "int32")
    assert relay.var("x").type_annotation is None
    with pytest.raises(ValueError, match="a type and a shape: leave one of them out"):
        relay.var("x", relay.TensorType((2,)), shape=(2,))


@pytest.mark.parametrize(
    ("value", "dtype", "shape"),
    [
        (1, "int32", ()),
        (1.5, "float32", ()),
        (True, "bool", ()),
        ([1, 2], "int32", (2,)),
        (np.ones((2, 1), "int8"), "int8", (2, 1)),
        (np.ones(3, "float64"), "float32", (3,)),
        (tvm.runtime.tensor(np.ones(3, "float64")), "float64", (3,)),
        (np.float16(2), "float16", ()),
    ],
)
def test_const_keeps_shape_and_narrows_to_32_bits(value, dtype, shape):
    constant = relay.const(value)
    assert str(constant.data.dtype) == dtype
    assert tuple(constant.data.shape) == shape


def test_const_takes_a_dtype_and_only_numbers():
    assert str(relay.const(3, "int8").data.dtype) == "int8"
    assert relay.const(3, "float64").data.numpy() == 3.0
    with pytest.raises(TypeError, match="numbers and arrays of numbers, not str"):
        relay.const("three")


def test_constant_shares_its_numbers():
    array = np.arange(6, dtype="float32").reshape(2, 3)
    constant = relay.const(array)
    assert np.array_equal(constant.value(), array)
    assert constant.value() is not array


def test_operators_on_expressions_want_expressions():
    x, y = relay.var("x", shape=(2,)), relay.var("y", shape=(2,))
    assert (x + y).op == relay.op.get("add")
    with pytest.raises(TypeError, match="const"):
        x + 1


def test_expressions_have_no_truth_value():
    with pytest.raises(TypeError, match="no truth value"):
        bool(relay.var("x"))


def test_arguments_are_expressions():
    with pytest.raises(TypeError, match="argument 1 is ndarray, no Relay expression"):
        relay.add(relay.var("x"), np.ones(2))


def test_function_takes_variables_for_parameters():
    with pytest.raises(TypeError, match="parameters are relay.Var, not Constant"):
        relay.Function([relay.const(1)], relay.const(1))


X = relay.var("x", shape=(2,))
NO_EXPRESSION = {
    "what is called is int": lambda: relay.Call(1, [X]),
    "the tuple is list": lambda: relay.TupleGetItem([X], 0),
    "a let binds a relay.Var, not Constant": lambda: relay.Let(relay.const(1.0), X, X),
    "the value is float": lambda: relay.Let(X, 1.0, X),
    "the body is float": lambda: relay.Let(X, X, 1.0),
    "the condition is bool": lambda: relay.If(True, X, X),
    "the second branch is NoneType": lambda: relay.If(relay.const(True), X, None),
    "the body is ndarray": lambda: relay.Function([X], np.ones(2)),
    "the value of %x is ndarray": lambda: relay.bind(X, {X: np.ones(2)}),
}


@pytest.mark.parametrize("says", NO_EXPRESSION)
def test_nodes_are_made_of_expressions(says):
    with pytest.raises(TypeError, match=f"^{says}.*: make (it|one)"):
        NO_EXPRESSION[says]()


def test_several_results_stand_where_an_expression_does():
    parts = relay.split(X, 2)
    assert relay.Function([X], parts).body == parts.astuple()


def test_checked_type_before_and_after_inference():
    func = two_layers()
    with pytest.raises(ValueError, match="no checked type yet: run relay.transform.InferType"):
        _ = func.checked_type
    typed = relay.transform.InferType()(tvm.IRModule.from_expr(func))["main"]
    assert typed.body.checked_type == relay.TensorType((2, 4))
    assert typed.checked_type == relay.FuncType([relay.TensorType((2, 3))], relay.TensorType((2, 4)))
    assert func.checked_type_ is None, "a pass leaves what it was given as it was"


def test_two_reads_of_a_field_are_equal():
    body = two_layers().body
    assert body.args[0] == body.args[0]
    assert len({body.args[0], body.args[0]}) == 1


def test_structural_equality_sees_through_names_and_types():
    assert tvm_ffi.structural_equal(two_layers("x"), two_layers("y"))
    assert tvm_ffi.structural_hash(two_layers("x")) == tvm_ffi.structural_hash(two_layers("y"))
    typed = relay.transform.InferType()(tvm.IRModule.from_expr(two_layers("z")))["main"]
    typed_again = relay.transform.InferType()(tvm.IRModule.from_expr(two_layers("y")))["main"]
    assert tvm_ffi.structural_equal(typed, typed_again)


def test_structural_equality_sees_numbers_attributes_and_sharing():
    assert not tvm_ffi.structural_equal(two_layers(weight=1.0), two_layers(weight=2.0))
    x, w = relay.var("x", shape=(2, 3)), relay.const(np.ones((4, 3), "float32"))
    units = [relay.Function([x], relay.nn.dense(x, w, units=units)) for units in (None, 4)]
    assert not tvm_ffi.structural_equal(*units)
    one = relay.nn.relu(x)
    shared, apart = relay.add(one, one), relay.add(relay.nn.relu(x), relay.nn.relu(x))
    assert not tvm_ffi.structural_equal(relay.Function([x], shared), relay.Function([x], apart))


def test_a_constant_used_twice_is_as_good_as_two_constants():
    x, one, same = relay.var("x", shape=(8,)), relay.const(1.0), relay.const(1.0)
    shared, apart = relay.add(relay.add(x, one), one), relay.add(relay.add(x, one), same)
    assert tvm_ffi.structural_equal(relay.Function([x], shared), relay.Function([x], apart))


def test_json_there_and_back():
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(two_layers()))
    back = tvm.ir.load_json(tvm.ir.save_json(mod))
    assert tvm_ffi.structural_equal(mod, back)
    assert str(back) == str(mod)
    assert back["main"].checked_type == mod["main"].checked_type
    weight = back["main"].body.args[0].args[1]
    assert np.array_equal(weight.data.numpy(), np.ones((4, 3), "float32"))


def test_json_and_structural_equality_of_ten_thousand_calls():
    x = expr = relay.var("x", shape=(2,))
    for _ in range(10_000):
        expr = relay.nn.relu(expr)
    func = relay.Function([x], expr)
    back = tvm.ir.load_json(tvm.ir.save_json(func))
    assert tvm.ir.structural_equal(func, back)
    assert tvm.ir.structural_hash(func) == tvm.ir.structural_hash(back)


def test_json_that_is_none_is_refused_as_tvm_does():
    with pytest.raises(ValueError):
        tvm.ir.load_json("{")


def test_json_keeps_every_kind_of_node():
    x = relay.var("x", shape=(2,))
    y = relay.var("y", shape=(2,), span=relay.Span(relay.SourceName("net.py"), 3, 3, 4, 9))
    pair = relay.Tuple([relay.nn.relu(x), y])
    body = relay.Let(relay.var("t"), relay.const(1.0), relay.TupleGetItem(pair, 1))
    choice = relay.If(relay.const(True), body, relay.Call(relay.GlobalVar("other"), [y]))
    func = relay.Function([x, y], choice).with_attr("Primitive", 1)
    back = tvm.ir.load_json(tvm.ir.save_json(func))
    assert tvm_ffi.structural_equal(func, back, map_free_vars=True)
    assert str(back) == str(func)
    assert back.attrs["Primitive"] == 1


def test_with_attr_leaves_the_function_as_it_was():
    func = two_layers()
    assert func.with_attr("Primitive", 1).attrs["Primitive"] == 1
    assert "Primitive" not in func.attrs


def test_bind_replaces_parameters():
    x, y = relay.var("x", shape=(2,)), relay.var("y", shape=(2,))
    func = relay.Function([x, y], relay.add(x, relay.nn.relu(y)))
    bound = relay.bind(func, {y: relay.const(np.ones(2, "float32"))})
    assert [param.name_hint for param in bound.params] == ["x"]
    assert relay.analysis.free_vars(bound) == []
    assert len(func.params) == 2
    with pytest.raises(TypeError, match="replaces variables, not str"):
        relay.bind(func, {"y": relay.const(1.0)})


def test_tuple_wrapper_is_indexed_as_a_tuple():
    wrapped = relay.TupleWrapper(relay.var("t"), 3)
    assert [item.index for item in wrapped] == [0, 1, 2]
    assert wrapped[-1].index == 2
    assert len(wrapped) == 3
    with pytest.raises(IndexError, match="3 fields, there is no field 3"):
        wrapped[3]


def test_expressions_are_not_indexed_by_accident():
    with pytest.raises(TypeError, match="not indexed: use relay.TupleGetItem"):
        relay.var("x")[0]
    with pytest.raises(TypeError, match="not iterable"):
        list(relay.var("x"))


def test_a_parameter_stands_once():
    x = relay.var("x", shape=(2,))
    with pytest.raises(ValueError, match="one of its parameters twice"):
        relay.Function([x, x], x)
