"""Contenders take turns on the machine, each in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Contender:
    """What was measured of one: milliseconds and processor time of each run, and memory.

    `framework_mb` is held before a network is loaded, `peak_mb` the most of all times.
    """

    name: str
    threads: int
    runs: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    output: list[float] = field(default_factory=list)
    framework_mb: float = 0.0
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
            "median_processor_ms": statistics.median(self.processor),
            "runs": len(self.runs),
            "framework_mb": self.framework_mb,
            "peak_mb": self.peak_mb,
        }


def measure(names: Sequence[str], network: str, folder: Path, threads: int, runs: int) -> list[Contender]:
    """Each of the contenders on that many threads, in turns of three runs until each has had `runs`.

    One that ends too soon is left out, and said so.
    """
    workers = [_Worker(name, network, folder, threads) for name in names]
    running = workers
    try:
        running = _each(running, _start)
        for _ in tqdm(range(-(-runs // 3)), desc=f"{network}, {threads} threads", leave=False, disable=None):
            running = _each(running, _turn)
        running = _each(running, _finish)
    finally:
        for worker in workers:
            worker.end()
    return [worker.found for worker in running]


def _each(workers: Sequence[_Worker], step: Callable[[_Worker], None]) -> list[_Worker]:
    """The workers that took the step."""
    took = []
    for worker in workers:
        try:
            step(worker)
            took.append(worker)
        except (EOFError, OSError):  # the second where it ended before it was asked
            found = worker.found
            print(f"{worker.network}: {found.name} on {found.threads} threads ended, see its message above", flush=True)
    return took


def _start(worker: _Worker) -> None:
    answer = worker.ask("start")
    worker.found.output, worker.found.framework_mb = answer["output"], answer["framework_mb"]


def _turn(worker: _Worker) -> None:
    wall, processor = worker.ask("3")
    worker.found.runs += wall
    worker.found.processor += processor


def _finish(worker: _Worker) -> None:
    worker.found.peak_mb = worker.ask("end")["peak_mb"]


class _Worker:
    def __init__(self, name: str, network: str, folder: Path, threads: int) -> None:
        self.network, self.found = network, Contender(name, threads)
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
            raise EOFError
        return json.loads(answer)

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()
