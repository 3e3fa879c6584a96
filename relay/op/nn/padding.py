"""Putting numbers around a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tvm_ffi

from ...expr import Call, Expr, const
from ...ty import TensorType
from ..attrs import Attrs, Ints, attributes
from ..op import OpPattern, define, get
from ..type_relations import tensor


@attributes("PadAttrs")
class PadAttrs(Attrs):
    """Attributes of `nn.pad`: how much goes before and after each axis; a negative width takes away."""

    pad_width: tvm_ffi.Array[Ints]
    pad_mode: str = "constant"


@attributes("MirrorPadAttrs")
class MirrorPadAttrs(Attrs):
    """Attributes of `nn.mirror_pad`: whether the edge itself is repeated (`SYMMETRIC`) or not (`REFLECT`)."""

    mode: str = "SYMMETRIC"
    pad_width: tvm_ffi.Array[Ints]


_MODES = ("constant", "edge", "reflect")
_MIRRORS = ("SYMMETRIC", "REFLECT")


def _infer_pad(types: Sequence[Any], attrs: PadAttrs) -> TensorType:
    data, value = tensor(types[0], "the data"), tensor(types[1], "the padding's value")
    if attrs.pad_mode not in _MODES:
        raise TypeError(f'pad_mode is "{attrs.pad_mode}": take one of {", ".join(_MODES)}')
    if value.concrete_shape != ():
        raise TypeError(f"the padding's value has the shape {value.concrete_shape}, not that of a single number")
    spare = {"constant": None, "edge": np.inf, "reflect": 1}[attrs.pad_mode]
    return _wider(data, attrs.pad_width, spare)


def _infer_mirror(types: Sequence[Any], attrs: MirrorPadAttrs) -> TensorType:
    if attrs.mode not in _MIRRORS:
        raise TypeError(f'mode is "{attrs.mode}": take one of {", ".join(_MIRRORS)}')
    return _wider(tensor(types[0], "the data"), attrs.pad_width, int(attrs.mode == "REFLECT"))


def _wider(data: TensorType, widths: Any, spare: float | None) -> TensorType:
    """The type with the padding. Mirrors show at most an axis less `spare`; `None` is for a constant."""
    widths = [tuple(width) for width in widths]
    if len(widths) != len(data.shape) or any(len(width) != 2 for width in widths):
        raise TypeError(f"pad_width is {widths}, not a pair for each of {len(data.shape)} axes")
    for size, (before, after) in zip(data.shape, widths, strict=True):
        if size + before + after < 0 or (spare is not None and min(before, after) < 0):
            raise TypeError(f"the padding {(before, after)} takes away from an axis of {size}")
        if spare is not None and spare < np.inf and max(before, after) > size - spare:
            raise TypeError(f"the padding {(before, after)} is more than a mirror shows of an axis of {size}")
    return TensorType([n + before + after for n, (before, after) in zip(data.shape, widths, strict=True)], data.dtype)


def _pad(arrays: Sequence[np.ndarray], attrs: PadAttrs) -> np.ndarray:
    data, value = arrays
    if attrs.pad_mode != "constant":
        return _mirrored(data, attrs.pad_width, attrs.pad_mode)
    kept = [slice(max(0, -before), n - max(0, -after)) for n, (before, after) in zip(data.shape, attrs.pad_width)]
    around = [(max(0, before), max(0, after)) for before, after in attrs.pad_width]
    return np.pad(data[tuple(kept)], around, constant_values=value.astype(data.dtype)[()])


def _mirror_pad(arrays: Sequence[np.ndarray], attrs: MirrorPadAttrs) -> np.ndarray:
    return _mirrored(arrays[0], attrs.pad_width, attrs.mode.lower())


def _mirrored(data: np.ndarray, widths: Any, mode: Any) -> np.ndarray:
    return np.pad(data, [tuple(width) for width in widths], mode=mode)


define(
    "nn.pad",
    inputs=("data", "pad_val"),
    attrs=PadAttrs,
    infer=_infer_pad,
    compute=_pad,
    pattern=OpPattern.INJECTIVE,
)
define(
    "nn.mirror_pad",
    inputs=("data",),
    attrs=MirrorPadAttrs,
    infer=_infer_mirror,
    compute=_mirror_pad,
    pattern=OpPattern.INJECTIVE,
)


def pad(data: Any, pad_width: Sequence[Sequence[int]], pad_value: Any = 0, pad_mode: str = "constant") -> Call:
    """`data` with `pad_width`, a pair for each axis, of something around it; the dtype stays.

    `pad_mode` says of what: `constant`, the scalar `pad_value` (a number or an expression); `edge`, the nearest number;
    `reflect`, the numbers mirrored at the edge.
    """
    value = pad_value if isinstance(pad_value, Expr) else const(pad_value)
    return Call(get("nn.pad"), [data, value], PadAttrs(pad_width=_pairs(pad_width), pad_mode=pad_mode))


def mirror_pad(data: Any, pad_width: Sequence[Sequence[int]], mode: str = "SYMMETRIC") -> Call:
    """`data` with its numbers mirrored around it, `pad_width` on each axis; `REFLECT` does not repeat the edge."""
    return Call(get("nn.mirror_pad"), [data], MirrorPadAttrs(pad_width=_pairs(pad_width), mode=mode))


def _pairs(widths: Sequence[Sequence[int]]) -> list[list[int]]:
    return [[int(width) for width in pair] for pair in widths]
