"""How long `quantize` takes and how much memory, each network in a process of its own.

`python -m benchmarks.quantize resnet18 64 kl_divergence 4` prints the seconds, and the memory of the process before
and at most, in MB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
MB = 2**20 if sys.platform == "darwin" else 2**10


class Case(NamedTuple):
    """A network at a size, how it is calibrated, on how many samples, and the seconds of TVM v0.16 where measured."""

    network: str
    size: int
    mode: str
    samples: int
    genuine: float | None = None


class Spent(NamedTuple):
    """Seconds of `quantize`, and the memory of the process before it and at most, in MB."""

    seconds: float
    before: float
    most: float


# TVM v0.16 on two cores, as it was measured once.
CASES = (Case("resnet18", 64, "kl_divergence", 4, 40.7), Case("resnet18", 224, "global_scale", 0, 18.7))
# Minutes each: what these are run for is the memory.
LARGE = (Case("resnet50", 224, "percentile", 64), Case("resnet50", 224, "kl_divergence", 64))


def show(cases: Iterable[Case]) -> None:
    """Run each case and print its line."""
    print(f"\n{'quantize':50}{'s':>10}{'TVM v0.16, s':>14}{'ratio':>8}{'MB before':>12}{'MB at most':>12}")
    for case in cases:
        found = measured(case)
        of = f"{case.network} at {case.size}x{case.size}, {case.mode}" + (
            f", {case.samples} samples" * (case.samples > 0)
        )
        genuine = (f"{case.genuine:14.1f}{found.seconds / case.genuine:8.3f}") if case.genuine else " " * 22
        print(f"{of:50}{found.seconds:10.1f}{genuine}{found.before:12.0f}{found.most:12.0f}")


def measured(case: Case) -> Spent:
    """One run in a fresh interpreter."""
    command = [sys.executable, "-m", "benchmarks.quantize", *map(str, case[:4])]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return Spent(*json.loads(run.stdout))


def _run(case: Case) -> Spent:
    sys.path.insert(0, str(ROOT / "book"))
    import numpy as np
    import set_env  # noqa: F401
    import torch
    import tvm
    from tvm import relay

    from tests.conformance.zoo import ZOO

    shape = (1, 3, case.size, case.size)
    torch.manual_seed(0)
    net = ZOO[case.network].build().eval()
    with torch.no_grad():
        traced = torch.jit.trace(net, torch.zeros(shape)).eval()
    mod, params = relay.frontend.from_pytorch(traced, [("data", shape)])

    def images() -> Iterator[dict[str, np.ndarray]]:
        for seed in range(case.samples):
            yield {"data": np.random.RandomState(seed).normal(size=shape).astype("float32")}

    class Images:
        """Made anew at each reading, so that no sample is kept for the next one."""

        def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
            return images()

    before, start = _most(), time.perf_counter()
    options = {"calibrate_mode": case.mode, "weight_scale": "power2" if case.mode == "global_scale" else "max"}
    with tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**options):
        relay.quantize.quantize(mod, params, Images())
    return Spent(time.perf_counter() - start, before, _most())


def _most() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB


if __name__ == "__main__":
    network, size, mode, samples = sys.argv[1:]
    print(json.dumps(_run(Case(network, int(size), mode, int(samples)))))
