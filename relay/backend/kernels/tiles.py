"""How a kernel cuts its work: which part of the result is computed at once in registers.

A tile is `rows x width` pixels of `vectors` blocks of channels each. In each step a processor loads `vectors` vectors
of weights and a number of each pixel, and adds to all sums. So a tile as square as can be loads least, and one that is
a whole part of a row leaves no pixels over.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TypeAlias

from .registry import Choice

# For how many pixels at once a number of vectors leaves room; for one pixel at least, if it is one vector.
Room: TypeAlias = Callable[[int], int]
# So many blocks of channels at most.
_MOST_VECTORS = 8
_UNEVEN = 1.15


@dataclass(frozen=True)
class Cycles:
    """What a processor takes for a vector of sums (`add`), and for a number of the data in all lanes (`fetch`).

    Both go on at once. But of the latter, `load` does not hide behind the former. A vector of weights takes `read` of
    the time in which data are fetched, and `open` in which nothing else goes on. After `wait`, a sum can be added to
    again. A cycle is what a whole vector of sums takes.
    """

    add: float
    fetch: float
    load: float
    read: float = 0.0
    open: float = 2.0
    wait: float = 4.0


@dataclass(frozen=True)
class Tile:
    """What is computed at once: `width` pixels of `rows` rows, `vectors` blocks of channels; `merged` rows are one."""

    width: int
    rows: int = 1
    vectors: int = 1
    merged: int = 1

    def __str__(self) -> str:
        return f"{self.rows}x{self.width}x{self.vectors}"


def parts(total: int, most: int) -> list[tuple[int, int]]:
    """`total` cut into as few parts of at most `most` as can be, even ones: where each starts, and its size."""
    count = -(-total // most)
    size, more = divmod(total, count)
    sizes = [size + 1] * more + [size] * (count - more)
    return list(zip(itertools.accumulate([0, *sizes]), sizes))


def ranked_tiles(rows: int, width: int, blocks: int, room: Room, mergeable: bool, cycles: Cycles) -> Sequence[Tile]:
    """The tiles that there is room for, those that cost least first."""
    # Tiles of two sizes are two loops in a row, and LLVM then spills sums where operands take several instructions.
    uneven = _UNEVEN if mergeable and cycles.fetch > 1 else 1.0
    return sorted(tiles(rows, width, blocks, room, mergeable), key=lambda tile: _cost(tile, width, cycles, uneven))


def chosen(ranked: Sequence[Tile], choice: Choice | None) -> Tile:
    """The tile that a choice is for; the first one where there is none or it is for no tile of these."""
    return next((tile for tile in ranked if asdict(tile) == choice), ranked[0])


def tiles(rows: int, width: int, blocks: int, room: Room, mergeable: bool) -> Iterator[Tile]:
    """The tiles to choose from, for a result of `rows x width` pixels and that many blocks of channels."""
    for vectors in _divisors(blocks, _MOST_VECTORS):
        if not (most := room(vectors)):
            continue
        for merged in _divisors(rows, rows) if mergeable else (1,):
            yield Tile(parts(width * merged, most)[0][1], 1, vectors, merged)
        if not mergeable and most >= 2 * width and rows > 1:
            yield Tile(width, min(rows, most // width), vectors)


def _divisors(number: int, most: int) -> Sequence[int]:
    return [k for k in range(1, most + 1) if number % k == 0]


def _cost(tile: Tile, width: int, cycles: Cycles, uneven: float) -> float:
    """Cycles of a step for each vector of sums; `uneven` times as many where tiles have two sizes.

    Many blocks of weights, far apart in memory, fall into the same sets of the first cache.
    """
    row = width * tile.merged

    def of_part(pixels: int) -> float:
        fetched = pixels * cycles.fetch + tile.vectors * cycles.read
        busy = max(pixels * tile.vectors * cycles.add, fetched, cycles.wait)
        return busy + cycles.load * pixels + (cycles.open * tile.vectors + 1) * cycles.add

    sizes = [size for _, size in parts(row, tile.width)]
    total = sum(of_part(size * tile.rows) for size in sizes)
    return (uneven if len(set(sizes)) > 1 else 1.0) * total / (row * tile.rows * tile.vectors)
