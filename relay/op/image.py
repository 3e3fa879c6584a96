"""Operators on images: `relay.image`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tvm_ffi

from ..expr import Call
from ..ty import TensorType
from .attrs import Attrs, Ints, attributes
from .layout import transform_layout, transformed_shape
from .op import OpPattern, define, get
from .type_relations import tensor


@attributes("Resize2DAttrs")
class Resize2DAttrs(Attrs):
    """Attributes of `image.resize2d`; an empty `out_dtype` stands for the data's."""

    size: Ints | None = None
    roi: tvm_ffi.Array[float] | None = None
    layout: str = "NCHW"
    method: str = "linear"
    coordinate_transformation_mode: str = "half_pixel"
    rounding_method: str = "round"
    cubic_alpha: float = -0.5
    cubic_exclude: int = 0
    extrapolation_value: float = 0.0
    out_dtype: str = ""


# Where a pixel `i` of `out` pixels lies on an axis of `size` pixels.
PLACES: dict[str, Callable[[np.ndarray, int, int], np.ndarray]] = {
    "half_pixel": lambda i, size, out: (i + 0.5) * (size / out) - 0.5,
    "pytorch_half_pixel": lambda i, size, out: (i + 0.5) * (size / out) - 0.5 if out > 1 else i * 0.0,
    "align_corners": lambda i, size, out: i * ((size - 1) / (out - 1)) if out > 1 else i * 0.0,
    "asymmetric": lambda i, size, out: i * (size / out),
    "tf_half_pixel_for_nn": lambda i, size, out: (i + 0.5) * (size / out),
}
# Of the pixels around a place, the nearest. A place a hair below a pixel, by rounding, counts as the pixel.
_NEAREST: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "round": lambda place: np.floor(place + 0.5),
    "round_prefer_floor": lambda place: np.ceil(place - 0.5),
    "round_prefer_ceil": lambda place: np.floor(place + 0.5),
    "floor": lambda place: np.floor(place + 1e-5),
    "ceil": lambda place: np.ceil(place - 1e-5),
}
_METHODS = ("nearest_neighbor", "linear", "cubic")


def _infer(types: Sequence[Any], attrs: Resize2DAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    batch, channels, *image = transformed_shape(data.shape, attrs.layout, "NCHW")
    size = list(attrs.size or ())
    if len(size) != 2 or min(size) < 1 or min(image) < 1:
        raise TypeError(f"an image of {image} cannot be resized to {size}: give a height and a width")
    _check("method", attrs.method, _METHODS)
    _check("coordinate_transformation_mode", attrs.coordinate_transformation_mode, PLACES)
    _check("rounding_method", attrs.rounding_method, ("", *_NEAREST))
    shape = transformed_shape((batch, channels, *size), "NCHW", attrs.layout)
    return TensorType(shape, attrs.out_dtype or data.dtype)


def _check(name: str, value: str, known: Any) -> None:
    if value not in known:
        raise TypeError(f'{name} is "{value}": take one of {", ".join(name for name in known if name)}')


def _compute(arrays: Sequence[np.ndarray], attrs: Resize2DAttrs) -> np.ndarray:
    data = transform_layout(arrays[0], attrs.layout, "NCHW")
    resized = resize(
        data,
        attrs.size or (),
        attrs.method,
        attrs.coordinate_transformation_mode,
        attrs.rounding_method,
        attrs.cubic_alpha,
        bool(attrs.cubic_exclude),
    )
    return transform_layout(resized.astype(attrs.out_dtype or data.dtype, copy=False), "NCHW", attrs.layout)


def resize(
    data: np.ndarray,
    size: Sequence[int],
    method: str,
    mode: str,
    rounding: str = "",
    cubic_alpha: float = -0.5,
    cubic_exclude: bool = False,
) -> np.ndarray:
    """`data` `(batch, channels, height, width)` with another height and width: one axis after the other."""
    for axis, out in zip((2, 3), size, strict=True):
        n = data.shape[axis]
        place = PLACES[mode](np.arange(out, dtype=np.float64), n, out)
        if method == "nearest_neighbor":
            nearest = _NEAREST[rounding or ("round" if mode == "align_corners" else "floor")](place)
            data = np.take(data, np.clip(nearest, 0, n - 1).astype(np.int64), axis=axis)
        else:
            weights = _linear(place, n) if method == "linear" else _cubic(place, n, cubic_alpha, cubic_exclude)
            data = _weighted(data, weights, axis)
    return data


Taps = list[tuple[np.ndarray, np.ndarray]]


def _linear(place: np.ndarray, size: int) -> Taps:
    """The two pixels beside each place, and what each counts."""
    first = np.floor(place)
    share = place - first
    return [_tap(first, 1 - share, size), _tap(first + 1, share, size)]


def _cubic(place: np.ndarray, size: int, alpha: float, exclude: bool) -> Taps:
    """The four pixels around each place, and what each counts (Keys, "Cubic Convolution Interpolation", 1981).

    Where `exclude`, pixels outside the image do not count and the others count for more.
    """
    first = np.floor(place) - 1
    pixels = [first + i for i in range(4)]
    counts = [_keys(np.abs(place - pixel), alpha) for pixel in pixels]
    if exclude:
        counts = [
            np.where((pixel >= 0) & (pixel < size), count, 0) for pixel, count in zip(pixels, counts, strict=True)
        ]
        total = np.sum(counts, axis=0)
        counts = [count / total for count in counts]
    return [_tap(pixel, count, size) for pixel, count in zip(pixels, counts, strict=True)]


def _keys(distance: np.ndarray, alpha: float) -> np.ndarray:
    near = ((alpha + 2) * distance - (alpha + 3)) * distance**2 + 1
    far = ((distance - 5) * distance + 8) * distance * alpha - 4 * alpha
    return np.where(distance <= 1, near, np.where(distance < 2, far, 0))


def _tap(pixel: np.ndarray, count: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """A pixel outside the image is the one at its edge."""
    return np.clip(pixel, 0, size - 1).astype(np.int64), count


def _weighted(data: np.ndarray, taps: Taps, axis: int) -> np.ndarray:
    wide = data.astype(np.result_type(data.dtype, np.float32), copy=False)
    shape = [-1 if i == axis else 1 for i in range(data.ndim)]
    parts = (np.take(wide, pixel, axis=axis) * count.astype(wide.dtype).reshape(shape) for pixel, count in taps)
    return sum(parts, start=np.zeros((), wide.dtype))


define(
    "image.resize2d",
    inputs=("data",),
    attrs=Resize2DAttrs,
    infer=_infer,
    compute=_compute,
    pattern=OpPattern.INJECTIVE,
)


def resize2d(
    data: Any,
    size: Any,
    roi: Sequence[float] | None = None,
    layout: str = "NCHW",
    method: str = "linear",
    coordinate_transformation_mode: str = "half_pixel",
    rounding_method: str = "",
    cubic_alpha: float = -0.5,
    cubic_exclude: int = 0,
    extrapolation_value: float = 0.0,
    out_dtype: str | None = None,
) -> Call:
    """`data` `(batch, channels, height, width)`, or in another layout, resized to `size`, a height and a width.

    `method` is `nearest_neighbor`, `linear` or `cubic`. The `coordinate_transformation_mode` says where a pixel of the
    result lies on the data, in the words of ONNX's Resize: `half_pixel`, `align_corners`, `asymmetric`,
    `pytorch_half_pixel`, `tf_half_pixel_for_nn`.
    """
    height, width = (size, size) if isinstance(size, int) else (size[0], size[-1])
    attrs = Resize2DAttrs(
        size=(int(height), int(width)),
        roi=[float(edge) for edge in roi or (0.0,) * 4],
        layout=layout,
        method=method,
        coordinate_transformation_mode=coordinate_transformation_mode,
        rounding_method=rounding_method,
        cubic_alpha=cubic_alpha,
        cubic_exclude=cubic_exclude,
        extrapolation_value=extrapolation_value,
        out_dtype=out_dtype or "",
    )
    return Call(get("image.resize2d"), [data], attrs)
