"""What a caller says of a network's inputs, checked."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .pytorch_convert.context import DTYPES, TORCH_DTYPES


@dataclass(frozen=True)
class InputInfo:
    """One input as the caller describes it; `dtype` is `None` where it is left open."""

    name: str
    shape: tuple[int, ...]
    dtype: str | None


def input_infos(given: Any) -> list[InputInfo]:
    """The inputs that `from_pytorch` is told of.

    Raises `TypeError` for what is no list of `(name, shape)` or `(name, (shape, dtype))`, `ValueError` where a name
    comes twice or a size is negative.
    """
    if not isinstance(given, list | tuple):
        raise TypeError(
            f"input_infos is a list of (name, shape), not {type(given).__name__}: write [('data', (1, 3, 224, 224))]"
        )
    infos = [_input_info(at, item) for at, item in enumerate(given)]
    names = [info.name for info in infos]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"two inputs are called {twice!r} in input_infos: give each a name of its own")
    return infos


def _input_info(at: int, item: Any) -> InputInfo:
    if not isinstance(item, tuple | list) or len(item) != 2 or not isinstance(item[0], str):
        raise TypeError(f"input_infos[{at}] is {item!r}: write (name, shape) or (name, (shape, dtype))")
    name, rest = item
    with_dtype = isinstance(rest, tuple | list) and len(rest) == 2 and isinstance(rest[0], tuple | list | torch.Size)
    shape, dtype = rest if with_dtype else (rest, None)
    if not isinstance(shape, Sequence) or isinstance(shape, str):
        raise TypeError(f"the shape of input {name!r} is {shape!r}: give a tuple of integers")
    for size in shape:
        if isinstance(size, bool) or not isinstance(size, int):
            raise TypeError(f"the shape of input {name!r} is {tuple(shape)!r}, and {size!r} is no integer")
        if size < 0:
            raise ValueError(f"the shape of input {name!r} is {tuple(shape)!r}, and {size} is negative")
    return InputInfo(name, tuple(shape), _dtype_name(name, dtype))


def _dtype_name(name: str, dtype: Any) -> str | None:
    if dtype is None:
        return None
    named = (
        DTYPES.get(dtype) if isinstance(dtype, torch.dtype) else {"float": "float32", "int": "int32"}.get(dtype, dtype)
    )
    if named not in TORCH_DTYPES:
        raise TypeError(f"the dtype of input {name!r} is {dtype!r}: give a name such as 'float32' or 'int64'")
    return str(named)


def check_inputs(infos: Sequence[InputInfo], recorded: Sequence[str]) -> None:
    """Raise `ValueError` unless there are as many inputs as the network takes (`recorded`: what it calls them)."""
    if len(infos) != len(recorded):
        takes = f"{len(recorded)} input{'s' * (len(recorded) != 1)} ({', '.join(recorded)})"
        raise ValueError(f"the network takes {takes} and input_infos lists {len(infos)}: give one entry for each")


def differs(info: InputInfo, recorded: Sequence[int] | None, how: str) -> str | None:
    """In what an input's shape differs from the one that the network was made with, or `None`."""
    if recorded is None or tuple(recorded) == info.shape:
        return None
    return f"input {info.name!r} is given as {info.shape}, and the network was {how} with {tuple(recorded)}"


@contextlib.contextmanager
def other_shapes(differences: Iterable[str | None]) -> Iterator[None]:
    """Refuse inputs of other shapes than the network was made with: what it calculated from them stays as it was.

    The reading goes on as far as it can, so that the error names the operator that does not take them.
    """
    found = [difference for difference in differences if difference is not None]
    try:
        yield
    except (TypeError, ValueError) as error:
        if found:
            raise ValueError(f"{found[0]}: {error}") from None
        raise
    if found:
        raise ValueError(f"{found[0]}: trace it again with an example of that shape")
