"""The types of Relay: what `/* ty=... */` says in its text.

A tensor has a shape and a dtype, a tuple has fields, a function has argument types and a result:

    Tensor[(1, 16, 4, 4), float32]
    (Tensor[(1, 8), float32], Tensor[(8), float32])
    fn (Tensor[(1, 3, 4, 4), float32]) -> Tensor[(1, 8), float32]

Shapes are known numbers here; the symbolic dimensions (`?`) of TVM v0.16 are not carried over.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import tvm_ffi
from tvm.ir import Span, Type
from tvm_ffi.dataclasses import py_class


class _PrintsAsRelay:
    """Types show themselves in Relay's notation, not in TVMScript."""

    __slots__ = ()

    def __repr__(self) -> str:
        return type_text(self)

    __str__ = __repr__

    def __hash__(self) -> int:
        return int(tvm_ffi.structural_hash(self))


@py_class("relay.TensorType", init=False, repr=False)
class TensorType(_PrintsAsRelay, Type):
    """A dense array of `dtype` with the given `shape`; `()` is a scalar.

    Raises `TypeError` where a dimension is no integer, `ValueError` where one is negative or there is no such dtype.
    """

    shape: tvm_ffi.Array[int]
    dtype: str

    def __init__(self, shape: Iterable[int], dtype: str = "float32", span: Span | None = None) -> None:
        if not isinstance(shape, Iterable):
            raise TypeError(f"a tensor's shape is a tuple of integers, not {shape!r}: write ({shape!r},)")
        dims = [_dimension(dim, shape) for dim in shape]
        self.__ffi_init__(shape=dims, dtype=_dtype(str(dtype)), span=span)

    @property
    def concrete_shape(self) -> tuple[int, ...]:
        """The shape as a tuple of Python integers."""
        return tuple(self.shape)


@py_class("relay.TupleType", init=False, repr=False)
class TupleType(_PrintsAsRelay, Type):
    """The type of a tuple, field by field."""

    fields: tvm_ffi.Array[Any]

    def __init__(self, fields: Sequence[Type], span: Span | None = None) -> None:
        self.__ffi_init__(fields=list(fields), span=span)


@py_class("relay.FuncType", init=False, repr=False)
class FuncType(_PrintsAsRelay, Type):
    """The type of a function: what it takes and what it gives."""

    arg_types: tvm_ffi.Array[Any]
    ret_type: Any

    def __init__(self, arg_types: Sequence[Type], ret_type: Type, span: Span | None = None) -> None:
        self.__ffi_init__(arg_types=list(arg_types), ret_type=ret_type, span=span)


def scalar_type(dtype: str) -> TensorType:
    """The type of a tensor of rank 0."""
    return TensorType((), dtype)


def type_text(ty: Type) -> str:
    """`ty` in Relay's notation. A tensor of rank 0 is written as its dtype alone."""
    if isinstance(ty, TensorType):
        dims = ", ".join(map(str, ty.shape))
        return f"Tensor[({dims}), {ty.dtype}]" if len(ty.shape) else str(ty.dtype)
    if isinstance(ty, TupleType):
        inside = ", ".join(type_text(field) for field in ty.fields)
        return f"({inside},)" if len(ty.fields) == 1 else f"({inside})"
    if isinstance(ty, FuncType):
        taken = ", ".join(type_text(arg) for arg in ty.arg_types)
        return f"fn ({taken}) -> {type_text(ty.ret_type)}"
    return str(ty)


def _dimension(dim: Any, shape: Iterable[int]) -> int:
    try:
        size = int(dim)
        if isinstance(dim, float) and size != dim:
            raise ValueError
    except (TypeError, ValueError):
        raise TypeError(
            f"a tensor's shape is made of integers, {shape!r} holds {dim!r}: give a number for it"
        ) from None
    if size < 0:
        raise ValueError(f"a tensor's shape has no negative sizes, {shape!r} holds {size}: give its real size")
    return size


@functools.lru_cache
def _dtype(name: str) -> str:
    try:
        return str(tvm_ffi.dtype(name))
    except ValueError:
        raise ValueError(f"there is no dtype {name!r}: write one such as 'float32' or 'int8'") from None
