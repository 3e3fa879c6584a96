"""Arrays for the tests of operators, and how two of them are compared."""

from typing import Any

import numpy as np
import set_env  # noqa: F401
from tvm import relay


def normal(*shape: int, dtype: str = "float32", seed: int = 0) -> np.ndarray:
    """Normal numbers; for an integer dtype any of its numbers, all alike."""
    generator = np.random.default_rng(seed)
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        return generator.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    return generator.standard_normal(shape).astype(dtype)


def close(got: np.ndarray, want: Any, tolerance: float = 1e-5) -> None:
    """Assert that two arrays agree, to so many parts of the largest number."""
    want = np.asarray(want)
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(want).max())))


def variables(*shapes: tuple[int, ...], dtype: str = "float32") -> list[relay.Var]:
    """A variable for each shape."""
    return [relay.var(f"x{i}", shape=shape, dtype=dtype) for i, shape in enumerate(shapes)]
