"""Calibration: the scale and the bounds of every `simulated_quantize`, as constants.

    %0 = relay.op.annotation.simulated_quantize(%data, %dom_scale, %clip_min, %clip_max, kind=1);

becomes

    %0 = relay.op.annotation.simulated_quantize(%data, 0.0625f, -127f, 127f, kind=1);

A threshold, the largest magnitude that is kept, is found for each; the scale is the threshold divided by 2 ** 7 for
8 bits. A constant weight's own values give its threshold. That of an activation is `global_scale`, or comes from what
stands there in float while the network runs on a data set. Of these activations only a histogram, or the largest ones,
are kept from one sample to the next. Source: TVM v0.16, `relay/quantize/_calibrate.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from tvm.ir import IRModule

from .. import expr as _expr
from ..expr_functor import post_order
from ..module import main_of, with_main
from ..transform.infer_type import infer
from ..transform.transform import raising_its_own
from ._profile import Dataset, described, profile, simulates
from .kl_divergence import find_threshold, histogram
from .quantize import QAnnotateKind, current_qconfig

PERCENTILE = 0.99999
# The largest magnitudes kept of an activation: enough for PERCENTILE of 6 * 10 ** 9 values.
_KEPT = 2**16


def calibrate(dataset: Dataset | None = None) -> Callable[[IRModule, Any], IRModule]:
    """The function of the pass that gives every `simulated_quantize` in `main` its scale and bounds.

    `dataset` yields one mapping a sample, from the names of the network's inputs to arrays. "kl_divergence" and
    "percentile" of the current `qconfig` need one, and read it lazily, "kl_divergence" twice. `calibrate_chunk_by` says
    how many activations are looked at in one reading: all where it is -1. The samples of an iterator, which cannot be
    read again, are kept where that is needed. "global_scale" reads nothing.

    Raises `ValueError` for a data set that is missing or empty, and for a sample or an activation with NaN or infinity;
    `TypeError` and `ValueError` for a sample that does not fit the inputs.
    """

    @raising_its_own
    def calibrated(mod: IRModule, ctx: Any = None) -> IRModule:
        func = infer(main_of(mod, "calibrate"), mod)
        calls = _simulations(func)
        weights = [call for call in calls if _is_constant_weight(call)]
        activations = [call for call in calls if not _is_constant_weight(call)]
        _refuse_infinite(func, weights)
        thresholds = {call: _WEIGHT_THRESHOLDS[current_qconfig().weight_scale](call) for call in weights}
        thresholds |= dict(zip(activations, _activation_thresholds(func, activations, dataset), strict=True))
        return with_main(mod, infer(_with_scales(func, thresholds), mod))

    return calibrated


def collect_stats(mod: IRModule, dataset: Dataset, chunk_by: int = -1) -> Iterator[list[np.ndarray]]:
    """The values of each activation that annotation rounds, in the order of the network: to draw, or to study.

    `mod` is annotated; it runs in float. Yields lists of at most `chunk_by` flat float arrays, each with all values of
    all samples one after another; the data set is read once for each list. -1 gives one list of all. Memory is what the
    arrays of one list take; `calibrate` itself does not keep them. Errors are those of `calibrate`.
    """
    func = infer(main_of(mod, "collect_stats"), mod)
    activations = [call for call in _simulations(func) if not _is_constant_weight(call)]
    chunks = _chunks(activations, chunk_by)
    dataset = _rereadable(dataset, len(chunks))
    for chunk in chunks:
        found: dict[Any, list[np.ndarray]] = {call: [] for call in chunk}
        for call, values in profile(func, chunk, dataset):
            found[call].append(values.ravel())
        yield [np.concatenate(parts) for parts in found.values()]


def _simulations(func: _expr.Function) -> list[_expr.Call]:
    return [node for node, _ in post_order(func.body) if simulates(node)]


def _is_constant_weight(call: _expr.Call) -> bool:
    return call.attrs.kind == QAnnotateKind.WEIGHT and isinstance(call.args[0], _expr.Constant)


def _with_scales(func: _expr.Function, thresholds: Mapping[_expr.Call, float]) -> _expr.Function:
    """`func` with constants for the scales and bounds; variables that have a value already are none any more."""
    config = current_qconfig()
    values = {}
    for call, threshold in thresholds.items():
        levels = 2 ** (config.get_nbit_by_kind(call.attrs.kind) - call.attrs.sign)
        numbers = (threshold / levels, -(levels - 1), levels - 1)
        for scalar, number in zip(call.args[1:], numbers, strict=True):
            if isinstance(scalar, _expr.Var):
                values[scalar] = _expr.const(number, "float32")
    return _expr.bind(func, values)


# --- the thresholds of weights


def _refuse_infinite(func: _expr.Function, weights: Sequence[_expr.Call]) -> None:
    """Raise `ValueError` for weights with NaN or infinity, by the layer that they belong to."""
    infinite = {call for call in weights if not np.isfinite(call.args[0].value()).all()}
    if not infinite:
        return
    users = (node for node, below in post_order(func.body) if not infinite.isdisjoint(below))
    raise ValueError(
        f"a weight of {described(next(users))} holds NaN or infinity: quantize a network of finite weights"
    )


def _largest(call: _expr.Call) -> float:
    """The largest magnitude, and 1.0 where all is zero: any scale does there, and none may be 0."""
    return float(np.abs(call.args[0].value()).max(initial=0.0)) or 1.0


def _power2(call: _expr.Call) -> float:
    """The least power of two that is not below the largest magnitude."""
    mantissa, exponent = np.frexp(_largest(call))
    return float(np.ldexp(1.0, exponent - (mantissa == 0.5)))


_WEIGHT_THRESHOLDS: Mapping[str, Callable[[_expr.Call], float]] = {"max": _largest, "power2": _power2}


# --- the thresholds of activations


def _activation_thresholds(
    func: _expr.Function, activations: Sequence[_expr.Call], dataset: Dataset | None
) -> Iterable[float]:
    config = current_qconfig()
    if config.calibrate_mode == "global_scale":
        _refuse_unbound(activations)
        return [float(config.global_scale)] * len(activations)
    if dataset is None:
        raise ValueError(
            f"calibrate_mode {config.calibrate_mode!r} needs a data set: pass one, or calibrate by 'global_scale'"
        )
    found, readings = _FROM_DATA[config.calibrate_mode]
    chunks = _chunks(activations, config.calibrate_chunk_by)
    dataset = _rereadable(dataset, readings * len(chunks))
    return [threshold for chunk in chunks for threshold in found(func, chunk, dataset)]


def _refuse_unbound(activations: Sequence[_expr.Call]) -> None:
    """Refuse `global_scale`, which is one of activations, for a weight that is a parameter without a value."""
    for call in activations:
        node = call.args[0]
        while _expr.is_operator(node) and len(node.args) == 1:  # a grouped convolution's weight is reshaped
            node = node.args[0]
        if call.attrs.kind == QAnnotateKind.WEIGHT and isinstance(node, _expr.Var):
            raise ValueError(
                f"the weight %{node.name_hint} has no value: hand quantize the params, "
                "or calibrate by 'percentile' or 'kl_divergence' on samples that have it"
            )


def _rereadable(dataset: Dataset, readings: int) -> Dataset:
    """`dataset`, or its samples where it can be read only once and is to be read more often."""
    try:
        once = iter(dataset) is dataset
    except TypeError:
        what = f"{type(dataset).__name__}, which is no iterable"
        raise TypeError(f"the data set is {what}: pass a list of samples, or a generator") from None
    return list(dataset) if once and readings > 1 else dataset


def _chunks(calls: Sequence[_expr.Call], chunk_by: int) -> list[Sequence[_expr.Call]]:
    if chunk_by != -1 and chunk_by < 1:
        raise ValueError(f"chunk_by is {chunk_by}: it is a number of activations, or -1 for all")
    step = len(calls) if chunk_by == -1 else chunk_by
    return [calls[at : at + step] for at in range(0, len(calls), max(step, 1))]


def _kl_thresholds(func: _expr.Function, calls: Sequence[_expr.Call], dataset: Dataset) -> Iterator[float]:
    """By the histograms: the first reading finds how far they reach, the second fills them."""
    largest = dict.fromkeys(calls, np.float32(0))
    for call, values in profile(func, calls, dataset, "ranges"):
        largest[call] = max(largest[call], np.abs(values).max(initial=0))
    counts: dict[Any, Any] = dict.fromkeys(calls, 0)
    for call, values in profile(func, calls, dataset, "histograms"):
        counts[call] = counts[call] + histogram(values, largest[call])
    return (find_threshold(counts[call], largest[call]) for call in calls)


def _find_scale_by_percentile(arr: np.ndarray, percentile: float = PERCENTILE) -> float:
    """The magnitude that this part of the values of `arr` does not exceed; 1.0 where that is zero."""
    top = _Top()
    top.add(arr)
    return top.threshold(percentile)


def _percentile_thresholds(func: _expr.Function, calls: Sequence[_expr.Call], dataset: Dataset) -> Iterator[float]:
    tops = {call: _Top() for call in calls}
    for call, values in profile(func, calls, dataset):
        tops[call].add(values)
    return (tops[call].threshold(PERCENTILE) for call in calls)


@dataclass
class _Top:
    """The largest magnitudes of many values, of which it keeps no more than it can need."""

    number: int = 0
    largest: np.ndarray = field(default_factory=lambda: np.empty(0, "float32"))

    def add(self, values: np.ndarray) -> None:
        self.number += values.size
        every = np.concatenate([self.largest, np.abs(values).ravel()])
        surplus = len(every) - _KEPT
        self.largest = np.partition(every, surplus)[surplus:] if surplus > 0 else every

    def threshold(self, percentile: float) -> float:
        """The value at that part of all of them in order, or the least that is kept."""
        above = self.number - int(self.number * percentile)
        at = max(len(self.largest) - above, 0)
        return float(np.partition(self.largest, at)[at]) or 1.0


# How the thresholds are found, and in how many readings of the data set.
_FROM_DATA: Mapping[str, tuple[Callable[..., Iterator[float]], int]] = {
    "kl_divergence": (_kl_thresholds, 2),
    "percentile": (_percentile_thresholds, 1),
}
