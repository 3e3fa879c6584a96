"""What the quantizer widens to int64 is computed in int32 where its numbers fit, and clipped once."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend.narrow import narrowed

DATA = np.concatenate(
    [[-(2**31), -1, 0, 1, 2**31 - 1], np.random.default_rng(0).integers(-(2**31), 2**31, 200), np.arange(-300, 300)]
).astype("int32")
X = relay.var("x", shape=DATA.shape, dtype="int32")


def requantized(x, shift=-7, between=lambda x: x, bounds=(-127, 127), to="int32"):
    wide = relay.fixed_point_multiply(relay.cast(between(x), "int64"), 1230244864, shift)
    return relay.cast(relay.clip(wide, *bounds), to)


def both(body):
    """A function before and after the pass. They give the same numbers, bit by bit."""
    func = relay.Function([X], body)
    before = relay.transform.InferType()(tvm.IRModule.from_expr(func))
    after = relay.transform.InferType()(narrowed()(before))
    first, second = (relay.create_executor("debug", mod).evaluate()(DATA) for mod in (before, after))
    for one, other in zip(*(each if isinstance(each, tuple) else (each,) for each in (first, second)), strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    return str(after["main"])


def test_a_factor_below_one_stays_in_int32():
    text = both(requantized(X))
    assert "int64" not in text
    assert text.count("clip") == 1


def test_a_factor_above_one_stays_in_int64():
    assert "int64" in both(requantized(X, shift=1))


def test_bounds_that_int32_does_not_have_stay_in_int64():
    assert "int64" in both(requantized(X, bounds=(-(2.0**40), 2.0**40)))


@pytest.mark.parametrize("to", ["int8", "float32"])
def test_any_cast_takes_the_numbers_of_int32(to):
    assert "fixed_point_multiply(%x, multiplier=1230244864, shift=-7)" in both(requantized(X, to=to))


@pytest.mark.parametrize(
    "between, bounds, expected",
    [
        (relay.nn.relu, (-127, 127), "a_min=0f, a_max=127f"),
        (lambda x: relay.clip(x, 0, 60000.5), (-127, 127), "a_min=0f, a_max=127f"),
        (lambda x: relay.clip(x, -900, 900), (-127, 127), "a_min=-4f, a_max=4f"),
        (lambda x: relay.clip(relay.nn.relu(x), -5, 600), (1, 127), "a_min=1f, a_max=3f"),
        (lambda x: relay.clip(x, 10000, 20000), (-9, 9), "a_min=9f, a_max=9f"),
    ],
)
def test_bounds_before_are_bounds_after(between, bounds, expected):
    text = both(requantized(X, between=between, bounds=bounds))
    assert text.count("clip(") == 1 and "relu" not in text
    assert expected in text


def test_what_is_used_wide_stays_wide():
    wide = relay.fixed_point_multiply(relay.cast(X, "int64"), 1230244864, -7)
    text = both(relay.Tuple([wide, relay.cast(relay.clip(wide, -127, 127), "int8")]))
    assert text.count("fixed_point_multiply") == 2


def test_casts_to_the_same_dtype_are_left_out():
    assert "cast" not in both(relay.negative(relay.cast(X, "int32")))
