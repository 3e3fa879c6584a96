"""Random networks, compiled: floats agree with the reference within their rounding, integers bit by bit."""

import numpy as np
import set_env  # noqa: F401
import tvm
from hypothesis import given, note
from tvm import relay
from tvm.contrib import graph_executor

from .random_networks import INTEGRAL, examples, interpreted, networks
from .test_quantize import CONFIGURATIONS, quantized


def compiled(mod, inputs):
    graph = graph_executor.GraphModule(relay.build(mod, "llvm")["default"](tvm.cpu()))
    graph.run(**inputs)
    return [graph.get_output(at).numpy() for at in range(graph.get_num_outputs())]


def assert_alike(got, want, tolerance):
    for one, other in zip(got, want, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=tolerance, atol=tolerance * max(1.0, np.abs(other).max()))


@examples(6, shrinking=False)
@given(net=networks())
def test_floats(net):
    mod = net.module()
    note(str(mod))
    assert_alike(compiled(mod, net.inputs), interpreted(mod, net.inputs), 1e-5)


@examples(6, shrinking=False)
@given(net=networks(steps=INTEGRAL, channels_last=False, first="same_conv"), config=CONFIGURATIONS)
def test_integers(net, config):
    """All of these are integers from the first convolution on."""
    mod = quantized(net, net.module(), **{**config, "skip_conv_layers": None, "skip_dense_layer": False})
    note(str(mod["main"]))
    assert_alike(compiled(mod, net.inputs), interpreted(mod, net.inputs), 0.0)
