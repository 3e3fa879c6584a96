"""Resizing images: each number of the result is a weighted sum of pixels beside the place where it lies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tvm import te, tirx

from ...op.image import PLACES
from .rearrange import to_layout
from .registry import cast, dtype_of, lowers, number, shape_of

# As in `relay.op.image`, on expressions.
_NEAREST: dict[str, Callable[[Any], Any]] = {
    "round": lambda place: tirx.floor(place + 0.5),
    "round_prefer_floor": lambda place: tirx.ceil(place - 0.5),
    "round_prefer_ceil": lambda place: tirx.floor(place + 0.5),
    "floor": lambda place: tirx.floor(place + 1e-5),
    "ceil": lambda place: tirx.ceil(place - 1e-5),
}


@lowers("image.resize2d")
def _resize2d(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data = to_layout(args[0], attrs.layout, "NCHW")
    mode, rounding = attrs.coordinate_transformation_mode, attrs.rounding_method
    found = _resize(data, attrs.size, attrs.method, mode, rounding, attrs.cubic_alpha, bool(attrs.cubic_exclude))
    return to_layout(_as(found, out.dtype), "NCHW", attrs.layout)


_METHODS = {"nearest_neighbor": "nearest_neighbor", "bilinear": "linear", "bicubic": "cubic"}


@lowers("nn.upsampling")
def _upsampling(args: Sequence[Any], attrs: Any, out: Any) -> te.Tensor:
    data = to_layout(args[0], attrs.layout, "NCHW")
    height, width = shape_of(data)[2:]
    size = round(height * attrs.scale_h), round(width * attrs.scale_w)
    mode = "align_corners" if attrs.align_corners else "asymmetric"
    return to_layout(_as(_resize(data, size, _METHODS[attrs.method], mode), out.dtype), "NCHW", attrs.layout)


def _as(data: te.Tensor, dtype: str) -> te.Tensor:
    return data if dtype_of(data) == dtype else te.compute(data.shape, lambda *i: cast(data(*i), dtype), name="cast")


def _resize(
    data: te.Tensor,
    size: Sequence[int],
    method: str,
    mode: str,
    rounding: str = "",
    alpha: float = -0.5,
    exclude: bool = False,
) -> te.Tensor:
    """`data` `(batch, channels, height, width)` with another height and width: one axis after the other."""
    rounding = rounding or ("round" if mode == "align_corners" else "floor")
    for axis, out in zip((2, 3), size, strict=True):
        data = _along(data, axis, int(out), method, mode, rounding, alpha, exclude)
    return data


def _along(
    data: te.Tensor, axis: int, out: int, method: str, mode: str, rounding: str, alpha: float, exclude: bool
) -> te.Tensor:
    size, shape = shape_of(data)[axis], list(shape_of(data))
    shape[axis] = out
    nearest = method == "nearest_neighbor"
    dtype = dtype_of(data) if nearest else ("float64" if dtype_of(data) in ("int32", "int64") else "float32")

    def pixel(i: Sequence[Any], place: Any) -> Any:
        """The pixel there; one outside the image is the one at its edge."""
        edge = tirx.min(tirx.max(place, number(0.0, "float64")), number(size - 1, "float64")).astype("int64")
        return cast(data(*[edge if k == axis else index for k, index in enumerate(i)]), dtype)

    def value(*i: Any) -> Any:
        place = PLACES[mode](i[axis].astype("float64"), size, out)
        if nearest:
            return pixel(i, _NEAREST[rounding](place))
        taps = _linear(place) if method == "linear" else _cubic(place, size, alpha, exclude)
        parts = [pixel(i, where) * cast(count, dtype) for where, count in taps]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    return te.compute(shape, value, name="resize")


Taps = list[tuple[Any, Any]]


def _linear(place: Any) -> Taps:
    first = tirx.floor(place)
    share = place - first
    return [(first, 1.0 - share), (first + 1.0, share)]


def _cubic(place: Any, size: int, alpha: float, exclude: bool) -> Taps:
    """The four pixels around each place, and what each counts (Keys, 1981)."""
    first = tirx.floor(place) - 1.0
    pixels = [first + float(k) for k in range(4)]
    counts = [_keys(tirx.abs(place - pixel), alpha) for pixel in pixels]
    if exclude:
        zero = number(0.0, "float64")
        counts = [
            tirx.Select(tirx.all(pixel >= zero, pixel < number(size, "float64")), count, zero)
            for pixel, count in zip(pixels, counts, strict=True)
        ]
        total = counts[0] + counts[1] + counts[2] + counts[3]
        counts = [count / total for count in counts]
    return list(zip(pixels, counts, strict=True))


def _keys(distance: Any, alpha: float) -> Any:
    near = ((alpha + 2) * distance - (alpha + 3)) * distance * distance + 1.0
    far = ((distance - 5.0) * distance + 8.0) * distance * alpha - 4 * alpha
    return tirx.Select(distance <= 1.0, near, tirx.Select(distance < 2.0, far, number(0.0, "float64")))
