"""How long programs of one thread take, measured so that what else the machine does counts little; on which processor.

A time is that of the processor for the thread. On a quiet machine it is the time that passes. On a busy one the
thread waits for its turn, and that does not count.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tvm.target.codegen import llvm_get_system_cpu

from helpers.table import Table

# A turn is as many calls as take this long: a thousand times as long as reading the clock.
_LEAST_S = 5e-4


def times(contenders: Mapping[str, Callable[[], Any]], rounds: int = 41) -> Table:
    """What a call of each takes, in microseconds: the median of that many rounds, and the two quartiles around it.

    In a round each has its turn. The last column says how often a call fits into one of the first contender.
    Raises `ValueError` for fewer than two rounds, of which there are no quartiles, and without a contender.
    """
    if not contenders or rounds < 2:
        raise ValueError(f"there are {len(contenders)} contenders in {rounds} rounds: give at least 1 and 2")
    calls = {name: _calls(run) for name, run in contenders.items()}
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            spent[name].append(_mean_s(run, calls[name]) * 1e6)
    medians = {name: statistics.median(found) for name, found in spent.items()}
    first = next(iter(contenders))
    rows = []
    for name, found in spent.items():
        below, _, above = statistics.quantiles(found, n=4)
        rows.append((name, _digits(medians[name]), _digits(below), _digits(above), medians[first] / medians[name]))
    return Table(("program", "µs", "a quarter is below", "a quarter is above", f"times as fast as {first}"), rows)


def processor() -> str:
    """The name of the processor at hand, and in brackets the one that LLVM compiles for."""
    compiled_for = str(llvm_get_system_cpu())
    named = _linux_name() or platform.processor() or platform.machine()
    return f"{named} ({compiled_for})"


def _linux_name() -> str:
    file = Path("/proc/cpuinfo")
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")


def _calls(run: Callable[[], Any]) -> int:
    """How many calls make a turn. The first call, in which memory is set up, counts for nothing."""
    run()
    return max(1, round(_LEAST_S / max(_mean_s(run, 1), 1e-7)))


def _mean_s(run: Callable[[], Any], calls: int) -> float:
    start = time.thread_time()
    for _ in range(calls):
        run()
    return (time.thread_time() - start) / calls


def _digits(number: float) -> float:
    """Three digits are what such a number is good for."""
    return float(f"{number:.3g}")
