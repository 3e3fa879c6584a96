"""The codes of reshape, and what does not fit."""

import numpy as np
import pytest
import set_env  # noqa: F401
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
    ],
)
def test_types_that_do_not_fit(build, message):
    with pytest.raises(TypeError, match=message):
        type_of(build(var(2, 3, 4)))


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda x: relay.reshape(x, x), TypeError, "^newshape is a Var, whose numbers are not known"),
        (lambda x: relay.reshape(x, [relay.const(3), 8]), TypeError, "^newshape has a Constant in it"),
        (lambda x: relay.reshape(x, (1.5,)), TypeError, "^newshape is 1.5: give integers"),
    ],
)
def test_arguments_that_do_not_fit(build, error, message):
    with pytest.raises(error, match=message):
        build(var(2, 3, 4))
