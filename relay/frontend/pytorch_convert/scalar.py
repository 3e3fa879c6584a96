"""Operators on Python values: the sizes, ranks and flags that a network calculates with while it is read."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch

from .context import DTYPES, CalculatedInt, Context, is_expr, is_float
from .table import converts

_ON_PYTHON_VALUES: dict[str, Callable[..., Any]] = {
    "aten::add": operator.add,
    "aten::sub": operator.sub,
    "aten::mul": operator.mul,
    "aten::div": operator.truediv,
    "aten::floordiv": operator.floordiv,
    "aten::remainder": operator.mod,
    "aten::pow": operator.pow,
    "aten::neg": operator.neg,
    "aten::eq": operator.eq,
    "aten::ne": operator.ne,
    "aten::lt": operator.lt,
    "aten::le": operator.le,
    "aten::gt": operator.gt,
    "aten::ge": operator.ge,
    "aten::abs": abs,
    "aten::floor": math.floor,
    "aten::ceil": math.ceil,
    "aten::round": round,
    "aten::sqrt": math.sqrt,
    "aten::log": math.log,
    "aten::exp": math.exp,
    "aten::__and__": operator.and_,
    "aten::__or__": operator.or_,
    "aten::__xor__": operator.xor,
    "aten::__not__": operator.not_,
    "aten::__contains__": operator.contains,
    "aten::format": lambda text, *values: text.format(*values),
    "aten::list": list,
    "aten::slice": lambda items, start, end, step: items[start:end:step],
    "aten::__range_length": lambda start, stop, step: len(range(start, stop, step)),
    "aten::__derive_index": lambda index, start, step: start + index * step,
    "aten::warn": lambda *values: None,
    "aten::append": lambda items, item: items.append(item) or items,
    "aten::str": str,
    "aten::sym_size": operator.getitem,
    "prim::min": min,
    "prim::max": max,
}


def on_python_values(kind: str) -> Callable[..., Any] | None:
    """The function for an operator whose arguments hold no tensor, or `None`."""
    return _ON_PYTHON_VALUES.get(kind)


@converts("aten::size", "aten::sym_size")
def size(ctx: Context, data: Any, dim: int | None = None) -> Any:
    """The shape of a tensor, or one of its sizes."""
    shape = ctx.shape(data)
    return list(shape) if dim is None else shape[ctx.axis(data, dim)]


@converts("aten::dim")
def dim_of(ctx: Context, data: Any) -> int:
    """The rank of a tensor."""
    return ctx.rank(data)


@converts("aten::numel")
def numel(ctx: Context, data: Any) -> int:
    """How many elements a tensor has."""
    return math.prod(ctx.shape(data))


@converts("aten::len")
def length(ctx: Context, data: Any) -> int:
    """The length of a list, or of a tensor along its first axis."""
    return ctx.shape(data)[0] if is_expr(data) else len(data)


@converts("aten::is_floating_point")
def is_floating_point(ctx: Context, data: Any) -> bool:
    """Whether the tensor's dtype is a floating-point one."""
    return is_float(ctx.dtype(data))


@converts("aten::__getitem__")
def getitem(ctx: Context, items: Any, idx: int) -> Any:
    """An item of a list."""
    return items[idx]


@converts("aten::append")
def append(ctx: Context, items: list[Any], el: Any) -> list[Any]:
    """A list, grown by one."""
    items.append(el)
    return items


@converts("aten::__is__")
def is_same(ctx: Context, first: Any, obj: Any) -> bool:
    """`x is None`: a tensor is never None."""
    return first is obj


@converts("aten::__isnot__")
def is_not_same(ctx: Context, first: Any, obj: Any) -> bool:
    """`x is not None`."""
    return first is not obj


@converts("aten::Int", "aten::Float", "aten::Bool", "aten::ScalarImplicit", "aten::IntImplicit", "aten::item")
def number(ctx: Context, value: Any) -> Any:
    """A tensor of one element as a Python number, where it is known without the network's input."""
    known = ctx.number(value, "control flow or a shape")
    return CalculatedInt(known) if is_expr(value) and isinstance(known, int) else known


converts("aten::FloatImplicit", "aten::_local_scalar_dense")(number)


@converts("aten::result_type", "prim::promote_types")
def result_type(ctx: Context, *operands: Any) -> torch.dtype:
    """The dtype of a combination of operands."""
    name = ctx.result_dtype(*operands)
    return next(dtype for dtype, known in DTYPES.items() if known == name)


def numbers_of(ctx: Context, values: Sequence[Any], wanted: str) -> list[int]:
    """A list of sizes, some of which may be constants of Relay."""
    return [int(ctx.number(value, wanted)) for value in values]
