"""Annotations: operators that change no value and tell a pass something, and the quantizer's stand-in for rounding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..expr import Call
from ..ty import TensorType, scalar_type
from .attrs import Attrs, attributes, integer
from .op import OpPattern, define
from .tensor import round_half_away
from .type_relations import anything, identity

__all__ = ["cast_hint", "checkpoint", "simulated_quantize", "stop_fusion"]


@attributes("CastHintAttrs")
class CastHintAttrs(Attrs):
    """Attributes of `annotation.cast_hint`: the dtype that is meant."""

    dtype: str


def _annotation(name: str, attrs: type | None = None) -> Any:
    """Declare an operator that gives its argument back."""
    return define(
        f"annotation.{name}",
        inputs=("data",),
        attrs=attrs,
        infer=anything,
        compute=lambda arrays, attrs: arrays[0],
        pattern=OpPattern.OPAQUE,
    )


_CAST_HINT = _annotation("cast_hint", CastHintAttrs)
_STOP_FUSION = _annotation("stop_fusion")
_CHECKPOINT = _annotation("checkpoint")


def cast_hint(data: Any, dtype: str) -> Call:
    """`data` as it is, with the hint that it may become `dtype`: the mark that ends a region to be quantized."""
    return Call(_CAST_HINT, [data], CastHintAttrs(dtype=str(dtype)))


def stop_fusion(data: Any) -> Call:
    """`data` as it is; what computes it is not fused with what uses it."""
    return Call(_STOP_FUSION, [data])


def checkpoint(data: Any) -> Call:
    """`data` as it is; where a gradient is taken, it is computed again rather than kept."""
    return Call(_CHECKPOINT, [data])


@attributes("SimulatedQuantizeAttrs")
class SimulatedQuantizeAttrs(Attrs):
    """Attributes of the simulated quantization; `kind` is a `QAnnotateKind`, of which 0 leaves the data as it is."""

    kind: int
    sign: bool = True
    rounding: str = "round"


_ROUNDINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "round": round_half_away,
    "floor": np.floor,
    "ceil": np.ceil,
    "trunc": np.trunc,
}


def _simulated_quantize(arrays: Sequence[np.ndarray], attrs: SimulatedQuantizeAttrs) -> np.ndarray:
    """Round to a multiple of the scale, in the bounds (Jacob et al., "Quantization and Training", CVPR 2018, 3.1)."""
    data, scale, low, high = arrays
    if attrs.kind == 0:
        return data
    with np.errstate(all="ignore"):
        clipped = np.maximum(np.minimum(data / scale, high), low)
    return np.asarray(_ROUNDINGS[attrs.rounding](clipped) * scale, data.dtype)


def checked_kind(kind: Any) -> int:
    """A `QAnnotateKind` as a number. Raises `ValueError` for one that is none."""
    number = integer(kind, "kind")
    if not 0 <= number <= 3:
        raise ValueError(f"there is no kind {number} of value: take one of relay.quantize.QAnnotateKind, from 0 to 3")
    return number


def _complete(types: Sequence[Any], attrs: SimulatedQuantizeAttrs) -> Sequence[Any]:
    """The scale and the bounds are one float32 each."""
    scalar = scalar_type("float32")
    return [types[0], *(scalar if ty is None else ty for ty in types[1:])]


def _simulated_type(types: Sequence[Any], attrs: SimulatedQuantizeAttrs) -> TensorType:
    for ty, what in zip(types[1:], ("dom_scale", "clip_min", "clip_max"), strict=True):
        if not isinstance(ty, TensorType) or len(ty.shape):
            raise TypeError(f"{what} must be a scalar, not {ty}")
    return identity(types, attrs)


_SIMULATED_QUANTIZE = define(
    "relay.op.annotation.simulated_quantize",
    inputs=("data", "dom_scale", "clip_min", "clip_max"),
    attrs=SimulatedQuantizeAttrs,
    infer=_simulated_type,
    complete=_complete,
    compute=_simulated_quantize,
    pattern=OpPattern.ELEMWISE,
)


def simulated_quantize(
    data: Any, dom_scale: Any, clip_min: Any, clip_max: Any, kind: int, sign: bool = True, rounding: str = "round"
) -> Call:
    """`data` rounded to multiples of `dom_scale` between `clip_min` and `clip_max` of them, still a float.

    `data` is a tensor of any shape; the other three are float32 scalars, taken to be so where their type is not known.
    Raises `ValueError` for a `kind` or a `rounding` that there is not.
    """
    if rounding not in _ROUNDINGS:
        raise ValueError(f"simulated_quantize knows no rounding {rounding!r}: take one of {', '.join(_ROUNDINGS)}")
    attrs = SimulatedQuantizeAttrs(kind=checked_kind(kind), sign=bool(sign), rounding=rounding)
    return Call(_SIMULATED_QUANTIZE, [data, dom_scale, clip_min, clip_max], attrs)
