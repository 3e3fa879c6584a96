"""Sorting, and running sums and products: operators that TVM writes as loops of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tvm import te, topi

from .registry import cast, lowers, shape_of


def _order(data: te.Tensor, axis: int, is_ascend: bool, dtype: str = "int32") -> te.Tensor:
    """The indices that sort `data`, equal numbers in their order."""
    return topi.argsort(data, axis=axis, is_ascend=is_ascend, dtype=dtype)


def _chosen(data: te.Tensor, indices: te.Tensor, axis: int, shape: Sequence[int]) -> te.Tensor:
    def source(*i: Any) -> Any:
        return data(*[indices(*i) if k == axis else index for k, index in enumerate(i)])

    return te.compute(shape, source, name="sorted")


def _first(data: te.Tensor, shape: Sequence[int], dtype: str) -> te.Tensor:
    return te.compute(shape, lambda *i: cast(data(*i), dtype), name="first")


@lowers("argsort")
def _argsort(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    order = _order(args[0], attrs.axis % len(out.shape), attrs.is_ascend)
    return _first(order, out.concrete_shape, out.dtype)


@lowers("sort")
def _sort(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    axis = attrs.axis % len(out.shape)
    return _chosen(args[0], _order(args[0], axis, attrs.is_ascend), axis, out.concrete_shape)


@lowers("topk")
def _topk(args: Sequence[Any], attrs: Any, out: Any) -> Any:
    (data,) = args
    shape = list(shape_of(data))
    axis = attrs.axis % len(shape)
    shape[axis] = attrs.k if attrs.k > 0 else shape[axis]
    order = _order(data, axis, attrs.is_ascend)
    values, indices = _chosen(data, order, axis, shape), _first(order, shape, attrs.dtype)
    return {"both": (values, indices), "values": values, "indices": indices}[attrs.ret_type]


@lowers("cumsum")
def _cumsum(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return topi.cumsum(_scanned(args[0], out), _axis(attrs, out), out.dtype, bool(attrs.exclusive))


@lowers("cumprod")
def _cumprod(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    return topi.cumprod(_scanned(args[0], out), _axis(attrs, out), out.dtype, bool(attrs.exclusive))


def _scanned(data: te.Tensor, out: Any) -> te.Tensor:
    return topi.reshape(data, out.concrete_shape) if len(data.shape) != len(out.shape) else data


def _axis(attrs: Any, out: Any) -> int:
    return (attrs.axis or 0) % len(out.shape)
