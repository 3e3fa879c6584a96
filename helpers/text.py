"""The text of Relay, made shorter for a page."""

import re
from typing import Any

import tvm

_COMMENT = re.compile(r" ?/\* .*? \*/")


def main_text(thing: Any, types: bool = False) -> str:
    """What Relay prints of a function, or of a module's `main`; without types and spans unless `types`."""
    text = str(thing["main"] if isinstance(thing, tvm.IRModule) else thing).rstrip("\n")
    return text if types else _COMMENT.sub("", text)
