"""The data flow of a network as a picture.

    graph(mod)                in a notebook: a picture to zoom into
    graph(mod).save("a.svg")  the picture alone, for a slide
    print(graph(mod))         the same as text

Boxes stand from top to bottom, each below those that it reads. Of a partitioned network the regions are tinted; of a
realized one integers have other arrows than floats; of a fused one each primitive function is one box.
"""

from __future__ import annotations

import functools
from collections.abc import Collection
from os import PathLike
from pathlib import Path
from typing import Any

import tvm
from tvm import relay

from helpers.graph import html, regions
from helpers.graph import svg as drawing
from helpers.graph.folding import fold
from helpers.graph.layout import Layout, lay_out
from helpers.graph.listing import listing
from helpers.graph.model import CAST_HINT, SIMULATED, STOP_FUSION, Model, op_name, read, type_of
from helpers.graph.words import describe
from helpers.text import kind

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

        Raises `ValueError` for another theme.
        """
        if theme not in _THEMES:
            raise ValueError(f"svg is given theme={theme!r}: give one of {', '.join(_THEMES)}")
        return drawing.standalone(self.model, self.layout, self.summary, str(self), theme, self._shapes)

    def save(self, path: str | PathLike[str], theme: str = "auto") -> None:
        """Write `svg(theme)` to a file, whose name ends in `.svg`. Raises `ValueError` for another name."""
        if Path(path).suffix.lower() != ".svg":
            raise ValueError(f"save writes SVG, and the file is called {str(path)!r}: give a name that ends in .svg")
        Path(path).write_text(self.svg(theme), encoding="utf-8")

    @property
    def summary(self) -> str:
        """How many boxes there are, of which kind, in how many regions."""
        exprs = [expr for node in self.model.nodes for expr in node.exprs]
        names = [op_name(expr) for expr in exprs]
        fused = sum(isinstance(expr, relay.Call) and isinstance(expr.op, relay.Function) for expr in exprs)
        counts = {
            "operator": sum(name not in ("", SIMULATED, CAST_HINT, STOP_FUSION) for name in names),
            "primitive function": fused,
            "scale": names.count(SIMULATED) + sum(len(node.scales) for node in self.model.nodes),
            "region": self.regions,
        }
        said = [counted_noun(count, noun) for noun, count in counts.items() if count] or ["no operator"]
        return ", ".join(said) + (f"; {self.model.folded}" if self.model.folded else "")

    def figure(self) -> str:
        """The picture with its bar, its key and its text as HTML.

        Style and script are to be on the page: `helpers.graph.style.page()` and `helpers.graph.html.ZOOM`.
        """
        picture = drawing.svg(self.model, self.layout, self.summary)
        return html.figure(picture, self.model, self.summary, str(self), self._shapes)

    def _repr_html_(self) -> str:
        return html.page(self.figure())

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
    return Graph(_typed(thing, _function(thing)), constants, shapes, inside)


def _function(thing: Any) -> Any:
    if isinstance(thing, relay.Function):
        return thing
    if not isinstance(thing, tvm.IRModule):
        raise TypeError(
            f"graph draws a module or a function, and is given {kind(thing)}: "
            "make a module of an expression with tvm.IRModule.from_expr"
        )
    functions = {str(name.name_hint): func for name, func in thing.functions_items()}
    functions = {name: func for name, func in functions.items() if isinstance(func, relay.Function)}
    if "main" in functions:
        return functions["main"]
    if len(functions) != 1:
        names = ", ".join(functions) or "none"
        raise ValueError(f"the module has no Relay function main: it has {names}; give one, as mod['name']")
    return next(iter(functions.values()))


def _typed(thing: Any, func: Any) -> Any:
    """The function with its types, if they can be found: a picture without is better than none."""
    if type_of(func.body) is not None:
        return func
    try:
        module = thing if isinstance(thing, tvm.IRModule) else tvm.IRModule.from_expr(func)
        return _function(relay.transform.InferType()(module))
    except Exception:  # whatever a type relation raises
        return func
