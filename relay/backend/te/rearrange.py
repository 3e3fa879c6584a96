"""Operators that only move numbers: other axes, other layouts, parts of a tensor, several tensors in one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tvm import te, tirx, topi

from ...op.indexing import slice_ranges
from ...op.layout import Part, parse_layout
from .elementwise import copied
from .registry import at, cast, dtype_of, lowers, number, shape_of


@lowers("reshape", "contrib_reverse_reshape", "reshape_like", "squeeze", "expand_dims", "nn.batch_flatten")
def _reshape(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return topi.reshape(args[0], out.concrete_shape)


@lowers("transpose")
def _transpose(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    rank = len(out.shape)
    axes = range(rank)[::-1] if attrs.axes is None else [axis % rank for axis in attrs.axes]

    def moved(*i: Any) -> Any:
        index = dict(zip(axes, i, strict=True))
        return args[0](*[index[axis] for axis in range(rank)])

    return te.compute(out.concrete_shape, moved, name="transpose")


@lowers("broadcast_to", "broadcast_to_like")
def _broadcast_to(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return te.compute(out.concrete_shape, lambda *i: at(args[0], i), name="broadcast_to")


@lowers("tile")
def _tile(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    shape = shape_of(args[0])

    def source(*i: Any) -> Any:
        own = i[len(i) - len(shape) :]
        return args[0](*[index % size for index, size in zip(own, shape, strict=True)])

    return te.compute(out.concrete_shape, source, name="tile")


@lowers("repeat")
def _repeat(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    axis = attrs.axis % len(out.shape)

    def source(*i: Any) -> Any:
        # No floor: of `(15 - i) // 2`, which a reverse makes of it, TVM makes `i // -2 + 7` when it flattens buffers.
        return args[0](*[tirx.truncdiv(index, attrs.repeats) if k == axis else index for k, index in enumerate(i)])

    return te.compute(out.concrete_shape, source, name="repeat")


@lowers("reverse")
def _reverse(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    axis = attrs.axis % len(out.shape)
    last = out.concrete_shape[axis] - 1

    def source(*i: Any) -> Any:
        return args[0](*[last - index if k == axis else index for k, index in enumerate(i)])

    return te.compute(out.concrete_shape, source, name="reverse")


# layouts


def to_layout(data: te.Tensor, src: str, dst: str) -> te.Tensor:
    """`data`, which is in the layout `src`, in the layout `dst`; a block that is not full is filled with zeros."""
    if src == dst:
        return data
    old, new = parse_layout(src), parse_layout(dst)
    whole = old.whole_shape(shape_of(data))

    def source(*i: Any) -> Any:
        place: dict[str, Any] = dict.fromkeys(new.primal, 0)
        for index, part in zip(i, new.parts, strict=True):
            place[part.letter] = place[part.letter] + index * part.step
        inside = [place[letter] < size for letter, size in whole.items() if size % new.block(letter)]
        value = data(*[_part_of(place[part.letter], part) for part in old.parts])
        return tirx.if_then_else(tirx.all(*inside), value, number(0, dtype_of(data))) if inside else value

    return te.compute(new.shape(whole), source, name="layout_transform")


def _part_of(place: Any, part: Part) -> Any:
    """Which place of `part` a place of the whole axis lies in."""
    group = tirx.floordiv(place, part.step) if part.step > 1 else place
    return tirx.floormod(group, part.size) if part.size else group


@lowers("layout_transform")
def _layout_transform(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    if attrs.src_layout == attrs.dst_layout:
        return copied(args[0])
    return to_layout(args[0], attrs.src_layout, attrs.dst_layout)


@lowers("nn.depth_to_space")
def _depth_to_space(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, b = to_layout(args[0], attrs.layout, "NCHW"), attrs.block_size
    n, c, h, w = shape_of(data)
    each = c // b**2

    def source(image: Any, channel: Any, y: Any, x: Any) -> Any:
        row, column = y % b, x % b
        place = (row * b + column) * each + channel if attrs.mode == "DCR" else (channel * b + row) * b + column
        return data(image, place, y // b, x // b)

    return to_layout(te.compute((n, each, h * b, w * b), source, name="depth_to_space"), "NCHW", attrs.layout)


@lowers("nn.space_to_depth")
def _space_to_depth(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, b = to_layout(args[0], attrs.layout, "NCHW"), attrs.block_size
    n, c, h, w = shape_of(data)

    def source(image: Any, channel: Any, y: Any, x: Any) -> Any:
        place = channel // c
        return data(image, channel % c, y * b + place // b, x * b + place % b)

    return to_layout(te.compute((n, c * b**2, h // b, w // b), source, name="space_to_depth"), "NCHW", attrs.layout)


# parts of a tensor


@lowers("strided_slice")
def _strided_slice(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    kept = slice_ranges(shape_of(args[0]), attrs)

    def source(*i: Any) -> Any:
        return args[0](*[index * kept[k].step + kept[k].start if k in kept else index for k, index in enumerate(i)])

    return te.compute(out.concrete_shape, source, name="strided_slice")


@lowers("slice_like")
def _slice_like(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return te.compute(out.concrete_shape, lambda *i: args[0](*i), name="slice_like")


@lowers("split")
def _split(args: Sequence[Any], attrs: Any, out: Any) -> tuple[te.Tensor, ...]:
    axis = attrs.axis % len(args[0].shape)
    parts, begin = [], 0
    for field in out.fields:
        parts.append(_part(args[0], axis, begin, field.concrete_shape))
        begin += field.concrete_shape[axis]
    return tuple(parts)


def _part(data: te.Tensor, axis: int, begin: int, shape: Sequence[int]) -> te.Tensor:
    def source(*i: Any) -> Any:
        return data(*[index + begin if k == axis else index for k, index in enumerate(i)])

    return te.compute(shape, source, name="split")


def _inside(index: Any, size: int, mode: str) -> Any:
    """An index brought onto an axis of that size. What "fast" leaves undefined is clipped, as the reference has it."""
    index = index.astype("int64")
    last = number(size - 1, "int64")
    if mode == "wrap":
        return tirx.floormod(index, number(size, "int64"))
    return tirx.min(tirx.max(index, number(0, "int64")), last)


@lowers("take")
def _take(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, indices = args
    shape = shape_of(data)
    if attrs.axis is None:
        size = math.prod(shape)
        flat = topi.reshape(data, (size,))
        return te.compute(out.concrete_shape, lambda *i: flat(_inside(indices(*i), size, attrs.mode)), name="take")
    axis, rank = attrs.axis % len(shape), len(indices.shape)
    batch = attrs.batch_dims + rank if attrs.batch_dims < 0 else attrs.batch_dims

    def source(*i: Any) -> Any:
        own = (*i[:batch], *i[axis : axis + rank - batch])
        index = _inside(indices(*own), shape[axis], attrs.mode)
        return data(*i[:axis], index, *i[axis + rank - batch :])

    return te.compute(out.concrete_shape, source, name="take")


def _from_the_end(index: Any, size: int) -> Any:
    """An index as NumPy reads it: a negative one counts from the end."""
    index = index.astype("int64")
    return tirx.Select(index < 0, index + number(size, "int64"), index)


@lowers("gather")
def _gather(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, indices = args
    axis = attrs.axis % len(out.shape)
    size = shape_of(data)[axis]

    def source(*i: Any) -> Any:
        found = _from_the_end(indices(*i), size)
        return data(*[found if k == axis else index for k, index in enumerate(i)])

    return te.compute(out.concrete_shape, source, name="gather")


@lowers("adv_index")
def _adv_index(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, *indices = args[0]
    shape = shape_of(data)
    rest = len(shape) - len(indices)

    def source(*i: Any) -> Any:
        own = i[: len(i) - rest]
        found = [_from_the_end(at(index, own), size) for index, size in zip(indices, shape)]
        return data(*found, *i[len(i) - rest :])

    return te.compute(out.concrete_shape, source, name="adv_index")


@lowers("one_hot")
def _one_hot(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    indices, on, off = args
    axis = attrs.axis % len(out.shape)

    def chosen(*i: Any) -> Any:
        index = indices(*i[:axis], *i[axis + 1 :]).astype("int64")
        return cast(tirx.Select(tirx.EQ(index, i[axis].astype("int64")), on(), off()), out.dtype)

    return te.compute(out.concrete_shape, chosen, name="one_hot")


# several tensors


@lowers("concatenate")
def _concatenate(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return _joined(args[0], attrs.axis % len(out.shape), out.concrete_shape)


@lowers("stack")
def _stack(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    axis, shape = attrs.axis % len(out.shape), out.concrete_shape
    slices = [topi.reshape(part, (*shape[:axis], 1, *shape[axis + 1 :])) for part in args[0]]
    return _joined(slices, axis, shape)


def _joined(parts: Sequence[te.Tensor], axis: int, shape: Sequence[int]) -> te.Tensor:
    """The parts one after another along `axis`."""
    ends = [shape_of(part)[axis] for part in parts]
    for k in range(1, len(ends)):
        ends[k] += ends[k - 1]

    def source(*i: Any) -> Any:
        value = None
        for part, begin, end in reversed(list(zip(parts, [0, *ends[:-1]], ends, strict=True))):
            if begin == end:
                continue
            here = part(*[index - begin if k == axis else index for k, index in enumerate(i)])
            value = here if value is None else tirx.if_then_else(i[axis] < end, here, value)
        return value

    return te.compute(shape, source, name="concatenate")


@lowers("meshgrid")
def _meshgrid(args: Sequence[Any], attrs: Any, out: Any) -> tuple[te.Tensor, ...]:
    order = list(range(len(args[0])))
    if attrs.indexing == "xy" and len(order) > 1:
        order[:2] = 1, 0
    return tuple(
        _grid(part, axis, field.concrete_shape) for part, axis, field in zip(args[0], order, out.fields, strict=True)
    )


def _grid(part: te.Tensor, axis: int, shape: Sequence[int]) -> te.Tensor:
    return te.compute(shape, lambda *i: part(i[axis]) if len(part.shape) else part(), name="meshgrid")


@lowers("nn.dropout")
def _dropout(args: Sequence[Any], attrs: Any, out: Any) -> tuple[te.Tensor, te.Tensor]:
    shape = out.fields[0].concrete_shape
    data = te.compute(shape, lambda *i: args[0](*i), name="dropout")
    return data, te.compute(shape, lambda *i: number(1, out.fields[0].dtype), name="mask")


# padding


@lowers("nn.pad")
def _pad(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, value = args
    if attrs.pad_mode != "constant":
        return mirrored(data, attrs.pad_width, attrs.pad_mode, out)
    before = [width[0] for width in attrs.pad_width]
    return padded(data, before, out.concrete_shape, cast(value(), out.dtype))


def padded(data: te.Tensor, before: Sequence[int], shape: Sequence[int], value: Any) -> te.Tensor:
    """A tensor of that shape with `data` in it, `before[k]` from the beginning of axis `k`, and `value` elsewhere."""
    old = shape_of(data)
    if tuple(old) == tuple(shape) and not any(before):
        return data

    def source(*i: Any) -> Any:
        index = [place - first for place, first in zip(i, before, strict=True)]
        inside = [place >= 0 for place, first in zip(index, before, strict=True) if first > 0]
        inside += [
            place < n for place, n, first, size in zip(index, old, before, shape, strict=True) if size - first > n
        ]
        return tirx.if_then_else(tirx.all(*inside), data(*index), value) if inside else data(*index)

    return te.compute(shape, source, name="pad")


@lowers("nn.mirror_pad")
def _mirror_pad(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return mirrored(args[0], attrs.pad_width, attrs.mode.lower(), out)


def mirrored(data: te.Tensor, widths: Any, mode: str, out: Any) -> te.Tensor:
    """`data` with its own numbers around it: the nearest one (`edge`), or a mirror with or without the edge."""

    def place(index: Any, size: int) -> Any:
        if mode == "edge":
            return tirx.min(tirx.max(index, 0), size - 1)
        edge = int(mode == "symmetric")
        index = tirx.if_then_else(index < 0, -index - edge, index)
        return tirx.if_then_else(index >= size, 2 * (size - 1) + edge - index, index)

    def source(*i: Any) -> Any:
        old = zip(i, widths, shape_of(data), strict=True)
        return data(*[place(index - width[0], size) for index, width, size in old])

    return te.compute(out.concrete_shape, source, name="pad")
