import numpy as np
import set_env  # noqa: F401
import torch
from torch import nn

from helpers.networks import run, to_relay
from helpers.text import operators


def test_a_network_comes_with_its_weights_bound_and_its_value_kept():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    mod = to_relay(network, 1, 3, 8, 8)
    assert operators(mod) == ["nn.conv2d", "add", "nn.relu"]

    data = np.linspace(-1, 1, 192, dtype="float32").reshape(1, 3, 8, 8)
    with torch.no_grad():
        expected = network(torch.from_numpy(data)).numpy()
    np.testing.assert_allclose(run(mod, data), expected, atol=1e-5)
