"""What calibration does to the numbers: histograms with thresholds, the error of each layer, the integers in use.

Each view is data first, a `Table` in `.table`, and is drawn from that. The values come from running the network on the
reader's samples: in float, and with every `simulated_quantize` rounding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tvm
from matplotlib.figure import Figure
from tvm import relay

from helpers.drawing import BLUE, COLOURS, DASHES, INK, ORANGE, Drawing, legend
from helpers.scales import expressions, function_of, is_simulated, operator_of, scales
from helpers.table import Table

Samples = Iterable[Mapping[str, Any]]


def calibrated(mod: tvm.IRModule, samples: Samples | None = None, **options: Any) -> tvm.IRModule:
    """An annotated module with its scales, by the calibration that `options` of `qconfig` say."""
    with relay.quantize.qconfig(**options):
        return relay.quantize._calibrate.calibrate(samples)(mod, None)


def with_thresholds(annotated: tvm.IRModule, thresholds: Mapping[int, float], **options: Any) -> tvm.IRModule:
    """An annotated module with these thresholds, by the numbers of `scales`; where there is none, as `calibrated` does.

    Raises `ValueError` for a number that no activation has, and for a threshold that is not above zero.
    """
    known = calibrated(annotated, **options)
    activations = [each.number for each in scales(known) if each.of_activation]
    if wrong := [number for number in thresholds if number not in activations]:
        raise ValueError(f"no activation has the number {wrong[0]}: they have {activations}")
    roundings = _roundings(known)
    binds: dict[Any, Any] = {}
    for number, call in enumerate(filter(is_simulated, expressions(annotated))):
        rounding = roundings[number]
        scale = thresholds[number] / (rounding.high + 1) if number in thresholds else rounding.scale
        if not scale > 0:
            raise ValueError(f"the threshold of {rounding.label} is {thresholds[number]}: give one above zero")
        values = scale, rounding.low, rounding.high
        binds |= {scalar: relay.const(float(value)) for scalar, value in zip(call.args[1:], values)}
    bound = relay.bind(function_of(annotated), binds)
    return relay.transform.InferType()(tvm.IRModule.from_expr(bound))


def histograms(
    annotated: tvm.IRModule, samples: Samples, chosen: Mapping[str, tvm.IRModule], numbers: Sequence[int] | None = None
) -> Drawing:
    """The magnitudes of what each activation is in float, and the thresholds of calibrated modules, by their names.

    `numbers` says which activations, by the numbers that `scales` gives them: all, unless told otherwise. Raises
    `ValueError` for a module that is not calibrated or has other scales.
    """
    kept = scales(annotated)
    points = [scale for scale in kept if scale.of_activation and (numbers is None or scale.number in numbers)]
    if not points:
        raise ValueError("there is nothing to draw: no activation is rounded, or none has one of these numbers")
    thresholds = {name: _thresholds(mod, name, len(kept)) for name, mod in chosen.items()}
    values = _in_float(annotated, samples)
    rows = []
    for point in points:
        magnitudes = np.abs(values[point.number])
        for name, found in thresholds.items():
            threshold = found[point.number]
            beyond = 100 * float((magnitudes > threshold).mean())
            rows.append((point.label, name, threshold, float(magnitudes.max()), beyond))
    table = Table(("activation", "calibration", "threshold", "largest", "% cut off"), rows)
    figure = Figure(figsize=(7.5, 2.3 * len(points)), layout="constrained")
    for axes, point in zip(np.atleast_1d(figure.subplots(len(points))), points):
        _histogram(axes, point.label, np.abs(values[point.number]), {n: t[point.number] for n, t in thresholds.items()})
    words = "; ".join(f"{label}, {name}: threshold {threshold:.3g}" for label, name, threshold, *_ in rows)
    return Drawing(figure, table, f"Histograms of activations on a logarithmic axis with thresholds. {words}")


def layer_errors(mod: tvm.IRModule, samples: Samples) -> Drawing:
    """How far a calibrated network is from itself in float, at each activation that is rounded and at the result.

    In percent, the root of the mean squared difference over that of the values in float. "here" is what this rounding
    alone does to the value in float; "so far" has all roundings before it as well. Raises `ValueError` for a module
    that is not calibrated.
    """
    rows = []
    roundings = _roundings(mod)
    for number, exact, rounded in _both(mod, samples):
        rounding = None if number is None else roundings[number]
        here = None if rounding is None else _percent(rounding.integers(exact) * rounding.scale, exact)
        rows.append(("result" if rounding is None else rounding.label, here, _percent(rounded, exact)))
    table = Table(("value", "% here", "% so far"), rows)
    figure = Figure(figsize=(7.5, 0.9 + 0.5 * len(rows)), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(rows))
    axes.barh(at - 0.2, [row[1] or 0 for row in rows], 0.36, color=BLUE, label="this rounding alone")
    axes.barh(at + 0.2, [row[2] for row in rows], 0.36, color=ORANGE, hatch="///", edgecolor=INK, label="all so far")
    _rows_of(axes, [row[0] for row in rows])
    axes.set_xlabel("error in % of the value")
    axes.legend(frameon=False, labelcolor=INK)
    return Drawing(figure, table, f"Bars: error in percent, alone and so far. {_said(table)}")


def integer_ranges(mod: tvm.IRModule, samples: Samples) -> Drawing:
    """From which to which integer each activation goes, and how much of it is cut off at the bounds.

    Raises `ValueError` for a module that is not calibrated.
    """
    rows, bounds = [], []
    roundings = _roundings(mod)
    for number, _, before in _both(mod, samples, rounded_after=False):
        if number is None:
            continue
        rounding = roundings[number]
        integers = rounding.integers(before)
        beyond = np.abs(before) > rounding.scale * (rounding.high + 0.5)
        rows.append((rounding.label, int(integers.min()), int(integers.max()), 100 * float(beyond.mean())))
        bounds.append((rounding.low, rounding.high))
    table = Table(("activation", "least", "largest", "% cut off"), rows)
    figure = Figure(figsize=(7.5, 0.9 + 0.45 * len(rows)), layout="constrained")
    axes = figure.subplots()
    at = np.arange(len(rows))
    axes.barh(
        at, [high - low for low, high in bounds], 0.7, [low for low, _ in bounds], fill=False, edgecolor=INK, ls=":"
    )
    axes.barh(at, [row[2] - row[1] for row in rows], 0.4, [row[1] for row in rows], color=BLUE)
    _rows_of(axes, [row[0] for row in rows])
    axes.set_xlabel("integers (dotted: the bounds)")
    return Drawing(figure, table, f"Bars: the integers in use within their bounds. {_said(table)}")


# --- values


def _in_float(mod: tvm.IRModule, samples: Samples) -> dict[int, np.ndarray]:
    """The values that are rounded, by the number of their scale, of all samples together."""
    activations = [scale.number for scale in scales(mod) if scale.of_activation]
    with relay.quantize.qconfig():
        found = [values for chunk in relay.quantize._calibrate.collect_stats(mod, samples) for values in chunk]
    return dict(zip(activations, found, strict=True))


def _both(
    mod: tvm.IRModule, samples: Samples, rounded_after: bool = True
) -> list[tuple[int | None, np.ndarray, np.ndarray]]:
    """For each activation, and last for the result, its number, its values in float and those among roundings.

    Of the latter those before its own rounding, unless `rounded_after`.
    """
    func = function_of(mod)
    order = expressions(mod)
    points = zip(scales(mod), filter(is_simulated, order), strict=True)
    kept = [(scale.number, call) for scale, call in points if scale.of_activation]
    exact, rounded = _without_rounding(order), {expr: expr for expr in order}
    calls = [call for _, call in kept]
    inside = calls if rounded_after else [call.args[0] for call in calls]
    networks = ([*map(exact.get, calls), exact[func.body]], [*map(rounded.get, inside), func.body])
    samples = list(samples)
    if not samples:
        raise ValueError("there are no samples: give at least one")
    in_float, among_roundings = (_run(func, outputs, samples) for outputs in networks)
    return list(zip([*(number for number, _ in kept), None], in_float, among_roundings, strict=True))


def _without_rounding(order: Sequence[Any]) -> dict[Any, Any]:
    """What becomes of each expression where `simulated_quantize` gives back what it is given."""
    made: dict[Any, Any] = {}
    for expr in order:
        if is_simulated(expr):
            made[expr] = made[expr.args[0]]
        elif operator_of(expr):
            made[expr] = relay.Call(expr.op, [made[arg] for arg in expr.args], expr.attrs, expr.type_args, expr.span)
        elif isinstance(expr, relay.Tuple):
            made[expr] = relay.Tuple([made[field] for field in expr.fields])
        elif isinstance(expr, relay.TupleGetItem):
            made[expr] = relay.TupleGetItem(made[expr.tuple_value], expr.index)
        elif isinstance(expr, relay.Var | relay.Constant | tvm.ir.Op):
            made[expr] = expr
        else:
            raise ValueError(f"the network has a {type(expr).__name__}: give one of operators, tuples and constants")
    return made


def _run(func: Any, outputs: Sequence[Any], samples: Sequence[Mapping[str, Any]]) -> list[np.ndarray]:
    """What each of `outputs` is, of all samples in one flat array."""
    body = relay.Tuple(list(outputs))
    read = relay.analysis.free_vars(body)
    mod = tvm.IRModule.from_expr(relay.Function([param for param in func.params if param in read], body))
    evaluate = relay.create_executor("debug", mod=mod).evaluate()
    names = [param.name_hint for param in mod["main"].params]
    runs = [[value.numpy().ravel() for value in evaluate(*(sample[name] for name in names))] for sample in samples]
    return [np.concatenate(parts) for parts in zip(*runs)]


# --- numbers


def _thresholds(mod: tvm.IRModule, name: str, number: int) -> list[float]:
    found = [scale.threshold for scale in scales(mod)]
    if len(found) != number:
        raise ValueError(f"{name!r} has {len(found)} scales, and the annotated module {number}: calibrate that one")
    if None in found:
        raise ValueError(f"{name!r} has scales without a value: calibrate it first")
    return [float(threshold) for threshold in found if threshold is not None]


@dataclass(frozen=True)
class _Rounding:
    """A scale that has its numbers."""

    label: str
    scale: float
    low: float
    high: float

    def integers(self, values: np.ndarray) -> np.ndarray:
        """Rounded half away from zero and cut off, as `simulated_quantize` does it."""
        steps = values.astype("float64") / self.scale
        return np.clip(np.trunc(steps + np.copysign(0.5, steps)), self.low, self.high)


def _roundings(mod: tvm.IRModule) -> dict[int, _Rounding]:
    """Every rounding of a calibrated module by its number."""
    found: dict[int, _Rounding] = {}
    for each in scales(mod):
        if each.scale is None or each.low is None or each.high is None:
            raise ValueError("the module has scales without a value: calibrate it first")
        found[each.number] = _Rounding(each.label, each.scale, each.low, each.high)
    return found


def _percent(found: np.ndarray, exact: np.ndarray) -> float:
    difference = float(np.sqrt(np.mean(np.square(found.astype("float64") - exact))))
    size = float(np.sqrt(np.mean(np.square(exact.astype("float64")))))
    return 100 * difference / size if size else 0.0


# --- drawing


def _histogram(axes: Any, label: str, magnitudes: np.ndarray, thresholds: Mapping[str, float]) -> None:
    reach = max(float(magnitudes.max()), *thresholds.values()) or 1.0
    axes.hist(magnitudes, bins=80, range=(0, reach), color=BLUE, log=True)
    lines = [
        axes.axvline(threshold, color=colour, ls=dashes, lw=1.8)
        for threshold, colour, dashes in zip(thresholds.values(), COLOURS, DASHES)
    ]
    words = [f"{name}: {threshold:.3g}" for name, threshold in thresholds.items()]
    axes.set_title(label, color=INK, loc="left", parse_math=False)
    axes.set_ylabel("values")
    legend(axes, lines, words, loc="upper left", bbox_to_anchor=(1, 1))


def _rows_of(axes: Any, labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), labels, parse_math=False)
    axes.invert_yaxis()


def _said(table: Table) -> str:
    return "; ".join(
        f"{name}: " + ", ".join("–" if number is None else f"{number:.3g}" for number in numbers)
        for name, *numbers in table.rows
    )
