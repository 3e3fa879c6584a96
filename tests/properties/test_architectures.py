"""Networks of many kinds, from PyTorch to integers: as near to PyTorch as floats are, and to the simulation."""

import functools

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from tvm import relay

from tests.conformance.pipeline import imported, tensor

from .architectures import ARCHITECTURES
from .exact import overflows
from .random_networks import DEEP, interpreted, optimized
from .test_programs import compiled
from .test_quantize import error

EVERYTHING = {"skip_conv_layers": None, "skip_dense_layer": False, "weight_scale": "max"}


@functools.cache
def network(name):
    """The network in float, ready to be quantized, and two samples of its inputs."""
    specs = ARCHITECTURES[name].named_inputs()
    samples = [
        {key: tensor(*spec, seed=10 * sample + at).numpy() for at, (key, spec) in enumerate(specs)} for sample in (0, 1)
    ]
    with optimized():
        return relay.quantize.prerequisite_optimize(*imported(ARCHITECTURES[name])), samples


def quantized(name, **config):
    mod, samples = network(name)
    with optimized(), relay.quantize.qconfig(**EVERYTHING, **config):
        return relay.quantize.quantize(mod, dataset=samples)


def relative(got, want):
    return max(float(np.abs(one - other).max() / np.abs(other).max()) for one, other in zip(got, want, strict=True))


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_floats_are_those_of_pytorch(name):
    mod, (inputs, _) = network(name)
    torch.manual_seed(0)
    np.random.seed(0)
    module = ARCHITECTURES[name].build().eval().float()
    with torch.no_grad():
        want = module(*map(torch.from_numpy, inputs.values()))
    want = [item.numpy() for item in (want if isinstance(want, tuple) else [want])]
    assert relative(interpreted(mod, inputs), want) < 1e-5
    if DEEP:
        assert relative(compiled(mod, inputs), want) < 1e-5


@pytest.mark.parametrize("mode", ["percentile", "kl_divergence"] if DEEP else ["percentile"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_integers_mean_what_the_simulation_says(name, mode):
    inputs = network(name)[1][0]
    integers = quantized(name, calibrate_mode=mode)
    assert "int8" in str(integers["main"]) or name == "generator"  # no transposed convolution has a rule
    assert overflows(integers["main"], inputs) == []
    simulation = quantized(name, calibrate_mode=mode, do_simulation=True)
    results = interpreted(integers, inputs)
    for got, want in zip(results, interpreted(simulation, inputs), strict=True):
        assert error(got, want) < 0.06
    if DEEP:
        assert relative(compiled(integers, inputs), results) < 1e-5
