"""Sorting, where equal numbers keep their order."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from tvm import relay

from .reference import run, type_of

X = np.random.default_rng(0).integers(-3, 4, (3, 4, 5)).astype("float32")


@pytest.mark.parametrize("is_ascend", [True, False])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_sort_and_argsort(axis, is_ascend):
    values, indices = torch.sort(torch.from_numpy(X), dim=axis, descending=not is_ascend, stable=True)
    np.testing.assert_array_equal(run(relay.sort, X, axis=axis, is_ascend=is_ascend), values)
    np.testing.assert_array_equal(run(relay.argsort, X, axis=axis, is_ascend=is_ascend, dtype="int64"), indices)


def test_equal_numbers_keep_their_order():
    x = np.array([2, 1, 2, 1], "float32")
    np.testing.assert_array_equal(run(relay.argsort, x), [1, 3, 0, 2])
    np.testing.assert_array_equal(run(relay.argsort, x, is_ascend=False), [0, 2, 1, 3])
    np.testing.assert_array_equal(run(relay.topk, x, k=3)[1], [0, 2, 1])


@pytest.mark.parametrize("is_ascend", [True, False])
@pytest.mark.parametrize(("k", "axis"), [(2, -1), (3, 0), (1, 1)])
def test_topk(k, axis, is_ascend):
    values, indices = run(relay.topk, X, k=k, axis=axis, is_ascend=is_ascend)
    np.testing.assert_array_equal(values, torch.from_numpy(X).topk(k, axis, largest=not is_ascend).values)
    np.testing.assert_array_equal(np.take_along_axis(X, indices, axis), values)
    np.testing.assert_array_equal(run(relay.topk, X, k=k, axis=axis, ret_type="values", is_ascend=is_ascend), values)
    np.testing.assert_array_equal(run(relay.topk, X, k=k, axis=axis, ret_type="indices", is_ascend=is_ascend), indices)


def test_topk_of_all():
    assert len(relay.topk(relay.var("x", shape=(4,)))) == 2
    np.testing.assert_array_equal(run(relay.topk, X[0, 0], k=0, ret_type="values"), np.sort(X[0, 0])[::-1])


def test_what_is_refused():
    x = relay.var("x", shape=(2, 3))
    with pytest.raises(ValueError, match="^topk returns 'values', 'indices' or 'both', not 'all'"):
        relay.topk(x, ret_type="all")
    with pytest.raises(TypeError, match="topk is asked for 9 of the 3 elements of axis -1"):
        type_of(relay.topk(x, k=9).astuple())
    with pytest.raises(TypeError, match="axis 2 is outside a tensor of rank 2"):
        type_of(relay.sort(x, axis=2))
    with pytest.raises(TypeError, match="^axis is None: give integers"):
        relay.argsort(x, axis=None)
