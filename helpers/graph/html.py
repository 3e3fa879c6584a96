"""A picture on a page: a bar with what to show, the picture, and a key to what is in it."""

from __future__ import annotations

from html import escape
from pathlib import Path

from helpers.graph import style
from helpers.graph.model import KINDS, Model
from helpers.graph.words import dtype

ZOOM = Path(__file__).with_name("zoom.js")
_BUTTONS = (
    ("out", "−", "zoom out"),
    ("in", "+", "zoom in"),
    ("whole", "1:1", "own size"),
    ("fit", "fit", "show all of it"),
)


def figure(picture: str, model: Model, summary: str, shapes: bool) -> str:
    """What stands on a page, without style and script: `page` has both, the explorer has them once."""
    buttons = "".join(
        f'<button type="button" data-do="{action}" title="{words}" aria-label="{words}">{label}</button> '
        for action, label, words in _BUTTONS
    )
    checked = " checked" if shapes else ""
    return (
        f'<div class="relay-graph"><div class="bar"><span class="summary">{escape(summary)}</span>'
        f'<label><input type="checkbox" class="shapes" autocomplete="off"{checked}> shapes</label>'
        f'<span class="zoom" hidden>{buttons}</span></div>'
        f'<div class="view" tabindex="0" role="group" aria-label="{escape(summary)}">{picture}</div>'
        f'<div class="key">{key(model)}</div></div>'
    )


def page(picture: str, model: Model, summary: str, shapes: bool) -> str:
    """The picture with its style, and the script that makes it zoom."""
    start = "for (const figure of document.querySelectorAll('.relay-graph')) zoomable(figure);"
    script = ZOOM.read_text(encoding="utf-8")
    content = figure(picture, model, summary, shapes)
    return f'<style>{style.page()}</style>{content}<script type="module">{script}\n{start}</script>'


def key(model: Model) -> str:
    """The kinds of boxes and arrows that the picture has, each with a small example."""
    kinds = dict.fromkeys(node.kind for node in model.nodes)
    named = [kind for kind in KINDS if kind in kinds and kind not in ("input", "result", "tuple", "op")]
    parts = [_example(f"{kind} example", _box(kind), KINDS[kind]) for kind in named]
    dtypes = {dtype(node.ty) for node in model.nodes}
    if any(node.marks for node in model.nodes):
        parts.append(_example("", '<path class="mark" d="M14 2l6 6l-6 6l-6 -6z"/>', "constant"))
    if {"int8", "uint8"} & dtypes:
        parts.append(_example("", '<path class="edge int8" d="M2 8h24"/>', "int8"))
    if any(name.startswith(("int", "uint")) and name not in ("int8", "uint8") for name in dtypes):
        parts.append(_example("", '<path class="edge int" d="M2 8h24"/>', "wider integer"))
    if "boundary" in kinds and any(name.startswith("float") for name in dtypes):
        parts.append(_example("", '<path class="edge float" d="M2 8h24"/>', "float"))
    return "".join(parts)


def _box(kind: str) -> str:
    round_corner = {"boundary": 7, "work": 1}.get(kind, 3)
    return f'<rect class="box" x="1" y="1" width="26" height="14" rx="{round_corner}"/>'


def _example(kind: str, drawn: str, words: str) -> str:
    return (
        f'<span><svg class="relay-graph-svg" width="28" height="16" aria-hidden="true"><g class="{kind}">{drawn}</g>'
        f"</svg>{words}</span>"
    )
