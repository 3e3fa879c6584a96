"""How an operator's attributes are declared: a class with the names that Relay has, in Relay's order.

    @attributes("Conv2DAttrs")
    class Conv2DAttrs(Attrs):
        strides: Ints = (1, 1)
        channels: int | None = None

The text shows an attribute where it differs from its default, and always where it has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import tvm.ir
import tvm_ffi
from tvm_ffi.dataclasses import fields, py_class

from ..expr import Constant, Expr

__all__ = ["Attrs", "Ints", "attributes", "integer", "integers"]

Ints: TypeAlias = tvm_ffi.Array[int]


@py_class("relay.Attrs", structural_eq="tree")
class Attrs(tvm.ir.Attrs):
    """The attributes of a call, read as `attrs.strides` or, where the name is a string, as `attrs["strides"]`."""

    def keys(self) -> list[str]:
        """The names of the attributes, in Relay's order."""
        return [entry.name for entry in fields(type(self))]

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


def attributes(name: str) -> Callable[[type], Any]:
    """Make a class the attributes `relay.attrs.<name>`: a TVM node, compared by its fields, made with keywords.

    The class gets that name too, so one class body can serve several operators.
    """

    def declare(body: type) -> Any:
        body.__name__ = body.__qualname__ = name
        return py_class(f"relay.attrs.{name}", structural_eq="tree", kw_only=True)(body)

    return declare


def integers(value: Any, what: str) -> list[int]:
    """A shape, axes or the like, given as integers, as one integer, or as a constant of rank 1.

    Raises `TypeError` for anything else; `what` names the argument in the message.
    """
    if isinstance(value, Constant):
        return [int(number) for number in value.value().reshape(-1)]
    if isinstance(value, Expr):
        raise TypeError(f"{what} is a {type(value).__name__}, whose numbers are not known: give integers or a constant")
    return [integer(number, what) for number in value] if isinstance(value, Iterable) else [integer(value, what)]


def integer(value: Any, what: str) -> int:
    """A whole number, such as an axis. Raises `TypeError` for anything else."""
    if isinstance(value, Expr):
        raise TypeError(f"{what} has a {type(value).__name__} in it, whose number is not known: give integers")
    try:
        whole = int(value)
    except (TypeError, ValueError):
        whole = None
    if whole is None or whole != value:
        raise TypeError(f"{what} is {value!r}: give integers")
    return whole
