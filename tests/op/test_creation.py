"""Tensors made of a shape and a number."""

import numpy as np
import pytest
import set_env  # noqa: F401
from tvm import relay

from .reference import run, type_of

X = np.ones((2, 3), "int8")


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_zeros_and_ones(dtype):
    np.testing.assert_array_equal(run(lambda: relay.zeros((2, 3), dtype)), np.zeros((2, 3)))
    np.testing.assert_array_equal(run(lambda: relay.ones(3, dtype)), np.ones(3))
    np.testing.assert_array_equal(run(lambda: relay.ones(relay.const([2, 1]), dtype)), np.ones((2, 1)))


def test_zeros_and_ones_like_another():
    np.testing.assert_array_equal(run(relay.zeros_like, X), np.zeros((2, 3)))
    np.testing.assert_array_equal(run(relay.ones_like, X), np.ones((2, 3)))


def test_full():
    number = np.array(2.7, "float32")
    np.testing.assert_array_equal(run(relay.full, number, shape=(2,)), np.full(2, number))
    np.testing.assert_array_equal(run(relay.full, number, shape=(2,), dtype="int32"), [2, 2])
    assert run(relay.full, number) == number
    np.testing.assert_array_equal(run(relay.full_like, X, number), X * 2)


@pytest.mark.parametrize(
    ("numbers", "dtype"), [((5,), "int32"), ((1, 10, 3), "int64"), ((5, 1, -2), "int32"), ((0.5, 2.6, 0.5), "float32")]
)
def test_arange(numbers, dtype):
    result = run(lambda: relay.arange(*(relay.const(number, dtype) for number in numbers), dtype=dtype))
    np.testing.assert_allclose(result, np.arange(*numbers, dtype=dtype))


def test_arange_shows_its_numbers_twice_as_relay_does():
    text = str(relay.arange(relay.const(3.0)))
    numbers = "start=meta[relay.Constant][0], stop=meta[relay.Constant][1], step=meta[relay.Constant][2]"
    assert text.strip() == f'arange(0f, 3f, 1f, {numbers}, dtype="float32")'


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda x: relay.full(x, (2,)), r"the number to fill with has the shape \(2,\): give a scalar"),
        (lambda x: relay.full_like(x, x), "give a scalar"),
        (lambda x: relay.zeros(-1, "float32"), "no negative sizes"),
        (lambda x: relay.arange(relay.const(5.0), dtype="int32"), "stop of arange is float32 and its dtype is int32"),
        (lambda x: relay.arange(relay.const(5.0), relay.const(1.0)), "from 5.0 to 1.0 by 1.0 has no numbers"),
        (lambda x: relay.arange(relay.const(5.0), relay.const(1.0), relay.const(0.0)), "has no numbers"),
        (lambda x: relay.arange(relay.var("n", "float32")), "stop of arange is a Var, whose number is not known"),
        (lambda x: relay.arange(5), "^arange is given 5: make it a relay.const of dtype float32"),
        (lambda x: relay.zeros(x, "float32"), "^shape is a Var, whose numbers are not known"),
    ],
)
def test_what_is_refused(build, message):
    with pytest.raises((TypeError, ValueError), match=message):
        type_of(build(relay.var("x", shape=(2,))))
