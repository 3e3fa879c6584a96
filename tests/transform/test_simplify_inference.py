"""SimplifyInference beyond its text: what the arithmetic says, against PyTorch."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm
from tvm import relay

T = relay.transform
nn = relay.nn
RNG = np.random.RandomState(0)
GAMMA, BETA, MEAN = (RNG.normal(size=4).astype("float32") for _ in range(3))
VAR = RNG.uniform(0.5, 2, size=4).astype("float32")
X = RNG.normal(size=(2, 4, 5, 6)).astype("float32")


def simplified(body):
    mod = T.SimplifyInference()(tvm.IRModule.from_expr(body))
    assert "norm" not in str(mod["main"])
    return relay.create_executor("debug", mod).evaluate()(X).numpy()


def const(*arrays):
    return [relay.const(array) for array in arrays]


F = torch.nn.functional
CASES = {
    "batch_norm": (
        lambda x: nn.batch_norm(x, *const(GAMMA, BETA, MEAN, VAR))[0],
        lambda x: F.batch_norm(x, *map(torch.from_numpy, (MEAN, VAR, GAMMA, BETA))),
    ),
    "layer_norm": (
        lambda x: nn.layer_norm(x, *const(np.ones(6, "float32"), np.zeros(6, "float32"))),
        lambda x: F.layer_norm(x, (6,)),
    ),
    "instance_norm": (
        lambda x: nn.instance_norm(x, *const(GAMMA, BETA)),
        lambda x: F.instance_norm(x, weight=torch.from_numpy(GAMMA), bias=torch.from_numpy(BETA)),
    ),
    "group_norm": (
        lambda x: nn.group_norm(x, *const(GAMMA, BETA), num_groups=2),
        lambda x: F.group_norm(x, 2, torch.from_numpy(GAMMA), torch.from_numpy(BETA)),
    ),
    "l2_normalize": (
        lambda x: nn.l2_normalize(x, eps=1e-12, axis=[1]),
        lambda x: F.normalize(x, dim=1),
    ),
    "dropout": (lambda x: nn.dropout(x, 0.5), lambda x: x),
}


@pytest.mark.parametrize("name", CASES)
def test_against_torch(name):
    ours, theirs = CASES[name]
    got = simplified(ours(relay.var("x", shape=X.shape)))
    np.testing.assert_allclose(got, theirs(torch.from_numpy(X)).numpy(), rtol=1e-5, atol=1e-5)


def test_a_group_norm_over_the_last_axis_is_that_of_the_transposed_tensor():
    """The genuine Relay normalizes each pixel on its own here."""
    nhwc = relay.transpose(relay.var("x", shape=X.shape), (0, 2, 3, 1))
    normal = nn.group_norm(nhwc, *const(GAMMA, BETA), num_groups=2, axis=3)
    got = simplified(relay.transpose(normal, (0, 3, 1, 2)))
    want = F.group_norm(torch.from_numpy(X), 2, torch.from_numpy(GAMMA), torch.from_numpy(BETA)).numpy()
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


def test_batch_statistics_that_are_used_stay():
    whole = nn.batch_norm(relay.var("x", shape=X.shape), *const(GAMMA, BETA, MEAN, VAR))
    mod = T.SimplifyInference()(tvm.IRModule.from_expr(relay.Tuple([whole[0], whole[1]])))
    assert str(mod["main"]).count("nn.batch_norm") == 1
