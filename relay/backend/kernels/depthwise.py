"""Depthwise convolution of int8 data in blocks: the products of four pixels in a row are summed up at once.

    a row of the image      a0 b0 c0 ...   a1 b1 c1 ...   a2 b2 c2 ...   a3 b3 c3 ...        channels a, b, c ...
    a window                a0 a1 a2 a3    b0 b1 b2 b3    c0 c1 c2 c3    ...

    for n, o, y in T.parallel(...):                       # image, block of channels, rows
        for x in T.serial(out_width / columns):           # a tile: `rows x columns` pixels, their sums in registers
            for row in rows of the image below the tile:
                four = window(data[n, o, row, x:])
                sums[pixel] += four * weights[ky, pixel]      # one step of `dot.py` for each pixel that meets the row

The kernel of three columns meets four pixels twice, for neighbours: with the weights `w0 w1 w2 0` and `0 w0 w1 w2`. So
a window is made once for all pixels of the tile. What lies outside of the image is zero.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tvm import tirx
from tvm.tirx.script import builder as T

from ...op.nn.windows import pairs, sizes
from ..target import Features
from ..te.registry import dtype_of, shape_of
from .convolution import WORTH_THREADS, Shape, two
from .dot import GROUP, Dot, dot_of
from .registry import Kernel, Primitive, kernel
from .tail import Tail, kernel_function, stages_of

# So many jobs at most for each thread: TVM allocates what a job needs for its sums.
_JOBS = 4

# Rows of a tile at most.
_MOST_ROWS = 4

# The steps that multiply bytes as they are. Where they have to be widened first, the loops are as fast.
_STEPS = ("vpdpbusd", "pmaddubsw", "sdot")

# A kernel with more vectors of weights than this would make long code: it is left to the loops.
_MOST_WEIGHTS = 64


@kernel("nn.contrib_depthwise_conv2d_NCHWc")
def depthwise(primitive: Primitive, features: Features) -> Kernel | None:
    """The kernel for int8 with sums in int32; None for other dtypes and layouts, and where no step takes bytes."""
    stages, shape = stages_of(primitive), _shape(primitive)
    if stages is None or shape is None:
        return None
    dot, plan = dot_of("int8", shape.lanes, features, primitive.least), _plan(shape, features.registers)
    if plan is None or not dot.name.startswith(_STEPS):
        return None
    with kernel_function(primitive, stages) as (builder, tail):
        _Loops(shape, dot, plan, tail, features.cores).write()
    path = f"depthwise, {dot.name}, {plan.rows}x{plan.columns}"
    return Kernel(builder.get(), path, shape.operations)


def _shape(primitive: Primitive) -> Shape | None:
    """The numbers of a convolution with one kernel for each channel; None for what no kernel takes."""
    data, weight = primitive.args
    attrs, made = primitive.call.attrs, primitive.result
    dtypes = dtype_of(data), dtype_of(weight), dtype_of(made)
    if dtypes != ("int8", "int8", "int32") or not all(arg in primitive.inputs for arg in primitive.args):
        return None
    batch, blocks, *image, lanes = shape_of(data)
    layouts = (f"NCHW{lanes}c", f"NCHW{lanes}c", f"OIHW1i{lanes}o")
    if (attrs.data_layout, attrs.out_layout or attrs.data_layout, attrs.kernel_layout) != layouts:
        return None
    if not attrs.channels == attrs.groups == blocks * lanes or lanes % GROUP:
        return None
    (top, _), (left, _) = pairs(attrs.padding, 2)
    return Shape(
        batch=batch,
        groups=attrs.groups,
        channels=attrs.groups,
        in_blocks=blocks,
        inner=lanes,
        out_blocks=blocks,
        lanes=lanes,
        image=two(image),
        result=two(shape_of(made)[2:4]),
        kernel=two(shape_of(weight)[2:4]),
        strides=two(sizes(attrs.strides, 2)),
        dilation=two(sizes(attrs.dilation, 2)),
        before=(top, left),
    )


@dataclass(frozen=True)
class _Plan:
    """A tile: `rows x columns` pixels, which together meet `windows` windows of each row of the image."""

    rows: int
    columns: int
    windows: int


def _plan(shape: Shape, registers: int) -> _Plan | None:
    """As many columns as the windows that one pixel needs have room for; None for a kernel that is too large.

    A quarter of the registers is for the sums.
    """
    columns, windows = 1, -(-shape.kernel[1] // GROUP)
    if shape.dilation[1] == 1:
        columns += (windows * GROUP - shape.kernel[1]) // shape.strides[1]
    columns = min(columns, shape.result[1], _MOST_WEIGHTS // (shape.kernel[0] * windows))
    if not columns:
        return None
    most = min(_MOST_ROWS, max(1, registers // 4 // columns))
    tiles = -(-shape.result[0] // most)
    return _Plan(-(-shape.result[0] // tiles), columns, windows)


@dataclass(frozen=True)
class _Run:
    """Tiles side by side whose code is the same: `count` of them, the first at `start`, each of `size` columns.

    `inside` says of each pixel of a window whether it lies inside of the image.
    """

    start: int
    size: int
    count: int
    inside: Sequence[bool]


class _Loops:
    """Writes the loops, inside of the frame of their function."""

    def __init__(self, shape: Shape, dot: Dot, plan: _Plan, tail: Tail, threads: int) -> None:
        self.shape, self.dot, self.plan, self.tail, self.threads = shape, dot, plan, tail, threads

    def write(self) -> None:
        """All of it: a job computes some tiles of rows of one block of channels."""
        shape = self.shape
        data, weight = map(self.tail.buffer, self.tail.primitive.args)
        row = shape.image[1] * shape.lanes
        self.data = _view(data, (shape.batch, shape.in_blocks, shape.image[0], row))
        self.weight = _view(weight, (shape.out_blocks, shape.kernel[0] * shape.kernel[1] * shape.lanes))
        tiles = -(-shape.result[0] // self.plan.rows)
        shares = self._shares(shape.batch * shape.out_blocks, tiles)
        total = shape.batch * shape.out_blocks * shares
        threads = self.threads > 1 and total > 1 and shape.operations >= WORTH_THREADS
        jobs = max(k for k in range(1, _JOBS * self.threads + 1) if total % k == 0) if threads else 1
        with (T.parallel if threads else T.serial)(jobs) as job, T.serial(total // jobs) as part:
            share = T.Bind(job * (total // jobs) + part)
            block = share // shares
            n, o = block // shape.out_blocks, block % shape.out_blocks
            self._load_weights(o)
            with T.serial(tiles // shares) as k:
                # The last tile ends where the image ends.
                y = (share % shares * (tiles // shares) + k) * self.plan.rows
                self._rows(n, o, T.Bind(tirx.min(y, shape.result[0] - self.plan.rows)))

    def _shares(self, blocks: int, tiles: int) -> int:
        """Into how many parts the tiles of a block are cut: so few that all threads have the same to do."""
        whole = (k for k in range(1, tiles + 1) if tiles % k == 0 and blocks * k % self.threads == 0)
        return next(whole, tiles)

    def _load_weights(self, o: Any) -> None:
        """The weights of a block as operands, and what each sum starts from, also what undoes the shift of the data."""
        kernel, stride = self.shape.kernel, self.shape.strides[1]
        self.weights: dict[tuple[int, int, int], Any] = {}
        for ky, j, column in itertools.product(range(kernel[0]), range(self.plan.windows), range(self.plan.columns)):
            taps = [j * GROUP + p - column * stride for p in range(GROUP)]
            pixels = [self._tap(o, ky, tap) if 0 <= tap < kernel[1] else self._nothing() for tap in taps]
            self.weights[ky, j, column] = self.dot.weights(T.Bind(self._interleaved(pixels)))
        lanes = self.shape.lanes
        start = T.alloc_buffer((lanes,), self.dot.sums, scope="local")
        with T.vectorized(lanes) as lane:
            T.buffer_store(start, self.tail.start((0, o, 0, 0, lane)), [lane])
        self.start = T.Bind(start[self._at(0)])
        if self.dot.is_shifted:
            added = self.dot.vector(0)
            for ky, j in itertools.product(range(kernel[0]), range(self.plan.windows)):
                added = self.dot.add(added, self.dot.zeros(), self.weights[ky, j, 0])
            self.start = T.Bind(self.start - added)

    def _tap(self, o: Any, ky: int, kx: int) -> Any:
        lanes = self.shape.lanes
        return self.weight[o, T.Ramp((ky * self.shape.kernel[1] + kx) * lanes, 1, lanes)]

    def _rows(self, n: Any, o: Any, y: Any) -> None:
        """The tiles of a few rows. At the upper and the lower edge of the image, some of its rows are missing."""
        shape, last = self.shape, self.plan.rows - 1
        conditions = []
        if shape.source(0, 0, 0) < 0:
            conditions.append(shape.source(0, 0, y) >= 0)
        if shape.source(0, shape.kernel[0] - 1, shape.result[0] - 1) >= shape.image[0]:
            conditions.append(shape.source(0, shape.kernel[0] - 1, y + last) < shape.image[0])
        if not conditions:
            self._tiles(n, o, y, guarded=False)
            return
        with T.If(tirx.all(*conditions)):
            with T.Then():
                self._tiles(n, o, y, guarded=False)
            with T.Else():
                self._tiles(n, o, y, guarded=True)

    def _tiles(self, n: Any, o: Any, y: Any, guarded: bool) -> None:
        for run in self.runs:
            with _each(run) as x:
                self._tile(n, o, y, x, run, guarded)

    @functools.cached_property
    def runs(self) -> Sequence[_Run]:
        """The tiles of a row."""
        shape, plan = self.shape, self.plan
        found = []

        def code(start: int) -> tuple[int, tuple[bool, ...]]:
            inside = (shape.inside(1, tap, start) for tap in range(plan.windows * GROUP))
            return min(plan.columns, shape.result[1] - start), tuple(inside)

        for (size, inside), group in itertools.groupby(range(0, shape.result[1], plan.columns), key=code):
            starts = list(group)
            found.append(_Run(starts[0], size, len(starts), inside))
        return found

    def _tile(self, n: Any, o: Any, y: Any, x: Any, run: _Run, guarded: bool) -> None:
        shape, rows = self.shape, self.plan.rows
        sums = T.alloc_buffer((rows * run.size * shape.lanes,), self.dot.sums, scope="local")
        for pixel in range(rows * run.size):
            T.buffer_store(sums, self.start, [self._at(pixel)])
        met: dict[int, list[tuple[int, int]]] = {}
        for r, ky in itertools.product(range(rows), range(shape.kernel[0])):
            met.setdefault(r * shape.strides[0] + ky * shape.dilation[0], []).append((r, ky))
        for down in sorted(met):
            row = y * shape.strides[0] + down - shape.before[0]
            if not guarded:
                self._add(sums, run, met[down], self._windows(n, o, row, x, run))
                continue
            with T.If(tirx.all(row >= 0, row < shape.image[0])):
                with T.Then():
                    self._add(sums, run, met[down], self._windows(n, o, row, x, run))
                if self.dot.is_shifted:
                    with T.Else():
                        self._add(sums, run, met[down], [self.dot.zeros()] * self.plan.windows)
        self._finish(sums, n, o, y, x, run.size)

    def _add(self, sums: Any, run: _Run, met: Sequence[tuple[int, int]], windows: Sequence[Any]) -> None:
        """Add to the sums what a row of the image gives, for the rows of the tile and of the kernel that meet there."""
        for (j, window), (r, ky), column in itertools.product(enumerate(windows), met, range(run.size)):
            if window is not None:
                at = [self._at(r * run.size + column)]
                found = self.dot.add(sums[at[0]], window, self.weights[ky, j, column])
                T.buffer_store(sums, found, at)

    def _windows(self, n: Any, o: Any, row: Any, x: Any, run: _Run) -> Sequence[Any]:
        return [self._window(n, o, row, x, run, j) for j in range(self.plan.windows)]

    def _window(self, n: Any, o: Any, row: Any, x: Any, run: _Run, j: int) -> Any:
        """The operand for four pixels of a row; None where it adds nothing."""
        shape, lanes = self.shape, self.shape.lanes
        inside = run.inside[j * GROUP : (j + 1) * GROUP]
        if not any(inside):
            return self.dot.zeros() if self.dot.is_shifted else None
        columns = [shape.source(1, j * GROUP + p, x) * lanes for p in range(GROUP)]
        if all(inside) and shape.dilation[1] == 1:
            pixels = [self.data[n, o, row, T.Ramp(columns[0], 1, GROUP * lanes)]]
        else:
            pixels = [
                self.data[n, o, row, T.Ramp(column, 1, lanes)] if there else self._nothing()
                for column, there in zip(columns, inside, strict=True)
            ]
        numbers = self._interleaved(pixels)
        if self.dot.is_shifted:
            numbers = numbers ^ T.Broadcast(tirx.const(-128, "int8"), GROUP * lanes)
        return self.dot.data(T.Bind(tirx.reinterpret(f"int32x{lanes}", numbers)))

    def _interleaved(self, pixels: Sequence[Any]) -> Any:
        """Four pixels channel by channel."""
        lanes = self.shape.lanes
        return tirx.Shuffle(pixels, [p * lanes + lane for lane in range(lanes) for p in range(GROUP)])

    def _nothing(self) -> Any:
        return T.Broadcast(tirx.const(0, "int8"), self.shape.lanes)

    def _finish(self, sums: Any, n: Any, o: Any, y: Any, x: Any, columns: int) -> None:
        """Compute what follows, and store it: a long tail in a loop, a short one written out for each pixel."""
        pixels = self.plan.rows * columns
        if self.tail.is_short:
            for pixel in range(pixels):
                self._store(sums, n, o, y + pixel // columns, x + pixel % columns, pixel)
            return
        held = T.alloc_buffer((pixels * self.shape.lanes,), self.dot.sums, scope="local")
        for pixel in range(pixels):
            T.buffer_store(held, sums[self._at(pixel)], [self._at(pixel)])
        with T.serial(pixels) as k:
            self._store(held, n, o, y + k // columns, x + k % columns, k)

    def _store(self, sums: Any, n: Any, o: Any, row: Any, column: Any, pixel: Any) -> None:
        lanes = self.shape.lanes
        with T.vectorized(lanes) as lane:
            self.tail.store((n, o, row, column, lane), sums[pixel * lanes + lane])

    def _at(self, vector: int) -> Any:
        return T.Ramp(vector * self.shape.lanes, 1, self.shape.lanes)


@contextmanager
def _each(run: _Run) -> Iterator[Any]:
    """A loop over the tiles of a run; gives where the tile starts."""
    if run.count == 1:
        yield run.start
    else:
        with T.serial(run.count) as k:
            yield run.start + k * run.size


def _view(buffer: Any, shape: Sequence[int]) -> Any:
    return T.decl_buffer(shape, "int8", data=buffer.data)
