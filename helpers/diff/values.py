"""What attributes and constants hold, and how that is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from tvm import relay

from helpers.text import shown

_SHARED = frozenset((*(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)), "float32", "float64"))
_AT_ONCE = 1 << 16


def attribute_values(attrs: Any) -> dict[str, Any]:
    """The attributes of a call or a function by name, those at their default too."""
    return {str(name): attrs[name] for name in attrs.keys()} if attrs is not None else {}  # noqa: SIM118  no mapping


def exact(value: Any) -> str:
    """A text that two values share where they are one value: of a float it has all bits."""
    if isinstance(value, (int, str)):
        return repr(value)
    if isinstance(value, float):
        return value.hex()
    if isinstance(value, relay.Constant):
        return f"{value.data.dtype}{array_of(value).shape}{array_of(value).tobytes().hex()}"
    if isinstance(value, Mapping) or hasattr(value, "items"):
        return "{" + ", ".join(sorted(f"{exact(key)}: {exact(item)}" for key, item in value.items())) + "}"
    if hasattr(value, "__iter__"):
        return f"[{', '.join(map(exact, value))}]"
    return repr(value)


def written_attributes(expr: Any) -> list[tuple[str, str]]:
    """The attributes of a call or a function that its text has: each name with `name=value`.

    They are read off the text of a call without arguments, for only Relay knows which of them it leaves out.
    """
    if isinstance(expr, relay.Call):
        alone = str(relay.Call(expr.op, [], expr.attrs))
        inside = alone[alone.index("(") + 1 : alone.rindex(")")]
    else:
        inside = str(relay.Function([], relay.Tuple([]), None, None, expr.attrs))
        inside = inside[inside.index("(") + 1 : inside.rindex(") {\n  ()\n}")]
    return list(_cut(inside, attribute_values(expr.attrs)))


def _cut(inside: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`a=1, b=[2, 3], c="d, e"` at the commas that stand before a name, outside brackets and quotes."""
    start, end, depth, quoted = 0, _text_end(inside, 0, values), 0, False
    for at, char in enumerate(inside):
        if at < end:
            continue
        if char == '"' and inside[at - 1 : at] != "\\":
            quoted = not quoted
        elif not quoted and char in "([{":
            depth += 1
        elif not quoted and char in ")]}":
            depth -= 1
        elif char == "," and not quoted and depth == 0 and inside[at + 1 :].lstrip().split("=")[0] in values:
            yield _named(inside[start:at])
            start, end = at + 1, _text_end(inside, at + 1, values)
    if inside:
        yield _named(inside[start:])


def _text_end(inside: str, start: int, values: Mapping[str, Any]) -> int:
    """Where the text behind `name=` ends, as it is or with escapes; `start` where no text stands there."""
    name, _, _ = inside[start:].lstrip().partition("=")
    at = inside.find("=", start) + 1
    value = values.get(name)
    texts = (f'"{value}"', json.dumps(value, ensure_ascii=False)) if isinstance(value, str) else ()
    return next((at + len(text) for text in texts if inside.startswith(text, at)), start)


def _named(written: str) -> tuple[str, str]:
    written = written.strip()
    return written.split("=")[0], shown(written)


def array_of(constant: Any) -> np.ndarray:
    """The numbers of a constant; where NumPy can share their memory, it does."""
    data = constant.data
    return np.from_dlpack(data) if str(data.dtype) in _SHARED else data.numpy()


def first_difference(first: np.ndarray, second: np.ndarray) -> tuple[int, ...]:
    """Where two arrays of one shape and dtype first differ, bit for bit; they do."""
    kind = f"u{first.dtype.itemsize}"
    ours, theirs = (np.ascontiguousarray(array).reshape(-1).view(kind) for array in (first, second))
    starts = range(0, ours.size, _AT_ONCE)
    places = (
        start + np.flatnonzero(ours[start : start + _AT_ONCE] != theirs[start : start + _AT_ONCE]) for start in starts
    )
    return tuple(map(int, np.unravel_index(next(int(found[0]) for found in places if found.size), first.shape)))
