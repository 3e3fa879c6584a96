"""A table of plain values, as HTML in a notebook and as text elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from helpers.text import shown

# The text colour of the built site, or of JupyterLab: what surrounds an output may set another one.
TEXT_COLOUR = "var(--pst-color-text-base, var(--jp-content-font-color1, inherit))"


class Table:
    """Rows below a heading. `rows` are as they were given; a float is shown with three digits, None as a dash."""

    def __init__(self, heading: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        self.heading = list(heading)
        self.rows = [tuple(row) for row in rows]

    def column(self, name: str) -> list[Any]:
        """The values below one word of the heading. Raises `ValueError` for a word that is not in it."""
        if name not in self.heading:
            raise ValueError(f"the table has no column {name!r}: it has {', '.join(self.heading)}")
        at = self.heading.index(name)
        return [row[at] for row in self.rows]

    def __repr__(self) -> str:
        lines = [[*map(_text, self.heading)], *([_text(value) for value in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines)]
        right = [self._is_of_numbers(at) for at in range(len(self.heading))]
        padded = (
            [cell.rjust(width) if to_right else cell.ljust(width) for cell, width, to_right in zip(line, widths, right)]
            for line in lines
        )
        return "\n".join("  ".join(cells).rstrip() for cells in padded)

    def _repr_html_(self) -> str:
        styles = ["right" if self._is_of_numbers(at) else "left" for at in range(len(self.heading))]

        def row(cells: Sequence[str], tag: str) -> str:
            scope = ' scope="col"' if tag == "th" else ""
            made = (
                f'<{tag}{scope} style="text-align:{style};padding:0.1em 0.7em;color:inherit;background:none">'
                f"{escape(cell)}</{tag}>"
                for cell, style in zip(cells, styles)
            )
            return f'<tr style="color:inherit;background:none">{"".join(made)}</tr>'

        body = "".join(row([_text(value) for value in cells], "td") for cells in self.rows)
        return (
            f'<div class="relay-table" style="overflow-x:auto;color:{TEXT_COLOUR}" tabindex="0">'
            '<table style="color:inherit;font-size:0.9em">'
            f"<thead>{row([*map(_text, self.heading)], 'th')}</thead><tbody>{body}</tbody></table></div>"
        )

    def _is_of_numbers(self, at: int) -> bool:
        return all(row[at] is None or isinstance(row[at], int | float) for row in self.rows)


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if not isinstance(value, float):
        return shown(f"{value}")
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
