"""Reductions: operators that make one number of all those along some axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..expr import Call, Tuple, TupleWrapper
from ..ty import TensorType
from .attrs import Attrs, Ints, attributes, integers
from .op import OpPattern, define
from .tensor import exp, log, sqrt
from .transform import squeeze
from .type_relations import axes_of, tensor

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "logsumexp",
    "max",
    "mean",
    "mean_std",
    "mean_variance",
    "min",
    "prod",
    "std",
    "sum",
    "variance",
]

Axes = int | Sequence[int] | None


@attributes("ReduceAttrs")
class ReduceAttrs(Attrs):
    """Attributes of a reduction: its axes (`None` for all); do they stay with size 1, are all others meant."""

    axis: Ints | None = None
    keepdims: bool = False
    exclude: bool = False


@attributes("ArgReduceAttrs")
class ArgReduceAttrs(Attrs):
    """Attributes of `argmax` and `argmin`; of equal numbers the first counts, or the last."""

    axis: Ints | None = None
    keepdims: bool = False
    select_last_index: bool = False
    exclude: bool = False


@attributes("VarianceAttrs")
class VarianceAttrs(Attrs):
    """Attributes of `variance`; the unbiased one divides by one less than the count."""

    axis: Ints | None = None
    keepdims: bool = False
    exclude: bool = False
    unbiased: bool = False


def reduced_axes(attrs: Any, rank: int) -> tuple[int, ...]:
    """The axes that a reduction takes away from a tensor of that rank, in rising order.

    No axes stand for all of them, with `exclude` too (TVM v0.16).
    """
    named = attrs.axis
    if named is None or not len(named):
        return tuple(range(rank))
    axes = axes_of(named, rank)
    return tuple(axis for axis in range(rank) if (axis in axes) != attrs.exclude)


def _reduced_type(types: Sequence[Any], attrs: Any) -> TensorType:
    data = tensor(types[0], "the data")
    shape = data.concrete_shape
    axes = reduced_axes(attrs, len(shape))
    if attrs.keepdims:
        return TensorType([1 if axis in axes else size for axis, size in enumerate(shape)], data.dtype)
    return TensorType([size for axis, size in enumerate(shape) if axis not in axes], data.dtype)


def _index_type(types: Sequence[Any], attrs: Any) -> TensorType:
    return TensorType(_reduced_type(types, attrs).concrete_shape, "int32")


def _axis(axis: Axes) -> list[int] | None:
    return None if axis is None else integers(axis, "axis")


def _reduction(name: str, compute: Callable[..., np.ndarray], meaning: str) -> Callable[..., Call]:
    """Declare a reduction and give the function that calls it; `compute(array, axes, keepdims)` is its reference."""

    def reference(arrays: Sequence[np.ndarray], attrs: ReduceAttrs) -> np.ndarray:
        (data,) = arrays
        result = compute(data, reduced_axes(attrs, data.ndim), attrs.keepdims)
        return np.asarray(result).astype(data.dtype, copy=False)

    op = define(
        name,
        inputs=("data",),
        attrs=ReduceAttrs,
        infer=_reduced_type,
        compute=reference,
        pattern=OpPattern.COMM_REDUCE,
    )

    def call(data: Any, axis: Axes = None, keepdims: bool = False, exclude: bool = False) -> Call:
        return Call(op, [data], ReduceAttrs(axis=_axis(axis), keepdims=bool(keepdims), exclude=bool(exclude)))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = (
        f"{meaning}\n\n`axis` is one axis, several, or `None` for all; with `exclude` it names those that stay.\n"
        "The axes go, or stay with size 1 with `keepdims`. The dtype stays."
    )
    return call


def _sum(x: np.ndarray, axes: tuple[int, ...], keepdims: bool) -> np.ndarray:
    return np.asarray(x.sum(axes, dtype=x.dtype, keepdims=keepdims))


def _mean(x: np.ndarray, axes: tuple[int, ...], keepdims: bool) -> np.ndarray:
    """The sum in the dtype itself, divided by the count; integers are rounded toward zero."""
    if x.dtype.kind == "f":
        return x.mean(axes, keepdims=keepdims)
    count = math.prod(x.shape[axis] for axis in axes)
    return np.trunc(_sum(x, axes, keepdims) / count)


sum = _reduction("sum", _sum, "The sum.")
mean = _reduction("mean", _mean, "The mean.")
max = _reduction("max", lambda x, axes, keepdims: x.max(axes, keepdims=keepdims), "The largest number.")
min = _reduction("min", lambda x, axes, keepdims: x.min(axes, keepdims=keepdims), "The smallest number.")
prod = _reduction("prod", lambda x, axes, keepdims: x.prod(axes, dtype=x.dtype, keepdims=keepdims), "The product.")
all = _reduction("all", lambda x, axes, keepdims: x.all(axes, keepdims=keepdims), "Whether all are true.")
any = _reduction("any", lambda x, axes, keepdims: x.any(axes, keepdims=keepdims), "Whether one of them is true.")


def _arg_reduction(name: str, compute: Callable[..., np.ndarray], meaning: str) -> Callable[..., Call]:
    """Declare `argmax` or `argmin` and give the function that calls it."""

    def reference(arrays: Sequence[np.ndarray], attrs: ArgReduceAttrs) -> np.ndarray:
        (data,) = arrays
        axes = reduced_axes(attrs, data.ndim)
        kept = [axis for axis in range(data.ndim) if axis not in axes]
        rows = data.transpose([*kept, *axes]).reshape([data.shape[axis] for axis in kept] + [-1])
        last = rows.shape[-1] - 1
        found = last - compute(rows[..., ::-1], axis=-1) if attrs.select_last_index else compute(rows, axis=-1)
        shape = [1 if axis in axes else size for axis, size in enumerate(data.shape)]
        return np.asarray(found, "int32").reshape(shape if attrs.keepdims else np.shape(found))

    op = define(
        name,
        inputs=("data",),
        attrs=ArgReduceAttrs,
        infer=_index_type,
        compute=reference,
        pattern=OpPattern.COMM_REDUCE,
    )

    def call(
        data: Any,
        axis: Axes = None,
        keepdims: bool = False,
        exclude: bool = False,
        select_last_index: bool = False,
    ) -> Call:
        attrs = ArgReduceAttrs(
            axis=_axis(axis),
            keepdims=bool(keepdims),
            select_last_index=bool(select_last_index),
            exclude=bool(exclude),
        )
        return Call(op, [data], attrs)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = (
        f"{meaning}, as int32; over several axes it counts through them in row-major order.\n\n"
        "`axis`, `keepdims` and `exclude` are those of `sum`. Of equal numbers the first counts, or the last with\n"
        "`select_last_index`."
    )
    return call


argmax = _arg_reduction("argmax", np.argmax, "Where the largest number is")
argmin = _arg_reduction("argmin", np.argmin, "Where the smallest number is")


def _variance(arrays: Sequence[np.ndarray], attrs: VarianceAttrs) -> np.ndarray:
    data, middle = arrays
    axes = reduced_axes(attrs, data.ndim)
    count = math.prod(data.shape[axis] for axis in axes) - attrs.unbiased
    with np.errstate(all="ignore"):  # an unbiased variance of one number is 0 / 0
        square = np.square(data - middle)
        return np.asarray(square.sum(axes, dtype=data.dtype, keepdims=attrs.keepdims) / count).astype(data.dtype)


_VARIANCE = define(
    "variance",
    inputs=("data", "mean"),
    attrs=VarianceAttrs,
    infer=_reduced_type,
    compute=_variance,
    pattern=OpPattern.COMM_REDUCE,
)


def variance(
    data: Any,
    axis: Axes = None,
    keepdims: bool = False,
    exclude: bool = False,
    unbiased: bool = False,
    with_mean: Any = None,
) -> Call:
    """The mean square of the distance from the mean.

    `axis`, `keepdims` and `exclude` are those of `sum`; `unbiased` divides by one less than the count. `with_mean` is
    the mean where it is known, with the axes kept; it is computed otherwise.
    """
    middle = mean(data, axis, True, exclude) if with_mean is None else with_mean
    attrs = VarianceAttrs(axis=_axis(axis), keepdims=bool(keepdims), exclude=bool(exclude), unbiased=bool(unbiased))
    return Call(_VARIANCE, [data, middle], attrs)


def std(data: Any, axis: Axes = None, keepdims: bool = False, exclude: bool = False, unbiased: bool = False) -> Call:
    """The square root of `variance`, with the same arguments."""
    return sqrt(variance(data, axis, keepdims, exclude, unbiased))


def mean_variance(
    data: Any, axis: Axes = None, keepdims: bool = False, exclude: bool = False, unbiased: bool = False
) -> TupleWrapper:
    """The mean and the variance, with the arguments of `variance`."""
    middle = mean(data, axis, True, exclude)
    spread = variance(data, axis, keepdims, exclude, unbiased, middle)
    if not keepdims:
        middle = mean(data, axis, False, True) if exclude else squeeze(middle, axis)
    return TupleWrapper(Tuple([middle, spread]), 2)


def mean_std(data: Any, axis: Axes = None, keepdims: bool = False, exclude: bool = False) -> TupleWrapper:
    """The mean and the standard deviation, with the arguments of `sum`."""
    middle = mean(data, axis, True, exclude)
    spread = sqrt(variance(data, axis, keepdims, exclude, False, middle))
    return TupleWrapper(Tuple([middle if keepdims else squeeze(middle), spread]), 2)


def logsumexp(data: Any, axis: Axes = None, keepdims: bool = False) -> Call:
    """`log(sum(exp(data)))` along `axis`, the largest number taken off first so that `exp` cannot overflow."""
    top = max(data, axis, True)
    result = log(sum(exp(data - top), axis, True)) + top
    return result if keepdims else squeeze(result, axis)
