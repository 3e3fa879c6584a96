"""Which kernel computes which operator.

    @kernel("nn.contrib_conv2d_NCHWc")
    def conv2d(primitive, features):
        return Kernel(func, path="direct, vpdpbusd512, 1x14x2", operations=...)

A kernel writes the TensorIR function for a whole primitive function: the operator that it is registered for, and the
element-wise operators on it, which `tail.py` writes where a number is still in a register. Where it returns None, the
loops of the tensor expressions are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tvm import te, tirx
from tvm.ir import Op

from ...expr import Call
from ..target import Features

# The parameters of a kernel by name, as they stand in a tuning file.
Choice: TypeAlias = Mapping[str, int]


@dataclass(frozen=True)
class Primitive:
    """A primitive function as tensor expressions, around the call that a kernel computes.

    `args` has the tensors of the call's arguments, and `result` is a placeholder for what the call gives. The function
    takes `inputs` and gives `outputs`, in this order. `choice` is one of the `Kernel.choices` of before, where tuning
    has found that to be the fastest. `least` has, for each argument of int8, a number that it is never below. The
    products of `steps` times four channels add up to 16 bits.
    """

    call: Call
    args: Sequence[te.Tensor]
    result: te.Tensor
    inputs: Sequence[te.Tensor]
    outputs: Sequence[te.Tensor]
    choice: Choice | None = None
    least: Sequence[int] = (-128, -128)
    steps: int = 1


@dataclass(frozen=True)
class Kernel:
    """A TensorIR function, what `lib.describe()` calls it, and how many operations it is: 2 for a product summed.

    `choices` are the ways to write it that `relay.tune` measures, the likeliest ones first.
    """

    func: tirx.PrimFunc
    path: str
    operations: int
    choices: Sequence[Choice] = ()


Builder: TypeAlias = Callable[[Primitive, Features], Kernel | None]

_KERNELS: dict[str, Builder] = {}


def kernel(*names: str) -> Callable[[Builder], Builder]:
    """Mark the function that writes the kernel for the operators of these names.

    Raises `ValueError` for an operator that has one already.
    """

    def mark(builder: Builder) -> Builder:
        for name in names:
            if name in _KERNELS:
                raise ValueError(f"the operator {name} has two kernels: take one of the two out")
            _KERNELS[name] = builder
        return builder

    return mark


def kernel_of(op: Any) -> Builder | None:
    """What writes the kernel for an operator, or None."""
    return _KERNELS.get(op.name) if isinstance(op, Op) else None
