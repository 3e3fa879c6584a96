"""FoldConstant beyond its text, which the golden files compare."""

import numpy as np
import set_env  # noqa: F401
import tvm
from tvm import relay

T = relay.transform


def folded(body, *params):
    return T.FoldConstant()(tvm.IRModule.from_expr(relay.Function(list(params), body)))["main"]


def test_what_depends_on_constants_alone_is_computed():
    x = relay.var("x", shape=(2,))
    known = relay.exp(relay.const([0.0, 1.0])) * relay.const(2.0)
    made = folded(relay.add(x, known), x).body.args[1]
    assert isinstance(made, relay.Constant)
    np.testing.assert_allclose(made.value(), 2 * np.exp([0, 1]), rtol=1e-6)


def test_dtypes_stay():
    for dtype in ("float16", "float32", "float64", "int8", "uint8", "int32", "int64"):
        made = folded(relay.add(relay.const([1, 2], dtype), relay.const(3, dtype))).body
        assert str(made.data.dtype) == dtype
        np.testing.assert_array_equal(made.value(), [4, 5])


def test_integers_wrap_around():
    assert folded(relay.add(relay.const(100, "int8"), relay.const(100, "int8"))).body.value() == -56


def test_a_shared_constant_is_computed_once():
    known = relay.exp(relay.const([1.0]))
    made = folded(relay.Tuple([known, known])).body
    assert made.fields[0] == made.fields[1]


def test_dropout_and_primitive_functions_stay():
    x = relay.var("x", shape=(1,))
    assert "nn.dropout" in str(folded(relay.nn.dropout(relay.const([1.0]))))
    inner = relay.Function([x], relay.add(x, relay.exp(relay.const([1.0]))), attrs={"Primitive": 1})
    y = relay.var("y", shape=(1,))
    assert "exp" in str(folded(relay.Call(inner, [y]), y))


def test_shapes_are_known():
    x = relay.var("x", shape=(4, 3))
    np.testing.assert_array_equal(folded(relay.shape_of(relay.nn.relu(x), "int64"), x).body.value(), [4, 3])


def test_lets_of_constants_go():
    x, y, z = relay.var("x", shape=(2,)), relay.var("y"), relay.var("z")
    body = relay.Let(y, relay.const([1.0, 2.0]), relay.Let(z, relay.exp(y), relay.add(x, z)))
    assert isinstance(folded(body, x).body.args[1], relay.Constant)


def test_an_expression_on_its_own():
    made = T.FoldConstantExpr(relay.add(relay.const(1.0), relay.const(2.0)), tvm.IRModule())
    assert made.value() == 3
    shape = T.FoldConstantExpr(relay.shape_of(relay.var("x", shape=(4, 3))), tvm.IRModule())
    np.testing.assert_array_equal(shape.value(), [4, 3])
