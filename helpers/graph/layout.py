"""Where each box stands: from top to bottom, each below those that it reads.

igraph orders the boxes of a layer and lines them up (K. Sugiyama, S. Tagawa, M. Toda: Methods for visual understanding
of hierarchical system structures. IEEE Transactions on Systems, Man, and Cybernetics 11(2), 1981). It takes all boxes
for equally wide; `_columns` moves its columns as close together as the boxes allow.

An arrow over several layers passes each of them at a point of its own. Arrows out of one box share these points.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

import igraph

from helpers.graph.model import Model, Node

LETTER, NARROWEST, PADDING = 7.3, 112.0, 11.0
FIRST_LINE, NEXT_LINE, SCALE_LINE = 28.0, 15.0, 19.0
ACROSS, DOWN, MARGIN = 34.0, 38.0, 22.0
_LANE = 6.0

Point = tuple[float, float]
# Where an arrow passes a layer: x, top and bottom of the layer.
Lane = tuple[float, float, float]


@dataclass(slots=True)
class Box:
    """The middle of a box, and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """Its left edge."""
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        """Its upper edge."""
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height / 2


@dataclass(slots=True)
class Arrow:
    """From a box to the `operand`-th place of another one: `points` are where it passes layers between."""

    source: int
    target: int
    operand: int
    start: Point
    end: Point
    points: list[Lane]


@dataclass(slots=True)
class Layout:
    """All boxes, in the order of the model, and all arrows."""

    width: float
    height: float
    boxes: list[Box]
    arrows: list[Arrow]


def lay_out(model: Model) -> Layout:
    """Places for the boxes of a model, whose lines are written already."""
    sizes = [_size(node) for node in model.nodes]
    layers = _layers(model)
    lanes = _Lanes(model, layers)
    widths = [width for width, _ in sizes] + [_LANE] * (len(lanes.layers) - len(sizes))
    xs = _columns(_igraph(lanes), lanes.layers, widths)
    tops, heights = _rows(layers, [height for _, height in sizes])
    boxes = [
        Box(xs[at], tops[layers[at]] + heights[layers[at]] / 2, width, height)
        for at, (width, height) in enumerate(sizes)
    ]
    arrows = _arrows(model, boxes, lanes, xs, tops, heights)
    right = max((x + width / 2 for x, width in zip(xs, widths)), default=0.0)
    return Layout(right + MARGIN, tops[-1] + heights[-1] + MARGIN, boxes, arrows)


def _size(node: Node) -> tuple[float, float]:
    longest = max(map(len, [*node.lines, *node.scales]), default=0)
    width = max(NARROWEST, longest * LETTER + 2 * PADDING)
    return width, FIRST_LINE + NEXT_LINE * (len(node.lines) - 1) + SCALE_LINE * len(node.scales)


def points_passed(model: Model) -> int:
    """How many points there are at which arrows pass layers: what igraph's time goes up with."""
    layers = _layers(model)
    lowest = [max((layers[user] for user in users), default=0) for users in model.users()]
    return sum(max(last - layer - 1, 0) for layer, last in zip(layers, lowest))


def _layers(model: Model) -> list[int]:
    """Each box one below the lowest that it reads; what reads nothing stands right above its first user."""
    layers = model.depths()
    for at, users in enumerate(model.users()):
        if not model.nodes[at].operands and users:
            layers[at] = min(layers[user] for user in users) - 1
    top = min(layers)
    return [layer - top for layer in layers]


class _Lanes:
    """The graph with a point for each layer that an arrow passes, after the boxes themselves."""

    def __init__(self, model: Model, layers: list[int]) -> None:
        self.layers = list(layers)
        self.edges: list[tuple[int, int]] = []
        self.passed: list[list[int]] = []
        for at, users in enumerate(model.users()):
            lowest = max((layers[user] for user in users), default=0)
            count = max(lowest - layers[at] - 1, 0)
            points = list(range(len(self.layers), len(self.layers) + count))
            self.layers += range(layers[at] + 1, layers[at] + 1 + count)
            self.passed.append(points)
            chain = [at, *points]
            self.edges += pairwise(chain)
            self.edges += ((chain[layers[user] - layers[at] - 1], user) for user in users)


def _igraph(lanes: _Lanes) -> list[float]:
    graph = igraph.Graph(n=len(lanes.layers), edges=lanes.edges, directed=True)
    return [x for x, _ in graph.layout_sugiyama(layers=lanes.layers).coords[: len(lanes.layers)]]


def _columns(units: list[float], layers: list[int], widths: list[float]) -> list[float]:
    """What stood in one column stays in one column; neighbours of a layer come as close as they can.

    The columns are pushed to the left, then to the right, and each gets the middle of its two places: so one that
    nothing holds, as where two branches meet, stands between its neighbours.
    """
    columns = _numbered(units, layers)
    by_layer: dict[int, list[int]] = {}
    for at in sorted(range(len(units)), key=columns.__getitem__):
        by_layer.setdefault(layers[at], []).append(at)
    count = max(columns) + 1
    apart: list[dict[int, float]] = [{} for _ in range(count)]
    half = [0.0] * count
    for row in by_layer.values():
        for first, second in pairwise(row):
            gap = (widths[first] + widths[second]) / 2 + ACROSS
            known = apart[columns[second]]
            known[columns[first]] = max(known.get(columns[first], 0.0), gap)
    for at, column in enumerate(columns):
        half[column] = max(half[column], widths[at] / 2)
    left: list[float] = []
    for column, gaps in enumerate(apart):
        nearest = max((left[other] + gap for other, gap in gaps.items()), default=0.0)
        left.append(max(nearest, left[-1] if left else 0.0, half[column] + MARGIN))
    right = _pushed_right(apart, left)
    return [(left[column] + right[column]) / 2 for column in columns]


def _numbered(units: list[float], layers: list[int]) -> list[int]:
    """The number of each one's column. igraph sometimes lays two of one layer onto one place: they get two columns."""
    taken: Counter[tuple[int, float]] = Counter()
    places: list[tuple[float, int]] = []
    for unit, layer in zip(units, layers):
        unit = round(unit, 3)
        places.append((unit, taken[layer, unit]))
        taken[layer, unit] += 1
    column_of = {place: at for at, place in enumerate(sorted(set(places)))}
    return [column_of[place] for place in places]


def _pushed_right(apart: list[dict[int, float]], left: list[float]) -> list[float]:
    right = [left[-1]] * len(left)
    for column in range(len(left) - 1, -1, -1):
        if column + 1 < len(left):
            right[column] = min(right[column], right[column + 1])
        for other, gap in apart[column].items():
            right[other] = min(right[other], right[column] - gap)
    return right


def _rows(layers: list[int], sizes: list[float]) -> tuple[list[float], list[float]]:
    heights = [0.0] * (max(layers) + 1)
    for layer, size in zip(layers, sizes):
        heights[layer] = max(heights[layer], size)
    tops = [MARGIN]
    for height in heights[:-1]:
        tops.append(tops[-1] + height + DOWN)
    return tops, heights


def _arrows(
    model: Model, boxes: list[Box], lanes: _Lanes, xs: list[float], tops: list[float], heights: list[float]
) -> list[Arrow]:
    arrows: list[Arrow] = []
    rows = [(top, top + height) for top, height in zip(tops, heights)]
    passed = [[(xs[point], *rows[lanes.layers[point]]) for point in points] for points in lanes.passed]
    for at, node in enumerate(model.nodes):
        came: list[tuple[float, int, list[Lane]]] = []
        for place, operand in enumerate(node.operands):
            points = passed[operand][: lanes.layers[at] - lanes.layers[operand] - 1]
            came.append((points[-1][0] if points else xs[operand], place, points))
        # Arrows arrive side by side, in the order in which they come: they do not cross at the box.
        for rank, (_, place, points) in enumerate(sorted(came)):
            operand = node.operands[place]
            spread = min(boxes[at].width * 0.6, 26.0 * (len(came) - 1))
            x = boxes[at].x + spread * (rank / (len(came) - 1) - 0.5 if len(came) > 1 else 0.0)
            start, end = (boxes[operand].x, boxes[operand].bottom), (x, boxes[at].top)
            arrows.append(Arrow(operand, at, place, start, end, points))
    return arrows
