"""Contenders take turns on the machine, each in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
# Threads of the one before go on waiting for work for a moment before they sleep.
PAUSE_S = 0.01


@dataclass
class Contender:
    """What was measured of one: milliseconds of each run, and the most memory that it held."""

    name: str
    threads: int
    runs: list[float] = field(default_factory=list)
    output: list[float] = field(default_factory=list)
    peak_mb: float = 0.0

    @property
    def median(self) -> float:
        """Milliseconds of a run."""
        return statistics.median(self.runs)

    def as_json(self) -> dict[str, Any]:
        """What results.json says of it."""
        quartiles = statistics.quantiles(self.runs, n=4)
        return {
            "contender": self.name,
            "threads": self.threads,
            "median_ms": self.median,
            "best_ms": min(self.runs),
            "quartiles_ms": [quartiles[0], quartiles[2]],
            "runs": len(self.runs),
            "peak_mb": self.peak_mb,
        }


def measure(names: Sequence[str], network: str, folder: Path, threads: int, runs: int) -> list[Contender]:
    """Each of the contenders on that many threads, in turns of three runs until each has had `runs`.

    Raises `RuntimeError` where one of them ends.
    """
    contenders = [Contender(name, threads) for name in names]
    workers = [_Worker(name, network, folder, threads) for name in names]
    try:
        for contender, worker in zip(contenders, workers, strict=True):
            contender.output = worker.ask("start")["output"]
        for _ in tqdm(range(-(-runs // 3)), desc=f"{network}, {threads} threads", leave=False, disable=None):
            for contender, worker in zip(contenders, workers, strict=True):
                contender.runs += worker.ask("3")
                time.sleep(PAUSE_S)
        for contender, worker in zip(contenders, workers, strict=True):
            contender.peak_mb = worker.ask("end")["peak_mb"]
    finally:
        for worker in workers:
            worker.end()
    return contenders


class _Worker:
    def __init__(self, name: str, network: str, folder: Path, threads: int) -> None:
        self.name = name
        command = [sys.executable, "-m", "benchmarks.worker", name, network, str(folder), str(threads)]
        # What these are set to would count for some of the contenders, and not for others.
        env = {key: value for key, value in os.environ.items() if not key.endswith("_NUM_THREADS")}
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, line: str) -> Any:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} ended: see its message above")
        return json.loads(answer)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
