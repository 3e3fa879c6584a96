"""Questions about expressions."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay import analysis


def test_post_order_visit_gives_operators_too():
    x, y = relay.var("x", shape=(2,)), relay.var("y", shape=(2,))
    names = []
    analysis.post_order_visit(
        relay.add(relay.nn.relu(x), y),
        lambda node: names.append(getattr(node, "name_hint", None) or getattr(node, "name", None) or node.op.name),
    )
    assert names == ["add", "nn.relu", "x", "nn.relu", "y", "add"]


def test_variables_free_bound_and_all():
    x, y, z = (relay.var(name, shape=(2,)) for name in "xyz")
    inner = relay.Function([y], relay.add(x, y))
    expr = relay.Let(z, relay.Call(inner, [x]), relay.add(z, x))
    assert analysis.free_vars(expr) == [x]
    assert analysis.bound_vars(expr) == [y, z] or analysis.bound_vars(expr) == [z, y]
    assert set(analysis.all_vars(expr)) == {x, y, z}


def test_check_constant_is_about_constants_and_tuples_of_them():
    one = relay.const(1.0)
    assert analysis.check_constant(one)
    assert analysis.check_constant(relay.Tuple([one, relay.Tuple([one])]))
    assert not analysis.check_constant(relay.add(one, one))
    assert not analysis.check_constant(relay.Tuple([one, relay.var("x")]))


def test_all_dtypes_of_a_typed_expression():
    x = relay.var("x", shape=(2, 3))
    func = relay.Function([x], relay.nn.dense(x, relay.const(np.ones((4, 3), "float32"))))
    typed = relay.transform.InferType()(tvm.IRModule.from_expr(func))["main"]
    assert analysis.all_dtypes(typed) == {"float32"}
    with pytest.raises(ValueError, match="InferType"):
        analysis.all_dtypes(func)
