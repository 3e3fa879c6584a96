"""What a converter can ask: the types of its operands, and PyTorch's rules for mixing them."""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from tvm.ir import Op, Span

from ... import op as _op
from ...expr import Call, Constant, ExprWithOp, Function, Tuple, TupleGetItem, TupleWrapper, Var, const
from ...expr_functor import children, post_order, with_children
from ...op.op import operator
from ...transform.infer_type import infer
from ...ty import TensorType

# Names as PyTorch and NumPy have them; `torch.float32` is printed with the module in front.
DTYPES = {
    dtype: str(dtype).removeprefix("torch.")
    for dtype in (
        *(torch.float16, torch.float32, torch.float64, torch.bfloat16, torch.bool),
        *(torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64),
    )
}
TORCH_DTYPES = {name: dtype for dtype, name in DTYPES.items()}

# TorchScript passes a dtype as a number: the place of `ScalarType` in PyTorch's c10/core/ScalarType.h.
_SCALAR_TYPES = {
    **dict(enumerate(("uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"))),
    11: "bool",
    15: "bfloat16",
}


class Context:
    """One import: the types of all that was converted so far, each inferred once."""

    def __init__(self, default_dtype: str) -> None:
        self.default_dtype = default_dtype
        self._typed: dict[Any, Any] = {}

    def type_of(self, expr: Any) -> Any:
        """The type of `expr`. What was made for it earlier is not looked at again.

        Raises `TypeInferenceError` where the types of a call do not fit.
        """
        stack = [expr]
        while stack:
            node = stack[-1]
            if node in self._typed:
                stack.pop()
                continue
            below = children(node)
            missing = [child for child in below if child not in self._typed]
            if missing:
                stack.extend(reversed(missing))
                continue
            new = with_children(node, [self._typed[child] for child in below], below)
            self._typed[node] = node if isinstance(node, Op) else infer(new)
            stack.pop()
        return self._typed[expr].checked_type

    def shape(self, expr: Any) -> tuple[int, ...]:
        """The shape of a tensor."""
        ty = self.type_of(expr)
        if not isinstance(ty, TensorType):
            raise TypeError(f"a tensor is wanted here, not {ty}")
        return ty.concrete_shape

    def rank(self, expr: Any) -> int:
        """How many axes a tensor has."""
        return len(self.shape(expr))

    def dtype(self, expr: Any) -> str:
        """The dtype of a tensor."""
        return str(self.type_of(expr).dtype)

    def axis(self, expr: Any, dim: int) -> int:
        """`dim` counted from 0."""
        rank = max(self.rank(expr), 1)
        if not -rank <= dim < rank:
            raise ValueError(f"dimension {dim} is outside a tensor of rank {rank}")
        return dim % rank

    def promote(self, *operands: Any, floating: bool = False) -> list[Any]:
        """Tensors and numbers as expressions of one dtype, by PyTorch's rules of promotion.

        A number becomes a constant, a tensor of another dtype is cast. With `floating`, integers become the default
        dtype, as in a true division.
        """
        dtype = self.result_dtype(*operands)
        if floating and not is_float(dtype):
            dtype = self.default_dtype
        return [self.cast(operand, dtype) if is_expr(operand) else const(operand, dtype) for operand in operands]

    def result_dtype(self, *operands: Any) -> str:
        """The dtype that PyTorch gives to a combination of tensors and numbers."""
        samples = [self._sample(operand) for operand in operands]
        if len(samples) == 1:
            return DTYPES[torch.result_type(samples[0], samples[0])]
        kinds = [sample for sample in samples if not isinstance(sample, numbers.Number)] or samples
        result = kinds[0]
        for sample in [*kinds[1:], *(s for s in samples if not any(s is k for k in kinds))]:
            dtype = torch.result_type(result, sample)
            rank = max(_rank(result), _rank(sample))
            result = torch.empty((1,) * rank, dtype=dtype, device="meta")
        return DTYPES[result.dtype if isinstance(result, torch.Tensor) else torch.result_type(result, result)]

    def _sample(self, operand: Any) -> Any:
        if not is_expr(operand):
            return operand
        rank = 1 if self.rank(operand) else 0
        return torch.empty((1,) * rank, dtype=TORCH_DTYPES[self.dtype(operand)], device="meta")

    def cast(self, expr: Any, dtype: str | None) -> Any:
        """`expr` in that dtype; as it is where it has it already, or where there is none to have."""
        return expr if dtype is None or self.dtype(expr) == dtype else _op.cast(expr, dtype)

    def dtype_or(self, dtype: Any, default: str) -> str:
        """A dtype argument by its name, or `default` where none is given."""
        return self.dtype_named(dtype) or default

    def dtype_named(self, dtype: Any) -> str | None:
        """A dtype argument (`torch.float16`, or TorchScript's number for it) by its name; `None` stays `None`."""
        if dtype is None:
            return None
        if isinstance(dtype, torch.dtype) and dtype in DTYPES:
            return DTYPES[dtype]
        if dtype in _SCALAR_TYPES:
            return _SCALAR_TYPES[dtype]
        raise NotImplementedError(f"the dtype {dtype} has no counterpart in Relay")

    def number(self, value: Any, wanted: str) -> Any:
        """A Python number: `value` itself, or what an expression of nothing but constants comes to.

        Raises `ValueError` where it depends on the network's input.
        """
        if not is_expr(value):
            return value
        made: dict[Any, Any] = {}
        for node, below in post_order(value):
            if isinstance(node, Constant):
                made[node] = node.value()
            elif isinstance(node, Call) and isinstance(node.op, Op):
                declared = operator(node.op)
                made[node] = np.asarray(declared.compute([made[arg] for arg in below[1:]], node.attrs))
            elif not isinstance(node, Op):
                raise ValueError(
                    f"{wanted} depends on the data that the network is fed, and Relay must know it at import: "
                    "trace the network, or make it the same for all data"
                )
        result = made[value]
        if result.size != 1:
            raise ValueError(f"{wanted} is taken of a tensor of shape {result.shape}, and must be one number")
        return result.item()


class CalculatedInt(int):
    """An integer that a trace calculates from sizes, where another one is written in the graph as a number.

    Relay's importer repeats an axis by the first kind even where it changes nothing.
    """


def _rank(sample: Any) -> int:
    return sample.dim() if isinstance(sample, torch.Tensor) else 0


def is_expr(value: Any) -> bool:
    """Whether `value` is a tensor, not a Python value."""
    return isinstance(value, ExprWithOp)


def is_float(dtype: str) -> bool:
    """Whether a dtype is one of the floating-point ones."""
    return "float" in dtype


def pair(value: Any, length: int = 2) -> list[int]:
    """One number for each axis; PyTorch takes a single one for all of them."""
    values = list(value) if isinstance(value, Sequence) else [value]
    return values * length if len(values) == 1 else values


def with_span(value: Any, span: Span | None) -> Any:
    """`value` (an expression, or lists of them) with `span` on every new node, which is one that has no span yet."""
    if isinstance(value, TupleWrapper):
        return with_span(list(value), span)
    if isinstance(value, list | tuple):
        return _each_with_span(list(value), span)
    return _each_with_span([value], span)[0] if is_expr(value) else value


def _each_with_span(values: list[Any], span: Span | None) -> list[Any]:
    """Several results of one converter share what they are made of, and still share it afterwards."""
    if span is None:
        return values
    made: dict[Any, Any] = {}
    for value in values:
        if is_expr(value):
            _give_span(value, span, made)
    return [
        made.get(value, value)
        if is_expr(value)
        else with_span(value, span)
        if isinstance(value, list | tuple)
        else value
        for value in values
    ]


def _give_span(root: Any, span: Span, made: dict[Any, Any]) -> None:
    stack: list[tuple[Any, Any]] = [(root, None)]
    while stack:
        node, below = stack.pop()
        if node in made:
            continue
        if node.span is not None or isinstance(node, Var | Function):
            made[node] = node
        elif below is None:
            below = [child for child in children(node) if is_expr(child)]
            stack.append((node, below))
            stack.extend((child, None) for child in reversed(below) if child not in made)
        else:
            made[node] = _spanned(node, [made[child] for child in below], span)


def _spanned(node: Any, below: list[Any], span: Span) -> Any:
    if isinstance(node, Constant):
        return Constant(node.data, span)
    if isinstance(node, Call):
        args = below if isinstance(node.op, Op) else below[1:]
        return Call(node.op if isinstance(node.op, Op) else below[0], args, node.attrs, node.type_args, span)
    if isinstance(node, Tuple):
        return Tuple(below, span)
    if isinstance(node, TupleGetItem):
        return TupleGetItem(below[0], node.index, span)
    return node
