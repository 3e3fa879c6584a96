"""New tensors: of one value, or in steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import op as _op
from ...expr import const
from .context import Context
from .scalar import numbers_of
from .table import converts


def full(ctx: Context, size: Sequence[Any], value: Any, dtype: str) -> Any:
    """A tensor of one value."""
    shape = numbers_of(ctx, size, "the shape of a new tensor")
    return _op.full(const(value, dtype), shape, dtype)


@converts("aten::full")
def full_(ctx: Context, size: Sequence[Any], fill_value: Any, dtype: Any = None, names: Any = None) -> Any:
    """`torch.full`."""
    value = ctx.number(fill_value, "the value that fills a new tensor")
    return full(ctx, size, value, ctx.dtype_or(dtype, ctx.default_dtype))


@converts("aten::zeros", "aten::empty")
def zeros(ctx: Context, size: Sequence[Any], dtype: Any = None, names: Any = None) -> Any:
    """`torch.zeros`; what `torch.empty` holds is not defined, so zeros it is."""
    return full(ctx, size, 0, ctx.dtype_or(dtype, ctx.default_dtype))


@converts("aten::ones")
def ones(ctx: Context, size: Sequence[Any], dtype: Any = None, names: Any = None) -> Any:
    """`torch.ones`."""
    return full(ctx, size, 1, ctx.dtype_or(dtype, ctx.default_dtype))


@converts("aten::new_zeros", "aten::new_empty")
def new_zeros(ctx: Context, data: Any, size: Sequence[Any], dtype: Any = None) -> Any:
    """Zeros of the tensor's dtype."""
    return full(ctx, size, 0, ctx.dtype_or(dtype, ctx.dtype(data)))


@converts("aten::new_ones")
def new_ones(ctx: Context, data: Any, size: Sequence[Any], dtype: Any = None) -> Any:
    """Ones of the tensor's dtype."""
    return full(ctx, size, 1, ctx.dtype_or(dtype, ctx.dtype(data)))


@converts("aten::new_full")
def new_full(ctx: Context, data: Any, size: Sequence[Any], fill_value: Any, dtype: Any = None) -> Any:
    """One value, of the tensor's dtype."""
    return full(ctx, size, fill_value, ctx.dtype_or(dtype, ctx.dtype(data)))


@converts("aten::zeros_like", "aten::empty_like")
def zeros_like(ctx: Context, data: Any, dtype: Any = None) -> Any:
    """Zeros of a tensor's shape."""
    return ctx.cast(_op.zeros_like(data), ctx.dtype_named(dtype))


@converts("aten::ones_like")
def ones_like(ctx: Context, data: Any, dtype: Any = None) -> Any:
    """Ones of a tensor's shape."""
    return ctx.cast(_op.ones_like(data), ctx.dtype_named(dtype))


@converts("aten::full_like")
def full_like(ctx: Context, data: Any, fill_value: Any, dtype: Any = None) -> Any:
    """One value in a tensor's shape."""
    value = ctx.number(fill_value, "the value that fills a new tensor")
    return ctx.cast(_op.full_like(data, const(value, ctx.dtype(data))), ctx.dtype_named(dtype))


@converts("aten::arange")
def arange(ctx: Context, *given: Any, dtype: Any = None, start: Any = 0, end: Any = None, step: Any = 1) -> Any:
    """`start`, `start + step`, ... below `end`."""
    if end is None:
        (end,) = given
    elif given:
        (start,) = given
    start, end, step = (ctx.number(value, "a bound of arange") for value in (start, end, step))
    whole = all(isinstance(value, int) for value in (start, end, step))
    return _range(start, end, step, ctx.dtype_or(dtype, "int64" if whole else ctx.default_dtype))


def _range(start: Any, stop: Any, step: Any, dtype: str) -> Any:
    return _op.arange(const(start, dtype), const(stop, dtype), const(step, dtype), dtype)


@converts("aten::linspace")
def linspace(ctx: Context, start: Any, end: Any, steps: int, dtype: Any = None) -> Any:
    """`steps` values from `start` to `end`, both included."""
    name = ctx.dtype_or(dtype, ctx.default_dtype)
    if steps == 1:
        return full(ctx, [1], start, name)
    step = (end - start) / (steps - 1)
    return _range(start, end + step / 2, step, name)


@converts("aten::scalar_tensor", "aten::tensor")
def scalar_tensor(ctx: Context, value: Any, dtype: Any = None, requires_grad: bool = False) -> Any:
    """A number, or a list of numbers, as a tensor."""
    value = ctx.number(value, "the value of a new tensor")
    whole = isinstance(value, int) or (isinstance(value, list) and not any(isinstance(v, float) for v in value))
    default = "bool" if isinstance(value, bool) else "int64" if whole else ctx.default_dtype
    return const(value, ctx.dtype_or(dtype, default))


@converts("aten::one_hot")
def one_hot(ctx: Context, data: Any, num_classes: int = -1) -> Any:
    """One in the column that the number names, zero elsewhere."""
    if num_classes < 0:
        raise ValueError("one_hot takes its number of classes from the data: give num_classes")
    return _op.one_hot(_op.cast(data, "int32"), const(1), const(0), num_classes, -1, "int32")


@converts("aten::tril")
def tril(ctx: Context, data: Any, diagonal: int = 0) -> Any:
    """The lower triangle."""
    return _op.trilu(data, const(diagonal), upper=False)


@converts("aten::triu")
def triu(ctx: Context, data: Any, diagonal: int = 0) -> Any:
    """The upper triangle."""
    return _op.trilu(data, const(diagonal), upper=True)
