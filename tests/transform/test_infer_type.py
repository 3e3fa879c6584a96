"""Type inference: what it finds, what it fills in, and what it says when types do not fit."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.transform.infer_type import TypeInferenceError, infer


def infer_main(expr):
    return relay.transform.InferType()(tvm.IRModule.from_expr(expr))["main"]


def span(name):
    return relay.Span(relay.SourceName(name), 0, 0, 0, 0)


def test_every_expression_has_a_type_afterwards():
    x = relay.var("x", shape=(2, 3))
    func = infer_main(relay.nn.relu(relay.nn.dense(x, relay.const(np.ones((4, 3), "float32")))))
    found = []
    relay.analysis.post_order_visit(func, lambda node: found.append(getattr(node, "checked_type_", "operator")))
    assert None not in found
    assert str(func.ret_type) == "Tensor[(2, 4), float32]"


def test_a_typed_module_comes_back_as_it_is():
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(relay.nn.relu(relay.var("x", shape=(2,)))))
    assert relay.transform.InferType()(mod)["main"] == mod["main"]


def test_a_variable_without_a_type_gets_what_its_operator_asks_for():
    func = infer_main(relay.nn.dense(relay.var("x", shape=(2, 3)), relay.var("w"), units=4))
    assert func.params[1].checked_type == relay.TensorType((4, 3))


def test_a_variable_that_nothing_types_is_an_error():
    with pytest.raises(TypeInferenceError, match="the type of %u, used by nn.relu, is not known: give it a shape"):
        infer_main(relay.nn.relu(relay.var("u")))
    with pytest.raises(TypeInferenceError, match="the type of %unused is not known"):
        infer_main(relay.Function([relay.var("unused")], relay.const(1.0)))


def test_shapes_that_do_not_fit_name_call_operator_shapes_and_span():
    x, y = relay.var("x", shape=(2, 3)), relay.var("y", shape=(5, 7))
    call = relay.Call(relay.op.get("add"), [x, y], None, (), span("aten__add_0"))
    with pytest.raises(TypeError) as caught:
        infer_main(call)
    assert str(caught.value) == (
        "the shapes (2, 3) and (5, 7) do not broadcast: "
        "in the call add(Tensor[(2, 3), float32], Tensor[(5, 7), float32]) at aten__add_0:0:0"
    )
    assert isinstance(caught.value, tvm.error.DiagnosticError), "what notebooks of TVM v0.16 catch"


def test_the_number_of_arguments_is_checked():
    x = relay.var("x", shape=(2,))
    with pytest.raises(TypeError, match=r"nn.relu takes 1 arguments \(data\) and is given 2"):
        infer_main(relay.Call(relay.op.get("nn.relu"), [x, x]))


def test_annotations_are_held_to():
    x = relay.var("x", shape=(2,))
    with pytest.raises(TypeError, match=r"said to return int8 and returns Tensor\[\(2\), float32\]"):
        infer_main(relay.Function([x], relay.nn.relu(x), relay.scalar_type("int8")))
    let = relay.Let(relay.var("v", shape=(3,)), relay.nn.relu(x), relay.const(1.0))
    with pytest.raises(TypeError, match=r"%v is annotated Tensor\[\(3\), float32\]"):
        infer_main(let)


def test_let_if_tuple_and_projection():
    x, v = relay.var("x", shape=(2,)), relay.var("v")
    let = relay.Let(v, relay.Tuple([x, relay.const(1)]), relay.TupleGetItem(v, 1))
    assert infer_main(let).ret_type == relay.scalar_type("int32")
    choice = relay.If(relay.var("c", "bool"), x, relay.nn.relu(x))
    assert infer_main(choice).ret_type == relay.TensorType((2,))
    with pytest.raises(TypeError, match="make both branches one type"):
        infer_main(relay.If(relay.const(True), x, relay.const(1)))
    with pytest.raises(TypeError, match="make it a bool of rank 0"):
        infer_main(relay.If(x, x, x))
    with pytest.raises(TypeError, match="which has 2 fields"):
        infer_main(relay.TupleGetItem(relay.Tuple([x, x]), 2))
    with pytest.raises(TypeError, match="only a tuple has fields"):
        infer_main(relay.TupleGetItem(x, 0))


def test_functions_are_called_with_what_they_take():
    x, y = relay.var("x", shape=(2,)), relay.var("y", shape=(2,))
    inner = relay.Function([y], relay.nn.relu(y))
    assert infer_main(relay.Call(inner, [x])).ret_type == relay.TensorType((2,))
    with pytest.raises(TypeError, match="is called with other arguments"):
        infer_main(relay.Call(inner, [relay.const(1.0)]))
    with pytest.raises(TypeError, match="it is no function"):
        infer_main(relay.Call(x, [x]))


def test_global_functions_are_found_in_the_module():
    x = relay.var("x", shape=(2,))
    callee = relay.GlobalVar("callee")
    main = relay.Function([x], relay.Call(callee, [x]))
    with pytest.raises(TypeError, match="@callee is called, and the module has no such function"):
        relay.transform.InferType()(tvm.IRModule({"main": main}))
    recursive = tvm.IRModule({"main": main, callee: relay.Function([x], relay.Call(callee, [x]))})
    with pytest.raises(TypeError, match="@callee calls itself"):
        relay.transform.InferType()(recursive)


def test_an_expression_without_a_module():
    assert infer(relay.nn.relu(relay.const(1.0))).checked_type == relay.scalar_type("float32")


def test_a_failed_inference_leaves_the_module_as_it_was():
    mod = tvm.IRModule.from_expr(relay.add(relay.var("x", shape=(2,)), relay.var("y", shape=(3,))))
    before = str(mod)
    with pytest.raises(TypeError):
        relay.transform.InferType()(mod)
    assert str(mod) == before


def test_ten_thousand_calls():
    expr = relay.var("x", shape=(2,))
    for _ in range(10_000):
        expr = relay.nn.relu(expr)
    assert infer_main(expr).ret_type == relay.TensorType((2,))


def test_what_is_free_in_a_function_is_named():
    x, y = relay.var("x", shape=(2,)), relay.var("y", shape=(2,))
    with pytest.raises(TypeInferenceError, match="%y of the function is free: make it a parameter, or bind it"):
        infer_main(relay.Function([x], relay.add(x, y)))
