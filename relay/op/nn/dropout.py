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
    """`data`, a tensor of any shape, as inference sees it: unchanged.

    The operator has two results, of which this is the first: the data, and the mask of what was kept, all ones.
    """
    return TupleGetItem(Call(get("nn.dropout"), [data], DropoutAttrs(rate=rate)), 0)
