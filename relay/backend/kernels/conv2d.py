"""Convolution of data with its channels in blocks, computed directly: no matrix of windows, no padded copy.

    for n, o, y in T.parallel(...):                       # image, `vectors` blocks of output channels, rows
        for x in T.serial(out_width / width):             # a tile: its sums stay in registers
            sums = 0
            for c, ky in T.grid(in_blocks, kernel_height):      # only rows inside the image
                for s in T.serial(kernel_width * in_block):     # one run of memory, in data and in weights
                    sums[pixel, v] += data[c, y + ky, x + pixel, s] * weights[o + v, c, ky, s]
            result[n, o + v, y, x + pixel] = tail(sums[pixel, v])

Where a tile has few pixels, and its weights do not fit into the first cache, all rows are gone through for a part of
`c` before the next part: `held[…] = sums` then stands in the place of the tail.

Pixels of a tile for which a column of the kernel lies outside the image are left out when the code is written: the
tiles at the edges of a row have code of their own. A kernel of one pixel takes several rows as one.

The plan is that of Georganas et al., "Anatomy of high-performance deep learning convolutions on SIMD architectures",
2018, with TVM's blocked layouts (Liu et al., "Optimizing CNN model inference on CPUs", 2019).
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

from tvm import te, tirx
from tvm.tirx.script import builder as T

from ..target import Features
from ..te.registry import dtype_of
from .convolution import WORTH_THREADS, Shape, shape_of_convolution
from .dot import GROUP, Dot, dot_of
from .registry import Kernel, Primitive, kernel
from .tail import Tail, kernel_function, stages_of
from .tiles import Tile, chosen, parts, ranked_tiles

# Data so many bytes apart fall into one set of the first cache, which holds eight lines. One is for weights.
_SAME_SET, _WAYS = 4096, 8

# So many pixels are added to while the second cache of a processor gives the next weights, if they are float32.
_IN_TIME = 6

# A loop of fewer steps is unrolled by LLVM.
_UNROLLED_STEPS = 8


@kernel("nn.contrib_conv2d_NCHWc")
def conv2d(primitive: Primitive, features: Features) -> Kernel | None:
    """The kernel for float32, and for int8 with sums in int32; None for other dtypes and layouts."""
    stages, shape = stages_of(primitive), shape_of_convolution(primitive)
    if stages is None or shape is None:
        return None
    return written(primitive, stages, shape, features, Loops)


def written(
    primitive: Primitive, stages: Sequence[te.Tensor], shape: Shape, features: Features, loops: type[Loops]
) -> Kernel:
    """The kernel whose loops are `loops`, for a convolution or what is computed as one."""
    steps = primitive.steps if shape.inner // GROUP % primitive.steps == 0 else 1
    dot = dot_of(dtype_of(primitive.args[0]), shape.lanes, features, primitive.least, steps)
    room = functools.partial(_most_pixels, shape, dot, features)
    cycles = dot.cycles(min(1.0, shape.lanes / features.lanes), _shares_data(shape, dot))
    ranked = ranked_tiles(*shape.result, shape.made, room, shape.is_pointwise, cycles)
    tile = chosen(ranked, primitive.choice)
    with kernel_function(primitive, stages) as (builder, tail):
        made = loops(shape, dot, tile, tail, features)
        made.write()
    path = ", ".join([loops.name, dot.name, str(tile), *([f"{made.parts} parts"] if made.parts > 1 else [])])
    return Kernel(builder.get(), path, shape.operations, [asdict(each) for each in ranked])


def _most_pixels(shape: Shape, dot: Dot, features: Features, vectors: int) -> int:
    """For how many pixels a tile's sums stay in registers, with the weights of `vectors` blocks."""
    registers = features.registers // -(-shape.lanes // features.lanes)
    (_, taps), (_, stride) = shape.kernel, shape.strides
    if _shares_data(shape, dot) and features.lanes < 16:
        pixels = (registers - dot.scratch - 1 - vectors) // (vectors + 1)
    elif _shares_data(shape, dot):
        pixels = (registers - dot.scratch - 1 - vectors - (taps - stride)) // (vectors + stride)
    else:
        pixels = dot.room(registers, vectors)
    apart = stride * shape.inner * (4 if dot.group == 1 else 1)
    if apart % _SAME_SET == 0:
        pixels = min(pixels, _WAYS - 1)
    return max(pixels, int(vectors == 1))


def _shares_data(shape: Shape, dot: Dot) -> bool:
    """Whether pixels beside each other find their data in registers.

    LLVM unrolls a loop over a short row of the kernel, and then keeps all data that the pixels share.
    """
    (_, taps), (_, stride) = shape.kernel, shape.strides
    return stride < taps and taps * shape.inner // dot.group < _UNROLLED_STEPS


@dataclass(frozen=True)
class _Tap:
    """Taps of the kernel along one axis, from `first` on, that meet the same part of a tile: `inside`."""

    first: int
    count: int
    inside: Sequence[int]


def _taps(shape: Shape, axis: int, start: int, size: int) -> tuple[_Tap, ...]:
    """The taps along an axis, for `size` pixels of the result from `start` on."""

    def inside(tap: int) -> tuple[int, ...]:
        return tuple(k for k in range(size) if shape.inside(axis, tap, start + k))

    found = []
    for meets, run in itertools.groupby(range(shape.kernel[axis]), key=inside):
        taps = list(run)
        found.append(_Tap(taps[0], len(taps), meets))
    return tuple(found)


@dataclass(frozen=True)
class _Run:
    """Tiles side by side along an axis whose code is the same: `count` of them, the first at `start`."""

    start: int
    size: int
    count: int
    taps: Sequence[_Tap]


def _runs(shape: Shape, axis: int, most: int) -> list[_Run]:
    """The tiles of an axis, cut into parts of at most `most` pixels."""
    found = []
    whole = [(start, size, _taps(shape, axis, start, size)) for start, size in parts(shape.result[axis], most)]
    for (size, taps), run in itertools.groupby(whole, key=lambda part: part[1:]):
        starts = [start for start, *_ in run]
        found.append(_Run(starts[0], size, len(starts), taps))
    return found


@contextmanager
def _each(run: _Run) -> Iterator[Any]:
    """A loop over the tiles of a run; gives where the tile starts."""
    if run.count == 1:
        yield run.start
    else:
        with T.serial(run.count) as k:
            yield run.start + k * run.size


class Loops:
    """Writes the loops of a convolution, inside of the frame of its function."""

    name = "direct"

    def __init__(self, shape: Shape, dot: Dot, tile: Tile, tail: Tail, features: Features) -> None:
        self.plain, self.shape = shape, _merged(shape, tile.merged)
        self.dot, self.tile, self.tail, self.threads = dot, tile, tail, features.cores
        self.steps = shape.inner // dot.group
        self.runs = _runs(self.shape, 1, tile.width)
        self.part = self._part(features.l1)
        self.parts = self.shape.taken // self.part

    def write(self) -> None:
        """All of it: a job computes some rows of `vectors` blocks."""
        shape = self.shape
        self._views()
        groups, rows = shape.out_blocks // self.tile.vectors, shape.result[0]
        shares = self._shares(shape.batch * groups)
        with self._parallel(shape.batch * groups * shares) as job:
            n, o = job // (groups * shares), job // shares % groups * self.tile.vectors
            offsets = self.offsets(o) if self.dot.is_shifted else None
            if self.tile.rows > 1:
                for run in _runs(shape, 0, self.tile.rows):
                    with _each(run) as y:
                        self._row(n, o, y, run.size, run.taps, offsets)
            elif self.parts > 1:
                self._in_parts(n, o, job % shares * (rows // shares), rows // shares)
            else:
                with T.serial(rows // shares) as k:
                    y = job % shares * (rows // shares) + k
                    self._row(n, o, y, 1, [self._row_taps(y)], offsets)

    def _part(self, l1: int) -> int:
        """How many blocks of the data are met at a time: all, or so many that their weights stay in the first cache.

        The latter where a tile has so few pixels that weights do not come from the second cache in time.
        """
        shape, tile = self.shape, self.tile
        vectors = tile.vectors * shape.lanes * 4
        weights = shape.kernel[0] * shape.kernel[1] * self.steps * vectors
        sums = shape.result[0] * shape.result[1] * vectors
        in_time = self.dot.group > 1 or tile.rows > 1 or tile.width >= _IN_TIME
        if in_time or weights * shape.taken <= l1 or 2 * sums > l1 or shape.result == (1, tile.width):
            return shape.taken
        return max(k for k in range(1, shape.taken + 1) if shape.taken % k == 0 and (k == 1 or 3 * k * weights <= l1))

    def _views(self) -> None:
        """The data and the weight, with what is run through in one go as the last axis."""
        shape = self.shape
        data, weight = map(self.tail.buffer, self.tail.primitive.args)
        if len(data.shape) == 4 and self.dot.group > 1:
            data = self._in_fours(data)
        rows, width = shape.image
        run = shape.kernel[1] * self.steps * shape.lanes * self.dot.group
        self.data = _view(data, self.dot.dtype, (shape.batch, shape.in_blocks, rows, width * shape.inner))
        self.weight = _view(weight, self.dot.dtype, (shape.out_blocks, shape.taken, shape.kernel[0], run))

    def _in_fours(self, data: Any) -> Any:
        """int8 data `(batch, channels, height, width)` in blocks of four channels, the last one filled with zeros."""
        batch, channels, rows, width = (int(size) for size in data.shape)
        blocks = self.shape.in_blocks
        packed = T.alloc_buffer((batch, blocks, rows, width), "int32")
        with self._parallel(batch * rows) as job:
            n, y = job // rows, job % rows
            for block in range(blocks):
                with T.vectorized(width) as x:
                    number: Any = tirx.const(0, "int32")
                    for k in range(min(GROUP, channels - block * GROUP)):
                        byte = data[n, block * GROUP + k, y, x].astype("uint8").astype("int32")
                        number = number | (byte << tirx.const(8 * k, "int32"))
                    T.buffer_store(packed, number, [n, block, y, x])
        return packed

    def _shares(self, groups: int) -> int:
        """Into how many jobs the rows are shared out: into many, but few where rows have work or weights in common."""
        rows = self.shape.result[0]
        if self.tile.rows > 1:
            return 1
        if not self.dot.is_shifted and self.parts == 1:
            return rows
        least = 1 if self.parts > 1 else rows
        return next((k for k in range(1, rows + 1) if rows % k == 0 and groups * k % self.threads == 0), least)

    @contextmanager
    def _parallel(self, jobs: int) -> Iterator[Any]:
        threads = self.threads > 1 and jobs > 1 and self.plain.operations >= WORTH_THREADS
        with (T.parallel if threads else T.serial)(jobs) as job:
            yield job

    def _row_taps(self, y: Any) -> _Tap:
        """The taps that lie inside of the image, for a row that is known only when the program runs."""
        shape = self.shape
        stride, dilation, before = shape.strides[0], shape.dilation[0], shape.before[0]
        first, last = shape.source(0, 0, 0), shape.source(0, shape.kernel[0] - 1, shape.result[0] - 1)
        low, high = 0, shape.kernel[0]
        if first < 0:
            low = T.Bind(tirx.max(0, (before - y * stride + dilation - 1) // dilation))
        if last >= shape.image[0]:
            high = T.Bind(tirx.min(high, (shape.image[0] + before - y * stride + dilation - 1) // dilation))
        return _Tap(low, high - low, (0,))

    def _row(self, n: Any, o: Any, y: Any, rows: int, down: Sequence[_Tap], offsets: Any) -> None:
        for run in self.runs:
            with _each(run) as x:
                tile = self._at_place(n, o, y, x, rows, run)
                self._start(tile, down, run.taps, offsets)
                self.sum(tile, down, run.taps)
                self._finish(tile)

    def _at_place(self, n: Any, o: Any, y: Any, x: Any, rows: int, run: _Run) -> _Tile:
        pixels = list(itertools.product(range(rows), range(run.size)))
        sums = T.alloc_buffer((len(pixels) * self.tile.vectors * self.shape.lanes,), self.dot.sums, scope="local")
        return _Tile(n, o, y, x, pixels, sums)

    def _in_parts(self, n: Any, o: Any, first: Any, rows: int) -> None:
        """All rows of a job, for some blocks of the data at a time; sums, of float32, wait in memory for the next."""
        width, vectors = self.shape.result[1], self.tile.vectors
        held = T.alloc_buffer((rows * width * vectors * self.shape.lanes,), self.dot.sums, scope="local")

        def each_tile(work: Callable[[_Tile, Sequence[_Tap], Sequence[_Tap]], None], loads: bool, stores: bool) -> None:
            with T.serial(rows) as k:
                down = [self._row_taps(first + k)]
                for run in self.runs:
                    with _each(run) as x:
                        tile = self._at_place(n, o, first + k, x, 1, run)
                        places = [((k * width + x) * vectors + v, v) for v in range(run.size * vectors)]
                        for there, here in places if loads else []:
                            T.buffer_store(tile.sums, held[self.at(there)], [self.at(here)])
                        work(tile, down, run.taps)
                        for there, here in places if stores else []:
                            T.buffer_store(held, tile.sums[self.at(here)], [self.at(there)])

        each_tile(lambda tile, down, across: self._start(tile, down, across, None), loads=False, stores=True)
        with T.serial(self.parts) as k:
            block = T.Bind(k * self.part)
            each_tile(lambda tile, *taps: self.sum(replace(tile, first=block), *taps), loads=True, stores=True)
        each_tile(lambda tile, *taps: self._finish(tile), loads=True, stores=False)

    def sum(self, tile: _Tile, down: Sequence[_Tap], across: Sequence[_Tap]) -> None:
        """Add up all products of `part` blocks of the data, from `tile.first` on."""
        shape = self.shape
        group = tile.o // shape.made * shape.taken if shape.groups > 1 else 0
        with T.serial(self.part) as k:
            c = tile.first + k
            for rows in down:
                with _counted(rows.first, rows.count) as ky:
                    for columns in across:
                        inside = {(r, x) for r in rows.inside for x in columns.inside}
                        if inside:
                            self._products(tile, group + c, c, ky, columns, inside)

    def clear(self, sums: Any, vectors: int) -> None:
        """Start so many vectors of sums from zero."""
        for v in range(vectors):
            T.buffer_store(sums, self.dot.vector(0), [self.at(v)])

    def _start(self, tile: _Tile, down: Sequence[_Tap], across: Sequence[_Tap], offsets: Any) -> None:
        """Start each sum, also from what undoes the shift of the data, for the weights that its pixel will meet."""
        met: dict[tuple[Any, ...], list[int]] = {}
        for pixel, (r, x) in enumerate(tile.pixels):
            rows = tuple(taps for taps in down if r in taps.inside and offsets is not None)
            met.setdefault((rows, _columns(across, x) if rows else ()), []).append(pixel)
        lanes = self.shape.lanes
        whole = T.alloc_buffer((self.tile.vectors * lanes,), self.dot.sums, scope="local")
        for (rows, columns), pixels in met.items():
            for v in range(self.tile.vectors):
                with T.vectorized(lanes) as lane:
                    start = self.tail.start(self.place(tile.n, tile.o + v, tile.y, tile.x, lane))
                    T.buffer_store(whole, start, [v * lanes + lane])
            for taps in rows:
                with _counted(taps.first, taps.count) as ky:
                    for v in range(self.tile.vectors):
                        offset = offsets[ky, self._column_sets.index(columns), self.at(v)]
                        T.buffer_store(whole, whole[self.at(v)] - offset, [self.at(v)])
            for pixel in pixels:
                for v in range(self.tile.vectors):
                    T.buffer_store(tile.sums, whole[self.at(v)], [self.at(pixel * self.tile.vectors + v)])

    def _products(
        self, tile: _Tile, block: Any, c: Any, ky: Any, columns: _Tap, inside: Collection[tuple[int, int]]
    ) -> None:
        """Add to the sums of a tile what one row of the kernel, from one block of the data, gives."""
        shape, dot, vectors = self.shape, self.dot, range(self.tile.vectors)
        run = columns.count if shape.dilation[1] == 1 else 1
        with _counted(columns.first, columns.count // run) as kx, T.serial(run * self.steps // dot.together) as k:
            steps = [k * dot.together + j for j in range(dot.together)]
            weights = [
                [dot.weights(self._weights(tile.o + v, c, ky, kx * self.steps + step)) for step in steps]
                for v in vectors
            ]
            self.meets(weights)
            for pixel, (r, x) in enumerate(tile.pixels):
                if (r, x) in inside:
                    row, column = shape.source(0, ky, tile.y + r), shape.source(1, kx, tile.x + x)
                    at = [[tile.n, block, row, column * shape.inner + step * dot.group] for step in steps]
                    numbers = [dot.broadcast(self.data, index) for index in at]
                    for v in vectors:
                        lanes = self.at(pixel * self.tile.vectors + v)
                        T.buffer_store(tile.sums, dot.add_steps(tile.sums[lanes], numbers, weights[v]), [lanes])

    def _finish(self, tile: _Tile) -> None:
        """Compute what follows, and store it: a long tail in a loop, a short one written out for each pixel."""
        if self.tail.is_short:
            for v in range(self.tile.vectors):
                for pixel, (r, x) in enumerate(tile.pixels):
                    self._store(tile, v, pixel, r, x, tile.sums)
            return
        rows, columns = (last + 1 for last in tile.pixels[-1])
        vectors = len(tile.pixels) * self.tile.vectors
        held = T.alloc_buffer((vectors * self.shape.lanes,), self.dot.sums, scope="local")
        for v in range(vectors):
            T.buffer_store(held, tile.sums[self.at(v)], [self.at(v)])
        with T.serial(self.tile.vectors) as v, T.serial(rows) as r, T.serial(columns) as x:
            self._store(tile, v, r * columns + x, r, x, held)

    def _store(self, tile: _Tile, v: Any, pixel: Any, r: Any, x: Any, sums: Any) -> None:
        width, lanes = self.plain.result[1], self.shape.lanes
        row, column = tile.y + r, tile.x + x
        if self.tile.merged > 1:
            row, column = row * self.tile.merged + column // width, column % width
        with T.vectorized(lanes) as lane:
            value = sums[(pixel * self.tile.vectors + v) * lanes + lane]
            self.tail.store(self.place(tile.n, tile.o + v, row, column, lane), value)

    def meets(self, weights: Sequence[Sequence[Any]]) -> None:
        """What else is computed of the weights of some steps, for each vector, which are in registers: nothing."""

    def place(self, n: Any, o: Any, row: Any, column: Any, lane: Any) -> Sequence[Any]:
        """The index of an element of the result: image, block of channels, row, column, place in the block."""
        return n, o, row, column, lane

    @functools.cached_property
    def _column_sets(self) -> Sequence[Sequence[int]]:
        """The columns of the kernel that lie inside of the image, all the sets that there are."""
        return list({_columns(run.taps, x): None for run in self.runs for x in range(run.size)})

    def offsets(self, o: Any) -> Any:
        """What the shift of the data adds to a sum, for each row of the kernel and each set of its columns.

        It is 128 times the sum of the weights there.
        """
        shape, vectors = self.shape, self.tile.vectors
        offsets = T.alloc_buffer(
            (shape.kernel[0], len(self._column_sets), vectors * shape.lanes), "int32", scope="local"
        )
        one = T.alloc_buffer((vectors * shape.lanes,), "int32", scope="local")
        with T.serial(shape.kernel[0]) as ky:
            for k in range(len(self._column_sets)):
                for v in range(vectors):
                    T.buffer_store(offsets, self.dot.vector(0), [ky, k, self.at(v)])
            for kx in range(shape.kernel[1]):
                self.clear(one, vectors)
                with T.serial(shape.taken) as c, T.serial(self.steps) as step:
                    for v in range(vectors):
                        weights = self.dot.weights(self._weights(o + v, c, ky, kx * self.steps + step))
                        T.buffer_store(one, self.dot.add(one[self.at(v)], self.dot.zeros(), weights), [self.at(v)])
                for k, v in itertools.product(range(len(self._column_sets)), range(vectors)):
                    if kx in self._column_sets[k]:
                        found = offsets[ky, k, self.at(v)] + one[self.at(v)]
                        T.buffer_store(offsets, found, [ky, k, self.at(v)])
        return offsets

    def _weights(self, o: Any, c: Any, ky: Any, step: Any) -> Any:
        """The weights of a step, for one block of the result."""
        run = self.shape.lanes * self.dot.group
        return T.Bind(self.weight[o, c, ky, T.Ramp(step * run, 1, run)])

    def at(self, vector: Any) -> Any:
        """Where a vector of sums is."""
        return T.Ramp(vector * self.shape.lanes, 1, self.shape.lanes)


@dataclass(frozen=True)
class _Tile:
    """Where a tile of the result is, its pixels as rows and columns from there on, and the sums for them.

    `first` is the block of the data from which on products are added.
    """

    n: Any
    o: Any
    y: Any
    x: Any
    pixels: Sequence[tuple[int, int]]
    sums: Any
    first: Any = 0


def _columns(across: Sequence[_Tap], pixel: int) -> tuple[int, ...]:
    """The columns of the kernel that lie inside of the image, for a pixel of a tile."""
    return tuple(taps.first + k for taps in across if pixel in taps.inside for k in range(taps.count))


@contextmanager
def _counted(first: Any, count: Any) -> Iterator[Any]:
    """A loop over `count` numbers from `first` on."""
    if isinstance(count, int) and count == 1:
        yield first
    else:
        with T.serial(first, first + count) as k:
            yield k


def _view(buffer: Any, dtype: str, shape: Sequence[int]) -> Any:
    return T.decl_buffer(shape, dtype, data=buffer.data)


def _merged(shape: Shape, count: int) -> Shape:
    """A pointwise convolution with `count` rows as one."""
    if count == 1:
        return shape
    rows, width = shape.image
    whole = rows // count, width * count
    return replace(shape, image=whole, result=whole)
