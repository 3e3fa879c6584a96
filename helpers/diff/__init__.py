"""What a pass changed: two modules or two functions, line beside line.

      %0 = nn.conv2d(%data, meta[relay.Constant][0], padding=[1, 1, 1, 1], channels=4, kernel_size=[3, 3]);
    + %1 = annotation.cast_hint(%0, dtype="int8");
    ~ %2 = nn.relu({%1});

Expressions are compared by what they are, not by their numbers: `%0` that became `%1` is no change. An expression stays
where it has the same operator (its attributes and operands may differ), is new or is gone. Nothing is marked exactly
where the two have one structure, as `tvm.ir.structural_equal` has it.
"""

from __future__ import annotations

import functools
import sys
from collections import Counter
from typing import Any

import tvm
from tvm import relay

from helpers.diff import html, terminal
from helpers.diff.edits import Edits, apply, edits
from helpers.diff.listing import listing
from helpers.diff.pairing import pair
from helpers.diff.program import Known, Program
from helpers.diff.rows import Row, folds, rows
from helpers.text import kind

__all__ = ["Diff", "diff"]


class Diff:
    """The difference of two modules or functions; `diff` makes it. It is true where there is any.

    Shows itself as a table in a notebook, in colour in a terminal, and as text elsewhere. `rows` is what all of these
    are drawn from, see `helpers.diff.rows`. `edits` is the difference itself, see `helpers.diff.edits`.
    """

    def __init__(self, before: Any, after: Any, types: str, spans: str) -> None:
        known = Known()
        self._programs = Program(before, known), Program(after, known)
        self._pairs = pair(*self._programs)
        self._views = types, spans
        self.edits = edits(*self._programs, self._pairs)

    @functools.cached_property
    def rows(self) -> list[Row]:
        """The lines of both, side by side."""
        before, after = self._programs
        types = self.edits.types is not None
        return rows(self._programs, (listing(before, types), listing(after, types)), self._pairs)

    def __bool__(self) -> bool:
        return bool(self.edits)

    @property
    def new(self) -> int:
        """How many lines are new."""
        return self._count("+")

    @property
    def gone(self) -> int:
        """How many lines are gone."""
        return self._count("-")

    @property
    def changed(self) -> int:
        """How many lines stay, but are changed or read another value."""
        return self._count("±~")

    def _count(self, signs: str) -> int:
        return sum(row.sign in signs for row in self.rows)

    def apply(self, before: Any) -> Any:
        """Make what `after` was out of what `before` was. Only what is reported is known of `after`."""
        return apply(self.edits, before)

    def __str__(self) -> str:
        return terminal.text(self.rows, *self._views, colour=False)

    def __repr__(self) -> str:
        return terminal.text(self.rows, *self._views, colour=terminal.wants_colour(sys.stdout))

    def show(self) -> None:
        """Print it, in colour where the output is a terminal."""
        print(repr(self))

    def _repr_html_(self) -> str:
        return html.html(self.rows, self.summary, *self._views)

    def data(self) -> dict[str, Any]:
        """All that there is to draw, ready for JSON: `summary`, `rows`, and in `folds` which rows to fold."""
        return {"summary": self.summary, "rows": self.rows, "folds": folds(self.rows)}

    @property
    def summary(self) -> str:
        """How many lines are new, gone, changed and so on, in a sentence."""
        if not self:
            return f"No difference in {len(self.rows)} lines."
        counted = Counter(row.sign for row in self.rows)
        said = [f"{counted[sign]} {words}" for sign, words in _SUMMARY if counted[sign]]
        return f"Of {len(self.rows)} lines: {', '.join(said)}."


_SUMMARY = (
    ("+", "new"),
    ("-", "gone"),
    ("±", "changed"),
    ("~", "with another operand"),
    (":", "of another type"),
    (" ", "unchanged"),
)


def diff(before: Any, after: Any, *, types: str = "hidden", spans: str = "hidden") -> Diff:
    """What is different in `after`: two modules, or two functions.

    `types` and `spans` are `"hidden"`, `"dimmed"` or `"shown"`; a type that is another now is always shown.
    Raises `TypeError` for anything else than modules and functions of Relay, `ValueError` for another word.
    """
    kinds = [_kind(thing, which) for thing, which in ((before, "first"), (after, "second"))]
    if kinds[0] != kinds[1]:
        raise TypeError(f"diff is given a {kinds[0]} and a {kinds[1]}: give two of one kind, such as mod['main']")
    for name, view in (("types", types), ("spans", spans)):
        if view not in html.VIEWS:
            raise ValueError(f"diff is given {name}={view!r}: give one of {', '.join(html.VIEWS)}")
    return Diff(before, after, types, spans)


def _kind(thing: Any, which: str) -> str:
    if isinstance(thing, tvm.IRModule):
        return "module"
    if isinstance(thing, relay.Function):
        return "function"
    raise TypeError(
        f"diff compares two modules or two functions, and the {which} is {kind(thing)}: "
        "make a module of an expression with tvm.IRModule.from_expr"
    )
