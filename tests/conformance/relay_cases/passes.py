"""Passes, one at a time, on programs small enough to read: what each leaves behind."""

from functools import partial

import numpy as np

from ..engine import relay, tvm
from .programs import Programs, after, function, positive, typed, var, weight

PROGRAMS = program = Programs()
T = relay.transform

IMAGE = (1, 4, 8, 8)
NHWC = (1, 8, 8, 4)


def conv(x, channels=4, inputs=4, size=3, **attributes):
    """A convolution in NCHW that keeps the image's size, with a constant weight."""
    settings = {"channels": channels, "kernel_size": (size, size), "padding": size // 2, **attributes}
    return relay.nn.conv2d(x, weight(channels, inputs, size, size), **settings)


def conv_nhwc(x, channels=4, inputs=4, **attributes):
    """A convolution in NHWC."""
    settings = {
        "channels": channels,
        "kernel_size": (3, 3),
        "padding": 1,
        "data_layout": "NHWC",
        "kernel_layout": "HWIO",
    }
    return relay.nn.conv2d(x, weight(3, 3, inputs, channels), **settings, **attributes)


def image():
    return var("data", *IMAGE)


def batch_norm(x, channels=4, **attributes):
    """A batch norm with constant statistics: its first output."""
    parts = positive(channels), weight(channels), weight(channels), positive(channels)
    return relay.nn.batch_norm(x, *parts, **attributes)[0]


# FoldConstant


def _fold(expr):
    return after(expr, T.FoldConstant())


@program
def fold_arithmetic():
    x = var("x", 2)
    return _fold(relay.add(x, relay.multiply(relay.const([1.0, 2.0]), relay.const(3.0))))


@program
def fold_scalars():
    return _fold(relay.add(relay.sqrt(relay.const(2.0)), relay.divide(relay.const(1.0), relay.const(3.0))))


@program
def fold_whole_function():
    return _fold(relay.add(relay.const([1.0, 2.0]), relay.const(1.0)))


@program
def fold_nothing():
    return _fold(relay.nn.relu(var("x", 2)))


@program
def fold_chain_of_weights():
    w = relay.transpose(relay.reshape(weight(2, 6), (3, 4)), (1, 0))
    return _fold(relay.nn.dense(var("x", 1, 3), w, units=4))


@program
def fold_tuple():
    parts = relay.split(weight(4, 2), 2)
    return _fold(relay.add(relay.add(var("x", 2, 2), parts[0]), parts[1]))


@program
def fold_tuple_projection():
    pair = relay.Tuple([relay.const(1.0), var("x", 2)])
    return _fold(relay.add(relay.TupleGetItem(pair, 1), relay.TupleGetItem(pair, 0)))


@program
def fold_concatenate():
    return _fold(relay.add(var("x", 4), relay.concatenate([weight(2), weight(2)], axis=0)))


@program
def fold_shared():
    c = relay.exp(weight(2))
    return _fold(relay.add(relay.add(var("x", 2), c), c))


@program
def fold_creation():
    x = relay.add(var("x", 2, 3), relay.zeros((2, 3), "float32"))
    y = relay.add(x, relay.ones((3,), "float32"))
    return _fold(relay.add(y, relay.full(relay.const(2.0), (2, 3), "float32")))


@program
def fold_arange():
    return _fold(
        relay.add(
            var("x", 3), relay.cast(relay.arange(relay.const(0), relay.const(3), relay.const(1), "int32"), "float32")
        )
    )


@program
def fold_like():
    return _fold(relay.add(relay.zeros_like(var("x", 2)), relay.ones_like(weight(2))))


@program
def fold_integers():
    c = relay.cast(relay.multiply(relay.const(3, "int32"), relay.const(5, "int32")), "int64")
    return _fold(relay.add(var("x", 2, dtype="int64"), c))


@program
def fold_dtypes():
    x = var("x", 2, dtype="int8")
    return _fold(relay.add(x, relay.cast(relay.const([1.5, -1.5]), "int8")))


@program
def fold_comparison():
    return _fold(
        relay.where(relay.less(relay.const([1.0, 3.0]), relay.const(2.0)), var("x", 2), relay.const([1.0, 2.0]))
    )


@program
def fold_if():
    x = image()
    known = relay.less(relay.const(1.0), relay.const(2.0))
    return _fold(relay.nn.relu(relay.If(known, relay.exp(x), relay.tanh(x))))


@program
def fold_let():
    y = relay.var("y")
    return _fold(relay.Let(y, relay.const(2.0), relay.add(var("x", 2), relay.exp(y))))


@program
def fold_inner_function():
    y = var("y", 2)
    inner = relay.Function([y], relay.add(y, relay.exp(relay.const([1.0, 2.0]))))
    return _fold(relay.Call(inner, [var("x", 2)]))


@program
def fold_shape_of():
    return _fold(relay.shape_of(relay.nn.relu(var("x", 2, 3)), "int64"))


@program
def fold_spans():
    """Which of the calls' spans a folded constant keeps."""
    span = tvm.relay.Span(tvm.relay.SourceName("here"), 1, 1, 0, 0)
    c = relay.Call(tvm.ir.Op.get("exp"), [relay.const(1.0)], None, [], span)
    return _fold(relay.Call(tvm.ir.Op.get("add"), [var("x", 2), c], None, [], span))


@program
def fold_dropout_of_constant():
    return _fold(relay.add(var("x", 2), relay.nn.dropout(weight(2), 0.5)))


@program
def fold_stop_fusion():
    return _fold(relay.add(var("x", 2), relay.annotation.stop_fusion(relay.exp(weight(2)))))


@program
def fold_expr():
    x = var("x", 2)
    return T.FoldConstantExpr(relay.add(x, relay.exp(relay.const(0.0))), tvm.IRModule())


# SimplifyInference

NORMS = {
    "batch_norm": lambda: batch_norm(image()),
    "batch_norm_axis_three": lambda: batch_norm(var("data", *NHWC), axis=3),
    "batch_norm_axis_minus_one": lambda: batch_norm(var("data", *NHWC), axis=-1),
    "batch_norm_two": lambda: batch_norm(var("data", 2, 4)),
    "batch_norm_without_scale": lambda: batch_norm(image(), scale=False),
    "batch_norm_without_center": lambda: batch_norm(image(), center=False),
    "batch_norm_bare": lambda: batch_norm(image(), scale=False, center=False),
    "batch_norm_epsilon": lambda: batch_norm(image(), epsilon=1e-3),
    "dropout": lambda: relay.nn.relu(relay.nn.dropout(image(), 0.3)),
    "layer_norm": lambda: relay.nn.layer_norm(var("data", 2, 3, 8), positive(8), weight(8)),
    "layer_norm_axis": lambda: relay.nn.layer_norm(var("data", 2, 3, 8), positive(3), weight(3), axis=1),
    "layer_norm_bare": lambda: relay.nn.layer_norm(
        var("data", 2, 8), positive(8), weight(8), center=False, scale=False
    ),
    "l2_normalize": lambda: relay.nn.l2_normalize(image(), 1e-6, axis=[1]),
    "l2_normalize_all": lambda: relay.nn.l2_normalize(image(), 1e-6),
    "instance_norm": lambda: relay.nn.instance_norm(image(), positive(4), weight(4)),
    "instance_norm_axis": lambda: relay.nn.instance_norm(var("data", *NHWC), positive(4), weight(4), axis=3),
    "instance_norm_bare": lambda: relay.nn.instance_norm(image(), positive(4), weight(4), center=False, scale=False),
    "group_norm": lambda: relay.nn.group_norm(image(), positive(4), weight(4), num_groups=2),
    "group_norm_bare": lambda: relay.nn.group_norm(
        image(), positive(4), weight(4), num_groups=2, center=False, scale=False
    ),
    "leaky_relu": lambda: relay.nn.leaky_relu(image(), 0.1),
    "shared_batch_norm": lambda: _twice(batch_norm(image())),
    "batch_norm_of_variables": lambda: relay.nn.batch_norm(image(), *(var(n, 4) for n in ("g", "b", "m", "v")))[0],
    "batch_norm_after_conv": lambda: batch_norm(conv(image())),
}


def _twice(x):
    return relay.add(relay.nn.relu(x), relay.exp(x))


def _to_itself(x):
    return relay.add(x, x)


for _name, _build in NORMS.items():
    PROGRAMS[f"simplify_inference_{_name}"] = lambda build=_build: after(build(), T.SimplifyInference())
    PROGRAMS[f"simplify_and_fold_{_name}"] = lambda build=_build: after(
        build(), T.SimplifyInference(), T.FoldConstant()
    )


# Scales: each is folded forward, backward, both ways, and both ways with constants folded


def channels(x, shape=(4, 1, 1)):
    return relay.multiply(x, positive(*shape))


def _scale_before_relu():
    return conv(relay.nn.relu(channels(image())))


def _scale_negative_before_relu():
    scaled = relay.multiply(image(), relay.const(-np.abs(np.random.normal(size=(4, 1, 1))).astype("float32")))
    return conv(relay.nn.relu(scaled))


def _scale_mixed_before_relu():
    return conv(relay.nn.relu(relay.multiply(image(), weight(4, 1, 1))))


def _scale_before_two():
    x = channels(image())
    return relay.add(conv(x), conv(x))


def _scale_before_conv_and_other():
    x = channels(image())
    return relay.add(conv(x), relay.nn.relu(x))


def _scale_before_add():
    x = channels(image())
    return conv(relay.add(x, weight(4, 1, 1)))


def _scales_into_add():
    s = positive(4, 1, 1)
    return conv(relay.add(relay.multiply(image(), s), relay.multiply(var("y", *IMAGE), s)))


def _scale_after_shared_conv():
    x = conv(image())
    return relay.add(channels(x), x)


def _scale_after_two_branches():
    return channels(relay.add(conv(image()), conv(image())))


def _scale_after_branches_with_bias():
    x = image()
    left = relay.add(conv(x), weight(4, 1, 1))
    return channels(relay.nn.relu(relay.add(left, conv(x))))


def _scale_residual():
    x = relay.nn.relu(conv(image()))
    return relay.nn.relu(channels(relay.add(x, conv(x))))


SCALES = {
    "before_conv": lambda: conv(channels(image())),
    "before_relu": _scale_before_relu,
    "before_relu_negative": _scale_negative_before_relu,
    "before_relu_mixed": _scale_mixed_before_relu,
    "before_leaky_relu": lambda: conv(relay.nn.leaky_relu(channels(image()), 0.1)),
    "before_clip": lambda: conv(relay.clip(channels(image()), 0.0, 6.0)),
    "before_sigmoid": lambda: conv(relay.sigmoid(channels(image()))),
    "before_max_pool": lambda: conv(relay.nn.max_pool2d(channels(image()), (2, 2), (2, 2))),
    "before_avg_pool": lambda: conv(relay.nn.avg_pool2d(channels(image()), (2, 2), (2, 2))),
    "before_two": _scale_before_two,
    "before_conv_and_other": _scale_before_conv_and_other,
    "before_add": _scale_before_add,
    "before_add_of_two": _scales_into_add,
    "before_depthwise": lambda: conv(channels(image()), 4, 1, groups=4),
    "before_depthwise_multiplier": lambda: conv(channels(image()), 8, 1, groups=4),
    "before_groups": lambda: conv(channels(image()), 8, 2, groups=2),
    "before_nhwc": lambda: conv_nhwc(channels(var("data", *NHWC), (4,))),
    "before_nhwc_full_rank": lambda: conv_nhwc(channels(var("data", *NHWC), (1, 1, 1, 4))),
    "before_full_rank": lambda: conv(channels(image(), (1, 4, 1, 1))),
    "before_scalar": lambda: conv(relay.multiply(image(), relay.const(0.5))),
    "before_scalar_of_rank_four": lambda: conv(channels(image(), (1, 1, 1, 1))),
    "before_left_operand": lambda: conv(relay.multiply(positive(4, 1, 1), image())),
    "before_variable": lambda: conv(relay.multiply(image(), var("s", 4, 1, 1))),
    "before_dense": lambda: relay.nn.dense(channels(var("data", 2, 8), (8,)), weight(5, 8)),
    "before_dense_relu": lambda: relay.nn.dense(relay.nn.relu(channels(var("data", 2, 8), (8,))), weight(5, 8)),
    "before_divide": lambda: conv(relay.divide(image(), positive(4, 1, 1))),
    "twice_before": lambda: conv(channels(channels(image()))),
    "after_conv": lambda: channels(conv(image())),
    "after_bias": lambda: channels(relay.add(conv(image()), weight(4, 1, 1))),
    "after_bias_left": lambda: channels(relay.add(weight(4, 1, 1), conv(image()))),
    "after_bias_add": lambda: channels(relay.nn.bias_add(conv(image()), weight(4))),
    "after_relu": lambda: channels(relay.nn.relu(conv(image()))),
    "after_relu_mixed": lambda: relay.multiply(relay.nn.relu(conv(image())), weight(4, 1, 1)),
    "after_leaky_relu": lambda: channels(relay.nn.leaky_relu(conv(image()), 0.1)),
    "after_bias_relu": lambda: channels(relay.nn.relu(relay.add(conv(image()), weight(4, 1, 1)))),
    "after_max_pool": lambda: channels(relay.nn.max_pool2d(conv(image()), (2, 2), (2, 2))),
    "after_shared_conv": _scale_after_shared_conv,
    "after_two_branches": _scale_after_two_branches,
    "after_branches_with_bias": _scale_after_branches_with_bias,
    "after_residual": _scale_residual,
    "after_subtract": lambda: channels(relay.subtract(conv(image()), weight(4, 1, 1))),
    "after_depthwise": lambda: channels(conv(image(), 4, 1, groups=4)),
    "after_depthwise_multiplier": lambda: channels(conv(image(), 8, 1, groups=4), (8, 1, 1)),
    "after_groups": lambda: channels(conv(image(), 8, 2, groups=2), (8, 1, 1)),
    "after_nhwc": lambda: channels(conv_nhwc(var("data", *NHWC)), (4,)),
    "after_full_rank": lambda: channels(conv(image()), (1, 4, 1, 1)),
    "after_scalar": lambda: relay.multiply(conv(image()), relay.const(0.5)),
    "after_left_operand": lambda: relay.multiply(positive(4, 1, 1), conv(image())),
    "after_variable": lambda: relay.multiply(conv(image()), var("s", 4, 1, 1)),
    "after_dense": lambda: channels(relay.nn.dense(var("data", 2, 8), weight(5, 8)), (5,)),
    "after_dense_bias": lambda: channels(
        relay.nn.bias_add(relay.nn.dense(var("data", 2, 8), weight(5, 8)), weight(5)), (5,)
    ),
    "after_transposed": lambda: channels(
        relay.nn.conv2d_transpose(image(), weight(4, 4, 2, 2), channels=4, kernel_size=(2, 2), strides=(2, 2))
    ),
    "after_conv1d": lambda: channels(
        relay.nn.conv1d(var("data", 1, 4, 9), weight(4, 4, 3), channels=4, kernel_size=3), (4, 1)
    ),
    "after_conv3d": lambda: channels(
        relay.nn.conv3d(var("data", 1, 2, 4, 4, 4), weight(3, 2, 3, 3, 3), channels=3, kernel_size=(3, 3, 3)),
        (3, 1, 1, 1),
    ),
    "twice_after": lambda: channels(channels(conv(image()))),
    "between_convs": lambda: conv(relay.nn.relu(channels(conv(image())))),
    "batch_norms": lambda: batch_norm(conv(relay.nn.relu(batch_norm(conv(image()))))),
    "batch_norm_after_dense": lambda: batch_norm(relay.nn.dense(var("data", 2, 8), weight(4, 8))),
    "batch_norm_before_conv": lambda: conv(relay.nn.relu(batch_norm(image()))),
    "dense_block": lambda: conv(relay.nn.relu(batch_norm(relay.concatenate([image(), conv(image())], 1), 8)), 4, 8),
}


def _scales(build, *names):
    passes = (getattr(T, name)() for name in names)
    return after(build(), T.CanonicalizeOps(), T.SimplifyInference(), T.FoldConstant(), *passes)


for _name, _build in SCALES.items():
    PROGRAMS[f"forward_scale_{_name}"] = partial(_scales, _build, "ForwardFoldScaleAxis")
    PROGRAMS[f"backward_scale_{_name}"] = partial(_scales, _build, "BackwardFoldScaleAxis")
    PROGRAMS[f"fold_scale_{_name}"] = partial(_scales, _build, "FoldScaleAxis", "FoldConstant")


# CanonicalizeOps, CanonicalizeCast

BIASES = {
    "conv": lambda: relay.nn.bias_add(conv(image()), weight(4)),
    "nhwc": lambda: relay.nn.bias_add(conv_nhwc(var("data", *NHWC)), weight(4), axis=3),
    "nhwc_negative": lambda: relay.nn.bias_add(conv_nhwc(var("data", *NHWC)), weight(4), axis=-1),
    "dense": lambda: relay.nn.bias_add(relay.nn.dense(var("data", 2, 8), weight(5, 8)), weight(5), axis=-1),
    "dense_axis_one": lambda: relay.nn.bias_add(relay.nn.dense(var("data", 2, 8), weight(5, 8)), weight(5)),
    "variable": lambda: relay.nn.bias_add(image(), var("bias", 4)),
    "three": lambda: relay.nn.bias_add(var("data", 2, 4, 8), weight(4)),
    "twice": lambda: relay.nn.bias_add(relay.nn.bias_add(image(), weight(4)), weight(4)),
}
for _name, _build in BIASES.items():
    PROGRAMS[f"canonicalize_bias_{_name}"] = lambda build=_build: after(build(), T.CanonicalizeOps())
    PROGRAMS[f"canonicalize_and_fold_bias_{_name}"] = lambda build=_build: after(
        build(), T.CanonicalizeOps(), T.FoldConstant()
    )


@program
def canonicalize_cast():
    x = relay.cast(var("x", 2, dtype="int8"), "float32")
    return after(relay.add(relay.nn.relu(x), relay.exp(x)), T.CanonicalizeCast())


# DeadCodeElimination


@program
def dead_let():
    x, y = var("x", 2), relay.var("y")
    return after(relay.Let(y, relay.exp(x), relay.nn.relu(x)), T.DeadCodeElimination())


@program
def dead_let_used_once():
    x, y = var("x", 2), relay.var("y")
    body = relay.Let(y, relay.exp(x), relay.nn.relu(y))
    return after(body, T.DeadCodeElimination()), after(body, T.DeadCodeElimination(inline_once=True))


@program
def dead_let_used_twice():
    x, y = var("x", 2), relay.var("y")
    return after(relay.Let(y, relay.exp(x), relay.add(y, y)), T.DeadCodeElimination(inline_once=True))


@program
def dead_let_chain():
    x, y, z = var("x", 2), relay.var("y"), relay.var("z")
    return after(relay.Let(y, relay.exp(x), relay.Let(z, relay.tanh(y), relay.nn.relu(x))), T.DeadCodeElimination())


@program
def dead_tuple_element():
    x = var("x", 2)
    return after(relay.TupleGetItem(relay.Tuple([relay.exp(x), relay.tanh(x)]), 0), T.DeadCodeElimination())


@program
def dead_function():
    x, y, f = var("x", 2), var("y", 2), relay.var("f")
    return after(relay.Let(f, relay.Function([y], relay.exp(y)), relay.nn.relu(x)), T.DeadCodeElimination())


# EliminateCommonSubexpr


def _cse(expr, fskip=None):
    return after(expr, T.EliminateCommonSubexpr(fskip))


@program
def cse_calls():
    x = var("x", 2)
    return _cse(relay.add(relay.nn.relu(x), relay.nn.relu(x)))


@program
def cse_attributes():
    x = var("x", 2)
    parts = [relay.clip(x, 0.0, 6.0), relay.clip(x, 0.0, 6.0), relay.clip(x, 0.0, 5.0)]
    return _cse(relay.Tuple(parts))


@program
def cse_chain():
    x = var("x", 2)
    return _cse(relay.add(relay.exp(relay.nn.relu(x)), relay.exp(relay.nn.relu(x))))


@program
def cse_constants():
    x, c = var("x", 2), relay.const(2.0)
    shared = relay.subtract(relay.add(x, c), relay.add(x, c))
    return _cse(shared), _cse(relay.subtract(relay.add(x, relay.const(2.0)), relay.add(x, relay.const(2.0))))


@program
def cse_commutes():
    x, y = var("x", 2), var("y", 2)
    return _cse(relay.subtract(relay.add(x, y), relay.add(y, x)))


@program
def cse_tuples():
    x = var("x", 4)
    parts, again = relay.split(x, 2), relay.split(x, 2)
    return _cse(relay.add(parts[0], again[0])), _cse(relay.concatenate([parts[0], again[1]], 0))


@program
def cse_convolutions():
    x, w = image(), weight(4, 4, 3, 3)
    return _cse(relay.add(relay.nn.conv2d(x, w), relay.nn.conv2d(x, w)))


@program
def cse_skips_calls():
    x = var("x", 2)
    both = relay.add(relay.add(relay.exp(x), relay.tanh(x)), relay.multiply(relay.exp(x), relay.tanh(x)))
    skip = lambda call: isinstance(call, relay.Call) and call.op == tvm.ir.Op.get("exp")  # noqa: E731
    return _cse(both, skip)


@program
def cse_skips_casts():
    """As a build does it: a cast to int32 is left where it stands."""

    def skip(expr):
        return isinstance(expr, relay.Call) and expr.op == tvm.ir.Op.get("cast") and expr.attrs.dtype == "int32"

    x = var("x", 2, dtype="int8")
    whole = relay.add(relay.cast(x, "int32"), relay.cast(x, "int32"))
    return _cse(whole, skip), _cse(whole)


@program
def cse_let():
    x, y = var("x", 2), relay.var("y")
    return _cse(relay.Let(y, relay.exp(x), relay.add(y, relay.exp(x))))


# SimplifyExpr


def _simple(expr):
    return after(expr, T.SimplifyExpr())


SIMPLE = {
    "reshape_reshape": lambda: relay.reshape(relay.reshape(image(), (4, 64)), (2, 128)),
    "reshape_of_reshape_unknown": lambda: relay.reshape(relay.reshape(image(), (4, -1)), (0, 8, 8)),
    "reshape_three": lambda: relay.reshape(relay.reshape(relay.reshape(image(), (4, 64)), (2, 128)), (-1,)),
    "reshape_to_same": lambda: relay.nn.relu(relay.reshape(image(), IMAGE)),
    "reshape_shared": lambda: _twice(relay.reshape(relay.reshape(image(), (4, 64)), (2, 128))),
    "flatten": lambda: relay.squeeze(relay.reshape(image(), (0, -1, 1, 1)), axis=[2, 3]),
    "squeeze_none": lambda: relay.squeeze(relay.nn.relu(image()), axis=[]),
    "transpose_transpose": lambda: relay.transpose(relay.transpose(image(), (0, 2, 3, 1)), (0, 3, 1, 2)),
    "transpose_two": lambda: relay.transpose(relay.transpose(image(), (0, 2, 3, 1)), (0, 1, 3, 2)),
    "transpose_none": lambda: relay.transpose(relay.transpose(var("x", 2, 3)), (1, 0)),
    "transpose_identity": lambda: relay.nn.relu(relay.transpose(image(), (0, 1, 2, 3))),
    "transpose_layout": lambda: relay.layout_transform(relay.transpose(image(), (0, 2, 3, 1)), "NHWC", "NCHW"),
    "cast_same": lambda: relay.nn.relu(relay.cast(image(), "float32")),
    "cast_cast": lambda: relay.cast(relay.cast(image(), "float64"), "float32"),
    "cast_twice_narrow": lambda: relay.cast(relay.cast(image(), "int8"), "int32"),
    "cast_clip": lambda: relay.cast(relay.clip(image(), 0.0, 255.0), "uint8"),
    "clip_clip": lambda: relay.clip(relay.clip(image(), 0.0, 6.0), 0.0, 4.0),
    "clip_of_cast": lambda: relay.clip(relay.cast(image(), "int8"), -128.0, 127.0),
    "add_add": lambda: relay.add(relay.add(image(), weight(4, 1, 1)), weight(4, 1, 1)),
    "add_add_scalars": lambda: relay.add(relay.add(image(), relay.const(1.0)), relay.const(2.0)),
    "add_add_left": lambda: relay.add(weight(4, 1, 1), relay.add(weight(4, 1, 1), image())),
    "conv_add_add": lambda: relay.add(relay.add(conv(image()), weight(4, 1, 1)), weight(4, 1, 1)),
    "add_to_itself": lambda: _to_itself(relay.add(relay.multiply(image(), weight(4, 1, 1)), weight(4, 1, 1))),
    "add_zero": lambda: relay.add(image(), relay.zeros((1,), "float32")),
    "add_zeros_like": lambda: relay.add(image(), relay.zeros_like(image())),
    "add_zero_constant": lambda: relay.add(image(), relay.const(0.0)),
    "multiply_one": lambda: relay.multiply(image(), relay.const(1.0)),
    "multiply_ones": lambda: relay.multiply(image(), relay.ones(IMAGE, "float32")),
    "subtract_zero": lambda: relay.subtract(image(), relay.const(0.0)),
    "divide_one": lambda: relay.divide(image(), relay.const(1.0)),
    "multiply_multiply": lambda: relay.multiply(relay.multiply(image(), relay.const(2.0)), relay.const(3.0)),
    "full": lambda: relay.add(image(), relay.full(relay.const(1.0), IMAGE, "float32")),
    "full_like": lambda: relay.add(image(), relay.full_like(image(), relay.const(2.0))),
    "broadcast_same": lambda: relay.nn.relu(relay.broadcast_to(image(), IMAGE)),
    "rsqrt": lambda: relay.divide(relay.const(1.0), relay.sqrt(image())),
    "power_two": lambda: relay.power(image(), relay.const(2.0)),
    "concatenate_one": lambda: relay.concatenate([image()], 1),
    "concatenate_split": lambda: relay.concatenate(list(relay.split(image(), 2, 1)), 1),
    "strided_slice_strided_slice": lambda: relay.strided_slice(
        relay.strided_slice(image(), [0, 1, 0, 0], [1, 4, 8, 8]), [0, 1, 0, 0], [1, 2, 8, 8]
    ),
    "expand_squeeze": lambda: relay.squeeze(relay.expand_dims(image(), 0), axis=[0]),
    "pad_conv": lambda: conv(relay.nn.pad(image(), ((0, 0), (0, 0), (1, 1), (1, 1)), 0.0)),
    "bias_add_add": lambda: relay.add(relay.nn.bias_add(conv(image()), weight(4)), weight(4, 1, 1)),
    "stop_fusion": lambda: relay.reshape(relay.annotation.stop_fusion(relay.reshape(image(), (4, 64))), (2, 128)),
    "sigmoid_multiply": lambda: relay.multiply(image(), relay.sigmoid(image())),
    "dropout": lambda: relay.nn.dropout(image(), 0.5),
    "qdq": lambda: relay.right_shift(var("x", 2, dtype="int32"), relay.const(0)),
    "where_true": lambda: relay.where(relay.const(True), image(), relay.exp(image())),
}
for _name, _build in SIMPLE.items():
    PROGRAMS[f"simplify_expr_{_name}"] = lambda build=_build: _simple(build())

# InferType and pass plumbing


@program
def infer_again():
    once = typed(conv(relay.nn.relu(image())))
    return typed(once)


@program
def infer_let_types():
    x, y = var("x", 2), relay.var("y")
    return typed(relay.Let(y, relay.exp(x), relay.add(y, relay.const(1.0))))


@program
def infer_local():
    return T.InferTypeLocal(relay.nn.relu(var("x", 2, 3)))


@program
def infer_call_of_global():
    mod = tvm.IRModule()
    callee = relay.GlobalVar("inner")
    x, y = var("x", 2), var("y", 2)
    mod[callee] = relay.Function([x], relay.nn.relu(x), relay.TensorType((2,)))
    mod["main"] = relay.Function([y], relay.Call(callee, [relay.exp(y)]), relay.TensorType((2,)))
    return T.InferType()(mod)


@program
def passes_by_opt_level():
    """What a `Sequential` leaves out at a low optimization level."""
    whole = function(relay.nn.relu(relay.add(batch_norm(conv(image())), relay.exp(relay.const(0.0)))))
    passes = T.SimplifyInference(), T.FoldConstant(), T.FoldScaleAxis(), T.CanonicalizeOps()
    return tuple(after(whole, *passes, opt_level=level) for level in (0, 2, 3))


@program
def passes_disabled():
    mod = T.InferType()(tvm.IRModule.from_expr(function(relay.add(image(), relay.exp(relay.const(0.0))))))
    with tvm.transform.PassContext(opt_level=3, disabled_pass=["FoldConstant"]):
        return tvm.transform.Sequential([T.FoldConstant(), T.InferType()])(mod)["main"]


@program
def passes_required():
    mod = T.InferType()(tvm.IRModule.from_expr(function(conv(relay.nn.relu(channels(image()))))))
    with tvm.transform.PassContext(opt_level=0, required_pass=["ForwardFoldScaleAxis"]):
        return tvm.transform.Sequential([T.ForwardFoldScaleAxis(), T.InferType()])(mod)["main"]


@program
def pass_names():
    made = (
        *(T.InferType(), T.FoldConstant(), T.SimplifyInference(), T.FoldScaleAxis(), T.ForwardFoldScaleAxis()),
        *(T.BackwardFoldScaleAxis(), T.CanonicalizeOps(), T.DeadCodeElimination(), T.EliminateCommonSubexpr()),
        *(T.SimplifyExpr(), T.CanonicalizeCast(), relay.quantize.partition()),
    )
    return tuple(f"{p.info.name} {p.info.opt_level} {list(p.info.required)}" for p in made)


@program
def own_pass():
    """A pass written in Python, seen by a `Sequential`."""

    @relay.transform.function_pass(opt_level=1, name="Doubled")
    class Doubled:
        def transform_function(self, func, mod, ctx):
            return relay.Function(func.params, relay.add(func.body, func.body), None)

    return after(function(relay.nn.relu(image())), Doubled(), T.FoldConstant())
