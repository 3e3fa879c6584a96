"""`quantize`: all stages in one, under every option that changes what they do.

The genuine texts for nine networks are in tests/golden/quantized; here the values are compared with those in float.
"""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

SHAPE = (1, 3, 8, 8)


def weights(*shape, seed=0, scale=0.5):
    return relay.const(np.random.RandomState(seed).uniform(-scale, scale, shape).astype("float32"))


def conv(x, channels, inputs, seed=0, size=3, scale=0.5):
    kernel = weights(channels, inputs, size, size, seed=seed, scale=scale)
    x = relay.nn.conv2d(x, kernel, channels=channels, kernel_size=(size, size), padding=(size // 2,) * 2)
    return relay.nn.bias_add(x, weights(channels, seed=seed + 1))


def block(x, channels, inputs, seed=0):
    return relay.nn.relu(conv(x, channels, inputs, seed))


def image():
    return relay.var("data", shape=SHAPE)


def gate():
    """Squeeze and excite: a product of two activations."""
    x = block(image(), 8, 3)
    g = relay.sigmoid(conv(relay.nn.global_avg_pool2d(x), 8, 8, seed=2, size=1))
    return relay.nn.relu(relay.multiply(conv(x, 8, 8, seed=9), g))


def product():
    """A product of two convolutions."""
    x = block(image(), 4, 3)
    return relay.multiply(conv(x, 4, 4, seed=2), conv(x, 4, 4, seed=4, scale=0.1))


def hard_swish():
    """A scalar is added to a convolution."""
    x = conv(image(), 8, 3)
    x = relay.multiply(x, relay.divide(relay.clip(relay.add(x, relay.const(3.0)), 0, 6), relay.const(6.0)))
    return conv(x, 4, 8, seed=4)


def dense_block():
    """DenseNet: what is joined has one part in float (its convolution is skipped) and the others in int8."""
    x = block(image(), 4, 3)
    y = relay.concatenate([x, block(x, 4, 4, seed=2)], axis=1)
    return conv(relay.concatenate([x, relay.nn.relu(y), block(y, 4, 8, seed=4)], axis=1), 4, 16, seed=6)


def inception():
    """Four branches, of which one ends in a pool."""
    x = block(image(), 4, 3)
    pooled = relay.nn.max_pool2d(x, pool_size=(3, 3), strides=(1, 1), padding=(1, 1))
    branches = [block(x, 4, 4, seed=2), conv(x, 4, 4, seed=4), block(pooled, 4, 4, seed=6), pooled]
    return conv(relay.concatenate(branches, axis=1), 4, 16, seed=8)


def joined_unlike():
    """An int8 activation and a mean, which is int32, in both orders."""
    x = block(image(), 4, 3)
    mean = relay.nn.avg_pool2d(block(x, 4, 4, seed=2), pool_size=(3, 3), padding=(1, 1))
    first = relay.concatenate([mean, block(x, 4, 4, seed=4)], axis=1)
    return conv(relay.concatenate([first, mean], axis=1), 4, 12, seed=6)


def zero_weights():
    x = block(image(), 4, 3)
    kernel, bias = relay.const(np.zeros((4, 4, 3, 3), "float32")), relay.const(np.zeros(4, "float32"))
    x = relay.nn.conv2d(x, kernel, channels=4, kernel_size=(3, 3), padding=(1, 1))
    return relay.add(relay.nn.relu(relay.nn.bias_add(x, bias)), block(x, 4, 4, seed=3))


def dense_layers():
    x = relay.nn.batch_flatten(block(block(image(), 4, 3), 4, 4, seed=1))
    x = relay.nn.relu(relay.nn.dense(x, weights(16, 256, seed=3, scale=0.1)))
    return relay.nn.dense(x, weights(8, 16, seed=4))


def residual():
    x = block(image(), 8, 3)
    x = relay.nn.relu(relay.add(x, conv(block(x, 8, 8, seed=2), 8, 8, seed=4, scale=0.1)))
    return relay.nn.avg_pool2d(relay.add(x, conv(x, 8, 8, seed=6, scale=0.1)), pool_size=(2, 2), strides=(2, 2))


NETWORKS = [gate, product, hard_swish, dense_block, inception, joined_unlike, zero_weights, dense_layers, residual]
EVERYTHING = {"skip_conv_layers": None, "skip_dense_layer": False}
CONFIGURATIONS = {
    "default": {},
    "maximum": {"weight_scale": "max", **EVERYTHING},
    "tonearest": {"weight_scale": "max", "rounding": "TONEAREST", **EVERYTHING},
    "percentile": {"calibrate_mode": "percentile", "weight_scale": "max", **EVERYTHING},
    "kl_divergence": {"calibrate_mode": "kl_divergence", "weight_scale": "max", "skip_conv_layers": None},
    "sixteen_bits": {"nbit_input": 16, "dtype_input": "int16", "calibrate_mode": "percentile", **EVERYTHING},
    "wide": {"dtype_activation": "int64", "calibrate_mode": "percentile", **EVERYTHING},
    "convolutions": {"debug_enabled_ops": ["nn.conv2d"], "calibrate_mode": "percentile", **EVERYTHING},
    "conversions": {"partition_conversions": "enabled", **EVERYTHING},
}
SIMULATED = {"do_simulation": True, "partition_conversions": "disabled"}


def module(body):
    return relay.transform.InferType()(tvm.IRModule.from_expr(body))


def samples(count=4):
    return [{"data": np.random.RandomState(seed).normal(size=SHAPE).astype("float32")} for seed in range(count)]


def quantized(mod, **options):
    with tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**options):
        return relay.quantize.quantize(mod, dataset=samples())


def value(mod):
    return relay.create_executor("debug", mod).evaluate()(samples(1)[0]["data"]).numpy()


def error(got, want):
    """The mean error beside the mean magnitude."""
    return float(np.abs(got - want).mean() / np.abs(want).mean())


@pytest.mark.parametrize("options", CONFIGURATIONS.values(), ids=list(CONFIGURATIONS))
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.__name__)
def test_integers_come_near_the_simulation_and_that_near_the_network(network, options):
    mod = module(network())
    integers, simulation = quantized(mod, **options), quantized(mod, **{**options, **SIMULATED})
    assert "simulated_quantize" in str(simulation["main"])
    assert error(value(integers), value(simulation)) < 0.06
    assert error(value(integers), value(mod)) < 0.2


def test_three_functions_compute_what_one_does():
    mod = module(residual())
    split = quantized(mod, **CONFIGURATIONS["conversions"])
    assert {gvar.name_hint for gvar in split.get_global_vars()} >= {"quantized_main", "quantize_inputs"}
    np.testing.assert_array_equal(value(split), value(quantized(mod, **EVERYTHING)))


def test_a_convolution_that_is_fully_integral():
    mod = module(block(image(), 4, 3))
    split = quantized(mod, partition_conversions="fully_integral", weight_scale="max", **EVERYTHING)
    np.testing.assert_array_equal(value(split), value(quantized(mod, weight_scale="max", **EVERYTHING)))


def test_what_is_not_fully_integral():
    with pytest.raises(ValueError, match="compute in float: nn.conv2d, .*sigmoid"):
        quantized(module(gate()), partition_conversions="fully_integral")


def test_parameters_and_the_module_given_stay_as_they_are():
    weight = relay.var("weight", shape=(4, 3, 3, 3))
    mod = module(relay.nn.conv2d(image(), weight, channels=4, kernel_size=(3, 3)))
    params = {"weight": np.ones((4, 3, 3, 3), "float32")}
    before = str(mod)
    with tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(skip_conv_layers=None) as config:
        result = relay.quantize.quantize(mod, params)
        assert relay.quantize.current_qconfig() is config
    assert str(mod) == before and list(params) == ["weight"]
    assert [param.name_hint for param in result["main"].params] == ["data"]
    assert "int8" in str(result["main"])
