"""Adding a number to each channel."""

from __future__ import annotations

from typing import Any

from ...expr import Call
from ..attrs import Attrs, attributes
from ..op import OpPattern, define, get
from .channels import along, channel_complete, check_channels


@attributes("BiasAddAttrs")
class BiasAddAttrs(Attrs):
    """Attributes of `nn.bias_add`: the axis along which the bias lies."""

    axis: int = 1


define(
    "nn.bias_add",
    inputs=("data", "bias"),
    attrs=BiasAddAttrs,
    infer=lambda types, attrs: check_channels(types, ("the bias",), attrs.axis),
    complete=channel_complete,
    compute=lambda arrays, attrs: arrays[0] + along(arrays[1], attrs.axis, arrays[0].ndim),
    pattern=OpPattern.BROADCAST,
)


def bias_add(data: Any, bias: Any, axis: int = 1) -> Call:
    """`data` with `bias`, a vector, added along `axis`; the type is that of the data.

    `InferType` raises `TypeError` where the bias is not as long as the axis, or has another dtype.
    """
    return Call(get("nn.bias_add"), [data, bias], BiasAddAttrs(axis=axis))
