"""A primitive function becomes one TensorIR function.

    before   fn (%p0: Tensor[(1, 8), float32], Primitive=1) { %0 = nn.relu(%p0); add(%0, 1f) }
    after    @T.prim_func  def fused_nn_relu_add(p0: T.Buffer((1, 8)), add: T.Buffer((1, 8))): ...

Its operators are written as tensor expressions (`relay.backend.te`), one on another. A kernel (`relay.backend.kernels`)
makes loops of them where there is one for an operator of the function, else `schedule.py` does. Where TVM writes an
operator as loops itself, such as sorting, it makes all loops.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tvm
from tvm import te
from tvm.ir import Op

from ..expr import Call, Constant, Function, Tuple, TupleGetItem, Var
from ..expr_functor import post_order
from ..ty import TensorType, TupleType
from .bounds import least_of, steps_of
from .describe import LOOPS
from .kernels import Choice, Primitive, kernel_of
from .schedule import scheduled
from .target import Features
from .te.elementwise import copied
from .te.registry import lowering


@dataclass(frozen=True)
class Lowered:
    """A TensorIR function: its inputs, then the tensors in `constants`, then its outputs.

    `path` says which kernel wrote it, `LOOPS` where none did. `operations` are 2 for a product that is summed up, 1 for
    each other number that is computed. `choices` are other ways for the same kernel.
    """

    func: tvm.tirx.PrimFunc
    constants: Sequence[Constant]
    path: str
    operations: int
    choices: Sequence[Choice] = ()


def lower(func: Function, features: Features, choice: Choice | None = None) -> Lowered:
    """The TensorIR function for a typed primitive function, whose operators all have a lowering.

    Its kernel is written by `choice`, one of the `choices` that it had before.
    """
    return _by_kernel(func, features, choice) or _by_loops(func, features)


def _by_kernel(func: Function, features: Features, choice: Choice | None) -> Lowered | None:
    for call, _ in post_order(func.body):
        if isinstance(call, Call) and (build := kernel_of(call.op)) is not None:
            made = _expressed(func, call)
            args = [made.values[arg] for arg in call.args]
            told = least_of(func)
            primitive = Primitive(
                *(call, args, made.values[call], made.inputs, made.outputs, choice),
                least=[told.get(arg, -128) for arg in call.args],
                steps=steps_of(func),
            )
            kernel = build(primitive, features)
            if kernel is not None:
                return Lowered(kernel.func, made.constants, kernel.path, kernel.operations, kernel.choices)
    return None


def _by_loops(func: Function, features: Features) -> Lowered:
    made = _expressed(func)
    loops = scheduled(made.inputs, made.outputs, features)
    if loops is None:
        loops = te.create_prim_func([*made.inputs, *made.outputs]).without_attr("global_symbol")
    return Lowered(loops, made.constants, LOOPS, _operations(made.outputs))


def _operations(outputs: Sequence[te.Tensor]) -> int:
    """How many operations the loops for tensor expressions do, where each number is computed once."""
    found: dict[Any, int] = {}
    stack = [tensor.op for tensor in outputs]
    while stack:
        stage = stack.pop()
        if stage not in found:
            found[stage] = _of_stage(stage)
            stack.extend(tensor.op for tensor in stage.input_tensors)
    return sum(found.values())


def _of_stage(stage: Any) -> int:
    if not isinstance(stage, te.ComputeOp):
        return 0
    extents = [int(axis.dom.extent) for axis in (*stage.axis, *stage.reduce_axis)]
    return math.prod([*extents, 2 if stage.reduce_axis else 1])


@dataclass(frozen=True)
class _Expressed:
    """A primitive function as tensor expressions: the tensors for each node, for its inputs and for its outputs."""

    values: Mapping[Any, Any]
    inputs: Sequence[te.Tensor]
    constants: Sequence[Constant]
    outputs: Sequence[te.Tensor]


def _expressed(func: Function, given: Call | None = None) -> _Expressed:
    """The function as tensor expressions; what the call `given` computes is a placeholder."""
    values: dict[Any, Any] = {}
    inputs: list[te.Tensor] = []
    for param in func.params:
        values[param] = _placeholder(param.checked_type, param.name_hint, inputs)
    constants: list[Constant] = []
    for node, below in post_order(func.body):
        if given is not None and node == given:
            values[node] = _placeholder(node.checked_type, node.op.name, [])
        elif isinstance(node, Constant):
            values[node] = _constant(node, inputs, constants)
        elif not isinstance(node, Op | Var):
            values[node] = _value(node, [values.get(child) for child in below])
    return _Expressed(values, inputs, constants, _separate(flat(values[func.body]), inputs))


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
