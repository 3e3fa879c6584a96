"""Sorting: `sort`, `argsort` and `topk`. Equal numbers keep their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tvm.ir import Type

from ..expr import Call, TupleWrapper
from ..ty import TensorType, TupleType
from .attrs import Attrs, attributes, integer
from .op import OpPattern, define
from .type_relations import axis_of, tensor

__all__ = [
    "argsort",
    "sort",
    "topk",
]


@attributes("ArgsortAttrs")
class ArgsortAttrs(Attrs):
    """Attributes of `sort` and `argsort`."""

    axis: int = -1
    is_ascend: bool = True
    dtype: str = ""


@attributes("TopkAttrs")
class TopkAttrs(Attrs):
    """Attributes of `topk`; `k` below 1 means all."""

    k: int
    axis: int = -1
    ret_type: str = "both"
    is_ascend: bool = False
    dtype: str = ""


def _order(data: np.ndarray, axis: int, is_ascend: bool) -> np.ndarray:
    """The indices that sort `data`; from the back for a falling order, so that equal numbers keep theirs."""
    if is_ascend:
        return np.argsort(data, axis=axis, kind="stable")
    back = np.argsort(np.flip(data, axis), axis=axis, kind="stable")
    return np.flip(data.shape[axis] - 1 - back, axis)


def _sorted_type(types: Sequence[Any], attrs: ArgsortAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    axis_of(attrs.axis, len(data.shape))
    return data


def _indices_type(types: Sequence[Any], attrs: ArgsortAttrs) -> TensorType:
    return TensorType(_sorted_type(types, attrs).concrete_shape, attrs.dtype)


def _sort(arrays: Sequence[np.ndarray], attrs: ArgsortAttrs) -> np.ndarray:
    (data,) = arrays
    return np.take_along_axis(data, _order(data, attrs.axis, attrs.is_ascend), attrs.axis)


_SORT = define(
    "sort", inputs=("data",), attrs=ArgsortAttrs, infer=_sorted_type, compute=_sort, pattern=OpPattern.OPAQUE
)
_ARGSORT = define(
    "argsort",
    inputs=("data",),
    attrs=ArgsortAttrs,
    infer=_indices_type,
    compute=lambda arrays, attrs: _order(arrays[0], attrs.axis, attrs.is_ascend).astype(attrs.dtype),
    pattern=OpPattern.OPAQUE,
)


def sort(data: Any, axis: int = -1, is_ascend: bool = True) -> Call:
    """`data` sorted along `axis`, rising or falling; shape and dtype stay."""
    return Call(_SORT, [data], ArgsortAttrs(axis=integer(axis, "axis"), is_ascend=bool(is_ascend)))


def argsort(data: Any, axis: int = -1, is_ascend: bool = True, dtype: str = "int32") -> Call:
    """The indices, as `dtype`, that sort `data` along `axis`; the shape stays."""
    return Call(_ARGSORT, [data], ArgsortAttrs(axis=integer(axis, "axis"), is_ascend=bool(is_ascend), dtype=str(dtype)))


def _topk_type(types: Sequence[Any], attrs: TopkAttrs) -> Type:
    data = tensor(types[0], "the data")
    shape = list(data.concrete_shape)
    axis = axis_of(attrs.axis, len(shape))
    if attrs.k > shape[axis]:
        raise TypeError(f"topk is asked for {attrs.k} of the {shape[axis]} elements of axis {attrs.axis}")
    shape[axis] = attrs.k if attrs.k > 0 else shape[axis]
    values, indices = TensorType(shape, data.dtype), TensorType(shape, attrs.dtype)
    return {"both": TupleType([values, indices]), "values": values, "indices": indices}[attrs.ret_type]


def _topk(arrays: Sequence[np.ndarray], attrs: TopkAttrs) -> Any:
    (data,) = arrays
    count = attrs.k if attrs.k > 0 else data.shape[attrs.axis]
    indices = np.take(_order(data, attrs.axis, attrs.is_ascend), range(count), axis=attrs.axis)
    if attrs.ret_type == "indices":
        return indices.astype(attrs.dtype)
    values = np.take_along_axis(data, indices, attrs.axis)
    return values if attrs.ret_type == "values" else (values, indices.astype(attrs.dtype))


_TOPK = define("topk", inputs=("data",), attrs=TopkAttrs, infer=_topk_type, compute=_topk, pattern=OpPattern.OPAQUE)


def topk(
    data: Any, k: int = 1, axis: int = -1, ret_type: str = "both", is_ascend: bool = False, dtype: str = "int32"
) -> Call | TupleWrapper:
    """The `k` largest numbers along `axis` (the smallest with `is_ascend`), sorted; all of them if `k` is below 1.

    `ret_type` is `"values"`, `"indices"` (as `dtype`) or `"both"`, which gives the two of them.
    Raises `ValueError` for another `ret_type`.
    """
    if ret_type not in ("both", "values", "indices"):
        raise ValueError(f"topk returns 'values', 'indices' or 'both', not {ret_type!r}")
    attrs = TopkAttrs(
        k=integer(k, "k"), axis=integer(axis, "axis"), ret_type=ret_type, is_ascend=bool(is_ascend), dtype=str(dtype)
    )
    call = Call(_TOPK, [data], attrs)
    return TupleWrapper(call, 2) if ret_type == "both" else call
