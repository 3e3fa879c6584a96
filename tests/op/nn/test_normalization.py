import numpy as np
import pytest
import set_env  # noqa: F401
import torch.nn.functional as torch_nn
from torch import from_numpy
from tvm import relay

from ..reference import run, typed
from .arrays import close, normal, variables

nn = relay.nn


def parameters(channels, dtype="float32"):
    """A factor and a shift."""
    return normal(channels, dtype=dtype, seed=1), normal(channels, dtype=dtype, seed=2)


@pytest.mark.parametrize("epsilon", [1e-5, 1e-1])
def test_batch_norm_is_torchs(epsilon):
    x, (gamma, beta) = normal(2, 6, 4, 5), parameters(6)
    mean, variance = normal(6, seed=3), np.abs(normal(6, seed=4))
    data, gamma_, beta_, mean_, variance_ = map(from_numpy, (x, gamma, beta, mean, variance))
    want = torch_nn.batch_norm(data, mean_, variance_, gamma_, beta_, eps=epsilon)
    got = run(
        lambda *args, **attrs: nn.batch_norm(*args, **attrs).astuple(), x, gamma, beta, mean, variance, epsilon=epsilon
    )
    close(got[0], want)
    np.testing.assert_array_equal(got[1], mean)
    np.testing.assert_array_equal(got[2], variance)
    last = run(
        lambda *args, **attrs: nn.batch_norm(*args, **attrs)[0],
        np.moveaxis(x, 1, -1),
        gamma,
        beta,
        mean,
        variance,
        epsilon=epsilon,
        axis=-1,
    )
    close(np.moveaxis(last, -1, 1), want)


def test_batch_norm_without_factor_and_shift_leaves_them_out():
    x, threes = np.ones((1, 2, 2, 2), "float32"), np.full(2, 3, "float32")
    got = run(lambda *args: nn.batch_norm(*args, center=False, scale=False)[0], x, threes, threes, threes, threes)
    close(got, np.full(x.shape, -1.1546987), 1e-6)  # from the genuine Relay


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_layer_norm_is_torchs(dtype):
    x, (gamma, beta) = normal(2, 7, 16, dtype=dtype), parameters(16, dtype)
    want = torch_nn.layer_norm(from_numpy(x), (16,), from_numpy(gamma), from_numpy(beta), eps=1e-6)
    close(run(nn.layer_norm, x, gamma, beta, epsilon=1e-6), want, 1e-5 if dtype == "float32" else 2e-3)


def test_layer_norm_along_another_axis():
    x, (gamma, beta) = normal(2, 16, 7), parameters(16)
    want = run(nn.layer_norm, x.swapaxes(1, 2), gamma, beta)
    close(run(nn.layer_norm, x, gamma, beta, axis=1), want.swapaxes(1, 2))


@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm_is_torchs(groups):
    x, (gamma, beta) = normal(2, 6, 4, 5), parameters(6)
    want = torch_nn.group_norm(from_numpy(x), groups, from_numpy(gamma), from_numpy(beta))
    close(run(nn.group_norm, x, gamma, beta, num_groups=groups), want)
    last = run(nn.group_norm, np.moveaxis(x, 1, -1), gamma, beta, num_groups=groups, axis=-1)
    close(np.moveaxis(last, -1, 1), want)


def test_instance_norm_is_torchs():
    x, (gamma, beta) = normal(2, 6, 4, 5), parameters(6)
    want = torch_nn.instance_norm(from_numpy(x), weight=from_numpy(gamma), bias=from_numpy(beta))
    close(run(nn.instance_norm, x, gamma, beta), want)
    close(run(nn.instance_norm, x.transpose(0, 2, 3, 1), gamma, beta, axis=3).transpose(0, 3, 1, 2), want)


@pytest.mark.parametrize("make", [nn.layer_norm, nn.instance_norm])
def test_factor_and_shift_can_be_left_out(make):
    x, (gamma, beta) = normal(2, 6, 4), parameters(4)
    plain = run(make, x, np.ones(4, "float32"), np.zeros(4, "float32"), axis=2)
    close(run(make, x, gamma, beta, axis=2, center=False, scale=False), plain)
    close(run(make, x, gamma, beta, axis=2, center=False), plain * gamma)
    close(run(make, x, gamma, beta, axis=2, scale=False), plain + beta)


@pytest.mark.parametrize("axes", [[1], [2, 3], [-1]])
def test_l2_normalize_divides_by_the_length(axes):
    x = normal(2, 3, 4, 5)
    close(run(nn.l2_normalize, x, eps=1e-12, axis=axes), x / np.sqrt((x**2).sum(axis=tuple(axes), keepdims=True)))


def test_l2_normalize_of_everything_and_of_nothing():
    x = normal(2, 3)
    close(run(nn.l2_normalize, x, eps=1e-12), x / np.linalg.norm(x))
    close(run(nn.l2_normalize, np.zeros((2, 3), "float32"), eps=1e-3), np.zeros((2, 3)), 0)


@pytest.mark.parametrize("size", [1, 3, 4, 5])
def test_lrn_is_torchs(size):
    x = normal(2, 7, 4, 5)
    want = torch_nn.local_response_norm(from_numpy(x), size, alpha=0.3, beta=0.6, k=1.5)
    close(run(nn.lrn, x, size=size, alpha=0.3, beta=0.6, bias=1.5), want)


def test_lrn_along_the_last_axis():
    x = normal(2, 4, 5, 7)
    want = run(nn.lrn, x.transpose(0, 3, 1, 2), alpha=0.5)
    close(run(nn.lrn, x, alpha=0.5, axis=3), want.transpose(0, 2, 3, 1))


def test_missing_vectors_get_their_types():
    names = [relay.var(name) for name in ("gamma", "beta", "mean", "variance")]
    (x,) = variables((2, 6, 4, 5), dtype="float16")
    for call, channels in (
        (nn.batch_norm(x, *names).astuple(), 6),
        (nn.layer_norm(x, *names[:2]), 5),
        (nn.group_norm(x, *names[:2], num_groups=2), 6),
        (nn.instance_norm(x, *names[:2], axis=2), 4),
    ):
        assert all(arg.checked_type == relay.TensorType((channels,), "float16") for arg in typed(call).args[1:])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x, v, w: nn.batch_norm(x, v, v, w, v).astuple(), r"moving_mean has the shape \(4,\) and axis 1"),
        (lambda x, v, w: nn.layer_norm(x, v, v), r"gamma has the shape \(6,\) and axis -1 of the data has 5 places"),
        (lambda x, v, w: nn.group_norm(x, v, v, 4), "6 channels do not fall into 4 groups of one size"),
        (lambda x, v, w: nn.instance_norm(x, v, v, axis=4), "axis 4 is outside a tensor of rank 4"),
        (lambda x, v, w: nn.l2_normalize(x, 1e-3, [4]), "axis 4 is outside a tensor of rank 4"),
        (lambda x, v, w: nn.lrn(x, norm_region="WITHIN_CHANNEL"), 'norm_region is "WITHIN_CHANNEL"'),
        (lambda x, v, w: nn.bias_add(x, relay.const(np.ones(6, "int8"))), "has the dtype int8 and the data float32"),
    ],
)
def test_what_does_not_fit_is_refused(call, says):
    with pytest.raises(TypeError, match=says):
        typed(call(*variables((2, 6, 4, 5), (6,), (4,))))
