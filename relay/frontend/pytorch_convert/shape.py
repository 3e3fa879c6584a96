"""Shapes: what moves, joins and cuts tensors and changes no number in them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import op as _op
from ...expr import Tuple, const
from .context import CalculatedInt, Context, is_expr, pair
from .scalar import numbers_of
from .table import converts

# The index that stands for "to the end".
_TO_THE_END = 2**63 - 1


@converts(
    *("aten::contiguous", "aten::detach", "aten::alias", "aten::lift_fresh", "aten::lift_fresh_copy"),
    *("aten::requires_grad_", "aten::cpu", "aten::detach_", "aten::positive", "aten::lift"),
    numbers=True,
)
def unchanged(ctx: Context, data: Any, requires_grad: bool = True) -> Any:
    """The tensor itself: where it lies in memory, and how it is trained, is no part of Relay."""
    return data


@converts("aten::clone")
def clone(ctx: Context, data: Any) -> Any:
    """A copy."""
    return _op.copy(data)


@converts("aten::to", "aten::_to_copy", numbers=True)
def to(ctx: Context, data: Any, dtype: Any = None, other: Any = None) -> Any:
    """Another dtype, given by itself or by a tensor that has it; a number that a trace made a tensor of stays one."""
    if not is_expr(data):
        named = ctx.dtype_named(dtype)
        return data if named is None else np.dtype(named).type(data).item()
    return ctx.cast(data, ctx.dtype(other) if is_expr(other) else ctx.dtype_named(dtype))


@converts("aten::type_as")
def type_as(ctx: Context, data: Any, other: Any) -> Any:
    """The dtype of another tensor."""
    return ctx.cast(data, ctx.dtype(other))


for _name, _dtype in {
    "float": "float32",
    "double": "float64",
    "half": "float16",
    "int": "int32",
    "long": "int64",
}.items():
    converts(f"aten::{_name}")(lambda ctx, data, dtype=_dtype: ctx.cast(data, dtype))


@converts("aten::view", "aten::reshape", "aten::_unsafe_view")
def reshape(ctx: Context, data: Any, shape: Any = None, size: Any = None, dtype: Any = None) -> Any:
    """Another shape; -1 stands for what is left."""
    given = size if shape is None else shape
    if given is None:
        raise NotImplementedError(f"a view of the bits of a {ctx.dtype(data)} as {dtype} has no counterpart in Relay")
    new = numbers_of(ctx, given, "a shape")
    if 0 in new:  # which Relay reads as "as it was"
        raise ValueError(f"a tensor is reshaped to {tuple(new)}, and Relay has no empty tensors")
    return _op.reshape(data, new)


@converts("aten::view_as", "aten::reshape_as")
def reshape_as(ctx: Context, data: Any, other: Any) -> Any:
    """The shape of another tensor."""
    return _op.reshape(data, list(ctx.shape(other)))


@converts("aten::flatten")
def flatten(ctx: Context, data: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """Axes `start_dim` to `end_dim` as one; Relay writes it with ones for the axes that go, and squeezes them."""
    rank = ctx.rank(data)
    if rank == 0:
        return _op.reshape(data, [1])
    start, end = ctx.axis(data, start_dim), ctx.axis(data, end_dim)
    gone = list(range(start + 1, end + 1))
    reshaped = _op.reshape(data, [0] * start + [-1] + [1] * len(gone) + [0] * (rank - end - 1))
    return _op.squeeze(reshaped, gone) if gone else reshaped


@converts("aten::unflatten")
def unflatten(ctx: Context, data: Any, dim: int, sizes: Sequence[Any]) -> Any:
    """One axis as several."""
    shape, axis = list(ctx.shape(data)), ctx.axis(data, dim)
    new = numbers_of(ctx, sizes, "a shape")
    if -1 in new:
        known = math.prod(size for size in new if size != -1)
        new = [shape[axis] // known if size == -1 else size for size in new]
    return _op.reshape(data, shape[:axis] + new + shape[axis + 1 :])


@converts("aten::permute")
def permute(ctx: Context, data: Any, dims: Sequence[int]) -> Any:
    """The axes in another order."""
    return _op.transpose(data, list(dims))


@converts("aten::transpose", "aten::swapaxes", "aten::swapdims")
def transpose(
    ctx: Context,
    data: Any,
    dim0: int | None = None,
    dim1: int | None = None,
    axis0: int | None = None,
    axis1: int | None = None,
) -> Any:
    """Two axes exchanged."""
    first, second = (dim0, dim1) if axis0 is None else (axis0, axis1)
    a, b = ctx.axis(data, first or 0), ctx.axis(data, second or 0)
    order = list(range(ctx.rank(data)))
    order[a], order[b] = b, a
    return _op.transpose(data, order)


@converts("aten::t")
def t(ctx: Context, data: Any) -> Any:
    """A matrix transposed; a vector as it is."""
    return _op.transpose(data, [1, 0]) if ctx.rank(data) == 2 else data


@converts("aten::numpy_T")
def numpy_t(ctx: Context, data: Any) -> Any:
    """All axes in reverse."""
    return _op.transpose(data)


@converts("aten::mT")
def matrix_transpose(ctx: Context, data: Any) -> Any:
    """The last two axes exchanged."""
    return transpose(ctx, data, -2, -1)


@converts("aten::movedim")
def movedim(ctx: Context, data: Any, source: Any, destination: Any) -> Any:
    """Axes moved to new places, the others in their order."""
    moved = {ctx.axis(data, d): ctx.axis(data, s) for s, d in zip(pair(source, 1), pair(destination, 1), strict=True)}
    others = iter(axis for axis in range(ctx.rank(data)) if axis not in moved.values())
    return _op.transpose(data, [moved[axis] if axis in moved else next(others) for axis in range(ctx.rank(data))])


@converts("aten::squeeze")
def squeeze(ctx: Context, data: Any, dim: Any = None) -> Any:
    """Axes of size 1 removed; one that is longer stays."""
    if dim is None:
        return _op.squeeze(data)
    shape = ctx.shape(data)
    axes = [axis for axis in pair(dim, 1) if shape[axis] == 1]
    return _op.squeeze(data, axes) if axes else data


@converts("aten::unsqueeze")
def unsqueeze(ctx: Context, data: Any, dim: int) -> Any:
    """A new axis of size 1."""
    return _op.expand_dims(data, dim)


@converts("aten::broadcast_to")
def broadcast_to(ctx: Context, data: Any, size: Sequence[Any]) -> Any:
    """Broadcast to a shape."""
    return _op.broadcast_to(data, numbers_of(ctx, size, "a shape"))


@converts("aten::expand")
def expand(ctx: Context, data: Any, size: Sequence[Any]) -> Any:
    """Axes of size 1 repeated, and new ones in front."""
    new = numbers_of(ctx, size, "a shape")
    shape = ctx.shape(data)
    added = len(new) - len(shape)
    if added > 0:
        data = _op.expand_dims(data, 0, num_newaxis=added)
    for axis, (old, wanted) in enumerate(zip([1] * added + list(shape), new, strict=True)):
        if old not in (1, wanted) and wanted != -1:
            raise ValueError(f"an axis of size {old} is expanded to {wanted}, and only one of size 1 can be")
        if wanted not in (-1, old) or (old == 1 and isinstance(size[axis], CalculatedInt)):
            data = _op.repeat(data, wanted, axis)
    return data


@converts("aten::expand_as")
def expand_as(ctx: Context, data: Any, other: Any) -> Any:
    """Expanded to the shape of another tensor."""
    return _op.broadcast_to_like(data, other)


@converts("aten::repeat")
def repeat(ctx: Context, data: Any, repeats: Sequence[Any]) -> Any:
    """The tensor beside itself, so often along each axis."""
    return _op.tile(data, numbers_of(ctx, repeats, "how often a tensor is repeated"))


@converts("aten::tile")
def tile(ctx: Context, data: Any, dims: Sequence[Any]) -> Any:
    """As `repeat`, with ones for the axes that are not named."""
    return repeat(ctx, data, [1] * (ctx.rank(data) - len(dims)) + list(dims))


@converts("aten::repeat_interleave")
def repeat_interleave(ctx: Context, data: Any, repeats: Any, dim: int | None = None, output_size: Any = None) -> Any:
    """Each element repeated in its place."""
    count = int(ctx.number(repeats, "how often each element is repeated"))
    if dim is None:
        return _op.repeat(_op.reshape(data, [-1]), count, 0)
    return _op.repeat(data, count, dim)


@converts("aten::cat", "aten::concat", "aten::concatenate")
def cat(ctx: Context, tensors: Sequence[Any], dim: int = 0, axis: int | None = None) -> Any:
    """Tensors end to end."""
    parts = ctx.promote(*tensors) if len({ctx.dtype(part) for part in tensors}) > 1 else list(tensors)
    return _op.concatenate(Tuple(parts), dim if axis is None else axis)


@converts("aten::stack")
def stack(ctx: Context, tensors: Sequence[Any], dim: int = 0) -> Any:
    """Tensors side by side along a new axis."""
    return _op.stack(Tuple(list(tensors)), dim)


def _cut(data: Any, places: Sequence[int], dim: int) -> list[Any]:
    """Cut before each of the places."""
    return list(_op.split(data, list(places), axis=dim))


@converts("aten::split", "aten::split_with_sizes")
def split(ctx: Context, data: Any, split_size: Any = None, dim: int = 0, split_sizes: Any = None) -> list[Any]:
    """Parts of one size, the last one smaller; or of the sizes given."""
    sizes = split_size if split_sizes is None else split_sizes
    extent = ctx.shape(data)[ctx.axis(data, dim)]
    if isinstance(sizes, list | tuple):
        given = numbers_of(ctx, sizes, "the size of a part")
        return _cut(data, [sum(given[:count]) for count in range(1, len(given))], dim)
    size = int(ctx.number(sizes, "the size of a part"))
    return _cut(data, range(size, extent, size), dim)


@converts("aten::chunk", "aten::unsafe_chunk")
def chunk(ctx: Context, data: Any, chunks: int, dim: int = 0) -> list[Any]:
    """At most that many parts, all of one size but the last."""
    extent = ctx.shape(data)[ctx.axis(data, dim)]
    return split(ctx, data, -(-extent // chunks), dim)


@converts("aten::tensor_split")
def tensor_split(
    ctx: Context, data: Any, sections: int | None = None, dim: int = 0, indices: Sequence[int] | None = None
) -> list[Any]:
    """That many parts, the first ones larger by one; or cut before each index."""
    if indices is None:
        size, larger = divmod(ctx.shape(data)[ctx.axis(data, dim)], sections or 1)
        indices = [at * size + min(at, larger) for at in range(1, sections or 1)]
    return _cut(data, indices, dim)


@converts("aten::unbind")
def unbind(ctx: Context, data: Any, dim: int = 0) -> Any:
    """The slices along an axis, as a tuple."""
    count = ctx.shape(data)[ctx.axis(data, dim)]
    return Tuple([_op.squeeze(part, [dim]) for part in _op.split(data, count, axis=dim)])


@converts("aten::slice")
def slice_(ctx: Context, data: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    """`data[start:end:step]` along one axis."""
    first = 0 if start is None else int(ctx.number(start, "the start of a slice"))
    last = _TO_THE_END if end is None else int(ctx.number(end, "the end of a slice"))
    if (first, last, step) == (0, _TO_THE_END, 1):
        return data
    shape, axis = list(ctx.shape(data)), ctx.axis(data, dim)
    return _strided_slice(data, shape, axis, first, shape[axis] if last == _TO_THE_END else last, step)


def _strided_slice(data: Any, shape: list[int], axis: int, first: int, last: int, step: int = 1) -> Any:
    begin, end, strides = [0] * len(shape), list(shape), [1] * len(shape)
    begin[axis], end[axis], strides[axis] = first, last, step
    return _op.strided_slice(data, begin, end, strides)


@converts("aten::narrow")
def narrow(ctx: Context, data: Any, dim: int, start: Any, length: Any) -> Any:
    """`length` elements from `start` on."""
    first, count = numbers_of(ctx, [start, length], "the bounds of a slice")
    shape, axis = list(ctx.shape(data)), ctx.axis(data, dim)
    first = first + shape[axis] if first < 0 else first
    return _strided_slice(data, shape, axis, first, first + count)


@converts("aten::select")
def select(ctx: Context, data: Any, dim: int, index: Any) -> Any:
    """One slice along an axis, which goes."""
    at = index if is_expr(index) else const(index)
    return _op.take(data, at, axis=ctx.axis(data, dim), mode="wrap")


@converts("aten::index_select")
def index_select(ctx: Context, data: Any, dim: int, index: Any) -> Any:
    """Slices along an axis, in the order of an index."""
    return _op.take(data, index, axis=ctx.axis(data, dim), mode="wrap")


@converts("aten::gather")
def gather(ctx: Context, data: Any, dim: int, index: Any, sparse_grad: bool = False) -> Any:
    """Elements picked along an axis."""
    return _op.gather(data, dim, index)


@converts("aten::index")
def index(ctx: Context, data: Any, indices: Sequence[Any]) -> Any:
    """`data[a, :, b]` with tensors for indices: their axes move to the front, and back if they stand together."""
    places = [axis for axis, item in enumerate(indices) if item is not None]
    if any(is_expr(indices[axis]) and ctx.dtype(indices[axis]) == "bool" for axis in places):
        raise ValueError("a tensor is indexed by booleans, so the result's shape depends on the data: use torch.where")
    rank = ctx.rank(data)
    rest = [axis for axis in range(rank) if axis not in places]
    tensors = [indices[axis] for axis in places]
    picked = _op.adv_index(Tuple([_op.transpose(data, places + rest), *tensors]))
    if places != list(range(places[0], places[-1] + 1)):
        return picked
    width = max(ctx.rank(tensor) for tensor in tensors)
    front = list(range(width, width + places[0]))
    return _op.transpose(picked, [*front, *range(width), *range(width + places[0], width + len(rest))])


@converts("aten::flip")
def flip(ctx: Context, data: Any, dims: Sequence[int]) -> Any:
    """Axes back to front."""
    for axis in dims:
        data = _op.reverse(data, axis)
    return data


@converts("aten::roll")
def roll(ctx: Context, data: Any, shifts: Any, dims: Any = ()) -> Any:
    """Elements moved along axes; those that fall off the end come back at the start."""
    if not dims:
        shape = list(ctx.shape(data))
        return _op.reshape(roll(ctx, _op.reshape(data, [-1]), shifts, [0]), shape)
    zero, one = const(0, "int64"), const(1, "int64")
    for shift, dim in zip(pair(shifts, 1), pair(dims, 1), strict=True):
        data = _op.gather(data, dim, _rolled_indices(ctx, data, shift, dim, zero, one))
    return data


def _rolled_indices(ctx: Context, data: Any, shift: int, dim: int, zero: Any, one: Any) -> Any:
    shape, axis = list(ctx.shape(data)), ctx.axis(data, dim)
    size = const(shape[axis], "int64")
    places = _op.arange(zero, size, one, "int64")
    places = _op.mod(_op.add(_op.subtract(places, const(shift, "int64")), size), size)
    others = shape[:axis] + shape[axis + 1 :]
    order = list(range(len(others)))
    return _op.transpose(_op.tile(places, [*others, 1]), [*order[:axis], -1, *order[axis:]])


@converts("aten::pad")
def padded(ctx: Context, data: Any, pad: Sequence[Any], mode: str = "constant", value: Any = None) -> Any:
    """A frame around a tensor; the widths come in pairs, those of the last axis first."""
    widths = numbers_of(ctx, pad, "a padding")
    rank = ctx.rank(data)
    pairs = [[before, after] for before, after in zip(widths[::2], widths[1::2], strict=True)][::-1]
    pairs = [[0, 0]] * (rank - len(pairs)) + pairs
    if any(width < 0 for pair_ in pairs for width in pair_):
        data, pairs = _cropped(ctx, data, pairs)
    if mode == "circular":
        return _wrapped(ctx, data, pairs)
    modes = {"constant": "constant", "reflect": "reflect", "replicate": "edge"}
    if mode not in modes:
        raise NotImplementedError(f"padding of mode {mode!r} has no counterpart in Relay")
    return _op.nn.pad(data, pairs, pad_value=0 if value is None else value, pad_mode=modes[mode])


def _wrapped(ctx: Context, data: Any, pairs: Sequence[Sequence[int]]) -> Any:
    """Each side continued by what stands at the other."""
    for axis, (before, after) in enumerate(pairs):
        size = ctx.shape(data)[axis]
        sides = [(size - before, size), None, (0, after)]
        parts = [
            data if side is None else _op.strided_slice(data, [side[0]], [side[1]], axes=[axis])
            for side in sides
            if side is None or side[0] < side[1]
        ]
        data = _op.concatenate(parts, axis=axis) if len(parts) > 1 else data
    return data


def _cropped(ctx: Context, data: Any, pairs: list[list[int]]) -> tuple[Any, list[list[int]]]:
    """A negative width cuts off instead."""
    shape = ctx.shape(data)
    begin = [max(-before, 0) for before, _ in pairs]
    end = [size - max(-after, 0) for size, (_, after) in zip(shape, pairs, strict=True)]
    cut = _op.strided_slice(data, begin, end, [1] * len(begin))
    return cut, [[max(before, 0), max(after, 0)] for before, after in pairs]


@converts("aten::constant_pad_nd")
def constant_pad(ctx: Context, data: Any, pad: Sequence[Any], value: Any = 0) -> Any:
    """A frame of one value."""
    return padded(ctx, data, pad, "constant", value)


for _rank in (1, 2, 3):
    converts(f"aten::reflection_pad{_rank}d")(lambda ctx, data, padding: padded(ctx, data, padding, "reflect"))
    converts(f"aten::replication_pad{_rank}d")(lambda ctx, data, padding: padded(ctx, data, padding, "replicate"))


@converts("aten::pixel_shuffle")
def pixel_shuffle(ctx: Context, data: Any, upscale_factor: int) -> Any:
    """Channels moved into the image, which grows by the factor (Shi et al. 2016)."""
    *batch, channels, height, width = ctx.shape(data)
    factor, rank = upscale_factor, len(batch)
    rows = _op.reshape(data, [*batch, channels // factor**2, factor, factor, height, width])
    rows = _op.transpose(rows, [*range(rank + 1), rank + 3, rank + 1, rank + 4, rank + 2])
    return _op.reshape(rows, [*batch, channels // factor**2, height * factor, width * factor])


@converts("aten::pixel_unshuffle")
def pixel_unshuffle(ctx: Context, data: Any, downscale_factor: int) -> Any:
    """The image moved into channels: `pixel_shuffle` backwards."""
    *batch, channels, height, width = ctx.shape(data)
    factor, rank = downscale_factor, len(batch)
    blocks = _op.reshape(data, [*batch, channels, height // factor, factor, width // factor, factor])
    blocks = _op.transpose(blocks, [*range(rank + 1), rank + 2, rank + 4, rank + 1, rank + 3])
    return _op.reshape(blocks, [*batch, channels * factor**2, height // factor, width // factor])


@converts("aten::channel_shuffle")
def channel_shuffle(ctx: Context, data: Any, groups: int) -> Any:
    """The channels of each group dealt out to all (Zhang et al. 2018)."""
    batch, channels, *image = ctx.shape(data)
    dealt = _op.reshape(data, [batch, groups, channels // groups, *image])
    dealt = _op.transpose(dealt, [0, 2, 1, *range(3, 3 + len(image))])
    return _op.reshape(dealt, [batch, channels, *image])
