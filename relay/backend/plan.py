"""Which tensors of a primitive function are kept in memory, and which loops compute each of them.

A tensor is in memory if it is given out, or if computing it where it is read would compute it several times over. For
each there is a `Plan`: its axes joined to loops, the reductions that are computed inside of them, which loop is
computed in vectors, and how many elements at once, so that what they share is loaded once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tvm
import tvm_ffi
from tvm import te, tirx
from tvm.ir import Call, Expr, Range
from tvm.ir.prim import expr as prim

from .stages import Access, Key, Load, Place, Reduction, Stage, Template, key, substituted
from .te.registry import dtype_of

# What is computed by so few operations is computed again rather than stored and loaded.
_CHEAP = 2
# Behind a guard values are written out where they are used: if that makes more nodes than this, they are in memory.
_MOST_NODES = 1000
# What LLVM, or its library of C functions, computes lane by lane of its own accord. The rest TVM expands for numbers.
_OF_VECTORS = frozenset(
    f"{home}.{name}"
    for home in ("prim", "tirx")
    for name in """
        exp exp2 log log2 log10 sqrt rsqrt tanh sigmoid sin cos tan pow floor ceil trunc fabs abs round nearbyint
        popcount reinterpret if_then_else
    """.split()  # noqa: SIM905
)
# At most so many elements that share what they load are computed at once: one register each, or one for each lane.
_TILE, _TILE_OF_SUMS = 8, 4
# An axis is cut where a condition begins or ceases to hold, if that makes no more pieces.
_MOST_SEGMENTS = 8


@dataclass(frozen=True)
class Loop:
    """Axes that are run through as one, the last one fastest."""

    parts: Sequence[tuple[Any, int]]
    var: Any

    @property
    def extent(self) -> int:
        """How often it runs."""
        return math.prod(size for _, size in self.parts)

    def values(self, at: Any) -> dict[Any, Any]:
        """The place on each of its axes."""
        found, rest = {}, self.extent
        for k, (axis, size) in enumerate(self.parts):
            rest //= size
            place = tirx.floordiv(at, rest) if rest > 1 else at
            found[axis] = tirx.floormod(place, size) if k else place
        return found


@dataclass(frozen=True)
class Segment:
    """A part of a loop; it is clear where every condition on the loop is decided."""

    begin: int
    end: int
    clear: bool


@dataclass(frozen=True)
class Inner:
    """A reduction that is computed inside of the first `level` loops; `vector` is the loop that is summed in vectors.

    It `skips` if the guards in it leave the sum as it is.
    """

    stage: Stage
    reduction: Reduction
    index: Sequence[Any]
    offset: Any
    accesses: Sequence[Access]
    cost: int
    skips: bool
    level: int = 0
    loops: Sequence[Loop] = ()
    vector: int | None = None

    @property
    def count(self) -> int:
        """How many values make one."""
        return math.prod(size for _, size in self.reduction.axes)


@dataclass(frozen=True)
class Plan:
    """The loops for a tensor, as its axes are; `order` has their numbers from the outermost one on.

    `index` is an element's index, as expressions of what the loops run through.
    """

    stage: Stage
    stages: Mapping[Any, Stage]
    buffers: Mapping[Key, Any]
    loops: Sequence[Loop]
    segments: Sequence[Sequence[Segment]]
    inner: Sequence[Inner]
    index: Sequence[Any]
    order: Sequence[int]
    vector: int | None
    tiled: int | None
    tile: int
    widest: int
    work: int


class _TooOften(Exception):
    """A tensor that has to be in memory after all."""

    def __init__(self, op: Any) -> None:
        super().__init__(op)
        self.op = op


def plans(stages: Sequence[Stage], buffers: Mapping[Key, Any], outputs: Sequence[te.Tensor]) -> list[Plan]:
    """A plan for each tensor that is in memory, each after those that it reads; `buffers` are those of all tensors."""
    by_op = {stage.op: stage for stage in stages}
    stored = _stored(stages, outputs)
    while True:
        sizes = _sizes(stages, stored)
        known = {one: buffer for one, buffer in buffers.items() if one[0] not in by_op or one[0] in stored}
        try:
            return [_Study(stage, by_op, known, sizes).plan() for stage in stages if stage.op in stored]
        except _TooOften as error:
            stored.add(error.op)


# which tensors are in memory


def _stored(stages: Sequence[Stage], outputs: Sequence[te.Tensor]) -> set[Any]:
    stored = {tensor.op for tensor in outputs}
    costs: dict[Any, int] = {}
    for stage in stages:
        below = sum(costs.get(load.tensor.op, 0) for load, _ in _loads(stage))
        costs[stage.op] = 0 if stage.reduction else min(1000, below + sum(map(_cost, stage.templates())))
    reads: dict[Any, dict[Any, int]] = {stage.op: {} for stage in stages}
    for stage in reversed(stages):
        size, found = math.prod(stage.shape), reads[stage.op]
        # Of a reduction inside of other loops, the study of these loops tells how often it is computed.
        often = len(found) > 1 if stage.reduction else sum(found.values()) > size and costs[stage.op] > _CHEAP
        if often:
            stored.add(stage.op)
        if stage.op in stored:
            found = {stage.op: size}
        for load, guarded in _loads(stage):
            if load.tensor.op in reads:
                _count(load, guarded, stage, found, reads[load.tensor.op])
    return stored


def _sizes(stages: Sequence[Stage], stored: set[Any]) -> dict[Any, int]:
    """How many nodes an element of each takes where it is read; what takes many behind a guard is added to `stored`."""
    guarded = {load.tensor.op for stage in stages for load, behind in _loads(stage) if behind}
    sizes: dict[Any, int] = {}
    for stage in stages:
        size = 1 if stage.reduction else sum(_nodes(template, sizes) for template in stage.templates())
        if stage.op in guarded and size > _MOST_NODES:
            stored.add(stage.op)
        sizes[stage.op] = 1 if stage.op in stored else min(size, 2 * _MOST_NODES)
    return sizes


def _nodes(template: Template, sizes: Mapping[Any, int]) -> int:
    """How many nodes an expression has with all that it loads written out."""
    loads = {load.var: sizes.get(load.tensor.op, 1) for load in template.loads}
    found: list[int] = []

    def count(node: Any) -> None:
        found.append(loads.get(node, 1) if isinstance(node, tirx.Var) else 1)

    tvm_ffi.structural_walk(template.expr, (Expr, count))
    return sum(found)


def _count(load: Load, guarded: bool, stage: Stage, found: Mapping[Any, int], reads: dict[Any, int]) -> None:
    """Note how often a load is computed in the loops of each tensor in memory."""
    times = math.prod(size for _, size in stage.reduction.axes) if stage.reduction else 1
    size = math.prod(int(n) for n in load.tensor.shape)
    same = stage.reduction is None and _is_same_place(load, stage)
    for root, evaluations in found.items():
        count = evaluations * times
        if guarded and stage.reduction is None:
            count = min(count, size)
        # A second load of the same element finds it computed.
        reads[root] = max(reads.get(root, 0), count) if same else reads.get(root, 0) + count


def _is_same_place(load: Load, stage: Stage) -> bool:
    pairs = zip(reversed(load.index), reversed(stage.axes))
    return all(
        isinstance(i.expr, tirx.IntImm) or (isinstance(i.expr, tirx.Var) and i.expr == axis) for i, axis in pairs
    )


def _loads(stage: Stage) -> list[tuple[Load, bool]]:
    """The loads of a stage, and whether each is behind a guard."""
    stack = [(template, False) for template in (stage.reduction.sources if stage.reduction else stage.bodies)]
    found = []
    while stack:
        template, guarded = stack.pop()
        for load in template.loads:
            found.append((load, guarded))
            stack += [(i, guarded) for i in load.index]
        for guard in template.guards:
            stack += [(guard.condition, guarded), (guard.then, True), (guard.otherwise, True)]
    return found


def _cost(template: Template) -> int:
    """About how many instructions an element takes."""
    counts = [4 * len(template.guards)]

    def count(node: Any) -> None:
        counts.append(16 if isinstance(node, Call) else int(isinstance(node, prim.BinaryOpExpr)))

    tvm_ffi.structural_walk(template.expr, count)
    return sum(counts)


# the loops for one of them


class _Study:
    """Computes a tensor once with its axes for loops, to see what is read where."""

    def __init__(
        self, stage: Stage, stages: Mapping[Any, Stage], buffers: Mapping[Key, Any], sizes: Mapping[Any, int]
    ) -> None:
        self.stage = stage
        self.stages = stages
        self.buffers = buffers
        self.sizes = sizes
        self.analyzer = tvm.sym.Analyzer()
        self.axes = [(axis, size) for axis, size in zip(stage.axes, stage.shape, strict=True) if size > 1]
        for axis, size in self.axes:
            self.analyzer.bind(axis, Range(0, size))
        self.inner: list[Inner] = []
        self.results: dict[Key, Any] = {}
        self.expressions: list[Any] = []

    def plan(self) -> Plan:
        """The plan. Raises `_TooOften`."""
        place = Place(self.stages, self.buffers, self._note, self.analyzer)
        sizes = zip(self.stage.axes, self.stage.shape, strict=True)
        values = {axis: axis if size > 1 else tirx.const(0, "int32") for axis, size in sizes}
        index = [values[axis] for axis in self.stage.axes]
        self._compute(place, values, index)
        axes, index = self._split(place, index)
        shared = [place.offset(self.stage.shape, index), *(one.offset for one in self.inner)]
        shared += (access.offset for access in _all(place.accesses, self.inner))
        loops = self._joined(axes, shared)
        vector, inner = self._vector(loops, [self._placed(one, loops) for one in self.inner])
        tiled = self._tiled(loops, inner, vector)
        order = self._order(loops, inner, vector, tiled)
        place.accesses = [self._in(access, loops) for access in place.accesses]
        conditions = [access.offset for access in _all(place.accesses, inner) if access.buffer is None]
        segments = [
            self._segments(loop, conditions) if k in (vector, tiled) else [Segment(0, loop.extent, True)]
            for k, loop in enumerate(loops)
        ]
        rows = sum(one.count * one.cost * math.prod(loop.extent for loop in loops[: one.level]) for one in inner)
        return Plan(
            self.stage,
            self.stages,
            self.buffers,
            loops,
            segments,
            inner,
            index,
            order,
            vector,
            tiled,
            _TILE if vector is not None else _TILE_OF_SUMS,
            max(map(_bytes, self._dtypes(place, inner))),
            rows + math.prod(self.stage.shape) * (1 + len(place.statements)),
        )

    def _compute(self, place: Place, values: Mapping[Any, Any], index: Sequence[Any]) -> None:
        for tensor in self.stage.tensors:
            if self.stage.reduction is not None:
                self._note(place, tensor, index)
            else:
                self.expressions.append(place.evaluate(self.stage.bodies[tensor.value_index], values))
        self.expressions += (statement.value for statement in place.statements)

    def _dtypes(self, place: Place, inner: Sequence[Inner]) -> list[str]:
        bound = [dtype_of(statement.value) for statement in place.statements]
        loaded = [dtype_of(access.buffer) for access in _all(place.accesses, inner) if access.buffer is not None]
        return [*self.stage.dtypes, *bound, *loaded, *(dtype for one in inner for dtype in one.stage.dtypes)]

    def _note(self, place: Place, tensor: te.Tensor, index: Sequence[Any]) -> Any:
        """Study a reduction that is read at `index`; a variable stands for its value."""
        stage = self.stages[tensor.op]
        at = place.offset(stage.shape, index)
        known = next((inner for inner in self.inner if inner.stage is stage), None)
        axes = [axis for axis, _ in self.axes]
        if not place.binds or any(var not in axes for var in variables(at)):
            raise _TooOften(tensor.op)
        if known is None:
            self.inner.append(self._studied(stage, index, at))
        elif not tvm_ffi.structural_equal(known.offset, at):
            raise _TooOften(tensor.op)
        return self.results.setdefault(key(tensor), tirx.Var(stage.name, dtype_of(tensor)))

    def _studied(self, stage: Stage, index: Sequence[Any], at: Any) -> Inner:
        reduction = stage.reduction
        assert reduction is not None
        for axis, size in reduction.axes:
            self.analyzer.bind(axis, Range(0, size))
        values = dict(zip(stage.axes, index, strict=True))
        place = Place(self.stages, self.buffers, self._note, self.analyzer)
        self.expressions += [place.evaluate(source, values) for source in reduction.sources]
        self.expressions += (statement.value for statement in place.statements)
        conditions: list[Any] = []
        for access in place.accesses:
            if access.buffer is None and not _among(access.offset, conditions):
                conditions.append(access.offset)
        skips = all(self._leaves(stage, values, condition) for condition in conditions)
        return Inner(stage, reduction, index, at, place.accesses, 1 + len(place.statements), skips)

    def _leaves(self, stage: Stage, values: Mapping[Any, Any], one: Any) -> bool:
        """Whether the accumulators stay as they are where this condition does not hold and the others do."""
        if sum(_nodes(template, self.sizes) for template in stage.templates()) > _MOST_NODES:
            return False  # too long to be looked at
        place = Place(self.stages, self.buffers, self._note, self.analyzer, binds=False)
        place.decided = lambda condition: not tvm_ffi.structural_equal(condition, one)
        assert stage.reduction is not None
        sources = [self.analyzer.simplify(place.evaluate(source, values)) for source in stage.reduction.sources]
        return all(map(tvm_ffi.structural_equal, sources, stage.reduction.identity))

    # axes that become two, and axes that become one loop

    def _split(self, place: Place, index: Sequence[Any]) -> tuple[list[tuple[Any, int]], list[Any]]:
        """The axes, one that is read in blocks as two; all that has been noted is written by these."""
        noted = [access.offset for access in _all(place.accesses, self.inner)]
        noted += [one.offset for one in self.inner]
        axes: list[tuple[Any, int]] = []
        halves: dict[Any, Any] = {}
        for axis, size in self.axes:
            found = {block for one in noted for block in _blocks(one, axis) if size % block == 0 and 4 <= block < size}
            if len(found) != 1:
                axes.append((axis, size))
                continue
            (block,) = found
            outer, inner = ((tirx.Var(axis.name, "int32"), n) for n in (size // block, block))
            axes += (outer, inner)
            for var, n in (outer, inner):
                self.analyzer.bind(var, Range(0, n))
            halves[axis] = outer[0] * block + inner[0]

        def written(expression: Any) -> Any:
            return self.analyzer.simplify(substituted(expression, halves))

        def all_written(accesses: Sequence[Access]) -> list[Access]:
            return [replace(access, offset=written(access.offset)) for access in accesses]

        if halves:
            place.accesses = all_written(place.accesses)
            self.inner = [
                replace(
                    one,
                    offset=written(one.offset),
                    index=[written(i) for i in one.index],
                    accesses=all_written(one.accesses),
                )
                for one in self.inner
            ]
        return axes, [written(i) for i in index] if halves else list(index)

    def _joined(self, axes: Sequence[tuple[Any, int]], expressions: Sequence[Any]) -> list[Loop]:
        """The loops over `axes`: two become one where no expression needs to take them apart again."""
        loops: list[Loop] = []
        for axis in reversed(axes):
            if loops:
                joined = self._loop([axis, *loops[0].parts])
                if all(self._stays(expression, joined) for expression in expressions):
                    loops[0] = joined
                    continue
            loops.insert(0, self._loop([axis]))
        return loops

    def _loop(self, parts: Sequence[tuple[Any, int]]) -> Loop:
        loop = Loop(parts, tirx.Var("f", "int32"))
        self.analyzer.bind(loop.var, Range(0, loop.extent))
        return loop

    def _stays(self, expression: Any, loop: Loop) -> bool:
        joined = self.analyzer.simplify(substituted(expression, loop.values(loop.var)))
        return _divisions(joined) <= _divisions(expression)

    def _in(self, access: Access, loops: Sequence[Loop]) -> Access:
        return replace(access, offset=self._by(access.offset, loops))

    def _by(self, expression: Any, loops: Sequence[Loop]) -> Any:
        """An expression of the axes as one of the loops' variables."""
        values = {axis: value for loop in loops for axis, value in loop.values(loop.var).items()}
        return self.analyzer.simplify(substituted(expression, values))

    def _placed(self, inner: Inner, loops: Sequence[Loop]) -> Inner:
        """Where a reduction is computed. Raises `_TooOften` where an element would be computed more than once there."""
        axes = [(axis, size) for axis, size in inner.reduction.axes if size > 1]
        own = self._joined(axes, [access.offset for access in inner.accesses])
        offset = self._by(inner.offset, loops)
        used = variables(offset)
        level = max((k + 1 for k, loop in enumerate(loops) if loop.var in used), default=0)
        often = math.prod(loop.extent for loop in loops[:level]) > math.prod(inner.stage.shape)
        # Where neighbours on a loop are computed from numbers far apart, they are better computed in another order.
        if often or _divisions(offset):
            raise _TooOften(inner.stage.op)
        accesses = [self._in(access, [*loops, *own]) for access in inner.accesses]
        return replace(inner, accesses=accesses, loops=own, level=level)

    # what is computed in vectors, and what at once

    def _vector(self, loops: Sequence[Loop], inner: Sequence[Inner]) -> tuple[int | None, Sequence[Inner]]:
        """The loop over elements that is computed in vectors, or None where it is the sums that are."""
        sums = [replace(one, vector=self._summed(one)) for one in inner]
        here = [one for one in sums if one.level == len(loops)]
        last = len(loops) - 1
        if not all(map(_has_vectors, self.expressions)):
            return None, inner
        if not loops:
            return None, sums
        if here and all(one.vector is not None for one in here):
            beside = all(self._side_by_side(one, loops[last]) for one in here)
            if not beside or loops[last].extent < 4:
                return None, sums
        return last, [replace(one, vector=None) if one.level == len(loops) else one for one in sums]

    def _side_by_side(self, inner: Inner, loop: Loop) -> bool:
        strides = self._strides(inner, loop)
        return all(stride in (0, 1) for stride in strides)

    def _summed(self, inner: Inner) -> int | None:
        """The loop of a reduction whose values lie side by side."""
        if len(inner.reduction.sources) > 1:
            return None
        for k, loop in reversed(list(enumerate(inner.loops))):
            conditions = [access.offset for access in inner.accesses if access.buffer is None]
            beside = self._side_by_side(inner, loop) and 1 in self._strides(inner, loop)
            if loop.extent >= 4 and beside and not any(loop.var in variables(c) for c in conditions):
                return k
        return None

    def _strides(self, inner: Inner, loop: Loop) -> list[int | None]:
        return [self._stride(access.offset, loop) for access in inner.accesses if access.buffer is not None]

    def _stride(self, offset: Any, loop: Loop) -> int | None:
        """How far apart in memory two neighbours on a loop lie, where that is the same for all."""
        if loop.var not in variables(offset):
            return 0
        step = self.analyzer.simplify(substituted(offset, {loop.var: loop.var + 1}) - offset)
        return int(step) if isinstance(step, tirx.IntImm) else None

    def _tiled(self, loops: Sequence[Loop], inner: Sequence[Inner], vector: int | None) -> int | None:
        """The loop of which several elements are computed at once: the one whose elements share the most."""
        best, found = 0, None
        if all(one.level == len(loops) for one in inner):
            for k, loop in enumerate(loops):
                saved = sum(self._saved(one, loop, loops, vector) for one in inner if one.count > 1)
                if k != vector and saved >= best > 0 or saved > best and k != vector:
                    best, found = saved, k
        return found

    def _saved(self, inner: Inner, loop: Loop, loops: Sequence[Loop], vector: int | None) -> int:
        """What loads are worth that all elements of a loop share: a vector is worth two numbers."""
        wide = inner.loops[inner.vector or 0] if vector is None else loops[vector]
        shared = [a for a in inner.accesses if a.buffer is not None and loop.var not in variables(a.offset)]
        return sum(1 + (wide.var in variables(access.offset)) for access in shared)

    def _order(
        self, loops: Sequence[Loop], inner: Sequence[Inner], vector: int | None, tiled: int | None
    ) -> Sequence[int]:
        """The loops as they are, but for the innermost: it runs through less memory than the other of the two would.

        What it does not run through stays in the cache.
        """
        order = list(range(len(loops)))
        if vector is not None and tiled is not None:
            read = [access for one in inner for access in one.accesses if access.buffer is not None]
            sizes = [
                sum(int(a.buffer.shape[0]) for a in read if loops[k].var in variables(a.offset))
                for k in (tiled, vector)
            ]
            if sizes[0] < sizes[1]:
                order.remove(tiled)
                order.append(tiled)
        return order

    # where conditions hold

    def _segments(self, loop: Loop, conditions: Sequence[Any]) -> list[Segment]:
        """The loop, cut where a condition begins or ceases to hold."""
        tests = [test for condition in conditions for test in _tests(condition) if loop.var in variables(test)]
        rows = [self._held(test, loop) for test in tests]
        if any(row is None for row in rows):
            return [Segment(0, loop.extent, False)]
        columns = list(zip(*[row for row in rows if row is not None])) or [()] * loop.extent
        cuts = [0, *(k for k in range(1, loop.extent) if columns[k] != columns[k - 1]), loop.extent]
        if len(cuts) > _MOST_SEGMENTS + 1:
            return [Segment(0, loop.extent, False)]
        return [Segment(a, b, None not in columns[a]) for a, b in zip(cuts, cuts[1:])]

    def _held(self, test: Any, loop: Loop) -> list[bool | None] | None:
        """For each place on a loop whether a comparison holds, None for sometimes; None alone if that is unknown."""
        holds = _COMPARISONS.get(type(test))
        linear: Sequence[Any] = tvm.sym.detect_linear_equation(test.a - test.b, [loop.var]) if holds else ()
        if not holds or not len(linear) or not isinstance(linear[0], tirx.IntImm):
            return None
        bound = self.analyzer.const_int_bound(linear[1])
        low, high, factor = int(bound.min_value), int(bound.max_value), int(linear[0])
        if loop.var in variables(linear[1]) or max(-low, high) > 1 << 40:
            return None
        ends = ((holds(low + factor * k), holds(high + factor * k)) for k in range(loop.extent))
        return [first if first == last else None for first, last in ends]


# What `a - b` says of a comparison. (`==` can hold between two ends where it does not hold: it is left alone.)
_COMPARISONS = {
    prim.LT: lambda x: x < 0,
    prim.LE: lambda x: x <= 0,
    prim.GT: lambda x: x > 0,
    prim.GE: lambda x: x >= 0,
}


def _tests(condition: Any) -> list[Any]:
    """The conditions that make up one, if all of them hold."""
    stack, found = [condition], []
    while stack:
        one = stack.pop()
        if isinstance(one, prim.And):
            stack += [one.a, one.b]
        else:
            found.append(one)
    return found


def _all(accesses: Sequence[Access], inner: Sequence[Inner]) -> list[Access]:
    return [*accesses, *(access for one in inner for access in one.accesses)]


def variables(expression: Any) -> set[Any]:
    """The variables in an expression."""
    found: set[Any] = set()
    tvm_ffi.structural_walk(expression, (tirx.Var, lambda var: found.add(var)))
    return found


def _divisions(expression: Any) -> int:
    found: list[Any] = []
    tvm_ffi.structural_walk(
        expression, ((prim.FloorDiv, prim.FloorMod, prim.Div, prim.Mod), lambda node: found.append(node))
    )
    return len(found)


def _blocks(expression: Any, axis: Any) -> set[int]:
    """By what an axis is divided in an expression."""
    found: set[int] = set()

    def divided(node: Any) -> None:
        if isinstance(node.a, tirx.Var) and node.a == axis and isinstance(node.b, tirx.IntImm):
            found.add(int(node.b))

    tvm_ffi.structural_walk(expression, ((prim.FloorDiv, prim.FloorMod), divided))
    return found


def _has_vectors(expression: Any) -> bool:
    """Whether TVM has vector code for all that is called in an expression."""
    names: set[str] = set()
    tvm_ffi.structural_walk(expression, (Call, lambda call: names.add(call.op.name)))
    return names <= _OF_VECTORS


def _among(expression: Any, others: Sequence[Any]) -> bool:
    return any(tvm_ffi.structural_equal(expression, other) for other in others)


def _bytes(dtype: str) -> int:
    """The width that counts for the lanes of a vector; 64 bits are mostly products on their way back to 32."""
    size = (tvm.DataType(dtype).bits + 7) // 8
    return min(size, 4) if "int" in dtype else size
