"""A dense layer with its weight in blocks: each row of the data is a pixel of a pointwise convolution.

    data (rows, in), weight NC16n or NC16n4c    ->    a row of `rows` pixels, one block of `in` channels

So it is cut into the same tiles: some rows of the data times some blocks of units, with all sums in registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tvm.tirx.script import builder as T

from ..target import Features
from ..te.registry import dtype_of, shape_of
from .conv2d import Loops, written
from .convolution import DTYPES, Shape
from .dot import GROUP
from .registry import Kernel, Primitive, kernel
from .tail import stages_of


@kernel("nn.contrib_dense_pack")
def dense(primitive: Primitive, features: Features) -> Kernel | None:
    """The kernel for float32, and for int8 with sums in int32; None for other dtypes and layouts."""
    stages, shape = stages_of(primitive), _shape(primitive)
    return None if stages is None or shape is None else written(primitive, stages, shape, features, _Rows)


class _Rows(Loops):
    """Loops that store rows. For a single one the weights are read once: what undoes a shift is summed up beside it."""

    name = "packed"
    excess: Any = None

    def offsets(self, o: Any) -> Any:
        return None if self.shape.result == (1, 1) else super().offsets(o)

    def sum(self, tile: Any, down: Any, across: Any) -> None:
        if not self.dot.is_shifted or self.shape.result != (1, 1):
            super().sum(tile, down, across)
            return
        vectors = self.tile.vectors
        self.excess = T.alloc_buffer((vectors * self.shape.lanes,), self.dot.sums, scope="local")
        self.clear(self.excess, vectors)
        super().sum(tile, down, across)
        for v in map(self.at, range(vectors)):
            T.buffer_store(tile.sums, tile.sums[v] - self.excess[v], [v])

    def meets(self, weights: Sequence[Sequence[Any]]) -> None:
        if self.excess is not None:
            zeros = [self.dot.zeros()] * self.dot.together
            for at, each in zip(map(self.at, range(len(weights))), weights, strict=True):
                T.buffer_store(self.excess, self.dot.add_steps(self.excess[at], zeros, each), [at])

    def place(self, n: Any, o: Any, row: Any, column: Any, lane: Any) -> Sequence[Any]:
        return column, o * self.shape.lanes + lane


def _shape(primitive: Primitive) -> Shape | None:
    data, weight = primitive.args
    dtypes = dtype_of(data), dtype_of(weight), dtype_of(primitive.result)
    if dtypes not in DTYPES or not all(arg in primitive.inputs for arg in primitive.args):
        return None
    group = GROUP if dtypes[0] == "int8" else 1
    blocks, lanes = shape_of(weight)[0], shape_of(weight)[2] if len(weight.shape) > 2 else 1
    layout = f"NC{lanes}n" + (f"{group}c" if group > 1 else "")
    if lanes < 2 or primitive.call.attrs.weight_layout != layout:
        return None
    rows, taken = shape_of(data)
    return Shape(
        batch=1,
        groups=1,
        channels=taken,
        in_blocks=1,
        inner=taken,
        out_blocks=blocks,
        lanes=lanes,
        image=(1, rows),
        result=(1, rows),
        kernel=(1, 1),
        strides=(1, 1),
        dilation=(1, 1),
        before=(0, 0),
    )
