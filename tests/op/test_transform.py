"""Axes dropped, added, moved and repeated: the NumPy references against NumPy and PyTorch, and what is refused."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from tvm import relay

from .reference import run, type_of

X = np.arange(24, dtype="float32").reshape(2, 3, 4)


def var(*shape, dtype="float32", name="x"):
    return relay.var(name, shape=shape, dtype=dtype)


@pytest.mark.parametrize("axis", [None, 0, [2, 3], [-1]])
def test_squeeze(axis):
    x = np.zeros((1, 4, 1, 1), "int8")
    axes = tuple(axis) if isinstance(axis, list) else axis
    assert run(relay.squeeze, x, axis=axis).shape == np.squeeze(x, axes).shape


@pytest.mark.parametrize(
    ("axis", "count", "expected"),
    [(0, 1, (1, 2, 3, 4)), (-1, 1, (2, 3, 4, 1)), (-2, 2, (2, 3, 1, 1, 4)), (3, 0, X.shape)],
)
def test_expand_dims(axis, count, expected):
    assert run(relay.expand_dims, X, axis=axis, num_newaxis=count).shape == expected


@pytest.mark.parametrize("axes", [None, (0, 2, 1), (-1, 0, 1)])
def test_transpose(axes):
    np.testing.assert_array_equal(run(relay.transpose, X, axes=axes), np.transpose(X, axes))


def test_broadcast_and_back():
    x = np.arange(3, dtype="float32").reshape(3, 1)
    wide = run(relay.broadcast_to, x, shape=(2, 3, 4))
    np.testing.assert_array_equal(wide, np.broadcast_to(x, (2, 3, 4)))
    np.testing.assert_array_equal(run(relay.broadcast_to_like, x, X), wide)
    np.testing.assert_array_equal(run(relay.collapse_sum_like, wide, x), x * 8)
    np.testing.assert_array_equal(run(relay.collapse_sum_like, X, np.array(0, "float32")), X.sum())


def test_repetition():
    np.testing.assert_array_equal(run(relay.tile, X, reps=(2, 1, 3, 1)), np.tile(X, (2, 1, 3, 1)))
    np.testing.assert_array_equal(run(relay.tile, X, reps=(2,)), torch.from_numpy(X).tile(2))
    np.testing.assert_array_equal(run(relay.repeat, X, repeats=2, axis=-2), np.repeat(X, 2, 1))
    np.testing.assert_array_equal(run(relay.reverse, X, axis=-1), X[..., ::-1])


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("k", [0, 1, -1, 9])
def test_a_triangle(k, upper):
    theirs = (torch.triu if upper else torch.tril)(torch.from_numpy(X), k)
    np.testing.assert_array_equal(run(lambda x: relay.trilu(x, k, upper), X), theirs)


def test_a_shape_as_numbers():
    np.testing.assert_array_equal(run(relay.shape_of, X), [2, 3, 4])
    assert run(relay.shape_of, X, dtype="int64").dtype == np.int64
    assert run(relay.ndarray_size, X) == 24
    assert type_of(relay.shape_of(var())) == "int32"


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: relay.squeeze(x, axis=0), "axis 0 of a tensor of shape .* has size 2: only 1 is squeezed"),
        (lambda x: relay.expand_dims(x, 5), "axis 5 is outside a tensor of rank 4"),
        (lambda x: relay.transpose(x, (0, 0, 1)), "name each axis once"),
        (lambda x: relay.transpose(x, (1,)), "name each axis once"),
        (lambda x: relay.broadcast_to(x, (2, 3, 5)), "do not broadcast"),
        (lambda x: relay.broadcast_to(x, (3, 4)), "does not broadcast to"),
        (lambda x: relay.collapse_sum_like(x, var(5, name="y")), "do not broadcast"),
        (lambda x: relay.tile(x, (0, 1)), "give numbers from 1"),
        (lambda x: relay.repeat(x, 0, 1), "give a number from 1"),
        (lambda x: relay.reverse(x, 5), "axis 5 is outside"),
        (lambda x: relay.trilu(var(3), 0), "rank 2 or more"),
    ],
)
def test_types_that_do_not_fit(build, message):
    with pytest.raises(TypeError, match=message):
        type_of(build(var(2, 3, 4)))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda x: relay.repeat(x, 2, None), TypeError, "^axis is None: give integers"),
    ],
)
def test_arguments_that_do_not_fit(build, error, message):
    with pytest.raises(error, match=message):
        build(var(2, 3, 4))
