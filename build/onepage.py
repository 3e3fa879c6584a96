"""A Sphinx extension: the page of all pages knows every node that a page knows.

Sphinx looks up who writes a node under its builder's name, and under `html` only if nothing is there. sphinx-exercise
has entries for `singlehtml`, so those of all other extensions would be out of sight.
"""

from __future__ import annotations

from typing import Any


def as_on_pages(app: Any) -> None:
    """Put what is registered for `html` under `singlehtml` as well."""
    handlers = app.registry.translation_handlers
    handlers["singlehtml"] = {**handlers.get("html", {}), **handlers.get("singlehtml", {})}


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("builder-inited", as_on_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
