"""The rows of a diff as HTML: side by side where there is room, one below the other where there is not.

It needs no JavaScript. Stretches without a change fold away in `<details>`; menus hide or dim types and spans, and
choose between one column and two, by style alone. A line that is new or gone has a sign, a border of its own and words
for screen readers besides its colour.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from helpers.diff.rows import Cell, Row, folds

# A page with more rows than this gets slow; the others are in `Diff.rows`.
MOST_ROWS = 4000
VIEWS = ("hidden", "dimmed", "shown")
# Side by side or one below the other; where it is fitting, there is room for both.
_COLUMNS = ("fitting", "one", "two")
# For each sign: the class of the row; what stands before its two cells; what a screen reader says of them.
KINDS = {
    " ": ("same", ("", ""), ("", "")),
    "-": ("gone", ("−", ""), ("gone: ", "")),
    "+": ("new", ("", "+"), ("", "new: ")),
    "±": ("changed", ("−", "+"), ("before: ", "changed: ")),
    "~": ("reads", ("~", "~"), ("", "reads another value: ")),
    ":": ("type", (":", ":"), ("", "another type: ")),
}

STYLE = """
.relay-diff { container-type: inline-size; margin: 0.5em 0; color: var(--pst-color-text-base, inherit); }
.relay-diff .bar { display: flex; flex-wrap: wrap; gap: 0.2em 1.5em; font-size: 0.85em; padding: 0.2em 0; }
.relay-diff .bar select { font: inherit; color: inherit; background: transparent; }
.relay-diff .bar option { color: initial; background: initial; }
.relay-diff .rows { font-family: var(--pst-font-family-monospace, ui-monospace, SFMono-Regular, Menlo, Consolas,
  "DejaVu Sans Mono", monospace); font-size: 0.85em; line-height: 1.45; border: 1px solid rgb(128 128 128 / 35%); }
.relay-diff .pair > * { display: block; box-sizing: border-box; margin: 0; white-space: pre-wrap; text-align: left;
  overflow-wrap: anywhere; text-decoration: none; color: inherit; background: none;
  padding: 0 0.4em 0 calc(2em + 6ch); text-indent: -6ch; border-left: 4px solid transparent; position: relative; }
.relay-diff .sign { position: absolute; left: 0.4em; text-indent: 0; font-weight: bold; user-select: none; }
.relay-diff .words { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.relay-diff .new > .after, .relay-diff .changed > .after
  { background: rgb(46 160 67 / 16%); border-left: 4px solid rgb(46 160 67); }
.relay-diff .gone > .before, .relay-diff .changed > .before
  { background: rgb(248 81 73 / 14%); border-left: 4px dashed rgb(248 81 73); }
.relay-diff .reads > *, .relay-diff .type > * { border-left: 4px dotted rgb(128 128 128); }
.relay-diff .pair ins, .relay-diff .pair del { text-decoration: none; border-radius: 2px; }
.relay-diff .pair > * > ins { background: rgb(46 160 67 / 38%); box-shadow: inset 0 -2px rgb(46 160 67); }
.relay-diff .pair > * > del { background: rgb(248 81 73 / 32%); border-bottom: 2px dashed rgb(248 81 73); }
.relay-diff mark { color: inherit; background: rgb(210 153 34 / 30%); border-bottom: 2px dotted rgb(190 130 20);
  border-radius: 2px; padding: 0; }
.relay-diff summary { cursor: pointer; padding: 0.1em 0.4em; font-style: italic; background: rgb(128 128 128 / 14%);
  display: list-item; list-style: disclosure-closed inside; }
.relay-diff [open] > summary { list-style-type: disclosure-open; }
.relay-diff:has(.columns > [value="one"]:checked) :is(.pair:not(.gone, .changed) > .before, .gone > .after)
  { display: none; }
.relay-diff:has(.columns > [value="two"]:checked) .pair { display: grid; grid-template-columns: 1fr 1fr; }
@container (max-width: 60rem) {
  .relay-diff:has(.columns > [value="fitting"]:checked) :is(.pair:not(.gone, .changed) > .before, .gone > .after)
    { display: none; }
}
@container (min-width: 60.01rem) {
  .relay-diff:has(.columns > [value="fitting"]:checked) .pair { display: grid; grid-template-columns: 1fr 1fr; }
}
@container (max-width: 30rem) { .relay-diff .pair > * { padding-left: calc(1.6em + 3ch); text-indent: -3ch; } }
.relay-diff:has(.types > [value="dimmed"]:checked) .ty:not(.sp),
.relay-diff:has(.spans > [value="dimmed"]:checked) .sp:not(.ty), .relay-diff .ty.sp { opacity: 0.68; }
.relay-diff:has(.types > [value="hidden"]:checked) .ty:not(.sp),
.relay-diff:has(.spans > [value="hidden"]:checked) .sp:not(.ty),
.relay-diff:has(.types > [value="hidden"]:checked):has(.spans > [value="hidden"]:checked) .ty.sp { display: none; }
"""


def html(rows: Sequence[Row], said: str, types: str, spans: str) -> str:
    """The rows, below a line that begins with `said`; `types` and `spans` are what their menus begin with."""
    return (
        f'<div class="relay-diff"><style>{STYLE}</style><div class="bar"><span>{escape(said)}</span>'
        f"{_menu('types', VIEWS, types)}{_menu('spans', VIEWS, spans)}{_menu('columns', _COLUMNS, 'fitting')}</div>"
        f'<div class="rows" role="group" aria-label="{escape(said)}">{"".join(_parts(rows))}</div></div>'
    )


def _menu(name: str, words: Sequence[str], chosen: str) -> str:
    options = "".join(
        f'<option value="{word}"{" selected" if word == chosen else ""}>{word}</option>' for word in words
    )
    return f'<label>{name} <select class="{name}" autocomplete="off">{options}</select></label>'


def _parts(rows: Sequence[Row]) -> Iterator[str]:
    left, at = MOST_ROWS, 0
    for start, end in [*folds(rows), (len(rows), len(rows))]:
        yield from _open(rows[at:start], left)
        left -= start - at
        if end > start:
            yield f"<details><summary>{end - start} unchanged lines</summary>"
            yield from _open(rows[start:end], left)
            yield "</details>"
            left -= end - start
        at = end


def _open(rows: Sequence[Row], most: int) -> Iterator[str]:
    """The rows, or as many as there is room for and how many they are."""
    shown = rows[: max(most, 0)]
    yield from map(_row, shown)
    if len(shown) < len(rows):
        yield f'<div class="pair same"><span class="after">… and {len(rows) - len(shown)} more lines</span></div>'


def _row(row: Row) -> str:
    kind, signs, words = KINDS[row.sign]
    before = _cell(row.before, "before", "del", signs[0], words[0])
    after = _cell(row.after, "after", "ins", signs[1], words[1])
    return f'<div class="pair {kind}">{before}{after}</div>'


def _cell(cell: Cell | None, side: str, element: str, sign: str, words: str) -> str:
    """One cell; what is told by the other one already is hidden from screen readers."""
    if cell is None:
        return f'<span class="{side}"></span>'
    hidden = ' aria-hidden="true"' if side == "before" and not words else ""
    marked = f'<b class="sign" aria-hidden="true">{sign}</b>' if sign else ""
    said = f'<span class="words">{words}</span>' if words else ""
    whole = element if sign in ("−", "+") else "span"
    inside = "".join(_segment(text, mark, element) for text, mark in cell)
    return f'<{whole} class="{side}"{hidden}>{marked}{said}{inside}</{whole}>'


def _segment(text: str, mark: str, element: str) -> str:
    if not mark:
        return escape(text)
    opening, closing = _ELEMENTS.get(mark, (f"<{element}>", f"</{element}>"))
    return f"{opening}{escape(text)}{closing}"


_ELEMENTS = {
    "reads": ('<mark title="reads another value">', "</mark>"),
    "type": ('<span class="ty">', "</span>"),
    "span": ('<span class="sp">', "</span>"),
    "type span": ('<span class="ty sp">', "</span>"),
}
