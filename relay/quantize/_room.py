"""Whether a sum of products has room in its accumulator: a warning where constant weights tell that it may not.

TVM v0.16 takes a sum that has none, and it wraps around.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np

from .. import expr as _expr
from ..expr_functor import post_order
from ._profile import described, simulates
from .quantize import ACCUMULATING, QConfig, current_qconfig


def warn_of_overflow(func: _expr.Function) -> None:
    """Warn once of the layers of a calibrated `func` whose sums may leave `dtype_activation`.

    A sum reaches at most to the largest input times the sum of the weights' magnitudes, of one output channel.
    """
    config = current_qconfig()
    room = np.iinfo(config.dtype_activation).max
    if narrow := {layer: largest for layer, largest in _largest_sums(func, config) if largest > room}:
        warnings.warn(_message(narrow, config), stacklevel=2)


def _largest_sums(func: _expr.Function, config: QConfig) -> Iterator[tuple[_expr.Call, int]]:
    """Each layer with constant weights, and the largest magnitude that one of its sums can have."""
    largest = 2 ** (config.nbit_input - 1) - 1
    for call, _ in post_order(func.body):
        if any(_expr.is_operator(call, name) for name in ACCUMULATING) and _has_constant_weight(call):
            yield call, largest * _largest_channel(call)


def _has_constant_weight(call: _expr.Call) -> bool:
    weight = call.args[1]
    return simulates(weight) and all(isinstance(arg, _expr.Constant) for arg in weight.args)


def _largest_channel(call: _expr.Call) -> int:
    """The largest sum of the magnitudes of the integer weights that go into one number of the result."""
    weight, scale, low, high = (arg.value() for arg in call.args[1].args)
    magnitudes = np.abs(np.clip(np.rint(weight / scale), low, high))
    sums = magnitudes.sum(axis=_summed_axes(call, weight.ndim), dtype="float64")
    return int(sums.max(initial=0))


def _summed_axes(call: _expr.Call, rank: int) -> tuple[int, ...]:
    """The axes of the weight that are summed over: all but those of the output channels."""
    name, attrs = call.op.name, call.attrs
    if name == "nn.batch_matmul":
        return (rank - 1 if attrs.transpose_b else rank - 2,)
    if name == "nn.dense":
        return (rank - 1,)
    # A depthwise convolution in NHWC has its channels in O, and I filters for each.
    kept = "OI" if attrs.groups > 1 and attrs.kernel_layout == "HWOI" else "O"
    return tuple(at for at, axis in enumerate(attrs.kernel_layout) if axis not in kept)


def _message(narrow: dict[_expr.Call, int], config: QConfig) -> str:
    layer = max(narrow, key=narrow.__getitem__)
    bits, dtype = narrow[layer].bit_length() + 1, config.dtype_activation
    others = f", and of {len(narrow) - 1} more," if len(narrow) > 1 else ""
    wider = next((other for other in ("int32", "int64") if bits <= np.iinfo(other).bits), None)
    hint = f", or dtype_activation={wider!r}" if wider else ""
    if wider == "int64" and config.rounding == "TONEAREST":
        hint += " with rounding='UPWARD'"
    return (
        f"the sums of {described(layer)}{others} may need {bits} bits, and wrap around in dtype_activation {dtype!r}: "
        f"take fewer bits for nbit_input or nbit_weight{hint}"
    )
