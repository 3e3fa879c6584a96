"""How long a kernel takes by itself, on this machine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import tvm

from ..ty import TensorType
from .describe import Made

# A time is the mean of as many calls as take this long.
_LEAST_S = 2e-3


def seconds(function: Any, kernel: Made, times: int) -> Sequence[float]:
    """What each of several calls of a compiled kernel takes, on numbers of no meaning."""
    rng = np.random.default_rng(0)
    given = [_tensor(ty, rng) for ty in (*kernel.inputs, *kernel.outputs)]
    calls = max(1, round(_LEAST_S / max(_repeated(function, given, 2), 1e-7)))
    return [_repeated(function, given, calls) for _ in range(times)]


def _repeated(function: Any, given: Sequence[Any], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        function(*given)
    return (time.perf_counter() - start) / calls


def _tensor(ty: TensorType, rng: np.random.Generator) -> Any:
    shape, dtype = ty.concrete_shape, np.dtype(ty.dtype)
    if dtype.kind == "f":
        return tvm.runtime.tensor(rng.standard_normal(shape).astype(dtype))
    return tvm.runtime.tensor(rng.integers(0, 2 if dtype.kind == "b" else 64, shape).astype(dtype))
