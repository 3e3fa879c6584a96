"""Relay functions in TVM's own IRModule."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.module import main_of, with_main
from tvm.script import tirx as T


@T.prim_func
def other_dialect(a: T.Buffer((4,), "float32")):
    for i in range(4):
        a[i] = T.float32(0)


def relu(name="x"):
    x = relay.var(name, shape=(2,))
    return relay.Function([x], relay.nn.relu(x))


def test_from_expr_wraps_free_variables():
    x, y = relay.var("x", shape=(2,)), relay.var("y", shape=(2,))
    main = tvm.IRModule.from_expr(relay.add(y, x))["main"]
    assert isinstance(main, relay.Function)
    assert [param.name_hint for param in main.params] == ["y", "x"]


def test_from_expr_takes_a_function_as_it_is():
    func = relu()
    assert tvm.IRModule.from_expr(func)["main"] == func
    assert "f" in tvm.IRModule.from_expr(func.with_attr("global_symbol", "f"))


def test_functions_call_each_other():
    callee = relay.GlobalVar("callee")
    y = relay.var("y", shape=(2,))
    mod = tvm.IRModule({callee: relu(), "main": relay.Function([y], callee(relay.nn.relu(y)))})
    typed = relay.transform.InferType()(mod)
    assert typed["main"].checked_type.ret_type == relay.TensorType((2,))
    assert "@callee(%0)" in str(typed)


def test_other_dialects_keep_their_text():
    mod = tvm.IRModule({"other": other_dialect})
    assert "prim_func" in str(mod)
    mixed = tvm.IRModule({"main": relu(), "other": other_dialect})
    assert "def @main(%x" in str(mixed)
    assert "prim_func" in str(mixed)


def test_main_of_says_what_is_missing():
    func = relu()
    assert main_of(tvm.IRModule.from_expr(func), "the test") == func
    with pytest.raises(ValueError, match="the test works on the function @main, and this module has @relu"):
        main_of(tvm.IRModule({"relu": func}), "the test")
    with pytest.raises(ValueError, match="no function"):
        main_of(tvm.IRModule(), "the test")
    with pytest.raises(TypeError, match="not Function"):
        main_of(func, "the test")
    with pytest.raises(TypeError, match="@main is a PrimFunc"):
        main_of(tvm.IRModule({"main": other_dialect}), "the test")


def test_with_main_leaves_the_module_as_it_was():
    mod, other = tvm.IRModule.from_expr(relu("x")), relu("y")
    assert with_main(mod, other)["main"] == other
    assert mod["main"].params[0].name_hint == "x"


def test_names_of_old_notebooks():
    array = tvm.nd.array(np.ones(2, "float32"))
    assert isinstance(array, tvm.nd.NDArray)
    assert np.array_equal(array.asnumpy(), np.ones(2, "float32"))
    assert tvm.ir.structural_equal(relu("x"), relu("y"))
    assert tvm.ir.structural_hash(relu("x")) == tvm.ir.structural_hash(relu("y"))
    tvm.ir.assert_structural_equal(relu("x"), relu("y"))
