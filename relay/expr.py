"""The expressions of Relay: ten kinds of node, and the operators that Python has for them.

    Var  Constant  Call  Tuple  TupleGetItem  Let  If  Function  GlobalVar  TempExpr

All are real `tvm.ir.Expr` nodes, defined from Python: they go into a `tvm.IRModule`, compare by structure
(`tvm_ffi.structural_equal`, renamed variables seen through) and go to JSON and back. Nodes are never
changed once made. A pass that changes something makes a new node, and what it keeps stays shared.

Two reads of one field give two Python objects for one node: compare nodes with `==`, never with `is`.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tvm
import tvm_ffi
from tvm.ir import DictAttrs, GlobalVar, Op, SourceName, Span, Type
from tvm_ffi.dataclasses import field, py_class

from . import ty as _ty

__all__ = [
    "Call",
    "Constant",
    "Expr",
    "Function",
    "GlobalVar",
    "If",
    "Let",
    "RelayExpr",
    "SourceName",
    "Span",
    "TempExpr",
    "Tuple",
    "TupleGetItem",
    "TupleWrapper",
    "Var",
    "bind",
    "const",
    "var",
]


class ExprWithOp:
    """What every Relay expression can do: arithmetic, a checked type, text."""

    __slots__ = ()
    if TYPE_CHECKING:  # fields of the nodes that derive from this
        checked_type_: Any
        span: Any

    @property
    def checked_type(self) -> Any:
        """The type that `InferType` found.

        Raises `ValueError` where `InferType` has not run on this expression.
        """
        if self.checked_type_ is None:
            raise ValueError(
                f"this {type(self).__name__} has no checked type yet: run relay.transform.InferType() first"
            )
        return self.checked_type_

    def astype(self, dtype: str) -> Call:
        """`cast(self, dtype=...)`; same shape."""
        return _operator("cast")(self, dtype)

    def astext(self, show_meta_data: bool = True, annotate: Callable[[Any], str] | None = None) -> str:
        """The whole text, with its version line, and the constants where `show_meta_data`."""
        from .text import astext

        return astext(self, show_meta_data, annotate)

    def __repr__(self) -> str:
        from .text import pretty_print

        return pretty_print(self)

    __str__ = __repr__

    def __bool__(self) -> bool:
        raise TypeError(f"a Relay {type(self).__name__} has no truth value: compare with `is None`, or use relay.where")

    def __neg__(self) -> Call:
        return _operator("negative")(self)

    def __add__(self, other: Any) -> Call:
        return _operator("add")(self, _operand(other, self))

    def __radd__(self, other: Any) -> Call:
        return _operator("add")(_operand(other, self), self)

    def __sub__(self, other: Any) -> Call:
        return _operator("subtract")(self, _operand(other, self))

    def __rsub__(self, other: Any) -> Call:
        return _operator("subtract")(_operand(other, self), self)

    def __mul__(self, other: Any) -> Call:
        return _operator("multiply")(self, _operand(other, self))

    def __rmul__(self, other: Any) -> Call:
        return _operator("multiply")(_operand(other, self), self)

    def __truediv__(self, other: Any) -> Call:
        return _operator("divide")(self, _operand(other, self))

    def __rtruediv__(self, other: Any) -> Call:
        return _operator("divide")(_operand(other, self), self)

    def __lt__(self, other: Any) -> Call:
        return _operator("less")(self, _operand(other, self))

    def __le__(self, other: Any) -> Call:
        return _operator("less_equal")(self, _operand(other, self))

    def __gt__(self, other: Any) -> Call:
        return _operator("greater")(self, _operand(other, self))

    def __ge__(self, other: Any) -> Call:
        return _operator("greater_equal")(self, _operand(other, self))

    def __call__(self, *args: Any) -> Call:
        """Call this expression as a function."""
        return Call(self, args)


@py_class("relay.RelayExpr", structural_eq="dag", repr=False)
class RelayExpr(ExprWithOp, tvm.ir.Expr):
    """The base class of Relay's expressions.

    `checked_type_` takes no part in structural equality: what is inferred says nothing new.
    """

    checked_type_: Any = field(default=None, structural_eq="ignore", kw_only=True)

    def __getitem__(self, index: int) -> Any:
        raise TypeError(
            f"a Relay {type(self).__name__} is not indexed: use relay.TupleGetItem for a field of a tuple, "
            "or relay.strided_slice and relay.take for a part of a tensor"
        )

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(
            f"a Relay {type(self).__name__} is not iterable: use relay.split, or TupleGetItem for each field"
        )


Expr = RelayExpr


@py_class("relay.Var", structural_eq="var", init=False, repr=False)
class Var(RelayExpr):
    """A variable: a parameter of a function, or what a `Let` binds.

    `name_hint` is for the reader; two variables of one name are two variables.
    """

    name_hint: str = field(structural_eq="ignore")
    type_annotation: Any = field(default=None)

    def __init__(self, name_hint: str, type_annotation: Type | None = None, span: Span | None = None) -> None:
        self.__ffi_init__(name_hint=name_hint, type_annotation=type_annotation, span=span)


@py_class("relay.Constant", structural_eq="tree", init=False, repr=False)
class Constant(RelayExpr):
    """A tensor whose numbers are known; `data` is a `tvm.runtime.Tensor`."""

    data: tvm.runtime.Tensor

    def __init__(self, data: Any, span: Span | None = None) -> None:
        if not isinstance(data, tvm.runtime.Tensor):
            array = np.asarray(data)
            data = tvm.runtime.tensor(np.ascontiguousarray(array).reshape(array.shape))  # which makes rank 0 rank 1
        self.__ffi_init__(data=data, span=span)

    def value(self) -> np.ndarray:
        """The numbers as a NumPy array that shares the memory of the constant: do not write to it."""
        return np.from_dlpack(self.data) if self.data.dtype != "bool" else self.data.numpy()


@py_class("relay.Call", structural_eq="dag", init=False, repr=False)
class Call(RelayExpr):
    """`op(args, attrs)`: `op` is an operator, or any expression that is a function."""

    op: Any
    args: tvm_ffi.Array[Any]
    attrs: Any = field(default=None)
    type_args: tvm_ffi.Array[Any] = field(default_factory=list, structural_eq="ignore")

    def __init__(
        self,
        op: Any,
        args: Sequence[Any],
        attrs: tvm.ir.Attrs | None = None,
        type_args: Sequence[Type] | None = None,
        span: Span | None = None,
    ) -> None:
        op = _expression(op, "what is called")
        self.__ffi_init__(op=op, args=_expressions(args), attrs=attrs, type_args=type_args or (), span=span)


@py_class("relay.Tuple", structural_eq="dag", init=False, repr=False)
class Tuple(RelayExpr):
    """Several expressions as one value."""

    fields: tvm_ffi.Array[Any]

    def __init__(self, fields: Sequence[Any], span: Span | None = None) -> None:
        self.__ffi_init__(fields=_expressions(fields), span=span)

    def __getitem__(self, index: int) -> Any:
        return self.fields[index]

    def __len__(self) -> int:
        return len(self.fields)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.fields)


@py_class("relay.TupleGetItem", structural_eq="dag", init=False, repr=False)
class TupleGetItem(RelayExpr):
    """One field of a tuple, by its index from 0."""

    tuple_value: Any
    index: int

    def __init__(self, tuple_value: Any, index: int, span: Span | None = None) -> None:
        self.__ffi_init__(tuple_value=_expression(tuple_value, "the tuple"), index=index, span=span)


@py_class("relay.Let", structural_eq="dag", init=False, repr=False)
class Let(RelayExpr):
    """`let var = value; body`."""

    var: Any = field(structural_eq="def")
    value: Any
    body: Any

    def __init__(self, variable: Var, value: Any, body: Any, span: Span | None = None) -> None:
        if not isinstance(variable, Var):
            raise TypeError(f"a let binds a relay.Var, not {type(variable).__name__}: make one with relay.var")
        value, body = _expression(value, "the value"), _expression(body, "the body")
        self.__ffi_init__(var=variable, value=value, body=body, span=span)


@py_class("relay.If", structural_eq="dag", init=False, repr=False)
class If(RelayExpr):
    """`if (cond) { true_branch } else { false_branch }`; `cond` is a bool of rank 0, the branches have one type."""

    cond: Any
    true_branch: Any
    false_branch: Any

    def __init__(self, cond: Any, true_branch: Any, false_branch: Any, span: Span | None = None) -> None:
        cond = _expression(cond, "the condition")
        taken, other = _expression(true_branch, "the first branch"), _expression(false_branch, "the second branch")
        self.__ffi_init__(cond=cond, true_branch=taken, false_branch=other, span=span)


@py_class("relay.Function", structural_eq="dag", init=False, repr=False)
class Function(ExprWithOp, tvm.ir.BaseFunc):
    """`fn (params) -> ret_type { body }`, with attributes such as `Primitive=1`."""

    params: tvm_ffi.Array[Any] = field(structural_eq="def")
    body: Any
    ret_type: Any = field(default=None)
    checked_type_: Any = field(default=None, structural_eq="ignore")

    def __init__(
        self,
        params: Sequence[Var],
        body: Any,
        ret_type: Type | None = None,
        type_params: Sequence[Any] | None = None,
        attrs: DictAttrs | Mapping[str, Any] | None = None,
        span: Span | None = None,
    ) -> None:
        if type_params:
            raise ValueError("a function of this dialect takes no type parameters: leave type_params out")
        for param in params:
            if not isinstance(param, Var):
                raise TypeError(
                    f"a function's parameters are relay.Var, not {type(param).__name__}: make one with relay.var"
                )
        if len(set(params)) != len(params):
            raise ValueError("a function has one of its parameters twice: make a variable for each with relay.var")
        if not isinstance(attrs, DictAttrs):
            attrs = tvm.ir.make_node("ir.DictAttrs", **(attrs or {}))
        body = _expression(body, "the body")
        self.__ffi_init__(params=list(params), body=body, ret_type=ret_type, attrs=attrs, span=span)

    def __call__(self, *args: Any) -> Call:
        """Call the function with Relay expressions."""
        return Call(self, args)


@py_class("relay.TempExpr", structural_eq=None, repr=False)
class TempExpr(RelayExpr):
    """A marker that a rewriting rule leaves for the next one; it is gone when the rewriting ends.

    A subclass holds what the next rule needs to know and has `realize`, which gives the ordinary expression.
    """

    def realize(self) -> Any:
        """The ordinary expression that stands for this marker."""
        raise TypeError(f"{type(self).__name__} does not say what it becomes: give it a method realize()")


class TupleWrapper:
    """The result of an operator with several results: indexed and iterated as a Python tuple is.

    `astuple()` is the call itself, whose type is a tuple.
    """

    def __init__(self, tuple_value: Any, size: int) -> None:
        self.tuple_value = tuple_value
        self.size = size

    def astuple(self) -> Any:
        """The call whose value is the tuple."""
        return self.tuple_value

    def astext(self, show_meta_data: bool = True) -> str:
        """The text of the call."""
        return str(self.tuple_value.astext(show_meta_data))

    def __getitem__(self, index: int) -> TupleGetItem:
        if not -self.size <= index < self.size:
            raise IndexError(f"this result has {self.size} fields, there is no field {index}")
        return TupleGetItem(self.tuple_value, index % self.size)

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[TupleGetItem]:
        return (self[i] for i in range(self.size))

    def __repr__(self) -> str:
        return f"TupleWrapper({self.tuple_value!r}, {self.size})"


def var(
    name_hint: str,
    type_annotation: Type | str | None = None,
    shape: Sequence[int] | None = None,
    dtype: str = "float32",
    span: Span | None = None,
) -> Var:
    """A variable; its type is given whole, or as a shape and a dtype.

    Raises `ValueError` where both a type and a shape are given.
    """
    if type_annotation is not None and shape is not None:
        raise ValueError(f"relay.var({name_hint!r}) is given a type and a shape: leave one of them out")
    if shape is not None:
        type_annotation = _ty.TensorType(shape, dtype)
    elif isinstance(type_annotation, str):
        type_annotation = _ty.TensorType((), type_annotation)
    return Var(name_hint, type_annotation, span)


def const(value: Any, dtype: str | None = None, span: Span | None = None) -> Constant:
    """A constant from a number, a list, a NumPy array or a `tvm.runtime.Tensor`.

    Without `dtype`, 64 bits become 32, as Relay has it: numbers and arrays of `float64` are `float32` then, `int64`
    are `int32`. A `tvm.runtime.Tensor` stays as it is.
    Raises `TypeError` for what is no number or array of numbers.
    """
    if isinstance(value, tvm.runtime.Tensor) and dtype is None:
        return Constant(value, span)
    array = value.numpy() if isinstance(value, tvm.runtime.Tensor) else np.asarray(value)
    if array.dtype == object or array.dtype.kind not in "biufV":
        raise TypeError(
            f"relay.const takes numbers and arrays of numbers, not {type(value).__name__}: convert it first"
        )
    if dtype is None:
        dtype = {"int64": "int32", "float64": "float32"}.get(str(array.dtype))
    return Constant(array if dtype is None else array.astype(dtype), span)


def bind(expr: Any, binds: Mapping[Var, Any]) -> Any:
    """`expr` with each variable of `binds` replaced; a function loses the parameters that are replaced.

        fn (%x, %w) { add(%x, %w) }   bind {%w: c}   fn (%x) { add(%x, c) }

    Nested functions and lets keep what they bind themselves. Raises `TypeError` where a key is no variable
    or a value no expression.
    """
    from .expr_functor import rewrite

    for variable in binds:
        if not isinstance(variable, Var):
            raise TypeError(f"relay.bind replaces variables, not {type(variable).__name__}: give relay.Var as keys")
    table = {variable: _expression(value, f"the value of %{variable.name_hint}") for variable, value in binds.items()}
    body = expr.body if isinstance(expr, Function) else expr
    new = rewrite(body, lambda old, made: table.get(old, made) if isinstance(old, Var) else made)
    if not isinstance(expr, Function):
        return new
    params = [param for param in expr.params if param not in table]
    return Function(params, new, expr.ret_type, None, expr.attrs, expr.span)


def _operand(value: Any, beside: Any) -> Any:
    """What stands beside an expression must be one too: Relay guesses no dtype for a Python number."""
    if isinstance(value, ExprWithOp | GlobalVar):
        return value
    if isinstance(value, numbers.Number):
        raise TypeError(
            f'convert "{value}" with `const` first: relay.const({value}, dtype) stands beside an expression'
        )
    raise TypeError(
        f"{type(value).__name__} stands beside a Relay {type(beside).__name__}: make it a relay.const first"
    )


def _expression(value: Any, what: str) -> Any:
    """`value` as a node: a `TupleWrapper` gives its call."""
    if isinstance(value, TupleWrapper):
        return value.astuple()
    if not isinstance(value, tvm.ir.Expr):
        raise TypeError(f"{what} is {type(value).__name__}, no Relay expression: make it a relay.var or relay.const")
    return value


def _expressions(values: Sequence[Any]) -> list[Any]:
    return [_expression(value, f"argument {at}") for at, value in enumerate(values)]


def _operator(name: str) -> Callable[..., Call]:
    # Operators are made of expressions, so their module is known only once this one is.
    from .op import op as _op

    return _op.function(name)


def is_operator(expr: Any, name: str | None = None) -> bool:
    """Whether `expr` is a call of an operator, and of the one called `name` where that is given."""
    return isinstance(expr, Call) and isinstance(expr.op, Op) and (name is None or expr.op.name == name)
