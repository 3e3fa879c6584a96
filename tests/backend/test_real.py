"""`exp`, `tanh`, `erf` and `sigmoid` of float32, as vector code, against the functions in 64 bits."""

import math

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

with np.errstate(over="ignore"):
    EXACT = {
        "exp": np.exp,
        "tanh": np.tanh,
        "erf": np.vectorize(math.erf),
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    }
POINTS = np.concatenate(
    [np.linspace(-110, 110, 40_001), np.linspace(-2, 2, 40_001), np.geomspace(1e-30, 1, 500), [0.0]]
).astype("float32")


def computed(name, data, dtype="float32"):
    x = relay.var("x", shape=data.shape, dtype=dtype)
    func = relay.Function([x], getattr(relay, name)(x))
    return relay.create_executor("graph", tvm.IRModule.from_expr(func)).evaluate()(data).numpy()


@pytest.mark.parametrize("name", EXACT)
def test_within_three_units_in_the_last_place(name):
    with np.errstate(over="ignore"):
        want = EXACT[name](POINTS.astype("float64"))
    # Below the smallest normal number there are fewer places.
    unit = np.maximum(np.abs(want) * 2.0**-23, 2.0**-149)
    got = computed(name, POINTS).astype("float64")
    seen = want < np.finfo("float32").max
    assert (np.abs(got - want)[seen] <= 3 * unit[seen]).all()
    assert np.isinf(got[~seen]).all()


def test_what_lies_beyond_all_numbers():
    data = np.array([-np.inf, np.inf, np.nan], "float32")
    np.testing.assert_array_equal(computed("exp", data), np.array([0, np.inf, np.nan], "float32"))
    np.testing.assert_array_equal(computed("tanh", data), np.array([-1, 1, np.nan], "float32"))
    np.testing.assert_array_equal(computed("erf", data), np.array([-1, 1, np.nan], "float32"))
    np.testing.assert_array_equal(computed("sigmoid", data), np.array([0, 1, np.nan], "float32"))
    np.testing.assert_array_equal(computed("isnan", data), [False, False, True])


@pytest.mark.parametrize("name", EXACT)
def test_other_floats(name):
    points = np.linspace(-3, 3, 100)
    np.testing.assert_allclose(computed(name, points, "float64"), EXACT[name](points), 1e-14)
    half = points.astype("float16")
    np.testing.assert_allclose(computed(name, half, "float16"), EXACT[name](half.astype("float64")), 2e-3, 1e-3)
