"""Exported programs become what the traced network becomes."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm_ffi
from torch import nn
from tvm import relay

from tests.conformance.networks import NETWORKS
from tests.conformance.pipeline import tensor


def built(name):
    torch.manual_seed(0)
    network, inputs = NETWORKS[name].build().eval(), NETWORKS[name].named_inputs()
    return network, inputs, tuple(tensor(*spec, seed=1) for _, spec in inputs)


@pytest.mark.parametrize("name", NETWORKS)
def test_the_graph_is_that_of_the_trace(name):
    network, inputs, examples = built(name)
    with torch.no_grad():
        trace, _ = relay.frontend.from_pytorch(torch.jit.trace(network, examples), inputs)
    exported, _ = relay.frontend.from_pytorch(torch.export.export(network, examples), inputs)
    assert tvm_ffi.structural_equal(exported["main"], trace["main"])


@pytest.mark.parametrize("name", NETWORKS)
def test_core_operators_give_the_same_numbers(name):
    network, inputs, examples = built(name)
    program = torch.export.export(network, examples).run_decompositions()
    mod, params = relay.frontend.from_pytorch(program, inputs)
    got = relay.create_executor("debug", mod=mod).evaluate()(*(x.numpy() for x in examples), **params)
    np.testing.assert_allclose(got.numpy(), network(*examples).detach().numpy(), rtol=1e-4, atol=1e-5)


def two_layers():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten()).eval()
    return torch.export.export(network, (torch.randn(1, 3, 4, 4),))


def test_names_are_those_of_the_program():
    mod, params = relay.frontend.from_pytorch(two_layers())
    assert set(params) == {"0.weight", "0.bias"}
    assert [param.name_hint for param in mod["main"].params] == ["input", "0.weight", "0.bias"]
    assert "/* span=conv2d:0:0 */" in str(mod["main"])


def test_friendly_names():
    _, params = relay.frontend.from_pytorch(two_layers(), [("data", (1, 3, 4, 4))], use_parser_friendly_name=True)
    assert set(params) == {"0_weight", "0_bias"}


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"'data' is given as \(1, 5, 4, 4\).*exported with \(1, 3, 4, 4\).*nn.conv2d"):
        relay.frontend.from_pytorch(two_layers(), [("data", (1, 5, 4, 4))])


def test_open_sizes_are_those_that_are_given():
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten()).eval()
    sizes = ({0: torch.export.Dim("batch", min=1, max=8)},)
    program = torch.export.export(network, (torch.randn(2, 3, 4, 4),), dynamic_shapes=sizes)
    mod, _ = relay.frontend.from_pytorch(program, [("data", (5, 3, 4, 4))])
    assert "%data: Tensor[(5, 3, 4, 4), float32]" in str(mod["main"])
    with pytest.raises(ValueError, match="sizes that are not fixed.*give input_infos"):
        relay.frontend.from_pytorch(program)


def test_missing_operators_are_listed():
    class Missing(nn.Module):
        def forward(self, x):
            return torch.special.i0(x) + torch.special.i1(x)

    with pytest.raises(
        NotImplementedError, match=r"\['aten::special_i0', 'aten::special_i1'\].*test_exported_program.py"
    ):
        relay.frontend.from_pytorch(torch.export.export(Missing(), (torch.ones(2),)))
