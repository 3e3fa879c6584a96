"""`python -m benchmarks.worker CONTENDER NETWORK FOLDER THREADS`: one contender in a process of its own.

It answers each line of its input with a line of JSON:

    start    {"output": [...], "framework_mb": ...}, the latter before the network is loaded, once it is and has run
    5        [milliseconds, milliseconds of processor time] of 5 runs each, after one that is not counted, once it rests
    end      {"peak_mb": ...}, the most memory that it held; then it ends

So contenders take turns on a machine, and none finds the threads of another one in its way.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

EXECUTOR = Path(__file__).resolve().parent.parent / "relay" / "backend" / "graph_executor.py"
Run = Callable[[], Any]


@dataclass(frozen=True)
class Loaded:
    """What runs once, what gives the output, and the memory of the process before the network was loaded."""

    run: Run
    output: Callable[[], np.ndarray]
    framework_mb: float


def relay(kind: str, data: np.ndarray, folder: Path, threads: int) -> Loaded:
    """A library that `relay.build` made, in a process without a compiler."""
    os.environ |= {"TVM_NUM_THREADS": str(threads), "TVM_USE_RUNTIME_LIB": "1"}
    import tvm

    spec = importlib.util.spec_from_file_location("graph_executor", EXECUTOR)
    assert spec is not None and spec.loader is not None
    graph_executor = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(graph_executor)
    before = memory_mb("VmRSS")
    lib = tvm.runtime.load_module(str(folder / f"relay_{kind}.so"))
    graph = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    graph.set_input("data", data)
    return Loaded(graph.run, lambda: graph.get_output(0).numpy(), before)


def onnxruntime(kind: str, data: np.ndarray, folder: Path, threads: int) -> Loaded:
    """ONNX Runtime, with its own optimizations."""
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    before = memory_mb("VmRSS")
    session = runtime.InferenceSession(str(folder / f"onnx_{kind}.onnx"), options, ["CPUExecutionProvider"])
    inputs = {"data": data}
    return Loaded(lambda: session.run(None, inputs), lambda: session.run(None, inputs)[0], before)


def pytorch(name: str, data: np.ndarray, threads: int) -> Loaded:
    """PyTorch as it is used, without compilation."""
    import torch

    from .prepare import seeded

    torch.set_num_threads(threads)
    before = memory_mb("VmRSS")
    network, tensor = seeded(name), torch.from_numpy(data)
    torch.set_grad_enabled(False)
    return Loaded(lambda: network(tensor), lambda: network(tensor).numpy(), before)


def peak(kind: str, threads: int) -> Loaded:
    """A loop of nothing but the kernels' instruction. The output is how many billion operations that is."""
    os.environ["TVM_NUM_THREADS"] = str(threads)
    from .peak import peak

    run, operations = peak(kind, threads)
    return Loaded(run, lambda: np.array([operations]), 0.0)


def contender(of: str, name: str, folder: Path, threads: int) -> Loaded:
    """A contender by its name, such as `relay_int8`, loaded."""
    framework, kind = of.split("_")
    if framework == "peak":
        return peak(kind, threads)
    data = np.load(folder / "input.npy")
    if framework == "pytorch":
        return pytorch(name, data, threads)
    return {"relay": relay, "onnxruntime": onnxruntime}[framework](kind, data, folder, threads)


def timed(run: Run, times: int) -> tuple[list[float], list[float]]:
    """Milliseconds, and those of processor time, of each of several runs.

    What takes less than one is repeated, and the mean of that counts.
    """
    inner = max(1, math.ceil(1 / max(_repeated(run, 1)[0], 1e-6)))
    runs = [_repeated(run, inner) for _ in range(times)]
    return [wall for wall, _ in runs], [processor for _, processor in runs]


def _repeated(run: Run, times: int) -> tuple[float, float]:
    start, used = time.perf_counter(), time.process_time()
    for _ in range(times):
        run()
    return (time.perf_counter() - start) * 1e3 / times, (time.process_time() - used) * 1e3 / times


def _rest() -> None:
    """Wait until no thread computes: they go on looking for work for a while, TVM's for a third of a second."""
    busy = True
    while busy:
        used = time.process_time()
        time.sleep(0.01)
        busy = time.process_time() - used > 0.001


def memory_mb(kind: str) -> float:
    """Memory of this process, now (`VmRSS`) or the most of all times (`VmHWM`); `getrusage` counts its parent's too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(kind)) / 1024


def main(of: str, name: str, folder: str, threads: str) -> None:
    """Answer until told to end."""
    run: Run = lambda: None  # noqa: E731
    for line in sys.stdin:
        answer: Any
        if line.strip() == "start":
            loaded = contender(of, name, Path(folder), int(threads))
            run = loaded.run
            for _ in range(3):
                run()
            answer = {"output": loaded.output().ravel()[:1000].tolist(), "framework_mb": loaded.framework_mb}
        elif line.strip() == "end":
            answer = {"peak_mb": memory_mb("VmHWM")}
        else:
            answer = timed(run, int(line))
        _rest()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
