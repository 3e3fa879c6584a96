"""Which layout a convolution takes on a processor: the rule behind `AlterOpLayout` in `relay.build`.

    before   nn.conv2d(%x, %w, channels=64, kernel_size=[3, 3])
    after    nn.contrib_conv2d_NCHWc(%x, %w, …, data_layout="NCHW16c", kernel_layout="OIHW16i16o", out_layout="NCHW16c")

A block of channels is what a vector holds, 16 for AVX-512, or the next smaller size that divides the channels: it is a
matter of the tensor alone, so that two convolutions whose results are added agree. Data whose channels have no block,
such as the three colours of an image, is taken as it is. An image of float32 whose blocks would leave more than half of
a vector empty has none: rows of pixels are faster. Weights for int8 have groups of four inputs innermost: as many as
one instruction multiplies and adds up. Where no instruction does, and a convolution of int8 is large enough, it becomes
Winograd's, whose weights are int16 in pairs:

    after    nn.contrib_conv2d_winograd_without_weight_transform(%x, %u, tile_size=4, …, kernel_layout="OHWI8o2i")
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tvm

from ..expr import Call, Constant
from ..op import cast, layout_transform, nn
from ..op.nn.winograd import TAPS, TRANSFORMED, TRANSFORMS
from ..ty import TensorType
from .kernels.convolution import block_in
from .kernels.dot import dot_of_words
from .target import Features, cpu_target, features

_BLOCKS = (16, 8, 4)
_GROUP = 4  # int8 numbers that one instruction multiplies and adds up
_LARGEST = 128  # the largest magnitude in int8
# Winograd's convolution: pixels along a side of a tile, and where it is worth it. With fewer channels, sums for a tile
# outweigh the products; so many tiles take any weights from memory in time; so many bytes of them stay in a cache.
_TILE = 4
_FEW_CHANNELS = 16
_MANY_TILES = 32
_CACHED = 8 << 20
_DTYPES = {("float32", "float32", "float32"), ("int8", "int8", "int32")}


def block_of(channels: int, lanes: int, least: int = 1) -> int | None:
    """The largest block of at least `least` that divides the channels and fits a vector of `lanes` numbers, or None."""
    return next((block for block in _BLOCKS if least <= block <= lanes and channels % block == 0), None)


def _least(image: TensorType, lanes: int) -> int:
    """The smallest block that is worth it. A single pixel has no row for a vector to run along."""
    pixels = math.prod(image.concrete_shape[2:])
    return lanes // 2 if image.dtype == "float32" and pixels > 1 else 1


@tvm.ir.register_op_attr("nn.conv2d", "FTVMAlterOpLayout")
def alter_conv2d(attrs: Any, args: Sequence[Any], types: Sequence[TensorType], result: TensorType) -> Call | None:
    """The convolution in blocks for the target of the `with` around, or None where it stays as it is."""
    data, weight = types
    plain = attrs.data_layout == "NCHW" and attrs.kernel_layout == "OIHW" and attrs.out_layout in ("", "NCHW")
    if not plain or (data.dtype, weight.dtype, result.dtype) not in _DTYPES:
        return None
    taken, made = data.concrete_shape[1], result.concrete_shape[1]
    lanes = _lanes(tvm.target.Target.current(allow_none=True))
    given = {**attrs, "channels": made, "kernel_size": list(weight.concrete_shape[2:])}
    if attrs.groups == taken == made:
        return _depthwise(args, given, block_of(made, lanes, _least(result, lanes)))
    inner, outer = block_of(taken, lanes, _least(data, lanes)), block_of(made, lanes, _least(result, lanes))
    if attrs.groups > 1:
        # Blocks do not reach over from one group to the next.
        inner = block_of(taken // attrs.groups, inner or 0, _least(data, lanes))
        outer = inner and block_of(made // attrs.groups, outer or 0, _least(result, lanes))
    found = _direct(args, given, data.dtype, inner, outer)
    if found is not None and inner is not None and _is_for_winograd(found.attrs, args, result):
        return _winograd(args, {**found.attrs})
    return found


@functools.lru_cache(maxsize=8)
def _features(target: tvm.target.Target | None) -> Features:
    """What the processor has; asking LLVM again for each convolution takes longer than all the rest."""
    return features(cpu_target(target))


def _lanes(target: tvm.target.Target | None) -> int:
    return _features(target).lanes


def _is_for_winograd(attrs: Any, args: Sequence[Any], image: TensorType) -> bool:
    """Whether Winograd's convolution is faster, and exact: its weights are known, and its sums small enough."""
    weight = args[1].value() if isinstance(args[1], Constant) else None
    ones = (*attrs.strides, *attrs.dilation, attrs.groups)
    if weight is None or str(weight.dtype) != "int8" or weight.shape[2:] != (TAPS, TAPS) or ones != (1,) * 5:
        return False
    has = _features(tvm.target.Target.current(allow_none=True))
    # With VNNI a processor multiplies bytes four times as fast as int16.
    if has.dot.startswith("vpdpbusd") or dot_of_words(block_in(attrs.out_layout), has) is None:
        return False
    most = _LARGEST * int(np.abs(weight.astype("int32")).sum(axis=(1, 2, 3)).max())
    return most <= TRANSFORMS[_TILE].holds and _is_worth_it(weight.shape[0], weight.shape[1], image)


def _is_worth_it(made: int, taken: int, image: TensorType) -> bool:
    """Whether there are channels and tiles enough, as measured on Zen 3, and half of the tiles' pixels in the image."""
    batch, _, *size = image.concrete_shape
    tiles, pixels = batch * math.prod(-(-n // _TILE) for n in size), batch * math.prod(size)
    weights = TRANSFORMS[_TILE].taken ** 2 * made * taken * 2
    reads_little = tiles >= _MANY_TILES or weights <= _CACHED
    return min(made, taken) >= _FEW_CHANNELS and tiles * _TILE**2 <= 2 * pixels and reads_little


def _winograd(args: Sequence[Any], given: dict[str, Any]) -> Call:
    """A convolution in blocks with its weight transformed, two input channels side by side."""
    layout = f"OHWI{block_in(given['out_layout'])}o2i"
    weight = nn.contrib_conv2d_winograd_weight_transform(cast(args[1], "int16"), _TILE)
    packed = layout_transform(weight, TRANSFORMED, layout)
    return nn.contrib_conv2d_winograd_without_weight_transform(
        args[0], packed, _TILE, **{**given, "kernel_layout": layout}
    )


def _depthwise(args: Sequence[Any], given: dict[str, Any], block: int | None) -> Call | None:
    if block is None:
        return None
    layout = f"NCHW{block}c"
    given |= {"data_layout": layout, "kernel_layout": f"OIHW1i{block}o", "out_layout": layout}
    return nn.contrib_depthwise_conv2d_nchwc(*args, **given)


@tvm.ir.register_op_attr("nn.dense", "FTVMAlterOpLayout")
def alter_dense(attrs: Any, args: Sequence[Any], types: Sequence[TensorType], result: TensorType) -> Call | None:
    """The layer with its constant weight in blocks, or None where it stays as it is.

    A single row of float32 takes as long as the weights take to come from memory, in whatever order.
    """
    data, weight = types
    dtypes = (data.dtype, weight.dtype, result.dtype)
    if len(data.shape) != 2 or dtypes not in _DTYPES or not isinstance(args[1], Constant):
        return None
    units, taken = weight.concrete_shape
    block = block_of(units, _lanes(tvm.target.Target.current(allow_none=True)))
    narrow = data.dtype == "int8"
    if block is None or (taken % _GROUP if narrow else data.concrete_shape[0] == 1):
        return None
    layout = f"NC{block}n{_GROUP}c" if narrow else f"NC{block}n"
    return nn.contrib_dense_pack(args[0], args[1], layout, units, attrs.out_dtype)


def _direct(
    args: Sequence[Any], given: dict[str, Any], dtype: str, inner: int | None, outer: int | None
) -> Call | None:
    if outer is None:
        return None
    given["out_layout"] = f"NCHW{outer}c"
    if dtype == "int8":
        whole = f"{inner // _GROUP}i" if inner else ""
        given["kernel_layout"] = f"OIHW{whole}{outer}o{_GROUP}i"
    else:
        given["kernel_layout"] = f"OIHW{inner}i{outer}o" if inner else f"OIHW{outer}o"
    if inner:
        given["data_layout"] = f"NCHW{inner}c"
    return nn.contrib_conv2d_nchwc(*args, **given)
