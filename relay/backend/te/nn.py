"""Convolutions, matrix products, pooling and the normalizations that are not taken apart before."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tvm import te, tirx, topi

from ...op.nn.blocked_convolution import plain_weight_shape
from ...op.nn.convolution import KERNEL, TRANSPOSED_KERNEL
from ...op.nn.windows import DATA, pairs, reach, sizes
from .elementwise import along, mapped
from .rearrange import padded, to_layout
from .registry import cast, dtype_of, is_float, lowers, number, shape_of, wide

# convolutions


def _with_layouts(
    args: Sequence[Any], attrs: Any, rank: int, kernel: str, convolve: Callable[..., te.Tensor]
) -> te.Tensor:
    """`convolve(data, weight, dtype)` on the plain layouts, its result in the layout asked for."""
    data = to_layout(args[0], attrs.data_layout, DATA[rank])
    weight = to_layout(args[1], attrs.kernel_layout, kernel)
    dtype = attrs.out_dtype or dtype_of(data)
    found = convolve(data, weight, wide(dtype))
    if dtype_of(found) != dtype:
        found = mapped(found, lambda x: cast(x, dtype))
    return to_layout(found, DATA[rank], attrs.out_layout or attrs.data_layout)


def _convolve(attrs: Any, rank: int) -> Callable[..., te.Tensor]:
    def convolve(data: te.Tensor, weight: te.Tensor, dtype: str) -> te.Tensor:
        batch, taken, *image = shape_of(data)
        outer, inner, *kernel = shape_of(weight)
        if inner * attrs.groups != taken:  # a depthwise weight written (groups, out / groups, kernel)
            weight = topi.reshape(weight, (outer * inner, 1, *kernel))
        channels, each = shape_of(weight)[:2]
        strides, dilation = sizes(attrs.strides, rank), sizes(attrs.dilation, rank)
        pad, far = pairs(attrs.padding, rank), reach(kernel, dilation)
        whole = [n + sum(around) for n, around in zip(image, pad, strict=True)]
        count = [(n - over) // s + 1 for n, over, s in zip(whole, far, strides, strict=True)]
        source = padded(data, [0, 0, *(first for first, _ in pad)], (batch, taken, *whole), number(0, dtype_of(data)))
        share = channels // attrs.groups
        c = te.reduce_axis((0, each), name="c")
        window = [te.reduce_axis((0, n), name=f"k{k}") for k, n in enumerate(kernel)]

        def product(n: Any, o: Any, *place: Any) -> Any:
            channel = c if attrs.groups == 1 else o // share * each + c
            pixel = [i * s + k * d for i, s, k, d in zip(place, strides, window, dilation, strict=True)]
            return te.sum(
                cast(source(n, channel, *pixel), dtype) * cast(weight(o, c, *window), dtype), axis=[c, *window]
            )

        return te.compute((batch, channels, *count), product, name=f"conv{rank}d")

    return convolve


def _convolution(args: Sequence[Any], attrs: Any, out: Any, rank: int) -> te.Tensor:
    return _with_layouts(args, attrs, rank, KERNEL[rank], _convolve(attrs, rank))


@lowers("nn.contrib_depthwise_conv2d_NCHWc")
def _blocked_depthwise(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    """Each channel with its own kernel. In blocks all along, so that a block is a vector; else by the plain layouts."""
    data, weight = args
    block = shape_of(data)[-1]
    layouts = (f"NCHW{block}c", f"NCHW{block}c", f"OIHW1i{block}o")
    same = (attrs.data_layout, attrs.out_layout or attrs.data_layout, attrs.kernel_layout) == layouts
    if not same or not attrs.channels == attrs.groups == shape_of(data)[1] * block:
        return _blocked_convolution(args, attrs, out)
    dtype = wide(attrs.out_dtype or dtype_of(data))
    strides, dilation = sizes(attrs.strides, 2), sizes(attrs.dilation, 2)
    begin, image = [first for first, _ in pairs(attrs.padding, 2)], shape_of(data)[2:4]
    window = [te.reduce_axis((0, n), name=f"k{k}") for k, n in enumerate(shape_of(weight)[2:4])]

    def product(n: Any, c: Any, y: Any, x: Any, lane: Any) -> Any:
        each = zip((y, x), strides, window, dilation, begin, strict=True)
        pixel = [i * s + k * d - first for i, s, k, d, first in each]
        inside = tirx.all(*[tirx.all(i >= 0, i < size) for i, size in zip(pixel, image, strict=True)])
        value = tirx.if_then_else(inside, cast(data(n, c, *pixel, lane), dtype), number(0, dtype))
        return te.sum(value * cast(weight(c, 0, *window, 0, lane), dtype), axis=window)

    found = te.compute(out.concrete_shape, product, name="depthwise_conv2d")
    return found if dtype == out.dtype else mapped(found, lambda x: cast(x, out.dtype))


@lowers("nn.contrib_conv2d_NCHWc")
def _blocked_convolution(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    """Any blocks, by way of the plain layouts; the filling of the weight's last blocks is left out."""

    def convolve(data: te.Tensor, weight: te.Tensor, dtype: str) -> te.Tensor:
        shape = plain_weight_shape(shape_of(data)[1], attrs)
        real = te.compute(shape, lambda *i: weight(*i), name="weight")
        return _convolve(attrs, 2)(data, real, dtype)

    return _with_layouts(args, attrs, 2, KERNEL[2], convolve)


def _transposed_convolution(args: Sequence[Any], attrs: Any, out: Any, rank: int) -> te.Tensor:
    """By phases: places `stride` apart take the same part of the kernel, and are a convolution with it.

    Along an axis, `i + pad = stride * q + phase` takes the weights `stride * t + phase` with the pixels `q - t`.
    """

    def convolve(data: te.Tensor, weight: te.Tensor, dtype: str) -> te.Tensor:
        batch, taken, *image = shape_of(data)
        _, each, *kernel = shape_of(weight)
        strides, dilation = sizes(attrs.strides, rank), sizes(attrs.dilation, rank)
        more, begin = sizes(attrs.output_padding, rank), [first for first, _ in pairs(attrs.padding, rank)]
        # A dilated kernel is one with zeros in between.
        far = reach(kernel, dilation)
        parts = zip(image, strides, far, pairs(attrs.padding, rank), more, strict=True)
        count = [(n - 1) * s + over - sum(pad) + extra for n, s, over, pad, extra in parts]
        taps = [-(-over // s) for over, s in zip(far, strides, strict=True)]
        first = [pad // s for pad, s in zip(begin, strides, strict=True)]
        last = [(n - 1 + pad) // s for n, pad, s in zip(count, begin, strides, strict=True)]
        rows = [end - start + 1 for start, end in zip(first, last, strict=True)]
        share = taken // attrs.groups

        def part(c: Any, o: Any, *place: Any) -> Any:
            """The weights of each phase, zeros where it has fewer than others."""
            at = [t * s + phase for t, s, phase in zip(place[rank:], strides, place[:rank], strict=True)]
            inside = [tirx.EQ(tirx.floormod(k, d), 0) for k, d in zip(at, dilation, strict=True) if d > 1]
            inside += [k < over for k, over in zip(at, far, strict=True)]
            found = weight(c, o, *[tirx.floordiv(k, d) for k, d in zip(at, dilation, strict=True)])
            return tirx.if_then_else(tirx.all(*inside), cast(found, dtype), number(0, dtype))

        parts_of_kernel = te.compute((taken, each, *strides, *taps), part, name="phases")
        around = [t - 1 - start for t, start in zip(taps, first, strict=True)]
        whole = (batch, taken, *(n + t - 1 for n, t in zip(rows, taps, strict=True)))
        source = padded(data, [0, 0, *around], whole, number(0, dtype_of(data)))
        c = te.reduce_axis((0, share), name="c")
        window = [te.reduce_axis((0, t), name=f"t{k}") for k, t in enumerate(taps)]

        def product(n: Any, o: Any, *place: Any) -> Any:
            phase, row = place[:rank], place[rank:]
            channel = c if attrs.groups == 1 else o // each * share + c
            pixel = [q + t - 1 - tap for q, t, tap in zip(row, taps, window, strict=True)]
            value = cast(source(n, channel, *pixel), dtype)
            return te.sum(value * parts_of_kernel(channel, o % each, *phase, *window), axis=[c, *window])

        channels = each * attrs.groups
        phases = te.compute((batch, channels, *strides, *rows), product, name=f"conv{rank}d_phases")

        def place(n: Any, o: Any, *i: Any) -> Any:
            at = [k + pad for k, pad in zip(i, begin, strict=True)]
            phase = [tirx.floormod(k, s) for k, s in zip(at, strides, strict=True)]
            row = [tirx.floordiv(k, s) - start for k, s, start in zip(at, strides, first, strict=True)]
            return phases(n, o, *phase, *row)

        return te.compute((batch, channels, *count), place, name=f"conv{rank}d_transpose")

    return _with_layouts(args, attrs, rank, TRANSPOSED_KERNEL[rank], convolve)


def _over_axes(name: str, rank: int, lower: Callable[..., te.Tensor]) -> None:
    lowers(name)(lambda args, attrs, out: lower(args, attrs, out, rank))


for _rank in DATA:
    _over_axes(f"nn.conv{_rank}d", _rank, _convolution)
    _over_axes(f"nn.conv{_rank}d_transpose", _rank, _transposed_convolution)


# matrix products


def _product(args: Sequence[Any], out: Any, transpose_a: bool, transpose_b: bool) -> te.Tensor:
    """The matrices in the last two axes of both; before them a batch, or (of the second) nothing."""
    a, b = args
    dtype, batched = wide(out.dtype), len(b.shape) == 3
    k = te.reduce_axis((0, shape_of(a)[-2 if transpose_a else -1]), name="k")

    def product(*i: Any) -> Any:
        *lead, column = i
        first = [*lead[:-1], k, lead[-1]] if transpose_a else [*lead, k]
        second = [column, k] if transpose_b else [k, column]
        if batched:
            first[0] = 0 if shape_of(a)[0] == 1 else i[0]
            second.insert(0, 0 if shape_of(b)[0] == 1 else i[0])
        return te.sum(cast(a(*first), dtype) * cast(b(*second), dtype), axis=k)

    found = te.compute(out.concrete_shape, product, name="dense")
    return found if dtype == out.dtype else mapped(found, lambda x: cast(x, out.dtype))


@lowers("nn.dense")
def _dense(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return _product(args, out, False, True)


@lowers("nn.contrib_dense_pack")
def _dense_pack(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, weight = args
    return _product((data, to_layout(weight, attrs.weight_layout, "NC")), out, False, True)


@lowers("nn.matmul", "nn.batch_matmul")
def _matmul(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return _product(args, out, attrs.transpose_a, attrs.transpose_b)


@lowers("einsum")
def _einsum(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    names, arrow, result = attrs.equation.replace(" ", "").partition("->")
    letters = names.replace(",", "")
    if not arrow:
        result = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    size: dict[str, int] = {}
    for name, part in zip(names.split(","), args[0], strict=True):
        for letter, n in zip(name, shape_of(part), strict=True):
            size[letter] = max(size.get(letter, 1), n)
    summed = {x: te.reduce_axis((0, size[x]), name=x) for x in dict.fromkeys(letters) if x not in result}
    dtype = wide(out.dtype)

    def product(*i: Any) -> Any:
        place = {**dict(zip(result, i, strict=True)), **summed}
        value = None
        for name, part in zip(names.split(","), args[0], strict=True):
            index = [0 if n == 1 else place[letter] for letter, n in zip(name, shape_of(part), strict=True)]
            factor = cast(part(*index), dtype)
            value = factor if value is None else value * factor
        return te.sum(value, axis=list(summed.values())) if summed else value

    found = te.compute(out.concrete_shape, product, name="einsum")
    return found if dtype == out.dtype else mapped(found, lambda x: cast(x, out.dtype))


# pooling


def _on_plain(args: Sequence[Any], attrs: Any, rank: int, pool: Callable[[te.Tensor], te.Tensor]) -> te.Tensor:
    return to_layout(pool(to_layout(args[0], attrs.layout, DATA[rank])), DATA[rank], attrs.layout)


class _Windows:
    """The windows of a pooling over a plain image: where they lie, and which of their places are on the image."""

    def __init__(self, data: te.Tensor, attrs: Any, rank: int) -> None:
        self.lead, self.image = shape_of(data)[:2], shape_of(data)[2:]
        window, self.strides, self.dilation = (
            sizes(value, rank) for value in (attrs.pool_size, attrs.strides, attrs.dilation)
        )
        self.pad, far = pairs(attrs.padding, rank), reach(window, self.dilation)
        round_up = [s - 1 if attrs.ceil_mode else 0 for s in self.strides]
        self.count = [
            (n + sum(pad) - over + up) // s + 1
            for n, pad, over, up, s in zip(self.image, self.pad, far, round_up, self.strides, strict=True)
        ]
        self.axes = [te.reduce_axis((0, n), name=f"k{k}") for k, n in enumerate(window)]

    def places(self, index: Sequence[Any]) -> list[Any]:
        """The pixels of the window at `index`, as expressions over `axes`."""
        each = zip(index, self.strides, self.axes, self.dilation, self.pad, strict=True)
        return [i * s + k * d - pad[0] for i, s, k, d, pad in each]

    def on_image(self, places: Sequence[Any], with_pad: bool = False) -> Any:
        """Whether they are on the image, or on the padded image."""
        found = []
        for place, n, (before, after) in zip(places, self.image, self.pad, strict=True):
            first, last = (-before, n + after) if with_pad else (0, n)
            found += [place >= first, place < last]
        return tirx.all(*found)


def _lowest(dtype: str) -> Any:
    return tirx.min_value(dtype)


def _max_pool(args: Sequence[Any], attrs: Any, out: Any, rank: int) -> te.Tensor:
    def pool(data: te.Tensor) -> te.Tensor:
        windows = _Windows(data, attrs, rank)

        def largest(n: Any, c: Any, *i: Any) -> Any:
            places = windows.places(i)
            value = tirx.if_then_else(windows.on_image(places), data(n, c, *places), _lowest(dtype_of(data)))
            return te.max(value, axis=windows.axes)

        return te.compute((*windows.lead, *windows.count), largest, name="max_pool")

    return _on_plain(args, attrs, rank, pool)


def _sum_dtype(dtype: str) -> str:
    """float16 is summed in float32 and a narrow integer in 32 bits, where the sum of a window fits."""
    return {"int8": "int32", "int16": "int32", "uint8": "int32", "uint16": "int32", "uint32": "int64"}.get(
        dtype, wide(dtype)
    )


def _avg_pool(args: Sequence[Any], attrs: Any, out: Any, rank: int) -> te.Tensor:
    def pool(data: te.Tensor) -> te.Tensor:
        windows, counted = _Windows(data, attrs, rank), _Windows(data, attrs, rank)
        dtype = _sum_dtype(dtype_of(data))

        def total(n: Any, c: Any, *i: Any) -> Any:
            places = windows.places(i)
            value = cast(data(n, c, *places), dtype)
            return te.sum(tirx.if_then_else(windows.on_image(places), value, number(0, dtype)), axis=windows.axes)

        def count(*i: Any) -> Any:
            inside = counted.on_image(counted.places(i), attrs.count_include_pad)
            return te.sum(tirx.if_then_else(inside, number(1, "int32"), number(0, "int32")), axis=counted.axes)

        totals = te.compute((*windows.lead, *windows.count), total, name="total")
        counts = te.compute(windows.count, count, name="count")

        def average(n: Any, c: Any, *i: Any) -> Any:
            return cast(_divided(totals(n, c, *i), tirx.max(counts(*i), number(1, "int32"))), out.dtype)

        return te.compute((*windows.lead, *windows.count), average, name="avg_pool")

    return _on_plain(args, attrs, rank, pool)


def _divided(total: Any, count: Any) -> Any:
    count = count.astype(dtype_of(total))
    return total / count if is_float(dtype_of(total)) else tirx.truncdiv(total, count)


def _spans(data: te.Tensor, wanted: Sequence[int], start: Any, combine: Callable[..., Any], dtype: str) -> te.Tensor:
    """Reduce one spatial axis after the other to as many spans as wanted: of sums and maxima the order is free."""
    for axis, parts in enumerate(wanted, start=2):
        shape = list(shape_of(data))
        size = shape[axis]
        shape[axis] = parts
        data = te.compute(shape, _span(data, axis, size, parts, start, combine, dtype), name="span")
    return data


def _span(
    data: te.Tensor, axis: int, size: int, parts: int, start: Any, combine: Callable[..., Any], dtype: str
) -> Callable[..., Any]:
    """One number of `parts` from `size`; where it does not divide, spans overlap and differ in length."""
    longest = max(-(-(i + 1) * size // parts) - i * size // parts for i in range(parts))
    r = te.reduce_axis((0, longest), name="r")

    def element(*i: Any) -> Any:
        begin = i[axis] * size // parts
        end = ((i[axis] + 1) * size + parts - 1) // parts
        value = cast(data(*[begin + r if k == axis else index for k, index in enumerate(i)]), dtype)
        return combine(value if size % parts == 0 else tirx.if_then_else(begin + r < end, value, start), axis=r)

    return element


def _wanted(data: te.Tensor, attrs: Any) -> Sequence[int]:
    """What the result's spatial sizes are: one each for a global pooling, the image's own where none are given."""
    image = shape_of(data)[2:]
    size = getattr(attrs, "output_size", (1,) * len(image))
    return image if size is None else list(size)


def _adaptive_max_pool(args: Sequence[Any], attrs: Any, out: Any, rank: int) -> te.Tensor:
    def pool(data: te.Tensor) -> te.Tensor:
        return _spans(data, _wanted(data, attrs), _lowest(dtype_of(data)), te.max, dtype_of(data))

    return _on_plain(args, attrs, rank, pool)


def _adaptive_avg_pool(args: Sequence[Any], attrs: Any, out: Any, rank: int) -> te.Tensor:
    """Integers are summed in their own dtype, where the sum of a narrow one may wrap around."""

    def pool(data: te.Tensor) -> te.Tensor:
        image, wanted = shape_of(data)[2:], _wanted(data, attrs)
        dtype = wide(dtype_of(data))
        total = _spans(data, wanted, number(0, dtype), te.sum, dtype)

        def average(n: Any, c: Any, *i: Any) -> Any:
            count = math.prod(
                ((k + 1) * size + parts - 1) // parts - k * size // parts if size % parts else size // parts
                for k, size, parts in zip(i, image, wanted, strict=True)
            )
            value = total(n, c, *i)
            value = value if is_float(dtype) else value.astype("int64")
            return cast(_divided(value, tirx.convert(count)), out.dtype)

        return te.compute(total.shape, average, name="avg_pool")

    return _on_plain(args, attrs, rank, pool)


for _rank in DATA:
    _over_axes(f"nn.max_pool{_rank}d", _rank, _max_pool)
    _over_axes(f"nn.avg_pool{_rank}d", _rank, _avg_pool)
    _over_axes(f"nn.adaptive_max_pool{_rank}d", _rank, _adaptive_max_pool)
    _over_axes(f"nn.adaptive_avg_pool{_rank}d", _rank, _adaptive_avg_pool)
_over_axes("nn.global_max_pool2d", 2, _adaptive_max_pool)
_over_axes("nn.global_avg_pool2d", 2, _adaptive_avg_pool)


# normalizations


@lowers("nn.batch_norm")
def _batch_norm(args: Sequence[Any], attrs: Any, out: Any) -> tuple[te.Tensor, ...]:
    data, gamma, beta, mean, variance = args
    dtype = wide(dtype_of(data))

    def normal(*i: Any) -> Any:
        spread = tirx.sqrt(cast(along(variance, attrs.axis, i), dtype) + number(attrs.epsilon, dtype))
        value = (cast(data(*i), dtype) - cast(along(mean, attrs.axis, i), dtype)) / spread
        if attrs.scale:
            value = value * cast(along(gamma, attrs.axis, i), dtype)
        if attrs.center:
            value = value + cast(along(beta, attrs.axis, i), dtype)
        return cast(value, dtype_of(data))

    whole = te.compute(data.shape, normal, name="batch_norm")
    return whole, mapped(mean, lambda x: x, "mean"), mapped(variance, lambda x: x, "variance")


@lowers("nn.lrn")
def _lrn(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    (data,) = args
    shape, dtype = out.concrete_shape, wide(out.dtype)
    axis = attrs.axis % len(shape)
    r = te.reduce_axis((0, attrs.size), name="r")

    def square(*i: Any) -> Any:
        place = i[axis] + r - attrs.size // 2
        value = cast(data(*[place if k == axis else index for k, index in enumerate(i)]), dtype)
        inside = tirx.all(place >= 0, place < shape[axis])
        return te.sum(tirx.if_then_else(inside, value * value, number(0, dtype)), axis=r)

    squares = te.compute(shape, square, name="squares")
    scale, bias, beta = (number(value, dtype) for value in (attrs.alpha / attrs.size, attrs.bias, attrs.beta))
    return te.compute(
        shape,
        lambda *i: cast(cast(data(*i), dtype) / tirx.pow(bias + scale * squares(*i), beta), out.dtype),
        name="lrn",
    )
