"""Reductions: `relay.op.reduce`, softmax, and what else makes one number of many along some axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from tvm import te, tirx, topi

from ...op.reduce import reduced_axes
from . import real
from .elementwise import mapped
from .registry import at, cast, dtype_of, is_float, lowers, number, shape_of, wide

_PRODUCT = te.comm_reducer(lambda x, y: x * y, lambda dtype: tirx.const(1, dtype), name="prod")

Reducer = Callable[..., Any]


def reduced(
    shape: Sequence[int], axes: Sequence[int], keepdims: bool, reducer: Reducer, value: Callable[[Sequence[Any]], Any]
) -> te.Tensor:
    """`reducer` over `axes` of a tensor of that shape, whose element at an index is `value(index)`."""
    around = {axis: te.reduce_axis((0, shape[axis]), name=f"r{axis}") for axis in axes}
    kept = [1 if axis in around else size for axis, size in enumerate(shape) if keepdims or axis not in around]

    def element(*i: Any) -> Any:
        own = iter(i)
        index = []
        for axis in range(len(shape)):
            outer = next(own) if keepdims or axis not in around else None
            index.append(around.get(axis, outer))
        return reducer(value(index), axis=list(around.values())) if around else value(index)

    return te.compute(kept, element, name="reduce")


def _reduction(name: str, reducer: Reducer, before: Callable[[Any, str], Any], after: Callable[..., Any]) -> None:
    """Lower a reduction: `before(number, dtype)` is reduced, `after(number, count)` is what comes of it."""

    @lowers(name)
    def lower(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
        (data,) = args
        shape = shape_of(data)
        axes = reduced_axes(attrs, len(shape))
        count = math.prod(shape[axis] for axis in axes)
        found = reduced(shape, axes, attrs.keepdims, reducer, lambda index: before(data(*index), out.dtype))
        return mapped(found, lambda x: cast(after(x, count), out.dtype), name)


def _wide(x: Any, dtype: str) -> Any:
    return cast(x, wide(dtype))


def _truth(x: Any, dtype: str) -> Any:
    return cast(x, "bool").astype("int8")


def _itself(x: Any, count: int) -> Any:
    return x


def _shared(x: Any, count: int) -> Any:
    """The mean; integers are rounded toward zero."""
    return (
        x / number(count, dtype_of(x))
        if is_float(dtype_of(x))
        else tirx.truncdiv(x.astype("int64"), number(count, "int64"))
    )


def _flag(x: Any, count: int) -> Any:
    return tirx.NE(x, number(0, dtype_of(x)))


for _name, _reducer, _before, _after in (
    ("sum", te.sum, _wide, _itself),
    ("mean", te.sum, _wide, _shared),
    ("prod", _PRODUCT, _wide, _itself),
    ("max", te.max, _wide, _itself),
    ("min", te.min, _wide, _itself),
    ("all", te.min, _truth, _flag),
    ("any", te.max, _truth, _flag),
):
    _reduction(_name, _reducer, _before, _after)


@lowers("variance")
def _variance(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data, middle = args
    shape = shape_of(data)
    axes = reduced_axes(attrs, len(shape))
    count = math.prod(shape[axis] for axis in axes) - attrs.unbiased

    def square(index: Sequence[Any]) -> Any:
        distance = data(*index) - middle(*[0 if axis in axes else i for axis, i in enumerate(index)])
        return cast(distance * distance, wide(out.dtype))

    total = reduced(shape, axes, attrs.keepdims, te.sum, square)
    return mapped(total, lambda x: cast(_shared(x, count), out.dtype), "variance")


@lowers("argmax")
def _argmax(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    axes = list(reduced_axes(attrs, len(args[0].shape)))
    return topi.argmax(args[0], axes, attrs.keepdims, attrs.select_last_index)


@lowers("argmin")
def _argmin(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    axes = list(reduced_axes(attrs, len(args[0].shape)))
    return topi.argmin(args[0], axes, attrs.keepdims, attrs.select_last_index)


@lowers("collapse_sum_like")
def _collapse(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    (data, like), shape = args, shape_of(args[0])
    target = (1,) * (len(shape) - len(like.shape)) + shape_of(like)
    axes = [axis for axis, size in enumerate(target) if size != shape[axis]]
    total = reduced(shape, axes, True, te.sum, lambda index: cast(data(*index), wide(out.dtype)))
    return topi.reshape(mapped(total, lambda x: cast(x, out.dtype)), out.concrete_shape)


def _less_top(data: te.Tensor, axis: int) -> te.Tensor:
    """`data` less its maximum along the axis: what is taken to a power cannot overflow."""
    shape, dtype = shape_of(data), wide(dtype_of(data))
    top = reduced(shape, [axis], True, te.max, lambda index: cast(data(*index), dtype))
    return te.compute(shape, lambda *i: cast(data(*i), dtype) - at(top, i), name="shifted")


def _total(data: te.Tensor, axis: int) -> te.Tensor:
    return reduced(shape_of(data), [axis], True, te.sum, lambda index: data(*index))


@lowers("nn.softmax")
def _softmax(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    axis = attrs.axis % len(out.shape)
    powers = real.exp(_less_top(args[0], axis))
    total = _total(powers, axis)
    return te.compute(out.concrete_shape, lambda *i: cast(powers(*i) / at(total, i), out.dtype), name="softmax")


@lowers("nn.log_softmax")
def _log_softmax(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    axis = attrs.axis % len(out.shape)
    shifted = _less_top(args[0], axis)
    total = mapped(_total(real.exp(shifted), axis), tirx.log, "log")
    return te.compute(out.concrete_shape, lambda *i: cast(shifted(*i) - at(total, i), out.dtype), name="log_softmax")
