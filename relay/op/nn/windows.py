"""Windows that slide over the spatial axes of an image: what convolution and pooling share.

Sizes, strides, dilations and paddings are given as Relay's users give them, for 1, 2 or 3 spatial axes, and brought to
one form here. Padding is all the numbers before, then all those after: `[top, left, bottom, right]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

# The spatial axes, and what the data is called, by the number of these axes.
AXES = {1: "width", 2: "height, width", 3: "depth, height, width"}
DATA = {1: "NCW", 2: "NCHW", 3: "NCDHW"}


def _numbers(value: Any) -> tuple[int, ...]:
    return (int(value),) if isinstance(value, int | np.integer) else tuple(int(v) for v in value)


def sizes(value: Any, rank: int) -> tuple[int, ...]:
    """One number for each of `rank` spatial axes; a single number stands for all. Raises `ValueError` otherwise."""
    values = _numbers(value)
    _check_count(f"{values}", len(values), {1, rank})
    return values * (rank // len(values))


def one_or_both(value: Any) -> tuple[int, ...]:
    """The padding of one axis, one number or two as it is given: `nn.conv1d_transpose` shows it so in the text.

    Raises `ValueError` for another count.
    """
    around(value, 1)
    return _numbers(value)


def around(value: Any, rank: int) -> tuple[int, ...]:
    """`2 * rank` numbers, all those before and then all those after, from 1, `rank` or `2 * rank` of them.

    Raises `ValueError` for another count.
    """
    values = _numbers(value)
    _check_count(f"the padding {values}", len(values), {1, rank, 2 * rank})
    return values * (2 * rank // len(values))


def _check_count(what: str, count: int, allowed: set[int]) -> None:
    if count not in allowed:
        raise ValueError(f"{what} has {count} numbers: give {' or '.join(map(str, sorted(allowed)))}")


def pairs(value: Sequence[int], rank: int) -> list[tuple[int, int]]:
    """The padding before and after each spatial axis."""
    both = around(value, rank)
    return list(zip(both[:rank], both[rank:], strict=True))


def reach(size: Sequence[int], dilation: Sequence[int]) -> tuple[int, ...]:
    """How far a window reaches along each axis, holes included."""
    return tuple((n - 1) * d + 1 for n, d in zip(size, dilation, strict=True))


def output_size(
    image: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
    dilation: Sequence[int],
    pad: Sequence[int],
    ceil_mode: bool = False,
) -> tuple[int, ...]:
    """How many windows fit along each axis; with `ceil_mode` a last one may stand out beyond the padded image.

    Raises `TypeError` where not even one fits.
    """
    rank = len(window)
    strides, dilation = sizes(strides, rank), sizes(dilation, rank)
    found = []
    for n, far, s, (before, after) in zip(image, reach(window, dilation), strides, pairs(pad, rank), strict=True):
        if min(before, after) < 0:
            raise TypeError(f"the padding {list(pad)} is negative: use relay.strided_slice to cut an image")
        if n + before + after < far:
            raise TypeError(f"a window that reaches over {far} does not fit on {n} padded by {before} and {after}")
        found.append((n + before + after - far + (s - 1 if ceil_mode else 0)) // s + 1)
    return tuple(found)


def padded(data: np.ndarray, pad: Sequence[int], value: Any = 0, more: Sequence[int] | None = None) -> np.ndarray:
    """`data` (batch, channels, spatial axes) with `value` around it, and `more` of it after each spatial axis."""
    width = pairs(pad, data.ndim - 2)
    if more is not None:
        width = [(before, after + extra) for (before, after), extra in zip(width, more, strict=True)]
    if not any(map(any, width)):
        return data
    return np.pad(data, [(0, 0), (0, 0), *width], constant_values=value)


def sliding(
    data: np.ndarray, window: Sequence[int], strides: Sequence[int], dilation: Sequence[int], count: Sequence[int]
) -> np.ndarray:
    """A view of padded `data`: its leading axes, `count` windows on each spatial axis, then the windows' own axes."""
    lead, axes = data.ndim - len(window), tuple(range(data.ndim - len(window), data.ndim))
    views = np.lib.stride_tricks.sliding_window_view(data, reach(window, dilation), axis=axes)
    starts = [slice(0, (n - 1) * s + 1, s) for n, s in zip(count, strides, strict=True)]
    steps = [slice(None, None, d) for d in dilation]
    return views[(slice(None),) * lead + (*starts, *steps)]
