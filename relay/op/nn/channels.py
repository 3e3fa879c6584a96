"""What operators with one number for each channel share: `nn.bias_add`, `nn.prelu`, the normalizations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...ty import TensorType
from ..type_relations import axis_of, tensor


def check_channels(types: Sequence[Any], names: Sequence[str], axis: int) -> TensorType:
    """The data's type, after a check that every further argument is a vector with a number for each place on `axis`.

    Raises `TypeError` where one has another shape or dtype.
    """
    data = tensor(types[0], "the data")
    channels = data.shape[axis_of(axis, len(data.shape))]
    for ty, name in zip(types[1:], names, strict=True):
        shape = tensor(ty, name).concrete_shape
        if shape != (channels,):
            raise TypeError(f"{name} has the shape {shape} and axis {axis} of the data has {channels} places")
        if ty.dtype != data.dtype:
            raise TypeError(f"{name} has the dtype {ty.dtype} and the data {data.dtype}: cast one of them")
    return data


def channel_complete(types: Sequence[Any], attrs: Any) -> Sequence[Any]:
    """Every argument but the data is a vector along `attrs.axis`."""
    data = types[0]
    if not isinstance(data, TensorType):
        return types
    vector = TensorType((data.shape[axis_of(attrs.axis, len(data.shape))],), data.dtype)
    return [ty if ty is not None else vector for ty in types]


def along(vector: np.ndarray, axis: int, rank: int) -> np.ndarray:
    """A vector laid along `axis` of `rank` axes, for NumPy to broadcast."""
    return vector.reshape([-1 if i == axis % rank else 1 for i in range(rank)])
