"""BackwardFoldScaleAxis: a scale moves into the layer before it.

    before   %0 = nn.conv2d(%x, %w);
             %1 = add(%0, %b);
             multiply(%1, %s)
    after    %0 = squeeze(%s, axis=[1, 2]);
             %1 = expand_dims(%0, axis=1, num_newaxis=3);
             %2 = multiply(%w, %1);
             %3 = expand_dims(%0, axis=1, num_newaxis=2);
             %4 = nn.conv2d(%x, %2);
             %5 = multiply(%b, %3);
             add(%4, %5)

Two walks, as in TVM v0.16 (`fold_scale_axis.cc`). From the inputs to the results, every layer offers to take in a scale
of its result, and what comes after it passes that on, as long as each result has one user. From the results to the
inputs then, each multiplication that has such an offer for an operand gives that operand its factor and is gone.

What computes a factor is not looked into. Unlike in TVM, where both operands of an addition are scaled, the scale is
positive if either needs it to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import tvm
from tvm.ir import Op

from .. import op
from ..expr import Call, Function
from ..expr_functor import post_order, with_children
from .scale_axis import Message, as_scale, layer, match_broadcast_to_left_axis, spread
from .transform import function_pass


def BackwardFoldScaleAxis() -> tvm.transform.Pass:
    """The pass. A layer whose weight takes a scale in, and what lies between the two, loses its span."""
    return function_pass(
        lambda func, mod, ctx: fold(func), opt_level=3, name="BackwardFoldScaleAxis", required=["InferType"]
    )


def fold(func: Function) -> Function:
    """The typed function `func` with scales in the weights before them. Linear in its size."""
    order = list(post_order(func))
    plan = _Plan(_messages(order))
    plan.used.add(func)
    for node, below in reversed(order):
        if node in plan.used:
            plan.visit(node, below)
    made: dict[Any, Any] = {}
    for node, below in order:
        if node in plan.used:
            made[node] = plan.build(node, below, made)
    return made[func]


def _messages(order: Sequence[tuple[Any, Sequence[Any]]]) -> dict[Any, Message]:
    """The nodes that can take in a scale, or hand it on to one that can."""
    users: dict[Any, int] = {}
    for _, below in order:
        for child in below:
            users[child] = users.get(child, 0) + 1
    found: dict[Any, Message] = {}
    for node, below in order:
        if isinstance(node, Call) and isinstance(node.op, Op) and users.get(node) == 1:
            message = _from_arguments(node, [found.get(arg) for arg in below[1:]])
            if message is not None:
                found[node] = message
    return found


def _from_arguments(call: Call, offers: Sequence[Message | None]) -> Message | None:
    """What a call can do with a scale of its result, from what its arguments can."""
    takes = layer(call)
    if takes is not None:
        return Message(takes.result_axis)
    name = call.op.name
    if name in ("nn.relu", "nn.leaky_relu"):
        return replace(offers[0], positive=True) if offers[0] is not None else None
    if name == "nn.bias_add":
        return offers[0] if offers[0] is not None and offers[0].axis == call.attrs.axis else None
    if name in ("add", "subtract"):
        return _from_operands(call, offers)
    return None


def _from_operands(call: Call, offers: Sequence[Message | None]) -> Message | None:
    """Both operands take the scale, or one does and the other is a vector along its axis."""
    lhs, rhs = (arg.checked_type for arg in call.args)
    if offers[0] is not None and offers[1] is not None:
        if offers[0].axis != offers[1].axis or len(lhs.shape) != len(rhs.shape):
            return None
        return Message(offers[0].axis, offers[0].positive or offers[1].positive)
    for offer, one, other in ((offers[0], lhs, rhs), (offers[1], rhs, lhs)):
        if offer is not None and match_broadcast_to_left_axis(one, other, offer.axis) is not None:
            return offer
    return None


@dataclass
class _Plan:
    """What becomes of each node.

    `used` are those that the result is made of, `kept` maps a multiplication that goes to the operand that stays, and
    `scales` says by what a node is multiplied.
    """

    messages: dict[Any, Message]
    used: set[Any] = field(default_factory=set)
    kept: dict[Any, Any] = field(default_factory=dict)
    scales: dict[Any, Any] = field(default_factory=dict)

    def visit(self, node: Any, below: Sequence[Any]) -> None:
        """Say what becomes of a node's children; its users have said what becomes of it."""
        if isinstance(node, Call) and isinstance(node.op, Op):
            if node.op.name == "multiply" and self._dissolve(node, below[1:]):
                return
            if node in self.scales and layer(node) is None:
                self.scales.update((arg, self.scales[node]) for arg in below[1:] if arg in self.messages)
        self.used.update(below)

    def _dissolve(self, call: Call, args: Sequence[Any]) -> bool:
        """Give the first operand that can take it the other one as a scale; whether it could."""
        kept = next((arg for arg in args if arg in self.messages), None)
        if kept is None:
            return False
        factor = args[1] if kept == args[0] else args[0]
        scale = as_scale(factor, kept.checked_type, factor.checked_type, self.messages[kept])
        if scale is None:
            return False
        self.kept[call], self.scales[kept] = kept, scale
        self.used.add(kept)
        return True

    def build(self, node: Any, below: Sequence[Any], made: dict[Any, Any]) -> Any:
        """`node` over what its children became."""
        if node in self.kept:
            return made[self.kept[node]]
        new = [made[child] for child in below]
        if node not in self.scales:
            return with_children(node, new, below) if below else node
        args, scale = new[1:], self.scales[node]
        takes = layer(node)
        if takes is not None:
            args[1] = op.multiply(args[1], spread(scale, takes.weight_rank, takes.weight_result_axis))
        elif len(args) == 2:
            self._scale_the_other(node, args, below[1:])
        return Call(node.op, args, node.attrs, node.type_args)

    def _scale_the_other(self, call: Call, args: list[Any], old: Sequence[Any]) -> None:
        """The summand that no layer scales: a bias."""
        scale = self.scales[call]
        rank, axis = len(call.checked_type.shape), self.messages[call].axis
        for at, arg in enumerate(old):
            if arg not in self.messages:
                args[at] = op.multiply(args[at], scale if call.op.name == "nn.bias_add" else spread(scale, rank, axis))
