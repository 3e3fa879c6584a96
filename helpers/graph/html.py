"""A picture on a page: a bar with what to show, the picture, and a key to what is in it."""

from __future__ import annotations

from html import escape
from pathlib import Path

from helpers.graph import style
from helpers.graph.model import KINDS, Model
from helpers.graph.svg import EDGES, edge_kind, outline
from helpers.graph.words import is_diamond, is_integer

ZOOM = Path(__file__).with_name("zoom.js")
_BUTTONS = (
    ("out", "−", "zoom out"),
    ("in", "+", "zoom in"),
    ("whole", "1:1", "own size"),
    ("fit", "fit", "show all of it"),
)
_SMALL = (1, 1, 26, 14)
# What a reader knows without being told.
_PLAIN = ("input", "result", "tuple", "op", "folded")


def figure(picture: str, model: Model, summary: str, text: str, shapes: bool) -> str:
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
        f'<div class="view" tabindex="0" role="group" aria-label="picture of the graph">{picture}</div>'
        f'<div class="key">{key(model)}</div>'
        "<details><summary>the same as text</summary>"
        f'<pre tabindex="0" role="group" aria-label="the graph as text">{escape(text)}</pre></details></div>'
    )


def page(content: str) -> str:
    """A figure with its style, and the script that makes it zoom."""
    start = "for (const figure of document.querySelectorAll('.relay-graph')) zoomable(figure);"
    script = ZOOM.read_text(encoding="utf-8")
    return f'<style>{style.page()}</style>{content}<script type="module">{script}\n{start}</script>'


def key(model: Model) -> str:
    """The kinds of boxes and arrows that the picture has, each with a small example."""
    kinds = {node.kind for node in model.nodes} | {"scale" for node in model.nodes if node.scales}
    named = [kind for kind in KINDS if kind in kinds and kind not in _PLAIN]
    parts = [_example(kind, outline(kind, *_SMALL), KINDS[kind]) for kind in named]
    if any(node.kind == "fused" and is_integer(node.ty) for node in model.nodes):
        parts.append(_example("fused int", outline("fused", *_SMALL), "one that gives integers"))
    if any(is_diamond(mark) for node in model.nodes for mark in node.marks):
        parts.append(_example("", '<path class="mark" d="M14 2l6 6l-6 6l-6 -6z"/>', "constant"))
    edges = {edge_kind(node) for node in model.nodes if node.kind != "result"}
    told = [kind for kind in EDGES if kind in edges] if edges != {"float"} else []
    parts += [_example("", f'<path class="edge {kind}" d="M1 8h26"/>', EDGES[kind]) for kind in told]
    return "".join(parts)


def _example(kind: str, drawn: str, words: str) -> str:
    return (
        f'<span><svg class="relay-graph-svg" width="28" height="16" aria-hidden="true"><g class="{kind}">{drawn}</g>'
        f"</svg>{words}</span>"
    )
