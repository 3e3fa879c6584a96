"""The rows of a diff as text, with colours for a terminal that wants them.

      %0 = nn.conv2d(%data, …);
    + %1 = annotation.cast_hint(%0, dtype="int8");
    ~ %2 = nn.relu({%1});
    - %3 = clip(%2, a_min=0f, [-a_max=6f-]);
    + %3 = clip(%2, a_min=0f, {+a_max=1f+});
    : %4 = cast(%3) /* ty=Tensor[(1, 8), {int8}] */;

What reads another value now is in braces. Two lines with `[-…-]` and `{+…+}` in them are one line in which that
changed, as in `git diff --word-diff`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from helpers.diff.rows import COMMENTS, Cell, Row, folds

_RESET = "\x1b[0m"
_COLOURS = {"+": "\x1b[32m", "-": "\x1b[31m", "~": "\x1b[33m", ":": "\x1b[36m", "dim": "\x1b[2m", "mark": "\x1b[1m"}
_CHANGED = {"+": ("{+", "+}"), "-": ("[-", "-]")}


def wants_colour(stream: TextIO) -> bool:
    """Whether `stream` is a terminal that shows colours, and nobody asked for none (https://no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def text(rows: Sequence[Row], types: str, spans: str, colour: bool) -> str:
    """The rows, those without a change folded; `types` and `spans` are `hidden`, `dimmed` or `shown`."""
    views = {"type": types, "span": spans}
    lines: list[str] = []
    at = 0
    for start, end in [*folds(rows), (len(rows), len(rows))]:
        for row in rows[at:start]:
            lines += (_line(sign, cell, views, colour) for sign, cell in _cells(row))
        if end > start:
            lines.append(_painted(f"  … {end - start} unchanged lines", "dim", colour))
        at = end
    return "\n".join(lines)


def _cells(row: Row) -> Iterator[tuple[str, Cell]]:
    """The cells to write, each with the sign before it."""
    if row.before is not None and row.sign in "-±":
        yield "-", row.before
    if row.after is not None:
        yield ("+" if row.sign == "±" else row.sign), row.after


def _line(sign: str, cell: Cell, views: Mapping[str, str], colour: bool) -> str:
    written = [_painted(f"{sign} ", sign, colour)]
    for part, mark in cell:
        if mark in COMMENTS:
            shown = {views[word] for word in mark.split()} - {"hidden"}
            if shown:
                written.append(_painted(part, "dim" if "shown" not in shown else sign, colour))
        elif mark:
            before, after = _CHANGED.get(sign, ("{", "}")) if mark == "changed" else ("{", "}")
            written.append(_painted(f"{before}{part}{after}", sign, colour, _COLOURS["mark"]))
        else:
            written.append(_painted(part, sign, colour))
    return "".join(written).rstrip()


def _painted(part: str, name: str, colour: bool, more: str = "") -> str:
    paint = _COLOURS.get(name, "") + more
    return f"{paint}{part}{_RESET}" if colour and paint else part
