"""What was measured, as a table and as `results.json`."""

from __future__ import annotations

import json
import platform
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .rounds import Contender

RESULTS = Path(__file__).resolve().parent / "results.json"
COLUMNS = (
    *("pytorch_float32", "onnxruntime_float32", "relay_float32"),
    *("onnxruntime_int8", "relay_int8"),
)


def row(
    network: str,
    threads: int,
    measured: Sequence[Contender],
    operations: float,
    peaks: Mapping[tuple[str, int], float],
) -> str:
    """A line for a network: milliseconds (processor time in brackets), ratios, and shares of the peak.

    `operations` are those of plain convolutions. Where Winograd's leaves out some of them, a share may be over 100%.
    """
    found = {contender.name: contender for contender in measured}
    cells = [
        f"{found[name].median:.3g} ({statistics.median(found[name].processor):.3g})" if name in found else ""
        for name in COLUMNS
    ]
    ratios = [
        _ratio(found, "relay_float32", "relay_int8"),
        _ratio(found, "relay_float32", "onnxruntime_float32"),
        _ratio(found, "relay_int8", "onnxruntime_int8"),
    ]
    shares = [
        f"{operations / found[f'relay_{kind}'].median / 1e6 / peaks[kind, threads]:6.0%}"
        if f"relay_{kind}" in found and (kind, threads) in peaks
        else ""
        for kind in ("float32", "int8")
    ]
    return "".join(
        [f"{network:18}{threads:3}", *(f"{cell:>19}" for cell in cells), *(f"{cell:>8}" for cell in (*ratios, *shares))]
    )


def header() -> str:
    """The line above those of `row`."""
    names = [name.replace("_float32", " fp32").replace("_", " ") for name in COLUMNS]
    last = ("fp32/i8", "/ORT f", "/ORT i8", "peak f", "peak i8")
    return "".join([f"{'ms (processor)':18}{'  t'}", *(f"{n:>19}" for n in names), *(f"{n:>8}" for n in last)])


def memory(networks: Mapping[str, Any], contenders: Sequence[str]) -> str:
    """Two tables: what the builds took, and the most memory of each contender, its framework's apart, in brackets."""
    lines = [f"\n{'build':18}{'fp32 s':>10}{'int8 s':>10}{'quantize s':>12}{'most memory MB':>16}"]
    for name, result in networks.items():
        cells = (result[key] for key in ("build_float32_s", "build_int8_s", "import_and_quantize_s"))
        lines.append(f"{name:18}" + "{:10.1f}{:10.1f}{:12.1f}".format(*cells) + f"{result['build_peak_mb']:16.0f}")
    lines.append(f"\n{'memory, MB':18}" + "".join(f"{name:>21}" for name in contenders))
    for name, result in networks.items():
        found = {run["contender"]: (run["peak_mb"], run["framework_mb"]) for run in result["runs"]}
        pairs = [found.get(each) for each in contenders]
        cells_of = [f"{pair[0] - pair[1]:.0f} (+{pair[1]:.0f})" if pair else "" for pair in pairs]
        lines.append(f"{name:18}" + "".join(f"{cell:>21}" for cell in cells_of))
    return "\n".join(lines)


def _ratio(found: Mapping[str, Contender], first: str, second: str) -> str:
    if first not in found or second not in found:
        return ""
    return f"{found[first].median / found[second].median:.2f}"


def machine() -> dict[str, Any]:
    """What the numbers belong to."""
    from tvm.relay.backend.target import cpu_target, features

    found = features(cpu_target("llvm"))
    names = ("apache-tvm", "torch", "onnxruntime", "numpy")
    return {
        "processor": found.name,
        "cores": found.cores,
        "dot": found.dot,
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names},
    }


def write(results: Mapping[str, Any]) -> None:
    """Write `benchmarks/results.json`."""
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
