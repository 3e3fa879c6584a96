"""Winograd's convolution of int8 data in blocks: matrix products of int16, and sums of a few vectors around them.

    for n, y, share in T.parallel(...):                   # image, some rows of tiles, a part of the output channels
        met[place, tile, c] = Bt d B                      # 6 x 6 places; data once, for all that follows
        for o in T.serial(...):                           # `vectors` blocks of output channels
            for place in T.serial(36):
                for tiles in T.serial(...):               # as many as have room for their sums in registers
                    sums = 0
                    for c in T.serial(in / 2):            # two input channels at a time: `dot.py`
                        sums[tile, v] += met[place, tile, c] * weights[o + v, place, c]
                    products[place, tile, v] = sums[tile, v]
            result[n, o + v, y, x] = tail((At products A) / 576)

A job has so few rows that its transformed data stay in the second cache. The weights of a place are in the first one,
and come from memory in the order in which they lie there. What Lavin and Gray (2016) do for float is exact here, though
sums may wrap around (`op/nn/winograd.py`): vectors of int32 are added by one instruction, which keeps the low bits.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from tvm import tirx
from tvm.tirx.script import builder as T

from ...op.nn.windows import pairs
from ...op.nn.winograd import TAPS, TRANSFORMS, Matrix, Transform, divided
from ..target import Features
from ..te.registry import dtype_of, shape_of
from .convolution import WORTH_THREADS, Shape, two
from .dot import Dot, dot_of_words
from .registry import Kernel, Primitive, kernel
from .tail import Tail, kernel_function, stages_of
from .tiles import Tile, chosen, parts, ranked_tiles

# Bytes in a line of the caches.
_LINE = 64

# Numbers of a tile's row in groups: in rows of a matrix these have weights in common, but for a factor.
_Groups = Sequence[Sequence[int]]


@kernel("nn.contrib_conv2d_winograd_without_weight_transform")
def winograd(primitive: Primitive, features: Features) -> Kernel | None:
    """The kernel for int8 with sums in int32; None for other dtypes and layouts, and where no step takes int16."""
    stages, shape = stages_of(primitive), _shape(primitive)
    dot = None if shape is None else dot_of_words(shape.lanes, features)
    if stages is None or shape is None or dot is None:
        return None
    by = TRANSFORMS[primitive.call.attrs.tile_size]
    rows = _rows(shape, by, features.l2)
    room = functools.partial(dot.room, features.registers)
    cycles = dot.cycles(min(1.0, shape.lanes / features.lanes), shares=False)
    ranked = ranked_tiles(1, rows * _tiles(shape, by)[1], shape.out_blocks, room, False, cycles)
    tile = chosen(ranked, primitive.choice)
    with kernel_function(primitive, stages) as (builder, tail):
        _Loops(shape, by, dot, rows, tile, tail, features.cores).write()
    path = f"winograd, {dot.name}, {tile}"
    products = math.prod(_tiles(shape, by)) * by.taken**2 * shape.channels * shape.out_blocks * shape.lanes
    return Kernel(builder.get(), path, 2 * shape.batch * products, [asdict(each) for each in ranked])


def _shape(primitive: Primitive) -> Shape | None:
    """The numbers of a convolution whose data and transformed weight are inputs of the function; None for others."""
    data, weight = primitive.args
    attrs, made = primitive.call.attrs, primitive.result
    dtypes = dtype_of(data), dtype_of(weight), dtype_of(made)
    if dtypes != ("int8", "int16", "int32") or not all(arg in primitive.inputs for arg in primitive.args):
        return None
    inner, lanes = shape_of(data)[-1], shape_of(made)[-1]
    layouts = (f"NCHW{inner}c", f"NCHW{lanes}c", f"OHWI{lanes}o2i")
    if (attrs.data_layout, attrs.out_layout or attrs.data_layout, attrs.kernel_layout) != layouts or inner % 2:
        return None
    batch, blocks, *image = shape_of(data)[:4]
    (top, _), (left, _) = pairs(attrs.padding, 2)
    return Shape(
        batch=batch,
        groups=1,
        channels=blocks * inner,
        in_blocks=blocks,
        inner=inner,
        out_blocks=shape_of(made)[1],
        lanes=lanes,
        image=two(image),
        result=two(shape_of(made)[2:4]),
        kernel=(TAPS, TAPS),
        strides=(1, 1),
        dilation=(1, 1),
        before=(top, left),
    )


def _tiles(shape: Shape, by: Transform) -> tuple[int, int]:
    """How many tiles the result has, down and across."""
    rows, columns = shape.result
    return -(-rows // by.tile), -(-columns // by.tile)


def _rows(shape: Shape, by: Transform, l2: int) -> int:
    """Rows of tiles for a job, the same for all: as many as half of the second cache holds the transformed data of.

    More, where a job reads so many weights that it matters: an eighth of their bytes. A row that was computed twice, to
    have the same number in each, would cost more than too few rows do.
    """
    down, across = _tiles(shape, by)
    each = across * by.taken**2 * shape.channels * 2
    weights = by.taken**2 * shape.channels * shape.out_blocks * shape.lanes * 2
    most = max(1, max(l2 // 2, weights // 8) // each)
    return max(rows for rows in range(1, min(down, most) + 1) if down % rows == 0)


class _Loops:
    """Writes the loops, inside of the frame of their function."""

    def __init__(self, shape: Shape, by: Transform, dot: Dot, rows: int, tile: Tile, tail: Tail, threads: int) -> None:
        self.shape, self.by, self.dot, self.rows, self.tile = shape, by, dot, rows, tile
        self.tail, self.threads = tail, threads
        self.places = by.taken**2
        self.down, self.across = _tiles(shape, by)
        self.tiles = rows * self.across

    def write(self) -> None:
        """All of it: a job computes some rows of tiles of a part of the channels."""
        shape, vectors = self.shape, self.tile.vectors
        self.data, weight = map(self.tail.buffer, self.tail.primitive.args)
        run = shape.channels * shape.lanes
        self.weight = T.decl_buffer((shape.out_blocks, self.places, run), "int16", data=weight.data)
        bands, groups = self.down // self.rows, shape.out_blocks // vectors
        shares = self._shares(shape.batch * bands, groups)
        jobs = shape.batch * bands * shares
        threads = self.threads > 1 and jobs > 1 and shape.operations >= WORTH_THREADS
        with (T.parallel if threads else T.serial)(jobs) as job:
            n, first, share = job // (bands * shares), T.Bind(job // shares % bands * self.rows), job % shares
            self.met = T.alloc_buffer((self.places, _apart(self.tiles * shape.channels, 2)), "int16")
            self.products = T.alloc_buffer((self.places, _apart(self.tiles * vectors * shape.lanes, 4)), "int32")
            self._each_tile(first, functools.partial(self._meet, n))
            with T.serial(groups // shares) as k:
                o = T.Bind((share * (groups // shares) + k) * vectors)
                self._multiply(o)
                self._each_tile(first, functools.partial(self._finish, n, o))

    def _shares(self, jobs: int, groups: int) -> int:
        """Into how many parts the output channels are shared out: so few that all threads have the same to do."""
        if jobs >= 4 * self.threads:
            return 1
        return next((k for k in range(1, groups + 1) if groups % k == 0 and jobs * k % self.threads == 0), 1)

    def _each_tile(self, first: Any, work: Callable[[Any, Any, Any], None]) -> None:
        """`work(tile, y, x)` for each tile of a job: its number, and its first row and column of the result."""
        with T.serial(self.rows) as row, T.serial(self.across) as column:
            work(row * self.across + column, (first + row) * self.by.tile, column * self.by.tile)

    def _meet(self, n: Any, tile: Any, y: Any, x: Any) -> None:
        """The transformed data of a tile, for all channels."""
        shape, taken = self.shape, self.by.taken
        row, column = (at - before for at, before in zip((y, x), shape.before, strict=True))
        rows, columns = (_inside(at, taken, size) for at, size in zip((row, column), shape.image, strict=True))
        with T.serial(shape.in_blocks) as c:
            pixels = T.alloc_buffer((self.places * shape.inner,), "int16", scope="local")
            is_cut = tirx.any(rows.extent < taken, columns.extent < taken)
            with T.If(is_cut), T.Then(), T.serial(self.places) as place:
                zeros = T.Broadcast(tirx.const(0, "int16"), shape.inner)
                T.buffer_store(pixels, zeros, [_vector(place, shape.inner)])
            with _over(rows) as r, _over(columns) as k:
                number = self.data[n, c, row + r, column + k, _vector(0, shape.inner)]
                at = _vector(r * taken + k, shape.inner)
                T.buffer_store(pixels, number.astype(f"int16x{shape.inner}"), [at])
            vectors = [pixels[_vector(place, shape.inner)] for place in range(self.places)]
            for place, value in enumerate(_on_both_sides(self.by.data, vectors, _every_second(taken))):
                at = T.Ramp(tile * shape.channels + c * shape.inner, 1, shape.inner)
                T.buffer_store(self.met, value, [place, at])

    def _multiply(self, o: Any) -> None:
        """The products of transformed data and weights, for some blocks of output channels."""
        with T.serial(self.places) as place:
            for size, run in itertools.groupby(parts(self.tiles, self.tile.width), key=lambda part: part[1]):
                starts = [start for start, _ in run]
                with T.serial(len(starts)) as k:
                    self._multiply_tiles(o, place, starts[0] + k * size, size)

    def _multiply_tiles(self, o: Any, place: Any, first: Any, size: int) -> None:
        dot, shape, vectors = self.dot, self.shape, self.tile.vectors
        sums = T.alloc_buffer((size * vectors * shape.lanes,), dot.sums, scope="local")
        for k in range(size * vectors):
            T.buffer_store(sums, dot.vector(0), [_vector(k, shape.lanes)])
        with T.serial(shape.channels // dot.group) as step:
            at = _vector(step, shape.lanes * dot.group)
            weights = [dot.weights(T.Bind(self.weight[o + v, place, at])) for v in range(vectors)]
            for k in range(size):
                numbers = dot.broadcast(self.met, [place, (first + k) * shape.channels + step * dot.group])
                for v in range(vectors):
                    lanes = _vector(k * vectors + v, shape.lanes)
                    T.buffer_store(sums, dot.add(sums[lanes], numbers, weights[v]), [lanes])
        for k in range(size * vectors):
            value = sums[_vector(k, shape.lanes)]
            T.buffer_store(self.products, value, [place, _vector(first * vectors + k, shape.lanes)])

    def _finish(self, n: Any, o: Any, tile: Any, y: Any, x: Any) -> None:
        """The pixels of a tile, and what follows on them."""
        lanes, side = self.shape.lanes, self.by.tile
        rows, columns = (_inside(at, side, size) for at, size in zip((y, x), self.shape.result, strict=True))
        with T.serial(self.tile.vectors) as v:
            at = _vector(tile * self.tile.vectors + v, lanes)
            products = [T.Bind(self.products[place, at]) for place in range(self.places)]
            start = T.alloc_buffer((lanes,), self.dot.sums, scope="local")
            with T.vectorized(lanes) as lane:
                T.buffer_store(start, self.tail.start((n, o + v, y, x, lane)), [lane])
            pixels = T.alloc_buffer((side * side * lanes,), self.dot.sums, scope="local")
            for k, value in enumerate(_on_both_sides(self.by.result, products, _neighbours(self.by.taken))):
                pixel = divided(value, self.by, self._cast) + start[_vector(0, lanes)]
                T.buffer_store(pixels, pixel, [_vector(k, lanes)])
            with _over(rows) as r, _over(columns) as k, T.vectorized(lanes) as lane:
                self.tail.store((n, o + v, y + r, x + k, lane), pixels[(r * side + k) * lanes + lane])

    def _cast(self, value: Any, dtype: str) -> Any:
        lanes = self.shape.lanes
        if isinstance(value, int):
            return T.Broadcast(tirx.const(value, dtype), lanes)
        return value.astype(f"{dtype}x{lanes}")


@dataclass(frozen=True)
class _Range:
    """So many numbers from the first one on; none where it is less than one."""

    first: Any
    extent: Any


def _inside(at: Any, count: int, size: int) -> _Range:
    """Which of `count` numbers from `at` on, counted from there, are from 0 to `size`."""
    first = T.Bind(tirx.max(0, -at))
    return _Range(first, T.Bind(tirx.min(count, size - at) - first))


@contextmanager
def _over(numbers: _Range) -> Iterator[Any]:
    with T.serial(numbers.first, numbers.first + numbers.extent) as k:
        yield k


def _apart(count: int, size: int) -> int:
    """At least `count` numbers of so many bytes: an odd number of cache lines.

    What is for one tile then lies in another set of the first cache for each place.
    """
    return (-(-count * size // _LINE) | 1) * _LINE // size


def _vector(at: Any, lanes: int) -> Any:
    """Where a vector of so many numbers is."""
    return T.Ramp(at * lanes, 1, lanes)


def _every_second(count: int) -> _Groups:
    """For the data's matrix: rows for opposite points have the same even columns, and odd ones of the other sign."""
    return [range(0, count, 2), range(1, count, 2)]


def _neighbours(count: int) -> _Groups:
    """For the result's matrix: columns for opposite points are the same in each second row, and opposite in others."""
    return [[0], *([k, k + 1] for k in range(1, count - 1, 2)), [count - 1]]


def _on_both_sides(matrix: Matrix, tile: Sequence[Any], groups: _Groups) -> list[Any]:
    """`matrix @ tile @ matrix.T` of vectors, row by row."""
    width = len(matrix[0])
    half = [_product(matrix, tile[k : k + width], groups) for k in range(0, len(tile), width)]
    columns = [_product(matrix, column, groups) for column in zip(*half, strict=True)]
    return list(itertools.chain(*zip(*columns, strict=True)))


def _product(matrix: Matrix, values: Sequence[Any], groups: _Groups) -> list[Any]:
    """`matrix @ values`; what the same group adds up to in two rows, but for a factor, is computed once."""
    known: dict[Any, Any] = {}

    def part(group: Sequence[int], weights: Sequence[int]) -> tuple[int, Any]:
        factor = int(math.copysign(math.gcd(*weights), next(filter(None, weights))))
        key = (*group, *(weight // factor for weight in weights))
        if key not in known:
            known[key] = T.Bind(_sum(key[len(group) :], [values[k] for k in group]))
        return factor, known[key]

    found = []
    for row in matrix:
        met = [group for group in groups if any(row[k] for k in group)]
        factors, sums = zip(*(part(group, [row[k] for k in group]) for group in met), strict=True)
        found.append(T.Bind(_sum(factors, sums)))
    return found


def _sum(weights: Sequence[int], values: Sequence[Any]) -> Any:
    """The sum of vectors with whole weights, not all of them zero."""
    plus = [_times(value, weight) for weight, value in zip(weights, values, strict=True) if weight > 0]
    minus = [_times(value, -weight) for weight, value in zip(weights, values, strict=True) if weight < 0]
    if not plus:
        plus, minus = [-minus[0]], minus[1:]
    return functools.reduce(operator.sub, minus, functools.reduce(operator.add, plus))


def _times(value: Any, weight: int) -> Any:
    element, _, lanes = dtype_of(value).partition("x")
    return value if weight == 1 else value * T.Broadcast(tirx.const(weight, element), int(lanes))
