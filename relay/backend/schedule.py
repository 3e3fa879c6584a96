"""Loops for a primitive function that has no kernel of its own.

    %0 = add(%p0, %p1); nn.relu(%0)

    for i in T.parallel(blocks):
        begin: T.let = T.min(i * lanes, n - lanes)
        for v in T.vectorized(lanes):
            add: T.let = p0[begin + v] + p1[begin + v]
            relu[begin + v] = T.max(add, 0)

A tensor that is given out, or that would be computed several times over, is in memory and has loops of its own
(`plan.py`). The rest is computed where it is read (`stages.py`), a reduction in registers. Axes that lie one after
another in all memory become one loop. The innermost one is computed in vectors; the last vector overlaps the one before
it, so nothing is left over. Where a condition holds in a part of a loop only, as at the edges of an image, that part is
a loop of its own. If the numbers to be summed up lie side by side and the results do not, it is the sum that is
computed in vectors.

TVM's own `te.create_prim_func` writes plain loops with each tensor in memory, and leaves the rest to a schedule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import tvm
import tvm_ffi
from tvm import te, tirx
from tvm.ir import Range
from tvm.tirx.stmt import AllocBuffer, BufferStore, DeclBuffer, For, ForKind, IfThenElse, SeqStmt, Stmt

from .plan import Inner, Plan, Segment, plans, variables
from .stages import Lanes, Place, Stage, deep_enough, key, read_stages, substituted
from .target import Features
from .te.registry import dtype_of, shape_of

# Below so many elementary steps, waking the other threads takes longer than the work.
_WORTH_THREADS = 100_000


def scheduled(inputs: Sequence[te.Tensor], outputs: Sequence[te.Tensor], features: Features) -> tirx.PrimFunc | None:
    """The TensorIR function from the inputs to the outputs; None where a tensor is none of `te.compute`."""
    stages = read_stages(outputs)
    if stages is None:
        return None
    params = {key(tensor): _buffer(tensor, shape_of(tensor)) for tensor in (*inputs, *outputs)}
    flat = {key(tensor): _flat(tensor, params.get(key(tensor))) for tensor in _all(inputs, stages)}
    body: list[Stmt] = [DeclBuffer(flat[one], data=param.data) for one, param in params.items()]
    with deep_enough(len(stages)):
        for plan in plans(stages, flat, outputs):
            body += (AllocBuffer(flat[key(tensor)]) for tensor in plan.stage.tensors if key(tensor) not in params)
            body += _Nest(plan, features).statements()
    func = tirx.PrimFunc(list(params.values()), SeqStmt(body))
    return func.with_attr({"tirx.noalias": True, "s_tir": True})


def _all(inputs: Sequence[te.Tensor], stages: Sequence[Stage]) -> list[te.Tensor]:
    return [*inputs, *(tensor for stage in stages for tensor in stage.tensors)]


def _buffer(tensor: te.Tensor, shape: Sequence[int], data: Any = None) -> Any:
    return tirx.decl_buffer(shape, dtype_of(tensor), name=tensor.op.name, data=data, layout=None)


def _flat(tensor: te.Tensor, param: Any) -> Any:
    """The memory of a tensor as one row: that of a parameter, or its own."""
    return _buffer(tensor, (math.prod(shape_of(tensor)),), None if param is None else param.data)


def _for(var: Any, extent: int, body: Sequence[Stmt], kind: ForKind = ForKind.SERIAL) -> Stmt:
    return For(var, 0, extent, kind, body[0] if len(body) == 1 else SeqStmt(list(body)))


@dataclass(frozen=True)
class _Registers:
    """The accumulators of a reduction, `stride` for each of the points that are computed at once; and the lane."""

    buffers: Sequence[Any]
    stride: int
    lane: Any

    def at(self, point: int) -> list[Any]:
        """Where the accumulator of a point is."""
        return [point * self.stride + self.lane]


_Point = dict[Any, Any]


@dataclass
class _Nest:
    """The loops for one tensor. A point is what the axes are at an element."""

    plan: Plan
    features: Features
    registers: dict[Any, _Registers] = field(default_factory=dict)
    point: int = 0

    def statements(self) -> list[Stmt]:
        """All of them."""
        place = Place(self.plan.stages, self.plan.buffers, self._accumulated, tvm.sym.Analyzer())
        self._loops(0, place, [{}], Lanes())
        return place.statements

    # the loops over the elements

    def _loops(self, depth: int, place: Place, points: list[_Point], lanes: Lanes) -> None:
        """Add the loops from `depth` on, for all points at once."""
        for inner in self.plan.inner:
            if inner.level == depth:
                self.registers[inner.stage.op] = self._reduced(inner, place, points, lanes)
        if depth == len(self.plan.loops):
            self._elements(place, points, lanes)
            return
        together = self._together() if depth == 0 and self._is_parallel() else 1
        for segment in self._segments(depth):
            within = [segment, *(self._segments(k)[0] for k in range(1, together))]
            self._segment(depth, within, place, points, lanes)

    def _segments(self, depth: int) -> Sequence[Segment]:
        return self.plan.segments[self.plan.order[depth]]

    def _is_parallel(self) -> bool:
        return self.features.cores > 1 and self.plan.work >= _WORTH_THREADS

    def _together(self) -> int:
        """How many loops from the outermost on are run through as one, so that all threads have something to do."""
        blocks, loops = 1, len(self.plan.loops)
        for depth in range(loops):
            blocks *= self._blocks(depth, self._segments(depth)[0])[1]
            rows = any(inner.level == depth + 1 for inner in self.plan.inner)
            last = depth + 1 == loops or len(self._segments(depth + 1)) > 1
            if blocks >= 16 * self.features.cores or rows or last or len(self._segments(depth)) > 1:
                return depth + 1
        return 0

    def _blocks(self, depth: int, segment: Segment) -> tuple[int, int]:
        """How many elements of a loop are computed at once, and how often."""
        step, extent, loop = 1, segment.end - segment.begin, self.plan.order[depth]
        if loop == self.plan.vector and segment.clear:
            step = self._lanes_for(extent)
        elif loop == self.plan.tiled and segment.clear:
            # As few tiles as can be, of one size, so that they overlap least.
            step = -(-extent // -(-extent // self.plan.tile))
        return step, -(-extent // step)

    def _lanes_for(self, extent: int) -> int:
        return min(4 * self.features.lanes // self.plan.widest, 1 << (extent.bit_length() - 1))

    def _segment(self, depth: int, within: Sequence[Segment], place: Place, points: list[_Point], lanes: Lanes) -> None:
        """The loop over a segment, or over those of several loops from `depth` on."""
        blocks = [self._blocks(depth + k, segment) for k, segment in enumerate(within)]
        total = rest = math.prod(count for _, count in blocks)
        below, var = place.inner(), tirx.Var("i", "int32")
        below.analyzer.bind(var, Range(0, total))
        for k, (segment, (step, count)) in enumerate(zip(within, blocks, strict=True)):
            rest //= count
            block = below.analyzer.simplify(tirx.floormod(tirx.floordiv(var, rest), count))
            begin = self._begin(below, block, step, segment)
            points, lanes = self._advanced(depth + k, begin, step, points, lanes, below)
        self._loops(depth + len(within), below, points, lanes)
        if total == 1:
            place.statements += below.statements
            return
        kind = ForKind.PARALLEL if depth == 0 and self._is_parallel() else ForKind.SERIAL
        place.statements.append(_for(var, total, below.statements, kind))

    def _begin(self, place: Place, block: Any, step: int, segment: Segment) -> Any:
        """The first element of a block; the last block ends where the segment ends."""
        extent = segment.end - segment.begin
        offset = block * step if extent % step == 0 else tirx.min(block * step, extent - step)
        begin = place.analyzer.simplify(offset + segment.begin)
        if isinstance(begin, tirx.Var | tirx.IntImm):
            return begin
        bound = place.bind("begin", begin)
        place.analyzer.bind(bound, Range(segment.begin, segment.end - step + 1))
        return bound

    def _advanced(
        self, depth: int, begin: Any, step: int, points: list[_Point], lanes: Lanes, place: Place
    ) -> tuple[list[_Point], Lanes]:
        """The points and the lanes inside of a loop."""
        loop = self.plan.loops[self.plan.order[depth]]
        if self.plan.order[depth] == self.plan.vector and step > 1:
            lanes = self._vector(step, place)
            return [point | loop.values(begin + lanes.at) for point in points], lanes
        return [point | loop.values(begin + k) for k in range(step) for point in points], lanes

    def _vector(self, count: int, place: Place) -> Lanes:
        lanes = Lanes(count, tirx.Var("v", "int32"))
        place.analyzer.bind(lanes.var, Range(0, count))
        return lanes

    def _elements(self, place: Place, points: Sequence[_Point], lanes: Lanes) -> None:
        """Compute the elements at the points, and store them."""
        below, stage = place.inner(lanes), self.plan.stage
        for self.point, point in enumerate(points):
            index = [substituted(i, point) for i in self.plan.index]
            offset = below.offset(stage.shape, index)
            for tensor in stage.tensors:
                if stage.reduction is not None:
                    value = self._accumulated(below, tensor, index)
                else:
                    value = below.evaluate(stage.bodies[tensor.value_index], dict(zip(stage.axes, index, strict=True)))
                below.statements.append(BufferStore(self.plan.buffers[key(tensor)], value, [offset]))
        place.statements += below.loop()

    # reductions

    def _accumulated(self, place: Place, tensor: te.Tensor, index: Sequence[Any]) -> Any:
        """The value of a reduction at the point that is being computed."""
        registers = self.registers[tensor.op]
        return tirx.BufferLoad(registers.buffers[tensor.value_index], registers.at(self.point))

    def _reduced(self, inner: Inner, place: Place, points: Sequence[_Point], lanes: Lanes) -> _Registers:
        """Add a reduction, computed at all points."""
        if inner.vector is None:
            found = self._started(inner, place, len(points), lanes)
            place.statements += self._summed(inner, found, place, points, lanes)
            return found
        extent = inner.loops[inner.vector].extent
        lanes = self._vector(self._lanes_for(extent), place)
        found = self._started(inner, place, len(points), lanes)
        whole = extent // lanes.count
        place.statements += self._summed(inner, found, place, points, lanes, count=whole)
        if begin := whole * lanes.count % extent:
            rest = _Registers(found.buffers, found.stride, tirx.const(0, "int32"))
            place.statements += self._summed(inner, rest, place, points, Lanes(), begin, extent - begin)
        return self._folded(inner, found, place, len(points), lanes)

    def _allocated(self, inner: Inner, place: Place, size: int) -> list[Any]:
        name, dtypes = inner.stage.name, inner.stage.dtypes
        buffers = [tirx.decl_buffer((size,), dtype, name=name, layout=None) for dtype in dtypes]
        place.statements += map(AllocBuffer, buffers)
        return buffers

    def _started(self, inner: Inner, place: Place, points: int, lanes: Lanes) -> _Registers:
        """Registers with what each sum starts from."""
        found = _Registers(self._allocated(inner, place, points * lanes.count), lanes.count, lanes.at)
        starts = [
            BufferStore(buffer, identity, found.at(point))
            for point in range(points)
            for buffer, identity in zip(found.buffers, inner.reduction.identity, strict=True)
        ]
        place.statements += lanes.loop(starts)
        return found

    def _summed(
        self,
        inner: Inner,
        found: _Registers,
        place: Place,
        points: Sequence[_Point],
        lanes: Lanes,
        begin: int = 0,
        count: int = 0,
    ) -> list[Stmt]:
        """The loops of a reduction. The one that is computed in vectors, the innermost, has `count` from `begin` on."""
        values: _Point = {axis: tirx.const(0, "int32") for axis, _ in inner.reduction.axes}
        around: list[tuple[Any, int]] = []
        for k in sorted(range(len(inner.loops)), key=lambda k: k == inner.vector):
            var, extent = tirx.Var("r", "int32"), inner.loops[k].extent
            at: Any = var
            if k == inner.vector:
                extent, at = count, var * lanes.count + lanes.at + begin
            place.analyzer.bind(var, Range(0, extent))
            around.append((var, extent))
            values |= inner.loops[k].values(at)
        values_of = [_own(inner, point) | values for point in points]
        conditions, body = self._updates(inner, found, place, values_of, lanes)
        for var, extent in reversed(around):
            here = [condition for condition in conditions if var in variables(condition)]
            conditions = [condition for condition in conditions if var not in variables(condition)]
            body = [_for(var, extent, _behind(here, body))]
        return _behind(conditions, body)

    def _updates(
        self, inner: Inner, found: _Registers, place: Place, points: Sequence[_Point], lanes: Lanes
    ) -> tuple[list[Any], list[Stmt]]:
        """One more value for the sum of each point, and the conditions under which there is one."""
        below = place.inner(lanes)
        conditions = [self._update(inner, found, below, k, point) for k, point in enumerate(points)]
        if all(tvm_ffi.structural_equal(one, conditions[0]) for one in conditions):
            return conditions[0], below.loop()
        body: list[Stmt] = []
        for k, point in enumerate(points):
            alone = place.inner(lanes)
            own = self._update(inner, found, alone, k, point)
            body += _behind(own, alone.loop())
        return [], body

    def _update(self, inner: Inner, found: _Registers, place: Place, number: int, point: _Point) -> list[Any]:
        self.point = number
        place.skipping = [] if inner.skips else None
        at = found.at(number)
        sources = [place.evaluate(source, point) for source in inner.reduction.sources]
        results = inner.reduction.combined([tirx.BufferLoad(buffer, at) for buffer in found.buffers], sources)
        if len(results) > 1:
            results = [place.bind(inner.stage.name, result) for result in results]
        place.statements += (BufferStore(*pair, at) for pair in zip(found.buffers, results, strict=True))
        return place.skipping or []

    def _folded(self, inner: Inner, found: _Registers, place: Place, points: int, lanes: Lanes) -> _Registers:
        """The sums of the lanes, half of them added to the other half until one is left.

        In registers of their own: those of the loop are only ever used whole, so that LLVM keeps them out of memory.
        """
        (source,) = found.buffers
        (buffer,) = self._allocated(inner, place, points * found.stride)
        whole = [BufferStore(buffer, tirx.BufferLoad(source, found.at(k)), found.at(k)) for k in range(points)]
        place.statements += lanes.loop(whole)
        half = lanes.count // 2
        while half:
            pair = self._vector(half, place) if half > 1 else Lanes()
            body = []
            for k in range(points):
                at = k * found.stride + pair.at
                (total,) = inner.reduction.combined(
                    [tirx.BufferLoad(buffer, [at])], [tirx.BufferLoad(buffer, [at + half])]
                )
                body.append(BufferStore(buffer, total, [at]))
            place.statements += pair.loop(body)
            half //= 2
        return _Registers([buffer], found.stride, tirx.const(0, "int32"))


def _own(inner: Inner, point: _Point) -> _Point:
    """Where on its own axes a reduction is read at a point."""
    return {axis: substituted(at, point) for axis, at in zip(inner.stage.axes, inner.index, strict=True)}


def _behind(conditions: Sequence[Any], body: list[Stmt]) -> list[Stmt]:
    """The statements, where the conditions hold."""
    if not conditions:
        return body
    return [IfThenElse(tirx.all(*conditions), body[0] if len(body) == 1 else SeqStmt(body), None)]
