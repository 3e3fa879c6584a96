"""Several tensors in one and back: the NumPy references against NumPy and PyTorch, and what is refused."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from tvm import relay

from .reference import run, type_of

X = np.arange(24, dtype="float32").reshape(2, 3, 4)


def var(*shape, dtype="float32", name="x"):
    return relay.var(name, shape=shape, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "int8", "bool"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_concatenate_and_stack(axis, dtype):
    x, y = X.astype(dtype), (X > 5).astype(dtype)
    np.testing.assert_array_equal(run(relay.concatenate, [x, y], axis=axis), np.concatenate([x, y], axis))
    np.testing.assert_array_equal(run(relay.stack, [x, y], axis=axis), np.stack([x, y], axis))


def test_what_is_concatenated_may_come_from_one_operator():
    x = var(2, 6)
    parts = relay.split(x, 3, axis=1)
    assert type_of(relay.concatenate(parts, axis=0)) == "Tensor[(6, 2), float32]"
    assert type_of(relay.concatenate(parts.astuple(), axis=0)) == "Tensor[(6, 2), float32]"
    assert type_of(relay.concatenate(relay.Tuple([x, x]), axis=0)) == "Tensor[(4, 6), float32]"
    assert type_of(relay.concatenate((x, x), axis=0)) == "Tensor[(4, 6), float32]"


@pytest.mark.parametrize(("sections", "axis"), [(3, 1), ((1, 2), 1), ([1], -1), ((), 0)])
def test_split(sections, axis):
    parts = relay.split(var(2, 3, 4), sections, axis=axis)
    theirs = np.split(X, sections, axis)
    assert len(parts) == len(theirs)
    for ours, part in zip(run(lambda x: relay.split(x, sections, axis), X), theirs, strict=True):
        np.testing.assert_array_equal(ours, part)


@pytest.mark.parametrize("indexing", ["ij", "xy"])
def test_meshgrid(indexing):
    x, y = np.arange(2, dtype="float32"), np.arange(3, dtype="float32")
    ours = run(relay.meshgrid, [x, y], indexing=indexing)
    for grid, other in zip(ours, np.meshgrid(x, y, indexing=indexing), strict=True):
        np.testing.assert_array_equal(grid, other)


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("bij,bkj->bik", [(2, 3, 4), (2, 5, 4)]),
        ("ii->i", [(3, 3)]),
        ("i,i->", [(3,), (3,)]),
    ],
)
def test_einsum(equation, shapes):
    arrays = [np.random.default_rng(0).normal(size=shape).astype("float32") for shape in shapes]
    theirs = torch.einsum(equation, *map(torch.from_numpy, arrays))
    np.testing.assert_allclose(run(relay.einsum, arrays, equation=equation), theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: relay.concatenate(x, axis=0), "the data must be a tuple of tensors"),
        (lambda x: relay.concatenate([x, var(2, 3, name="y")], axis=0), r"field 1 is Tensor\[\(2, 3\), float32\]"),
        (lambda x: relay.concatenate([x, var(2, 5, 4, name="y")], axis=0), "one dtype and shape but for axis 0"),
        (lambda x: relay.stack([x, var(2, 3, 4, dtype="int8", name="y")], axis=0), "field 1 is"),
        (lambda x: relay.split(x, 4, axis=1).astuple(), "size 3 does not split into 4 equal parts"),
        (lambda x: relay.split(x, (2, 1), axis=1).astuple(), r"size 3 does not split at \[2, 1\]"),
        (lambda x: relay.split(x, (2, 8), axis=1).astuple(), "rising indices inside it"),
        (lambda x: relay.meshgrid([x]).astuple(), "of rank 1"),
        (lambda x: relay.einsum([x], "ij->i"), "not of one dtype or rank"),
        (lambda x: relay.einsum([x, x], "ijk,jkl->i"), "has the sizes"),
        (lambda x: relay.einsum([x], "ijk->z"), "gives an axis that no tensor has"),
        (lambda x: relay.einsum([x], "ijk,k->i"), "does not name the axes of 1 tensors"),
    ],
)
def test_types_that_do_not_fit(build, message):
    with pytest.raises(TypeError, match=message):
        type_of(build(var(2, 3, 4)))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda x: relay.concatenate([], axis=0), ValueError, "^concatenate is given no tensors"),
        (lambda x: relay.stack([], axis=0), ValueError, "^stack is given no tensors"),
        (lambda x: relay.meshgrid([x], indexing="yx"), ValueError, "^meshgrid's indexing is 'ij' or 'xy'"),
    ],
)
def test_arguments_that_do_not_fit(build, error, message):
    with pytest.raises(error, match=message):
        build(var(2, 3, 4))
