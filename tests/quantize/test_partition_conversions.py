"""A quantized network in three functions: where it is cut, and that together they are the network.

The genuine texts for whole networks are in tests/golden/quantized/conversions*.
"""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.quantize._partition_conversions import partition_conversions

INTEGERS = {"int8", "int32"}


def quantized(x, scale=16.0):
    return relay.cast(relay.clip(relay.round(x * relay.const(scale)), -127, 127), "int8")


def conv(x):
    kernel = relay.const(np.arange(-18, 18, dtype="int8").reshape(4, 1, 3, 3))
    return relay.nn.conv2d(x, kernel, channels=4, kernel_size=(3, 3), padding=(1, 1), out_dtype="int32")


def real(x, scale=2.0**-8):
    return relay.cast(x, "float32") * relay.const(scale)


def image(name="data"):
    return relay.var(name, shape=(1, 1, 4, 4))


def module(body, params=None):
    func = relay.Function(params or relay.analysis.free_vars(body), body)
    return relay.transform.InferType()(tvm.IRModule.from_expr(func))


def parts(body, fully_integral=False, params=None):
    """The module in parts; what it computes is what the whole computes."""
    mod = module(body, params)
    split = partition_conversions(mod, INTEGERS, fully_integral)
    rng = np.random.RandomState(5)
    inputs = [
        rng.normal(scale=3, size=[int(n) for n in p.checked_type.shape]).astype(p.checked_type.dtype)
        for p in mod["main"].params
    ]
    one, other = (relay.create_executor("debug", m).evaluate()(*inputs) for m in (mod, split))
    for a, b in zip(fields(one), fields(other), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    return split


def fields(value):
    return value if isinstance(value, list | tuple) else [value]


def names(func):
    found = []
    relay.analysis.post_order_visit(func.body, lambda e: found.append(e.op.name) if isinstance(e, relay.Call) else None)
    return found


def signature(func):
    return [p.checked_type.dtype for p in func.params], str(func.ret_type)


def test_conversions_before_integers_between_and_conversions_after():
    mod = parts(real(relay.nn.relu(conv(quantized(image())))), fully_integral=True)
    assert names(mod["quantize_inputs"]) == ["multiply", "round", "clip", "cast"]
    assert names(mod["quantized_main"]) == ["nn.conv2d", "nn.relu"]
    assert names(mod["dequantize_outputs"]) == ["cast", "multiply"]
    assert [p.name_hint for p in mod["main"].params] == ["data"]


def test_two_inputs_and_one_that_is_not_converted():
    mod = parts(relay.concatenate([real(conv(quantized(image("a")))), relay.tanh(image("b"))], axis=1))
    assert [p.name_hint for p in mod["main"].params] == ["a", "b"]
    assert len(mod["quantize_inputs"].ret_type.fields) == 2
    assert "tanh" in names(mod["dequantize_outputs"])


def test_an_input_that_two_operators_take():
    """It is converted once; TVM v0.16 converts it again for the second."""
    x = quantized(image())
    mod = parts(real(relay.add(conv(x), relay.nn.relu(conv(x)))), fully_integral=True)
    assert names(mod["quantize_inputs"]).count("cast") == 1
    assert len(mod["quantized_main"].params) == 1


def test_an_input_that_is_added_to_what_is_computed_from_it():
    """What an operator computes stays out of the conversion of inputs, though an addition may be one."""
    x = image()
    mod = parts(relay.nn.relu(relay.add(real(conv(quantized(x))), x)))
    assert names(mod["quantize_inputs"]) == ["multiply", "round", "clip", "cast"]
    assert len(mod["quantized_main"].params) == 2


def test_several_results_in_integers():
    """TVM v0.16 keeps the last one only."""
    x = quantized(image())
    mod = parts(relay.multiply(real(conv(x)), relay.sigmoid(real(relay.nn.relu(conv(x)), 0.01))))
    assert signature(mod["dequantize_outputs"])[0] == ["int32", "int32"]


def test_a_network_with_a_tuple_for_its_result():
    wide = conv(quantized(image()))
    parts(relay.Tuple([real(wide), real(relay.nn.relu(wide))]))


def test_nothing_in_integers_is_all_in_the_middle():
    mod = parts(relay.tanh(image()))
    assert names(mod["quantized_main"]) == ["tanh"]
    assert names(mod["quantize_inputs"]) == names(mod["dequantize_outputs"]) == []


def test_conversions_alone():
    parts(real(quantized(image())))


def test_parameters_keep_their_order_and_one_that_nobody_uses():
    a, b, c = image("a"), image("b"), image("c")
    mod = parts(relay.add(real(conv(quantized(c))), real(conv(quantized(a)))), params=[a, b, c])
    assert [p.name_hint for p in mod["main"].params] == ["a", "b", "c"]


def test_a_chain_of_ten_thousand():
    x = conv(quantized(image()))
    for _ in range(10_000):
        x = relay.nn.relu(x)
    split = partition_conversions(module(real(x)), INTEGERS, True)
    assert len(names(split["quantized_main"])) == 10_001


def test_operators_left_in_float_are_listed():
    x = relay.nn.relu(real(conv(quantized(relay.tanh(image())))))
    mod = module(relay.nn.softmax(x))
    before = str(mod)
    with pytest.raises(ValueError, match="compute in float: tanh, nn.relu, nn.softmax;"):
        partition_conversions(mod, INTEGERS, True)
    assert str(mod) == before


def test_a_product_of_the_network_is_listed_beside_the_conversions_around_it():
    half = relay.multiply(real(conv(quantized(image()))), relay.const(0.5))
    x = quantized(relay.multiply(half, relay.const(3.0)))
    with pytest.raises(ValueError, match="compute in float: multiply; quantize"):
        partition_conversions(module(real(relay.nn.relu(x))), INTEGERS, True)


def test_a_function_of_that_name():
    mod = module(real(conv(quantized(image()))))
    split = partition_conversions(mod, INTEGERS, False)
    with pytest.raises(ValueError, match="has a function @quantize_inputs already"):
        partition_conversions(split, INTEGERS, False)
