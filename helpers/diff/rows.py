"""Two listings side by side: which line stands beside which, and what is marked in them.

A row is `(sign, before, after)`. `before` and `after` are cells or `None`; a cell is a list of `(text, mark)`, and its
first text is its indentation. All of it is texts and lists: a row goes to JSON as it is, and whoever draws it needs to
know this only.

    sign    " "   stays as it is
            "-"   is gone; there is no cell after
            "+"   is new; there is no cell before
            "±"   stays, and something in it is another
            "~"   stays, but reads another value
            ":"   stays as it is, but its type is another

    mark    ""          nothing to say
            "changed"   is another now (in the cell after), or was another (in the cell before)
            "reads"     here another value is read: one that is new, or one that was there already
            "type"      belongs to the comment that tells the type
            "span"      belongs to the comment that tells where the line came from
            "type span" opens or closes a comment that tells both

What is marked "type" or "span" may be left out. A type that is another is not marked "type", so that it always shows,
and what differs in it is marked "changed".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, zip_longest
from typing import NamedTuple

from helpers.diff.edits import changed_parts, differing_attributes, differing_operands
from helpers.diff.listing import FUNCTION, OPENING, TYPE, Line, Part
from helpers.diff.program import Node, Program, bound
from helpers.diff.sequences import common, increasing
from helpers.diff.values import array_of, attribute_values, first_difference

Cell = list[tuple[str, str]]
_WORDS = re.compile(r"\w+|\W")
_INDENT = "  "
# Functions in functions go no further to the right than this.
_DEEPEST = 40
# An unchanged line is shown where it is so near to one that is not; what is left is folded, unless it is that short.
_CONTEXT = 2
_SHORTEST_FOLD = 4
_SIGNS = (("±", "changed"), ("~", "reads"), (":", "type"))
COMMENTS = ("type", "span", "type span")


class Row(NamedTuple):
    """One row: its sign, and its two cells."""

    sign: str
    before: Cell | None
    after: Cell | None


def rows(
    programs: tuple[Program, Program], listings: tuple[list[Line], list[Line]], pairs: Mapping[int, int]
) -> list[Row]:
    """The rows of two programs, where `pairs` says which expression of the first is which of the second.

    They stand in the order of the second. A line that is gone stands where it was among those that stay.
    """
    drawn = _Cells(programs, listings, pairs)
    return [drawn.row(old, new) for old, new in _beside(listings, pairs)]


def folds(shown: Sequence[Row]) -> list[tuple[int, int]]:
    """The stretches of unchanged rows to fold, each as the numbers of its first row and of the first row behind it."""
    near = [False] * len(shown)
    for at, row in enumerate(shown):
        if row.sign != " " or at == 0:
            start = max(0, at - _CONTEXT) if row.sign != " " else at
            end = at + _CONTEXT + 1 if row.sign != " " else at + 1
            near[start:end] = [True] * len(near[start:end])
    found = []
    for is_near, stretch in groupby(range(len(shown)), key=near.__getitem__):
        numbers = list(stretch)
        if not is_near and len(numbers) >= _SHORTEST_FOLD:
            found.append((numbers[0], numbers[-1] + 1))
    return found


def _beside(
    listings: tuple[list[Line], list[Line]], pairs: Mapping[int, int]
) -> Iterator[tuple[Line | None, Line | None]]:
    """The lines of the second listing, each with the one of the first that it was, and between them those gone."""
    before, after = listings
    was = _matched(before, after, pairs)
    spine = dict(increasing(sorted(was.items())))
    gone = set(range(len(before))) - set(was.values())
    done = 0
    waiting: list[tuple[Line | None, Line | None]] = []
    for new in range(len(after)):
        if new in spine:
            yield from ((before[old], None) for old in range(done, spine[new]) if old in gone)
            yield from waiting
            waiting.clear()
            done = spine[new] + 1
            yield before[spine[new]], after[new]
        else:
            waiting.append((before[was[new]] if new in was else None, after[new]))
    yield from ((before[old], None) for old in range(done, len(before)) if old in gone)
    yield from waiting


def _matched(before: list[Line], after: list[Line], pairs: Mapping[int, int]) -> dict[int, int]:
    """For a line of `after` the one of `before` that it was."""
    places = {(pairs[line.node], line.role): old for old, line in enumerate(before) if line.node in pairs}
    found = {new: places[key] for new, line in enumerate(after) if (key := (line.node, line.role)) in places}
    # Lines without an expression: the module's attributes, and functions of other dialects.
    first, second = ([at for at, line in enumerate(lines) if line.node < 0] for lines in (before, after))
    keys = [
        [(before[at].role, _plain(before[at])) for at in first],
        [(after[at].role, _plain(after[at])) for at in second],
    ]
    found |= {second[j]: first[i] for i, j in common(*keys)}
    return found


def _plain(line: Line) -> str:
    return "".join(segment.text for segment in line.segments)


class _Cells:
    """Lines with their marks."""

    def __init__(
        self, programs: tuple[Program, Program], listings: tuple[list[Line], list[Line]], pairs: Mapping[int, int]
    ) -> None:
        self.pairs = pairs, {new: old for old, new in pairs.items()}
        self.programs = programs
        self.marks: tuple[dict[tuple[int, Part], str], ...] = {}, {}
        # Constants stand in no pair; to compare their types, each is beside the one that its first user reads now.
        self.beside: tuple[dict[int, int], ...] = {}, {}
        self.texts = tuple(
            {(at, part): text for line in lines for text, at, part in line.segments} for lines in listings
        )
        self.exact: tuple[dict[tuple[int, Part], str], ...] = {}, {}
        names = [{root: name for name, root in program.roots.items()} for program in programs]
        for old, new in pairs.items():
            if names[0].get(old) != names[1].get(new):
                self.marks[0][old, FUNCTION] = self.marks[1][new, FUNCTION] = "changed"
            self._mark_operands(old, new)
            if programs[0].nodes[old].label != programs[1].nodes[new].label:
                self._mark_parts(old, new)

    def row(self, old: Line | None, new: Line | None) -> Row:
        """The row of two lines that stand beside each other."""
        before, marks = self._cell(old, 0, new is not None) if old else (None, set[str]())
        after, more = self._cell(new, 1, old is not None) if new else (None, set[str]())
        sign = "-" if new is None else "+" if old is None else _sign(marks | more)
        return Row(sign, before, after)

    def _mark_operands(self, old: int, new: int) -> None:
        nodes = self.programs[0].nodes[old], self.programs[1].nodes[new]
        differing = differing_operands(*self.programs, self.pairs[1], old, new)
        for place, other in zip_longest(*map(sorted, differing)):
            mark = "changed"
            if place is not None and other is not None:
                first, second = nodes[0].operands[place], nodes[1].operands[other]
                kinds = {self.programs[0].nodes[first].kind, self.programs[1].nodes[second].kind}
                if kinds == {"constant"}:
                    self._tell_numbers_apart((old, place), (new, other), first, second)
                elif place not in bound(nodes[0]):
                    mark = "reads"
                if first in self.pairs[0] and second in self.pairs[1]:
                    # Both are still there, so that no line that is new or gone tells of it.
                    self.marks[0][old, ("body", place)] = self.marks[1][new, ("body", other)] = "reads"
                self.beside[0].setdefault(first, second)
                self.beside[1].setdefault(second, first)
            self.marks[0][old, ("operand", place)] = self.marks[1][new, ("operand", other)] = mark

    def _mark_parts(self, old: int, new: int) -> None:
        nodes = self.programs[0].nodes[old], self.programs[1].nodes[new]
        for part in changed_parts(*nodes):
            places: list[Part] = [(part, None)]
            if part == "attributes":
                names = differing_attributes(nodes[0].expr.attrs, nodes[1].expr.attrs)
                places = [("attribute", name) for name in names]
            if not any((at, place) in self.texts[side] for side, at in enumerate((old, new)) for place in places):
                places = [OPENING]
            for side, at in enumerate((old, new)):
                self.marks[side].update({(at, place): "changed" for place in places})
            for place in places:
                self._tell_apart((old, place), (new, place), nodes)

    def _tell_numbers_apart(self, old: tuple[int, int], new: tuple[int, int], first: int, second: int) -> None:
        """Write a number that is another, where the text of two constants is the same."""
        keys = [(at, ("operand", place)) for at, place in (old, new)]
        arrays = [array_of(self.programs[side].nodes[at].expr) for side, at in enumerate((first, second))]
        written = [self.texts[side].get(key) for side, key in enumerate(keys)]
        if written[0] != written[1] or (arrays[0].shape, arrays[0].dtype) != (arrays[1].shape, arrays[1].dtype):
            return
        where = first_difference(*arrays)
        for side, key in enumerate(keys):
            number = arrays[side][where]
            self.exact[side][key] = f"{written[side]} ({number} at {list(where)})" if where else str(number)

    def _tell_apart(self, old: tuple[int, Part], new: tuple[int, Part], nodes: tuple[Node, Node]) -> None:
        """Write an attribute to its last digit where Relay's six digits are the same for two numbers."""
        if old[1][0] == "attribute" and self.texts[0].get(old) == self.texts[1].get(new) is not None:
            name = old[1][1]
            for side, key in enumerate((old, new)):
                self.exact[side][key] = f"{name}={attribute_values(nodes[side].expr.attrs)[name]!r}"

    def _cell(self, line: Line, side: int, beside: bool) -> tuple[Cell, set[str]]:
        """A line with its marks, and which those are; where it stands beside no other, there are none."""
        cell, changes = list[tuple[str, str]](), set[str]()
        exact, asked, other = self.exact[side], -1, None
        for text, node, part in line.segments:
            if part[0] in ("edge", "type", "span"):
                if node != asked and beside:
                    asked, other = node, self._other_type(node, side)
                there = other if part[0] != "span" else None
                if there is None:
                    cell.append((text, part[1] or part[0]))
                else:
                    changes.add("type")
                    cell += _compared(text, there) if part[0] == "type" else [(text, "")]
            else:
                mark = self._mark(node, part, side) if beside else ""
                changes.add(mark)
                cell.append((exact.get((node, part), text) if exact else text, mark))
        return [(_INDENT * min(line.depth, _DEEPEST), ""), *_merged(cell)], changes

    def _mark(self, node: int, part: Part, side: int) -> str:
        is_new = node >= 0 and node not in self.pairs[side]
        return "changed" if is_new else self.marks[side].get((node, part), "")

    def _other_type(self, node: int, side: int) -> str | None:
        """The type that a node had before, or has after, if that is another."""
        other = self.pairs[side].get(node, self.beside[side].get(node, -1))
        here, there = self.texts[side].get((node, TYPE)), self.texts[1 - side].get((other, TYPE))
        return there if here and here != there else None


def _sign(marks: set[str]) -> str:
    """The sign of a row that stays, by the marks in it."""
    return next((sign for sign, mark in _SIGNS if mark in marks), " ")


def _compared(text: str, there: str) -> Cell:
    """`text` with the words marked that `there` has not in their place."""
    first, second = _WORDS.findall(text), _WORDS.findall(there)
    same = {i for i, _ in common(first, second)}
    return [(word, "" if at in same else "changed") for at, word in enumerate(first)]


def _merged(cell: Cell) -> Iterator[tuple[str, str]]:
    """The cell with neighbours of one mark put together."""
    together, last = "", None
    for text, mark in cell:
        if mark == last:
            together += text
            continue
        if last is not None:
            yield together, last
        together, last = text, mark
    if last is not None:
        yield together, last
