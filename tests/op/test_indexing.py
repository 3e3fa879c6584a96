"""Parts of a tensor: slices, elements by index, running sums, against NumPy and PyTorch."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from tvm import relay

from .reference import run, type_of

X = np.arange(60, dtype="float32").reshape(3, 4, 5)
ROW = np.arange(5, dtype="float32")


def var(*shape, dtype="float32", name="x"):
    return relay.var(name, shape=shape, dtype=dtype)


@pytest.mark.parametrize(
    ("begin", "end", "more", "expected"),
    [
        ([0, 1], [2, 3], {}, X[0:2, 1:3]),
        ([-2], [100], {}, X[-2:]),
        ([0, 0, 4], [3, 4, 0], {"strides": [2, 1, -1]}, X[::2, :, 4:0:-1]),
        ([0, 0, -1], [3, 4, -6], {"strides": [1, 1, -2]}, X[:, :, ::-2]),
        ([0, 0], [3, 4], {"strides": [2]}, X[::2, ::2]),
        ([1], [3], {"axes": [2]}, X[:, :, 1:3]),
        ([0, 1], [9, 9], {"axes": [-1, 0], "strides": [2, 1]}, X[1:, :, ::2]),
        ([1, 0], [2], {}, X[1:2]),
        ([0], [1, 2], {}, X[:1, :2]),
        ([1, 1, 0], [-1, 2, 3], {"slice_mode": "size"}, X[1:, 1:3, :3]),
        ([5], [9], {}, X[5:]),
        ([2], [2], {}, X[2:2]),
    ],
)
def test_a_slice(begin, end, more, expected):
    np.testing.assert_array_equal(run(relay.strided_slice, X, begin=begin, end=end, **more), expected)


def test_a_slice_takes_constants():
    result = run(relay.strided_slice, X, begin=relay.const([0, 1]), end=relay.const([1, 2]))
    np.testing.assert_array_equal(result, X[0:1, 1:2])


def test_slice_like():
    like = np.zeros((2, 3, 4), "int8")
    np.testing.assert_array_equal(run(relay.slice_like, X, like), X[:2, :3, :4])
    np.testing.assert_array_equal(run(relay.slice_like, X, like, axes=(1, -1)), X[:, :3, :4])
    np.testing.assert_array_equal(run(relay.slice_like, X, like[0]), X[:3, :4])


@pytest.mark.parametrize(("mode", "expected"), [("clip", [0, 0, 2, 4]), ("wrap", [0, 4, 2, 2]), ("fast", [0, 0, 2, 4])])
def test_take_outside(mode, expected):
    indices = np.array([-5, -1, 2, 7], "int32") if mode != "fast" else np.array([0, 0, 2, 4], "int32")
    np.testing.assert_array_equal(run(relay.take, ROW, indices, mode=mode), expected)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_take_along_an_axis(dtype):
    indices = np.array([[0, 2], [1, 1]], dtype)
    np.testing.assert_array_equal(run(relay.take, X, indices, axis=1), np.take(X, indices, 1))
    np.testing.assert_array_equal(run(relay.take, X, indices, axis=-1), np.take(X, indices, 2))
    np.testing.assert_array_equal(run(relay.take, X, indices), np.take(X, indices))
    np.testing.assert_array_equal(run(relay.take, X, np.array(2, dtype), axis=0), X[2])


def test_one_element_is_an_array_of_rank_0():
    at = np.array(2, "int64")
    assert run(relay.take, ROW, at) == run(relay.take, ROW, at, axis=0) == 2
    assert run(lambda *a: relay.adv_index(list(a)), ROW, at) == 2


def test_take_in_batches():
    indices = np.array([[0, 2], [1, 1], [3, 0]], "int32")
    result = run(relay.take, X, indices, axis=1, batch_dims=1)
    np.testing.assert_array_equal(result, np.stack([X[i][indices[i]] for i in range(3)]))
    np.testing.assert_array_equal(run(relay.take, X, indices, axis=1, batch_dims=-1), result)


def test_gather():
    indices = np.array([[[0, 2, 1, 1, 0]]] * 3)
    theirs = torch.gather(torch.from_numpy(X), 1, torch.from_numpy(indices))
    np.testing.assert_array_equal(run(lambda x, i: relay.gather(x, 1, i), X, indices), theirs)


def test_adv_index():
    rows, columns = np.array([[0], [2]], "int64"), np.array([3, 1, 1], "int64")
    np.testing.assert_array_equal(run(lambda *a: relay.adv_index(list(a)), X, rows, columns), X[rows, columns])
    np.testing.assert_array_equal(run(lambda *a: relay.adv_index(list(a)), X, np.array([-1, 0])), X[[-1, 0]])


@pytest.mark.parametrize("axis", [-1, 0])
def test_one_hot(axis):
    indices = np.array([0, 2, -1, 7], "int32")
    on, off = np.array(5, "float32"), np.array(-1, "float32")
    result = run(relay.one_hot, indices, on, off, depth=3, axis=axis, dtype="float32")
    expected = np.array([[5, -1, -1], [-1, -1, 5], [-1, -1, -1], [-1, -1, -1]])
    np.testing.assert_array_equal(result, expected if axis else expected.T)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize(("name", "theirs"), [("cumsum", torch.cumsum), ("cumprod", torch.cumprod)])
def test_a_running_sum(name, theirs, axis):
    x = X / np.float32(20)
    np.testing.assert_allclose(run(getattr(relay, name), x, axis=axis), theirs(torch.from_numpy(x), axis), rtol=1e-6)


def test_a_running_sum_of_the_flat_tensor_in_another_dtype():
    x = np.array([[100, 100], [1, 2]], "int8")
    np.testing.assert_array_equal(run(relay.cumsum, x), [100, -56, -55, -53])
    np.testing.assert_array_equal(run(relay.cumsum, x, dtype="int32"), [100, 200, 201, 203])
    np.testing.assert_array_equal(run(relay.cumsum, x, axis=1, exclusive=True), [[0, 100], [0, 1]])
    np.testing.assert_array_equal(run(relay.cumprod, x, axis=1, exclusive=True), [[1, 100], [1, 1]])


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: relay.strided_slice(x, [2], [1]), "axis 0 of size 3 is sliced from 2 to 1 by 1: nothing is there"),
        (lambda x: relay.strided_slice(x, [0], [2], [-1]), "from 0 to 2 by -1"),
        (lambda x: relay.strided_slice(x, [0], [2], [0]), "a stride of 0"),
        (lambda x: relay.strided_slice(x, [0] * 4, [1] * 4), "4 axes of a tensor of rank 3"),
        (lambda x: relay.strided_slice(x, [0], [1], axes=[4]), "axis 4 is outside"),
        (lambda x: relay.slice_like(x, var(4, 4, 5, name="y")), "axis 0 has size 3, and 4 elements of it are to stay"),
        (lambda x: relay.take(x, var(2, name="i")), "the indices must be integers, not float32"),
        (lambda x: relay.take(x, var(2, dtype="int32", name="i"), axis=3), "axis 3 is outside"),
        (lambda x: relay.take(x, var(2, 2, dtype="int32", name="i"), axis=1, batch_dims=1), "the first 1 axes"),
        (lambda x: relay.gather(x, 0, var(2, 3, dtype="int64", name="i")), "differ elsewhere than in axis 0"),
        (lambda x: relay.adv_index([x, var(2, name="i")]), "index 0 must be integers"),
        (lambda x: relay.adv_index([x]), "is indexed with 0 tensors"),
        (lambda x: relay.one_hot(var(2, dtype="int32"), x, x, 0, -1, "int8"), "a depth of 0"),
        (lambda x: relay.cumsum(x, axis=7), "axis 7 is outside"),
    ],
)
def test_types_that_do_not_fit(build, message):
    with pytest.raises(TypeError, match=message):
        type_of(build(var(3, 4, 5)))


def test_words_that_do_not_fit():
    x = var(3)
    with pytest.raises(ValueError, match="^strided_slice's slice_mode is 'end' or 'size', not 'begin'"):
        relay.strided_slice(x, [0], [1], slice_mode="begin")
    with pytest.raises(ValueError, match="^take's mode is 'clip', 'wrap' or 'fast', not 'raise'"):
        relay.take(x, x, mode="raise")
