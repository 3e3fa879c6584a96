"""Operators that make a tensor of a given shape: zeros, ones, one number everywhere, a row of equal steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..expr import Call, Constant, Expr, const
from ..ty import TensorType
from .attrs import Attrs, Ints, attributes, integers
from .op import OpPattern, define
from .tensor import cast_array
from .type_relations import identity, tensor

__all__ = [
    "arange",
    "full",
    "full_like",
    "ones",
    "ones_like",
    "zeros",
    "zeros_like",
]


@attributes("InitOpAttrs")
class InitOpAttrs(Attrs):
    """Attributes of what makes a tensor: its shape, and its dtype where no argument says it."""

    shape: Ints
    dtype: str = ""


def _given(types: Sequence[Any], attrs: InitOpAttrs) -> TensorType:
    return TensorType(attrs.shape, attrs.dtype)


def _constant_op(name: str, fill: Callable[..., np.ndarray]) -> Callable[[Any, str], Call]:
    op = define(
        name,
        inputs=(),
        attrs=InitOpAttrs,
        infer=_given,
        compute=lambda arrays, attrs: fill(tuple(attrs.shape), attrs.dtype),
        pattern=OpPattern.ELEMWISE,
    )

    def call(shape: Any, dtype: str) -> Call:
        return Call(op, [], InitOpAttrs(shape=integers(shape, "shape"), dtype=str(dtype)))

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"A tensor of {name}, of that shape (integers, or a constant of them) and dtype."
    return call


def _constant_like(name: str, fill: Callable[..., np.ndarray]) -> Callable[[Any], Call]:
    op = define(
        name,
        inputs=("data",),
        infer=identity,
        compute=lambda arrays, attrs: fill(arrays[0].shape, arrays[0].dtype),
        pattern=OpPattern.ELEMWISE,
    )

    def call(data: Any) -> Call:
        return Call(op, [data])

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"A tensor of {name.removesuffix('_like')}, of the shape and dtype of `data`."
    return call


zeros = _constant_op("zeros", np.zeros)
ones = _constant_op("ones", np.ones)
zeros_like = _constant_like("zeros_like", np.zeros)
ones_like = _constant_like("ones_like", np.ones)


def _filling(ty: Any) -> TensorType:
    filling = tensor(ty, "the number to fill with")
    if len(filling.shape):
        raise TypeError(f"the number to fill with has the shape {filling.concrete_shape}: give a scalar")
    return filling


def _full_type(types: Sequence[Any], attrs: InitOpAttrs) -> TensorType:
    return TensorType(attrs.shape, attrs.dtype or _filling(types[0]).dtype)


def _full(arrays: Sequence[np.ndarray], attrs: InitOpAttrs) -> np.ndarray:
    return np.full(tuple(attrs.shape), cast_array(arrays[0], attrs.dtype or str(arrays[0].dtype)))


_FULL = define(
    "full",
    inputs=("fill_value",),
    attrs=InitOpAttrs,
    infer=_full_type,
    compute=_full,
    pattern=OpPattern.ELEMWISE,
)


def full(fill_value: Any, shape: Any = (), dtype: str = "") -> Call:
    """A tensor of that shape with one number everywhere, in its dtype or in the one given."""
    return Call(_FULL, [fill_value], InitOpAttrs(shape=integers(shape, "shape"), dtype=str(dtype)))


def _full_like_type(types: Sequence[Any], attrs: Any) -> TensorType:
    _filling(types[1])
    return tensor(types[0], "the data")


_FULL_LIKE = define(
    "full_like",
    inputs=("data", "fill_value"),
    infer=_full_like_type,
    compute=lambda arrays, attrs: np.full(arrays[0].shape, cast_array(arrays[1], str(arrays[0].dtype))),
    pattern=OpPattern.ELEMWISE,
)


def full_like(data: Any, fill_value: Any) -> Call:
    """A tensor of the shape and dtype of `data`, with one number everywhere."""
    return Call(_FULL_LIKE, [data, fill_value])


@attributes("ArangeAttrs")
class ArangeAttrs(Attrs):
    """Attributes of `arange`; the numbers stand here once more, because the result's shape comes from them."""

    start: Any
    stop: Any
    step: Any
    dtype: str


def _known(value: Any, what: str) -> Any:
    if not isinstance(value, Constant):
        raise TypeError(f"{what} of arange is a {type(value).__name__}, whose number is not known: give a constant")
    return value.value().item()


def _arange_type(types: Sequence[Any], attrs: ArangeAttrs) -> TensorType:
    for ty, what in zip(types, ("start", "stop", "step"), strict=True):
        if _filling(ty).dtype != attrs.dtype:
            raise TypeError(f"{what} of arange is {ty} and its dtype is {attrs.dtype}: give it that dtype")
    start, stop, step = (_known(getattr(attrs, name), name) for name in ("start", "stop", "step"))
    count = math.ceil((stop - start) / step) if step else 0
    if count <= 0:
        raise TypeError(f"arange from {start} to {stop} by {step} has no numbers: give a step that leads there")
    return TensorType([count], attrs.dtype)


def _arange(arrays: Sequence[np.ndarray], attrs: ArangeAttrs) -> np.ndarray:
    start, stop, step = (array.item() for array in arrays)
    count = math.ceil((stop - start) / step)
    return arrays[0] + np.arange(count, dtype=attrs.dtype) * arrays[2]


_ARANGE = define(
    "arange",
    inputs=("start", "end", "step"),
    attrs=ArangeAttrs,
    infer=_arange_type,
    compute=_arange,
    pattern=OpPattern.OPAQUE,
)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: str = "float32") -> Call:
    """The numbers from `start` (0 if only one number is given) to below `stop`, `step` apart (1).

    All three are scalar constants of `dtype`; the result has rank 1.
    """
    if stop is None:
        start, stop = const(0, dtype=dtype), start
    if step is None:
        step = const(1, dtype=dtype)
    for value in (start, stop, step):
        if not isinstance(value, Expr):
            raise TypeError(f"arange is given {value!r}: make it a relay.const of dtype {dtype}")
    return Call(_ARANGE, [start, stop, step], ArangeAttrs(start=start, stop=stop, step=step, dtype=dtype))
