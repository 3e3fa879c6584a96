"""What a check says: HTML in a notebook, and text elsewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from typing import NamedTuple

STYLE = """
.relay-verdict { margin: 0.5em 0; color: var(--pst-color-text-base, inherit); }
.relay-verdict ul { list-style: none; margin: 0; padding: 0; }
.relay-verdict li { margin: 0.25em 0; padding: 0.1em 0.6em 0.1em 2.2em; text-indent: -1.6em; }
.relay-verdict li.right { border-left: 4px solid rgb(46 160 67); }
.relay-verdict li.missing { border-left: 4px dashed rgb(190 130 20); }
.relay-verdict code { color: inherit; background: rgb(128 128 128 / 14%); padding: 0 0.2em; border-radius: 2px; }
"""


class Line(NamedTuple):
    """One thing that an exercise asks for, and why it is not so; nothing where it is."""

    asked: str
    because: str = ""

    def __str__(self) -> str:
        return f"not yet: {self.asked}, because {self.because}" if self.because else f"right: {self.asked}"

    def behind(self, reason: str) -> str:
        """The line where `reason` has been given already."""
        return f"not yet: {self.asked}, for the same reason" if self.because == reason != "" else str(self)


class Verdict:
    """The lines of one check."""

    def __init__(self, exercise: str, lines: Sequence[Line]) -> None:
        self.exercise = exercise
        self.lines = tuple(lines)

    @property
    def passed(self) -> bool:
        """Whether all is right."""
        return not any(line.because for line in self.lines)

    def __repr__(self) -> str:
        return "\n".join(self._said())

    def _said(self) -> list[str]:
        """The lines as they are read one after the other; what the line before has said is not said again."""
        reasons = ["", *(line.because for line in self.lines)]
        return [line.behind(reason) for line, reason in zip(self.lines, reasons)]

    def _repr_html_(self) -> str:
        items = (
            f'<li class="missing">○ {_html(said)}</li>' if line.because else f'<li class="right">✓ {_html(said)}</li>'
            for line, said in zip(self.lines, self._said())
        )
        said = escape(f"what is right in {self.exercise}")
        return f'<div class="relay-verdict"><style>{STYLE}</style><ul aria-label="{said}">{"".join(items)}</ul></div>'


def _html(text: str) -> str:
    """`text`, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
