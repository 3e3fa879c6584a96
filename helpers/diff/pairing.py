"""Which expression of one program is which of another.

    %0 = nn.conv2d(%data, …)                 %0 = nn.conv2d(%data, …)
                                             %1 = annotation.cast_hint(%0, dtype="int8")
    %1 = nn.relu(%0)                         %2 = nn.relu(%1)

`nn.conv2d` and `nn.relu` are paired, `annotation.cast_hint` is new. Where the two programs have one structure, a walk
down both at once pairs everything. Elsewhere both are read as sequences, operands before their users, and the longest
common subsequence is paired: first of expressions that compute the same down to the inputs, then of those with equal
constants, then of those that are equal but for their operands, at last of those with one operator, if they have an
operand or a user in common. A let goes with its value, a function with its body, a call of a function with that. Each
step works between the pairs of the steps before it, which stay.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from itertools import pairwise

from helpers.diff.program import LEAVES, Node, Program, bound
from helpers.diff.sequences import common, increasing

Keys = list[Hashable]


def pair(before: Program, after: Program) -> dict[int, int]:
    """The expressions of `before` that `after` has too, each with the one that it is there.

    No expression stands in two pairs. Constants stand in none: they are compared by their numbers.
    """
    same = _in_step(before, after)
    return same if same is not None else _Pairing(before, after).pairs


def _in_step(before: Program, after: Program) -> dict[int, int] | None:
    """All pairs of two programs of one structure, or `None`."""
    if before.roots.keys() != after.roots.keys():
        return None
    pairs: dict[int, int] = {}
    back: dict[int, int] = {}
    stack = [(root, after.roots[name]) for name, root in before.roots.items()]
    while stack:
        old, new = stack.pop()
        ours, theirs = before.nodes[old], after.nodes[new]
        if pairs.get(old, new) != new or back.get(new, old) != old or ours.label != theirs.label:
            return None
        if old in pairs or ours.kind == "constant":
            continue
        if len(ours.operands) != len(theirs.operands):
            return None
        if ours.kind == "var" and ours.expr != theirs.expr:
            return None  # what is bound was paired with what binds it
        pairs[old], back[new] = new, old
        for place in bound(ours):
            variable, other = ours.operands[place], theirs.operands[place]
            if pairs.setdefault(variable, other) != other or back.setdefault(other, variable) != variable:
                return None
        stack.extend(zip(ours.operands, theirs.operands, strict=True))
    return pairs


def _bound(node: Node) -> list[int]:
    return [node.operands[place] for place in bound(node)]


class _Pairing:
    """The pairs of two programs that differ, found step by step."""

    def __init__(self, before: Program, after: Program) -> None:
        self.before, self.after = before, after
        self.pairs: dict[int, int] = {}
        self.back: dict[int, int] = {}
        self._pair_functions()
        self._pair_what_is_named()
        self._pair_inner()
        for at, node in enumerate(before.nodes):
            if at in self.pairs and _bound(node):
                self._pair_bound(at, self.pairs[at])

    def _add(self, old: int, new: int) -> None:
        if old not in self.pairs and new not in self.back:
            self.pairs[old], self.back[new] = new, old

    def _pair_functions(self) -> None:
        """Pair the functions of one name, and their parameters."""
        for name, root in self.before.roots.items():
            if name in self.after.roots:
                self._add(root, self.after.roots[name])
                self._pair_bound(root, self.after.roots[name])

    def _pair_what_is_named(self) -> None:
        """Pair operators, global functions and free variables."""
        bound = {variable for node in self.before.nodes for variable in _bound(node)}
        named = {node.label: at for at, node in enumerate(self.after.nodes) if node.kind in ("op", "global")}
        for at, node in enumerate(self.before.nodes):
            if node.kind in ("op", "global") and node.label in named:
                self._add(at, named[node.label])
            elif node.kind == "var" and at not in bound and node.expr in self.after.index:
                self._add(at, self.after.index[node.expr])

    def _pair_bound(self, old: int, new: int) -> None:
        """Pair what two functions or lets bind: by name and type, then by name, by type, and by place."""
        for key in _VARIABLE_KEYS:
            ours = [at for at in _bound(self.before.nodes[old]) if at not in self.pairs]
            theirs = [at for at in _bound(self.after.nodes[new]) if at not in self.back]
            first, second = [key(self.before.nodes[at]) for at in ours], [key(self.after.nodes[at]) for at in theirs]
            for i, j in common(first, second):
                self._add(ours[i], theirs[j])

    def _pair_inner(self) -> None:
        """Pair what has operands."""
        known: dict[Hashable, int] = {}
        whole = (
            _numbered(self.before, {old: old for old in self.pairs}, known),
            _numbered(self.after, self.back, known),
        )
        self._align(whole)
        self._pair_unique(whole)
        with_constants = self._keys(lambda program, node: (node.label, *_constants(program, node)))
        self._align(with_constants, lambda old, _: _defining(self.before.nodes[old]) < 0)
        self._pair_unique(with_constants, lambda old: any(_constants(self.before, self.before.nodes[old])))
        labels = self._keys(lambda _, node: node.label)
        self._align(labels, lambda old, _: _defining(self.before.nodes[old]) < 0)
        users = self.before.uses(), self.after.uses()
        self._pair_defined(users[1])
        self._align(labels)
        self._align(
            self._keys(lambda _, node: node.label[:2] if node.kind == "call" else node.kind),
            lambda old, new: self._have_company(old, new, *users),
        )

    def _keys(self, key: Callable[[Program, Node], Hashable]) -> tuple[Keys, Keys]:
        before, after = ([key(program, node) for node in program.nodes] for program in (self.before, self.after))
        return before, after

    def _align(self, keys: tuple[Keys, Keys], only: Callable[[int, int], bool] = lambda old, new: True) -> None:
        """Pair by `keys` what has no pair yet; pairs do not cross those that are there."""
        inner = [(old, new) for old, new in sorted(self.pairs.items()) if self.before.nodes[old].kind not in LEAVES]
        ends = [(-1, -1), *increasing(inner), (len(self.before.nodes), len(self.after.nodes))]
        for (old, new), (old_end, new_end) in pairwise(ends):
            ours = [at for at in range(old + 1, old_end) if self._is_free(self.before, at, self.pairs)]
            theirs = [at for at in range(new + 1, new_end) if self._is_free(self.after, at, self.back)]
            for i, j in common([keys[0][at] for at in ours], [keys[1][at] for at in theirs]):
                if only(ours[i], theirs[j]):
                    self._add(ours[i], theirs[j])

    def _pair_unique(self, keys: tuple[Keys, Keys], only: Callable[[int], bool] = lambda old: True) -> None:
        """Pair what has no pair yet and is the only one of its key in both: it stands elsewhere now."""
        ours = [at for at in range(len(keys[0])) if self._is_free(self.before, at, self.pairs) and only(at)]
        theirs = [at for at in range(len(keys[1])) if self._is_free(self.after, at, self.back)]
        counts = Counter(keys[0][at] for at in ours), Counter(keys[1][at] for at in theirs)
        place = {keys[1][at]: at for at in theirs}
        for at in ours:
            key = keys[0][at]
            if counts[0][key] == counts[1][key] == 1:
                self._add(at, place[key])

    def _pair_defined(self, users: list[list[int]]) -> None:
        """Pair what is known by one of its operands, where that is paired: a let by its value, and so on."""
        for old, node in enumerate(self.before.nodes):
            operand = self.pairs.get(_defining(node))
            if old in self.pairs or operand is None:
                continue
            alike = (new for new in users[operand] if new not in self.back and self.after.nodes[new].kind == node.kind)
            for new in alike:
                if _defining(self.after.nodes[new]) == operand:
                    self._add(old, new)
                    break

    @staticmethod
    def _is_free(program: Program, at: int, paired: dict[int, int]) -> bool:
        return at not in paired and program.nodes[at].kind not in LEAVES

    def _have_company(self, old: int, new: int, users_before: list[list[int]], users_after: list[list[int]]) -> bool:
        """Whether two expressions have an operand in common, or a user."""
        ours, theirs = self.before.nodes[old], self.after.nodes[new]
        if {self.pairs.get(at) for at in ours.operands} & set(theirs.operands):
            return True
        if set(_constants(self.before, ours)) & set(_constants(self.after, theirs)) - {None}:
            return True
        return bool({self.pairs.get(at) for at in users_before[old]} & set(users_after[new]))


def _defining(node: Node) -> int:
    """The operand that a let, a function or a call of a function is known by; -1 for all others."""
    if node.kind == "call":
        return -1 if node.label[1] else node.operands[0]
    return {"let": node.operands[:1], "function": node.operands[-1:]}.get(node.kind, (-1,))[0]


def _constants(program: Program, node: Node) -> list[Hashable]:
    """The constants and global functions among the operands of a node, and `None` for each of the others."""
    operands = [program.nodes[at] for at in node.operands]
    return [operand.label if operand.kind in ("constant", "global") else None for operand in operands]


def _numbered(program: Program, paired: dict[int, int], known: dict[Hashable, int]) -> Keys:
    """For each expression a number, which it shares with those that compute the same down to the inputs.

    A variable that a let binds is the value. A parameter of a function that has no pair is its place.
    """
    binder: dict[int, tuple[Hashable, ...]] = {}
    values: dict[int, int] = {}
    for node in program.nodes:
        if node.kind == "let":
            values[node.operands[0]] = node.operands[1]
        for place, variable in enumerate(_bound(node)):
            binder[variable] = ("parameter", place)
    numbers: Keys = []
    for at, node in enumerate(program.nodes):
        key: tuple[Hashable, ...] = (node.label, *(numbers[operand] for operand in node.operands))
        if at in paired:
            key = ("pair", paired[at]) if node.kind in LEAVES else key
        elif values.get(at, at) < at:
            key = ("value", numbers[values[at]])
        elif node.kind == "var":
            key = (*binder.get(at, ("free", id(program), at)), node.label)
        numbers.append(known.setdefault(key, len(known)))
    return numbers


_VARIABLE_KEYS: tuple[Callable[[Node], Hashable], ...] = (
    lambda node: (str(node.expr.name_hint), node.label),
    lambda node: str(node.expr.name_hint),
    lambda node: node.label,
    lambda node: None,
)
