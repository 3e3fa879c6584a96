"""A program as the lines of Relay's text, each cut into segments that know what they are.

    %3 = nn.conv2d(%2, meta[relay.Constant][1], padding=[1, 1, 1, 1]) /* ty=Tensor[(1, 8, 4, 4), float32] */;

A segment is a piece of text, the expression that it is a part of, and which part: operand 0, the attribute `padding`,
the type. Put together, the segments are what Relay prints, character for character. Two orders decide the numbers:
expressions are visited operands first, and a line is written for one when the first expression that uses it is visited.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from helpers.diff.program import Program, type_of
from helpers.text import shown

Part = tuple[str, Any]
NAME: Part = ("name", None)
PLAIN: Part = ("", None)
# What an expression begins with: marked for a change that has no text of its own.
OPENING: Part = ("opening", None)
# The name of a function in a module.
FUNCTION: Part = ("function", None)
TYPE: Part = ("type", None)
SPAN: Part = ("span", None)
# What opens and closes a comment that has a type, a span, or both in it.
EDGES: tuple[Part, ...] = (("edge", "type"), ("edge", "span"), ("edge", "type span"))


class Segment(NamedTuple):
    """A piece of a line: its text, the number of the expression that it is a part of, and which part."""

    text: str
    node: int
    part: Part


@dataclass(slots=True)
class Line:
    """One line: the expression that it is for, in which role, how deep it stands, and its segments."""

    node: int
    role: str
    segments: list[Segment]
    depth: int = 0


@dataclass(slots=True)
class Block:
    """Lines that stand one step further to the right."""

    inside: list[Line | Block] = field(default_factory=list)


def listing(program: Program, types: bool = False) -> list[Line]:
    """The lines of `program`, without the empty ones between functions; its type definitions with `types` alone."""
    with _room_for(len(program.nodes)):
        return [*(_types(program) if types else ()), *_flat(_Writer(program).all())]


class _Writer:
    """One text being written; the counterpart of Relay's own printer."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.nodes = program.nodes
        self.visited: set[int] = set()
        self.texts: dict[int, list[Line | Block]] = {}
        self.names: dict[int, str] = {}
        self.taken: dict[str, int] = {}
        self.bound: set[int] = set()
        self.meta: dict[int, int] = {}
        self.known = program.known
        self.scalars: dict[int, str] = {}
        self.temps = 0
        self.lines: list[Line | Block] = []
        self.uses = Counter(operand for node in self.nodes for operand in node.operands)
        # What ends a function of its own stands there, however often it is used.
        self.roots = set(program.roots.values())
        if not program.is_module:
            self.roots |= {self.nodes[root].operands[-1] for root in self.roots}

    def all(self) -> list[Line | Block]:
        written: list[Line | Block] = []
        if self.program.is_module and (attrs := dict(getattr(self.program.thing, "attrs", None) or {})):
            said = f"attributes of the module: {attrs}"
            written.append(Line(-1, "module", [Segment(shown(said), -1, ("module", None))]))
        for name, func in self.program.functions:
            if name in self.program.foreign:
                written += self._foreign(name, func)
            elif self.program.is_module:
                written += self._function(self.program.roots[name], name)
            else:
                written += self._with_info(self._function(self.program.roots[name]), self.program.roots[name])
        return written

    def _foreign(self, name: str, func: Any) -> list[Line | Block]:
        """A function of another dialect, as that prints it."""
        source = str(func.script() if hasattr(func, "script") else func).splitlines()
        return [Line(-1, f"line of @{name}", [Segment(shown(line), -1, PLAIN)]) for line in source]

    def _function(self, at: int, name: str | None = None) -> list[Line | Block]:
        node = self.nodes[at]
        segments = [Segment("fn (", at, OPENING)]
        if name is not None:
            segments = [Segment("def ", at, OPENING), Segment(shown(f"@{name}"), at, FUNCTION), Segment("(", at, PLAIN)]
        parts: list[list[Segment]] = []
        for place, param in enumerate(node.operands[:-1]):
            self.bound.add(param)
            parts.append([*self._declared(param, (at, ("operand", place))), *self._info(param)])
        parts += [[Segment(said, at, ("attribute", name))] for name, said in self.known.written(node.expr)]
        segments += _joined(parts, at)
        segments.append(Segment(")", at, PLAIN))
        if node.expr.ret_type is not None:
            said = f" -> {self.known.type_text(node.expr.ret_type)}"
            segments.append(Segment(shown(said), at, ("result type", None)))
        segments += [Segment(" ", at, PLAIN), Segment("{", at, ("body", len(node.operands) - 1))]
        body = self._scope(node.operands[-1], at, "result", len(node.operands) - 1)
        return [Line(at, "head", segments), Block(body), Line(at, "end", [Segment("}", at, PLAIN)])]

    def _declared(self, var: int, place: tuple[int, Part]) -> list[Segment]:
        """Give a variable its name; `%name: type`."""
        expr = self.nodes[var].expr
        hint = str(expr.name_hint)
        self.names[var] = "%" + self._unique(hint if hint[:1].isalpha() else f"v{hint}")
        self.visited.add(var)
        segments = [Segment(shown(self.names[var]), *place)]
        if expr.type_annotation is not None:
            segments.append(Segment(": ", var, PLAIN))
            segments.append(Segment(shown(self.known.type_text(expr.type_annotation)), var, ("annotation", None)))
        return segments

    def _unique(self, hint: str) -> str:
        name = hint
        while name in self.taken:
            self.taken[hint] += 1
            name = f"{hint}{self.taken[hint]}"
        self.taken[name] = 0
        return name

    def _scope(self, body: int, owner: int, role: str, place: int) -> list[Line | Block]:
        """The inside of a function, a let or a branch: its lines, then the expression that it is."""
        outer, self.lines = self.lines, []
        while self._opens_here(body):
            self._binding(body)
            owner, role, place, body = body, "result", 2, self.nodes[body].operands[2]
        last = self._inline(body, (owner, ("operand", place)))
        lines = self.lines
        self.lines = outer
        if isinstance(last, Segment):
            return [*lines, Line(owner, role, [last, *self._constant_info(body)])]
        return [*lines, *last]

    def _let(self, at: int) -> list[Line | Block]:
        """A let among other expressions: what its value needs stands before it, what its body needs in it."""
        first = self._binding_lines(at)
        return [*first, *self._scope(self.nodes[at].operands[2], at, "result", 2)]

    def _binding(self, at: int) -> None:
        lines = self._binding_lines(at)
        self.lines += lines

    def _binding_lines(self, at: int) -> list[Line | Block]:
        """`let %name = value;`; the lines that the value needs go where this one will."""
        value, var, _ = self.nodes[at].operands
        self.bound.add(var)
        segments = [Segment("let", at, ("body", 2)), Segment(" ", at, PLAIN)]
        segments += [*self._declared(var, (at, ("operand", 1))), *self._info(var), Segment(" = ", at, ("body", 0))]
        said = self._inline(value, (at, ("operand", 0)))
        if isinstance(said, Segment):
            said = [Line(at, "let", [said, *self._constant_info(value)])]
        first = _first(said)
        return _ended([Line(at, "let", [*segments, *first.segments]), *said[1:]])

    def _inline(self, at: int, place: tuple[int, Part]) -> Segment | list[Line | Block]:
        """`at` where it stands, without a line of its own: its name, or all its lines."""
        if self._opens_here(at):
            return self._let(at)
        self._visit(at)
        kind = self.nodes[at].kind
        if kind in ("var", "constant", "op", "global") or at in self.names or self._is_shared(at):
            return self._name(at, *place)
        return self._with_info(self.texts[at], at)

    def _opens_here(self, at: int) -> bool:
        """Whether `at` is a let whose lines belong to the scope that it ends; one that is shared has a name."""
        return self.nodes[at].kind == "let" and at not in self.visited and not self._is_shared(at)

    def _is_shared(self, at: int) -> bool:
        return at not in self.roots and self.uses[at] > 1

    def _visit(self, at: int) -> None:
        stack = [(at, False)]
        while stack:
            current, expanded = stack.pop()
            if current in self.visited:
                continue
            node = self.nodes[current]
            below = () if expanded or node.kind in ("function", "let") else node.operands
            if node.kind == "if":
                below = below[:1]
            if below:
                stack.append((current, True))
                stack.extend((operand, False) for operand in reversed(below) if operand not in self.visited)
            else:
                self.visited.add(current)
                self._write(current, node.kind)

    def _write(self, at: int, kind: str) -> None:
        """What stands for `at`, over the names of its operands."""
        if kind == "var":
            self.texts[at] = [Line(at, "free", self._declared(at, (at, NAME)))]
        elif kind == "constant":
            self._constant(at)
        elif kind not in ("op", "global"):
            self.texts[at] = getattr(self, f"_{kind}_text")(at)

    def _call_text(self, at: int) -> list[Line | Block]:
        node = self.nodes[at]
        first = 0 if node.label[1] else 1
        parts = [self._operand(at, place) for place in range(first, len(node.operands))]
        parts += [[Segment(said, at, ("attribute", name))] for name, said in self.known.written(node.expr)]
        op = [Segment(str(node.label[1]), at, OPENING)] if node.label[1] else self._operand(at, 0)
        return [
            Line(at, "line", [*op, Segment("(", at, PLAIN), *_joined(parts, at), Segment(")", at, PLAIN)]),
        ]

    def _tuple_text(self, at: int) -> list[Line | Block]:
        parts = [self._operand(at, place) for place in range(len(self.nodes[at].operands))]
        close = Segment(",)" if len(parts) == 1 else ")", at, PLAIN)
        return [Line(at, "line", [Segment("(", at, PLAIN), *_joined(parts, at), close])]

    def _field_text(self, at: int) -> list[Line | Block]:
        index = Segment(str(self.nodes[at].label[1]), at, ("index", None))
        return [Line(at, "line", [*self._operand(at, 0), Segment(".", at, PLAIN), index])]

    def _function_text(self, at: int) -> list[Line | Block]:
        return self._function(at)

    def _let_text(self, at: int) -> list[Line | Block]:
        return [
            Line(at, "open", [Segment("(", at, PLAIN)]),
            Block(self._let(at)),
            Line(at, "end", [Segment(")", at, PLAIN)]),
        ]

    def _if_text(self, at: int) -> list[Line | Block]:
        node = self.nodes[at]
        condition = self._operand(at, 0)
        taken, other = (self._scope(node.operands[place], at, f"result {place}", place) for place in (1, 2))
        head = [Segment("if (", at, PLAIN), *condition, Segment(") ", at, PLAIN), Segment("{", at, ("body", 1))]
        middle = [Segment("} else ", at, PLAIN), Segment("{", at, ("body", 2))]
        return [
            *(Line(at, "head", head), Block(taken)),
            *(Line(at, "else", middle), Block(other)),
            Line(at, "end", [Segment("}", at, PLAIN)]),
        ]

    def _operand(self, at: int, place: int) -> list[Segment]:
        operand = self.nodes[at].operands[place]
        return [self._name(operand, at, ("operand", place)), *self._constant_info(operand)]

    def _name(self, at: int, owner: int, part: Part) -> Segment:
        """What `at` is called where it is used; writes its line if this is the first use."""
        node = self.nodes[at]
        if node.kind == "op":
            return Segment(str(node.label[1]), owner, part)
        if node.kind == "global":
            return Segment(shown(f"@{node.label[1]}"), owner, part)
        if node.kind == "constant":
            return Segment(self._constant(at), owner, part)
        if node.kind == "var":
            if at not in self.bound:
                self.bound.add(at)
                line = _first(self.texts[at])
                declared = [Segment("free_var ", at, PLAIN), *line.segments, Segment(";", at, PLAIN)]
                self.lines.append(Line(at, "free", declared))
        elif at not in self.names:
            self.names[at] = f"%{self.temps}"
            self.temps += 1
            lines = self._with_info(self.texts[at], at)
            first = _first(lines)
            named = Line(first.node, first.role, [Segment(f"{self.names[at]} = ", at, NAME), *first.segments])
            if len(lines) == 1:  # in place: the line is a new one
                named.segments.append(Segment(";", first.node, PLAIN))
                self.lines.append(named)
            else:
                self.lines += _ended([named, *lines[1:]])
        return Segment(shown(self.names[at]), owner, part)

    def _constant(self, at: int) -> str:
        expr = self.nodes[at].expr
        if at not in self.scalars and at not in self.meta:
            alone = "" if expr.data.shape else str(expr).split(" /*")[0].strip()
            if alone and not alone.startswith("meta["):
                self.scalars[at] = alone
            else:
                self.meta[at] = len(self.meta)
        return self.scalars.get(at) or f"meta[relay.Constant][{self.meta[at]}]"

    def _constant_info(self, at: int) -> list[Segment]:
        return self._info(at) if self.nodes[at].kind == "constant" else []

    def _with_info(self, lines: list[Line | Block], at: int) -> list[Line | Block]:
        """The lines with the type and the span of `at` behind the last one."""
        info = self._info(at) if self.nodes[at].kind not in ("let", "if") else []
        last = lines[-1]
        assert isinstance(last, Line)
        return [*lines[:-1], Line(last.node, last.role, [*last.segments, *info])] if info else lines

    def _info(self, at: int) -> list[Segment]:
        expr = self.nodes[at].expr
        ty, span = type_of(expr), expr.span
        if ty is None and span is None:
            return []
        edge = EDGES[2 if ty is not None and span is not None else 0 if span is None else 1]
        segments = [Segment(" /*", at, edge)]
        if ty is not None:
            segments.append(Segment(shown(f" ty={self.known.type_text(ty)}"), at, TYPE))
        if span is not None:
            segments.append(Segment(shown(f" span={_span_text(span)}"), at, SPAN))
        return [*segments, Segment(" */", at, edge)]


def _types(program: Program) -> Iterator[Line]:
    for line in [] if program.types is None else program.types.astext().splitlines():
        if line and not line.startswith("#["):  # the version of the text
            yield Line(-1, "type", [Segment(shown(line), -1, PLAIN)])


def _span_text(span: Any) -> str:
    if hasattr(span, "spans"):
        return f"[{', '.join(map(_span_text, span.spans))}]"
    return f"{span.source_name.name}:{span.line}:{span.column}"


def _joined(parts: list[list[Segment]], at: int) -> list[Segment]:
    comma = Segment(", ", at, PLAIN)
    return [segment for place, part in enumerate(parts) for segment in ([comma, *part] if place else part)]


def _first(lines: list[Line | Block]) -> Line:
    first = lines[0]
    assert isinstance(first, Line)
    return first


def _ended(lines: list[Line | Block]) -> list[Line | Block]:
    """The lines with a semicolon behind the last one."""
    last = lines[-1]
    assert isinstance(last, Line)
    return [*lines[:-1], Line(last.node, last.role, [*last.segments, Segment(";", last.node, PLAIN)])]


def _flat(lines: list[Line | Block]) -> Iterator[Line]:
    stack: list[tuple[int, Line | Block]] = [(0, line) for line in reversed(lines)]
    while stack:
        depth, line = stack.pop()
        if isinstance(line, Block):
            stack.extend((depth + 1, inner) for inner in reversed(line.inside))
        else:
            line.depth = depth
            yield line


@contextmanager
def _room_for(size: int) -> Iterator[None]:
    """Python's recursion limit, raised for scopes in scopes: calls between Python functions take no C stack."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + 8 * size)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
