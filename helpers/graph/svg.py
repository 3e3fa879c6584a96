"""A laid out graph as SVG.

Nothing is told by colour alone: kinds of boxes differ in shape, kinds of values in the width and the dashes of their
arrows and in a word beside them, and regions have a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from helpers.graph import style
from helpers.graph.layout import SCALE_LINE, Arrow, Box, Layout, Point
from helpers.graph.model import CAST_HINT, WORK, Model, Node, type_of
from helpers.graph.words import dtype, is_diamond, is_integer, new_dtype, shape

_HEAD = 6.0
_AROUND = 8.0
_NAME = 15.0
_STRAIGHT = 0.5
_CORNERS = {"input": 14.0, "result": 14.0, "boundary": 14.0, "tuple": 14.0, "scale": 8.0, "work": 2.0, "fused": 2.0}
# What each kind of arrow is, for the key under a picture.
EDGES = {"int8": "int8", "int": "wider integer", "hint": "integer once realized", "float": "float"}
_MOST_MARKS = 4
_LETTER, _EDGE = 6.4, 8.0


def svg(model: Model, layout: Layout, name: str) -> str:
    """The picture, for a page that has the style; `name` is what a screen reader says of it."""
    labels = _labels(model, layout, shapes=True)
    _, _, width, _ = frame = _frame(layout, labels)
    return (
        f'<svg class="relay-graph-svg" viewBox="{" ".join(map(_n, frame))}" width="{_n(width)}" '
        f'height="{_n(layout.height)}" role="img" aria-label="{escape(name)}">'
        f"{_content(model, layout, labels, shapes=True)}</svg>"
    )


def standalone(model: Model, layout: Layout, name: str, description: str, theme: str, shapes: bool) -> str:
    """The picture as a file of its own, with its style and a background."""
    labels = _labels(model, layout, shapes)
    left, top, width, height = map(_n, _frame(layout, labels))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="relay-graph-svg" viewBox="{left} {top} {width} {height}" '
        f'width="{width}" height="{height}" role="img"><title>{escape(name)}</title><desc>{escape(description)}</desc>'
        f"<style>{style.alone(theme)}</style>"
        f'<rect class="paper" x="{left}" y="{top}" width="{width}" height="{height}"/>'
        f"{_content(model, layout, labels, shapes)}</svg>"
    )


def _frame(layout: Layout, labels: dict[int, _Label]) -> tuple[float, float, float, float]:
    """The picture's left and upper edge, width and height: words at its edge are in it."""
    left = min([0.0, *(label.left - _EDGE for label in labels.values())])
    right = max([layout.width, *(label.right + _EDGE for label in labels.values())])
    return left, 0.0, right - left, layout.height


def _content(model: Model, layout: Layout, labels: dict[int, _Label], shapes: bool) -> str:
    members: dict[int, list[int]] = {}
    for at, node in enumerate(model.nodes):
        if node.region is not None:
            members.setdefault(node.region, []).append(at)
    areas = (f'<g class="region">{_area(layout, inside)}</g>' for inside in members.values())
    names = (_name(layout, inside, region) for region, inside in members.items())
    return "".join([*areas, *_arrows(model, layout, labels), *names, *_boxes(model, layout, shapes)])


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
        role = "main" if node.kind == "fused" and line.startswith(WORK) else "more"
        named = f' class="{role}"' if role == "main" or (at and node.kind not in ("fused", "boundary")) else ""
        yield f'<text{named} x="{x}" y="{_n(18.5 + 15 * at)}">{escape(line)}</text>'


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
    x = _n(box.width / 2 + 7)
    return drawn + (f'<text class="shape of-mark" x="{x}" y="-8">{escape(said)}</text>' if shapes else "")


def _leaving(layout: Layout) -> dict[int, list[Arrow]]:
    leaving: dict[int, list[Arrow]] = {}
    for arrow in layout.arrows:
        leaving.setdefault(arrow.source, []).append(arrow)
    return leaving


def _arrows(model: Model, layout: Layout, labels: dict[int, _Label]) -> Iterator[str]:
    """All arrows out of a box as one line that branches."""
    for source, arrows in _leaving(layout).items():
        kind = edge_kind(model.nodes[source])
        heads = "".join(f"M{_n(x)} {_n(y)}l-4 -{_n(_HEAD)}h8z" for x, y in (arrow.end for arrow in arrows))
        line = f'<path class="edge {kind}" d="{_branching(arrows)}"/><path class="head" d="{heads}"/>'
        yield f'<g class="{kind}">{line}{labels[source].svg if source in labels else ""}</g>'


def edge_kind(node: Node) -> str:
    """One of `EDGES`: what kind of value a box gives."""
    if node.op == CAST_HINT and dtype(node.ty).startswith("float"):
        return "hint"
    if dtype(node.ty) in ("int8", "uint8"):
        return "int8"
    return "int" if is_integer(node.ty) else "float"


@dataclass(slots=True)
class _Label:
    """What is written beside an arrow, and from where to where it reaches."""

    svg: str
    left: float
    right: float


def _labels(model: Model, layout: Layout, shapes: bool) -> dict[int, _Label]:
    """For the arrows out of a box: the dtype, where it is another one than the box was given, and the shape."""
    labels: dict[int, _Label] = {}
    for source, arrows in _leaving(layout).items():
        node = model.nodes[source]
        hinted = edge_kind(node) == "hint"
        said = f"{node.exprs[0].attrs['dtype']} later" if hinted else new_dtype(model, node)
        told = shape(node.ty) if shapes and node.kind not in ("input", "result") else ""
        if said or told:
            labels[source] = _label(said, told, arrows)
    return labels


def _label(said: str, told: str, arrows: list[Arrow]) -> _Label:
    """A label where the line does not go."""
    x, y = arrows[0].start
    width = (len(said) + len(told) + 1) * _LETTER
    turns = [(arrow.points[0][0] if arrow.points else arrow.end[0]) - x for arrow in arrows]
    goes_left, goes_right = min(turns) < -_STRAIGHT, max(turns) > _STRAIGHT
    if goes_left and goes_right and min(map(abs, turns)) > _STRAIGHT:
        place, left, y = " between", x - width / 2, y + 27
    elif goes_right and not goes_left:
        place, x, left, y = " left", x - 7, x - 7 - width, y + 17
    else:
        place, x, left, y = "", x + 7, x + 7, y + 17
    parts = [f'<tspan class="dtype">{escape(said)}</tspan>'] if said else []
    parts += [f'<tspan class="shape">{" " * bool(said)}{escape(told)}</tspan>'] if told else []
    drawn = f'<text class="value{place}" x="{_n(x)}" y="{_n(y)}">{"".join(parts)}</text>'
    return _Label(drawn, left, left + width)


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


def _area(layout: Layout, inside: list[int]) -> str:
    """A rectangle around the boxes of a region; where another box would be in it, the boxes and what joins them."""
    members = set(inside)
    if whole := _whole(layout, inside):
        shapes = _around(whole)
    else:
        within = (arrow for arrow in layout.arrows if arrow.source in members and arrow.target in members)
        joined = "".join(f'<path d="{_path(arrow)}"/>' for arrow in within)
        shapes = joined + "".join(_around(layout.boxes[at]) for at in inside)
    # The same twice, first a little larger: what is left of that is one line around all of it.
    return f'<g class="rim">{shapes}</g><g class="area">{shapes}</g>'


def _whole(layout: Layout, inside: list[int]) -> Box | None:
    """The rectangle around the boxes of a region, unless another box is in it."""
    members = set(inside)
    boxes = [layout.boxes[at] for at in inside]
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    top, bottom = min(box.top for box in boxes), max(box.bottom for box in boxes)
    whole = Box((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    others = (box for at, box in enumerate(layout.boxes) if at not in members)
    return None if any(_overlap(box, whole) for box in others) else whole


def _name(layout: Layout, inside: list[int], region: int) -> str:
    """The name of a region, in its upper left corner."""
    boxes = [layout.boxes[at] for at in inside]
    box = _whole(layout, inside) or min(boxes, key=lambda box: (box.top, box.left))
    return f'<text class="name" x="{_n(box.left - 4)}" y="{_n(box.top - 4.5)}">region {region + 1}</text>'


def _around(box: Box) -> str:
    return (
        f'<rect x="{_n(box.left - _AROUND)}" y="{_n(box.top - _NAME)}" width="{_n(box.width + 2 * _AROUND)}" '
        f'height="{_n(box.height + _NAME + _AROUND)}" rx="8"/>'
    )


def _overlap(box: Box, area: Box) -> bool:
    beside = box.left >= area.right or box.right <= area.left
    return not beside and box.top < area.bottom and box.bottom > area.top
