import numpy as np
import pytest
import set_env  # noqa: F401
import torch.nn.functional as torch_nn
from torch import from_numpy
from tvm import relay

from ..reference import run, typed
from .arrays import close, normal, variables

nn = relay.nn


@pytest.mark.parametrize(
    ("shape", "flat"), [((2, 3, 4, 5), (2, 60)), ((2, 3), (2, 3)), ((2,), (2, 1)), ((2, 0, 3), (2, 0))]
)
def test_batch_flatten_keeps_the_first_axis(shape, flat):
    x = normal(*shape)
    np.testing.assert_array_equal(run(nn.batch_flatten, x), x.reshape(flat))


def test_depth_to_space_is_torchs_pixel_shuffle():
    x = normal(2, 12, 3, 4)
    close(run(nn.depth_to_space, x, block_size=2, mode="CRD"), torch_nn.pixel_shuffle(from_numpy(x), 2), 0)


def test_the_first_channels_are_the_place_in_the_block():
    x = np.arange(4, dtype="int32").reshape(1, 4, 1, 1).repeat(3, axis=1)  # 0 0 0 1 1 1 2 2 2 3 3 3
    np.testing.assert_array_equal(run(nn.depth_to_space, x, block_size=2)[0], [[[0, 1], [2, 3]]] * 3)


def test_space_to_depth_undoes_depth_to_space():
    x = normal(2, 12, 3, 4)
    close(run(nn.space_to_depth, run(nn.depth_to_space, x, block_size=2), block_size=2), x, 0)


@pytest.mark.parametrize("make", [nn.depth_to_space, nn.space_to_depth])
def test_the_layout_only_moves_the_numbers(make):
    x = normal(2, 12, 4, 6)
    got = run(make, x.transpose(0, 2, 3, 1), block_size=2, layout="NHWC")
    close(got.transpose(0, 3, 1, 2), run(make, x, block_size=2), 0)


def test_dropout_lets_everything_through():
    x = normal(2, 3)
    close(run(nn.dropout, x, rate=0.9), x, 0)
    kept, mask = run(lambda data: nn.dropout(data).tuple_value, x)
    close(kept, x, 0)
    close(mask, np.ones((2, 3)), 0)


@pytest.mark.parametrize("axis", [1, -1, 0])
def test_a_bias_lies_along_an_axis(axis):
    x = normal(4, 4, 4)
    bias, shape = normal(4, seed=1), [1, 1, 1]
    shape[axis] = 4
    close(run(nn.bias_add, x, bias, axis=axis), x + bias.reshape(shape), 0)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: nn.depth_to_space(x, 3), "12 channels do not fill blocks of 3 by 3"),
        (lambda x: nn.space_to_depth(x, 4), "an image of 4 by 6 does not divide into blocks of 4 by 4"),
        (lambda x: nn.depth_to_space(x, 0), "block_size is 0, not 1 or more"),
        (lambda x: nn.depth_to_space(x, 2, mode="CDR"), "take one of DCR, CRD"),
        (lambda x: nn.bias_add(x, relay.const([1.0, 2.0])), r"the bias has the shape \(2,\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, says):
    with pytest.raises(TypeError, match=says):
        typed(call(*variables((1, 12, 4, 6))))


def test_a_single_number_is_not_flattened():
    with pytest.raises(TypeError, match="the data has rank 0"):
        typed(nn.batch_flatten(*variables(())))
