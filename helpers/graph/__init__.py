"""The data flow of a network as a picture.

    graph(mod)               in a notebook: a picture to zoom into
    graph(mod).svg()         the picture alone, for a slide
    print(graph(mod))        the same as text

Boxes stand from top to bottom, each below those that it reads. Of a partitioned network the regions are tinted; of a
realized one integers have other arrows than floats; of a fused one each primitive function is one box.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from typing import Any

import tvm
from tvm import relay

from helpers.graph import html, regions
from helpers.graph import svg as drawing
from helpers.graph.folding import fold
from helpers.graph.layout import Layout, lay_out
from helpers.graph.listing import listing
from helpers.graph.model import Model, read, type_of
from helpers.graph.words import describe

__all__ = ["Graph", "graph"]

_THEMES = ("auto", "light", "dark")


class Graph:
    """The picture of a function; `graph` makes it. Shows itself as SVG in a notebook, and as text elsewhere.

    `model` is what is drawn, see `helpers.graph.model`.
    """

    def __init__(self, func: Any, constants: bool, shapes: bool, inside: Collection[Any] | None = None) -> None:
        model = read(func, constants)
        self.regions = regions.mark_regions(model, inside)
        self.model: Model = fold(model)
        describe(self.model)
        self._shapes = shapes

    @functools.cached_property
    def layout(self) -> Layout:
        """Where the boxes stand."""
        return lay_out(self.model)

    def svg(self, theme: str = "auto") -> str:
        """The picture as a file of its own; `theme` is `"light"`, `"dark"`, or `"auto"`: what the reader's system is.

        Its background is left open. Raises `ValueError` for another theme.
        """
        if theme not in _THEMES:
            raise ValueError(f"svg is given theme={theme!r}: give one of {', '.join(_THEMES)}")
        return drawing.standalone(self.model, self.layout, self.summary, str(self), theme, self._shapes)

    def data(self) -> dict[str, Any]:
        """What a page needs to show it, ready for JSON: `summary`, `text`, and the `svg` and its `key` without style.

        `helpers.graph.style.page()` is the style, `helpers.graph.html.ZOOM` the script.
        """
        return {"summary": self.summary, "text": str(self), "svg": self._picture, "key": html.key(self.model)}

    @property
    def summary(self) -> str:
        """How many boxes there are, of which kind, in how many regions."""
        nodes = self.model.nodes
        calls = sum(len(node.exprs) for node in nodes if node.kind not in ("input", "result", "constant", "tuple"))
        fused = sum(node.kind == "fused" for node in nodes)
        parts = [counted_noun(calls - fused, "operator")] if calls > fused or not fused else []
        parts += [counted_noun(fused, "primitive function")] if fused else []
        parts += [counted_noun(self.regions, "region")] if self.regions else []
        folded = f"; {self.model.folded}" if self.model.folded else ""
        return ", ".join(parts) + folded

    @property
    def _picture(self) -> str:
        return drawing.svg(self.model, self.layout, self.summary, self.summary)

    def figure(self) -> str:
        """The picture with its bar and its key as HTML, without style and script: see `data`."""
        return html.figure(self._picture, self.model, self.summary, self._shapes)

    def _repr_html_(self) -> str:
        return html.page(self._picture, self.model, self.summary, self._shapes)

    def __str__(self) -> str:
        return listing(self.model)

    __repr__ = __str__


def counted_noun(count: int, noun: str) -> str:
    """`1 region`, `2 regions`."""
    return f"{count} {noun}{'s' * (count != 1)}"


def graph(thing: Any, *, constants: bool = False, shapes: bool = False, inside: Collection[Any] | None = None) -> Graph:
    """The picture of a function, or of a module's `main` or its only function.

    Constants are marks at the operators that read them, and boxes with `constants`. `shapes` writes the shape of each
    tensor at its arrow; in a notebook there is a switch for it as well. `inside` are the calls that are in regions, for
    who knows from the rules; otherwise regions are found from their ends, see `helpers.graph.regions`.

    Raises `TypeError` for anything else than a module or a function of Relay, `ValueError` for a module without `main`
    and with several functions.
    """
    func = _typed(_function(thing))
    return Graph(func, constants, shapes, inside)


def _function(thing: Any) -> Any:
    if isinstance(thing, relay.Function):
        return thing
    if not isinstance(thing, tvm.IRModule):
        raise TypeError(
            f"graph draws a module or a function, and is given a {type(thing).__name__}: "
            "make a module of an expression with tvm.IRModule.from_expr"
        )
    functions = {
        str(name.name_hint): func for name, func in thing.functions_items() if isinstance(func, relay.Function)
    }
    if "main" in functions:
        return functions["main"]
    if len(functions) != 1:
        names = ", ".join(functions) or "none"
        raise ValueError(f"the module has no main, and its Relay functions are: {names}; give one, as mod['name']")
    return next(iter(functions.values()))


def _typed(func: Any) -> Any:
    """The function with its types, if they can be found: a picture without is better than none."""
    if type_of(func.body) is not None:
        return func
    try:
        return relay.transform.InferType()(tvm.IRModule.from_expr(func))["main"]
    except Exception:  # whatever a type relation raises
        return func
