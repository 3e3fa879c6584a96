"""Answers to the exercises of *Binary operators and dense* that are wrong, and what the check says of each."""

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


def adds(ref_call, new_args, ctx):
    inside, expr = partition_expr_check(new_args[0])
    return QPartitionExpr(relay.add(expr, new_args[1])) if inside else None


def any_left_is_a_bias(ref_call, new_args, ctx):
    lhs, rhs = new_args
    inside, expr = partition_expr_check(rhs)
    if inside and not partition_expr_check(lhs)[0]:
        return QPartitionExpr(_forward_op(ref_call, [lhs, expr]))
    return add_partition_generic(ref_call, new_args, ctx)


def only_the_left(ref_call, new_args, ctx):
    lhs, rhs = new_args
    inside, expr = partition_expr_check(rhs)
    return QPartitionExpr(_forward_op(ref_call, [lhs, expr])) if inside else None


def leaves_the_wrapper_on(ref_call, new_args, ctx):
    lhs, rhs = new_args
    if relay.analysis.check_constant(lhs):
        return QPartitionExpr(_forward_op(ref_call, [lhs, rhs]))
    return add_partition_generic(ref_call, new_args, ctx)


def adds_it_twice(ref_call, new_args, ctx):
    inside, expr = partition_expr_check(new_args[1])
    if inside and relay.analysis.check_constant(new_args[0]):
        return QPartitionExpr(_forward_op(ref_call, [expr, expr]))
    return add_partition_generic(ref_call, new_args, ctx)


def always_swaps(ref_call, new_args, ctx):
    return add_partition_generic(ref_call, new_args[::-1], ctx)


def ends_before_the_sum(ref_call, new_args, ctx):
    lhs, rhs = new_args
    if relay.analysis.check_constant(lhs) and partition_expr_check(rhs)[0]:
        return QPartitionExpr(_forward_op(ref_call, [lhs, rhs.realize()]))
    return add_partition_generic(ref_call, new_args, ctx)


def does_not_look_inside(ref_call, new_args, ctx):
    lhs, rhs = new_args
    if relay.analysis.check_constant(lhs):
        return QPartitionExpr(_forward_op(ref_call, [lhs, partition_expr_check(rhs)[1]]))
    return add_partition_generic(ref_call, new_args, ctx)


def starts(ref_call, new_args):
    data, weight = new_args
    inside, _ = partition_expr_check(data)
    return QPartitionExpr(_forward_op(ref_call, [data.realize() if inside else data, weight]))


def dense_if(condition):
    def rule(ref_call, new_args, ctx):
        shape = [int(size) for size in ref_call.args[1].checked_type.shape]
        return starts(ref_call, new_args) if condition(shape) else None

    return rule


def stays_inside(ref_call, new_args, ctx):
    inside, data = partition_expr_check(new_args[0])
    if int(ref_call.args[1].checked_type.shape[0]) < 16 and not inside:
        return None
    return QPartitionExpr(_forward_op(ref_call, [data, new_args[1]]))


def asks_the_attribute(ref_call, new_args, ctx):
    units = ref_call.attrs.units
    return None if units is not None and units < 16 else starts(ref_call, new_args)


def ends_behind_it(ref_call, new_args, ctx):
    said = starts(ref_call, new_args)
    return said.realize() if int(ref_call.args[1].checked_type.shape[0]) < 16 else said


def asks_the_batch(ref_call, new_args, ctx):
    return starts(ref_call, new_args) if int(ref_call.args[0].checked_type.shape[0]) >= 16 else None


WRONG = {
    "subtract": [
        ({**DEFAULT_RULES, "subtract": identity_partition_function}, "the answer raised"),
        ({**DEFAULT_RULES, "subtract": mul_partition_generic}, "behind `nn.conv2d`, `nn.relu`"),
        ({**DEFAULT_RULES, "subtract": DEFAULT_RULES["nn.conv2d"]}, "behind `nn.conv2d`, `nn.relu`"),
        ({**DEFAULT_RULES, "subtract": adds}, "behind `add`"),
        ({"subtract": add_partition_generic}, "no region ends"),
        ({**DEFAULT_RULES, "add": add_partition_generic}, "behind `nn.conv2d`"),
        (add_partition_generic, "it is of class `function`, and no dictionary"),
    ],
    "either_way": [
        (add_partition_generic, "behind `nn.conv2d`"),
        (any_left_is_a_bias, "behind `nn.relu`"),
        (only_the_left, "behind `nn.conv2d`"),
        (leaves_the_wrapper_on, "behind `nn.conv2d`, `nn.relu`"),
        (does_not_look_inside, "behind `nn.conv2d`, `add`"),
        (adds_it_twice, "it computes other numbers"),
        (always_swaps, "regions end behind `nn.conv2d`"),
        (ends_before_the_sum, "behind `nn.conv2d`, `nn.relu`"),
    ],
    "small_in_float": [
        (dense_if(lambda shape: True), "behind `nn.relu`, `add`"),
        (dense_if(lambda shape: shape[1] >= 16), "behind `nn.relu`"),
        (dense_if(lambda shape: shape[0] > 16), "no region ends"),
        (stays_inside, "behind `add`"),
        (asks_the_batch, "no region ends"),
        (asks_the_attribute, "behind `nn.relu`, `add`"),
        (ends_behind_it, "behind `nn.relu`, `nn.dense`"),
    ],
}
