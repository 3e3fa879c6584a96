"""ForwardFoldScaleAxis: a scale moves into the layer after it.

    before   %0 = multiply(%x, %s);
             %1 = add(%0, %b);
             %2 = nn.relu(%1);
             nn.conv2d(%2, %w)
    after    %0 = squeeze(%s, axis=[1, 2]);
             %1 = expand_dims(%0, axis=1, num_newaxis=2);
             %2 = divide(%b, %1);
             %3 = add(%x, %2);
             %4 = expand_dims(%0, axis=1, num_newaxis=2);
             %5 = nn.relu(%3);
             %6 = multiply(%w, %4);
             nn.conv2d(%5, %6)

Two walks, as in TVM v0.16 (`fold_scale_axis.cc`). From the results to the inputs, every layer says which scale of its
data it would take in, and what stands before it passes that on; where the users of one result do not agree, none is
taken. From the inputs to the results then, each multiplication that has such a message hands its factor on.

A factor need not be known: the gate of a squeeze-and-excite block, one number for each channel of *one* image, becomes
a multiplication of weights. Unlike in TVM, where something was added after the multiplication the factor is known and
has no zeros, for that summand is divided by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import tvm
from tvm.ir import Op

from .. import op
from ..expr import Call, Function, Tuple, TupleGetItem
from ..expr_functor import post_order, with_children
from .scale_axis import Message, as_scale, layer, match_broadcast_to_left_axis, spread
from .transform import function_pass


def ForwardFoldScaleAxis() -> tvm.transform.Pass:
    """The pass. A layer whose weight takes a scale in, and what lies between the two, loses its span."""
    return function_pass(
        lambda func, mod, ctx: fold(func), opt_level=3, name="ForwardFoldScaleAxis", required=["InferType"]
    )


def fold(func: Function) -> Function:
    """The typed function `func` with scales in the weights after them. Linear in its size."""
    order = list(post_order(func))
    rewriter = _Rewriter(_messages(order))
    for node, below in order:
        rewriter.visit(node, below)
    return rewriter.made[func]


def _messages(order: Sequence[tuple[Any, Sequence[Any]]]) -> dict[Any, Message | None]:
    """For each node, the scale of it that all of its users can take."""
    found: dict[Any, Message | None] = {}
    for node, below in reversed(order):
        said = _to_arguments(node, found.get(node)) if _calls_operator(node) else ()
        for at, child in enumerate(below):
            # The operator of a call comes before its arguments.
            message = said[at - 1] if 0 < at <= len(said) else None
            found[child] = _both(found[child], message) if child in found else message
    return found


def _to_arguments(call: Call, message: Message | None) -> Sequence[Message | None]:
    """What a call that has `message` asks of its arguments."""
    takes = layer(call)
    if takes is not None:
        return (Message(takes.data_axis), None)
    if message is None:
        return ()
    if call.op.name in ("nn.relu", "nn.leaky_relu"):
        return (replace(message, positive=True),)
    if call.op.name in ("add", "subtract"):
        lhs, rhs = (arg.checked_type for arg in call.args)
        if match_broadcast_to_left_axis(lhs, rhs, message.axis) is not None:
            return (replace(message, divisor=True), None)
        if match_broadcast_to_left_axis(rhs, lhs, message.axis) is not None:
            return (None, replace(message, divisor=True))
    return ()


def _both(one: Message | None, other: Message | None) -> Message | None:
    """What satisfies two users."""
    if one is None or other is None or one.axis != other.axis:
        return None
    return Message(one.axis, one.positive or other.positive, one.divisor or other.divisor)


def _calls_operator(node: Any) -> bool:
    return isinstance(node, Call) and isinstance(node.op, Op)


@dataclass
class _Rewriter:
    """`made` maps each node to what takes its place, and `scales` to the factor (and its axis) missing from that."""

    messages: dict[Any, Message | None]
    made: dict[Any, Any] = field(default_factory=dict)
    scales: dict[Any, tuple[Any, int]] = field(default_factory=dict)

    def visit(self, node: Any, below: Sequence[Any]) -> None:
        new = [self.made[child] for child in below]
        if _calls_operator(node) and self._moved(node, below[1:], new[1:]):
            return
        if isinstance(node, TupleGetItem) and isinstance(new[0], Tuple):
            self.made[node] = new[0].fields[node.index]
        elif isinstance(node, TupleGetItem) and new[0] != below[0]:
            self.made[node] = TupleGetItem(new[0], node.index)  # as in TVM, without its span
        else:
            self.made[node] = with_children(node, new, below) if below else node

    def _moved(self, call: Call, old: Sequence[Any], new: Sequence[Any]) -> bool:
        """Let a scale begin, move on or end at `call`; whether there was one."""
        if call.op.name == "multiply":
            return self._begin(call, old, new)
        at = next((at for at, arg in enumerate(old) if arg in self.scales), None)
        if at is None:
            return False
        scale, axis = self.scales[old[at]]
        args = list(new)
        takes = layer(call)
        if takes is not None:
            args[1] = op.multiply(new[1], spread(scale, takes.weight_rank, takes.weight_data_axis))
        else:
            self.scales[call] = (scale, axis)
            if len(args) == 2:
                rank = len(old[at].checked_type.shape)
                args[1 - at] = op.divide(new[1 - at], spread(scale, rank, axis))
        self.made[call] = Call(call.op, args, call.attrs, call.type_args)
        return True

    def _begin(self, call: Call, old: Sequence[Any], new: Sequence[Any]) -> bool:
        message = self.messages.get(call)
        if message is None:
            return False
        for kept, factor in ((0, 1), (1, 0)):
            scale = as_scale(new[factor], old[kept].checked_type, old[factor].checked_type, message)
            if scale is not None:
                self.made[call] = new[kept]
                self.scales[call] = (scale, message.axis)
                return True
        return False
