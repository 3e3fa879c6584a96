"""The interpreter: every kind of node, and arguments that do not fit."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

ONES = np.ones((2, 3), "float32")


def x(name="x", shape=(2, 3)):
    return relay.var(name, shape=shape)


def evaluate(expr, *args, **kwargs):
    return relay.create_executor("debug").evaluate(expr)(*args, **kwargs)


def test_by_position_and_by_name():
    a, b = x("a"), x("b")
    func = relay.Function([a, b], relay.subtract(a, b))
    for args, kwargs in (([3 * ONES, ONES], {}), ([3 * ONES], {"b": ONES}), ([], {"b": ONES, "a": 3 * ONES})):
        np.testing.assert_array_equal(evaluate(func, *args, **kwargs).numpy(), 2 * ONES)


def test_tensors_of_tvm_and_numbers_of_python():
    a, b = x("a"), relay.var("b", shape=())
    func = relay.Function([a, b], relay.add(a, b))
    np.testing.assert_array_equal(evaluate(func, tvm.runtime.tensor(ONES), 2.5).numpy(), 3.5 * ONES)


def test_tuples_go_in_and_come_out():
    pair = relay.Var("pair", relay.TupleType([relay.TensorType((2, 3)), relay.TensorType((2, 3))]))
    func = relay.Function([pair], relay.Tuple([relay.TupleGetItem(pair, 1), relay.TupleGetItem(pair, 0)]))
    first, second = evaluate(func, (ONES, 2 * ONES))
    np.testing.assert_array_equal([first.numpy(), second.numpy()], [2 * ONES, ONES])


def test_operators_with_several_results():
    parts = relay.split(x(), 3, axis=1)
    data = np.arange(6, dtype="float32").reshape(2, 3)
    func = relay.Function(relay.analysis.free_vars(parts.astuple()), parts[1])
    np.testing.assert_array_equal(evaluate(func, data).numpy(), data[:, 1:2])


def test_functions_and_lets_see_the_variables_around_them():
    a, b, c = x("a"), x("b"), relay.var("c")
    inner = relay.Function([b], relay.add(relay.add(b, a), c))
    func = relay.Function([a], relay.Let(c, relay.add(a, a), relay.Call(inner, [relay.negative(c)])))
    np.testing.assert_array_equal(evaluate(func, ONES).numpy(), ONES)


def test_a_function_called_twice_has_its_own_values_each_time():
    a, b = x("a"), x("b")
    double = relay.Function([b], relay.add(b, b))
    func = relay.Function([a], relay.Call(double, [relay.Call(double, [a])]))
    np.testing.assert_array_equal(evaluate(func, ONES).numpy(), 4 * ONES)


def test_global_functions():
    a = x("a")
    mod = tvm.IRModule()
    double = relay.GlobalVar("double")
    mod[double] = relay.Function([a], relay.add(a, a))
    b = x("b")
    mod["main"] = relay.Function([b], double(relay.nn.relu(b)))
    executor = relay.create_executor("debug", mod)
    np.testing.assert_array_equal(executor.evaluate()(ONES).numpy(), 2 * ONES)
    np.testing.assert_array_equal(executor.evaluate(mod.get_global_var("double"))(ONES).numpy(), 2 * ONES)


def test_a_condition_computes_one_branch():
    a = x("a")
    func = relay.Function([a], relay.If(relay.less(relay.sum(a), relay.const(0.0)), relay.negative(a), a))
    for data in (ONES, -ONES):
        np.testing.assert_array_equal(evaluate(func, data).numpy(), ONES)


def test_an_expression_is_its_value():
    executor = relay.create_executor("debug")
    assert executor.evaluate(relay.const(1.0) + relay.const(2.0)).numpy() == 3
    a = x("a")
    np.testing.assert_array_equal(executor.evaluate(relay.add(a, a), {a: ONES}).numpy(), 2 * ONES)


def test_intermediate_results_are_dropped():
    import tracemalloc

    body = a = relay.var("a", shape=(250_000,))
    for _ in range(40):
        body = relay.negative(body)
    run = relay.create_executor("debug").evaluate(relay.Function([a], body))
    data = np.ones(250_000, "float32")
    tracemalloc.start()
    run(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * data.nbytes


def test_parameters_are_bound():
    a, w = x("a"), x("w")
    mod = tvm.IRModule.from_expr(relay.Function([a, w], relay.add(a, w)))
    executor = relay.create_executor("debug", mod, params={"w": ONES})
    np.testing.assert_array_equal(executor.evaluate()(ONES).numpy(), 2 * ONES)
    assert len(mod["main"].params) == 2


WRONG = {
    "missing": ([], {}, TypeError, "no value is given for %a: the function takes %a"),
    "too many": ([ONES, ONES], {}, TypeError, "2 arguments are given and the function takes 1"),
    "unknown": ([], {"b": ONES}, TypeError, "'b' is no parameter of the function"),
    "twice": ([ONES], {"a": ONES}, TypeError, "%a is given by position and by name"),
    "dtype": ([ONES.astype("float64")], {}, TypeError, "%a takes float32 and is given float64"),
    "shape": ([ONES[0]], {}, ValueError, r"%a takes the shape \(2, 3\) and is given \(3,\)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_arguments_that_do_not_fit(name):
    args, kwargs, error, says = WRONG[name]
    a = x("a")
    with pytest.raises(error, match=says):
        evaluate(relay.Function([a], relay.nn.relu(a)), *args, **kwargs)


def test_a_free_variable_has_no_value():
    with pytest.raises(ValueError, match="%x has no value: give it one in `binds`"):
        relay.create_executor("debug").evaluate(relay.nn.relu(x()))


def test_other_kinds_of_executor():
    with pytest.raises(ValueError, match="no kind 'tracing': use 'debug', the interpreter, or graph, vm, aot"):
        relay.create_executor("tracing", tvm.IRModule())
