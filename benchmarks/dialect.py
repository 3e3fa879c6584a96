"""How long the dialect takes for what its users wait for, as medians of one run.

import                    what `import set_env` adds to `import tvm`
ResNet-50 at 224x224      prerequisite_optimize, partition, printing
chains of 100 to 10 000   the same and type inference; the time a call stays level where growth is linear
"""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

BOOK = Path(__file__).resolve().parent.parent / "book"
sys.path.insert(0, str(BOOK))
LENGTHS = (100, 1_000, 10_000)


def median_ms(run: Callable[[], Any], times: int = 5) -> float:
    """The median of several runs after one to warm up, in milliseconds."""
    run()
    return statistics.median(_once(run) for _ in range(times))


def _once(run: Callable[[], Any]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1e3


def import_ms(times: int = 7) -> float:
    """What `import set_env` takes in a fresh interpreter that has imported TVM already."""
    code = "import time, tvm; start = time.perf_counter(); import set_env; print(time.perf_counter() - start)"
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=BOOK, capture_output=True, check=True) for _ in range(times)
    ]
    return statistics.median(float(run.stdout) for run in runs) * 1e3


def resnet50() -> Iterable[tuple[str, float]]:
    """The passes of this part on ResNet-50 at 224x224, batch 1."""
    import set_env  # noqa: F401
    import torch
    import tvm
    from tvm import relay

    from helpers.diff import diff
    from tests.conformance.zoo import ZOO

    torch.manual_seed(0)
    net, shape = ZOO["resnet50"].build().eval(), (1, 3, 224, 224)
    with torch.no_grad():
        traced = torch.jit.trace(net, torch.zeros(shape)).eval()

    def load() -> Any:
        return relay.frontend.from_pytorch(traced, [("data", shape)], use_parser_friendly_name=True)

    mod, params = load()
    with tvm.transform.PassContext(opt_level=3):
        ready = relay.quantize.prerequisite_optimize(mod, params)
        parted = relay.quantize.partition()(ready)
        yield "from_pytorch", median_ms(load, 3)
        yield "prerequisite_optimize", median_ms(lambda: relay.quantize.prerequisite_optimize(mod, params))
        yield "partition", median_ms(lambda: relay.quantize.partition()(ready))
        yield "print", median_ms(lambda: str(parted["main"]))
        yield "diff of partition, as HTML", median_ms(lambda: diff(ready, parted)._repr_html_())


def chain(length: int) -> Any:
    """A network of `length` calls: convolution, bias, relu, and again; untyped."""
    import numpy as np
    import set_env  # noqa: F401
    import tvm
    from tvm import relay

    data = expr = relay.var("data", shape=(1, 4, 8, 8))
    weight, bias = relay.const(np.ones((4, 4, 3, 3), "float32")), relay.const(np.ones((4, 1, 1), "float32"))
    steps = [
        lambda x: relay.nn.conv2d(x, weight, padding=(1, 1), channels=4, kernel_size=(3, 3)),
        lambda x: relay.add(x, bias),
        relay.nn.relu,
    ]
    for at in range(length):
        expr = steps[at % 3](expr)
    return tvm.IRModule.from_expr(relay.Function([data], expr))


def growth() -> Iterable[tuple[str, list[float]]]:
    """Milliseconds for each length of chain, by what is done."""
    import tvm
    from tvm import relay

    mods = [chain(length) for length in LENGTHS]
    typed = [relay.transform.InferType()(mod) for mod in mods]
    yield "InferType", [median_ms(lambda mod=mod: relay.transform.InferType()(mod), 3) for mod in mods]
    with tvm.transform.PassContext(opt_level=3):
        optimize = relay.quantize.prerequisite_optimize
        yield "prerequisite_optimize", [median_ms(lambda mod=mod: optimize(mod), 3) for mod in mods]
    yield "partition", [median_ms(lambda mod=mod: relay.quantize.partition()(mod), 3) for mod in typed]
    yield "print", [median_ms(lambda mod=mod: str(mod), 3) for mod in typed]


def main() -> None:
    """Run everything and print the table."""
    print(f"Python {platform.python_version()}, {platform.machine()}, medians in ms\n")
    print(f"{'import set_env, after import tvm':40} {import_ms():10.1f}")
    for name, spent in resnet50():
        print(f"{'ResNet-50 at 224x224: ' + name:40} {spent:10.1f}")
    print(f"\n{'chains of calls: ms (microseconds a call)':46}" + "".join(f"{length:>18}" for length in LENGTHS))
    for name, spent_each in growth():
        cells = (f"{ms:.1f} ({ms * 1e3 / length:.1f})" for ms, length in zip(spent_each, LENGTHS, strict=True))
        print(f"{name:46}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
