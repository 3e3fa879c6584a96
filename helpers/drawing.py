"""A matplotlib figure as SVG in the colours of the page around it: readable in light and in dark."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from helpers.table import TEXT_COLOUR, Table

# Stands for the colour of the page's own text, and is replaced by it.
INK = "#010203"
# At least 3 to 1 against white and against the backgrounds of dark themes.
BLUE, ORANGE, GREEN, PINK = "#3f86d6", "#cf6a17", "#2f9155", "#c8559a"
COLOURS = (ORANGE, GREEN, PINK, INK)
DASHES = ("-", "--", "-.", ":")

_STYLE = {
    "svg.fonttype": "none",
    "font.family": ["system-ui", "sans-serif"],
    "font.size": 10,
    "hatch.linewidth": 0.6,
}


class Drawing:
    """A figure with the table that it is drawn from, and in words what there is to see.

    SVG in a notebook, and the table as text elsewhere.
    """

    def __init__(self, figure: Figure, table: Table, words: str) -> None:
        self.table = table
        self.words = words
        self._figure = figure

    def svg(self) -> str:
        """The picture, which takes its ink from the text around it."""
        for axes in self._figure.axes:
            axes.set_facecolor("none")
            axes.tick_params(colors=INK)
            for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
                text.set_color(INK)
            for side, spine in axes.spines.items():
                spine.set_color(INK)
                spine.set_visible(side in ("left", "bottom"))
        file = io.StringIO()
        # The salt makes the same names in every run; the words keep those of two pictures on one page apart.
        with matplotlib.rc_context({**_STYLE, "svg.hashsalt": self.words}):
            self._figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        picture = file.getvalue()
        picture = re.sub(r"<metadata>.*?</metadata>", "", picture[picture.index("<svg") :], flags=re.DOTALL)
        picture = picture.replace(INK, "currentColor")
        return picture.replace("<svg ", f'<svg role="img" aria-label="{escape(self.words)}" ', 1)

    def __repr__(self) -> str:
        return repr(self.table)

    def _repr_html_(self) -> str:
        svg = self.svg().replace("<svg ", '<svg style="width:100%;min-width:34rem;height:auto" ', 1)
        # Within reach of the keyboard, for it scrolls where the page is narrow.
        return f'<div class="relay-drawing" style="overflow-x:auto;color:{TEXT_COLOUR}" tabindex="0">{svg}</div>'


def legend(axes: Any, handles: Sequence[Any], words: Sequence[str], **where: Any) -> None:
    """A legend of the words as they are: one that begins with _ is shown, a dollar begins no formula."""
    made = axes.legend(handles, words, frameon=False, labelcolor=INK, **where)
    for text in made.get_texts():
        text.set_parse_math(False)
