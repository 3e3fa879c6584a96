"""The table of converters."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

Converter = Callable[..., Any]

_TABLE: dict[str, Converter] = {}
_NUMBERS: set[str] = set()

# What a call says about where and how fast, never about the result.
_WITHOUT_EFFECT = frozenset(
    {"memory_format", "layout", "device", "pin_memory", "non_blocking", "copy", "implicit", "generator"}
    | {"benchmark", "deterministic", "cudnn_enabled", "cudnn_enable", "allow_tf32", "sparse", "scale_grad_by_freq"}
)


def converts(*kinds: str, numbers: bool = False) -> Callable[[Converter], Converter]:
    """Enter a function into the table under the names of PyTorch operators, such as `aten::relu`.

    A trace makes tensors of numbers. With `numbers` the function takes such a number as it is, where others get a
    constant.
    """

    def enter(converter: Converter) -> Converter:
        for kind in kinds:
            if kind in _TABLE:
                raise ValueError(f"{kind} is converted by two functions: take it off one of them")
            _TABLE[kind] = converter
            if numbers:
                _NUMBERS.add(kind)
        return converter

    return enter


def converter_of(kind: str) -> Converter | None:
    """The converter of an operator; the one that works in place (`aten::add_`) has that of the other (`aten::add`)."""
    if kind in _TABLE or not is_in_place(kind):
        return _TABLE.get(kind)
    return _TABLE.get(kind[:-1])


def keeps_numbers(kind: str) -> bool:
    """Whether the converter of an operator takes numbers as they are."""
    return kind in _NUMBERS or (is_in_place(kind) and kind[:-1] in _NUMBERS)


def is_in_place(kind: str) -> bool:
    """Whether the operator writes its result into its first argument."""
    return kind.startswith("aten::") and kind.endswith("_") and not kind.endswith("__")


@functools.cache
def takes_none(name: str) -> bool:
    """Whether an argument of that name changes nothing about the result."""
    return name in _WITHOUT_EFFECT
