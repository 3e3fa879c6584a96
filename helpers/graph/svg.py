"""A laid out graph as SVG.

Nothing is told by colour alone: kinds of boxes differ in shape, kinds of values in the width and the dashes of their
arrows and in a word beside them, and regions have a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from helpers.graph import style
from helpers.graph.layout import Arrow, Box, Layout, Point
from helpers.graph.model import CAST_HINT, Model, Node, type_of
from helpers.graph.words import dtype, is_scalar, shape

_HEAD = 6.0
_AROUND = 9.0
_NAME = 16.0


def svg(model: Model, layout: Layout, name: str, description: str, rules: str = "") -> str:
    """The picture; `rules` is the style to put in it, if it is to stand alone."""
    inside = "".join([*_regions(model, layout), *_arrows(model, layout), *_boxes(model, layout)])
    width, height = _n(layout.width), _n(layout.height)
    style_element = f"<style>{rules}</style>" if rules else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="relay-graph-svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escape(name)}">'
        f"<desc>{escape(description)}</desc>{style_element}{inside}</svg>"
    )


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _boxes(model: Model, layout: Layout) -> Iterator[str]:
    for node, box in zip(model.nodes, layout.boxes):
        kind = f"{node.kind} int" if node.kind == "fused" and dtype(node.ty) == "int8" else node.kind
        yield (
            f'<g class="{kind}" transform="translate({_n(box.left)} {_n(box.top)})">'
            f"<title>{escape(node.title)}</title>{_shape(node.kind, box.width, box.height)}"
            f"{''.join(_lines(node, box))}{_marks(node, box)}</g>"
        )


def _shape(kind: str, width: float, height: float) -> str:
    w, h = _n(width), _n(height)
    if kind == "scale":
        # Cut corners.
        path = f"M8 0H{_n(width - 8)}L{w} 8V{_n(height - 8)}L{_n(width - 8)} {h}H8L0 {_n(height - 8)}V8Z"
        return f'<path class="box" d="{path}"/>'
    round_corner = {"input": 14, "result": 14, "boundary": 14, "tuple": 14, "work": 2, "fused": 2}.get(kind, 5)
    return f'<rect class="box" width="{w}" height="{h}" rx="{round_corner}"/>'


def _lines(node: Node, box: Box) -> Iterator[str]:
    x = _n(box.width / 2)
    for at, line in enumerate(node.lines):
        more = ' class="more"' if at and node.kind not in ("fused", "boundary") else ""
        yield f'<text{more} x="{x}" y="{_n(18.5 + 15 * at)}">{escape(line)}</text>'


def _marks(node: Node, box: Box) -> str:
    """A diamond on the upper edge for each constant that is not a number in the box itself."""
    marks = [mark for mark in node.marks if not is_scalar(mark)]
    if not marks:
        return ""
    xs = [box.width - 12 - 11 * at for at in range(min(len(marks), 4))]
    drawn = "".join(f'<path class="mark" d="M{_n(x)} -5l5 5l-5 5l-5 -5z"/>' for x in xs)
    said = shape(type_of(marks[0])) if len(marks) == 1 else f"{len(marks)} constants"
    return f'{drawn}<text class="shape of-mark" x="{_n(box.width + 2)}" y="-8">{escape(said)}</text>'


def _arrows(model: Model, layout: Layout) -> Iterator[str]:
    told: set[int] = set()
    for arrow in layout.arrows:
        node = model.nodes[arrow.source]
        kind = _arrow_kind(node)
        x, y = arrow.end
        head = f"M{_n(x)} {_n(y)}l-4 -{_n(_HEAD)}h8z"
        words = "" if arrow.source in told else _words(model, arrow, kind)
        told.add(arrow.source)
        line = f'<path class="edge {kind}" d="{_path(arrow)}"/><path class="head" d="{head}"/>'
        yield f'<g class="{kind}">{line}{words}</g>'


def _arrow_kind(node: Node) -> str:
    if node.kind == "boundary" and dtype(node.ty).startswith("float"):
        return "hint"
    kind = dtype(node.ty)
    if kind in ("int8", "uint8"):
        return "int8"
    return "int" if kind.startswith(("int", "uint")) else "float"


def _words(model: Model, arrow: Arrow, kind: str) -> str:
    """The dtype where it becomes another one than the box was given, and the shape."""
    node = model.nodes[arrow.source]
    x, y = arrow.start[0] + 6, arrow.start[1] + 12
    own = dtype(node.ty)
    given = {dtype(model.nodes[operand].ty) for operand in node.operands}
    said = ""
    if kind == "hint":
        said = f"{node.exprs[0].attrs['dtype']} later" if node.op == CAST_HINT else ""
    elif own != "float32" and own != "?" and given != {own}:
        said = own
    word = f'<text class="dtype" x="{_n(x)}" y="{_n(y)}">{escape(said)}</text>' if said else ""
    x += 6.8 * len(said) + (5 if said else 0)
    told = shape(node.ty) if node.kind not in ("input", "result") else ""
    return word + (f'<text class="shape" x="{_n(x)}" y="{_n(y)}">{escape(told)}</text>' if told else "")


def _path(arrow: Arrow) -> str:
    """Straight down past each layer, curved between them."""
    (x, y), (end, bottom) = arrow.start, arrow.end
    parts = [f"M{_n(x)} {_n(y)}"]
    for lane, top, below in arrow.points:
        parts.append(_bend((x, y), (lane, top)))
        parts.append(f"V{_n(below)}")
        x, y = lane, below
    parts.append(_bend((x, y), (end, bottom - _HEAD + 1)))
    return "".join(parts)


def _bend(start: Point, end: Point) -> str:
    if abs(start[0] - end[0]) < 0.5:
        return f"V{_n(end[1])}"
    middle = _n((start[1] + end[1]) / 2)
    return f"C{_n(start[0])} {middle} {_n(end[0])} {middle} {_n(end[0])} {_n(end[1])}"


def _regions(model: Model, layout: Layout) -> Iterator[str]:
    members: dict[int, list[int]] = {}
    for at, node in enumerate(model.nodes):
        if node.region is not None:
            members.setdefault(node.region, []).append(at)
    for region, inside in members.items():
        yield f'<g class="in-region">{_area(model, layout, inside, region)}</g>'


def _area(model: Model, layout: Layout, inside: list[int], region: int) -> str:
    """A rectangle around the boxes of a region; where another box would be in it, one around each of them."""
    boxes = [layout.boxes[at] for at in inside]
    left, right = min(box.left for box in boxes), max(box.left + box.width for box in boxes)
    top, bottom = min(box.top for box in boxes), max(box.bottom for box in boxes)
    others = [box for at, box in enumerate(layout.boxes) if at not in set(inside)]
    rectangles = [(left, top, right, bottom)]
    if any(_overlap(box, rectangles[0]) for box in others):
        rectangles = [(box.left, box.top, box.left + box.width, box.bottom) for box in boxes]
    drawn = "".join(
        f'<rect class="region" x="{_n(x0 - _AROUND)}" y="{_n(y0 - _NAME)}" width="{_n(x1 - x0 + 2 * _AROUND)}" '
        f'height="{_n(y1 - y0 + _NAME + _AROUND)}" rx="8"/>'
        for x0, y0, x1, y1 in rectangles
    )
    x0, y0, _, _ = rectangles[0]
    return f'{drawn}<text class="name" x="{_n(x0 - 2)}" y="{_n(y0 - 5)}">region {region + 1}</text>'


def _overlap(box: Box, area: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = area
    return box.left < right and box.left + box.width > left and box.top < bottom and box.bottom > top


def standalone(model: Model, layout: Layout, name: str, description: str, theme: str, shapes: bool) -> str:
    """The picture with its own style."""
    hidden = "" if shapes else ".relay-graph-svg .shape { display: none; }"
    return svg(model, layout, name, description, style.alone(theme) + hidden)
