"""A sum of products that may have no room in its accumulator is warned of: the genuine Relay lets it wrap."""

import warnings

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

from tests.conformance import pipeline
from tests.conformance.networks import NETWORKS
from tests.conformance.quantized import dataset

SIXTEEN = {"nbit_input": 16, "dtype_input": "int16", "nbit_weight": 16, "dtype_weight": "int16"}
WIDE = {"dtype_activation": "int64", "nbit_activation": 64}


def weight(*shape, low=-1.0, high=1.0):
    return relay.const(np.random.RandomState(sum(shape)).uniform(low, high, shape).astype("float32"))


def dense(*widths, **values):
    """A network of dense layers with an input of the first width."""
    x = relay.var("data", shape=(4, widths[0]))
    for before, after in zip(widths, widths[1:]):
        x = relay.nn.dense(x, weight(after, before, **values))
    return tvm.IRModule.from_expr(x)


def quantized(mod, params=None, samples=None, **options):
    """The network in integers, and the warnings on the way to it."""
    everything = {"skip_conv_layers": None, "skip_dense_layer": False, "weight_scale": "max"}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**{**everything, **options}):
            made = relay.quantize.quantize(mod, params, samples)
    return made, [str(warning.message) for warning in caught if warning.category is UserWarning]


def error(mod, made):
    x = np.random.RandomState(0).uniform(-8, 8, (4, 128)).astype("float32")
    want, got = (relay.create_executor("debug", m).evaluate()(x).numpy() for m in (mod, made))
    return np.abs(got - want).mean() / np.abs(want).mean()


def test_a_sum_without_room():
    """Twice the bits, and another accumulator: where the warning is heeded, the numbers are right."""
    mod = dense(128, 64)
    made, found = quantized(mod, **SIXTEEN)
    hint = "take fewer bits for nbit_input or nbit_weight, or dtype_activation='int64'"
    assert found == [f"the sums of nn.dense may need 38 bits, and wrap around in dtype_activation 'int32': {hint}"]
    assert error(mod, made) > 0.3
    wider, found = quantized(mod, **SIXTEEN, **WIDE)
    assert not found and error(mod, wider) < 1e-3


def test_one_warning_for_all_layers():
    _, (message,) = quantized(dense(128, 64, 8), **SIXTEEN)
    assert message.startswith("the sums of nn.dense, and of 1 more, may need 38 bits")


def test_a_rounding_that_has_no_64_bits():
    _, (message,) = quantized(dense(128, 64), **SIXTEEN, rounding="TONEAREST")
    assert message.endswith("or dtype_activation='int64' with rounding='UPWARD'")


def test_sums_that_int64_has_no_room_for():
    bits = {"nbit_input": 32, "dtype_input": "int32", "nbit_weight": 32, "dtype_weight": "int32"}
    _, (message,) = quantized(dense(128, 64), **bits, **WIDE)
    assert message.endswith("take fewer bits for nbit_input or nbit_weight")


def test_the_weights_themselves_count():
    """One of them is large and all others are not: the sums have room, which the bits alone do not tell."""
    values = np.full((8, 128), 1e-6, "float32")
    values[:, 0] = 1.0
    x = relay.var("data", shape=(4, 128))
    mod = tvm.IRModule.from_expr(relay.nn.dense(x, relay.const(values)))
    assert not quantized(mod, **SIXTEEN)[1]


def conv(kernel, kernel_layout, data_layout="NHWC", **attrs):
    x = relay.var("data", shape=(1, 8, 8, 4) if data_layout == "NHWC" else (1, 4, 8, 8))
    out = relay.nn.conv2d(
        x, kernel, kernel_size=(3, 3), channels=8, data_layout=data_layout, kernel_layout=kernel_layout, **attrs
    )
    return tvm.IRModule.from_expr(out)


@pytest.mark.parametrize(
    ("kernel", "attrs", "terms"),
    [
        ((8, 4, 3, 3), {"kernel_layout": "OIHW", "data_layout": "NCHW"}, 36),
        ((8, 1, 3, 3), {"kernel_layout": "OIHW", "data_layout": "NCHW", "groups": 4}, 9),
        ((3, 3, 4, 8), {"kernel_layout": "HWIO"}, 36),
        ((3, 3, 4, 2), {"kernel_layout": "HWOI", "groups": 4}, 9),
    ],
)
def test_the_terms_of_a_convolution(kernel, attrs, terms):
    """16 bits in the input; as many in the weight as have room, and one more."""
    ones = relay.const(np.ones(kernel, "float32"))
    bits = next(n for n in range(16, 1, -1) if (2**15 - 1) * (2 ** (n - 1) - 1) * terms < 2**31)
    for more in (0, 1):
        options = {**SIXTEEN, "nbit_weight": bits + more}
        assert len(quantized(conv(ones, **attrs), **options)[1]) == more


@pytest.mark.parametrize("name", NETWORKS)
def test_no_warning_by_default(name):
    network = NETWORKS[name]
    options = {"calibrate_mode": "kl_divergence"} if name != "squeeze_excite" else {}
    assert not quantized(*pipeline.imported(network), dataset(network), **options)[1]
