"""The product of integers is exact, whichever way it is computed."""

import numpy as np
import pytest
import set_env  # noqa: F401
from tvm.relay.op.nn.contraction import matmul

from .arrays import normal

# The largest sum is just within, or just beyond, what float32 (2**24) and float64 (2**53) hold exactly.
NEAR = [
    (2**12 - 1, 2**10, 4),
    (2**12 + 1, 2**12 + 1, 1),
    (2**12 + 1, 2**12 + 1, 7),
    (2**26 - 1, 2**26, 2),
    (2**26 + 1, 2**27 + 1, 1),
    (2**26 + 1, 2**27 + 1, 3),
    (2**31 - 1, 2**31 - 1, 5),
]


@pytest.mark.parametrize(("left", "right", "inner"), NEAR)
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_sums_near_the_limits_are_exact(left, right, inner, dtype):
    a, b = np.full((2, inner), left), np.full((inner, 3), right)
    a[1, 0], b[0, 1] = -left, -right + 1
    want = [[sum(int(a[i, k]) * int(b[k, j]) for k in range(inner)) for j in range(3)] for i in range(2)]
    bits = np.iinfo(dtype).bits
    wrapped = [[(value + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1) for value in row] for row in want]
    np.testing.assert_array_equal(matmul(a, b, dtype), np.array(wrapped, dtype))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "uint64"])
def test_narrow_results_keep_the_low_bits(dtype):
    a, b = normal(3, 500, dtype="int8"), normal(500, 4, dtype="int8", seed=1)
    np.testing.assert_array_equal(matmul(a, b, dtype), (a.astype("int64") @ b.astype("int64")).astype(dtype))


def test_the_smallest_int8_squared_fills_float32_exactly():
    a = np.full((1, 1024), -128, "int8")  # 2**24 in all
    assert matmul(a, a.T, "int32").item() == 2**24


def test_nothing_to_sum_is_zero():
    assert (matmul(np.ones((2, 0), "int8"), np.ones((0, 3), "int8"), "int32") == np.zeros((2, 3))).all()


def test_floats_of_16_bits_are_summed_in_32():
    a = np.full((1, 4096), 0.1, "float16")
    assert abs(matmul(a, a.T, "float16").item() - 4096 * float(a[0, 0]) ** 2) < 0.05
