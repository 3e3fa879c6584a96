"""A Sphinx extension: the entries of a bibliography are the items of a list.

Docutils marks the list as one, but its entries with `doc-biblioentry`, a role that ARIA has given up for `listitem`.
"""

from __future__ import annotations

from typing import Any


def as_items(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Change the roles in a page's text."""
    if "body" in context:
        context["body"] = context["body"].replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.setup_extension("sphinxcontrib.bibtex")
    app.connect("html-page-context", as_items)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
