"""A Sphinx extension: what a link to a page shows elsewhere has one comma behind each item of a list.

sphinxext-opengraph puts a comma there, and in this book most items end with one.
"""

from __future__ import annotations

from typing import Any


def with_one_comma(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Called by Sphinx before each page is written; `metatags` has the first words of the page."""
    context["metatags"] = context.get("metatags", "").replace(",,", ",")


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx. The words are put there at the usual priority, 500, so this has to come behind."""
    app.connect("html-page-context", with_one_comma, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
