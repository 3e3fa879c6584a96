import numpy as np
import set_env  # noqa: F401
import torch
from torch import nn
from tvm import relay

from helpers.networks import to_relay
from helpers.text import main_text


def test_a_network_comes_with_its_weights_bound_and_its_value_kept():
    network = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    mod = to_relay(network, 1, 3, 8, 8)
    text = main_text(mod)
    assert [line.split("(")[0].strip() for line in text.splitlines()[1:-1]] == ["%0 = nn.conv2d", "%1 = add", "nn.relu"]

    data = np.linspace(-1, 1, 192, dtype="float32").reshape(1, 3, 8, 8)
    with torch.no_grad():
        expected = network(torch.from_numpy(data)).numpy()
    found = relay.create_executor("debug", mod=mod).evaluate()(data).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
