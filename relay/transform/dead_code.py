"""DeadCodeElimination: a `let` whose variable nothing uses is gone.

    before   let %y = exp(%x);
             let %z = tanh(%y);
             nn.relu(%x)
    after    nn.relu(%x)

No operator of the dialect has an effect beside its value, so whatever is not used can go. As TVM v0.16 does it
(`dead_code.cc`).
"""

from __future__ import annotations

from typing import Any

import tvm

from ..expr import Function, Let, Var
from ..expr_functor import post_order, with_children
from .transform import function_pass


def DeadCodeElimination(inline_once: bool = False, ignore_impurity: bool = False) -> tvm.transform.Pass:
    """The pass. With `inline_once` a value that is used once stands where it is used.

    `ignore_impurity` is TVM's; here every call is pure.
    """
    return function_pass(
        lambda func, mod, ctx: eliminate(func, inline_once),
        opt_level=1,
        name="DeadCodeElimination",
        required=["InferType"],
    )


def eliminate(func: Function, inline_once: bool = False) -> Function:
    """`func` without the lets that nothing uses."""
    order = list(post_order(func))
    values: dict[Var, Any] = {node.var: node.value for node, _ in order if isinstance(node, Let)}
    uses = _uses(func, order, values)
    inlined = {var: value for var, value in values.items() if inline_once and uses.get(var) == 1}
    made: dict[Any, Any] = {}
    for node, below in order:
        if node in inlined:
            made[node] = made[inlined[node]]
        elif isinstance(node, Let) and (not uses.get(node.var) or node.var in inlined):
            made[node] = made[node.body]
        else:
            made[node] = with_children(node, [made[child] for child in below], below) if below else node
    return made[func]


def _uses(func: Function, order: list[tuple[Any, Any]], values: dict[Var, Any]) -> dict[Any, int]:
    """How often what counts uses each expression; the users come before what they use."""
    uses = {func: 1}
    for node, below in reversed(order):
        if node not in uses:
            continue
        for child in (node.body,) if isinstance(node, Let) else below:
            uses[child] = uses.get(child, 0) + 1
            if child in values:
                uses.setdefault(values[child], 0)
    return uses
