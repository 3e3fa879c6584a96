"""KnownBounds: each primitive function is told the least number that its int8 parameters can be.

    before   %1 = fn (%p0: Tensor[(1, 4, 8, 8, 16), int8], %p1: Tensor[(4, 4, 3, 3, 4, 16, 4), int8], Primitive=1) { … }
             %1(%relu, meta[relay.Constant][0])
    after    %1 = fn (%p0: …, %p1: …, Primitive=1, least=[0, -127]) { … }
             %1(%relu, meta[relay.Constant][0])

x86 processors multiply unsigned bytes by signed ones. Numbers after a relu are never negative, and are read as unsigned
as they are. Weights without a -128 can be negated. `least` has a number for each parameter, -128 where no more is
known. A convolution or layer in blocks may have `steps=2` besides: the products of data that are never negative with
eight neighbours among the weights, four for one sum and four for another, then add up to 16 bits.

Bounds are found from the inputs on. Each operator of `_RULES` says between which numbers its result lies, any other one
is taken for able to give all numbers of its dtype. So is a result that may have left the dtype, and has wrapped then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tvm

from ..expr import Call, Constant, Function, Tuple, TupleGetItem, is_operator
from ..expr_functor import post_order, rewrite
from ..op.nn.windows import pairs, sizes
from ..op.tensor import clip_bounds
from ..transform.transform import function_pass
from ..ty import TupleType
from .interpreter import schedule
from .narrow import scaled

LEAST, STEPS = "least", "steps"
# Operators whose weights end with steps, blocks of channels and the four numbers of a step.
_BY_STEPS = ("nn.contrib_conv2d_NCHWc", "nn.contrib_dense_pack")
# What makes a difference to a kernel: never negative, never -128, or neither.
_LEVELS = (0, -127, -128)


class Bounds(NamedTuple):
    """The least and the largest number that a tensor may hold."""

    low: float
    high: float


def known_bounds() -> tvm.transform.Pass:
    """The pass, over a fused module."""
    return function_pass(lambda func, mod, ctx: _told(func), 2, "KnownBounds", ["InferType"])


def least_of(func: Function) -> Mapping[Any, int]:
    """The least number for each parameter of a primitive function that has been told."""
    told = func.attrs[LEAST] if LEAST in func.attrs.keys() else ()  # noqa: SIM118
    return dict(zip(func.params, map(int, told)))


def steps_of(func: Function) -> int:
    """How many steps of a primitive function's kernel add up to 16 bits."""
    return int(func.attrs[STEPS]) if STEPS in func.attrs.keys() else 1  # noqa: SIM118


def _told(func: Function) -> Function:
    known = _known(func.body, {param: _any(param.checked_type) for param in func.params})

    def with_least(old: Any, made: Any) -> Any:
        if not isinstance(old, Call) or not isinstance(old.op, Function):
            return made
        least = [_least(known[arg], arg.checked_type) for arg in old.args]
        if set(least) == {_LEVELS[-1]}:
            return made
        told = made.op.with_attr(LEAST, least)
        if _adds_up(old.op, dict(zip(old.op.params, old.args)), dict(zip(old.op.params, least))):
            told = told.with_attr(STEPS, 2)
        return Call(told, made.args, made.attrs, (), made.span)

    body = rewrite(func.body, with_least)
    return Function(func.params, body, func.ret_type, None, func.attrs, func.span)


def _least(bounds: Any, ty: Any) -> int:
    if getattr(ty, "dtype", None) != "int8":
        return _LEVELS[-1]
    return next(level for level in _LEVELS if bounds.low >= level)


def _adds_up(func: Function, args: Mapping[Any, Any], least: Mapping[Any, int]) -> bool:
    """Whether the products of two steps of a primitive function add up to 16 bits, on its arguments."""
    call = next((call for call, _ in post_order(func.body) if is_operator(call) and call.op.name in _BY_STEPS), None)
    constant = None if call is None or least.get(call.args[0]) != 0 else args.get(call.args[1])
    weights = constant.value() if isinstance(constant, Constant) else None
    if weights is None or weights.dtype != "int8" or weights.ndim < 4:
        return False
    *_, steps, lanes, four = weights.shape
    if steps % 2 or four != 4:
        return False
    numbers = weights.reshape(-1, 2, lanes, 2, 2).astype("int16")
    sums = (np.maximum(sign * numbers, 0).sum(axis=(1, 4), dtype="int16") for sign in (1, -1))
    return all(int(each.max()) * 127 < 1 << 15 for each in sums)


def _known(body: Any, given: Mapping[Any, Any]) -> dict[Any, Any]:
    """The bounds of each node of a body; a tuple of bounds for one with several results."""
    known = dict(given)
    for step in schedule(body):
        known[step.node] = _of(step.node, [known[use] for use in step.uses])
    return known


def _of(node: Any, below: Sequence[Any]) -> Any:
    if isinstance(node, Constant):
        return _of_array(node.value())
    if isinstance(node, Tuple):
        return tuple(below)
    if isinstance(node, TupleGetItem):
        return below[0][node.index]
    if isinstance(node, Function):
        return None
    if not isinstance(node, Call):
        return _any(node.checked_type)
    if isinstance(node.op, Function):
        return _known(node.op.body, dict(zip(node.op.params, below[1:])))[node.op.body]
    own, rule = _any(node.checked_type), _RULES.get(node.op.name)
    found = None if rule is None else rule(node, below)
    if found is None:
        return own
    ends = _numbers(found, np.dtype(node.checked_type.dtype))
    return ends if own.low <= ends.low <= ends.high <= own.high else own


def _numbers(bounds: Bounds, dtype: np.dtype[Any]) -> Bounds:
    """The bounds as numbers of a dtype: what a network computes is rounded as they are."""
    if dtype.kind == "f":
        return Bounds(*(float(dtype.type(end)) for end in bounds))
    return Bounds(*(end if math.isinf(end) else math.trunc(end) for end in bounds))


def _any(ty: Any) -> Any:
    """All numbers of a dtype."""
    if isinstance(ty, TupleType):
        return tuple(map(_any, ty.fields))
    if ty.dtype == "bool":
        return Bounds(0, 1)
    dtype = np.dtype(ty.dtype)
    if dtype.kind not in "iu":
        return Bounds(-math.inf, math.inf)
    return Bounds(int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))


def _of_array(array: np.ndarray) -> Bounds:
    low, high = (array.min().item(), array.max().item()) if array.size else (0, 0)
    return Bounds(low, high) if low <= high else Bounds(-math.inf, math.inf)  # a NaN is not


# The bounds of a call from those of its arguments; None where nothing is known.
Rule = Callable[[Call, Sequence[Any]], Bounds | None]


def _hull(bounds: Sequence[Bounds]) -> Bounds:
    return Bounds(min(one.low for one in bounds), max(one.high for one in bounds))


def _some_of(call: Call, args: Sequence[Any]) -> Bounds:
    """Numbers of the first argument, in other places."""
    return args[0]


def _some_or_zero(call: Call, args: Sequence[Any]) -> Bounds:
    return _hull([args[0], Bounds(0, 0)])


def _relu(call: Call, args: Sequence[Any]) -> Bounds:
    return Bounds(max(args[0].low, 0), max(args[0].high, 0))


def _clip(call: Call, args: Sequence[Any]) -> Bounds:
    low, high = clip_bounds(call.checked_type.dtype, call.attrs.a_min, call.attrs.a_max)
    return Bounds(*(min(max(number, low), high) for number in args[0]))


def _cast(call: Call, args: Sequence[Any]) -> Bounds | None:
    """Fractions are cut off where bounds are; any number but zero is true."""
    return None if call.checked_type.dtype == "bool" else args[0]


def _add(call: Call, args: Sequence[Any]) -> Bounds:
    return Bounds(args[0].low + args[1].low, args[0].high + args[1].high)


def _multiply(call: Call, args: Sequence[Any]) -> Bounds | None:
    corners = [one * other for one in args[0] for other in args[1]]
    return None if any(map(math.isnan, corners)) else Bounds(min(corners), max(corners))


def _maximum(call: Call, args: Sequence[Any]) -> Bounds:
    return Bounds(max(args[0].low, args[1].low), max(args[0].high, args[1].high))


def _minimum(call: Call, args: Sequence[Any]) -> Bounds:
    return Bounds(min(args[0].low, args[1].low), min(args[0].high, args[1].high))


def _right_shift(call: Call, args: Sequence[Any]) -> Bounds | None:
    numbers, (least, most) = args
    if not 0 <= least <= most < 64:
        return None
    shifted = [number >> count for number in numbers for count in (least, most)]
    return Bounds(min(shifted), max(shifted))


def _fixed_point_multiply(call: Call, args: Sequence[Any]) -> Bounds | None:
    if call.attrs.multiplier < 0 or call.attrs.shift > 30:
        return None
    return Bounds(*(scaled(number, call.attrs) for number in args[0]))


def _rounded(call: Call, args: Sequence[Any]) -> Bounds | None:
    low, high = args[0]
    return args[0] if math.isinf(low) or math.isinf(high) else Bounds(math.floor(low), math.ceil(high))


def _one_of(call: Call, args: Sequence[Any]) -> Bounds:
    """Numbers of several arguments, or of the fields of a tuple."""
    return _hull(args[0] if isinstance(call.args[0].checked_type, TupleType) else args)


def _max_pool2d(call: Call, args: Sequence[Any]) -> Bounds | None:
    """Where a window may have no pixel at all, the result is the least number that there is."""
    attrs = call.attrs
    windows = zip(sizes(attrs.pool_size, 2), sizes(attrs.strides, 2), pairs(attrs.padding, 2))
    filled = all(max(pad[0] + 1, pad[1] + (stride if attrs.ceil_mode else 1)) <= size for size, stride, pad in windows)
    return args[0] if filled and set(sizes(attrs.dilation, 2)) == {1} else None


def _mean(call: Call, args: Sequence[Any]) -> Bounds | None:
    """The sum of integers may wrap: at most all numbers are added up."""
    dtype, count = np.dtype(call.checked_type.dtype), math.prod(call.args[0].checked_type.concrete_shape)
    has_room = dtype.kind == "f" or dtype.kind == "i" and count * max(map(abs, args[0])) <= np.iinfo(dtype).max
    return _some_or_zero(call, args) if has_room else None


def _sum_of_products(call: Call, args: Sequence[Any]) -> Bounds:
    """Of as many products as there are weights for a channel of the result, or more."""
    attrs = {**call.attrs}
    shape = call.args[1].checked_type.concrete_shape
    first = shape[0] if attrs.get("kernel_layout", "O").startswith("O") else 1
    terms = math.prod(shape) // int(attrs.get("units") or attrs.get("channels") or first)
    most = terms * math.prod(max(abs(bounds.low), abs(bounds.high)) for bounds in args)
    return Bounds(-most, most)


def _zero_to_one(call: Call, args: Sequence[Any]) -> Bounds:
    return Bounds(0, 1)


_RULES: Mapping[str, Rule] = {
    **dict.fromkeys(("nn.conv1d", "nn.conv2d", "nn.conv3d", "nn.dense"), _sum_of_products),
    **dict.fromkeys(("nn.contrib_conv2d_NCHWc", "nn.contrib_depthwise_conv2d_NCHWc"), _sum_of_products),
    "nn.contrib_dense_pack": _sum_of_products,
    **dict.fromkeys(("annotation.cast_hint", "annotation.stop_fusion", "copy", "max", "min"), _some_of),
    **dict.fromkeys(("broadcast_to", "expand_dims", "nn.batch_flatten", "reshape", "squeeze", "transpose"), _some_of),
    **dict.fromkeys(("repeat", "reverse", "strided_slice", "tile"), _some_of),
    **dict.fromkeys(("nn.adaptive_avg_pool2d", "nn.avg_pool2d", "nn.global_avg_pool2d", "mean"), _mean),
    **dict.fromkeys(("ceil", "floor", "round", "trunc"), _rounded),
    **dict.fromkeys(("add", "nn.bias_add"), _add),
    **dict.fromkeys(("concatenate", "nn.pad"), _one_of),
    **dict.fromkeys(("nn.softmax", "sigmoid"), _zero_to_one),
    "cast": _cast,
    "clip": _clip,
    "fixed_point_multiply": _fixed_point_multiply,
    "layout_transform": _some_or_zero,
    "maximum": _maximum,
    "minimum": _minimum,
    "multiply": _multiply,
    "nn.max_pool2d": _max_pool2d,
    "nn.relu": _relu,
    "right_shift": _right_shift,
}
