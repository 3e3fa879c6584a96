"""A Sphinx extension: what a link to a page shows elsewhere has one mark behind each item of a list.

sphinxext-opengraph puts a comma behind an item and behind a cell of a table, and a full stop behind a list, whatever
they end with.
"""

from __future__ import annotations

import re
from typing import Any

# Three full stops say that something is left out, and a comma behind "et al." belongs there.
TOO_MANY = re.compile(r"(?<=[,.:;])(?<! al\.),+|(?<=[^.]\.)\.(?!\.)")


def with_one_mark(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Called by Sphinx before each page is written; `metatags` has the first words of the page."""
    context["metatags"] = TOO_MANY.sub("", context.get("metatags", ""))


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx. The words are put there at the usual priority, 500, so this has to come behind."""
    app.connect("html-page-context", with_one_mark, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
