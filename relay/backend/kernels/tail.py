"""The operators after the one that a kernel computes, on a number that is still in a register.

    %0 = nn.contrib_conv2d_NCHWc(%p0, %p1); %1 = add(%0, %p2); nn.relu(%1)

    with T.vectorized(16) as lane:
        tail.store((n, o, y, x, lane), accumulators[16 * k + lane])
    ->
    add: T.let = accumulators[16 * k + lane] + p2[0, o, 0, 0, lane];  relu[n, o, y, x, lane] = T.max(add, 0)

They are the tensor expressions of `relay.backend.te`, read at one index.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tvm_ffi
from tvm import te, tirx
from tvm.ir import Call, Expr
from tvm.ir.prim import expr as prim
from tvm.script.ir_builder import IRBuilder
from tvm.tirx.script import builder as T
from tvm.tirx.script.builder.frame import ForFrame

from ..te.registry import dtype_of, shape_of
from .registry import Primitive

# A value of more nodes than this is kept in a register.
_LONGEST = 100

# Of so many operators a tail is written out for each pixel. A sigmoid has more, and would take seconds to compile.
_SHORT = 8

# The axes of channels, in `(batch, blocks, height, width, block)` and in `(rows, units)`.
_CHANNEL_AXES = (1, 4)

Index = Sequence[Any]
Key = tuple[Any, int]


@dataclass(frozen=True)
class Tail:
    """What a primitive function computes of each number that its kernel gives, and where it is stored."""

    primitive: Primitive
    stages: Sequence[te.Tensor]
    buffers: Mapping[Key, Any]

    @functools.cached_property
    def bias(self) -> te.Tensor | None:
        """The stage that adds a number for each channel to the kernel's result, if nothing else is done with that.

        None where numbers are float32: there it makes a difference which are added first.
        """
        result, inputs = _key(self.primitive.result), set(map(_key, self.primitive.inputs))
        found = [stage for stage in self.stages if any(_key(read) == result for read, _ in _loads(stage))]
        if len(found) != 1 or dtype_of(found[0]) != "int32" or not _is_sum_of_two(found[0]):
            return None
        if result in map(_key, self.primitive.outputs):
            return None
        pixel = [axis.var for k, axis in enumerate(found[0].op.axis) if k not in _CHANNEL_AXES]
        of_channel = [
            _key(read) in inputs and not any(i.same_as(axis) for i in index for axis in pixel)
            for read, index in _loads(found[0])
            if _key(read) != result
        ]
        return found[0] if of_channel == [True] else None

    def start(self, index: Index) -> Any:
        """What the kernel's sum at `index` begins with. It is the same for all of a channel."""
        zero = tirx.const(0, dtype_of(self.primitive.result))
        if self.bias is None:
            return zero
        return self._element(self.bias, _as_expressions(index), {_key(self.primitive.result): zero})

    @property
    def is_short(self) -> bool:
        """Whether a kernel writes it out for each pixel, and not once, in a loop."""
        return len(self.stages) <= _SHORT

    def store(self, index: Index, value: Any) -> None:
        """Compute the outputs at `index` from the kernel's `value` there, which began with `start`, and store them.

        A value of many steps is kept in a register, one number for each turn of the loop around: where TVM simplifies,
        it writes variables out.
        """
        index = _as_expressions(index)
        known, sizes = {_key(self.primitive.result): value}, dict[Any, int]()
        for stage in self.stages:
            if self.bias is not None and stage.same_as(self.bias):
                known[_key(stage)] = value
                continue
            element = self._element(stage, index, known)
            size = _size(element, sizes)
            if dtype_of(element).startswith("bool"):  # TVM's analyzer fails on a vector of them in a variable
                known[_key(stage)] = element
                continue
            if size > _LONGEST:
                element, size = _in_register(element), 1
            known[_key(stage)] = var = T.Bind(element)
            sizes[var] = size
        for output in self.primitive.outputs:
            T.buffer_store(self.buffer(output), known[_key(output)], index)

    def buffer(self, tensor: te.Tensor) -> Any:
        """The buffer of an input or an output of the function."""
        return self.buffers[_key(tensor)]

    def _element(self, tensor: te.Tensor, index: Index, known: Mapping[Key, Any]) -> Any:
        """The element of a tensor; those in `known` have been computed, at their own index."""
        axes = dict(zip((axis.var for axis in tensor.op.axis), index, strict=True))

        def read(call: Call) -> Any:
            if call.op.name != "te.tensor_load":
                return call
            source, *place = call.args
            if _key(source) in known:
                return known[_key(source)]
            buffer = self.buffers.get(_key(source))
            return self._element(source, place, known) if buffer is None else buffer[tuple(place)]

        return tvm_ffi.structural_map(_body(tensor), ((tirx.Var, lambda var: axes.get(var, var)), (Call, read)))


@contextmanager
def kernel_function(primitive: Primitive, stages: Sequence[te.Tensor]) -> Iterator[tuple[IRBuilder, Tail]]:
    """The frame of a TensorIR function that takes the inputs and outputs. Inside of it a kernel writes its loops.

    `stages` is what `stages_of` gives. The function is `builder.get()`, after the frame.
    """
    with IRBuilder() as builder, T.prim_func(s_tir=True):
        T.func_attr({"tirx.noalias": True})
        buffers = {
            _key(tensor): T.arg(tensor.op.name, T.buffer(shape_of(tensor), dtype_of(tensor)))
            for tensor in (*primitive.inputs, *primitive.outputs)
        }
        yield builder, Tail(primitive, stages, buffers)


def _as_expressions(index: Index) -> Index:
    return [tirx.const(i, "int32") if isinstance(i, int) else i for i in index]


def _size(value: Any, sizes: Mapping[Any, int]) -> int:
    """How many nodes a value has once the variables in `sizes` are written out."""
    found: list[int] = []

    def count(node: Any) -> None:
        found.append(sizes.get(node, 1) if isinstance(node, tirx.Var) else 1)

    tvm_ffi.structural_walk(value, (Expr, count))
    return sum(found)


def _in_register(value: Any) -> Any:
    """A value, stored and loaded again."""
    loop = IRBuilder.current().frames[-1]
    is_loop = isinstance(loop, ForFrame)
    lanes, lane = (int(loop.doms[0].extent), loop.vars[0]) if is_loop else (1, 0)
    register = T.alloc_buffer((lanes,), dtype_of(value), scope="local")
    T.buffer_store(register, value, [lane])
    return register[lane]


def stages_of(primitive: Primitive) -> Sequence[te.Tensor] | None:
    """The tensors between the kernel's result and the outputs, each after those that it reads.

    None where there is no tail: where one of them has another shape, is a sum, or reads the result elsewhere than at
    its own index.
    """
    computed = _post_order(primitive)
    if any(
        not isinstance(tensor.op, te.ComputeOp) or isinstance(tensor.op.body[0], tirx.Reduce) for tensor in computed
    ):
        return None
    outputs = set(map(_key, primitive.outputs))
    depending = {_key(primitive.result)}
    for tensor in computed:
        found = [index for read, index in _loads(tensor) if _key(read) in depending]
        if not all(_is_own(index, tensor) for index in found):
            return None
        if found or _key(tensor) in outputs:
            depending.add(_key(tensor))
    shape = shape_of(primitive.result)
    stages = [tensor for tensor in computed if _key(tensor) in depending]
    return stages if all(shape_of(tensor) == shape for tensor in stages) else None


def _is_own(index: Index, tensor: te.Tensor) -> bool:
    """Whether an index is that of the element being computed; an axis of one element is read at 0."""
    axes = [axis.var for axis in tensor.op.axis]
    if len(index) != len(axes):
        return False
    pairs = zip(index, axes, shape_of(tensor))
    return all(i.same_as(axis) or size == 1 for i, axis, size in pairs)


def _post_order(primitive: Primitive) -> list[te.Tensor]:
    """What is computed for the outputs, each after what it reads."""
    given = set(map(_key, (primitive.result, *primitive.inputs)))
    found: dict[Key, te.Tensor] = {}
    stack = list(reversed(primitive.outputs))
    while stack:
        tensor = stack[-1]
        reads = tensor.op.input_tensors
        below = [read for read in reads if _key(read) not in given and _key(read) not in found]
        if below and _key(tensor) not in found:
            stack.extend(below)
            continue
        stack.pop()
        if _key(tensor) not in given:
            found.setdefault(_key(tensor), tensor)
    return list(found.values())


def _key(tensor: te.Tensor) -> Key:
    """What stands for a tensor in a dictionary: TVM does not compare tensors that hold one number."""
    return tensor.op, tensor.value_index


def _loads(tensor: te.Tensor) -> list[tuple[te.Tensor, Index]]:
    found: list[tuple[te.Tensor, Index]] = []

    def seen(call: Call) -> Any:
        if call.op.name == "te.tensor_load":
            found.append((call.args[0], list(call.args)[1:]))
        return call

    tvm_ffi.structural_map(_body(tensor), (Call, seen))
    return found


def _is_sum_of_two(tensor: te.Tensor) -> bool:
    body = _body(tensor)
    if not isinstance(body, prim.Add):
        return False
    return all(isinstance(side, Call) and side.op.name == "te.tensor_load" for side in (body.a, body.b))


def _body(tensor: te.Tensor) -> Any:
    return tensor.op.body[tensor.value_index]
