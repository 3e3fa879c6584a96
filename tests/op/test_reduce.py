"""Reductions: the NumPy references against PyTorch, the axes, and what is refused."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from tvm import relay

from .reference import run, type_of

X = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
T = torch.from_numpy(X)
AXES = [None, 1, -1, [2, 3], (0, 2), [3, 1]]


def dims(axis):
    return tuple(range(4)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize(("name", "theirs"), [("sum", T.sum), ("mean", T.mean), ("max", T.amax), ("min", T.amin)])
def test_a_reduction(name, theirs, axis, keepdims):
    result = run(getattr(relay, name), X, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(result, theirs(dim=dims(axis), keepdim=keepdims), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("axis", [1, -1])
def test_a_product_and_the_logic_ones(axis):
    np.testing.assert_allclose(run(relay.prod, X, axis=axis), T.prod(axis), rtol=1e-5)
    flags = X > 0.5
    np.testing.assert_array_equal(run(relay.all, flags, axis=axis), torch.from_numpy(flags).all(axis))
    np.testing.assert_array_equal(run(relay.any, flags, axis=axis), torch.from_numpy(flags).any(axis))


@pytest.mark.parametrize("dtype", ["float16", "float64", "int8", "int32", "int64"])
def test_the_dtype_stays(dtype):
    x = np.arange(-4, 8).reshape(3, 4).astype(dtype)
    assert run(relay.sum, x, axis=0).dtype == dtype
    assert run(relay.mean, x, axis=0).dtype == dtype
    np.testing.assert_array_equal(run(relay.max, x, axis=0), x[-1])


def test_a_mean_of_integers_is_rounded_toward_zero():
    np.testing.assert_array_equal(run(relay.mean, np.array([-1, -2, -5], "int32")), -2)
    np.testing.assert_array_equal(run(relay.mean, np.array([10, 11, 12, 12], "int8")), 11)


def test_exclude_names_the_axes_that_stay():
    np.testing.assert_allclose(run(relay.sum, X, axis=1, exclude=True), X.sum((0, 2, 3)), rtol=1e-5)
    np.testing.assert_array_equal(run(relay.sum, X, axis=[0, 1, 2, 3], exclude=True), X)
    assert run(relay.sum, X, axis=[1], exclude=True, keepdims=True).shape == (1, 3, 1, 1)


@pytest.mark.parametrize("exclude", [False, True])
def test_no_axes_are_all_axes(exclude):
    assert type_of(relay.sum(relay.var("x", shape=(2, 3)), axis=[], exclude=exclude)) == "float32"
    assert run(relay.max, X, axis=[], exclude=exclude) == X.max()


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [0, 2, -1])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_where_the_extreme_is(name, axis, keepdims):
    result = run(getattr(relay, name), X, axis=axis, keepdims=keepdims)
    assert result.dtype == np.int32
    np.testing.assert_array_equal(result, getattr(T, name)(dim=axis, keepdim=keepdims))


def test_where_the_extreme_is_among_equal_ones():
    x = np.array([[1, 3, 3, 2], [0, 0, -1, -1]], "int8")
    np.testing.assert_array_equal(run(relay.argmax, x, axis=1), [1, 0])
    np.testing.assert_array_equal(run(relay.argmax, x, axis=1, select_last_index=True), [2, 1])
    np.testing.assert_array_equal(run(relay.argmin, x, axis=1, select_last_index=True), [0, 3])
    assert run(relay.argmax, x) == 1
    assert run(relay.argmin, x, axis=[0, 1], select_last_index=True) == 7
    assert run(relay.argmax, X, axis=[1, 2]).shape == (2, 5)
    np.testing.assert_array_equal(
        run(relay.argmax, X, axis=[1, 2]), X.transpose(0, 3, 1, 2).reshape(2, 5, 12).argmax(-1)
    )


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize("axis", [1, [2, 3]])
def test_variance_and_its_root(axis, unbiased):
    theirs = T.var(dim=dims(axis), unbiased=unbiased)
    np.testing.assert_allclose(run(relay.variance, X, axis=axis, unbiased=unbiased), theirs, rtol=1e-4)
    np.testing.assert_allclose(run(relay.std, X, axis=axis, unbiased=unbiased), theirs.sqrt(), rtol=1e-4)


def test_variance_around_a_mean_that_is_known():
    x = relay.var("x", shape=(2, 3))
    middle = relay.mean(x, axis=1, keepdims=True)
    assert relay.variance(x, axis=1, with_mean=middle).args[1] == middle


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("axis", "exclude"), [(1, False), ([1, 2], False), (1, True)])
def test_the_mean_with_its_spread(axis, exclude, keepdims):
    gone = tuple(a for a in range(4) if (a in dims(axis)) != exclude)
    mean, variance = run(relay.mean_variance, X, axis=axis, exclude=exclude, keepdims=keepdims)
    np.testing.assert_allclose(mean, X.mean(gone, keepdims=keepdims), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance, X.var(gone, keepdims=keepdims), rtol=1e-4)
    mean, deviation = run(relay.mean_std, X, axis=axis, exclude=exclude, keepdims=keepdims)
    np.testing.assert_allclose(mean, X.mean(gone, keepdims=keepdims), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(deviation, X.std(gone, keepdims=keepdims), rtol=1e-4)


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [1, [2, 3]])
def test_logsumexp_does_not_overflow(axis, keepdims):
    large = X + np.float32(1000)
    result = run(relay.logsumexp, large, axis=axis, keepdims=keepdims)
    np.testing.assert_allclose(result, torch.logsumexp(torch.from_numpy(large), dims(axis), keepdims), rtol=1e-5)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: relay.sum(x, axis=5), "axis 5 is outside a tensor of rank 3: in the call sum"),
        (lambda x: relay.argmax(x, axis=[-4]), "axis -4 is outside a tensor of rank 3"),
        (lambda x: relay.mean(x, axis="0"), "axis is '0': give integers"),
        (lambda x: relay.mean(x, axis=[0.5]), "axis is 0.5: give integers"),
        (lambda x: relay.mean(relay.Tuple([x])), "the data must be a tensor"),
    ],
)
def test_what_is_refused(build, message):
    with pytest.raises(TypeError, match=message):
        type_of(build(relay.var("x", shape=(2, 3, 4))))
