"""Where a compiled network spends its time, and the bytes that it reads and writes: kernel by kernel, drawn by layer.

    made = {"float32": profile(float_lib, data=image), "int8": profile(int8_lib, data=image)}
    by_layer(made)

A library is what `relay.build` of this dialect gives: TVM v0.16 has no list of kernels.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tvm
from matplotlib.figure import Figure

from helpers.drawing import BLUE, GREEN, INK, ORANGE, PINK, Drawing, legend
from helpers.scales import expressions, operator_of
from helpers.table import Table

# A kernel is called until this long has passed, but for one that takes longer: that one is called once.
_LEAST_S = 2e-4
_MOST_CALLS = 100
# What a kernel without products is named after, the first that it has.
_TELLING = (
    *("nn.max_pool2d", "nn.avg_pool2d", "nn.global_avg_pool2d", "nn.adaptive_avg_pool2d"),
    *("nn.softmax", "concatenate", "add"),
)
_REST = "rounding and layouts"
_CONVOLUTIONS = (
    *("nn.conv2d", "nn.contrib_conv2d_NCHWc", "nn.contrib_depthwise_conv2d_NCHWc"),
    "nn.contrib_conv2d_winograd_without_weight_transform",
)
_DENSE = ("nn.dense", "nn.contrib_dense_pack")
_COLOURS = (BLUE, ORANGE, GREEN, PINK)
_HATCHES = ("", "///", "...", "xx")


@dataclass(frozen=True)
class Kernel:
    """A function of a compiled network: the layer that it computes, and what kind of layer that is.

    `us` (microseconds), `bytes` and `operations` are those of all its calls in one run.
    """

    name: str
    layer: str
    kind: str
    calls: int
    us: float
    bytes: int
    operations: int


def profile(lib: Any, rounds: int = 7, **inputs: Any) -> list[Kernel]:
    """The kernels of a compiled network in the order of their first calls, timed while the network runs on `inputs`.

    A time is the least of so many runs: what else the machine does can only add to it. In a run, a kernel that is over
    in no time is called again and again, where it stands.
    Raises `ValueError` for inputs of other names than the network's.
    """
    names = [param.name_hint for param in lib.ir_mod["main"].params]
    if sorted(names) != sorted(inputs):
        raise ValueError(f"the network takes {', '.join(names)}, and is given {', '.join(inputs) or 'nothing'}")
    machine = lib["default"](tvm.cpu())
    given = [tvm.runtime.tensor(np.ascontiguousarray(inputs[name])) for name in names]
    machine["main"](*given)
    runs = [_timed_run(machine, {made.name for made in lib.kernels}, given) for _ in range(rounds)]
    found = []
    for made, row in zip(lib.kernels, lib.describe(), strict=True):
        spent = min(run[made.name] for run in runs) * 1e6
        layer, kind = _layer(made.func)
        found.append(
            Kernel(made.name, layer, kind, made.calls, spent, made.calls * row.bytes, made.calls * row.operations)
        )
    return found


def by_layer(profiles: Mapping[str, Sequence[Kernel]]) -> Drawing:
    """The time of each layer, side by side for several programs of one network.

    Layers of one kind and shape share a row; so does everything that is no layer with weights.
    """
    return _drawn(profiles, "layer", lambda kernel: kernel.layer)


def by_kind(profiles: Mapping[str, Sequence[Kernel]]) -> Drawing:
    """As `by_layer`, with a row for each kind of layer: for networks with many."""
    return _drawn(profiles, "kind of layer", lambda kernel: kernel.kind)


# --- measuring


def _timed_run(machine: Any, names: set[str], given: Sequence[Any]) -> dict[str, float]:
    """Seconds that each kernel takes in one run."""
    spent = dict.fromkeys(names, 0.0)

    def instrument(func: Any, name: str, before: bool, result: Any, *args: Any) -> int:
        if not before or name not in names:
            return 0
        spent[name] += _seconds(func, args)
        return 1  # it has run: the machine passes on

    machine.set_instrument(instrument)
    machine["main"](*given)
    return spent


def _seconds(func: Callable[..., Any], args: Sequence[Any]) -> float:
    """What a call takes; a kernel writes all of its results anew each time."""
    start = time.perf_counter()
    func(*args)
    once = time.perf_counter() - start
    calls = min(_MOST_CALLS, int(_LEAST_S / max(once, 1e-7)))
    if calls < 2:
        return once
    start = time.perf_counter()
    for _ in range(calls):
        func(*args)
    return (time.perf_counter() - start) / calls


# --- naming


def _layer(func: Any) -> tuple[str, str]:
    """What a fused function computes, with its shape, and what kind of layer that is."""
    calls = {name: expr for expr in expressions(func) if (name := operator_of(expr))}
    for name, call in calls.items():
        if name in _CONVOLUTIONS:
            return _convolution(call)
        if name in _DENSE:
            return f"dense, to {_channels(call)}", "dense"
    kind = next((name.split(".")[-1] for name in _TELLING if name in calls), _REST)
    return kind, kind


def _convolution(call: Any) -> tuple[str, str]:
    attrs, shape = call.attrs, [int(extent) for extent in call.checked_type.shape]
    rows, columns = (int(extent) for extent in attrs.kernel_size)
    kind = f"{rows}×{columns} " + ("convolution" if int(attrs.groups) == 1 else "depthwise")
    channels = f"{_channels(call.args[0])} → {_channels(call)}"
    return f"{kind}, {channels}, {shape[2]}×{shape[3]}", kind


def _channels(expr: Any) -> int:
    """How many there are, also where they lie in blocks: `NCHW` and `NCHW16c`, and rows of numbers."""
    shape = [int(extent) for extent in expr.checked_type.shape]
    return shape[1] * (shape[4] if len(shape) == 5 else 1)


# --- drawing


def _drawn(profiles: Mapping[str, Sequence[Kernel]], what: str, key: Callable[[Kernel], str]) -> Drawing:
    if not profiles or len(profiles) > len(_COLOURS):
        raise ValueError(f"there are {len(profiles)} profiles to draw: give one to {len(_COLOURS)}, by their names")
    grouped = {name: _grouped(kernels, key) for name, kernels in profiles.items()}
    order = list(dict.fromkeys(row for groups in grouped.values() for row in groups))
    # What has no weights comes last: where it stands in the network says nothing.
    order.sort(key=lambda row: row in (_REST, *(name.split(".")[-1] for name in _TELLING)))
    rows = [_row(label, [groups.get(label, []) for groups in grouped.values()]) for label in order]
    heading = [what, "calls", *(f"{name} µs" for name in profiles), *(f"{name} kB" for name in profiles)]
    table = Table(heading, [*rows, _row("together", list(profiles.values()))])
    figure = Figure(figsize=(7.5, 1.0 + 0.42 * len(rows)), layout="constrained")
    axes = figure.subplots()
    high, bars = 0.8 / len(profiles), []
    for at, (colour, hatch) in enumerate(zip(_COLOURS[: len(profiles)], _HATCHES)):
        places = np.arange(len(rows)) - 0.4 + high * (at + 0.5)
        spent = [row[2 + at] for row in rows]
        bars.append(axes.barh(places, spent, 0.9 * high, color=colour, hatch=hatch, edgecolor=INK))
    axes.set_yticks(range(len(rows)), [row[0] for row in rows], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlabel("microseconds")
    legend(axes, bars, list(profiles), loc="lower right")
    said = "; ".join(
        f"{row[0]}: " + ", ".join(f"{name} {us:.3g} µs" for name, us in zip(profiles, row[2:])) for row in table.rows
    )
    return Drawing(figure, table, f"Bars: the time of each {what}. {said}")


def _grouped(kernels: Sequence[Kernel], key: Callable[[Kernel], str]) -> dict[str, list[Kernel]]:
    groups: dict[str, list[Kernel]] = {}
    for kernel in kernels:
        groups.setdefault(key(kernel), []).append(kernel)
    return groups


def _row(label: str, groups: Sequence[Sequence[Kernel]]) -> tuple[Any, ...]:
    """A row of the table: the most calls that a program has there, and what each spends."""
    calls = max(sum(kernel.calls for kernel in group) for group in groups)
    spent = [sum(kernel.us for kernel in group) for group in groups]
    moved = [sum(kernel.bytes for kernel in group) / 1000 for group in groups]
    return (label, calls, *spent, *moved)
