"""The tensor expressions of a primitive function, read one element at a time.

    add = te.compute(shape, lambda i: data(i) + bias(i));  relu = te.compute(shape, lambda i: max(add(i), 0))
    reading relu at [k]    ->    add: T.let = data[k] + bias[k];  relu: T.let = T.max(add, 0)

A *stage* is one tensor expression. `Place` computes stages where a loop stands: what a stage reads is computed first,
and bound to a variable. Tensors that have a buffer are loaded from it.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import tvm
import tvm_ffi
from tvm import te, tirx
from tvm.ir import Call, Expr
from tvm.tirx.stmt import AllocBuffer, Bind, BufferStore, For, ForKind, SeqStmt, Stmt

from .te.registry import dtype_of, shape_of

# A value of more nodes than this is kept in a register.
_LONGEST = 100


@dataclass(frozen=True)
class Load:
    """A tensor read in an expression; `var` stands there in its place."""

    var: tirx.Var
    tensor: te.Tensor
    index: Sequence[Template]


@dataclass(frozen=True)
class Guard:
    """An `if_then_else` in an expression; `var` stands there in its place. Only the branch that counts is computed."""

    var: tirx.Var
    condition: Template
    then: Template
    otherwise: Template


@dataclass(frozen=True)
class Template:
    """An expression whose loads and guards are variables."""

    expr: Any
    loads: Sequence[Load]
    guards: Sequence[Guard]


@dataclass(frozen=True)
class Reduction:
    """What a reduction sums up: `sources` over `axes`, with the combiner of TensorIR."""

    axes: Sequence[tuple[tirx.Var, int]]
    combiner: Any
    sources: Sequence[Template]

    @property
    def identity(self) -> Sequence[Any]:
        """What each accumulator starts from."""
        return list(self.combiner.identity_element)

    def combined(self, lhs: Sequence[Any], rhs: Sequence[Any]) -> list[Any]:
        """The accumulators `lhs` and one more value of each."""
        names = [*self.combiner.lhs, *self.combiner.rhs]
        return [substituted(result, dict(zip(names, [*lhs, *rhs], strict=True))) for result in self.combiner.result]


@dataclass(frozen=True, eq=False)
class Stage:
    """A tensor expression: an element of its outputs, at `axes`."""

    name: str
    axes: Sequence[tirx.Var]
    shape: Sequence[int]
    dtypes: Sequence[str]
    bodies: Sequence[Template]
    reduction: Reduction | None
    tensors: Sequence[te.Tensor]

    @property
    def op(self) -> Any:
        """The operation of TVM's that it was read from."""
        return self.tensors[0].op

    def templates(self) -> list[Template]:
        """The expressions that are computed for an element, those behind guards and in indices included."""
        found = list(self.reduction.sources if self.reduction else self.bodies)
        for template in found:  # which grows
            for load in template.loads:
                found += load.index
            for guard in template.guards:
                found += [guard.condition, guard.then, guard.otherwise]
        return found


def template(expr: Any) -> Template:
    """The template of an expression of tensor loads."""
    loads: list[Load] = []
    guards: list[Guard] = []

    def replaced(call: Any) -> Any:
        if call.op.name == "te.tensor_load":
            tensor, *index = call.args
            var = tirx.Var(tensor.op.name, call.ty)
            loads.append(Load(var, tensor, [template(i) for i in index]))
            return var
        if call.op.name == "prim.if_then_else":
            var = tirx.Var("guarded", call.ty)
            guards.append(Guard(var, *map(template, call.args)))
            return var
        return call

    return Template(tvm_ffi.structural_map(expr, (Call, replaced), order="pre"), loads, guards)


def substituted(expr: Any, values: Mapping[Any, Any]) -> Any:
    """`expr` with each variable in `values` replaced."""
    if isinstance(expr, tirx.Var):
        return values.get(expr, expr)
    return tvm_ffi.structural_map(expr, (tirx.Var, lambda var: values.get(var, var))) if values else expr


def read_stages(outputs: Sequence[te.Tensor]) -> list[Stage] | None:
    """The stages that the outputs are made of, each after those that it reads; None where one is no `te.compute`."""
    found: dict[Any, Stage | None] = {}
    stack = [tensor.op for tensor in reversed(outputs)]
    while stack:
        op = stack[-1]
        below = [tensor.op for tensor in op.input_tensors if tensor.op not in found]
        if op in found or isinstance(op, te.PlaceholderOp):
            found.setdefault(op, None)
            stack.pop()
        elif below:
            stack.extend(below)
        elif not isinstance(op, te.ComputeOp) or any(
            isinstance(body, tirx.Reduce) and len(body.init) for body in op.body
        ):
            return None
        else:
            found[op] = _stage(op)
            stack.pop()
    return [stage for stage in found.values() if stage is not None]


def _stage(op: Any) -> Stage:
    tensors = [op.output(k) for k in range(op.num_outputs)]
    axes = [axis.var for axis in op.axis]
    first, reduction = op.body[0], None
    if isinstance(first, tirx.Reduce):
        around = [(axis.var, int(axis.dom.extent)) for axis in first.axis]
        reduction = Reduction(around, first.combiner, [template(source) for source in first.source])
    bodies = () if reduction else [template(body) for body in op.body]
    dtypes = [dtype_of(tensor) for tensor in tensors]
    return Stage(op.name, axes, shape_of(tensors[0]), dtypes, bodies, reduction, tensors)


@contextlib.contextmanager
def deep_enough(count: int) -> Iterator[None]:
    """Python's recursion limit raised for expressions through so many stages; Python's own calls use no C stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + 8 * count)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


Key = tuple[Any, int]


def key(tensor: te.Tensor) -> Key:
    """What a tensor is known by. (Two tensors of rank 0 do not compare.)"""
    return tensor.op, int(tensor.value_index)


Reduce = Callable[["Place", te.Tensor, Sequence[Any]], Any]


@dataclass(frozen=True)
class Lanes:
    """What runs over the lanes of a vector; without `var`, a single number."""

    count: int = 1
    var: Any = None

    @property
    def at(self) -> Any:
        """The lane."""
        return tirx.const(0, "int32") if self.var is None else self.var

    def loop(self, body: Sequence[Stmt]) -> list[Stmt]:
        """The statements, for all lanes."""
        if self.var is None:
            return list(body)
        return [For(self.var, 0, self.count, ForKind.VECTORIZED, body[0] if len(body) == 1 else SeqStmt(list(body)))]


@dataclass
class Access:
    """A load from a buffer, or (`buffer` is None) a condition: its offset as an expression of the loops."""

    buffer: Any
    offset: Any


@dataclass
class Place:
    """Where the loops stand. Values computed there are bound by `statements`, in order, each once.

    `buffers` has the tensors that are loaded, `reduce` gives the value of a reduction that has no buffer.
    """

    stages: Mapping[Any, Stage]
    buffers: Mapping[Key, Any]
    reduce: Reduce
    analyzer: tvm.sym.Analyzer
    statements: list[Stmt] = field(default_factory=list)
    lanes: Lanes = Lanes()
    accesses: list[Access] = field(default_factory=list)
    # Guards in the source of a reduction that leave its accumulator as it is: they go around the update.
    skipping: list[Any] | None = None
    # What the guards that cannot be decided are taken for, while it is asked which of them leave it so.
    decided: Callable[[Any], bool | None] | None = None
    # Whether values are bound to variables; behind a guard they stand where they are used.
    binds: bool = True
    _values: dict[Any, list[tuple[Sequence[Any], Any]]] = field(default_factory=dict)
    _sizes: dict[Any, int] = field(default_factory=dict)
    _scratch: list[Stmt] = field(default_factory=list)

    def inner(self, lanes: Lanes | None = None) -> Place:
        """A place in a loop inside of this one, perhaps one over lanes. What is bound here is known there."""
        known = {one: list(values) for one, values in self._values.items()}
        return Place(self.stages, self.buffers, self.reduce, self.analyzer, [], lanes or self.lanes, _values=known)

    def loop(self) -> list[Stmt]:
        """The statements, for all lanes."""
        return [*self._scratch, *self.lanes.loop(self.statements)]

    def read(self, tensor: te.Tensor, index: Sequence[Any]) -> Any:
        """The element of a tensor."""
        index = [self.analyzer.simplify(i) for i in index]
        known = self._values.setdefault(key(tensor), [])
        for other, value in known:
            if all(tvm_ffi.structural_equal(a, b, map_free_vars=False) for a, b in zip(index, other, strict=True)):
                return value
        value = self._bound(tensor.op.name, self._computed(tensor, index))
        if self.binds:
            known.append((index, value))
        return value

    def evaluate(self, found: Template, values: Mapping[Any, Any]) -> Any:
        """A template's value, with its axes as `values` has them."""
        values = dict(values)
        for load in found.loads:
            values[load.var] = self.read(load.tensor, [self.evaluate(i, values) for i in load.index])
        for guard in found.guards:
            values[guard.var] = self._guarded(guard, values)
        return substituted(found.expr, values)

    def bind(self, name: str, value: Any) -> Any:
        """A variable for a value.

        One of many steps is kept in a register: where TVM simplifies, it writes variables out.
        """
        size = self._size(value)
        if size > _LONGEST:
            register = tirx.decl_buffer((self.lanes.count,), dtype_of(value), name=name, layout=None)
            self._scratch.append(AllocBuffer(register))
            self.statements.append(BufferStore(register, value, [self.lanes.at]))
            value, size = tirx.BufferLoad(register, [self.lanes.at]), 1
        var = tirx.Var(name, value.ty)
        self._sizes[var] = size
        self.statements.append(Bind(var, value))
        return var

    def _size(self, value: Any) -> int:
        """How many nodes a value has once all variables are written out."""
        sizes: list[int] = []

        def count(node: Any) -> None:
            sizes.append(self._sizes.get(node, 1) if isinstance(node, tirx.Var) else 1)

        tvm_ffi.structural_walk(value, (Expr, count))
        return sum(sizes)

    def _bound(self, name: str, value: Any) -> Any:
        simple = isinstance(value, tirx.Var | tirx.IntImm | tirx.FloatImm)
        truth = dtype_of(value).startswith("bool")  # TVM's analyzer fails on a vector of them in a variable
        return value if simple or truth or not self.binds else self.bind(name, value)

    def _computed(self, tensor: te.Tensor, index: Sequence[Any]) -> Any:
        buffer = self.buffers.get(key(tensor))
        if buffer is not None:
            return self.load(buffer, shape_of(tensor), index)
        stage = self.stages[tensor.op]
        if stage.reduction is not None:
            return self.reduce(self, tensor, index)
        return self.evaluate(stage.bodies[tensor.value_index], dict(zip(stage.axes, index, strict=True)))

    def load(self, buffer: Any, shape: Sequence[int], index: Sequence[Any]) -> Any:
        """An element of a buffer, which is flat, of a tensor of that shape."""
        offset = self.offset(shape, index)
        self.accesses.append(Access(buffer, offset))
        return tirx.BufferLoad(buffer, [offset])

    def offset(self, shape: Sequence[int], index: Sequence[Any]) -> Any:
        """Where an element lies in the memory of a tensor of that shape."""
        found: Any = tirx.const(0, "int32")
        for size, i in zip(shape, index, strict=True):
            found = found * size + i
        return self.analyzer.simplify(found)

    def _guarded(self, guard: Guard, values: Mapping[Any, Any]) -> Any:
        condition = self.analyzer.simplify(self.evaluate(guard.condition, values))
        if isinstance(condition, tirx.IntImm):
            return self.evaluate(guard.then if condition.value else guard.otherwise, values)
        self.accesses.append(Access(None, condition))
        if self.decided is not None and (chosen := self.decided(condition)) is not None:
            return self.evaluate(guard.then if chosen else guard.otherwise, values)
        if self.skipping is not None:
            if not any(tvm_ffi.structural_equal(condition, other) for other in self.skipping):
                self.skipping.append(condition)
            return self.evaluate(guard.then, values)
        binds, self.binds = self.binds, False
        then, otherwise = self.evaluate(guard.then, values), self.evaluate(guard.otherwise, values)
        self.binds = binds
        return tirx.if_then_else(condition, then, otherwise)
