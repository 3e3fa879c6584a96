"""Shapes and orders: the NumPy references against NumPy and PyTorch, the codes of reshape, and what is refused."""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from tvm import relay

from .reference import run, type_of

X = np.arange(24, dtype="float32").reshape(2, 3, 4)


def var(*shape, dtype="float32", name="x"):
    return relay.var(name, shape=shape, dtype=dtype)


@pytest.mark.parametrize(
    ("shape", "newshape", "expected"),
    [
        ((2, 3, 4), (6, 4), (6, 4)),
        ((2, 3, 4), 24, (24,)),
        ((2, 3, 4), (-1,), (24,)),
        ((2, 3, 4), (4, 0, 2), (4, 3, 2)),
        ((2, 3, 4), (0, -1), (2, 12)),
        ((2, 3, 4), (6, 1, -2), (6, 1, 4)),
        ((2, 3, 4), (-2,), (2, 3, 4)),
        ((2, 3, 4), (-2, 1, 1), (2, 3, 4, 1, 1)),
        ((2, 3, 4, 5), (-3, -3), (6, 20)),
        ((2, 3, 4), (0, -3), (2, 12)),
        ((2, 3, 4), (-4, 1, 2, -2), (1, 2, 3, 4)),
        ((2, 3, 4), (2, -4, -1, 3, -2), (2, 1, 3, 4)),
        ((2, 8, 4), (0, -4, 2, -1, 0), (2, 2, 4, 4)),
        ((0, 3), (0, -1), (0, 3)),
        ((0, 3), (-1, 3), (0, 3)),
        ((), (1, 1), (1, 1)),
        ((1,), (), ()),
    ],
)
def test_reshape(shape, newshape, expected):
    x = np.arange(np.prod(shape, dtype=int), dtype="float32").reshape(shape)
    np.testing.assert_array_equal(run(relay.reshape, x, newshape=newshape), x.reshape(expected))


def test_reshape_takes_a_constant_and_zero_sizes():
    np.testing.assert_array_equal(run(relay.reshape, X, newshape=relay.const([6, 4])), X.reshape(6, 4))
    assert type_of(relay.reshape(var(2, 0, 3), (3, 0), allowzero=True)) == "Tensor[(3, 0), float32]"


def test_reshape_from_the_right():
    assert run(relay.reverse_reshape, np.zeros((10, 5, 4), "float32"), newshape=(-1, 0)).shape == (50, 4)
    assert run(relay.reshape, np.zeros((10, 5, 4), "float32"), newshape=(-1, 0)).shape == (40, 5)


def test_reshape_like():
    assert run(relay.reshape_like, X, np.zeros((4, 6), "int8")).shape == (4, 6)
    like = np.zeros((1, 6, 9), "float32")
    assert run(relay.reshape_like, X, like, lhs_begin=0, lhs_end=2, rhs_begin=1, rhs_end=2).shape == (6, 4)


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
        (lambda x: relay.reshape(x, (-1, 5)), r"\(2, 3, 4\) does not reshape to \(-1, 5\): the first has 24 elements"),
        (lambda x: relay.reshape(x, (-1, -1)), "two sizes of -1: only one can be left over"),
        (lambda x: relay.reshape(x, (0, 0, 0, 0)), "too few axes for these codes"),
        (lambda x: relay.reshape(x, (-5,)), "reshape has no code -5"),
        (lambda x: relay.reshape(x, (-4, 3, 2, -2)), "an axis of size 2 does not split into 3 and 2"),
        (lambda x: relay.reshape(x, (-4, 2)), "-4 without the two sizes"),
        (lambda x: relay.reshape_like(x, var(5, name="y")), "does not reshape to"),
        (lambda x: relay.squeeze(x, axis=0), "axis 0 of a tensor of shape .* has size 2: only 1 is squeezed"),
        (lambda x: relay.expand_dims(x, 5), "axis 5 is outside a tensor of rank 4"),
        (lambda x: relay.transpose(x, (0, 0, 1)), "name each axis once"),
        (lambda x: relay.transpose(x, (1,)), "name each axis once"),
        (lambda x: relay.concatenate(x, axis=0), "the data must be a tuple of tensors"),
        (lambda x: relay.concatenate([x, var(2, 3, name="y")], axis=0), r"field 1 is Tensor\[\(2, 3\), float32\]"),
        (lambda x: relay.concatenate([x, var(2, 5, 4, name="y")], axis=0), "one dtype and shape but for axis 0"),
        (lambda x: relay.stack([x, var(2, 3, 4, dtype="int8", name="y")], axis=0), "field 1 is"),
        (lambda x: relay.split(x, 4, axis=1).astuple(), "size 3 does not split into 4 equal parts"),
        (lambda x: relay.split(x, (2, 1), axis=1).astuple(), r"size 3 does not split at \[2, 1\]"),
        (lambda x: relay.split(x, (2, 8), axis=1).astuple(), "rising indices inside it"),
        (lambda x: relay.broadcast_to(x, (2, 3, 5)), "do not broadcast"),
        (lambda x: relay.broadcast_to(x, (3, 4)), "does not broadcast to"),
        (lambda x: relay.collapse_sum_like(x, var(5, name="y")), "do not broadcast"),
        (lambda x: relay.tile(x, (0, 1)), "give numbers from 1"),
        (lambda x: relay.repeat(x, 0, 1), "give a number from 1"),
        (lambda x: relay.reverse(x, 5), "axis 5 is outside"),
        (lambda x: relay.trilu(var(3), 0), "rank 2 or more"),
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
        (lambda x: relay.reshape(x, x), TypeError, "^newshape is a Var, whose numbers are not known"),
        (lambda x: relay.reshape(x, [relay.const(3), 8]), TypeError, "^newshape has a Constant in it"),
        (lambda x: relay.reshape(x, (1.5,)), TypeError, "^newshape is 1.5: give integers"),
        (lambda x: relay.repeat(x, 2, None), TypeError, "^axis is None: give integers"),
    ],
)
def test_arguments_that_do_not_fit(build, error, message):
    with pytest.raises(error, match=message):
        build(var(2, 3, 4))
