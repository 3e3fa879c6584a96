import numpy as np
import pytest
import set_env  # noqa: F401
import torch.nn.functional as torch_nn
from torch import from_numpy
from tvm import relay

from ..reference import run, typed
from .arrays import close, normal, variables

nn = relay.nn


@pytest.mark.parametrize("dtype", ["float32", "float16", "float64"])
def test_activations_are_torchs(dtype):
    x = normal(2, 3, 4, 5, dtype=dtype)
    t, tolerance = from_numpy(x), 1e-3 if dtype == "float16" else 1e-6
    slopes = normal(3, dtype=dtype, seed=1)
    close(run(nn.relu, x), torch_nn.relu(t), 0)
    close(run(nn.leaky_relu, x, alpha=0.2), torch_nn.leaky_relu(t, 0.2), tolerance)
    close(run(nn.prelu, x, slopes), torch_nn.prelu(t, from_numpy(slopes)), tolerance)
    for axis in (1, -1):
        close(run(nn.softmax, x, axis=axis), torch_nn.softmax(t, axis), tolerance)
        close(run(nn.log_softmax, x, axis=axis), torch_nn.log_softmax(t, axis), tolerance)


def test_large_numbers_do_not_overflow_a_softmax():
    x = np.array([[1e4, 1e4, -1e4]], "float32")
    close(run(nn.softmax, x), [[0.5, 0.5, 0.0]], 0)
    close(run(nn.log_softmax, x), [[-np.log(2), -np.log(2), -2e4 - np.log(2)]])


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64"])
def test_relu_of_integers(dtype):
    x = normal(2, 30, dtype=dtype)
    np.testing.assert_array_equal(run(nn.relu, x), np.where(x > 0, x, 0))


def test_the_slope_of_integers_is_an_integer():
    x = np.array([-7, 3], "int8")
    np.testing.assert_array_equal(run(nn.leaky_relu, x, alpha=0.5), [0, 3])  # as the genuine Relay computes it


def test_slopes_lie_along_an_axis():
    x, slopes = normal(2, 4, 5, 3), normal(3, seed=1)
    close(run(nn.prelu, x, slopes, axis=3), np.where(x > 0, x, x * slopes), 0)
    assert typed(nn.prelu(*variables((2, 4, 5, 3)), relay.var("a"), axis=3)).args[1].checked_type == relay.TensorType(
        (3,)
    )


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x, v: nn.prelu(x, v), r"the slopes has the shape \(3,\) and axis 1 of the data has 4 places"),
        (lambda x, v: nn.softmax(x, axis=4), "axis 4 is outside a tensor of rank 4"),
        (lambda x, v: nn.log_softmax(x, axis=-5), "axis -5 is outside a tensor of rank 4"),
    ],
)
def test_what_does_not_fit_is_refused(call, says):
    with pytest.raises(TypeError, match=says):
        typed(call(*variables((2, 4, 5, 3), (3,))))
