"""Images larger or smaller."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from ... import op as _op
from .context import Context, pair
from .scalar import numbers_of
from .table import converts


def _resized(ctx: Context, data: Any, size: Sequence[Any], method: str, transformation: str) -> Any:
    """An image of `size`; -0.75 is the parameter of PyTorch's cubic kernel, unused by the other methods."""
    to = numbers_of(ctx, size, "the size of a resized image")
    return _op.image.resize2d(
        data,
        size=to,
        layout="NCHW",
        method=method,
        coordinate_transformation_mode=transformation,
        cubic_alpha=-0.75,
    )


def _size(ctx: Context, data: Any, output_size: Sequence[Any] | None, factors: Sequence[Any]) -> Sequence[Any]:
    """The size asked for: given, or from factors for each axis, of which the fraction is dropped."""
    if output_size:
        return output_size
    return [int(extent * factor) for extent, factor in zip(ctx.shape(data)[2:], factors, strict=True)]


@converts("aten::upsample_nearest2d")
def upsample_nearest2d(
    ctx: Context,
    data: Any,
    output_size: Any = None,
    scale_factors: Any = None,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> Any:
    """Each pixel that of the source which lies at its corner."""
    size = _size(ctx, data, output_size, scale_factors or (scales_h, scales_w))
    return _resized(ctx, data, size, "nearest_neighbor", "asymmetric")


def upsample_smooth(
    method: str,
    ctx: Context,
    data: Any,
    output_size: Any = None,
    align_corners: bool = False,
    scale_factors: Any = None,
    scales_h: float | None = None,
    scales_w: float | None = None,
) -> Any:
    """Each pixel a mean of those around its place: of four, or of sixteen."""
    size = _size(ctx, data, output_size, scale_factors or (scales_h, scales_w))
    return _resized(ctx, data, size, method, "align_corners" if align_corners else "half_pixel")


converts("aten::upsample_bilinear2d")(functools.partial(upsample_smooth, "linear"))
converts("aten::upsample_bicubic2d")(functools.partial(upsample_smooth, "cubic"))


@converts("aten::__interpolate")
def interpolate(
    ctx: Context,
    data: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Any:
    """`torch.nn.functional.interpolate` as a whole, which is how it stands in a script."""
    methods = {"nearest": "nearest_neighbor", "bilinear": "linear", "bicubic": "cubic"}
    if mode not in methods or antialias or ctx.rank(data) != 4:
        how = f"{mode}{' with antialiasing' if antialias else ''} over {ctx.rank(data) - 2} axes"
        raise NotImplementedError(f"interpolation of mode {how} has no counterpart in Relay")
    to = _size(ctx, data, None if size is None else pair(size), () if scale_factor is None else pair(scale_factor))
    transformation = "align_corners" if align_corners else "half_pixel"
    return _resized(ctx, data, to, methods[mode], "asymmetric" if mode == "nearest" else transformation)
