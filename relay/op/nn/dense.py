"""Matrix products: `nn.dense`, a layer of weights over the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from tvm.ir import Span

from ...expr import Call
from ...ty import TensorType
from ..attrs import Attrs, attributes
from ..op import OpPattern, define, get
from ..type_relations import tensor


@attributes("DenseAttrs")
class DenseAttrs(Attrs):
    """Attributes of `nn.dense`; an empty `out_dtype` stands for the dtype of the data."""

    units: int | None
    out_dtype: str = ""


def _complete(types: Sequence[Any], attrs: DenseAttrs) -> Sequence[Any]:
    """The weight of a dense layer that says how many units it has."""
    data, weight = types
    if weight is None and data is not None and attrs.units is not None:
        weight = TensorType((attrs.units, data.shape[-1]), data.dtype)
    return data, weight


def _infer(types: Sequence[Any], attrs: DenseAttrs) -> TensorType:
    data, weight = tensor(types[0], "the data"), tensor(types[1], "the weight")
    if len(data.shape) < 1 or len(weight.shape) != 2:
        raise TypeError(f"the data has rank {len(data.shape)} and the weight {len(weight.shape)}, not 1 or more and 2")
    if data.shape[-1] != weight.shape[1]:
        raise TypeError(
            f"the last axis of the data has {data.shape[-1]} elements and the weight takes {weight.shape[1]}"
        )
    if attrs.units is not None and attrs.units != weight.shape[0]:
        raise TypeError(f"units is {attrs.units} and the weight has {weight.shape[0]} rows")
    return TensorType((*data.concrete_shape[:-1], weight.shape[0]), attrs.out_dtype or data.dtype)


def _compute(arrays: Sequence[np.ndarray], attrs: DenseAttrs) -> np.ndarray:
    data, weight = arrays
    dtype = attrs.out_dtype or data.dtype
    return np.matmul(data.astype(dtype, copy=False), weight.T.astype(dtype, copy=False))


define(
    "nn.dense",
    inputs=("data", "weight"),
    attrs=DenseAttrs,
    infer=_infer,
    complete=_complete,
    compute=_compute,
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)


def dense(data: Any, weight: Any, units: int | None = None, out_dtype: str = "", span: Span | None = None) -> Call:
    """`data @ weight.T`: data of shape `(..., in)`, weight of shape `(units, in)`, result of shape `(..., units)`."""
    return Call(get("nn.dense"), [data, weight], DenseAttrs(units=units, out_dtype=out_dtype), (), span)
