"""Rescaling is done in int32, and what comes out of it is clipped once.

    before   %0 = nn.relu(%x);
             %1 = cast(%0, dtype="int64");
             %2 = fixed_point_multiply(%1, multiplier=1230244864, shift=-7);
             %3 = clip(%2, a_min=-127f, a_max=127f);
             cast(%3, dtype="int32")
    after    %0 = fixed_point_multiply(%x, multiplier=1230244864, shift=-7);
             clip(%0, a_min=0f, a_max=127f)

The quantizer widens what it rescales, as a factor of more than one could leave int32. A factor of less than one cannot:
the product alone takes 64 bits, and `fixed_point_multiply` of int32 has those. A vector then holds twice as many.
Larger numbers give results that are larger or the same. So bounds on what goes in are bounds on what comes out.
"""

from __future__ import annotations

from typing import Any

import tvm

from ..expr import Call, is_operator
from ..expr_functor import rewrite
from ..op.tensor import clip, clip_bounds
from ..transform.transform import function_pass

_LEAST, _MOST = -(2**31), 2**31 - 1


def narrowed() -> tvm.transform.Pass:
    """The pass. It also leaves out casts to the dtype that is there."""
    return function_pass(lambda func, mod, ctx: rewrite(func, _Narrow().rewritten), 2, "Narrow", ["InferType"])


class _Narrow:
    def __init__(self) -> None:
        # What has the numbers of a node of int64, in int32.
        self._twins: dict[Any, Any] = {}

    def rewritten(self, old: Any, made: Any) -> Any:
        """What takes the place of a node; `made` is that node over what has taken the places of those below."""
        if not isinstance(old, Call) or not old.args:
            return made
        if is_operator(old, "cast"):
            return self._cast(old, made)
        twin = self._twins.get(old.args[0])
        if twin is not None and (_scales_down(old) or _stays_within(old)):
            self._twins[old] = _clipped_once(Call(old.op, [twin], old.attrs, (), old.span))
        return _clipped_once(made) if _is_int32(old) else made

    def _cast(self, old: Call, made: Call) -> Any:
        before, after = (getattr(node.checked_type, "dtype", None) for node in (old.args[0], old))
        if before == after:
            return made.args[0]
        if (before, after) == ("int32", "int64"):
            self._twins[old] = made.args[0]
        twin = self._twins.get(old.args[0])
        if twin is None:
            return made
        return twin if after == "int32" else Call(made.op, [twin], made.attrs, (), made.span)


def _clipped_once(call: Any) -> Any:
    """A clip of int32, or the one clip that does what it and those below a rescaling do."""
    scale = call.args[0] if _stays_within(call) else None
    if not isinstance(scale, Call) or not _scales_down(scale):
        return call
    low, high, inner = call.attrs.a_min, call.attrs.a_max, scale.args[0]
    while (bounds := _bounds(inner)) is not None:
        least, most = (scaled(bound, scale.attrs) for bound in bounds)
        low, high, inner = min(max(low, least), high), max(min(high, most), low), inner.args[0]
    return call if inner == scale.args[0] else clip(Call(scale.op, [inner], scale.attrs, (), scale.span), low, high)


def _bounds(call: Any) -> tuple[int, int] | None:
    """What the numbers of a relu or a clip lie between."""
    if is_operator(call, "nn.relu"):
        return 0, _MOST
    if not _stays_within(call):
        return None
    least, most = clip_bounds("int32", call.attrs.a_min, call.attrs.a_max)
    return int(least), int(most)


def scaled(number: int, attrs: Any) -> int:
    """What `fixed_point_multiply` makes of a number, where it shifts to the right."""
    right = 31 - attrs.shift
    return (number * attrs.multiplier + (1 << (right - 1))) >> right


def _is_int32(node: Any) -> bool:
    return getattr(node.checked_type, "dtype", None) == "int32"


def _scales_down(call: Call) -> bool:
    return is_operator(call, "fixed_point_multiply") and call.attrs.shift <= 0 <= call.attrs.multiplier <= _MOST


def _stays_within(call: Call) -> bool:
    return is_operator(call, "clip") and _LEAST <= call.attrs.a_min <= call.attrs.a_max <= _MOST
