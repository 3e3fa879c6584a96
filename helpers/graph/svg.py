"""A laid out graph as SVG.

Nothing is told by colour alone: kinds of boxes differ in shape, kinds of values in the width and the dashes of their
arrows and in a word beside them, and regions have a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from helpers.graph import style
from helpers.graph.layout import SCALE_LINE, Arrow, Box, Layout, Point
from helpers.graph.model import CAST_HINT, Model, Node, type_of
from helpers.graph.words import dtype, is_diamond, is_integer, new_dtype, shape

_HEAD = 6.0
_AROUND = 9.0
_NAME = 16.0
_STRAIGHT = 0.5
_CORNERS = {"input": 14.0, "result": 14.0, "boundary": 14.0, "tuple": 14.0, "scale": 8.0, "work": 2.0, "fused": 2.0}
# What each kind of arrow is, for the key under a picture.
EDGES = {"int8": "int8", "int": "wider integer", "hint": "int8 once realized", "float": "float"}
_MOST_MARKS = 4


def svg(model: Model, layout: Layout, name: str, shapes: bool = True) -> str:
    """The picture, for a page that has the style; `name` is what a screen reader says of it."""
    width, height = _n(layout.width), _n(layout.height)
    return (
        f'<svg class="relay-graph-svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(name)}">{_content(model, layout, shapes)}</svg>'
    )


def standalone(model: Model, layout: Layout, name: str, description: str, theme: str, shapes: bool) -> str:
    """The picture as a file of its own, with its style and a background."""
    width, height = _n(layout.width), _n(layout.height)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="relay-graph-svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img"><title>{escape(name)}</title><desc>{escape(description)}</desc>'
        f'<style>{style.alone(theme)}</style><rect class="paper" width="{width}" height="{height}"/>'
        f"{_content(model, layout, shapes)}</svg>"
    )


def _content(model: Model, layout: Layout, shapes: bool) -> str:
    return "".join([*_regions(model, layout), *_arrows(model, layout, shapes), *_boxes(model, layout, shapes)])


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _boxes(model: Model, layout: Layout, shapes: bool) -> Iterator[str]:
    for node, box in zip(model.nodes, layout.boxes):
        kind = f"{node.kind} int" if node.kind == "fused" and is_integer(node.ty) else node.kind
        yield (
            f'<g class="{kind}" transform="translate({_n(box.left)} {_n(box.top)})">'
            f"<title>{escape(node.title)}</title>{outline(node.kind, 0, 0, box.width, box.height)}"
            f"{''.join(_lines(node, box))}{''.join(_scales(node, box))}{_marks(node, box, shapes)}</g>"
        )


def outline(kind: str, x: float, y: float, width: float, height: float) -> str:
    """The shape of a box: each kind has its own corners."""
    corner = min(_CORNERS.get(kind, 5.0), height / 2)
    if kind == "scale":
        return f'<path class="box" d="{_cut_corners(x, y, width, height, min(corner, height / 3))}"/>'
    at = f' x="{_n(x)}" y="{_n(y)}"' if x or y else ""
    return f'<rect class="box"{at} width="{_n(width)}" height="{_n(height)}" rx="{_n(corner)}"/>'


def _cut_corners(x: float, y: float, width: float, height: float, corner: float) -> str:
    across, down, c = _n(width - 2 * corner), _n(height - 2 * corner), _n(corner)
    return f"M{_n(x + corner)} {_n(y)}h{across}l{c} {c}v{down}l-{c} {c}h-{across}l-{c} -{c}v-{down}z"


def _lines(node: Node, box: Box) -> Iterator[str]:
    x = _n(box.width / 2)
    for at, line in enumerate(node.lines):
        more = ' class="more"' if at and node.kind not in ("fused", "boundary") else ""
        yield f'<text{more} x="{x}" y="{_n(18.5 + 15 * at)}">{escape(line)}</text>'


def _scales(node: Node, box: Box) -> Iterator[str]:
    """The scales of a box's constants, each in a frame with cut corners at the foot of the box."""
    for at, scale in enumerate(node.scales):
        top = box.height - SCALE_LINE * (len(node.scales) - at)
        frame = outline("scale", 5, top, box.width - 10, SCALE_LINE - 4)
        word = f'<text class="more" x="{_n(box.width / 2)}" y="{_n(top + 11)}">{escape(scale)}</text>'
        yield f'<g class="scale">{frame}{word}</g>'


def _marks(node: Node, box: Box, shapes: bool) -> str:
    """A diamond on the upper edge for each constant that is not written in the box itself."""
    marks = [mark for mark in node.marks if is_diamond(mark)]
    if not marks:
        return ""
    xs = [box.width - 12 - 11 * at for at in range(min(len(marks), _MOST_MARKS))]
    drawn = "".join(f'<path class="mark" d="M{_n(x)} -5l5 5l-5 5l-5 -5z"/>' for x in xs)
    said = shape(type_of(marks[0])) if len(marks) == 1 else f"{len(marks)} constants"
    x = _n(box.width + 2)
    return drawn + (f'<text class="shape of-mark" x="{x}" y="-8">{escape(said)}</text>' if shapes else "")


def _arrows(model: Model, layout: Layout, shapes: bool) -> Iterator[str]:
    """All arrows out of a box as one line that branches."""
    leaving: dict[int, list[Arrow]] = {}
    for arrow in layout.arrows:
        leaving.setdefault(arrow.source, []).append(arrow)
    for source, arrows in leaving.items():
        kind = edge_kind(model.nodes[source])
        heads = "".join(f"M{_n(x)} {_n(y)}l-4 -{_n(_HEAD)}h8z" for x, y in (arrow.end for arrow in arrows))
        line = f'<path class="edge {kind}" d="{_branching(arrows)}"/><path class="head" d="{heads}"/>'
        yield f'<g class="{kind}">{line}{_words(model, source, arrows, shapes)}</g>'


def edge_kind(node: Node) -> str:
    """One of `EDGES`: what kind of value a box gives."""
    if node.kind == "boundary" and dtype(node.ty).startswith("float"):
        return "hint"
    if dtype(node.ty) in ("int8", "uint8"):
        return "int8"
    return "int" if is_integer(node.ty) else "float"


def _words(model: Model, source: int, arrows: list[Arrow], shapes: bool) -> str:
    """The dtype where it is another one than the box was given, and the shape; where the line does not go."""
    node = model.nodes[source]
    hinted = edge_kind(node) == "hint" and node.op == CAST_HINT
    said = f"{node.exprs[0].attrs['dtype']} later" if hinted else new_dtype(model, node)
    told = shape(node.ty) if shapes and node.kind not in ("input", "result") else ""
    if not said and not told:
        return ""
    x, y = arrows[0].start
    turns = [(arrow.points[0][0] if arrow.points else arrow.end[0]) - x for arrow in arrows]
    goes_left, goes_right = min(turns) < -_STRAIGHT, max(turns) > _STRAIGHT
    if goes_left and goes_right and min(map(abs, turns)) > _STRAIGHT:
        place, x, y = " between", x, y + 27
    elif goes_right and not goes_left:
        place, x, y = " left", x - 7, y + 13
    else:
        place, x, y = "", x + 7, y + 13
    parts = [f'<tspan class="dtype">{escape(said)}</tspan>'] if said else []
    parts += [f'<tspan class="shape">{" " * bool(said)}{escape(told)}</tspan>'] if told else []
    return f'<text class="value{place}" x="{_n(x)}" y="{_n(y)}">{"".join(parts)}</text>'


def _branching(arrows: list[Arrow]) -> str:
    """The line of the longest arrow, and of each other one what is beyond it."""
    longest = max(arrows, key=lambda arrow: len(arrow.points))
    parts = [_path(longest)]
    for arrow in arrows:
        if arrow is not longest:
            x, y = (arrow.points[-1][0], arrow.points[-1][2]) if arrow.points else arrow.start
            parts.append(f"M{_n(x)} {_n(y)}{_bend((x, y), _above(arrow.end))}")
    return "".join(parts)


def _path(arrow: Arrow) -> str:
    """Straight down past each layer, curved between them."""
    x, y = arrow.start
    parts = [f"M{_n(x)} {_n(y)}"]
    for lane, top, below in arrow.points:
        if abs(lane - x) >= _STRAIGHT:
            parts += [f"V{_n(y)}", _bend((x, y), (lane, top))]
        x, y = lane, below
    return "".join([*parts, f"V{_n(y)}", _bend((x, y), _above(arrow.end))])


def _above(end: Point) -> Point:
    """Where the line to the head of an arrow ends."""
    return end[0], end[1] - _HEAD + 1


def _bend(start: Point, end: Point) -> str:
    if abs(start[0] - end[0]) < _STRAIGHT:
        return f"V{_n(end[1])}"
    middle = _n((start[1] + end[1]) / 2)
    return f"C{_n(start[0])} {middle} {_n(end[0])} {middle} {_n(end[0])} {_n(end[1])}"


def _regions(model: Model, layout: Layout) -> Iterator[str]:
    members: dict[int, list[int]] = {}
    for at, node in enumerate(model.nodes):
        if node.region is not None:
            members.setdefault(node.region, []).append(at)
    for region, inside in members.items():
        yield f'<g class="region">{_area(model, layout, inside, region)}</g>'


def _area(model: Model, layout: Layout, inside: list[int], region: int) -> str:
    """A rectangle around the boxes of a region; where another box would be in it, the boxes and what joins them."""
    members = set(inside)
    boxes = [layout.boxes[at] for at in inside]
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    top, bottom = min(box.top for box in boxes), max(box.bottom for box in boxes)
    whole = Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    first = min(boxes, key=lambda box: (box.top, box.left))
    others = (box for at, box in enumerate(layout.boxes) if at not in members)
    if any(_overlap(box, whole) for box in others):
        joined = "".join(
            f'<path d="{_path(arrow)}"/>'
            for arrow in layout.arrows
            if arrow.source in members and arrow.target in members
        )
        shapes = joined + "".join(map(_around, boxes))
        # The same twice, first a little larger: what is left of that is one line around all of it.
        drawn = f'<g class="rim">{shapes}</g><g class="area">{shapes}</g>'
    else:
        first, drawn = whole, f'<g class="rim">{_around(whole)}</g><g class="area">{_around(whole)}</g>'
    return f'{drawn}<text class="name" x="{_n(first.left - 5)}" y="{_n(first.top - 5)}">region {region + 1}</text>'


def _around(box: Box) -> str:
    return (
        f'<rect x="{_n(box.left - _AROUND)}" y="{_n(box.top - _NAME)}" width="{_n(box.width + 2 * _AROUND)}" '
        f'height="{_n(box.height + _NAME + _AROUND)}" rx="8"/>'
    )


def _overlap(box: Box, area: Box) -> bool:
    beside = box.left >= area.right or box.right <= area.left
    return not beside and box.top < area.bottom and box.bottom > area.top
