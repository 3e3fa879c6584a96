"""Reductions, sorting and searching."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ... import op as _op
from ...expr import const
from .context import Context, is_expr
from .table import converts


def _axes(dim: Any) -> Any:
    """A reduction's axes: one, several, or all where the list is empty or none is given."""
    return None if dim is None or dim == [] else dim


@converts("aten::mean")
def mean(ctx: Context, data: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The mean along axes."""
    return _op.mean(ctx.cast(data, ctx.dtype_named(dtype)), _axes(dim), keepdim)


@converts("aten::sum")
def sum(ctx: Context, data: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The sum along axes; of booleans, how many are true."""
    return _op.sum(_counted(ctx, data, dtype), _axes(dim), keepdim)


@converts("aten::prod")
def prod(ctx: Context, data: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Any:
    """The product along an axis."""
    return _op.prod(_counted(ctx, data, dtype), _axes(dim), keepdim)


def _counted(ctx: Context, data: Any, dtype: Any) -> Any:
    named = ctx.dtype_named(dtype)
    return ctx.cast(data, "int64" if named is None and ctx.dtype(data) == "bool" else named)


@converts("aten::amax")
def amax(ctx: Context, data: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest along axes."""
    return _op.max(data, _axes(dim), keepdim)


@converts("aten::amin")
def amin(ctx: Context, data: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The smallest along axes."""
    return _op.min(data, _axes(dim), keepdim)


@converts("aten::max")
def max(ctx: Context, data: Any, other: Any = None, dim: int | None = None, keepdim: bool = False) -> Any:
    """The largest of all, of two tensors, or along an axis with where it is."""
    return _extreme(ctx, data, other, dim, keepdim, _op.maximum, _op.max, _op.argmax)


@converts("aten::min")
def min(ctx: Context, data: Any, other: Any = None, dim: int | None = None, keepdim: bool = False) -> Any:
    """The smallest of all, of two tensors, or along an axis with where it is."""
    return _extreme(ctx, data, other, dim, keepdim, _op.minimum, _op.min, _op.argmin)


def _extreme(
    ctx: Context,
    data: Any,
    other: Any,
    dim: int | None,
    keepdim: bool,
    of_two: Callable[..., Any],
    of_all: Callable[..., Any],
    where: Callable[..., Any],
) -> Any:
    if is_expr(other):
        return of_two(*ctx.promote(data, other))
    if dim is None:
        return of_all(data)
    return [of_all(data, dim, keepdim), _op.cast(where(data, dim, keepdim), "int64")]


@converts("aten::argmax")
def argmax(ctx: Context, data: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Where the largest is."""
    return _op.argmax(data, dim, keepdim)


@converts("aten::argmin")
def argmin(ctx: Context, data: Any, dim: int | None = None, keepdim: bool = False) -> Any:
    """Where the smallest is."""
    return _op.argmin(data, dim, keepdim)


@converts("aten::all")
def all_(ctx: Context, data: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether all are true."""
    return _op.all(ctx.cast(data, "bool"), _axes(dim), keepdim)


@converts("aten::any")
def any_(ctx: Context, data: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """Whether one is true."""
    return _op.any(ctx.cast(data, "bool"), _axes(dim), keepdim)


@converts("aten::var")
def var(
    ctx: Context, data: Any, dim: Any = None, correction: Any = 1, keepdim: bool = False, unbiased: bool = True
) -> Any:
    """The variance along axes, over one less than the number of elements unless told otherwise."""
    return _op.variance(data, _axes(dim), keepdim, unbiased=_unbiased(correction, unbiased))


@converts("aten::std")
def std(
    ctx: Context, data: Any, dim: Any = None, correction: Any = 1, keepdim: bool = False, unbiased: bool = True
) -> Any:
    """The root of the variance."""
    return _op.std(data, _axes(dim), keepdim, unbiased=_unbiased(correction, unbiased))


@converts("aten::var_mean")
def var_mean(
    ctx: Context, data: Any, dim: Any = None, correction: Any = 1, keepdim: bool = False, unbiased: bool = True
) -> list[Any]:
    """The variance and the mean."""
    both = _op.mean_variance(data, _axes(dim), keepdim, unbiased=_unbiased(correction, unbiased))
    return [both[1], both[0]]


def _unbiased(correction: Any, unbiased: bool) -> bool:
    if correction not in (None, 0, 1):
        raise NotImplementedError(f"a variance with correction {correction} has no counterpart in Relay")
    return unbiased and correction != 0


@converts("aten::logsumexp")
def logsumexp(ctx: Context, data: Any, dim: Any, keepdim: bool = False) -> Any:
    """`log(sum(exp(x)))`, the largest element taken out first so that it does not overflow."""
    return _op.logsumexp(data, _axes(dim), keepdim)


@converts("aten::cumsum")
def cumsum(ctx: Context, data: Any, dim: int, dtype: Any = None) -> Any:
    """Running sums along an axis."""
    return _op.cumsum(data, axis=dim, dtype=ctx.dtype_named(dtype))


@converts("aten::topk")
def topk(ctx: Context, data: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> list[Any]:
    """The `k` largest along an axis, and where they are."""
    count = int(ctx.number(k, "the k of topk"))
    return list(_op.topk(data, count, dim, "both", not largest, "int64"))


@converts("aten::sort")
def sort(ctx: Context, data: Any, dim: int = -1, descending: bool = False, stable: Any = None) -> list[Any]:
    """Sorted along an axis, and where each came from."""
    order = argsort(ctx, data, dim, descending)
    return [_op.gather(data, dim, order), order]


@converts("aten::argsort")
def argsort(ctx: Context, data: Any, dim: int = -1, descending: bool = False, stable: Any = None) -> Any:
    """The order that sorts along an axis."""
    return _op.argsort(data, dim, not descending, "int32")


@converts("aten::linalg_vector_norm", "aten::norm")
def vector_norm(
    ctx: Context, data: Any, ord: Any = 2, dim: Any = None, keepdim: bool = False, dtype: Any = None, p: Any = None
) -> Any:
    """`sum(|x| ** ord) ** (1 / ord)`; the largest or smallest magnitude where `ord` is infinite."""
    order = 2 if p is None and ord is None else ord if p is None else p
    data = ctx.cast(data, ctx.dtype_named(dtype))
    kind = ctx.dtype(data)
    axes = _axes(dim)
    magnitude = _op.abs(data)
    if math.isinf(order):
        return (_op.max if order > 0 else _op.min)(magnitude, axes, keepdim)
    total = _op.sum(_op.power(magnitude, const(float(order), kind)), axes, keepdim)
    return _op.power(total, const(1 / float(order), kind))


@converts("aten::linalg_norm")
def linalg_norm(
    ctx: Context, data: Any, ord: Any = None, dim: Any = None, keepdim: bool = False, dtype: Any = None
) -> Any:
    """The Euclidean norm, which is what it is without `ord`."""
    if ord is not None:
        raise NotImplementedError(f"a matrix norm of order {ord} is not converted")
    squares = _op.power(data, const(2.0, ctx.dtype(data)))
    return _op.sqrt(_op.sum(squares, _axes(dim), keepdim))
