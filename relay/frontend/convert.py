"""Calling the converters: the arguments by name, spans on what they make, and what is missing, all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import tvm
from tvm.ir import Span

from ..expr import SourceName, Tuple, TupleWrapper, const
from .pytorch_convert import Context, converter_of
from .pytorch_convert.context import is_expr, with_span
from .pytorch_convert.scalar import on_python_values
from .pytorch_convert.table import keeps_numbers, takes_none

Custom = Mapping[str, Callable[[list[Any], list[str]], Any]]


@dataclass(frozen=True)
class Options:
    """How to import; see `from_pytorch`."""

    custom: Custom
    default_dtype: str
    parser_friendly: bool
    scopes: bool

    def friendly(self, name: str) -> str:
        """`name`, without the characters that a parser of Relay's text would stop at if that is wanted."""
        return name.replace("::", "__").replace(".", "_") if self.parser_friendly else name


@dataclass(frozen=True)
class Network:
    """What was read: the body of `main`, the variables of its inputs, and the parameters by name."""

    body: Any
    inputs: list[Any]
    params: dict[str, tvm.runtime.Tensor]


@dataclass(frozen=True)
class Place:
    """Where an operator stands: the path of its module, `features.3.conv`, and a line of Python."""

    module: str
    line: str

    def __str__(self) -> str:
        named = f"module {self.module}" if self.module else "the outermost module"
        return f"{named} ({self.line})" if self.line else named


@dataclass(frozen=True)
class Schema:
    """The names of an operator's arguments; none where PyTorch has no schema for it."""

    names: tuple[str, ...]
    takes_tensor: bool = False

    @staticmethod
    def of(schema: Any) -> Schema:
        """The schema of PyTorch's; `takes_tensor` is about the first argument."""
        arguments = list(schema.arguments)
        return Schema(
            tuple(argument.name for argument in arguments),
            bool(arguments) and str(arguments[0].type) in ("Tensor", "Optional[Tensor]"),
        )


class MissingOperator(NotImplementedError):
    """Operators have no converter."""


class _Unknown:
    """The result of an operator that is missing, and of all that uses it."""

    def __repr__(self) -> str:
        return "unknown"


class Conversion:
    """One import's converters, our own and those that the caller brings."""

    UNKNOWN = _Unknown()

    def __init__(self, context: Context, custom: Custom) -> None:
        self.context = context
        self.custom = custom
        self.missing: dict[str, list[Place]] = {}

    def call(self, kind: str, schema: Schema, inputs: list[Any], span: Span | None, place: Place) -> Any:
        """What an operator's call becomes; every new node has `span` and a type that fits."""
        converter = converter_of(kind)
        plain = not any(map(_has_tensor, inputs)) and on_python_values(kind)
        if kind not in self.custom and converter is None and not plain:
            self.missing.setdefault(kind, []).append(place)
            return self.UNKNOWN
        if any(map(_is_unknown, inputs)):
            return self.UNKNOWN
        try:
            if plain and kind not in self.custom:
                return plain(*inputs)
            result = with_span(self._made(kind, converter, schema, inputs), span)
            self._check(result)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise _at_place(error, kind, place) from error
        return result

    def _made(self, kind: str, converter: Any, schema: Schema, inputs: list[Any]) -> Any:
        if kind in self.custom:
            return self.custom[kind](inputs, [self._type_name(value) for value in inputs])
        names = schema.names
        first, *rest = inputs or [()]
        if schema.takes_tensor and isinstance(first, bool | int | float) and not keeps_numbers(kind):
            first = const(first)
        keywords = dict(zip(names[1:], rest, strict=True)) if names else {}
        taken = {name: value for name, value in keywords.items() if not takes_none(name)}
        if not inputs or takes_none(names[0] if names else ""):
            return converter(self.context, **taken)
        return converter(self.context, first, **taken) if names else converter(self.context, *inputs)

    def _check(self, result: Any) -> None:
        if isinstance(result, TupleWrapper):
            result = result.astuple()
        for value in result if isinstance(result, list | tuple) else (result,):
            if is_expr(value):
                self.context.type_of(value)

    def _type_name(self, value: Any) -> str:
        """The type of an argument, for a converter that the caller brings."""
        return self.context.dtype(value) if is_expr(value) else type(value).__name__

    def raise_if_missing(self) -> None:
        """Raise `NotImplementedError` with all operators that were missing and each of their places."""
        if not self.missing:
            return
        listed = "; ".join(f"{kind} in {_places(places)}" for kind, places in self.missing.items())
        raise MissingOperator(
            f"The following operators are not implemented: {sorted(self.missing)}: {listed}. "
            "Give a converter for each in custom_convert_map"
        )


def _places(places: Sequence[Place]) -> str:
    return ", ".join(dict.fromkeys(map(str, places)))


def _at_place(error: Exception, kind: str, place: Place) -> Exception:
    """The same error, with the operator and its place in the network."""
    base = next(c for c in (NotImplementedError, ValueError, TypeError) if isinstance(error, c))
    return base(f"{error} (converting {kind} in {place})")


def _is_unknown(value: Any) -> bool:
    return isinstance(value, _Unknown) or (isinstance(value, list | tuple) and any(map(_is_unknown, value)))


def _has_tensor(value: Any) -> bool:
    return is_expr(value) or (isinstance(value, list | tuple) and any(map(_has_tensor, value)))


def as_result(value: Any) -> Any:
    """What a network returns as one expression: of several results, and of lists among them, a tuple is made."""
    if isinstance(value, TupleWrapper):
        return value.astuple()
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return Tuple([as_result(item) for item in value])
    if value is None:
        raise ValueError("the network returns None: return a tensor, or a tuple of tensors")
    return const(value) if isinstance(value, bool | int | float) else value


def as_tensor(data: torch.Tensor) -> tvm.runtime.Tensor:
    """A parameter's numbers, copied: training on must not change what was imported."""
    if data.dtype == torch.bfloat16:
        raise NotImplementedError("a parameter is bfloat16, which is not imported: convert the network with .float()")
    array = data.detach().cpu().numpy()
    return tvm.runtime.tensor(np.ascontiguousarray(array).reshape(array.shape))


def constant_array(data: torch.Tensor) -> np.ndarray:
    """A tensor that was made while tracing; its integers have 32 bits, as Relay's own constants, where they fit."""
    array = data.detach().cpu().contiguous().numpy()
    narrow = {"int64": "int32", "float64": "float32"}.get(str(array.dtype))
    if narrow == "float32" or (narrow and np.array_equal(array, array.astype(narrow))):
        return array.astype(narrow)
    return array


def span_of(name: str | None) -> Span | None:
    """The span of that name. PyTorch's graphs have no lines of their own, so line and column are 0."""
    return None if name is None else Span(SourceName(name), 0, 0, 0, 0)
