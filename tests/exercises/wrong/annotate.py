"""Answers to the exercises of *Annotate* that are wrong, and what the check says of each."""

import set_env  # noqa: F401
from tvm import relay
from tvm.relay.quantize import _annotate
from tvm.relay.quantize.quantize import QAnnotateKind, _forward_op


def narrow(expr):
    return relay.quantize.attach_simulated_quantize(expr, QAnnotateKind.INPUT)


def rounds_floats_too(ref_call, new_args, ctx):
    expr, kind = _annotate._get_expr_kind(new_args[0])
    if kind != QAnnotateKind.INPUT:
        expr = narrow(expr)
    return _annotate.QAnnotateExpr(_forward_op(ref_call, [expr]), QAnnotateKind.INPUT)


def rounds_twice(ref_call, new_args, ctx):
    expr, kind = _annotate._get_expr_kind(new_args[0])
    if kind is None:
        return None
    return _annotate.QAnnotateExpr(_forward_op(ref_call, [narrow(expr)]), QAnnotateKind.INPUT)


def says_that_it_is_wide(ref_call, new_args, ctx):
    expr, kind = _annotate._get_expr_kind(new_args[0])
    if kind is None:
        return None
    expr = narrow(expr) if kind == QAnnotateKind.ACTIVATION else expr
    return _annotate.QAnnotateExpr(_forward_op(ref_call, [expr]), QAnnotateKind.ACTIVATION)


def rounds_behind(ref_call, new_args, ctx):
    expr, kind = _annotate._get_expr_kind(new_args[0])
    if kind is None:
        return None
    return _annotate.QAnnotateExpr(narrow(_forward_op(ref_call, [expr])), QAnnotateKind.INPUT)


def pools_by_a_maximum(ref_call, new_args, ctx):
    expr, kind = _annotate._get_expr_kind(new_args[0])
    if kind is None:
        return None
    expr = narrow(expr) if kind == QAnnotateKind.ACTIVATION else expr
    pooled = relay.nn.max_pool2d(expr, pool_size=ref_call.attrs.pool_size, strides=ref_call.attrs.strides)
    return _annotate.QAnnotateExpr(pooled, QAnnotateKind.INPUT)


def says_nothing(ref_call, new_args, ctx):
    return None


WRONG = {
    "only_dense": [
        ({"skip_dense_layer": False}, "1 of the 2 still are"),
        ({"skip_conv_layers": [0, 1]}, "there is no mark at them"),
        ({"skip_conv_layers": None, "skip_dense_layer": False}, "2 of the 2 still are"),
        ({"skip_dense_layer": False, "debug_enabled_ops": ["nn.dense"]}, "there is no mark behind it"),
        ({"skip_convolutions": [0, 1]}, "the answer raised TypeError"),
    ],
    "narrow_mean": [
        (rounds_floats_too, "that value is rounded"),
        (rounds_twice, "a narrow value is rounded again"),
        (says_that_it_is_wide, "it is not told that it is narrow"),
        (rounds_behind, "what it reads is not rounded"),
        (pools_by_a_maximum, "it is gone"),
        (says_nothing, "what it reads is not rounded"),
    ],
}
