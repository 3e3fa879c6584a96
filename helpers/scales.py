"""The scales of a network: what each `simulated_quantize` rounds, for whom, and to multiples of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tvm
from tvm import relay

from helpers.table import Table

SIMULATED = "relay.op.annotation.simulated_quantize"


@dataclass(frozen=True)
class Scale:
    """One `simulated_quantize`: it rounds `value` to multiples of `scale`, from `low` to `high` of them.

    `value` and `reader` name what is rounded and the operators that read it; `number` counts from 0 in the order of
    the network. `scale`, `low` and `high` are None before calibration.
    """

    number: int
    value: str
    reader: str
    kind: str
    scale: float | None
    low: float | None
    high: float | None

    @property
    def threshold(self) -> float | None:
        """The magnitude from which on a value is cut off, as calibration chose it; None before."""
        return None if self.scale is None or self.high is None else self.scale * (self.high + 1)

    @property
    def of_activation(self) -> bool:
        """Whether calibration needs samples for it: it does, but for a weight that is a constant."""
        return (self.kind, self.value) != ("weight", "constant")

    @property
    def label(self) -> str:
        """What is rounded and for whom, in one line."""
        return f"{self.number}: {self.value} → {self.reader}"


def scales(thing: Any) -> list[Scale]:
    """Every scale of a function, or of a module's `main`, in the order of the network.

    Raises `TypeError` for anything else.
    """
    order = expressions(thing)
    readers = _readers(order)
    return [_scale(number, call, readers) for number, call in enumerate(filter(is_simulated, order))]


def scale_table(thing: Any) -> Table:
    """The scales of a function, or of a module's `main`, as a table."""
    rows = [(each.number, each.value, each.reader, each.kind, each.scale, each.threshold) for each in scales(thing)]
    return Table(("number", "rounds", "for", "kind", "scale", "threshold"), rows)


def function_of(thing: Any) -> Any:
    """The function itself, or a module's `main`. Raises `TypeError` for anything else, and without a `main`."""
    if isinstance(thing, tvm.IRModule):
        names = [var.name_hint for var in thing.get_global_vars()]
        if "main" not in names:
            raise TypeError(f"the module has no main: it has {', '.join(names) or 'no function'}")
        thing = thing["main"]
    if not isinstance(thing, relay.Function):
        raise TypeError(f"{type(thing).__name__} is no network: give a Relay function, or a module with a main")
    return thing


def expressions(thing: Any) -> list[Any]:
    """The expressions of a function's body, each once, arguments before their users."""
    order: list[Any] = []
    relay.analysis.post_order_visit(function_of(thing).body, order.append)
    return order


def is_simulated(expr: Any) -> bool:
    """Whether it is a call of `simulated_quantize`."""
    return operator_of(expr) == SIMULATED


def operator_of(expr: Any) -> str:
    """The name of the operator that is called; empty for what is no such call."""
    return str(expr.op.name) if isinstance(expr, relay.Call) and isinstance(expr.op, tvm.ir.Op) else ""


def number_in(expr: Any) -> float | None:
    """The number of a scalar constant; None for a variable."""
    return float(np.asarray(expr.data.numpy())) if isinstance(expr, relay.Constant) else None


def _scale(number: int, call: Any, readers: dict[Any, list[str]]) -> Scale:
    value, *scalars = call.args
    scale, low, high = map(number_in, scalars)
    return Scale(
        number=number,
        value=_named(value),
        reader=", ".join(dict.fromkeys(readers.get(call, []))) or "result",
        kind=relay.quantize.kind2str(int(call.attrs.kind)),
        scale=scale,
        low=low,
        high=high,
    )


def _named(expr: Any) -> str:
    if isinstance(expr, relay.Var):
        return f"%{expr.name_hint}"
    return "constant" if isinstance(expr, relay.Constant) else operator_of(expr) or type(expr).__name__


def _readers(order: Sequence[Any]) -> dict[Any, list[str]]:
    """For each expression, the operators that read it; annotations and tuples pass on what they are given."""
    readers: dict[Any, list[str]] = {}
    for expr in reversed(order):
        name = operator_of(expr)
        passed_on = readers.get(expr, []) if name.startswith("annotation.") or isinstance(expr, relay.Tuple) else [name]
        for read in _read_by(expr):
            readers.setdefault(read, []).extend(passed_on or ["result"])
    return readers


def _read_by(expr: Any) -> list[Any]:
    if isinstance(expr, relay.Call):
        return list(expr.args)
    if isinstance(expr, relay.Tuple):
        return list(expr.fields)
    return [expr.tuple_value] if isinstance(expr, relay.TupleGetItem) else []
