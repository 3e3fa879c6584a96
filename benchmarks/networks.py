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


def run(networks: Sequence[str], contenders: Sequence[str], threads: Sequence[int], runs: int) -> dict[str, Any]:
    """Measure, print a table while it grows, and give what results.json says."""
    peaks = peak_rates(threads)
    for (kind, count), rate in peaks.items():
        print(f"peak, {kind}, {count} threads: {rate:8.1f} billion operations a second")
    print(f"\n{report.header()}", flush=True)
    found = {name: _network(name, contenders, threads, runs, peaks) for name in networks}
    print(f"\n{'build':18}{'fp32 s':>10}{'int8 s':>10}{'quantize s':>12}{'most memory MB':>16}")
    for name, result in found.items():
        cells = (result[key] for key in ("build_float32_s", "build_int8_s", "import_and_quantize_s"))
        print(f"{name:18}" + "{:10.1f}{:10.1f}{:12.1f}".format(*cells) + f"{result['build_peak_mb']:16.0f}")
    print(f"\n{'most memory, MB':18}" + "".join(f"{name:>21}" for name in contenders))
    for name, result in found.items():
        most = {run["contender"]: run["peak_mb"] for run in result["runs"]}
        print(f"{name:18}" + "".join(f"{most[each]:21.0f}" for each in contenders))
    rates = [{"kind": kind, "threads": count, "gops": rate} for (kind, count), rate in peaks.items()]
    return {"machine": report.machine(), "peaks": rates, "networks": found}


def peak_rates(threads: Sequence[int]) -> dict[tuple[str, int], float]:
    """Billions of operations a second that the machine reaches, by kind and number of threads."""
    names = ("peak_float32", "peak_int8")
    measured = [each for count in threads for each in measure(names, "", Path(), count, 30)]
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
        print(report.rows(name, measured, 2 * facts["multiply_adds"], peaks), flush=True)
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
