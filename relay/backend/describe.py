"""What a compiled network is made of: `lib.describe()`, a table of its kernels.

     share  calls  computed by                     operations  data                  result
     21.3%      3  direct, vpdpbusd512, 1x14x2        231.2 M  int8[1, 4, 56, 56, 16]  int8[1, 4, 56, 56, 16]
                   fused_nn_contrib_conv2d_NCHWc_cast_add_nn_relu_fixed_point_multiply_clip_cast

The share of time is estimated. A kernel takes as long as its operations do at the processor's best, or as its bytes do
on the way between the caches, whichever is more; Williams, Waterman and Patterson, "Roofline: an insightful visual
performance model", 2009.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..expr import Function
from ..ty import TensorType
from .target import Features

# Products of two bytes, of which a core sums up so many in a cycle; without such an instruction, as many as floats.
_BYTES_A_CYCLE = {
    "vpdpbusd512": 64,
    "vpdpbusd256": 32,
    "pmaddubsw512": 32,
    "pmaddubsw256": 16,
    "pmaddubsw128": 8,
    "pmaddwd512": 16,
    "pmaddwd256": 8,
    "pmaddwd128": 4,
    "sdot": 16,
}
# The path of a function that no kernel wrote.
LOOPS = "loops"
# What moves in a cycle between a core and its second cache, about.
_MOVED_A_CYCLE = 16


@dataclass(frozen=True)
class Row:
    """A kernel: how often it is called, what it takes and gives, and which way it is computed.

    `operations` and `bytes` are those of one call, `share` is that of all calls in the time of a run, estimated.
    """

    name: str
    calls: int
    inputs: Sequence[str]
    outputs: Sequence[str]
    path: str
    operations: int
    bytes: int
    share: float


@dataclass(frozen=True)
class Description(Sequence[Row]):
    """The rows of a table, in the order of the first calls; its text is the table."""

    rows: Sequence[Row]

    def __getitem__(self, index: Any) -> Any:
        return self.rows[index]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __str__(self) -> str:
        path = max([len("computed by"), *(len(row.path) for row in self)])
        lines = [f"{'share':>6}  {'calls':>5}  {'computed by':{path}}  {'operations':>11}  data -> result, name"]
        for row in self:
            head = f"{row.share:6.1%}  {row.calls:5}  {row.path:{path}}  {row.operations / 1e6:9.2f} M  "
            lines.append(f"{head}{row.inputs[0] if row.inputs else '()'} -> {', '.join(row.outputs)}")
            lines.append(" " * len(head) + row.name)
        return "\n".join(lines)

    __repr__ = __str__


@dataclass(frozen=True)
class Made:
    """A TensorIR function of a program, with what it takes and gives, and other ways that its kernel may be written."""

    name: str
    func: Function
    path: str
    operations: int
    calls: int
    inputs: Sequence[TensorType]
    outputs: Sequence[TensorType]
    choices: Sequence[Mapping[str, int]] = ()


def described(kernels: Sequence[Made], features: Features) -> Description:
    """The table for the kernels of a program."""
    cycles = [kernel.calls * _cycles(kernel, features) for kernel in kernels]
    total = sum(cycles) or 1.0
    return Description([_row(kernel, spent / total) for kernel, spent in zip(kernels, cycles, strict=True)])


def _row(kernel: Made, share: float) -> Row:
    inputs, outputs = ([_text(ty) for ty in types] for types in (kernel.inputs, kernel.outputs))
    name, calls, path = kernel.name, kernel.calls, kernel.path
    return Row(name, calls, inputs, outputs, path, kernel.operations, _bytes(kernel), share)


def _text(ty: TensorType) -> str:
    return f"{ty.dtype}{list(ty.concrete_shape)}"


def _cycles(kernel: Made, features: Features) -> float:
    """Of one call, on all cores."""
    instruction = next((word for word in kernel.path.split(", ") if word in _BYTES_A_CYCLE), "")
    products = _BYTES_A_CYCLE.get(instruction, features.lanes)
    return max(kernel.operations / (2 * products), _bytes(kernel) / _MOVED_A_CYCLE) / features.cores


def _bytes(kernel: Made) -> int:
    return sum(_elements(ty) * np.dtype(ty.dtype).itemsize for ty in (*kernel.inputs, *kernel.outputs))


def _elements(ty: TensorType) -> int:
    return math.prod(ty.concrete_shape)
