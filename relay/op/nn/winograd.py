"""Winograd's convolution: four by four pixels of the result by 36 products for each input channel, and not by 144.

    data    d, 6 x 6         V = Bt d B          differences of its pixels
    kernel  g, 3 x 3         U = G g Gt          once, before the network runs
    result  y, 4 x 4         y = At (sum of U * V over the input channels) A

The smallest case, along one axis: two pixels of the result by four products, and not by six.

    y0 = d0 g0 + d1 g1 + d2 g2 = m0 + m1 + m2        m0 = (d0 - d2) g0        m1 = (d2 - d1) (g0 - g1 + g2) / 2
    y1 = d1 g0 + d2 g1 + d3 g2 = m2 - m1 - m3        m3 = (d1 - d3) g2        m2 = (d1 + d2) (g0 + g1 + g2) / 2

In float a result is rounded in other places than that of `nn.conv2d`. Integers have no halves: their kernels are
transformed by a multiple of G, and the sums divided at the end, where nothing is left over. Sums may have wrapped
around before: the remainders of 2 ** 32 are a ring, and have an inverse for each odd number. So a result is that of
`nn.conv2d` to the last bit, if it is small: `Transform.holds`.

Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural
Networks", 2016, for the matrices. The operators are those of TVM v0.16, which has other kernels besides, and for tiles
of four other matrices.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from ...expr import Call
from ...ty import TensorType
from ..attrs import Attrs, Ints, attributes
from ..layout import transform_layout, transformed_shape
from ..op import OpPattern, define, get
from ..type_relations import tensor
from .contraction import matmul
from .convolution import KERNEL, conv_attributes, result_type
from .windows import DATA, output_size, pairs

Matrix: TypeAlias = Sequence[Sequence[int]]

# Pixels of a kernel along a side.
TAPS = 3
# The plain layout of a transformed kernel: its place in the tile comes first.
TRANSFORMED = "HWOI"
_WORD = 32


@dataclass(frozen=True)
class Transform:
    """The matrices for tiles of one size: Bt, G and At. Sums of products are `excess` times too large along an axis."""

    data: Matrix
    kernel: Matrix
    result: Matrix
    excess: int

    @property
    def tile(self) -> int:
        """Pixels of the result along a side."""
        return len(self.result)

    @property
    def taken(self) -> int:
        """Pixels of the data along a side."""
        return len(self.data)

    @property
    def shift(self) -> int:
        """How often two divides what a sum is too large by, along both axes."""
        whole = self.excess**2
        return (whole & -whole).bit_length() - 1

    @property
    def inverse(self) -> int:
        """What int32 sums are multiplied with to divide by the rest of that, which is odd."""
        found = pow(self.excess**2 >> self.shift, -1, 1 << _WORD)
        return found - (1 << _WORD) if found >> _WORD - 1 else found

    @property
    def holds(self) -> int:
        """Results of int32 are right up to here, and down to its negative."""
        return (1 << _WORD - 1 - self.shift) - 1


TRANSFORMS = {
    2: Transform(
        data=((1, 0, -1, 0), (0, -1, 1, 0), (0, 1, 1, 0), (0, 1, 0, -1)),
        kernel=((2, 0, 0), (1, -1, 1), (1, 1, 1), (0, 0, 2)),
        result=((1, 1, 1, 0), (0, -1, 1, -1)),
        excess=2,
    ),
    # The last row of the kernel's matrix would be (0, 0, 24): half of it is in that of the result, and int8 weights
    # then fit int16.
    4: Transform(
        data=(
            (4, 0, -5, 0, 1, 0),
            (0, -4, -4, 1, 1, 0),
            (0, 4, -4, -1, 1, 0),
            (0, -2, -1, 2, 1, 0),
            (0, 2, -1, -2, 1, 0),
            (0, 4, 0, -5, 0, 1),
        ),
        kernel=((6, 0, 0), (-4, -4, -4), (-4, 4, -4), (1, 2, 4), (1, -2, 4), (0, 0, 12)),
        result=((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 2)),
        excess=24,
    ),
}


@attributes("ConvWinogradWeightTransformAttrs")
class ConvWinogradWeightTransformAttrs(Attrs):
    """Attributes of `nn.contrib_conv2d_winograd_weight_transform`."""

    tile_size: int


@attributes("Conv2DWinogradAttrs")
class Conv2DWinogradAttrs(Attrs):
    """Attributes of `nn.contrib_conv2d_winograd_without_weight_transform`: those of `nn.conv2d`, and the tile's."""

    tile_size: int
    strides: Ints = (1, 1)
    padding: Ints = (0, 0)
    dilation: Ints = (1, 1)
    groups: int = 1
    channels: int | None = None
    kernel_size: Ints | None = None
    data_layout: str = DATA[2]
    kernel_layout: str = KERNEL[2]
    out_layout: str = ""
    out_dtype: str = ""


def transformed_layout(attrs: Any) -> str:
    """The layout of the transformed kernel. Where the attribute names the layout of before, it is the plain one."""
    return TRANSFORMED if attrs.kernel_layout == KERNEL[2] else attrs.kernel_layout


def divided(sums: Any, by: Transform, cast: Any) -> Any:
    """Sums that are too large by the excess of both axes, divided by it; `cast(value, dtype)` says how to cast.

    Multiplied in 64 bits, of which the lower half counts: the product alone leaves int32.
    """
    if by.inverse != 1:
        sums = cast(cast(sums, "int64") * cast(by.inverse, "int64"), "int32")
    return sums >> cast(by.shift, "int32")


def _transform(tile: int, kernel: Sequence[int]) -> Transform:
    if tile not in TRANSFORMS or tuple(kernel) != (TAPS, TAPS):
        known = " and ".join(map(str, TRANSFORMS))
        raise TypeError(
            f"tile_size is {tile} and the kernel {list(kernel)}: only tiles of {known} and kernels of {[TAPS, TAPS]} "
            "are known; use nn.conv2d"
        )
    return TRANSFORMS[tile]


def _infer_weight(types: Sequence[Any], attrs: ConvWinogradWeightTransformAttrs) -> TensorType:
    weight = tensor(types[0], "the weight")
    if len(weight.shape) != 4:
        raise TypeError(f"the weight has rank {len(weight.shape)}, not 4")
    if not weight.dtype.startswith(("float", "int")):
        raise TypeError(f"the weight is {weight.dtype}, and a transformed one has negative numbers: cast it to int16")
    outer, inner, *kernel = weight.concrete_shape
    places = _transform(attrs.tile_size, kernel).taken
    return TensorType((places, places, outer, inner), weight.dtype)


def _infer(types: Sequence[Any], attrs: Conv2DWinogradAttrs) -> TensorType:
    data, weight = tensor(types[0], "the data"), tensor(types[1], "the weight")
    if attrs.channels is None or attrs.kernel_size is None:
        raise TypeError("channels and kernel_size are not given, and a transformed weight does not tell: give both")
    places = _transform(attrs.tile_size, attrs.kernel_size).taken
    if (*attrs.strides, *attrs.dilation, attrs.groups) != (1,) * 5:
        raise TypeError("strides, dilation and groups have to be 1 here: use nn.conv2d")
    dtype = attrs.out_dtype or data.dtype
    if not dtype.startswith("float") and dtype != "int32":
        raise TypeError(f"the result would be {dtype}, and sums of integers are divided as int32: give out_dtype")
    if weight.dtype.startswith("float") != dtype.startswith("float"):
        raise TypeError(
            f"the weight is {weight.dtype}, and the result would be {dtype}: only sums of integers are divided by what "
            "a transformed weight of integers is too large by"
        )
    batch, taken, *image = transformed_shape(data.concrete_shape, attrs.data_layout, DATA[2])
    layout = transformed_layout(attrs)
    wanted = tuple(transformed_shape((places, places, attrs.channels, taken), TRANSFORMED, layout))
    if weight.concrete_shape != wanted:
        raise TypeError(
            f"the transformed weight has the shape {weight.concrete_shape}, and {attrs.channels} channels from {taken} "
            f"in the layout {layout} have {wanted}"
        )
    found = output_size(image, attrs.kernel_size, attrs.strides, attrs.dilation, attrs.padding)
    return result_type(data, (batch, attrs.channels, *found), attrs, 2)


def _on_both_sides(matrix: Matrix, tiles: np.ndarray) -> np.ndarray:
    """`matrix @ tile @ matrix.T` for tiles in the last two axes, in their own dtype."""
    along = np.array(matrix, tiles.dtype)
    return np.matmul(np.matmul(along, tiles), along.T)


def _compute_weight(arrays: Sequence[np.ndarray], attrs: ConvWinogradWeightTransformAttrs) -> np.ndarray:
    weight, by = arrays[0], TRANSFORMS[attrs.tile_size]
    found = _on_both_sides(by.kernel, weight).transpose(2, 3, 0, 1)
    return found if weight.dtype.kind in "iu" else (found / by.excess**2).astype(weight.dtype)


def _compute(arrays: Sequence[np.ndarray], attrs: Conv2DWinogradAttrs) -> np.ndarray:
    by, dtype = TRANSFORMS[attrs.tile_size], attrs.out_dtype or str(arrays[0].dtype)
    data = transform_layout(arrays[0], attrs.data_layout, DATA[2])
    weight = transform_layout(arrays[1], transformed_layout(attrs), TRANSFORMED)
    weight = weight[:, :, : attrs.channels, : data.shape[1]]  # whose last blocks may be part filling
    rows, columns = output_size(data.shape[2:], (TAPS, TAPS), attrs.strides, attrs.dilation, attrs.padding)
    batch, down, across = len(data), -(-rows // by.tile), -(-columns // by.tile)
    met = _on_both_sides(by.data, _windows(data.astype(dtype), attrs, by, (down, across)))
    columns_of_tiles = met.transpose(4, 5, 1, 0, 2, 3).reshape(by.taken, by.taken, data.shape[1], -1)
    sums = matmul(weight, columns_of_tiles, dtype)
    found = _on_both_sides(by.result, sums.transpose(2, 3, 0, 1))
    if found.dtype.kind in "iu":
        found = divided(found, by, lambda value, dtype: np.asarray(value).astype(dtype))
    tiles = found.reshape(-1, batch, down, across, by.tile, by.tile).transpose(1, 0, 2, 4, 3, 5)
    plain = tiles.reshape(batch, -1, by.tile * down, by.tile * across)[:, :, :rows, :columns]
    return transform_layout(np.ascontiguousarray(plain), DATA[2], attrs.out_layout or attrs.data_layout)


def _windows(data: np.ndarray, attrs: Conv2DWinogradAttrs, by: Transform, tiles: tuple[int, int]) -> np.ndarray:
    """What each tile is made of, `(batch, channels, down, across, taken, taken)`; zeros outside of the image."""
    first = [before for before, _ in pairs(attrs.padding, 2)]
    whole = [by.tile * count + by.taken - by.tile for count in tiles]
    size = [min(n, end - start) for n, end, start in zip(data.shape[2:], whole, first, strict=True)]
    image = np.zeros((*data.shape[:2], *whole), data.dtype)
    image[:, :, first[0] : first[0] + size[0], first[1] : first[1] + size[1]] = data[:, :, : size[0], : size[1]]
    every = np.lib.stride_tricks.sliding_window_view(image, (by.taken, by.taken), (2, 3))
    return every[:, :, :: by.tile, :: by.tile]


define(
    "nn.contrib_conv2d_winograd_weight_transform",
    inputs=("weight",),
    attrs=ConvWinogradWeightTransformAttrs,
    infer=_infer_weight,
    compute=_compute_weight,
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)
define(
    "nn.contrib_conv2d_winograd_without_weight_transform",
    inputs=("data", "weight"),
    attrs=Conv2DWinogradAttrs,
    infer=_infer,
    compute=_compute,
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)


def contrib_conv2d_winograd_weight_transform(weight: Any, tile_size: int) -> Call:
    """The kernel of a Winograd convolution: `(places, places, out, in)` from the weight `(out, in, 3, 3)`.

    There are four places a side for tiles of 2, and six for tiles of 4. The dtype stays. Integers are larger by 4 or by
    576 than in float, so the dtype has to be wide enough: int16 for numbers of int8. `InferType` raises `TypeError` for
    tiles and kernels of other sizes, and for dtypes without a sign.
    """
    op = get("nn.contrib_conv2d_winograd_weight_transform")
    return Call(op, [weight], ConvWinogradWeightTransformAttrs(tile_size=tile_size))


def contrib_conv2d_winograd_without_weight_transform(
    data: Any,
    weight: Any,
    tile_size: int,
    strides: Any = (1, 1),
    padding: Any = (0, 0),
    dilation: Any = (1, 1),
    groups: int = 1,
    channels: int | None = None,
    kernel_size: Any = None,
    data_layout: str = "NCHW",
    kernel_layout: str = "OIHW",
    out_layout: str = "",
    out_dtype: str = "",
) -> Call:
    """`nn.conv2d` with a kernel of three by three that has been transformed before: `(places, places, out, in)`.

    `kernel_layout` may say another layout of that, as `OHWI8o2i`. The result has the data's dtype and layout, or
    `out_dtype` and `out_layout`; with a weight of integers it is int32. `InferType` raises `TypeError` where `channels`
    or `kernel_size` is not given, for other tiles, kernels, strides, dilations and groups, and where the shapes or
    dtypes do not fit together.
    """
    plain = conv_attributes(
        *(2, strides, padding, dilation, channels, kernel_size),
        groups=groups,
        data_layout=data_layout,
        kernel_layout=kernel_layout,
        out_layout=out_layout,
        out_dtype=out_dtype,
    )
    op = get("nn.contrib_conv2d_winograd_without_weight_transform")
    return Call(op, [data, weight], Conv2DWinogradAttrs(tile_size=tile_size, **plain))
