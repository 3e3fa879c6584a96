"""Answers to the exercises of *Writing a partition function* that are wrong, and what the check says of each."""

import set_env  # noqa: F401
from tvm.relay.quantize._partition import QPartitionExpr, partition_expr_check
from tvm.relay.quantize.quantize import _forward_op

from helpers.registry import DEFAULT_RULES


def identity_rule(ref_call, new_args, ctx):
    _, expr = partition_expr_check(new_args[0])
    return QPartitionExpr(_forward_op(ref_call, [expr]))


def starts(ref_call, new_args, ctx):
    return QPartitionExpr(_forward_op(ref_call, new_args))


def keeps_out(ref_call, new_args, ctx):
    return None


def stays_if(condition):
    def rule(ref_call, new_args, ctx):
        inside, expr = partition_expr_check(new_args[0])
        if not inside or not condition(ref_call.attrs.pool_size):
            return None
        return QPartitionExpr(_forward_op(ref_call, [expr]))

    return rule


def does_not_look_inside(ref_call, new_args, ctx):
    if min(ref_call.attrs.pool_size) < 3:
        return None
    return identity_rule(ref_call, new_args, ctx)


def compares_the_array(ref_call, new_args, ctx):
    inside, expr = partition_expr_check(new_args[0])
    if not inside or ref_call.attrs.pool_size < 3:
        return None
    return QPartitionExpr(_forward_op(ref_call, [expr]))


def wraps_the_old_call(ref_call, new_args, ctx):
    inside, _ = partition_expr_check(new_args[0])
    return QPartitionExpr(ref_call) if inside and min(ref_call.attrs.pool_size) >= 3 else None


def does_not_wrap(ref_call, new_args, ctx):
    inside, expr = partition_expr_check(new_args[0])
    return _forward_op(ref_call, [expr]) if inside and min(ref_call.attrs.pool_size) >= 3 else None


def drops_what_is_small(ref_call, new_args, ctx):
    inside, expr = partition_expr_check(new_args[0])
    if not inside:
        return None
    return QPartitionExpr(_forward_op(ref_call, [expr]) if min(ref_call.attrs.pool_size) >= 3 else expr)


def realizes_for_nothing(ref_call, new_args, ctx):
    said = DEFAULT_RULES["nn.relu"](ref_call, new_args, ctx)
    if said is not None:
        said.realize()
    return said


def realizes_nothing_too(ref_call, new_args, ctx):
    return DEFAULT_RULES["nn.relu"](ref_call, new_args, ctx).realize()


def ends_before_the_relu(ref_call, new_args, ctx):
    inside, _ = partition_expr_check(new_args[0])
    return _forward_op(ref_call, [new_args[0].realize()]) if inside else None


def ends_always(ref_call, new_args, ctx):
    return identity_rule(ref_call, new_args, ctx).realize()


def ends_and_stays(ref_call, new_args, ctx):
    inside, expr = partition_expr_check(new_args[0])
    return QPartitionExpr(QPartitionExpr(_forward_op(ref_call, [expr])).realize()) if inside else None


WRONG = {
    "average": [
        ({**DEFAULT_RULES, "nn.avg_pool2d": identity_rule}, "behind `nn.avg_pool2d`, `nn.relu`"),
        ({**DEFAULT_RULES, "nn.avg_pool2d": starts}, "behind `nn.relu`, `nn.avg_pool2d`, `add`"),
        ({**DEFAULT_RULES, "nn.avg_pool2d": keeps_out}, "behind `nn.relu`, `add`"),
        ({"nn.avg_pool2d": DEFAULT_RULES["nn.relu"]}, "no region ends"),
        ({**DEFAULT_RULES, "nn.avg_pool2d": DEFAULT_RULES["nn.conv2d"]}, "the answer raised ValueError"),
        ({**DEFAULT_RULES, "nn.avgpool2d": DEFAULT_RULES["nn.relu"]}, "nn.avgpool2d"),
        ({**DEFAULT_RULES, "nn.adaptive_avg_pool2d": DEFAULT_RULES["nn.relu"]}, "behind `nn.relu`, `add`"),
        ({**DEFAULT_RULES, "nn.avg_pool2d": "nn.relu"}, "not 'nn.relu'"),
        (dict(DEFAULT_RULES).update({"nn.avg_pool2d": DEFAULT_RULES["nn.relu"]}), "it is of class `NoneType`"),
    ],
    "large": [
        (stays_if(lambda size: max(size) >= 3), "behind `nn.max_pool2d`, `add`"),
        (stays_if(lambda size: min(size) > 3), "behind `nn.relu`, `add`"),
        (stays_if(lambda size: min(size) < 3), "behind `nn.relu`, `add`"),
        (stays_if(lambda size: list(size) >= [3, 3]), "behind `nn.max_pool2d`, `add`"),
        (does_not_look_inside, "behind `nn.max_pool2d`, `nn.relu`"),
        (compares_the_array, "the answer raised TypeError"),
        (stays_if(lambda size: size[0] * size[1] >= 9), "behind `nn.max_pool2d`, `add`"),
        (stays_if(lambda size: size[0] >= 3), "behind `nn.max_pool2d`, `add`"),
        (wraps_the_old_call, "regions end behind `nn.max_pool2d`"),
        (does_not_wrap, "behind `add`"),
        (drops_what_is_small, "the answer raised TypeInferenceError"),
    ],
    "at_once": [
        (DEFAULT_RULES["nn.relu"], "behind `nn.max_pool2d`, `add`"),
        (ends_before_the_relu, "behind `add`, `add`"),
        (ends_always, "behind `nn.relu`, `add`"),
        (realizes_for_nothing, "behind `nn.max_pool2d`, `add`"),
        (realizes_nothing_too, "the answer raised AttributeError"),
        (ends_and_stays, "behind `nn.relu`, `nn.max_pool2d`, `add`"),
    ],
}
