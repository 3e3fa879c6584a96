"""The values of a network in float, one after another, while it runs on a data set.

    for call, values in profile(func, calls, dataset):
        ...                    # for each sample, each `simulated_quantize` of `calls` with the array that it is given

The network runs operator by operator with the NumPy references. A value is dropped after its last use, and whoever asks
decides what is kept of those that come by.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from .. import expr as _expr
from ..expr_functor import post_order
from ..op.op import operator
from ..text import span_text
from ..ty import TupleType

Sample = Mapping[str, Any]
Dataset = Iterable[Sample]


def profile(
    func: _expr.Function, calls: Sequence[_expr.Call], dataset: Dataset, what: str = "values"
) -> Iterator[tuple[_expr.Call, np.ndarray]]:
    """For each sample and each of `calls`, what it is given while nothing is rounded."""
    network = _FloatNetwork(func, calls)
    number = 0
    for number, sample in enumerate(_with_progress(dataset, what), start=1):
        for call, values in network.run(_checked(sample, network.inputs, number - 1)):
            if not np.isfinite(values).all():
                layer = _one_of_several(call.args[0], func)
                raise ValueError(
                    f"sample {number - 1} of the data set makes NaN or infinity of {layer}: "
                    "leave it out, or mend the network"
                )
            yield call, values
    if not number:
        raise ValueError("the data set has no samples: calibration needs at least one")


def _with_progress(dataset: Dataset, what: str) -> Iterable[Sample]:
    """The samples, with a bar on a terminal or in a notebook where they take longer than a moment.

    There is none where the environment has `TQDM_DISABLE`, as with every bar of tqdm.
    """
    seen = (sys.stderr.isatty() or "ipykernel" in sys.modules) and not os.environ.get("TQDM_DISABLE")
    return tqdm(dataset, desc=f"calibrate: {what}", unit="sample", leave=False, delay=1.0, disable=not seen)


def _checked(sample: Any, inputs: Sequence[_expr.Var], number: int) -> dict[_expr.Var, Any]:
    """The arrays of a sample by the variables that they are for."""
    names = [var.name_hint for var in inputs]
    if not isinstance(sample, Mapping):
        raise TypeError(f"sample {number} of the data set is {type(sample).__name__}: make it a dict of {names}")
    if extra := [name for name in sample if name not in names]:
        raise ValueError(f"sample {number} of the data set has {extra}: leave it out, the network's inputs are {names}")
    if missing := [name for name in names if name not in sample]:
        raise ValueError(
            f"sample {number} of the data set has no {missing}: give it, or, of weights, the params to quantize"
        )
    return {
        var: _value(sample[var.name_hint], var.checked_type, repr(var.name_hint), f"sample {number} of the data set")
        for var in inputs
    }


def _value(value: Any, ty: Any, name: str, where: str) -> Any:
    """`value` as NumPy, of the type that the input has: an array, or a tuple of values."""
    if isinstance(ty, TupleType):
        if not isinstance(value, tuple | list) or len(value) != len(ty.fields):
            raise TypeError(f"{name} in {where} is no tuple of {len(ty.fields)}: make it one")
        return tuple(
            _value(part, field, f"{name}[{at}]", where) for at, (part, field) in enumerate(zip(value, ty.fields))
        )
    try:
        array = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
    except (TypeError, ValueError, RuntimeError) as error:  # the last is PyTorch's, of a tensor with a gradient
        raise TypeError(f"{name} in {where} is no array of numbers: make it one ({error})") from error
    if not np.can_cast(array.dtype, ty.dtype, "same_kind"):
        raise TypeError(f"{name} in {where} is {array.dtype}, and the network takes {ty.dtype}: convert it")
    if array.shape != ty.concrete_shape:
        raise ValueError(
            f"{name} in {where} has the shape {array.shape}, and the network takes {ty.concrete_shape}: reshape it"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name} in {where} holds NaN or infinity: leave the sample out")
    return array.astype(ty.dtype, copy=False)


def described(node: Any) -> str:
    """The layer that a value belongs to, for a message: the nearest operator at or below it that has a place."""
    node = _layer(node)
    name = node.op.name if _expr.is_operator(node) else getattr(node, "name_hint", type(node).__name__)
    return f"{name} at {span_text(node.span)}" if node.span is not None else name


def _layer(node: Any) -> Any:
    """The nearest operator at or below a node that has a place; the node itself where none has."""
    below = node
    while _expr.is_operator(below) and below.span is None and below.args:
        below = below.args[0]
    return below if _expr.is_operator(below) else node


def _one_of_several(node: Any, func: _expr.Function) -> str:
    """The layer that a value belongs to; of several operators of its name without a place, which one."""
    layer, name = _layer(node), described(node)
    if not _expr.is_operator(layer) or layer.span is not None:
        return name
    alike = [other for other, _ in post_order(func.body) if _expr.is_operator(other, layer.op.name)]
    return name if len(alike) == 1 else f"{name}, call {alike.index(layer) + 1} of {len(alike)}"


@dataclass(frozen=True)
class _Step:
    """Compute `node` from the values of `uses`, then drop those of `done`."""

    node: Any
    compute: Callable[[list[Any]], Any]
    uses: Sequence[Any]
    done: list[Any]


class _FloatNetwork:
    """An annotated network, run operator by operator with the NumPy references and without any rounding.

    Only what `calls` need is computed, and a value is dropped after its last use.
    """

    def __init__(self, func: _expr.Function, calls: Sequence[_expr.Call]) -> None:
        wanted = set(calls)
        uses = {node: _uses(node, below) for node, below in post_order(func.body)}
        needed: set[Any] = set()
        for node in reversed(uses):
            if node in wanted or node in needed:
                needed.update(uses[node])
        order = [node for node in uses if node in needed or node in wanted]
        last = {use: node for node in order for use in uses[node]}
        self.steps = {
            node: _Step(node, _computes(node), uses[node], []) for node in order if not isinstance(node, _expr.Var)
        }
        for use, node in last.items():
            self.steps[node].done.append(use)
        self.wanted = wanted
        scalars = {scalar for node in uses if simulates(node) for scalar in node.args[1:]}
        self.inputs = [param for param in func.params if param not in scalars]
        names = [param.name_hint for param in self.inputs]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"{len(twice)} inputs of the network are named {twice[0]!r}: give each its own name")

    def run(self, values: dict[Any, Any]) -> Iterator[tuple[_expr.Call, np.ndarray]]:
        """Each wanted call with its argument, as soon as that is known; `values` has the inputs."""
        for node, step in self.steps.items():
            arguments = [values[use] for use in step.uses]
            with np.errstate(all="ignore"):
                values[node] = step.compute(arguments)
            if node in self.wanted:
                yield node, arguments[0]
            for use in step.done:
                del values[use]


def simulates(node: Any) -> bool:
    """Whether `node` is a call of `simulated_quantize`."""
    return _expr.is_operator(node, "relay.op.annotation.simulated_quantize")


def _uses(node: Any, below: Sequence[Any]) -> Sequence[Any]:
    """The expressions whose values make that of `node`."""
    if simulates(node):
        return [node.args[0]]
    return below[1:] if _expr.is_operator(node) else below


def _computes(node: Any) -> Callable[[list[Any]], Any]:
    """What makes the value of `node` of those that it uses."""
    if simulates(node):
        return lambda values: values[0]
    if _expr.is_operator(node):
        compute, attrs = operator(node.op).compute, node.attrs
        return lambda values: compute(values, attrs)
    if isinstance(node, _expr.Constant):
        array = node.value()
        return lambda values: array
    if isinstance(node, _expr.Tuple):
        return tuple
    if isinstance(node, _expr.TupleGetItem):
        index = node.index
        return lambda values: values[0][index]
    kind = type(node).__name__
    raise TypeError(f"calibration runs operators, tuples and constants, and the network has a {kind}: inline it")
