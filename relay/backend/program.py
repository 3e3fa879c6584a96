"""A fused module becomes a Relax module: a TensorIR function for each primitive function, and `main`, which calls them.

    before   %1 = fn (%p0, %p1, Primitive=1) { %0 = nn.dense(%p0, %p1); nn.relu(%0) };  %1(%data, %weight)
    after    @R.function  def main(data): lv = R.call_tir(cls.fused_nn_dense_nn_relu, (data, weight)) ...

Functions of one structure are made once. Relax plans the memory of what lies between the calls, and its virtual machine
runs them. A second function, `signature`, says what `main` takes and gives, so that a library that was saved knows its
inputs by name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tvm
import tvm_ffi
from tvm import relax
from tvm.ir import GlobalVar, IRModule

from ..expr import Constant, Function, Tuple, TupleGetItem, Var
from ..ty import TupleType, type_text
from .describe import Made
from .interpreter import schedule
from .kernels import Choice
from .lower import Lowered, flat, lower, operators, tensor_types
from .target import features, requirements
from .te import lowering

# The longest name of a function; what is cut off is told apart by a hash, as in TVM v0.16.
_LONGEST = 80


def to_relax(func: Function, target: tvm.target.Target, choices: Mapping[str, Choice]) -> Program:
    """The Relax module for a typed and fused function, for `target`; `choices` are for kernels of these names.

    Raises `NotImplementedError` with all operators that have no lowering.
    """
    steps = schedule(func.body)
    primitives = [step.node for step in steps if isinstance(step.node, Function)]
    missing = {name for made in primitives for name in operators(made) if lowering(name) is None}
    if missing:
        raise NotImplementedError(
            f"{', '.join(sorted(missing))} cannot be compiled: run this module with relay.create_executor('debug')"
        )
    program = _Program(func, target, choices)
    return Program(program.module(steps), program.kernels())


@dataclass
class _Function:
    """A primitive function, its TensorIR function, and how often it is called."""

    func: Function
    gvar: GlobalVar
    lowered: Lowered
    calls: int = 0


@dataclass(frozen=True)
class Program:
    """A Relax module, and what its functions are."""

    module: IRModule
    kernels: Sequence[Made]


class _Program:
    """The Relax module in the making."""

    def __init__(self, func: Function, target: tvm.target.Target, choices: Mapping[str, Choice]) -> None:
        self.func = func
        self.choices = choices
        self.target = target
        self.features = features(target)
        self.builder = relax.BlockBuilder()
        self.made: dict[int, list[_Function]] = {}
        self.taken: dict[str, int] = {}

    def module(self, steps: Sequence[Any]) -> IRModule:
        """The module, from the steps of the function's body."""
        params = [relax.Var(param.name_hint, _relax_type(param.checked_type)) for param in self.func.params]
        values: dict[Any, Any] = {}
        with self.builder.function("main", params):
            for param, var in zip(self.func.params, params, strict=True):
                values[param] = self._unpacked(var, param.checked_type)
            for step in steps:
                values[step.node] = self._value(step.node, [values[use] for use in step.uses])
            self.builder.emit_func_output(_packed(values[self.func.body]))
        with self.builder.function("signature", []):
            text = json.dumps({**signature(self.func), "processor": requirements(self.target)}).encode()
            self.builder.emit_func_output(relax.const(np.frombuffer(text, "uint8")))
        return self.builder.finalize()

    def kernels(self) -> Sequence[Made]:
        """The functions of the module, in the order of their first calls."""
        return [_described_function(made) for alike in self.made.values() for made in alike]

    def _value(self, node: Any, below: Sequence[Any]) -> Any:
        if isinstance(node, Constant):
            return relax.const(node.data)
        if isinstance(node, Tuple):
            return tuple(below)
        if isinstance(node, TupleGetItem):
            return below[0][node.index]
        if isinstance(node, Function):
            return node
        return self._call(below[0], below[1:], node.checked_type)

    def _call(self, func: Function, args: Sequence[Any], ty: Any) -> Any:
        made = self._function(func)
        made.calls += 1
        given = [*flat(tuple(args)), *(relax.const(constant.data) for constant in made.lowered.constants)]
        types = [_relax_type(output) for output in tensor_types(ty)]
        call = self.builder.emit(relax.call_tir(made.gvar, relax.Tuple(given), types[0] if len(types) == 1 else types))
        found = [call] if len(types) == 1 else [self._field(call, at) for at in range(len(types))]
        return _shaped(found, ty)

    def _field(self, var: Any, at: int) -> Any:
        return self.builder.emit(relax.TupleGetItem(var, at))

    def _unpacked(self, var: Any, ty: Any) -> Any:
        """A parameter of a tuple type as a Python tuple."""
        if not isinstance(ty, TupleType):
            return var
        return tuple(self._unpacked(self._field(var, at), field) for at, field in enumerate(ty.fields))

    def _function(self, func: Function) -> _Function:
        """The TensorIR function for a primitive one, the one that is there for another of the same structure."""
        alike = self.made.setdefault(tvm_ffi.structural_hash(func), [])
        for other in alike:
            if tvm_ffi.structural_equal(func, other.func):
                return other
        name = self._name(func)
        lowered = lower(func, self.features, self.choices.get(name))
        alike.append(_Function(func, self.builder.add_func(lowered.func, name), lowered))
        return alike[-1]

    def _name(self, func: Function) -> str:
        name = "_".join(["fused", *(op.replace(".", "_") for op in operators(func))])
        if len(name) > _LONGEST:
            name = f"{name[:_LONGEST]}_{hashlib.sha256(name.encode()).hexdigest()[:16]}_"
        count = self.taken[name] = self.taken.get(name, -1) + 1
        return f"{name}_{count}" if count else name


def signature(func: Function) -> dict[str, Any]:
    """What a typed function takes and gives: shape and dtype of each input and output, and the names of the inputs."""
    inputs = [_described(param) for param in func.params]
    outputs = [{"shape": list(ty.shape), "dtype": ty.dtype} for ty in tensor_types(func.body.checked_type)]
    return {"inputs": inputs, "outputs": outputs}


def _described_function(made: _Function) -> Made:
    lowered = made.lowered
    params = [ty for param in made.func.params for ty in tensor_types(param.checked_type)]
    constants = [constant.checked_type for constant in lowered.constants]
    outputs = tensor_types(made.func.body.checked_type)
    return Made(
        *(made.gvar.name_hint, made.func, lowered.path, lowered.operations, made.calls),
        *([*params, *constants], outputs, lowered.choices),
    )


def _described(param: Var) -> dict[str, Any]:
    ty = param.checked_type
    if isinstance(ty, TupleType):
        return {"name": param.name_hint, "type": type_text(ty)}
    return {"name": param.name_hint, "shape": list(ty.shape), "dtype": ty.dtype}


def _relax_type(ty: Any) -> Any:
    if isinstance(ty, TupleType):
        return relax.TupleType([_relax_type(field) for field in ty.fields])
    return relax.TensorType(ty.concrete_shape, ty.dtype)


def _packed(value: Any) -> Any:
    return relax.Tuple([_packed(part) for part in value]) if isinstance(value, tuple) else value


def _shaped(leaves: list[Any], ty: Any) -> Any:
    """The leaves, from left to right, as nested as the type is."""
    if not isinstance(ty, TupleType):
        return leaves.pop(0)
    return tuple(_shaped(leaves, field) for field in ty.fields)
