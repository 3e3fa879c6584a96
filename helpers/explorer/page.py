"""The explorer without a kernel: a piece of HTML that holds every outcome, the style and the script."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Any

from helpers.graph import html, style

FOLDER = Path(__file__).parent


def script() -> str:
    """The one module, for pages and for the widget."""
    return html.ZOOM.read_text(encoding="utf-8") + (FOLDER / "explorer.js").read_text(encoding="utf-8")


def styles() -> str:
    """The style of all that the script draws, but for the diff, which brings its own."""
    return style.page() + (FOLDER / "explorer.css").read_text(encoding="utf-8")


def page(data: dict[str, Any], name: str, text: str) -> str:
    """HTML that shows `data`, which is what `combinations` gives and `rules` and `chosen`. It loads nothing.

    `name` is its id, and what the address calls it. `text` is there for who has no JavaScript.
    """
    # Neither a text of a network nor one of the script can then end the element that it stands in.
    stored = json.dumps(data, separators=(",", ":")).replace("<", r"\u003c")
    return (
        f'<div id="{escape(name)}" class="relay-explorer"><pre>{escape(text)}</pre></div>\n'
        f"<style>{styles()}</style>\n"
        f'<script type="application/json" id="{escape(name)}-data">{stored}</script>\n'
        f'<script type="module">{script()}\nshowStored({json.dumps(name)});</script>'
    )
