"""A Sphinx extension: the API reference out of the docstrings, and links to it from each function that a page names.

Docstrings here are written as Markdown has it, with one backtick around code and four spaces before a block of it.
Autodoc reads reStructuredText, so they become that first.

A page says `relay.build`, `nn.conv2d` or `qconfig(...)`: what Python finds under that name is what the link leads to. A
name is linked once in a section.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.errors import PycodeError
from sphinx.pycode import ModuleAnalyzer
from sphinx.transforms.post_transforms import SphinxPostTransform

# Where a name may stand that is written as it is used, after `from tvm import relay` and the imports of a chapter.
SCOPES = (
    "tvm.relay",
    "tvm.relay.quantize",
    "tvm.relay.quantize._partition",
    "tvm.relay.transform",
    "tvm.relay.analysis",
    "tvm.relay.annotation",
    "helpers.calibration",
    "helpers.coverage",
    "helpers.diff",
    "helpers.errors",
    "helpers.explorer",
    "helpers.graph",
    "helpers.networks",
    "helpers.profile",
    "helpers.registry",
    "helpers.scales",
    "helpers.source",
    "helpers.text",
    "helpers.timing",
    # Last, for only then are all of its modules there: `text.main_text`.
    "helpers",
)
# What chapters call a variable, a method or an argument more often than the function of that name.
OTHER_WORDS = {"mod", "realize", "repeat", "run"}
# A name, or one call: `relay.build` and `tvm.relay.build` are one.
WRITTEN = re.compile(
    r"(?:tvm\.|helpers\.)?(?P<relay>relay\.)?(?P<name>[A-Za-z_]\w*(?:\.\w+)*)(?:\((?:[^()]|\([^()]*\))*\))?", re.S
)
CODE = re.compile(r"(?<!`)`(?P<code>[^`]+)`(?!`)")
ASSIGNED = re.compile(r"(?P<name>[a-z]\w*) = ")
INDENT = re.compile(r"( {4,})\S")
# What has a meaning of its own in reStructuredText, and none in these docstrings.
SPECIAL = re.compile(r"([*|\\]|(?<=\w)_(?!\w))")


def as_restructured(lines: list[str]) -> list[str]:
    """A docstring's lines in reStructuredText: code spans, blocks of code, and all else as it stands."""
    result: list[str] = []
    for block in blocks(lines):
        if INDENT.match(block[0]) and (not result or not result[-1].strip()):
            result += [".. code-block:: text", "", *block]
        else:
            result += spans("\n".join(block)).split("\n")
        result.append("")
    return result


def blocks(lines: list[str]) -> Iterator[list[str]]:
    """The lines between empty ones; a block of code goes on over empty lines within it."""
    block: list[str] = []
    for line in lines:
        if line.strip():
            if block and not block[-1].strip() and not (INDENT.match(block[0]) and INDENT.match(line)):
                yield without_end(block)
                block = []
            block.append(line)
        elif block:
            block.append("")
    if block:
        yield without_end(block)


def without_end(block: list[str]) -> list[str]:
    """A block without the empty lines that end it."""
    while not block[-1].strip():
        block = block[:-1]
    return block


def spans(text: str) -> str:
    """A paragraph with its code as reStructuredText writes it, and all else escaped."""
    result, end = "", 0
    for found in CODE.finditer(text):
        result += SPECIAL.sub(r"\\\1", text[end : found.start()])
        # Code that a word or a bracket follows without a space is code only if a backslash says so.
        result += f"\\ ``{found['code'].strip()}``\\ "
        end = found.end()
    return result + SPECIAL.sub(r"\\\1", text[end:])


@cache
def place(written: str) -> str:
    """Where the function or class is defined that a page names so, as `tvm.relay.op.nn.dense.dense`; "" for none."""
    whole = WRITTEN.fullmatch(written)
    if whole is None or (not whole["relay"] and whole["name"] in OTHER_WORDS):
        return ""
    for scope in SCOPES[:1] if whole["relay"] else SCOPES:
        try:
            thing: Any = importlib.import_module(scope)
            for name in whole["name"].split("."):
                thing = getattr(thing, name)
        except (ImportError, AttributeError):
            continue
        if callable(thing):
            return f"{getattr(thing, '__module__', '')}.{getattr(thing, '__qualname__', '')}"
    return ""


class Links(SphinxPostTransform):
    """Makes a link of each code span that names something in the reference."""

    default_priority = 400

    def run(self, **kwargs: Any) -> None:
        """Link what this page names; a heading and what is a link already stay as they are."""
        documented = self.env.get_domain("py").objects  # type: ignore[attr-defined]
        linked: set[tuple[int, str]] = set()
        for literal in list(self.document.findall(nodes.literal)):
            above = list(ancestors(literal))
            if any(map(is_closed, above)):
                continue
            target = place(literal.astext())
            section = next((id(node) for node in above if isinstance(node, nodes.section)), 0)
            if target not in documented or (section, target) in linked:
                continue
            linked.add((section, target))
            entry = documented[target]
            uri = self.app.builder.get_relative_uri(self.env.docname, entry.docname)
            link = nodes.reference("", "", internal=True, refuri=f"{uri}#{entry.node_id}", reftitle=target)
            literal.replace_self(link)
            link += literal


def is_closed(node: nodes.Node) -> bool:
    """Whether no link may stand in a node."""
    return isinstance(node, nodes.reference | nodes.title) or node.tagname.startswith("desc_")


def ancestors(node: nodes.Node) -> Iterator[nodes.Node]:
    """What a node stands in, from the inside out."""
    while node.parent is not None:
        node = node.parent
        yield node


def translate(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Called by autodoc with the lines of each docstring, to be changed in place."""
    lines[:] = as_restructured(lines)


def with_assigned(app: Any, module: str) -> tuple[str, dict[str, tuple[str, int, int]]] | None:
    """A module's source for viewcode, and the lines of what it defines, also by `tanh = _unary("tanh", ...)`."""
    try:
        analyzer = ModuleAnalyzer.for_module(module)
        tags = analyzer.find_tags()
    except PycodeError:
        return None
    for number, line in enumerate(analyzer.code.splitlines(), 1):
        if found := ASSIGNED.match(line):
            tags.setdefault(found["name"], ("def", number, number))
    return analyzer.code, tags


def mount(app: Any) -> None:
    """Make the dialect and the helpers importable, as a chapter does it."""
    book = Path(app.confdir) / "book"
    if (book / "set_env.py").is_file():
        sys.path.insert(0, str(book))
        importlib.import_module("set_env")


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.setup_extension("sphinx.ext.autodoc")
    app.setup_extension("sphinx.ext.napoleon")
    app.setup_extension("sphinx.ext.viewcode")
    app.connect("builder-inited", mount)
    # Before Napoleon, which makes fields of `Parameters`, and asterisks that are to stay.
    app.connect("autodoc-process-docstring", translate, priority=400)
    app.connect("viewcode-find-source", with_assigned)
    app.add_post_transform(Links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
