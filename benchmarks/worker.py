"""`python -m benchmarks.worker CONTENDER NETWORK FOLDER THREADS`: one contender in a process of its own.

It answers each line of its input with a line of JSON:

    start    {"output": [...]} once what it runs is loaded and has run
    5        the milliseconds of 5 runs, after one that is not counted
    end      {"peak_mb": ...}, the most memory that it held; then it ends

So contenders take turns on a machine, and none finds the threads of another one in its way.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

BOOK = Path(__file__).resolve().parent.parent / "book"
Run = Callable[[], Any]


def relay(kind: str, data: np.ndarray, folder: Path, threads: int) -> tuple[Run, Callable[[], np.ndarray]]:
    """A library that `relay.build` made."""
    os.environ["TVM_NUM_THREADS"] = str(threads)
    sys.path.insert(0, str(BOOK))
    import set_env  # noqa: F401
    import tvm
    from tvm.contrib import graph_executor

    lib = tvm.runtime.load_module(str(folder / f"relay_{kind}.so"))
    graph = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    graph.set_input("data", data)
    return graph.run, lambda: graph.get_output(0).numpy()


def onnxruntime(kind: str, data: np.ndarray, folder: Path, threads: int) -> tuple[Run, Callable[[], np.ndarray]]:
    """ONNX Runtime, with its own optimizations."""
    import onnxruntime as runtime

    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    session = runtime.InferenceSession(str(folder / f"onnx_{kind}.onnx"), options, ["CPUExecutionProvider"])
    inputs = {"data": data}
    return lambda: session.run(None, inputs), lambda: session.run(None, inputs)[0]


def pytorch(name: str, data: np.ndarray, threads: int) -> tuple[Run, Callable[[], np.ndarray]]:
    """PyTorch as it is used, without compilation."""
    import torch

    from .prepare import seeded

    torch.set_num_threads(threads)
    network, tensor = seeded(name), torch.from_numpy(data)
    torch.set_grad_enabled(False)
    return lambda: network(tensor), lambda: network(tensor).numpy()


def peak(kind: str, threads: int) -> tuple[Run, Callable[[], np.ndarray]]:
    """A loop of nothing but the kernels' instruction. The output is how many billion operations that is."""
    os.environ["TVM_NUM_THREADS"] = str(threads)
    from .peak import peak

    run, operations = peak(kind, threads)
    return run, lambda: np.array([operations])


def contender(of: str, name: str, folder: Path, threads: int) -> tuple[Run, Callable[[], np.ndarray]]:
    """What runs once, and what gives the output."""
    framework, kind = of.split("_")
    if framework == "peak":
        return peak(kind, threads)
    data = np.load(folder / "input.npy")
    if framework == "pytorch":
        return pytorch(name, data, threads)
    return {"relay": relay, "onnxruntime": onnxruntime}[framework](kind, data, folder, threads)


def timed(run: Run, times: int) -> list[float]:
    """Milliseconds of each of several runs. What takes less than one is repeated, and the mean of that counts."""
    inner = max(1, math.ceil(1 / max(_repeated(run, 1), 1e-6)))
    return [_repeated(run, inner) for _ in range(times)]


def _repeated(run: Run, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        run()
    return (time.perf_counter() - start) * 1e3 / times


def most_memory_mb() -> float:
    """The most memory that this process held. What `getrusage` tells counts that of its parent too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def main(of: str, name: str, folder: str, threads: str) -> None:
    """Answer until told to end."""
    run: Run = lambda: None  # noqa: E731
    for line in sys.stdin:
        answer: Any
        if line.strip() == "start":
            run, output = contender(of, name, Path(folder), int(threads))
            for _ in range(3):
                run()
            answer = {"output": output().ravel()[:1000].tolist()}
        elif line.strip() == "end":
            answer = {"peak_mb": most_memory_mb()}
        else:
            answer = timed(run, int(line))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
