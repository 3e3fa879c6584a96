"""`python -m benchmarks.kernels NETWORK [int8]`: a network kernel by kernel, each alone, beside the machine's peak.

The best of several means is given, so that what else runs on the machine counts little.
"""

from __future__ import annotations

import sys

from .catalogue import CATALOGUE
from .peak import peak
from .prepare import modules
from .worker import timed


def main(name: str, kind: str = "float32") -> None:
    """Print the kernels, the most expensive ones first."""
    module = modules(name)[kind]
    import set_env  # noqa: F401
    from tvm import relay
    from tvm.contrib import graph_executor
    from tvm.relay.backend.measure import seconds

    lib = relay.build(module, "llvm")
    run, operations = peak(kind, graph_executor.physical_cores())
    most = operations / min(timed(run, 200)[0]) * 1e3
    found = []
    for row, kernel in zip(lib.describe(), lib.kernels, strict=True):
        found.append((row, min(seconds(lib.lib.get_function(row.name, query_imports=True), kernel, 20))))
    total = sum(row.calls * spent for row, spent in found)
    print(f"{name}, {kind}: {total * 1e3:.3f} ms in its kernels; peak {most:.0f} billion operations a second\n")
    print(f"{'share':>6} {'est.':>6} {'calls':>5} {'us a call':>10} {'Gop/s':>7} {'peak':>5} {'GB/s':>6}  computed by")
    for row, spent in sorted(found, key=lambda pair: -pair[0].calls * pair[1]):
        rate = row.operations / spent / 1e9
        print(
            f"{row.calls * spent / total:6.1%} {row.share:6.1%} {row.calls:5} {spent * 1e6:10.1f} {rate:7.1f}"
            f" {rate / most:5.0%} {row.bytes / spent / 1e9:6.1f}  {row.path}; {row.inputs[0]} -> {row.outputs[0]};"
            f" {row.name.removeprefix('fused_')}"
        )


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in CATALOGUE:
        sys.exit(f"python -m benchmarks.kernels NETWORK [float32 | int8], a network of {', '.join(CATALOGUE)}")
    main(*sys.argv[1:])
