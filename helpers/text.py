"""The text of Relay, made shorter for a page."""

import re
from typing import Any

import tvm
from tvm import relay

_COMMENT = re.compile(r" ?/\* .*? \*/")


def shown(written: str) -> str:
    """`written` with a line break, an escape or anything else that does not print as Python writes it in a string."""
    if written.isprintable():
        return written
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in written)


def kind(thing: Any) -> str:
    """What `thing` is, with its article: `an int`, `a Function`."""
    name = type(thing).__name__
    return f"{'an' if name[0] in 'AEIOaeiou' else 'a'} {name}"


def main_text(thing: Any, types: bool = False) -> str:
    """What Relay prints of a function, or of a module's `main`; without types and spans unless `types`."""
    text = str(thing["main"] if isinstance(thing, tvm.IRModule) else thing).rstrip("\n")
    return text if types else _COMMENT.sub("", text)


def operators(thing: Any) -> list[str]:
    """The names of the operators that a function, or a module's `main`, calls; arguments before their users."""
    names: list[str] = []

    def visit(expr: Any) -> None:
        if isinstance(expr, relay.Call) and isinstance(expr.op, tvm.ir.Op):
            names.append(str(expr.op.name))

    relay.analysis.post_order_visit(thing["main"] if isinstance(thing, tvm.IRModule) else thing, visit)
    return names
