"""What both directions of FoldScaleAxis share: where a layer takes a scale in, and when a factor is such a scale.

A scale is one number for each channel. It moves through the graph as a vector, and is spread out where it is used:

    multiply(%0, %s /* Tensor[(16, 1, 1)] */)   the scale squeeze(%s, axis=[1, 2]) on axis 1 of %0
    nn.conv2d(%x, %w)                           takes it into axis 0 of %w, if it scales the result
                                                      or axis 1 of %w, if it scales %x
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import op
from ..expr import Call, Constant, is_operator
from ..ty import TensorType
from .bias import expand_bias_to_match_axis


@dataclass(frozen=True)
class Message:
    """What a node says of a scale that it could pass on or take in.

    The scale lies on `axis`. It must be `positive` where it passes through a relu: `relu(s * x) = s * relu(x)` for no
    other one. It must be a `divisor`, nowhere zero, where something was added to the scaled tensor.
    """

    axis: int
    positive: bool = False
    divisor: bool = False


@dataclass(frozen=True)
class Layer:
    """The channel axes of a layer's data and of its result, and the axes of its weight that go with them."""

    data_axis: int
    result_axis: int
    weight_rank: int
    weight_data_axis: int
    weight_result_axis: int


def layer(call: Call) -> Layer | None:
    """How a typed call takes scales in, or None where it does not.

    Convolutions in groups do where each group has one channel (depthwise): it is the result's too. The three dtypes are
    one, so that the weight can be multiplied and integers wrap around alike.
    """
    name = call.op.name
    if name not in ("nn.conv2d", "nn.conv3d", "nn.dense"):
        return None
    data, weight = (arg.checked_type for arg in call.args)
    if not data.dtype == weight.dtype == call.checked_type.dtype:
        return None
    if name == "nn.dense":
        return Layer(1, 1, 2, 1, 0) if len(data.shape) == 2 else None
    attrs = call.attrs
    kernel, data_layout = attrs.kernel_layout, attrs.data_layout
    if not all(axis.isupper() for axis in kernel + data_layout + attrs.out_layout):
        return None  # channels in blocks (NCHW16c)
    result, inner = kernel.index("O"), kernel.index("I")
    depthwise = weight.shape[result] == attrs.groups and weight.shape[inner] == 1
    if attrs.groups != 1 and not depthwise:
        return None
    result_layout = attrs.out_layout or data_layout
    weight_data = result if depthwise else inner
    return Layer(data_layout.index("C"), result_layout.index("C"), len(kernel), weight_data, result)


def match_broadcast_to_left_axis(left: TensorType, right: TensorType, axis: int) -> list[int] | None:
    """The axes of a `right` operand that must be squeezed to make it a vector along `axis` of the `left` one.

    None where it is no such vector: where it varies along another axis, or does not reach to `axis`.
    """
    base = len(left.shape) - len(right.shape)
    if base < 0 or axis < base or right.shape[axis - base] != left.shape[axis]:
        return None
    others = [at for at in range(len(right.shape)) if at != axis - base]
    return others if all(right.shape[at] == 1 for at in others) else None


def as_scale(factor: Any, scaled: TensorType, factor_type: TensorType, message: Message) -> Any:
    """The factor of a multiplication as a scale of the other operand, or None where `message` asks for something else.

    `factor` stands for an expression of `factor_type`; a single number becomes a vector of that number.
    """
    if not len(factor_type.shape):
        scale = op.repeat(op.expand_dims(factor, axis=0), repeats=scaled.shape[message.axis], axis=0)
    else:
        squeezed = match_broadcast_to_left_axis(scaled, factor_type, message.axis)
        if squeezed is None:
            return None
        scale = op.squeeze(factor, axis=squeezed) if squeezed else factor
    numbers = _numbers(factor) if message.positive or message.divisor else None
    if message.positive and (numbers is None or not np.all(numbers >= 0)):
        return None
    if message.divisor and (numbers is None or numbers.dtype.kind != "f" or not np.all(numbers != 0)):
        return None
    return scale


def spread(scale: Any, rank: int, axis: int) -> Any:
    """The vector `scale` as it broadcasts along `axis` of a tensor of that `rank`."""
    return expand_bias_to_match_axis(scale, rank, axis)


# What moves the numbers of a constant and changes none.
_SHAPE_ONLY = ("expand_dims", "squeeze", "reshape", "transpose", "repeat")


def _numbers(expr: Any) -> np.ndarray | None:
    """The numbers in a constant, also where it waits for another shape."""
    while is_operator(expr) and expr.op.name in _SHAPE_ONLY:
        expr = expr.args[0]
    return expr.value() if isinstance(expr, Constant) else None
