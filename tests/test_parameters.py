"""Binding parameters by name, and the names that do not fit."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from tvm import relay
from tvm.relay.parameters import bind_params_by_name

WEIGHT, BIAS = np.ones((3, 4), "float32"), np.ones(3, "float32")


def layer():
    data, weight, bias = (relay.var(n, shape=s) for n, s in (("data", (2, 4)), ("weight", (3, 4)), ("bias", (3,))))
    return relay.Function([data, weight, bias], relay.add(relay.nn.dense(data, weight), bias))


def names(func):
    return [param.name_hint for param in func.params]


def test_parameters_become_constants():
    func = layer()
    bound = bind_params_by_name(func, {"weight": WEIGHT, "bias": BIAS})
    assert names(bound) == ["data"] and names(func) == ["data", "weight", "bias"]
    np.testing.assert_array_equal(bound.body.args[1].value(), BIAS)


def test_some_of_them():
    assert names(bind_params_by_name(layer(), {"weight": WEIGHT})) == ["data", "bias"]


def test_a_dtype_of_64_bits_stays():
    x, w = relay.var("x", shape=(2,), dtype="int64"), relay.var("w", shape=(2,), dtype="int64")
    bound = bind_params_by_name(relay.Function([x, w], relay.add(x, w)), {"w": np.arange(2)})
    assert str(bound.body.args[1].data.dtype) == "int64"


def test_binding_again_is_no_error():
    params = {"weight": WEIGHT, "bias": BIAS}
    bound = bind_params_by_name(layer(), params)
    assert names(bind_params_by_name(bound, params)) == ["data"]


WRONG = {
    "misspelled": ({"wieght": WEIGHT, "bias": BIAS}, ValueError, "'wieght'.*did you mean weight?"),
    "all misspelled": ({"wieght": WEIGHT, "biased": BIAS}, ValueError, "'wieght'.*did you mean weight?"),
    "unknown": ({"weight": WEIGHT, "gamma": BIAS}, ValueError, "'gamma'.*it has data, weight, bias"),
    "of another network": ({"w0": WEIGHT, "w1": BIAS}, ValueError, "'w0'.*it has data, weight, bias"),
    "shape": ({"weight": WEIGHT[:2]}, ValueError, r"%weight is a Tensor\[\(3, 4\), float32\].*\(2, 4\)"),
    "dtype": ({"weight": WEIGHT.astype("float64")}, TypeError, "%weight is a .*is given float64: convert it"),
    "no array": ({"weight": "heavy"}, TypeError, "params has str for 'weight': give it an array of numbers"),
    "with a gradient": ({"weight": torch.ones(3, 4, requires_grad=True)}, TypeError, "params has Tensor for 'weight'"),
    "no names": ([WEIGHT, BIAS], TypeError, "params maps the names of parameters to arrays: pass a dict"),
    "numbers for names": ({0: WEIGHT, 1: BIAS}, TypeError, "params maps the names of parameters to arrays"),
}


@pytest.mark.parametrize("name", WRONG)
def test_parameters_that_do_not_fit(name):
    params, error, says = WRONG[name]
    with pytest.raises(error, match=says):
        bind_params_by_name(layer(), params)


def test_a_misspelled_name_in_a_function_that_is_bound_in_part():
    bound = bind_params_by_name(layer(), {"bias": BIAS})
    with pytest.raises(ValueError, match="did you mean weight?"):
        bind_params_by_name(bound, {"wieght": WEIGHT})


def test_one_name_for_two_parameters():
    a, b = relay.var("w", shape=(2,)), relay.var("w", shape=(2,))
    with pytest.raises(ValueError, match="2 parameters of the function are named %w"):
        bind_params_by_name(relay.Function([a, b], relay.add(a, b)), {"w": np.ones(2, "float32")})
