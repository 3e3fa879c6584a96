"""Dropout: in inference it lets everything through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...expr import Call, TupleGetItem
from ...ty import TupleType
from ..attrs import Attrs, attributes
from ..op import OpPattern, define, get
from ..type_relations import tensor


@attributes("DropoutAttrs")
class DropoutAttrs(Attrs):
    """Attributes of `nn.dropout`: the share of numbers that training would set to zero."""

    rate: float = 0.5


def _infer(types: Sequence[Any], attrs: DropoutAttrs) -> TupleType:
    data = tensor(types[0], "the data")
    return TupleType([data, data])


define(
    "nn.dropout",
    inputs=("data",),
    attrs=DropoutAttrs,
    infer=_infer,
    compute=lambda arrays, attrs: (arrays[0], np.ones_like(arrays[0])),
    pattern=OpPattern.OPAQUE,
)


def dropout(data: Any, rate: float = 0.5) -> TupleGetItem:
    """`data` as inference sees it: the first result of `dropout_raw`."""
    return TupleGetItem(dropout_raw(data, rate), 0)


def dropout_raw(data: Any, rate: float = 0.5) -> Call:
    """The two results of `nn.dropout`: the data, and the mask of what was kept, ones in inference."""
    return Call(get("nn.dropout"), [data], DropoutAttrs(rate=rate))
