"""SimplifyExpr: what two neighbouring operators do, one of them does.

    before   %0 = reshape(%x, newshape=[4, 64]);        after   reshape(%x, newshape=[2, 128])
             reshape(%0, newshape=[2, 128])
    before   %0 = transpose(%x, axes=[0, 2, 3, 1]);     after   %x
             transpose(%0, axes=[0, 3, 1, 2])
    before   %0 = cast(%x, dtype="int32");              after   %x, which is int8
             cast(%0, dtype="int8")
    before   %0 = add(%x, meta[relay.Constant][0]);     after   %0 = multiply(%x, meta[relay.Constant][0]);
             multiply(%0, meta[relay.Constant][1])              add(%0, meta[relay.Constant][1])
    before   multiply(%x, 1f)                           after   %x
    before   %0 = ones_like(%x);                        after   add(%x, 1f)
             add(%x, %0)

A pair is joined only where nothing else uses its first half. As TVM v0.16 does it (`simplify_expr.cc`), one function a
rule. The new nodes have no span.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tvm
from tvm.ir import IRModule, Op

from .. import op
from ..expr import Call, Constant, Function, const, is_operator
from ..expr_functor import post_order, with_children
from ..op.op import OpPattern, operator
from .fold_constant import fold
from .infer_type import infer
from .transform import function_pass


def SimplifyExpr() -> tvm.transform.Pass:
    """The pass. It runs the rules until none of them has anything more to say."""
    return function_pass(
        lambda func, mod, ctx: simplify(func, mod), opt_level=0, name="SimplifyExpr", required=["InferType"]
    )


def simplify(func: Function, mod: IRModule) -> Function:
    """The typed function `func`, simplified. Rules leave nodes with fewer users, so another walk may find more."""
    while (simpler := _walk(func)) != func:
        func = infer(simpler, mod)
    return func


def _walk(func: Function) -> Function:
    """One walk, linear in the size: a node is looked at again only where a rule has changed it."""
    order = list(post_order(func))
    users: dict[Any, int] = {}
    for _, below in order:
        for child in below:
            users[child] = users.get(child, 0) + 1
    types: dict[Any, Any] = {}
    made: dict[Any, Any] = {}
    for node, below in order:
        new = with_children(node, [made[child] for child in below], below) if below else node
        ty = getattr(node, "checked_type_", None)
        simpler = _simplified(_Site(new, ty, users, types))
        made[node] = simpler
        types[simpler] = ty
        if simpler != node:
            # Its users take the place of the one that `node` was, where it stood below `node`.
            users[simpler] = users[simpler] - 1 + users.get(node, 1) if simpler in users else users.get(node, 1)
    return made[func]


@dataclass(frozen=True)
class _Site:
    """A node to simplify, the type of its value, and what is known of the nodes below it."""

    expr: Any
    type: Any
    users: Mapping[Any, int]
    types: Mapping[Any, Any]

    def inner(self, at: int, *names: str) -> Any:
        """Argument `at` if it is a call of one of these operators that nothing else uses, else None."""
        arg = self.expr.args[at]
        fits = is_operator(arg) and arg.op.name in names and self.users.get(arg, 1) == 1
        return arg if fits else None

    def of(self, expr: Any) -> _Site:
        """A new node as a site. A rule made it, so its type is not known and it has one user."""
        return _Site(expr, None, self.users, self.types)


def _simplified(site: _Site) -> Any:
    """Apply rules until none fits."""
    while isinstance(site.expr, Call) and isinstance(site.expr.op, Op):
        for rule in _rules(site.expr.op):
            new = rule(site)
            if new is not None:
                break
        else:
            return site.expr
        site = _Site(new, site.type, site.users, site.types)
    return site.expr


Rule = Callable[[_Site], Any]


def _rules(which: Op) -> Sequence[Rule]:
    rules = _RULES.get(which.name, ())
    declared = operator(which)
    if declared.pattern == OpPattern.BROADCAST and len(declared.inputs) == 2:
        return (*rules, _scalar_for_full)
    return rules


def _reshapes(site: _Site) -> Any:
    first = site.inner(0, "reshape")
    return op.reshape(first.args[0], list(site.type.shape)) if first is not None and site.type is not None else None


def _concrete(site: _Site) -> Any:
    """`zeros_like` and its kind, where the shape and the dtype are known."""
    if site.type is None:
        return None
    shape, dtype, args = list(site.type.shape), site.type.dtype, site.expr.args
    return {
        "zeros_like": lambda: op.zeros(shape, dtype),
        "ones_like": lambda: op.ones(shape, dtype),
        "full_like": lambda: op.full(args[1], shape, dtype),
        "reshape_like": lambda: op.reshape(args[0], shape),
        "broadcast_to_like": lambda: op.broadcast_to(args[0], shape),
        "cast_like": lambda: op.cast(args[0], dtype),
    }[site.expr.op.name]()


def _same_cast(site: _Site) -> Any:
    data = site.expr.args[0]
    ty = site.types.get(data)
    return data if ty is not None and ty.dtype == site.expr.attrs.dtype else None


def _casts(site: _Site) -> Any:
    """The first of two casts goes where it loses nothing."""
    first = site.inner(0, "cast")
    ty = site.types.get(first.args[0]) if first is not None else None
    if ty is None:
        return None
    before, between = np.dtype(ty.dtype), np.dtype(first.attrs.dtype)
    kept = before.kind in "iuf" and between.kind in (before.kind, "f") and between.itemsize >= before.itemsize
    return op.cast(first.args[0], site.expr.attrs.dtype) if kept else None


def _clip(site: _Site) -> Any:
    """A clip to all that an integer can be."""
    data, attrs = site.expr.args[0], site.expr.attrs
    ty = site.types.get(data)
    if ty is None or not ty.dtype.startswith(("int", "uint")):
        return None
    limits = np.iinfo(ty.dtype)
    return data if attrs.a_min <= limits.min and attrs.a_max >= limits.max else None


def _permutation(call: Call, rank: int) -> list[int] | None:
    """The axes of a transpose, also of one that is written as a change of layout."""
    attrs = call.attrs
    if call.op.name == "transpose":
        return list(range(rank))[::-1] if attrs.axes is None else [int(axis) % rank for axis in attrs.axes]
    layouts = attrs.src_layout, attrs.dst_layout
    if not all(layout.isalpha() and layout.isupper() for layout in layouts):
        return None
    return [attrs.src_layout.index(letter) for letter in attrs.dst_layout]


def _identity_transpose(site: _Site) -> Any:
    data = site.expr.args[0]
    ty = site.types.get(data)
    rank = len(ty.shape) if ty is not None else 0
    return data if rank and _permutation(site.expr, rank) == list(range(rank)) else None


def _transposes(site: _Site) -> Any:
    """Two transposes are one; a change of layout into blocks takes the transpose before it in."""
    first = site.inner(0, "transpose", "layout_transform")
    if first is None:
        return None
    data, ty = first.args[0], site.types.get(first.args[0])
    axes = _permutation(first, len(ty.shape)) if ty is not None else None
    if axes is None:
        return None
    then = _permutation(site.expr, len(axes))
    if then is not None:
        return op.transpose(data, [axes[axis] for axis in then])
    letters = dict(zip(axes, site.expr.attrs.src_layout))
    source = "".join(letters[axis] for axis in range(len(axes)))
    return op.layout_transform(data, source, site.expr.attrs.dst_layout)


def _by_constant(call: Any) -> tuple[Any, Any] | None:
    """The other operand, and the constant, of an operation with one constant operand."""
    lhs, rhs = call.args
    if isinstance(lhs, Constant) == isinstance(rhs, Constant):
        return None
    return (rhs, lhs) if isinstance(lhs, Constant) else (lhs, rhs)


def _constants(site: _Site) -> Any:
    """`x + a + b`, `x * a * b` and `(x + a) * b`, with constants `a` and `b`."""
    outer = _by_constant(site.expr)
    if outer is None:
        return None
    at = 0 if isinstance(site.expr.args[1], Constant) else 1
    name = site.expr.op.name
    first = site.inner(at, name, *(["add"] if name == "multiply" else []))
    inner = _by_constant(first) if first is not None else None
    if inner is None:
        return None
    data, known = inner[0], fold(Call(site.expr.op, [inner[1], outer[1]]))
    if first.op.name == name:
        return Call(site.expr.op, [data, known])
    return op.add(_simplified(site.of(op.multiply(data, outer[1]))), known)


def _twice(site: _Site) -> Any:
    lhs, rhs = site.expr.args
    ty = site.types.get(lhs)
    return op.multiply(lhs, const(2, ty.dtype)) if lhs == rhs and ty is not None else None


def _neutral(site: _Site) -> Any:
    """An operand that is the operation's neutral element goes."""
    number, right_only = _NEUTRAL[site.expr.op.name]
    lhs, rhs = site.expr.args
    for data, other in ((lhs, rhs),) if right_only else ((lhs, rhs), (rhs, lhs)):
        ty = site.types.get(data)
        if ty is not None and ty == site.type and _is_number(other, number):
            return data
    return None


def _is_number(expr: Any, number: int) -> bool:
    if not isinstance(expr, Constant):
        return False
    value = expr.value()
    return bool(value.size == 1 and value.reshape(-1)[0] == number)


def _scalar_for_full(site: _Site) -> Any:
    """A tensor of one number is that number, where the other operand gives the shape."""
    args = list(site.expr.args)
    for at, other in ((1, 0), (0, 1)):
        ty, filled = site.types.get(args[other]), site.types.get(args[at])
        number = _filling(args[at], filled) if ty is not None and ty == site.type and filled is not None else None
        if number is not None:
            args[at] = number
            return Call(site.expr.op, args, site.expr.attrs)
    return None


def _filling(expr: Any, ty: Any) -> Any:
    """The number that a tensor is made of, as a scalar constant."""
    if not is_operator(expr):
        return None
    if expr.op.name == "full":
        value = expr.args[0]
        return value if isinstance(value, Constant) and str(value.data.dtype) == ty.dtype else None
    number = {"zeros": 0, "ones": 1}.get(expr.op.name)
    return const(number, ty.dtype) if number is not None else None


# The neutral element, and whether it is one on the right alone.
_NEUTRAL = {"add": (0, False), "subtract": (0, True), "multiply": (1, False), "divide": (1, True)}

_LIKE = ("zeros_like", "ones_like", "full_like", "reshape_like", "broadcast_to_like", "cast_like")

_RULES: dict[str, Sequence[Rule]] = {
    **dict.fromkeys(_LIKE, (_concrete,)),
    "reshape": (_reshapes,),
    "cast": (_same_cast, _casts),
    "clip": (_clip,),
    "transpose": (_identity_transpose, _transposes),
    "layout_transform": (_identity_transpose, _transposes),
    "add": (_neutral, _constants, _twice),
    "subtract": (_neutral,),
    "multiply": (_neutral, _constants),
    "divide": (_neutral,),
}
