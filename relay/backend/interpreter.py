"""The interpreter: a module's value, computed operator by operator with the NumPy references.

    executor = relay.create_executor("debug", mod)
    executor.evaluate()(image)              # by position
    executor.evaluate()(data=image)         # by name
    executor.evaluate(relay.const(1.0) + relay.const(2.0))

It defines what an operator means, and what a compiled module is measured against. An intermediate result is dropped
after its last use, so memory is what the network needs at its widest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tvm
from tvm.ir import GlobalVar, IRModule, Op

from ..analysis import free_vars
from ..expr import Call, Constant, Function, If, Let, Tuple, TupleGetItem, Var, bind, const
from ..expr_functor import children
from ..module import main_of
from ..op.op import operator
from ..transform.infer_type import infer
from ..ty import TensorType, TupleType, type_text


class Executor:
    """What every way to run a module offers: `evaluate`."""

    def __init__(self, mod: IRModule | None = None) -> None:
        self.mod = mod if mod is not None else IRModule()

    def _make_executor(self, expr: Any) -> Any:
        raise TypeError(f"{type(self).__name__} does not say how it runs an expression: give it _make_executor()")

    def evaluate(self, expr: Any = None, binds: Mapping[Var, Any] | None = None) -> Any:
        """A Python function for a Relay function, the value for any other expression; `@main` without `expr`.

        `binds` gives free variables of `expr` their values. A tensor comes back as a `tvm.runtime.Tensor`, a tuple as a
        tuple of them.
        """
        if expr is None:
            expr = main_of(self.mod, f"{type(self).__name__}.evaluate")
        if binds:
            expr = bind(expr, {var: const(value) for var, value in binds.items()})
        if isinstance(expr, Function | GlobalVar):
            return self._make_executor(expr)
        return self._make_executor(Function([], expr))()


class Interpreter(Executor):
    """The executor of the kind `debug`."""

    def _make_executor(self, expr: Any) -> Callable[..., Any]:
        func = infer(self.mod[expr] if isinstance(expr, GlobalVar) else expr, self.mod)
        if free := free_vars(func):
            raise ValueError(f"{_listed([var.name_hint for var in free])} has no value: give it one in `binds`")
        machine = _Machine(self.mod)

        def run(*args: Any, **kwargs: Any) -> Any:
            return _tensors(machine.call(func, arguments(func, args, kwargs), {}))

        return run


def arguments(func: Function, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[Any]:
    """An array for each parameter of the typed `func`, from those given by position and by name.

    Raises `TypeError` where one is missing, given twice, unknown or of another dtype, `ValueError` for another shape.
    """
    names = [param.name_hint for param in func.params]
    if len(args) > len(names):
        raise TypeError(f"{len(args)} arguments are given and the function takes {len(names)}: {_listed(names)}")
    given = dict(enumerate(args))
    for name, value in kwargs.items():
        if names.count(name) != 1:
            why = "is no parameter of the function" if name not in names else "is the name of several parameters"
            raise TypeError(f"{name!r} {why}, which takes {_listed(names)}")
        if names.index(name) in given:
            raise TypeError(f"%{name} is given by position and by name: give it once")
        given[names.index(name)] = value
    missing = [name for at, name in enumerate(names) if at not in given]
    if missing:
        raise TypeError(f"no value is given for {_listed(missing)}: the function takes {_listed(names)}")
    return [_checked(given[at], param.checked_type, names[at]) for at, param in enumerate(func.params)]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"%{name}" for name in names) or "no arguments"


def _checked(value: Any, ty: Any, name: str) -> Any:
    """`value` as NumPy, of the type that the parameter has."""
    if isinstance(ty, TupleType):
        if not isinstance(value, tuple | list) or len(value) != len(ty.fields):
            raise TypeError(f"%{name} takes a tuple of the type {type_text(ty)}: give one with that many fields")
        return tuple(_checked(part, field, f"{name}.{at}") for at, (part, field) in enumerate(zip(value, ty.fields)))
    if not isinstance(ty, TensorType):
        raise TypeError(f"%{name} is a {type_text(ty)}, which has no value in Python: pass tensors only")
    if isinstance(value, tvm.runtime.Tensor):
        value = value.numpy()
    elif isinstance(value, Constant):
        value = value.value()
    # A number of Python's has no dtype of its own.
    array = np.asarray(value, ty.dtype if isinstance(value, bool | int | float) else None)
    if str(array.dtype) != ty.dtype:
        raise TypeError(f"%{name} takes {ty.dtype} and is given {array.dtype}: convert it with .astype({ty.dtype!r})")
    if array.shape != ty.concrete_shape:
        raise ValueError(f"%{name} takes the shape {ty.concrete_shape} and is given {array.shape}: reshape it")
    return array


def _tensors(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_tensors, value))
    return tvm.runtime.tensor(np.ascontiguousarray(value).reshape(value.shape))


@dataclass(frozen=True)
class _Closure:
    """A function as a value, with the values of the variables that it takes from outside."""

    func: Function
    env: Mapping[Any, Any]


@dataclass(frozen=True)
class Step:
    """Compute `node` from the values of `uses`, then drop those of `done`."""

    node: Any
    uses: Sequence[Any]
    done: Sequence[Any]


class _Machine:
    """Runs functions of one module. The steps of each function are found once."""

    def __init__(self, mod: IRModule) -> None:
        self.mod = mod
        self.steps: dict[Any, Sequence[Step]] = {}

    def call(self, func: Function, args: Sequence[Any], env: Mapping[Any, Any]) -> Any:
        """The value of `func` on `args`; `env` has the variables that it takes from outside."""
        return self._run(func.body, {**env, **dict(zip(func.params, args, strict=True))})

    def _run(self, body: Any, values: dict[Any, Any]) -> Any:
        """The value of `body`, where `values` has those of its free variables."""
        if body not in self.steps:
            self.steps[body] = schedule(body)
        with np.errstate(all="ignore"):
            for step in self.steps[body]:
                values[step.node] = self._value(step.node, step.uses, [values[use] for use in step.uses])
                for node in step.done:
                    del values[node]
        return values[body]

    def _value(self, node: Any, uses: Sequence[Any], below: Sequence[Any]) -> Any:
        if isinstance(node, Call):
            if isinstance(node.op, Op):
                return operator(node.op).compute(below, node.attrs)
            callee, *args = below
            return self.call(callee.func, args, callee.env)
        if isinstance(node, Constant):
            return node.value()
        if isinstance(node, Tuple):
            return tuple(below)
        if isinstance(node, TupleGetItem):
            return below[0][node.index]
        if isinstance(node, Function):
            return _Closure(node, dict(zip(uses, below, strict=True)))
        if isinstance(node, GlobalVar):
            return _Closure(self.mod[node], {})
        if isinstance(node, If):
            branch = node.true_branch if below[0] else node.false_branch
            return self._run(branch, dict(zip(uses, below, strict=True)))
        return below[-1]  # a let is its body, the variable of a let its value


def schedule(body: Any) -> Sequence[Step]:
    """The steps that compute `body`, in post-order. Variables that no let in it binds have values when it begins."""
    values_of: dict[Any, Any] = {}
    order: dict[Any, Sequence[Any]] = {}
    stack: list[tuple[Any, Sequence[Any] | None]] = [(body, None)]
    while stack:
        node, uses = stack.pop()
        if node in order or (isinstance(node, Var) and node not in values_of):
            continue
        if uses is None:
            if isinstance(node, Let):
                values_of[node.var] = node.value
            uses = _uses(node, values_of)
            stack.append((node, uses))
            stack.extend((child, None) for child in reversed(uses))
        else:
            order[node] = uses
    last = {use: node for node, uses in order.items() for use in uses}
    done: dict[Any, list[Any]] = {}
    for use, node in last.items():
        done.setdefault(node, []).append(use)
    return [Step(node, uses, done.get(node, ())) for node, uses in order.items()]


def _uses(node: Any, values_of: Mapping[Any, Any]) -> Sequence[Any]:
    """The expressions whose values make that of `node`."""
    if isinstance(node, Call) and isinstance(node.op, Op):
        return list(node.args)
    if isinstance(node, Let):
        return (node.value, node.var, node.body)
    if isinstance(node, Var):
        return (values_of[node],)
    if isinstance(node, Function):
        return free_vars(node)
    if isinstance(node, If):  # its branches wait until it is known which one counts
        return [node.cond, *dict.fromkeys([*free_vars(node.true_branch), *free_vars(node.false_branch)])]
    return children(node)
