"""`make bench`: how long the dialect takes, and how fast the networks run that it compiles.

python -m benchmarks                            everything
python -m benchmarks dialect                    import, passes, partition and printing
python -m benchmarks quantize                   `quantize`, its time beside TVM v0.16's, and its memory
python -m benchmarks quantize-large             the same for ResNet-50 on 64 images, which takes minutes
python -m benchmarks resnet18 vgg11             these networks; all of them where the word is `networks`
python -m benchmarks resnet18 --only relay      without PyTorch and ONNX Runtime
python -m benchmarks resnet18 --threads 1       on one core only
"""

from __future__ import annotations

import argparse

from . import networks, quantize, report
from .catalogue import CATALOGUE

KINDS = ("dialect", "quantize", "networks")


def main() -> None:
    """Measure what is named, and print tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.split("\n")[0])
    parser.add_argument("what", nargs="*", choices=[*KINDS, "quantize-large", *CATALOGUE, []])
    parser.add_argument("--only", default="", help="contenders with this in their names")
    parser.add_argument("--threads", type=int, nargs="+", help="how many threads; one, and one for each core")
    parser.add_argument("--runs", type=int, default=30, help="how often each contender runs")
    options = parser.parse_args()
    what = options.what or KINDS
    if "dialect" in what:
        from . import dialect

        dialect.main()
    if "quantize" in what:
        quantize.show(quantize.CASES)
    if "quantize-large" in what:
        quantize.show(quantize.LARGE)
    named = list(CATALOGUE) if "networks" in what else [name for name in what if name in CATALOGUE]
    if named:
        contenders = [name for name in report.COLUMNS if options.only in name]
        threads = options.threads or sorted({1, networks.cores()})
        networks.run(named, contenders, threads, options.runs)


if __name__ == "__main__":
    main()
