"""How fast networks run: Relay's, in float32 and int8, beside PyTorch's and ONNX Runtime's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import report
from .rounds import ROOT, Contender, measure

FOLDER = ROOT / "_build" / "bench"
# More than of a network: the best one counts, and each takes a millisecond.
PEAK_RUNS = 300


def run(networks: Sequence[str], contenders: Sequence[str], threads: Sequence[int], runs: int) -> None:
    """Measure, print a table and write results.json, both while they grow.

    A network that cannot be prepared is left out, and so is a contender that fails.
    """
    peaks = peak_rates(threads)
    for (kind, count), rate in peaks.items():
        print(f"peak, {kind}, {count} threads: {rate:8.1f} billion operations a second")
    print("Shares of these are of plain convolutions' operations: Winograd's leaves out some, and may be over 100%.")
    rates = [{"kind": kind, "threads": count, "gops": rate} for (kind, count), rate in peaks.items()]
    print(f"\n{report.header()}", flush=True)
    found: dict[str, Any] = {}
    results = {"machine": report.machine(), "peaks": rates, "networks": found}
    for name in networks:
        try:
            found[name] = _network(name, contenders, threads, runs, peaks)
        except subprocess.CalledProcessError:
            print(f"{name}: its preparation failed, see the message above", flush=True)
        report.write(results)
    print(report.memory(found, contenders))
    print(f"\nwritten to {report.RESULTS.relative_to(ROOT)}")


def peak_rates(threads: Sequence[int]) -> dict[tuple[str, int], float]:
    """Billions of operations a second that the machine reaches, by kind and number of threads."""
    names = ("peak_float32", "peak_int8")
    measured = [each for count in threads for each in measure(names, "peak", Path(), count, PEAK_RUNS)]
    return {(each.name.split("_")[1], each.threads): each.output[0] / min(each.runs) * 1e3 for each in measured}


def _network(
    name: str,
    contenders: Sequence[str],
    threads: Sequence[int],
    runs: int,
    peaks: Mapping[tuple[str, int], float],
) -> dict[str, Any]:
    folder = FOLDER / name
    subprocess.run([sys.executable, "-m", "benchmarks.prepare", name, str(folder)], cwd=ROOT, check=True)
    facts = json.loads((folder / "facts.json").read_text())
    want = np.load(folder / "output.npy").ravel()[:1000]
    found: list[Contender] = []
    for count in threads:
        measured = measure(contenders, name, folder, count, runs)
        print(report.row(name, count, measured, 2 * facts["multiply_adds"], peaks), flush=True)
        found += measured
    wrong = {each.name: _distance(each.output, want) for each in found}
    return {**facts, "runs": [each.as_json() for each in found], "distance": wrong}


def _distance(output: Sequence[float], want: np.ndarray) -> float:
    """How far an output is from PyTorch's, as a share of the largest number in that."""
    return float(np.abs(np.asarray(output) - want).max() / np.abs(want).max())


def cores() -> int:
    """How many there are to compute on."""
    sys.path.insert(0, str(ROOT / "book"))
    import set_env  # noqa: F401
    from tvm.contrib import graph_executor

    return graph_executor.physical_cores()
