"""Two sequences: what they have in common, in order.

`common` is the longest common subsequence, by the bit-parallel method of H. Hyyrö, "Bit-Parallel LCS-length Computation
Revisited" (2004): a row of the table is one integer, and Python adds integers of ten thousand bits in a microsecond.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from itertools import accumulate

# A table of so many bits (32 MB) is kept whole; a larger one is cut in two first.
_TABLE_BITS = 1 << 28


def common(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Where the items of a longest common subsequence stand in both, in order.

    Takes time in proportion to the product of the lengths divided by the bits of a machine word, and less memory.
    """
    found: list[tuple[int, int]] = []
    stack = [(0, len(first), 0, len(second))]
    while stack:
        start, end, other, last = stack.pop()
        while start < end and other < last and first[start] == second[other]:
            found.append((start, other))
            start, other = start + 1, other + 1
        while start < end and other < last and first[end - 1] == second[last - 1]:
            end, last = end - 1, last - 1
            found.append((end, last))
        if start == end or other == last:
            continue
        if (end - start) * (last - other) <= _TABLE_BITS or last - other == 1:
            found += [(start + i, other + j) for i, j in _traced(first[start:end], second[other:last])]
        else:
            middle = (other + last) // 2
            cut = start + _cut(first[start:end], second[other:middle], second[middle:last])
            stack += [(start, cut, other, middle), (cut, end, middle, last)]
    return sorted(found)


def increasing(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """A longest run of `pairs`, sorted by their first numbers, in which the second numbers increase too."""
    ends: list[int] = []
    tails: list[int] = []
    previous: list[int | None] = []
    for at, (_, number) in enumerate(pairs):
        place = bisect_left(ends, number)
        previous.append(tails[place - 1] if place else None)
        ends[place : place + 1] = [number]
        tails[place : place + 1] = [at]
    run: list[tuple[int, int]] = []
    step = tails[-1] if tails else None
    while step is not None:
        run.append(pairs[step])
        step = previous[step]
    return run[::-1]


def _rows(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[int]:
    """For each prefix of `second` an integer: bit i is 0 where item i makes its subsequence with `first` longer."""
    places: dict[Hashable, int] = {}
    for at, item in enumerate(first):
        places[item] = places.get(item, 0) | 1 << at
    full = (1 << len(first)) - 1
    row, rows = full, []
    for item in second:
        matched = row & places.get(item, 0)
        row = (row + matched | row - matched) & full
        rows.append(row)
    return rows


def _traced(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    rows = _rows(first, second)
    found = []
    i, j = len(first) - 1, len(second) - 1
    while i >= 0 and j >= 0:
        if rows[j] >> i & 1:
            i -= 1
        elif j and not rows[j - 1] >> i & 1:
            j -= 1
        else:
            found.append((i, j))
            i, j = i - 1, j - 1
    return found


def _cut(first: Sequence[Hashable], upper: Sequence[Hashable], lower: Sequence[Hashable]) -> int:
    """How many items of `first` belong with `upper`, the rest with `lower` (D. S. Hirschberg, 1975)."""
    forward = _lengths(first, upper)
    backward = _lengths(first[::-1], lower[::-1])[::-1]
    return max(range(len(first) + 1), key=lambda at: forward[at] + backward[at])


def _lengths(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[int]:
    """How long the common subsequence of each prefix of `first` with `second` is."""
    last = _rows(first, second)[-1]
    return list(accumulate((1 - (last >> at & 1) for at in range(len(first))), initial=0))
