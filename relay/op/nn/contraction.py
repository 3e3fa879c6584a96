"""Matrix products as the references compute them: floats in float32 or wider, integers exactly.

NumPy multiplies integer matrices with plain loops. As long as no sum can leave the integers that a float holds
exactly (2**24 in float32, 2**53 in float64), the same product by BLAS has the same bits and is many times faster.
"""

from __future__ import annotations

import numpy as np

_EXACT = ((2**24, np.float32), (2**53, np.float64))


def matmul(a: np.ndarray, b: np.ndarray, dtype: str) -> np.ndarray:
    """`a @ b` with both cast to `dtype` first and the result in it; integers that do not fit wrap around."""
    a, b = a.astype(dtype, copy=False), b.astype(dtype, copy=False)
    engine = _engine(a, b)
    product = np.matmul(a.astype(engine, copy=False), b.astype(engine, copy=False))
    if np.dtype(dtype).kind in "iu" and product.dtype.kind == "f":
        product = product.astype(np.int64)  # from where a narrower integer takes the low bits
    return product.astype(dtype, copy=False)


def _engine(a: np.ndarray, b: np.ndarray) -> np.dtype | type:
    if a.dtype.kind == "f":
        return np.float32 if a.dtype.itemsize < 4 else a.dtype
    largest = _magnitude(a) * _magnitude(b) * a.shape[-1]
    return next(
        (engine for limit, engine in _EXACT if largest <= limit), np.uint64 if a.dtype == np.uint64 else np.int64
    )


def _magnitude(array: np.ndarray) -> int:
    return max(abs(int(array.min())), abs(int(array.max()))) if array.size else 0
