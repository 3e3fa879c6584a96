"""AlterOpLayout: operators take the layouts in which they are fast, and what lies between them goes along.

    before   %0 = nn.conv2d(%x, %w, channels=64, kernel_size=[3, 3]);
             %1 = nn.relu(%0);
             nn.conv2d(%1, %v, channels=64, kernel_size=[3, 3])
    after    %0 = layout_transform(%x, src_layout="NCHW", dst_layout="NCHW16c");
             %1 = layout_transform(%w, src_layout="OIHW", dst_layout="OIHW16i16o");
             %2 = nn.contrib_conv2d_NCHWc(%0, %1, …, data_layout="NCHW16c", kernel_layout="OIHW16i16o");
             %3 = nn.relu(%2);
             %4 = layout_transform(%v, src_layout="OIHW", dst_layout="OIHW16i16o");
             %5 = nn.contrib_conv2d_NCHWc(%3, %4, …, data_layout="NCHW16c", kernel_layout="OIHW16i16o");
             layout_transform(%5, src_layout="NCHW16c", dst_layout="NCHW")

Which layout an operator takes is said by a function that is registered for it, for one processor or another:

    @tvm.ir.register_op_attr("nn.conv2d", "FTVMAlterOpLayout", level=11)
    def alter(attrs, args, types, result_type): return relay.nn.conv2d(*args, **{**attrs, "data_layout": "NHWC", …})

It returns another call, or None to leave this one alone. Whatever can do its work in any layout keeps the one that it
meets (`infer_correct_layout`). Elsewhere a tensor is transformed, once for all that want it so.
As TVM v0.16 does it (`alter_op_layout.cc`, `transform_layout.h`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tvm
import tvm_ffi
from tvm.ir import Op
from tvm_ffi.dataclasses import py_class

from .. import op
from ..expr import Call, Function, TempExpr, Tuple, TupleGetItem
from ..op.op import rule
from ..ty import TupleType
from .forward_rewrite import apply_rule, forward_rewrite
from .infer_correct_layout import Inferred, Known, expanded, infer_correct_layout, rank, rule_of, tensors_in
from .transform import function_pass

KEY = "FTVMAlterOpLayout"

# From a call, its attributes, and its arguments as they have become, to the call that takes its place.
Alter = Callable[[Call, Any, Sequence[Any]], Call]


def AlterOpLayout() -> tvm.transform.Pass:
    """The pass. Raises what a registered function raises, with the operator and the span added."""
    return function_pass(
        lambda func, mod, ctx: alter(func, registered), opt_level=3, name="AlterOpLayout", required=["InferType"]
    )


def alter(func: Function, new_call: Alter) -> Function:
    """The typed function `func` with its operators as `new_call` has them. Linear in its size."""
    rewriter = _Rewriter(new_call)
    return forward_rewrite(func, rewriter.rewritten)


def registered(call: Call, attrs: Any, args: Sequence[Any]) -> Call:
    """The call that the registered function makes of one, or the same over its new arguments."""
    found = rule(call.op, KEY)
    if found is not None:
        types = [arg.checked_type for arg in call.args]
        said = apply_rule(found, call, attrs, list(args), types, call.checked_type)
        if said is not None:
            return checked(found, call, said)
    return Call(call.op, args, attrs, call.type_args, call.span)


def checked(found: Any, call: Call, said: Any) -> Call:
    """What a rule says, if it can take the call's place; raises `TypeError` otherwise."""
    if not isinstance(said, Call):
        raise TypeError(f"the rule {found} returns a {type(said).__name__} for {call.op.name}: return a call or None")
    if isinstance(said.op, Op) and len(said.args) != len(call.args):
        raise TypeError(
            f"the rule {found} returns a call with {len(said.args)} arguments for {call.op.name}, which has "
            f"{len(call.args)}: return one with as many"
        )
    return said


class _Transforms:
    """`layout_transform` calls, each made once."""

    def __init__(self) -> None:
        self._made: dict[tuple[Any, str, str], Any] = {}

    def __call__(self, value: Any, src: str, dst: str, shape: Sequence[int] = ()) -> Any:
        """`value` in the layout `dst`. Where it has fewer axes, `shape` is its shape."""
        if src == dst:
            return value
        key = (value, src, dst)
        if key not in self._made:
            self._made[key] = _transformed(value, src, dst, shape)
        return self._made[key]


def _transformed(value: Any, src: str, dst: str, shape: Sequence[int]) -> Any:
    if rank(src) < rank(dst):
        if all(size == 1 for size in shape):
            return value  # a single number goes with any layout
        value = op.expand_dims(value, 0, rank(dst) - rank(src))
        src = expanded(src, dst)
    return value if src == dst else op.layout_transform(value, src, dst)


@py_class("relay.LayoutAlternatedExpr", structural_eq=None, repr=False)
class LayoutAlternatedExpr(TempExpr):
    """A value in the layout `new_layout` that was in `old_layout`, and is wanted so where no more is known.

    `transform(value, src, dst)` brings it from one to the other.
    """

    value: Any
    old_layout: str
    new_layout: str
    transform: Any

    def realize(self) -> Any:
        """The value in its old layout."""
        return self.transform(self.value, self.new_layout, self.old_layout)


class _Rewriter:
    """What becomes of each call, given what has become of its arguments."""

    def __init__(self, new_call: Alter) -> None:
        self._new_call = new_call
        self._transforms = _Transforms()
        self._transform = tvm_ffi.convert(self._transforms)

    def rewritten(self, call: Call, new_args: list[Any]) -> Any:
        """The call in new layouts, or None where nothing is known of its layouts: its arguments take their old ones."""
        given = _parts(new_args)
        types = [arg.checked_type for arg in call.args]
        old: list[Known] = [part.old_layout if isinstance(part, LayoutAlternatedExpr) else None for part in given]
        before = infer_correct_layout(call, call.attrs, types, old)
        if before is None:
            return self._of_unknown_layouts(call, new_args)
        if old != before.inputs:
            new_args = _named(new_args, before.inputs)
            given = _parts(new_args)
        pairs = zip(given, before.inputs, strict=True)
        new = [part.new_layout if isinstance(part, LayoutAlternatedExpr) else layout for part, layout in pairs]
        altered = self._new_call(call, before.attrs, [_value(arg) for arg in new_args])
        if not isinstance(altered.op, Op):
            return None
        after = infer_correct_layout(altered, altered.attrs, types, before.inputs, new)
        if after is None:
            return None
        return self._results(call, self._applied(call, altered, types, new, after), before, after)

    def _of_unknown_layouts(self, call: Call, new_args: list[Any]) -> Any:
        """A rule may also be there for an operator that does not tell its layouts: it works on the old ones."""
        if rule_of(call.op.name) is not None or any(isinstance(arg, Tuple) for arg in new_args):
            return None
        args = [arg.realize() if isinstance(arg, LayoutAlternatedExpr) else arg for arg in new_args]
        return self._new_call(call, call.attrs, args)

    def _applied(
        self, call: Call, altered: Call, types: Sequence[Any], layouts: Sequence[str], after: Inferred
    ) -> Call:
        """The new call over arguments in the layouts that it takes."""
        moved = zip(layouts, after.inputs, [t.concrete_shape for ty in types for t in tensors_in(ty)], strict=True)

        def placed(value: Any) -> Any:
            return self._transforms(value, *next(moved))

        args = [
            Tuple([*map(placed, arg.fields)], arg.span) if isinstance(arg, Tuple) else placed(arg)
            for arg in altered.args
        ]
        return Call(altered.op, args, after.attrs, (), call.span)

    def _results(self, call: Call, new: Call, before: Inferred, after: Inferred) -> Any:
        """The value of the new call, or a tuple of its values, with their layouts."""
        count = len(before.outputs)
        values = [TupleGetItem(new, at) for at in range(count)] if isinstance(call.checked_type, TupleType) else [new]
        marked = [
            LayoutAlternatedExpr(value, old, made, self._transform)
            for value, old, made in zip(values, before.outputs, after.outputs, strict=True)
        ]
        return Tuple(marked) if isinstance(call.checked_type, TupleType) else marked[0]


def _parts(args: Sequence[Any]) -> list[Any]:
    """The arguments, of tuples their fields."""
    return [part for arg in args for part in (arg.fields if isinstance(arg, Tuple) else [arg])]


def _named(args: Sequence[Any], layouts: Sequence[str]) -> list[Any]:
    """The arguments, in their old layouts where the call takes these by other names: NCH for a pool over NCW."""
    names = iter(layouts)

    def named(part: Any) -> Any:
        name = next(names)
        return part.realize() if isinstance(part, LayoutAlternatedExpr) and part.old_layout != name else part

    return [Tuple([*map(named, arg.fields)], arg.span) if isinstance(arg, Tuple) else named(arg) for arg in args]


def _value(arg: Any) -> Any:
    if isinstance(arg, Tuple):
        return Tuple([_value(field) for field in arg.fields], arg.span)
    return arg.value if isinstance(arg, LayoutAlternatedExpr) else arg
