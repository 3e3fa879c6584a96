"""Answers to the exercises of *Rules for the networks people use* that are wrong, and what the check says of each."""

import set_env  # noqa: F401
from tvm import relay
from tvm.relay.quantize._partition import (
    QPartitionExpr,
    add_partition_generic,
    identity_partition_function,
    mul_partition_generic,
    partition_expr_check,
)
from tvm.relay.quantize.quantize import _forward_op

from helpers.registry import DEFAULT_RULES

SHUFFLE = ("reshape", "transpose")


def with_rule(rule, *names):
    return {**DEFAULT_RULES, **dict.fromkeys(names, rule)}


def starts(ref_call, new_args, ctx):
    _, expr = partition_expr_check(new_args[0])
    return QPartitionExpr(_forward_op(ref_call, [expr]))


def pooled(window, strides, takes=lambda size, parts: not any(n % m for n, m in zip(size, parts)), look=True):
    def rule(ref_call, new_args, ctx):
        inside, expr = partition_expr_check(new_args[0])
        size = [int(n) for n in ref_call.args[0].checked_type.shape[2:]]
        parts = [int(n) for n in ref_call.attrs.output_size]
        if (look and not inside) or not takes(size, parts):
            return None
        chosen = window(size, parts)
        return QPartitionExpr(relay.nn.avg_pool2d(expr, pool_size=chosen, strides=strides(chosen)))

    return rule


def divided(size, parts):
    return [n // m for n, m in zip(size, parts)]


def same(window):
    return window


def one_by_one(window):
    return [1, 1]


def max_pooled(ref_call, new_args, ctx):
    inside, expr = partition_expr_check(new_args[0])
    size = [int(n) for n in ref_call.args[0].checked_type.shape[2:]]
    parts = [int(n) for n in ref_call.attrs.output_size]
    if not inside or any(n % m for n, m in zip(size, parts)):
        return None
    return QPartitionExpr(relay.nn.max_pool2d(expr, pool_size=divided(size, parts), strides=divided(size, parts)))


def asks_the_new_argument(ref_call, new_args, ctx):
    inside, expr = partition_expr_check(new_args[0])
    window = divided([int(n) for n in expr.checked_type.shape[2:]], [int(n) for n in ref_call.attrs.output_size])
    return QPartitionExpr(relay.nn.avg_pool2d(expr, pool_size=window, strides=window)) if inside else None


def keeps_the_operator(ref_call, new_args, ctx):
    return identity_partition_function(ref_call, new_args, ctx)


def ends_both_always(ref_call, new_args, ctx):
    return QPartitionExpr(_forward_op(ref_call, [arg.realize() for arg in new_args]))


def realizes_what_is_bare(ref_call, new_args, ctx):
    pairs = [partition_expr_check(arg) for arg in new_args]
    if all(inside for inside, _ in pairs):
        return QPartitionExpr(_forward_op(ref_call, [expr.realize() for _, expr in pairs]))
    return mul_partition_generic(ref_call, new_args, ctx)


def squares(ref_call, new_args, ctx):
    if all(partition_expr_check(arg)[0] for arg in new_args):
        return QPartitionExpr(_forward_op(ref_call, [new_args[0].realize()] * 2))
    return mul_partition_generic(ref_call, new_args, ctx)


def nothing_new_starts(ref_call, new_args, ctx):
    if all(partition_expr_check(arg)[0] for arg in new_args):
        return _forward_op(ref_call, [arg.realize() for arg in new_args])
    return mul_partition_generic(ref_call, new_args, ctx)


def goes_on(ref_call, new_args, ctx):
    pairs = [partition_expr_check(arg) for arg in new_args]
    if any(inside for inside, _ in pairs):
        return QPartitionExpr(_forward_op(ref_call, [expr for _, expr in pairs]))
    return None


def only_of_two_regions(ref_call, new_args, ctx):
    if not all(partition_expr_check(arg)[0] for arg in new_args):
        return None
    return ends_both_always(ref_call, new_args, ctx)


WRONG = {
    "shuffle": [
        (with_rule(identity_partition_function, "reshape"), "`transpose`, `reshape` is outside"),
        (with_rule(identity_partition_function, "transpose"), "`reshape`, `transpose`, `reshape` is outside"),
        (with_rule(starts, *SHUFFLE), "behind `reshape`, `add`"),
        (dict.fromkeys(SHUFFLE, identity_partition_function), "`nn.conv2d`, `add`, `nn.relu`"),
        (with_rule(identity_partition_function, "nn.channel_shuffle"), "nn.channel_shuffle"),
        (with_rule(DEFAULT_RULES["nn.conv2d"], *SHUFFLE), "the rule reshape: conv2d_partition_function"),
        ({**DEFAULT_RULES, SHUFFLE: identity_partition_function}, "not by a tuple"),
    ],
    "windows": [
        (pooled(divided, one_by_one), "and returns Tensor[(1, 4, 5, 5), float32]"),
        (pooled(divided, same, takes=lambda size, parts: True), "and returns Tensor[(1, 4, 4, 4), float32]"),
        (pooled(lambda size, parts: divided(size, parts)[::-1], same), "and returns Tensor[(1, 4, 1, 3), float32]"),
        (
            pooled(divided, same, takes=lambda size, parts: size[0] % parts[0] == 0),
            "and returns Tensor[(1, 4, 2, 4), float32]",
        ),
        (pooled(divided, same, look=False), "behind `nn.avg_pool2d`, `add`"),
        (max_pooled, "behind `nn.max_pool2d`"),
        (keeps_the_operator, "`nn.adaptive_avg_pool2d` is still there"),
        (pooled(lambda size, parts: parts, same), "and returns Tensor[(1, 4, 8, 8), float32]"),
        (asks_the_new_argument, "this Call has no checked type yet"),
    ],
    "both_factors": [
        (ends_both_always, "the answer raised AttributeError"),
        (nothing_new_starts, "behind `clip`, `nn.relu`"),
        (goes_on, "behind `multiply`"),
        (only_of_two_regions, "behind `nn.conv2d`"),
        (add_partition_generic, "behind `multiply`"),
        (realizes_what_is_bare, "'Call' object has no attribute 'realize'"),
        (squares, "behind `clip`, `multiply`"),
    ],
}
