"""What becomes of a program, or of a PyTorch module on its way to the partition, as text."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from .case import Case, Texts
from .engine import relay, scope, tvm


@dataclass(frozen=True)
class Network:
    """How to build a module, and the shapes (a dtype may follow: `(shape, dtype)`) of the inputs it is fed."""

    build: Callable[[], torch.nn.Module]
    inputs: tuple = ((1, 3, 32, 32),)

    def named_inputs(self) -> list[tuple[str, tuple[tuple[int, ...], str]]]:
        """As `relay.frontend.from_pytorch` takes them: `data` alone, or `data0`, `data1` and so on."""
        pairs = [i if len(i) == 2 and isinstance(i[1], str) else (i, "float32") for i in self.inputs]
        names = ["data"] if len(pairs) == 1 else [f"data{i}" for i in range(len(pairs))]
        return list(zip(names, pairs, strict=True))


def tensor(shape: tuple[int, ...], dtype: str, seed: int) -> torch.Tensor:
    """A seeded input: normal for floats, a coin for booleans, small natural numbers for the rest."""
    rng = np.random.RandomState(seed)
    if dtype.startswith("float"):
        return torch.from_numpy(rng.normal(size=shape).astype(dtype))
    return torch.from_numpy(rng.randint(0, 2 if dtype == "bool" else 5, size=shape).astype(dtype))


def constants(expr: "relay.Expr") -> str:
    """A line for each constant, in the order of the visit: dtype, shape, mean and largest magnitude.

    The text of a function tells a constant's type only. These lines tell its values, well enough to see a
    wrong scale or a lost weight; `compare.same_numbers` reads them.
    """
    found = []
    relay.analysis.post_order_visit(expr, lambda e: found.append(e.data) if isinstance(e, relay.Constant) else None)
    lines = []
    for data in found:
        values = data.numpy()
        mean, largest = summary(values) if values.size else (0.0, 0.0)
        lines.append(f"{values.dtype}{list(values.shape)} mean {mean:.5e} largest {largest:.5e}")
    return "\n".join(lines)


def summary(values: np.ndarray) -> tuple[float, float]:
    """The mean and the largest magnitude, without a second copy of the values."""
    return float(values.mean(dtype="float64")), max(float(values.max()), -float(values.min()))


def imported(network: Network) -> "tuple[tvm.IRModule, dict]":
    """The module that a network, seeded and traced, is imported as, and its parameters."""
    torch.manual_seed(0)
    np.random.seed(0)
    module = network.build().eval().float()
    inputs = network.named_inputs()
    with torch.no_grad():
        example = tuple(tensor(*spec, seed=1 + i) for i, (_, spec) in enumerate(inputs))
        traced = torch.jit.trace(module, example, check_trace=False).eval()
    return relay.frontend.from_pytorch(traced, inputs, use_parser_friendly_name=True)


def stages(network: Network) -> Texts:
    """The text after import, `prerequisite_optimize` and `partition`, and the constants of the second."""
    with scope():
        mod, params = imported(network)
        yield "import", str(mod["main"])
        with tvm.transform.PassContext(opt_level=3):
            prerequisite = relay.quantize.prerequisite_optimize(tvm.IRModule.from_expr(mod["main"]), params)
            yield "prerequisite", str(prerequisite["main"])
            yield "constants", constants(prerequisite["main"])
            with relay.quantize.qconfig(skip_conv_layers=[0]):
                yield "partition", str(relay.quantize.partition()(prerequisite)["main"])


def network_cases(family: str, networks: dict[str, Network]) -> list[Case]:
    """A case for each network."""
    return [Case(family, name, lambda network=network: stages(network)) for name, network in networks.items()]


def program_case(family: str, name: str, program: Callable[[], object]) -> Case:
    """A case of what `program` returns, or each item of the tuple that it returns, a blank line between.

    Where a program returns functions with constants, these are the second text.
    """

    def run() -> Texts:
        np.random.seed(zlib.crc32(name.encode()))
        with scope():
            result = program()
        things = result if isinstance(result, tuple) else (result,)
        yield "text", "\n\n".join(str(thing) for thing in things)
        values = "\n".join(filter(None, (constants(f) for f in things if isinstance(f, relay.Function))))
        if values:
            yield "constants", values

    return Case(family, name, run, flat=True)
