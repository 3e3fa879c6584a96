"""Answers to the exercises of *All of it, on a CPU* that are wrong, and what the check says of each."""

from functools import cache

import set_env  # noqa: F401
import torch
from torch import nn
from tvm import relay
from tvm.relay.quantize._partition import QPartitionExpr, partition_expr_check
from tvm.relay.quantize.quantize import _forward_op

from helpers.networks import to_relay


@cache
def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Conv2d(8, 4, 3)
    return to_relay(nn.Sequential(*layers), 1, 3, 10, 10)


def quantized(**options):
    with relay.quantize.qconfig(**{"skip_conv_layers": None, "weight_scale": "max", **options}):
        return relay.quantize.quantize(network())


def convolutions(mod):
    found = []

    def visit(expr):
        if isinstance(expr, relay.Call) and expr.op == relay.op.get("nn.conv2d"):
            found.append(expr)

    relay.analysis.post_order_visit(mod["main"], visit)
    return found


def is_depthwise(call):
    return call.attrs.groups > 1 and call.attrs.groups == call.args[0].checked_type.shape[1]


def any_groups(mod):
    return [at for at, call in enumerate(convolutions(mod)) if call.attrs.groups > 1]


def the_middle_one(mod):
    return [1]


def counted_from_one(mod):
    return [
        at for at, call in enumerate(convolutions(mod), 1) if call.attrs.groups == call.args[0].checked_type.shape[1]
    ]


def only_the_first_found(mod):
    return next(([at] for at, call in enumerate(convolutions(mod)) if is_depthwise(call)), [])


def calls_and_not_indices(mod):
    return list(filter(is_depthwise, convolutions(mod)))


def all_operators_counted(mod):
    found = []
    relay.analysis.post_order_visit(
        mod["main"], lambda expr: found.append(expr) if isinstance(expr, relay.Call) else None
    )
    return [at for at, call in enumerate(found) if call.op == relay.op.get("nn.conv2d") and is_depthwise(call)]


def a_count(mod):
    return len(any_groups(mod))


def joins(part, asks=all, start=QPartitionExpr, order=1):
    def rule(ref_call, new_args, ctx):
        fields = new_args[0].fields
        if not asks(partition_expr_check(field)[0] for field in fields):
            return None
        return start(_forward_op(ref_call, [relay.Tuple([part(field) for field in fields][::order])]))

    return rule


def bare(field):
    return partition_expr_check(field)[1]


def ended(field):
    return field.realize()


def ended_if_inside(field):
    return field.realize() if partition_expr_check(field)[0] else field


def asks_the_tuple(ref_call, new_args, ctx):
    inside, parts = partition_expr_check(new_args[0])
    return QPartitionExpr(_forward_op(ref_call, [parts.realize()])) if inside else None


def of_two(ref_call, new_args, ctx):
    left, right = new_args[0].fields
    if not (partition_expr_check(left)[0] and partition_expr_check(right)[0]):
        return None
    return QPartitionExpr(_forward_op(ref_call, [relay.Tuple([left.realize(), right.realize()])]))


def without_a_tuple(ref_call, new_args, ctx):
    return QPartitionExpr(_forward_op(ref_call, [field.realize() for field in new_args[0].fields]))


WRONG = {
    "join_narrow": [
        (joins(bare), "regions end behind `concatenate`"),
        (joins(ended, start=lambda call: call), "regions end behind `nn.relu`, `nn.relu`, in"),
        (joins(ended, asks=any), "has no attribute 'realize'"),
        (joins(ended_if_inside, asks=any), "regions end behind `nn.relu`, `concatenate`"),
        (joins(ended_if_inside, asks=list), "regions end behind `concatenate`"),
        (joins(ended, order=-1), "it computes other numbers"),
        (asks_the_tuple, "regions end behind `nn.relu`, `nn.relu`, in"),
        (of_two, "too many values to unpack"),
        (without_a_tuple, "the answer raised"),
    ],
    "four_bits": [
        (quantized(), "there is a weight of magnitude 127, and 4 bits reach to 7"),
        (quantized(nbit_weight=5), "there is a weight of magnitude 15"),
        (quantized(nbit_weight=3), "the largest magnitude is 3"),
        (quantized(nbit_weight=4, nbit_input=4), "they are clipped at 7"),
        (quantized(nbit_input=4), "there is a weight of magnitude 127"),
        (quantized(nbit_weight=4, skip_conv_layers=[0]), "1 of 3 still compute in float32"),
        (network(), "there are no integer weights"),
        ({"nbit_weight": 4}, "is of class `dict`"),
    ],
    "depthwise": [
        (any_groups, "for convolutions with 2, 8 groups it gives [0, 1]"),
        (the_middle_one, "for convolutions with 1, 1 groups it gives [1]"),
        (counted_from_one, "for convolutions with 1, 8, 1 groups it gives [2]"),
        (only_the_first_found, "for convolutions with 4, 1, 8, 8 groups it gives [0]"),
        (calls_and_not_indices, "is of class `Call`, not `int`"),
        (all_operators_counted, "it gives [3]"),
        (a_count, "is of class `int`, not `list`"),
    ],
}
