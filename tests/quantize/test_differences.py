"""Where the genuine Relay fails, or computes wrong numbers: this one works. The list is book/differences.md.

What concerns one stage is tested beside that stage; here are whole networks.
"""

import functools

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm
from torch import nn
from tvm import relay

from tests.conformance import pipeline
from tests.conformance.networks import NETWORKS
from tests.conformance.quantized import dataset, sample

EVERYTHING = {"skip_conv_layers": None, "skip_dense_layer": False}
CONFIGURATIONS = {
    "global_scale": {"global_scale": 2.0, **EVERYTHING},
    "kl_divergence": {"calibrate_mode": "kl_divergence", "weight_scale": "max", **EVERYTHING},
    "percentile": {"calibrate_mode": "percentile", "weight_scale": "max", **EVERYTHING},
    "tonearest": {"calibrate_mode": "percentile", "rounding": "TONEAREST", "weight_scale": "max", **EVERYTHING},
    "first skipped": {"global_scale": 2.0},
}
SHAPE = (1, 3, 8, 8)


def quantized(mod, params, samples, **options):
    with tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**options):
        return relay.quantize.quantize(mod, params, samples)


def value(mod, *inputs, kind="debug", **params):
    return relay.create_executor(kind, mod, params=params).evaluate()(*inputs).numpy()


def errors(mod, params, samples, inputs, **options):
    """The mean error of the integers beside the mean magnitude: to the simulation, and to the network in float."""
    integers, simulation = (quantized(mod, params, samples, **options, **s) for s in ({}, {"do_simulation": True}))
    got, near, want = value(integers, *inputs), value(simulation, *inputs), value(mod, *inputs, **params)
    return [float(np.abs(got - other).mean() / np.abs(other).mean()) for other in (near, want)]


@functools.cache
def imported(make):
    torch.manual_seed(0)
    network = make().eval()
    with torch.no_grad():
        traced = torch.jit.trace(network, torch.zeros(SHAPE))
    return relay.frontend.from_pytorch(traced, [("data", SHAPE)])


def images(count=4):
    return [{"data": np.random.RandomState(seed).normal(size=SHAPE).astype("float32")} for seed in range(count)]


class SqueezeExcite(nn.Module):
    """The gate as PyTorch users write it: by a mean over the map, or by dense layers."""

    def __init__(self, gate):
        super().__init__()
        self.first, self.second, self.gate = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, padding=1), gate

    def forward(self, x):
        x = torch.relu(self.first(x))
        return self.second(x) * self.gate(x)[:, :, None, None]


def gate(*layers):
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 8), *layers)


def hard_swish_block():
    """MobileNetV3's: an expansion, a depthwise convolution, a projection."""
    return nn.Sequential(
        nn.Conv2d(3, 8, 1),
        nn.Hardswish(),
        nn.Conv2d(8, 8, 3, padding=1, groups=8),
        nn.BatchNorm2d(8),
        nn.Hardswish(),
        nn.Conv2d(8, 4, 1),
    )


def two_layers():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))


class Branches(nn.Module):
    """An int8 activation, and a mean, which is int32."""

    def __init__(self, swapped):
        super().__init__()
        self.first, self.last, self.swapped = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(8, 4, 1), swapped

    def forward(self, x):
        x = torch.relu(self.first(x))
        branches = [nn.functional.avg_pool2d(x, 3, stride=1, padding=1), x]
        return self.last(torch.cat(branches[::-1] if self.swapped else branches, 1))


class ZeroChannels(nn.Module):
    """A convolution with channels of zeros, as pruning leaves them, or one of zeros altogether; no bias is left."""

    def __init__(self, left):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 4, 1)
        with torch.no_grad():
            self.first.weight[left:] = 0
            self.first.bias.zero_()

    def forward(self, x):
        y = torch.relu(self.first(x))
        return self.second(y) + x.mean(1, keepdim=True)


class BatchNormWithoutShift(nn.Module):
    """Folded, it leaves a bias of zeros."""

    def __init__(self):
        super().__init__()
        self.first, self.norm = nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.second = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        return self.second(torch.relu(self.norm(self.first(x))))


CASES = {
    "gate by sigmoid": lambda: SqueezeExcite(gate(nn.Sigmoid())),
    "gate by hard sigmoid": lambda: SqueezeExcite(gate(nn.Hardsigmoid())),
    "hard swish": hard_swish_block,
    "int32 before int8": lambda: Branches(False),
    "int8 before int32": lambda: Branches(True),
    "channels of zeros": lambda: ZeroChannels(2),
    "zeros": lambda: ZeroChannels(0),
    "a bias of zeros": BatchNormWithoutShift,
}


@pytest.mark.parametrize("label", ["global_scale", "kl_divergence", "tonearest"])
@pytest.mark.parametrize("case", CASES)
def test_networks_that_the_genuine_relay_fails_on(case, label):
    mod, params = imported(CASES[case])
    to_simulation, to_float = errors(mod, params, images(), [images(1)[0]["data"]], **CONFIGURATIONS[label])
    assert to_simulation < 0.05 and to_float < 0.2


@pytest.mark.parametrize("label", CONFIGURATIONS)
@pytest.mark.parametrize("name", ["squeeze_excite", "fire", "inverted_residual"])
def test_recorded_networks_that_the_genuine_relay_fails_on(name, label):
    network = NETWORKS[name]
    mod, params = pipeline.imported(network)
    to_simulation, to_float = errors(mod, params, dataset(network), sample(network), **CONFIGURATIONS[label])
    assert to_simulation < 0.05 and to_float < 0.2


@pytest.mark.parametrize("case", ["gate by sigmoid", "int32 before int8"])
def test_they_are_compiled_too(case):
    mod, params = imported(CASES[case])
    made, (x,) = quantized(mod, params, images(), **CONFIGURATIONS["kl_divergence"]), [images(1)[0]["data"]]
    np.testing.assert_allclose(value(made, x, kind="graph"), value(made, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "options",
    [
        {"nbit_input": 16, "dtype_input": "int16"},
        {"dtype_activation": "int64"},
        {"nbit_weight": 16, "dtype_weight": "int16", "nbit_activation": 64, "dtype_activation": "int64"},
        {"nbit_weight": 40, "dtype_weight": "int64", "nbit_activation": 64, "dtype_activation": "int64"},
        {"nbit_input": 40, "dtype_input": "int64", "nbit_activation": 64, "dtype_activation": "int64"},
        {"nbit_input": 33, "dtype_input": "int64", "dtype_activation": "int64", "weight_scale": "power2"},
    ],
)
def test_other_dtypes_are_compiled(options):
    """The genuine Relay stops when it folds constants, or when it builds."""
    mod, params = imported(two_layers)
    options = {"calibrate_mode": "percentile", "weight_scale": "max", **EVERYTHING, **options}
    made, (x,) = quantized(mod, params, images(), **options), [images(1)[0]["data"]]
    np.testing.assert_array_equal(value(made, x, kind="graph"), value(made, x))
    want = value(mod, x, **params)
    assert np.abs(value(made, x) - want).mean() < 0.02 * np.abs(want).mean()


def test_a_number_that_is_larger_than_an_accumulator_at_the_finest_scale():
    """Of three branches joined, the genuine Relay takes a scale for values up to `global_scale`, and overflows."""
    x = relay.var("data", shape=SHAPE)
    kernel = relay.const(np.full((4, 3, 3, 3), 2.0, "float32"))
    y = relay.nn.relu(relay.nn.conv2d(x, kernel, channels=4, kernel_size=(3, 3)))
    mod = tvm.IRModule.from_expr(relay.concatenate([y, relay.nn.relu(relay.add(y, y)), y], axis=1))
    for label in ("percentile", "kl_divergence"):
        to_simulation, to_float = errors(mod, {}, images(), [images(1)[0]["data"]], **CONFIGURATIONS[label])
        assert to_simulation < 0.05 and to_float < 0.1


def conv(x, channels, inputs):
    kernel = np.random.RandomState(channels * inputs).uniform(-0.4, 0.4, (channels, inputs, 3, 3)).astype("float32")
    return relay.nn.conv2d(x, relay.const(kernel), channels=channels, kernel_size=(3, 3), padding=(1, 1))


def several_outputs(x):
    x = relay.nn.relu(conv(x, 4, 3))
    return relay.Tuple([conv(x, 4, 4), relay.sigmoid(conv(x, 2, 4))])


def skip_beyond_the_integers(x):
    return relay.add(relay.sigmoid(conv(relay.nn.relu(conv(x, 4, 3)), 3, 4)), relay.tanh(x))


def skip_into_the_integers(x):
    return relay.add(conv(relay.nn.relu(conv(x, 4, 3)), 3, 4), relay.exp(x))


@pytest.mark.parametrize("network", [several_outputs, skip_beyond_the_integers, skip_into_the_integers])
@pytest.mark.parametrize("skipped", [None, [0]])
def test_conversions_that_the_genuine_relay_cannot_part(network, skipped):
    """It stops while it quantizes, or `@main` takes an input twice."""
    mod, (x,) = tvm.IRModule.from_expr(network(relay.var("data", shape=SHAPE))), [images(1)[0]["data"]]
    made = quantized(mod, None, images(), skip_conv_layers=skipped, partition_conversions="enabled")
    assert [param.name_hint for param in made["main"].params] == ["data"]
    for kind in ("debug", "graph"):
        got, want = (relay.create_executor(kind, m).evaluate()(x) for m in (made, mod))
        pairs = zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]
        assert all(np.abs(a.numpy() - b.numpy()).mean() < 0.05 * np.abs(b.numpy()).mean() for a, b in pairs)


def test_a_half_that_32_bits_do_not_hold():
    """Weights of 33 bits are shifted by 33 places; the genuine Relay prints half of that as -2147483648."""
    mod = tvm.IRModule.from_expr(conv(relay.nn.relu(conv(relay.var("data", shape=SHAPE), 4, 3)), 4, 4))
    wide = {"nbit_weight": 33, "dtype_weight": "int64", "nbit_activation": 64, "dtype_activation": "int64"}
    text = str(quantized(mod, None, images(), **EVERYTHING, **wide))
    assert "add(%5, 4294967296i64" in text and "right_shift(%6, 33i64" in text
    to_simulation, to_float = errors(mod, {}, images(), [images(1)[0]["data"]], **EVERYTHING, **wide)
    assert to_simulation < 0.01 and to_float < 0.05
