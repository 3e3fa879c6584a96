"""The threshold of int8 that loses least information: the one of least Kullback-Leibler divergence.

    values -> histogram P -> for each threshold t: P cut at t, and Q, P in 255 steps up to t -> t of least KL(P || Q)

Source: Migacz, "8-bit Inference with TensorRT", GTC 2017, as in TVM v0.16 `FindScaleByKLMinimization`: 8001 bins, every
symmetric range around the middle one of at least 255 of them, zeros of both distributions smoothed by 0.0001. TVM sums
in float32, and many divergences are equal to the sixth digit: which is least depends on how it sums. So all 3 874 are
estimated at once in double precision, and the few that are near the least are summed as TVM does.
"""

from __future__ import annotations

import numpy as np

NUM_BINS = 8001
NUM_QUANTIZED_BINS = 255
_SMOOTHING = np.float32(0.0001)
# Thresholds estimated at a time: arrays of 256 numbers for each then stay in a core's cache.
_AT_ONCE = 400
# Far more than an estimate and the sum in float32 differ by near the least divergence.
_NEAR = 1e-4


def _find_scale_by_kl(
    arr: np.ndarray,
    quantized_dtype: str = "int8",
    num_bins: int = NUM_BINS,
    num_quantized_bins: int = NUM_QUANTIZED_BINS,
) -> float:
    """The threshold for all the values of `arr`, an array of floats of any shape.

    For "uint8" and values of which none is negative there are twice as many steps. 1.0 where all values are zero.
    Raises `ValueError` for an empty array, and for one with NaN or infinity.
    """
    if not arr.size:
        raise ValueError("there are no values to find a threshold for: give at least one")
    largest = np.abs(arr).max()
    if not np.isfinite(largest):
        raise ValueError("the values hold NaN or infinity, which have no histogram: give finite ones")
    if quantized_dtype == "uint8" and arr.min() >= 0:
        num_quantized_bins = num_quantized_bins * 2 + 1
    return find_threshold(histogram(arr, largest, num_bins), largest, num_quantized_bins)


def histogram(values: np.ndarray, largest: float | np.floating, num_bins: int = NUM_BINS) -> np.ndarray:
    """How many of `values` lie in each of `num_bins` equal bins from `-largest` to `largest`, as int64.

    Values beyond count as the last bin. `largest` 0 puts everything into the middle bin.
    """
    if not largest:
        counts = np.zeros(num_bins, "int64")
        counts[num_bins // 2] = values.size
        return counts
    reach = float(largest)
    return np.histogram(np.clip(values, -reach, reach), num_bins, (-reach, reach))[0]


def edges(largest: float | np.floating, num_bins: int) -> np.ndarray:
    """The `num_bins + 1` edges of the bins of `histogram`, as float32."""
    return np.linspace(-float(largest), float(largest), num_bins + 1, dtype="float32")


def find_threshold(
    counts: np.ndarray, largest: float | np.floating, num_quantized_bins: int = NUM_QUANTIZED_BINS
) -> float:
    """The threshold for the values whose `histogram` up to `largest` is `counts`; 1.0 where `largest` is 0."""
    if not largest:
        return 1.0
    middle = len(counts) // 2
    reaches = np.arange(num_quantized_bins // 2, middle + 1)
    blocks = np.array_split(reaches, max(len(reaches) // _AT_ONCE, 1))
    estimates = np.concatenate([estimated_divergences(counts, block, num_quantized_bins) for block in blocks])
    near = reaches[estimates <= estimates.min() + _NEAR]
    least = near[np.argmin([divergence(counts, int(reach), num_quantized_bins) for reach in near])]
    return float(edges(largest, len(counts))[middle + least + 1])


def divergence(counts: np.ndarray, reach: int, num_quantized_bins: int) -> float:
    """KL(P || Q) for the threshold `reach` bins from the middle, summed in float32 as TVM v0.16 does."""
    middle = len(counts) // 2
    start, stop = middle - reach, middle + reach + 1
    inside = counts[start:stop].astype("float32")
    inside[0] = 0  # counted as what is cut off below, and in no step of Q
    p = inside.copy()
    p[0] = counts[: start + 1].sum()
    p[-1] += counts[stop:].sum()
    width = len(p) // num_quantized_bins
    begins = np.arange(num_quantized_bins) * width
    sums = np.add.reduceat(inside, begins)
    filled = np.add.reduceat((inside != 0).astype("float32"), begins)
    steps = np.divide(sums, filled, out=np.zeros_like(sums), where=filled > 0)
    sizes = np.diff(begins, append=len(p))
    q = np.where(p != 0, np.repeat(steps, sizes), np.float32(0))
    smooth_p, smooth_q = _smooth(p), _smooth(q)
    if smooth_p is None or smooth_q is None:
        return np.inf
    p, q = (each / np.cumsum(each)[-1] for each in (smooth_p, smooth_q))
    # In double precision and then rounded: what the logarithm of C in float32 gives.
    logarithms = np.log((p / q).astype("float64")).astype("float32")
    return float(np.cumsum(p * logarithms)[-1])


def _smooth(p: np.ndarray) -> np.ndarray | None:
    """A little of what is there moved to where nothing is; None where there is too little."""
    empty = p == 0
    number = int(empty.sum())
    if number == len(p):
        return None
    taken = _SMOOTHING * np.float32(number) / np.float32(len(p) - number)
    return None if taken >= 1 else np.where(empty, _SMOOTHING, p - taken)


def estimated_divergences(counts: np.ndarray, reaches: np.ndarray, num_quantized_bins: int) -> np.ndarray:
    """`divergence` for each of `reaches`, in time that does not depend on how many bins each has.

    Within a step of Q the logarithm of Q is one number. So the sum of p log(p / q) is a sum of p log p over bins, less
    one over steps, and both are differences of running sums. Infinite where there is too little to smooth.
    """
    middle = len(counts) // 2
    start, stop = middle - reaches, middle + reaches + 1
    bounds = start[:, None] + np.arange(num_quantized_bins + 1) * ((stop - start) // num_quantized_bins)[:, None]
    bounds[:, 0] += 1
    bounds[:, -1] = stop
    below, total = counts.cumsum()[start], counts.sum()
    beyond = total - _running(counts)[stop]
    sums, filled = (np.diff(_running(each)[bounds]) for each in (counts, counts != 0))
    # What is cut off counts in P at its ends: as values of the outer steps, and as bins where these are empty.
    mass, bins = sums.astype("float64"), filled.astype("float64")
    mass[:, 0] += below
    mass[:, -1] += beyond
    bins[:, 0] += below > 0
    bins[:, -1] += (beyond > 0) & (counts[stop - 1] == 0)
    bins_of_q = np.where(filled > 0, bins, 0)
    with np.errstate(all="ignore"):
        taken_p, taken_q = (_taken(stop - start, each.sum(axis=1)) for each in (bins, bins_of_q))
        steps = np.where(filled > 0, sums / filled, 0)
        logarithms = np.log(np.where(filled > 0, steps - taken_q[:, None], _SMOOTHING))
        cross = ((mass - taken_p[:, None] * bins) * logarithms).sum(axis=1)
        ends = (below, beyond + counts[stop - 1])
        own = _entropy_terms(counts, start + 1, stop - 1, taken_p) + sum(
            np.where(end > 0, _x_log_x(end - taken_p), 0) for end in ends
        )
        found = (own - cross) / total + np.log((steps * bins_of_q).sum(axis=1) / total)
    return np.where((taken_p < 1) & (taken_q < 1), found, np.inf)


def _entropy_terms(counts: np.ndarray, start: np.ndarray, stop: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """The sums of x log x, x = count - taken, over the bins from `start` to `stop` that hold anything.

    Where the count is 1 as it is; for more by its Taylor series in `taken`, which is below 1.
    """
    several = counts > 1
    n = np.maximum(counts, 2).astype("float64")
    sums = [
        each[stop] - each[start]
        for each in (_running(np.where(several, term, 0)) for term in (_x_log_x(n), np.log(n) + 1, 1 / n, 1 / n**2))
    ]
    ones = _running(counts == 1)
    series = sums[0] - taken * sums[1] + taken**2 / 2 * sums[2] + taken**3 / 6 * sums[3]
    return series + (ones[stop] - ones[start]) * _x_log_x(1 - taken)


def _taken(bins: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """What smoothing takes from each filled bin."""
    return _SMOOTHING * (bins - filled) / filled


def _x_log_x(x: np.ndarray) -> np.ndarray:
    return x * np.log(x)


def _running(values: np.ndarray) -> np.ndarray:
    """The sums of the first 0, 1, 2, ... of the values."""
    return np.concatenate([[0], np.cumsum(values)])
