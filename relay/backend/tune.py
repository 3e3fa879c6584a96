"""Tuning: which of its tiles makes a kernel fastest is measured, on the machine that it is to run on.

    tuning = relay.tune(mod, "llvm", params, file="resnet18.json")
    lib = relay.build(mod, "llvm", params, tuning="resnet18.json")

The file holds a line for each kernel that has a choice, and what it belongs to: a network, as the operators and shapes
of its kernels, and a machine. Other weights are no other network.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tvm
from tqdm.auto import tqdm

from ..expr import Call, Function
from ..expr_functor import post_order
from ..ty import type_text
from . import pipeline
from .describe import Made
from .graph_executor import check_processor
from .kernels import Choice
from .lower import lower, operators
from .measure import seconds
from .target import Features, features, requirements

# Of the choices of a kernel, which stand in the order of what they are supposed to cost, so many are measured.
_MOST = 12
_ROUNDS = 7
# A choice that is faster by less is as fast: the first one stays.
_GAIN = 0.02


@dataclass(frozen=True)
class Tuned:
    """The fastest choice for a kernel, what a call takes with it, and with the choice that is made without tuning."""

    name: str
    choice: Choice
    us: float
    untuned_us: float


@dataclass(frozen=True)
class Tuning:
    """What `relay.tune` found for a network on a machine; its text is a table."""

    network: str
    machine: Mapping[str, Any]
    kernels: Sequence[Tuned]

    def save(self, file: str | Path) -> None:
        """Write the file that `load` reads."""
        Path(file).write_text(json.dumps(asdict(self), indent=1) + "\n")

    def __str__(self) -> str:
        lines = [f"{'us':>10} {'untuned us':>11}  kernel, choice"]
        for kernel in self.kernels:
            choice = ", ".join(f"{name} {value}" for name, value in kernel.choice.items())
            lines.append(f"{kernel.us:10.1f} {kernel.untuned_us:11.1f}  {kernel.name}: {choice}")
        return "\n".join(lines)

    __repr__ = __str__


def load(file: str | Path) -> Tuning:
    """The tuning in a file. Raises `ValueError` where it has none."""
    try:
        found = json.loads(Path(file).read_text())
        kernels = [Tuned(**{**kernel, "choice": dict(kernel["choice"])}) for kernel in found["kernels"]]
        return Tuning(found["network"], dict(found["machine"]), kernels)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{file} is no tuning file: make one with relay.tune") from error


def choices(file: str | Path, func: Function, target: tvm.target.Target) -> Mapping[str, Choice]:
    """The choices in a file, by name of the kernel, for a fused function; none, and a warning, if it is for another."""
    tuning = load(file)
    # First: for another machine, a network has other kernels too.
    if tuning.machine != machine(features(target)):
        names = ("name", "cores", "tvm")
        return _ignored(file, "another machine: " + ", ".join(f"{name} {tuning.machine.get(name)}" for name in names))
    if tuning.network != network(func):
        return _ignored(file, "another network")
    return {kernel.name: kernel.choice for kernel in tuning.kernels}


def _ignored(file: str | Path, of: str) -> Mapping[str, Choice]:
    warnings.warn(f"{file} is ignored, it was tuned for {of}", stacklevel=4)
    return {}


def network(func: Function) -> str:
    """What a fused function is known by: the operators and types of its kernels, in order."""
    lines = [
        f"{' '.join(operators(call.op))}: {', '.join(type_text(arg.checked_type) for arg in call.args)}"
        for call, _ in post_order(func.body)
        if isinstance(call, Call) and isinstance(call.op, Function)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def machine(here: Features) -> Mapping[str, Any]:
    """What a machine is known by."""
    return {**asdict(here), "tvm": tvm.__version__}


def measured(func: Function, kernels: Sequence[Made], target: tvm.target.Target) -> Tuning:
    """The fastest choice for each of a function's kernels that has one.

    Raises `ValueError` where this processor cannot run what is compiled for the target.
    """
    check_processor(requirements(target))
    here = features(target)
    tunable = [kernel for kernel in kernels if len(kernel.choices) > 1]
    with tqdm(total=sum(len(kernel.choices[:_MOST]) for kernel in tunable), desc="tune", unit="tile") as bar:
        return Tuning(network(func), machine(here), [_fastest(kernel, here, target, bar) for kernel in tunable])


def _fastest(kernel: Made, here: Features, target: tvm.target.Target, bar: Any) -> Tuned:
    candidates = kernel.choices[:_MOST]
    built = []
    for at, choice in enumerate(candidates):
        func = lower(kernel.func, here, choice).func.with_attr("global_symbol", f"choice_{at}")
        module = tvm.tirx.build(tvm.IRModule({f"choice_{at}": func}), target, pipeline=pipeline.NAME)
        built.append(module[f"choice_{at}"])
        bar.update()
    # In turns, and the best of each: what else the machine does meets all of them, and none always.
    rounds = [[seconds(function, kernel, 1)[0] for function in built] for _ in range(_ROUNDS)]
    spent = [min(times) for times in zip(*rounds, strict=True)]
    best = min(range(len(spent)), key=spent.__getitem__)
    best = best if spent[best] < (1 - _GAIN) * spent[0] else 0
    return Tuned(kernel.name, dict(candidates[best]), spent[best] * 1e6, spent[0] * 1e6)
