"""Random networks, quantized: nothing wraps around, and integers mean what the simulation says."""

import numpy as np
import set_env  # noqa: F401
from hypothesis import given, note
from hypothesis import strategies as st
from tvm import relay

from .exact import overflows
from .random_networks import examples, interpreted, networks, optimized

CONFIGURATIONS = st.fixed_dictionaries(
    {
        "calibrate_mode": st.sampled_from(["global_scale", "kl_divergence", "percentile"]),
        "weight_scale": st.sampled_from(["power2", "max"]),
        "rounding": st.sampled_from(["UPWARD", "TONEAREST"]),
        "skip_conv_layers": st.sampled_from([None, [0], [1]]),
        "skip_dense_layer": st.booleans(),
        "global_scale": st.sampled_from([8.0, 1.0, 100.0]),
    }
)


def samples(net, count=2):
    shape = net.inputs["data"].shape
    return [{"data": np.random.RandomState(seed).normal(size=shape).astype("float32")} for seed in range(count)]


def quantized(net, mod, **config):
    with optimized(), relay.quantize.qconfig(**config):
        return relay.quantize.quantize(mod, dataset=samples(net))


@examples(30)
@given(net=networks(), config=CONFIGURATIONS)
def test_nothing_wraps_around(net, config):
    mod = net.module()
    note(str(mod))
    result = quantized(net, mod, **config)
    note(str(result))
    for larger in (1, 30):
        assert overflows(result["main"], {"data": larger * net.inputs["data"]}) == []


def error(got, want):
    """The mean error beside the mean magnitude."""
    return float(np.abs(got - want).mean() / max(np.abs(want).mean(), 1e-6))


@examples(30)
@given(net=networks(channels_last=False), config=CONFIGURATIONS)
def test_integers_mean_what_the_simulation_says(net, config):
    mod = net.module()
    note(str(mod))
    integers = quantized(net, mod, **config)
    note(str(integers["main"]))
    simulation = quantized(net, mod, do_simulation=True, **config)
    for got, want in zip(interpreted(integers, net.inputs), interpreted(simulation, net.inputs)):
        assert error(got, want) < 0.1
