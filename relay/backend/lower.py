"""A primitive function becomes one TensorIR function.

    before   fn (%p0: Tensor[(1, 8), float32], Primitive=1) { %0 = nn.relu(%p0); add(%0, 1f) }
    after    @T.prim_func  def fused_nn_relu_add(p0: T.Buffer((1, 8)), add: T.Buffer((1, 8))): ...

Its operators are written as tensor expressions (`relay.backend.te`), one on another, and `schedule.py` makes loops of
them. Where TVM writes an operator as loops itself, such as sorting, it makes all loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import tvm
from tvm import te
from tvm.ir import Op

from ..expr import Call, Constant, Function, Tuple, TupleGetItem, Var
from ..expr_functor import post_order
from ..ty import TensorType, TupleType
from .schedule import scheduled
from .target import Features
from .te.elementwise import copied
from .te.registry import lowering


@dataclass(frozen=True)
class Lowered:
    """A TensorIR function: its inputs, then the tensors in `constants`, then its outputs."""

    func: tvm.tirx.PrimFunc
    constants: Sequence[Constant]


def lower(func: Function, features: Features) -> Lowered:
    """The TensorIR function for a typed primitive function, whose operators all have a lowering."""
    values: dict[Any, Any] = {}
    inputs: list[te.Tensor] = []
    for param in func.params:
        values[param] = _placeholder(param.checked_type, param.name_hint, inputs)
    constants: list[Constant] = []
    for node, below in post_order(func.body):
        if isinstance(node, Constant):
            values[node] = _constant(node, inputs, constants)
        elif not isinstance(node, Op | Var):
            values[node] = _value(node, [values.get(child) for child in below])
    outputs = _separate(flat(values[func.body]), inputs)
    made = scheduled(inputs, outputs, features)
    if made is None:
        made = te.create_prim_func([*inputs, *outputs]).without_attr("global_symbol")
    return Lowered(made, constants)


def flat(value: Any) -> list[Any]:
    """The leaves of nested Python tuples, from left to right."""
    return [leaf for part in value for leaf in flat(part)] if isinstance(value, tuple) else [value]


def tensor_types(ty: Any) -> list[TensorType]:
    """The tensors in a type, from left to right."""
    return [leaf for field in ty.fields for leaf in tensor_types(field)] if isinstance(ty, TupleType) else [ty]


def operators(func: Function) -> list[str]:
    """The names of the operators that a function calls, in order."""
    calls = (node for node, _ in post_order(func.body) if isinstance(node, Call))
    return [call.op.name for call in calls if isinstance(call.op, Op)]


def _placeholder(ty: Any, name: str, inputs: list[te.Tensor]) -> Any:
    if isinstance(ty, TupleType):
        return tuple(_placeholder(field, f"{name}_{at}", inputs) for at, field in enumerate(ty.fields))
    inputs.append(te.placeholder(ty.concrete_shape, ty.dtype, name))
    return inputs[-1]


def _constant(node: Constant, inputs: list[te.Tensor], constants: list[Constant]) -> te.Tensor:
    """A number stands in the code; a tensor is handed to it."""
    array = node.value()
    if array.ndim == 0:
        value = tvm.tirx.const(array.item(), str(array.dtype))
        return te.compute((), lambda: value, name="constant")
    constants.append(node)
    inputs.append(te.placeholder(array.shape, str(array.dtype), f"c{len(constants) - 1}"))
    return inputs[-1]


def _value(node: Any, below: Sequence[Any]) -> Any:
    if isinstance(node, Tuple):
        return tuple(below)
    if isinstance(node, TupleGetItem):
        return below[0][node.index]
    compute = lowering(node.op.name)
    assert compute is not None, node.op.name  # the program has asked for all of them before
    return compute(below[1:], node.attrs, node.checked_type)


def _separate(outputs: Sequence[te.Tensor], inputs: Sequence[te.Tensor]) -> list[te.Tensor]:
    """Each output a tensor of its own: one that is an input too, or is given twice, is copied."""
    found: list[te.Tensor] = []
    for tensor in outputs:
        taken = any(tensor.same_as(other) for other in (*inputs, *found))
        found.append(copied(tensor) if taken else tensor)
    return found
