"""Pooling."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

from ... import op as _op
from ...expr import const
from .context import Context, pair
from .scalar import numbers_of
from .table import converts


def _batched(ctx: Context, data: Any, axes: int, pool: Callable[[Any], Any]) -> Any:
    """`pool` on `data`, which may be an image that stands alone, without a batch."""
    if ctx.rank(data) == axes + 2:
        return pool(data)
    return _op.squeeze(pool(_op.expand_dims(data, 0)), [0])


def max_pool(
    axes: int,
    ctx: Context,
    data: Any,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    dilation: Sequence[int] = (1,),
    ceil_mode: bool = False,
) -> Any:
    """The largest of each window, over one, two or three axes."""
    kernel = pair(kernel_size, axes)
    attrs = {
        "pool_size": kernel,
        "strides": pair(stride, axes) if stride else kernel,
        "dilation": pair(dilation, axes),
        "padding": pair(padding, axes),
        "ceil_mode": ceil_mode,
    }
    pool = getattr(_op.nn, f"max_pool{axes}d")
    return _batched(ctx, data, axes, lambda batch: pool(batch, **attrs))


def max_pool_with_indices(axes: int, ctx: Context, data: Any, kernel_size: Sequence[int], **others: Any) -> list[Any]:
    """As `max_pool`; where the largest were found is not known to Relay."""
    return [max_pool(axes, ctx, data, kernel_size, **others), None]


def avg_pool(
    axes: int,
    ctx: Context,
    data: Any,
    kernel_size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0,),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    """The mean of each window; with `divisor_override`, its sum over that number."""
    kernel = pair(kernel_size, axes)
    if divisor_override is not None and ceil_mode:
        raise NotImplementedError("an average with divisor_override and ceil_mode has no counterpart in Relay")
    attrs = {
        "pool_size": kernel,
        "strides": pair(stride, axes) if stride else kernel,
        "padding": pair(padding, axes),
        "ceil_mode": ceil_mode,
        "count_include_pad": count_include_pad or divisor_override is not None,
    }
    pool = getattr(_op.nn, f"avg_pool{axes}d")
    result = _batched(ctx, data, axes, lambda batch: pool(batch, **attrs))
    if divisor_override is None:
        return result
    return _op.multiply(result, const(math.prod(kernel) / divisor_override, ctx.dtype(data)))


def adaptive_pool(axes: int, name: str, ctx: Context, data: Any, output_size: Sequence[Any]) -> Any:
    """As many windows as the result has elements, however large the image is."""
    pool = getattr(_op.nn, f"adaptive_{name}_pool{axes}d")
    size = numbers_of(ctx, pair(output_size, axes), "the size that a pooling is to give")
    return _batched(ctx, data, axes, lambda batch: pool(batch, output_size=size))


def adaptive_max_pool(axes: int, ctx: Context, data: Any, output_size: Sequence[Any]) -> list[Any]:
    """The largest of each such window; where they were found is not known to Relay."""
    return [adaptive_pool(axes, "max", ctx, data, output_size), None]


for _axes in (1, 2, 3):
    converts(f"aten::max_pool{_axes}d")(functools.partial(max_pool, _axes))
    converts(f"aten::max_pool{_axes}d_with_indices")(functools.partial(max_pool_with_indices, _axes))
    converts(f"aten::avg_pool{_axes}d")(functools.partial(avg_pool, _axes))
    converts(f"aten::adaptive_avg_pool{_axes}d", f"aten::_adaptive_avg_pool{_axes}d")(
        functools.partial(adaptive_pool, _axes, "avg")
    )
    converts(f"aten::adaptive_max_pool{_axes}d")(functools.partial(adaptive_max_pool, _axes))
