"""The forward rewriter: rules, one an operator, that see what the rules before them left.

    %0 = nn.conv2d(%data, %w);      rule of nn.conv2d: QPartitionExpr(nn.conv2d(%data, %w))
    %1 = nn.relu(%0);               rule of nn.relu:   QPartitionExpr(nn.relu(nn.conv2d(…)))
    reshape(%1, newshape=[-1])      no rule:           reshape(stop_fusion(cast_hint(nn.relu(…))), newshape=[-1])

A rule is called as `rule(ref_call, new_args, ctx)`. `ref_call` is the call as it was, `new_args` are its arguments as
they have become; some may be a `TempExpr`, which says that what comes next may still decide. It returns the expression
or `TempExpr` that takes the call's place, or None for "nothing to say". A call without a rule, or whose rule has
nothing to say, takes ordinary expressions only: there each `TempExpr` becomes what its `realize()` gives. What several
expressions use may be decided once for all of them: an argument of that kind goes through `fmulti_ref_trigger` first.

Algorithm: TVM v0.16, `ForwardRewrite`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tvm.ir import Op

from ..expr import Call, ExprWithOp, TempExpr, Tuple, TupleGetItem
from ..expr_functor import post_order, rewrite, with_children
from ..op.op import Rule, rule
from ..text import span_text

Rewrite = Callable[[Call, list[Any]], Any]


def forward_rewrite(expr: Any, attr_key: str | Rewrite, fmulti_ref_trigger: Callable[[Any], Any] | None = None) -> Any:
    """Rewrite `expr` with the rules registered under `attr_key`, arguments before their users.

    A function in its place is the rule of every operator, called as `rule(ref_call, new_args)`.
    `fmulti_ref_trigger(new_arg)`, where given, says what a call or a tuple gets for what is used more than once.

    Raises `TypeError` where a rule returns something else than an expression or None, and the rule's own error, with
    the operator and the span added, where one fails. The expression is not changed in either case.
    """
    made: dict[Any, Any] = {}
    realized: dict[Any, Any] = {}
    say = _registered(attr_key) if isinstance(attr_key, str) else attr_key
    uses = Counter() if fmulti_ref_trigger is None else _uses(expr)

    def plain(node: Any) -> Any:
        return rewrite(node, lambda old, new: new.realize() if isinstance(new, TempExpr) else new, realized)

    for node, below in post_order(expr):
        new = [made[child] for child in below]
        if fmulti_ref_trigger is not None and isinstance(node, Call | Tuple):
            new = [fmulti_ref_trigger(a) if uses[child] > 1 else a for a, child in zip(new, below, strict=True)]
        said = None
        if isinstance(node, Call) and isinstance(node.op, Op):
            said = say(node, new[1:])
        if said is not None:
            made[node] = said
        elif isinstance(node, TupleGetItem) and isinstance(new[0], Tuple):
            made[node] = new[0].fields[node.index]
        elif isinstance(node, TupleGetItem) and new[0] != below[0]:
            made[node] = TupleGetItem(new[0], node.index)  # as in TVM, without its span
        elif not below:
            made[node] = node
        else:
            keeps_temps = isinstance(node, Tuple | TupleGetItem)
            made[node] = with_children(node, new if keeps_temps else [plain(child) for child in new], below)
    return plain(made[expr])


def _uses(expr: Any) -> Counter[Any]:
    """How many expressions of `expr` use each one of them; one that uses it twice counts twice."""
    return Counter(child for _, below in post_order(expr) for child in below)


def _registered(attr_key: str) -> Rewrite:
    """What the rules that are registered under `attr_key` say."""
    rules: dict[Op, Rule | None] = {}

    def say(call: Call, new_args: list[Any]) -> Any:
        if call.op not in rules:
            rules[call.op] = rule(call.op, attr_key)
        found = rules[call.op]
        if found is None:
            return None
        said = apply_rule(found, call, call, new_args, None)
        if said is None or isinstance(said, ExprWithOp):
            return said
        raise TypeError(
            f"the rule {found} returns {type(said).__name__} for {call.op.name}{_at(call)}: "
            "return an expression, a QPartitionExpr or None"
        )

    return say


def apply_rule(found: Rule, call: Call, *args: Any) -> Any:
    """What a rule says of `call`, given `args`; raises the rule's own error, with the operator and the span added."""
    try:
        return found.function(*args)
    except Exception as error:
        raise _with_place(error, f"the rule {found} fails on {call.op.name}{_at(call)}") from error


def _with_place(error: Exception, where: str) -> Exception:
    """The same error with its place; of its own class where that can be made from a message."""
    message = f"{where}: {error or type(error).__name__}"
    try:
        return type(error)(message)
    except Exception:
        return RuntimeError(f"{message} ({type(error).__name__})")


def _at(call: Call) -> str:
    return f" at {span_text(call.span)}" if call.span is not None else ""
