"""Winograd's convolution as loops, for any dtype and layout: what its NumPy reference says, number by number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tvm import te, tirx

from ...op.nn.windows import DATA, output_size, pairs
from ...op.nn.winograd import TAPS, TRANSFORMED, TRANSFORMS, Matrix, divided, transformed_layout
from .elementwise import mapped
from .rearrange import padded, to_layout
from .registry import cast, dtype_of, is_float, lowers, number, shape_of, wide


def _entry(matrix: Matrix, row: Any, column: Any, dtype: str) -> Any:
    """A number of a matrix, at a place that is known only when the program runs."""
    found = number(0, dtype)
    for i, numbers in enumerate(matrix):
        for j, value in enumerate(numbers):
            if value:
                found = tirx.Select(tirx.all(row.equal(i), column.equal(j)), number(value, dtype), found)
    return found


def _factor(matrix: Matrix, at: Sequence[Any], over: Sequence[Any], dtype: str) -> Any:
    """What a number at `over` of a tile counts for in the one at `at`, once the matrix is on both sides of the tile."""
    return _entry(matrix, at[0], over[0], dtype) * _entry(matrix, at[1], over[1], dtype)


def _axes(size: int) -> list[Any]:
    return [te.reduce_axis((0, size), name=name) for name in ("a", "b")]


@lowers("nn.contrib_conv2d_winograd_weight_transform")
def _weight_transform(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    weight, dtype, by = args[0], wide(out.dtype), TRANSFORMS[attrs.tile_size]
    taps = _axes(TAPS)

    def place(a: Any, b: Any, o: Any, i: Any) -> Any:
        return te.sum(cast(weight(o, i, *taps), dtype) * _factor(by.kernel, (a, b), taps, dtype), axis=taps)

    found = te.compute(out.concrete_shape, place, name="weight_transform")
    if is_float(dtype):
        found = mapped(found, lambda x: x / number(by.excess**2, dtype))
    return found if dtype == out.dtype else mapped(found, lambda x: cast(x, out.dtype))


@lowers("nn.contrib_conv2d_winograd_without_weight_transform")
def _winograd(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    by, dtype = TRANSFORMS[attrs.tile_size], wide(out.dtype)
    data = to_layout(args[0], attrs.data_layout, DATA[2])
    weight = to_layout(args[1], transformed_layout(attrs), TRANSFORMED)
    batch, taken, *image = shape_of(data)
    size = output_size(image, attrs.kernel_size, attrs.strides, attrs.dilation, attrs.padding)
    tiles = [-(-count // by.tile) for count in size]
    whole = (batch, taken, *(by.tile * count + by.taken - by.tile for count in tiles))
    begin = [first for first, _ in pairs(attrs.padding, 2)]
    source = padded(data, [0, 0, *begin], whole, number(0, dtype_of(data)))
    pixels, places = _axes(by.taken), _axes(by.taken)
    c = te.reduce_axis((0, taken), name="c")

    def difference(a: Any, b: Any, n: Any, c: Any, y: Any, x: Any) -> Any:
        value = source(n, c, y * by.tile + pixels[0], x * by.tile + pixels[1])
        return te.sum(cast(value, dtype) * _factor(by.data, (a, b), pixels, dtype), axis=pixels)

    def product(a: Any, b: Any, n: Any, o: Any, y: Any, x: Any) -> Any:
        return te.sum(cast(weight(a, b, o, c), dtype) * met(a, b, n, c, y, x), axis=c)

    def pixel(n: Any, o: Any, y: Any, x: Any) -> Any:
        own = [tirx.floormod(axis, by.tile) for axis in (y, x)]
        value = sums(*places, n, o, *(tirx.floordiv(axis, by.tile) for axis in (y, x)))
        return te.sum(value * _factor(by.result, own, places, dtype), axis=places)

    met = te.compute((by.taken, by.taken, batch, taken, *tiles), difference, name="data_transform")
    sums = te.compute((by.taken, by.taken, batch, attrs.channels, *tiles), product, name="winograd")
    found = te.compute((batch, attrs.channels, *size), pixel, name="result_transform")
    if not is_float(dtype):
        found = mapped(found, lambda x: divided(x, by, _cast))
    if dtype != out.dtype:
        found = mapped(found, lambda x: cast(x, out.dtype))
    return to_layout(found, DATA[2], attrs.out_layout or attrs.data_layout)


def _cast(value: Any, dtype: str) -> Any:
    return number(value, dtype) if isinstance(value, int) else cast(value, dtype)
