"""AlterOpLayout with rules of a user: which layouts convolutions get, and what becomes of all that is between them."""

from contextlib import contextmanager
from functools import partial

import numpy as np

from ..engine import relay, tvm
from ..networks import NETWORKS
from ..pipeline import imported
from .programs import Programs, after, function, positive, var, weight

PROGRAMS = program = Programs()
T = relay.transform
KEY = "FTVMAlterOpLayout"
IMAGE = (1, 64, 8, 8)


@contextmanager
def alter(rule, op="nn.conv2d"):
    """Inside `with`, `rule` is the one of the operator, and others have none."""
    before = {name: relay.op.get(name).get_attr(KEY) for name in ("nn.conv2d", "nn.dense", "nn.batch_matmul", op)}
    for name in before:
        relay.op.get(name).reset_attr(KEY)
    tvm.ir.register_op_attr(op, KEY, rule, level=114)
    try:
        yield
    finally:
        for name, found in before.items():
            relay.op.get(name).reset_attr(KEY)
            if found is not None:
                tvm.ir.register_op_attr(name, KEY, found)


def altered(expr, rule=None, op="nn.conv2d", fold=False):
    """The function of `expr` after AlterOpLayout under one rule, and after FoldConstant where it is to be seen."""
    with alter(rule or blocks(16), op):
        passes = [T.AlterOpLayout(), T.FoldConstant()] if fold else [T.AlterOpLayout()]
        return after(expr, *passes)


def blocks(size, **others):
    """A rule: the channels of data in blocks of `size`, the weight as it is."""
    return to(data_layout=f"NCHW{size}c", **others)


def to(**attributes):
    """A rule: the same convolution with other attributes."""

    def rule(attrs, args, types, result):
        given = dict(attrs)
        return relay.nn.conv2d(args[0], args[1], **{**given, **attributes})

    return rule


def block(channels):
    """The largest block that divides the channels, or None."""
    return next((size for size in (16, 8, 4) if channels % size == 0), None)


def nchwc(attrs, args, types, result):
    """A rule: the convolution that is made for blocks, as a processor has it."""
    given = dict(attrs)
    taken, made = int(types[0].shape[1]), int(result.shape[1])
    inner, outer = block(taken), block(made)
    if outer is None or attrs["groups"] not in (1, taken):
        return None
    given.update(channels=made, out_layout=f"NCHW{outer}c")
    if attrs["groups"] == taken > 1:
        given.update(data_layout=f"NCHW{outer}c", kernel_layout=f"OIHW1i{outer}o")
        return relay.nn.contrib_depthwise_conv2d_nchwc(*args, **given)
    if inner is None:
        return relay.nn.contrib_conv2d_nchwc(*args, **{**given, "kernel_layout": f"OIHW{outer}o"})
    given.update(data_layout=f"NCHW{inner}c", kernel_layout=f"OIHW{inner}i{outer}o")
    return relay.nn.contrib_conv2d_nchwc(*args, **given)


def conv(x, channels=64, inputs=64, size=3, **attributes):
    """A convolution that keeps the image's size, with a constant weight."""
    settings = {"channels": channels, "kernel_size": (size, size), "padding": size // 2, **attributes}
    groups = settings.get("groups", 1)
    return relay.nn.conv2d(x, weight(channels, inputs // groups, size, size), **settings)


def image(name="data"):
    return var(name, *IMAGE)


# What the rule gives


@program
def one_convolution():
    return altered(conv(image()))


@program
def weight_in_blocks():
    return altered(conv(image()), blocks(16, kernel_layout="OIHW16i16o"))


@program
def weight_is_packed_by_folding():
    return altered(conv(image()), nchwc, fold=True)


@program
def weight_split_twice():
    return altered(conv(image()), blocks(16, kernel_layout="OIHW4i16o4i"))


@program
def weight_is_a_parameter():
    return altered(
        relay.nn.conv2d(image(), var("w", 64, 64, 1, 1), channels=64, kernel_size=(1, 1)),
        blocks(16, kernel_layout="OIHW16i16o"),
    )


@program
def other_result():
    return altered(conv(conv(image())), blocks(16, out_layout="NCHW8c"))


@program
def channels_last():
    return altered(relay.nn.relu(conv(conv(image()))), to(data_layout="NHWC", kernel_layout="HWIO"))


@program
def rule_has_nothing_to_say():
    return altered(relay.nn.relu(conv(conv(image()))), lambda attrs, args, types, result: None)


@program
def rule_says_nothing_of_the_second():
    seen = []

    def rule(attrs, args, types, result):
        seen.append(attrs)
        return blocks(16)(attrs, args, types, result) if len(seen) != 2 else None

    return altered(conv(relay.nn.relu(conv(relay.nn.relu(conv(image()))))), rule)


@program
def rule_changes_the_operator():
    return altered(conv(relay.nn.relu(conv(image()))), nchwc)


def winograd(tile, **attributes):
    """A rule: Winograd's convolution with the weight transformed for it, and other attributes."""

    def rule(attrs, args, types, result):
        kernel = relay.nn.contrib_conv2d_winograd_weight_transform(args[1], tile)
        given = {**dict(attrs), **attributes}
        return relay.nn.contrib_conv2d_winograd_without_weight_transform(args[0], kernel, tile, **given)

    return rule


# A rule that names a layout for the transformed weight would have it brought there from OIHW, which it is not in.
WINOGRAD = {
    "plain": winograd(2),
    "blocks": winograd(4, data_layout="NCHW8c"),
    "two_blocks": winograd(4, data_layout="NCHW8c", out_layout="NCHW16c"),
    "channels_last": winograd(4, data_layout="NHWC"),
}
for _name, _rule in WINOGRAD.items():
    PROGRAMS[f"winograd_{_name}"] = partial(lambda rule: altered(conv(relay.nn.relu(conv(image()))), rule), _rule)


@program
def rule_keeps_the_layout():
    def rule(attrs, args, types, result):
        return relay.nn.conv2d(args[0], relay.multiply(args[1], relay.const(2.0)), **dict(attrs))

    return altered(conv(relay.nn.relu(conv(image()))), rule)


@program
def rule_of_another_operator():
    def rule(attrs, args, types, result):
        return relay.nn.relu(relay.nn.relu(args[0]))

    return altered(relay.nn.relu(relay.tanh(relay.nn.relu(image()))), rule, "nn.relu")


@program
def rule_of_dense():
    def rule(attrs, args, types, result):
        return relay.nn.dense(args[0], relay.negative(args[1]), units=attrs["units"], out_dtype="float32")

    return altered(relay.nn.dense(relay.nn.relu(var("x", 1, 8)), weight(4, 8), units=4), rule, "nn.dense")


@program
def no_rule():
    return altered(relay.nn.relu(conv(image())), blocks(16), "nn.dense")


@program
def below_its_level():
    with alter(blocks(16)):
        mod = T.InferType()(tvm.IRModule.from_expr(function(conv(image()))))
        with tvm.transform.PassContext(opt_level=2):
            return tvm.transform.Sequential([T.AlterOpLayout()])(mod)["main"]


# What carries a layout on


FUNCTIONS = (
    *("exp", "sqrt", "rsqrt", "sigmoid", "tanh", "abs", "negative", "floor", "ceil"),
    *("round", "erf", "sign", "copy", "log", "zeros_like"),
)
UNARY = {name: getattr(relay, name) for name in FUNCTIONS}
UNARY |= {
    "relu": relay.nn.relu,
    "leaky_relu": partial(relay.nn.leaky_relu, alpha=0.1),
    "prelu": lambda x: relay.nn.prelu(x, weight(64)),
    "clip": lambda x: relay.clip(x, 0, 6),
    "cast": lambda x: relay.cast(relay.cast(x, "int32"), "float32"),
    "dropout": lambda x: relay.nn.dropout(x, 0.5),
    "softmax": lambda x: relay.nn.softmax(x, axis=1),
    "log_softmax": lambda x: relay.nn.log_softmax(x, axis=1),
    "lrn": relay.nn.lrn,
    "max_pool": lambda x: relay.nn.max_pool2d(x, (3, 3), (2, 2), padding=1),
    "avg_pool": lambda x: relay.nn.avg_pool2d(x, (2, 2), (2, 2)),
    "avg_pool_odd": lambda x: relay.nn.avg_pool2d(x, (3, 3), padding=1, ceil_mode=True, count_include_pad=True),
    "global_avg_pool": relay.nn.global_avg_pool2d,
    "global_max_pool": relay.nn.global_max_pool2d,
    "adaptive_avg_pool": lambda x: relay.nn.adaptive_avg_pool2d(x, (2, 2)),
    "adaptive_max_pool": lambda x: relay.nn.adaptive_max_pool2d(x, (1, 1)),
    "upsampling": lambda x: relay.nn.upsampling(x, 2, 2),
    "resize": lambda x: relay.image.resize2d(x, (16, 16)),
    "pad": lambda x: relay.nn.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))),
    "pad_channels": lambda x: relay.nn.pad(x, ((0, 0), (0, 16), (0, 0), (0, 0))),
    "mirror_pad": lambda x: relay.nn.mirror_pad(x, ((0, 0), (0, 0), (1, 1), (1, 1))),
    "batch_flatten": relay.nn.batch_flatten,
    "reshape": lambda x: relay.reshape(x, (1, 64, 64)),
    "reshape_flat": lambda x: relay.reshape(x, (1, -1)),
    "transpose": lambda x: relay.transpose(x, (0, 2, 3, 1)),
    "transpose_default": relay.transpose,
    "squeeze": lambda x: relay.squeeze(x, axis=[0]),
    "squeeze_all": relay.squeeze,
    "expand_dims": lambda x: relay.expand_dims(x, 1),
    "expand_dims_last": lambda x: relay.expand_dims(x, -1),
    "mean": lambda x: relay.mean(x, axis=(2, 3)),
    "mean_keeps": lambda x: relay.mean(x, axis=(2, 3), keepdims=True),
    "sum_channels": lambda x: relay.sum(x, axis=1),
    "sum_channels_keeps": lambda x: relay.sum(x, axis=1, keepdims=True),
    "sum_all": relay.sum,
    "sum_all_keeps": lambda x: relay.sum(x, keepdims=True),
    "max_excluded": lambda x: relay.max(x, axis=1, exclude=True),
    "argmax": lambda x: relay.argmax(x, axis=1),
    "strided_slice": lambda x: relay.strided_slice(x, [0, 16, 0, 0], [1, 48, 8, 8]),
    "strided_slice_across": lambda x: relay.strided_slice(x, [0, 8, 0, 0], [1, 24, 8, 8]),
    "strided_slice_axes": lambda x: relay.strided_slice(x, [0], [32], axes=[1]),
    "strided_slice_image": lambda x: relay.strided_slice(x, [1], [7], [2], axes=[2]),
    "take": lambda x: relay.take(x, relay.const(0), axis=1),
    "cumsum": lambda x: relay.cumsum(x, axis=1),
    "depth_to_space": lambda x: relay.nn.depth_to_space(x, 2),
    "space_to_depth": lambda x: relay.nn.space_to_depth(x, 2),
    "stop_fusion": relay.annotation.stop_fusion,
    "checkpoint": relay.annotation.checkpoint,
    "layout_transform": lambda x: relay.layout_transform(x, "NCHW", "NHWC"),
    "shape_of": relay.shape_of,
    "repeat": lambda x: relay.repeat(x, 2, axis=2),
    "tile": lambda x: relay.tile(x, (1, 1, 2, 2)),
    "reverse": lambda x: relay.reverse(x, axis=2),
    "broadcast_to": lambda x: relay.broadcast_to(x, (2, 64, 8, 8)),
    "fixed_point_multiply": lambda x: relay.fixed_point_multiply(relay.cast(x, "int32"), 1 << 30, -2),
    "batch_norm": lambda x, c=64: relay.nn.batch_norm(x, positive(c), weight(c), weight(c), positive(c))[0],
    "variance": lambda x: relay.variance(x, axis=(2, 3)),
    "logsumexp": lambda x: relay.logsumexp(x, axis=1),
    "argmax_keeps": lambda x: relay.argmax(x, axis=1, keepdims=True),
    "all": lambda x: relay.all(relay.greater(x, relay.const(0.0)), axis=1),
    "mean_negative": lambda x: relay.mean(x, axis=(-1, -2)),
    "bias_add": lambda x: relay.nn.bias_add(x, weight(64)),
    "layer_norm": lambda x: relay.nn.layer_norm(x, weight(8), weight(8)),
    "instance_norm": lambda x: relay.nn.instance_norm(x, weight(64), weight(64)),
    "group_norm": lambda x: relay.nn.group_norm(x, weight(64), weight(64), 4),
    "l2_normalize": lambda x: relay.nn.l2_normalize(x, 1e-5, [1]),
    "concatenate": lambda x: relay.concatenate([x, relay.nn.relu(x)], axis=1),
    "split": lambda x: relay.concatenate(list(relay.split(x, 2, axis=1)), axis=1),
    "squeeze_pooled": lambda x: relay.squeeze(relay.nn.global_avg_pool2d(x)),
    "squeeze_axes": lambda x: relay.squeeze(relay.nn.global_avg_pool2d(x), axis=[-1, -2]),
    "squeeze_summed": lambda x: relay.squeeze(relay.sum(x, axis=1, keepdims=True), axis=[1]),
    "add_channels": lambda x: relay.add(x, weight(64, 1, 1)),
    "add_rows": lambda x: relay.add(x, weight(8, 8)),
    "add_three_ones": lambda x: relay.add(x, weight(1, 1, 1)),
    "multiply_gate": lambda x: relay.multiply(relay.sigmoid(relay.sum(x, axis=1, keepdims=True)), x),
    "pool_of_a_sum": lambda x: relay.nn.max_pool2d(relay.sum(x, axis=1, keepdims=True), (2, 2)),
    "transpose_image": lambda x: relay.transpose(x, (0, 1, 3, 2)),
    "where": lambda x: relay.where(relay.greater(x, relay.const(0.0)), x, relay.const(0.0)),
    "slice_negative": lambda x: relay.strided_slice(x, [0, 0, 0, 0], [1, 64, -1, -2], [1, 16, 1, 1]),
    "slice_strides": lambda x: relay.strided_slice(x, [0, 0], [1, 64], [1, 2]),
    "slice_size": lambda x: relay.strided_slice(x, [0, 0, 1, 1], [1, 64, 4, 4], slice_mode="size"),
    "slice_like": lambda x: relay.slice_like(x, relay.const(np.zeros((1, 32, 4, 4), "float32")), axes=(1, 2, 3)),
    "conv_transpose": lambda x: relay.nn.conv2d_transpose(x, weight(64, 8, 2, 2), strides=(2, 2)),
}


def _through(operator):
    """A convolution, an operator, relu and what asks for the plain layout again."""
    return altered(relay.nn.relu(operator(conv(image()))))


def _through_last(operator):
    """The same with the channels last."""
    return altered(relay.nn.relu(operator(conv(image()))), to(data_layout="NHWC", kernel_layout="HWIO"))


def _through_plain(operator):
    """The same with a layout that is known, and stays."""
    return altered(relay.nn.relu(operator(conv(image()))), to())


def _between(operator):
    """An operator that keeps the shape, between two convolutions."""
    return altered(conv(operator(conv(image()))), nchwc)


KEEP_THE_SHAPE = ("relu", "clip", "cast", "leaky_relu", "prelu", "stop_fusion", "softmax", "lrn", "dropout")
# Of these, blocks end the process of the genuine Relay, or it takes half a block for a whole axis.
WRONG_IN_BLOCKS = {"batch_norm", "instance_norm", "l2_normalize", "logsumexp", "squeeze_summed"}
for _name, _operator in UNARY.items():
    if _name not in WRONG_IN_BLOCKS:
        PROGRAMS[f"through_{_name}"] = partial(_through, _operator)
    PROGRAMS[f"through_last_{_name}"] = partial(_through_last, _operator)
    PROGRAMS[f"through_plain_{_name}"] = partial(_through_plain, _operator)
for _name in KEEP_THE_SHAPE:
    PROGRAMS[f"between_{_name}"] = partial(_between, UNARY[_name])


OTHERS = {
    "scalar": lambda: relay.const(2.0),
    "channels": lambda: weight(64, 1, 1),
    "channels_whole": lambda: weight(1, 64, 1, 1),
    "rows": lambda: weight(8, 8),
    "columns": lambda: weight(8),
    "pixels": lambda: weight(1, 1, 8, 8),
    "whole": lambda: weight(1, 64, 8, 8),
    "ones": lambda: weight(1, 1, 1, 1),
    "one": lambda: weight(1),
    "variable": lambda: var("y", 64, 1, 1),
    "image": lambda: image("y"),
    "image_pooled": lambda: relay.nn.global_avg_pool2d(image("y")),
    "image_relu": lambda: relay.nn.relu(image("y")),
    "batch": lambda: var("y", 4, 64, 8, 8),
    "higher": lambda: var("y", 2, 1, 64, 8, 8),
}


def _added(left, right):
    return altered(relay.nn.relu(relay.add(left(), right())))


def _convolved():
    return conv(image())


for _name, _other in OTHERS.items():
    PROGRAMS[f"add_{_name}"] = partial(_added, _convolved, _other)
    PROGRAMS[f"add_{_name}_left"] = partial(_added, _other, _convolved)


def _with_channels(operator):
    return altered(operator(conv(image()), weight(64, 1, 1)))


BINARY = ("subtract", "multiply", "divide", "maximum", "minimum", "power", "greater", "equal")
for _name in BINARY:
    PROGRAMS[f"binary_{_name}"] = partial(_with_channels, getattr(relay, _name))


@program
def shifted():
    return altered(relay.left_shift(relay.cast(conv(image()), "int32"), relay.const(2)))


@program
def bias_add():
    return altered(relay.nn.relu(relay.nn.bias_add(conv(image()), weight(64))))


@program
def bias_add_variable():
    return altered(relay.nn.relu(relay.nn.bias_add(conv(image()), var("b", 64))))


@program
def bias_add_last_axis():
    return altered(relay.nn.bias_add(conv(image()), weight(8), axis=3), blocks(16))


@program
def bias_add_between():
    return altered(conv(relay.nn.relu(relay.nn.bias_add(conv(image()), weight(64)))), nchwc)


@program
def where():
    y = conv(image())
    return altered(relay.where(relay.greater(y, relay.const(0.0)), y, relay.negative(y)))


@program
def squeeze_and_excite():
    y = conv(image())
    gate = relay.sigmoid(conv(relay.nn.relu(conv(relay.nn.global_avg_pool2d(y), 16, 64, 1)), 64, 16, 1))
    return altered(conv(relay.multiply(y, gate)), nchwc)


@program
def hard_swish():
    y = conv(image())
    gate = relay.divide(relay.clip(relay.add(y, relay.const(3.0)), 0, 6), relay.const(6.0))
    return altered(conv(relay.multiply(y, gate)), nchwc)


@program
def per_channel_chain():
    y = relay.add(relay.multiply(conv(image()), weight(64, 1, 1)), weight(64, 1, 1))
    return altered(conv(relay.nn.relu(y)), nchwc)


@program
def shared_bias():
    b = weight(64, 1, 1)
    return altered(relay.add(conv(relay.add(conv(image()), b)), b), nchwc)


# Branches


@program
def residual():
    x = relay.nn.relu(conv(image()))
    return altered(relay.nn.relu(relay.add(conv(x), x)), nchwc)


@program
def residual_of_the_input():
    x = image()
    return altered(relay.nn.relu(relay.add(conv(x), x)), nchwc)


@program
def residual_of_the_input_left():
    x = image()
    return altered(relay.nn.relu(relay.add(x, conv(x))), nchwc)


@program
def residual_in_two_layouts():
    seen = []

    def rule(attrs, args, types, result):
        seen.append(attrs)
        return blocks(16 if len(seen) == 1 else 8)(attrs, args, types, result)

    x = image()
    return altered(relay.nn.relu(relay.add(conv(x), conv(x))), rule)


@program
def used_twice():
    x = conv(image())
    return altered(relay.Tuple([relay.nn.relu(x), relay.reshape(x, (-1,)), relay.tanh(x)]))


@program
def input_used_twice():
    x = image()
    return altered(relay.add(conv(x), conv(x)))


@program
def concatenated():
    x = image()
    return altered(conv(relay.concatenate([conv(x), conv(x, 32)], axis=1), 64, 96), nchwc)


@program
def concatenated_with_the_input():
    x = image()
    return altered(conv(relay.concatenate([conv(x), x], axis=1), 64, 128), nchwc)


@program
def concatenated_input_first():
    x = image()
    return altered(conv(relay.concatenate([x, conv(x)], axis=1), 64, 128), nchwc)


@program
def concatenated_rows():
    x = image()
    return altered(relay.concatenate([conv(x), relay.nn.relu(conv(x))], axis=2))


@program
def concatenated_negative_axis():
    x = image()
    return altered(relay.concatenate([conv(x), relay.nn.relu(conv(x))], axis=-3))


@program
def concatenated_in_two_layouts():
    seen = []

    def rule(attrs, args, types, result):
        seen.append(attrs)
        return blocks(16 if len(seen) == 1 else 8)(attrs, args, types, result)

    x = image()
    return altered(relay.nn.relu(relay.concatenate([conv(x), conv(x)], axis=1)), rule)


@program
def stacked():
    x = image()
    return altered(relay.stack([conv(x), conv(x)], axis=1))


@program
def split_evenly():
    parts = relay.split(conv(image()), 2, axis=1)
    return altered(relay.add(parts[0], parts[1]))


@program
def split_unevenly():
    parts = relay.split(conv(image()), [24, 40], axis=1)
    return altered(relay.concatenate([parts[2], parts[0], parts[1]], axis=1))


@program
def split_rows():
    parts = relay.split(conv(image()), 2, axis=2)
    return altered(relay.nn.relu(parts[1]))


@program
def result_is_a_tuple():
    x = conv(image())
    return altered(relay.Tuple([x, relay.nn.relu(x)]))


@program
def concatenated_across_blocks():
    x = image()
    return altered(relay.concatenate([conv(x, 64), conv(x, 24)], axis=1), blocks(8))


@program
def dense_and_bias():
    y = relay.nn.relu(relay.add(relay.nn.dense(var("x", 2, 8), weight(4, 8)), weight(4)))
    return altered(relay.nn.dense(y, weight(4, 4)), to(), "nn.conv2d")


@program
def dense_of_a_mean():
    return altered(relay.nn.dense(relay.mean(conv(image()), axis=(2, 3)), weight(4, 64)))


@program
def dense_of_a_residual():
    x = relay.nn.dense(var("x", 2, 8), weight(8, 8))
    return altered(relay.add(x, relay.nn.dense(relay.nn.relu(x), weight(8, 8))), to())


@program
def batch_matmul():
    return altered(relay.nn.relu(relay.nn.batch_matmul(relay.nn.relu(var("x", 2, 4, 8)), var("y", 2, 6, 8))), to())


@program
def other_convolutions():
    x = relay.nn.conv1d(var("x", 1, 4, 8), weight(4, 4, 3))
    y = relay.nn.conv3d(var("y", 1, 4, 8, 8, 8), weight(4, 4, 3, 3, 3))
    z = relay.nn.conv2d_transpose(var("z", 1, 4, 8, 8), weight(4, 4, 3, 3))
    parts = [relay.add(part, weight(4, *[1] * rank)) for rank, part in enumerate((x, z, y), start=1)]
    return altered(relay.Tuple(parts), to())


@program
def pools_alone():
    x = relay.nn.max_pool2d(image(), (2, 2))
    return altered(relay.add(relay.nn.global_avg_pool2d(x), weight(64, 1, 1)), to())


@program
def field_of_a_tuple():
    x = conv(image())
    return altered(relay.nn.relu(relay.TupleGetItem(relay.Tuple([x, relay.tanh(x)]), 1)))


@program
def call_of_a_function():
    y = image("y")
    inner = relay.Function([y], relay.nn.relu(y))
    return altered(relay.Call(inner, [conv(image())]))


@program
def convolution_in_a_function():
    y = image("y")
    inner = relay.Function([y], relay.nn.relu(conv(y)))
    return altered(relay.Call(inner, [conv(image())]))


@program
def let_bound():
    v = relay.var("v")
    return altered(relay.Let(v, conv(image()), relay.nn.relu(v)))


@program
def branch_of_an_if():
    flag = relay.var("flag", shape=(), dtype="bool")
    x = image()
    return altered(relay.If(flag, conv(x), relay.nn.relu(x)))


# Networks


@program
def depthwise_separable():
    x = relay.nn.relu(conv(var("data", 1, 3, 16, 16), 32, 3, strides=(2, 2)))
    x = relay.clip(conv(x, 32, 32, groups=32), 0, 6)
    return altered(relay.nn.global_avg_pool2d(conv(x, 64, 32, 1)), nchwc)


@program
def classifier():
    x = relay.nn.relu(relay.add(conv(var("data", 1, 3, 16, 16), 32, 3), weight(32, 1, 1)))
    x = relay.nn.max_pool2d(x, (3, 3), (2, 2), padding=1)
    x = relay.nn.batch_flatten(relay.nn.adaptive_avg_pool2d(conv(x, 64, 32), (1, 1)))
    return altered(relay.nn.softmax(relay.nn.bias_add(relay.nn.dense(x, weight(10, 64)), weight(10))), nchwc)


@program
def classifier_packed():
    x = relay.nn.relu(relay.add(conv(var("data", 1, 3, 16, 16), 32, 3), weight(32, 1, 1)))
    return altered(conv(relay.nn.max_pool2d(x, (2, 2), (2, 2)), 64, 32), nchwc, fold=True)


def network(name):
    """A whole network as `prerequisite_optimize` leaves it, its weights packed."""
    mod, params = imported(NETWORKS[name])
    with tvm.transform.PassContext(opt_level=3):
        mod = relay.quantize.prerequisite_optimize(tvm.IRModule.from_expr(mod["main"]), params)
    return altered(mod["main"], nchwc, fold=True)


for _name in NETWORKS:
    PROGRAMS[f"network_{_name}"] = partial(network, _name)


def requantized(x, multiplier, shift):
    """What realize writes to bring an accumulator to int8."""
    x = relay.fixed_point_multiply(x, multiplier, shift)
    return relay.cast(relay.clip(x, -127, 127), "int8")


def small(*shape):
    return relay.const(np.random.randint(-127, 128, shape).astype("int8"))


def conv_int8(x, channels=64, inputs=64, size=3):
    kernel = small(channels, inputs, size, size)
    settings = {"channels": channels, "kernel_size": (size, size), "padding": size // 2, "out_dtype": "int32"}
    return relay.nn.conv2d(x, kernel, **settings)


@program
def quantized():
    x = relay.cast(relay.clip(relay.round(relay.multiply(image(), relay.const(16.0))), -127, 127), "int8")
    bias = relay.const(np.arange(64, dtype="int32").reshape(64, 1, 1))
    y = requantized(relay.nn.relu(relay.add(conv_int8(x), bias)), 1 << 30, -6)
    y = relay.annotation.stop_fusion(y)
    z = requantized(relay.add(conv_int8(y), relay.cast(y, "int32")), 1 << 30, -5)
    return altered(relay.multiply(relay.cast(z, "float32"), relay.const(0.1)), nchwc)


# ConvertLayout


def converted(expr, **desired):
    """The function of `expr` after ConvertLayout, by the operators' names without `nn.`."""
    layouts = {name if name == "image.resize2d" else f"nn.{name}": wanted for name, wanted in desired.items()}
    return after(expr, T.ConvertLayout(layouts))


LAST = ["NHWC", "default"]
CONVERTED = {
    "default": (lambda: conv(image()), {"conv2d": LAST}),
    "default_first": (lambda: conv(image()), {"conv2d": ["NCHW", "default"]}),
    "weight_named": (lambda: conv(image()), {"conv2d": ["NHWC", "OHWI"]}),
    "batch_inside": (lambda: conv(image()), {"conv2d": ["HWNC", "default"]}),
    "blocks": (lambda: conv(image()), {"conv2d": ["NCHW16c", "OIHW16i16o"]}),
    "bias": (lambda: relay.nn.relu(relay.nn.bias_add(conv(image()), weight(64))), {"conv2d": LAST}),
    "depthwise": (lambda: conv(image(), groups=64), {"conv2d": LAST}),
    "depthwise_named": (lambda: conv(image(), groups=64), {"conv2d": ["NHWC", "HWIO"]}),
    "grouped": (lambda: conv(image(), groups=4), {"conv2d": LAST}),
    "from_last": (
        lambda: relay.nn.conv2d(
            var("x", 1, 8, 8, 4),
            weight(3, 3, 4, 8),
            channels=8,
            kernel_size=3,
            data_layout="NHWC",
            kernel_layout="HWIO",
        ),
        {"conv2d": ["NCHW", "default"]},
    ),
    "transposed": (lambda: UNARY["conv_transpose"](image()), {"conv2d_transpose": LAST}),
    "conv3d": (
        lambda: relay.nn.conv3d(var("x", 1, 4, 5, 5, 5), weight(4, 4, 3, 3, 3)),
        {"conv3d": ["NDHWC", "default"]},
    ),
    "conv3d_transposed": (
        lambda: relay.nn.conv3d_transpose(var("x", 1, 4, 5, 5, 5), weight(4, 4, 3, 3, 3)),
        {"conv3d_transpose": ["NDHWC", "default"]},
    ),
    "max_pool": (lambda: UNARY["max_pool"](image()), {"max_pool2d": ["NHWC"]}),
    "avg_pool": (lambda: UNARY["avg_pool"](image()), {"avg_pool2d": ["NCHW4c"]}),
    "global_pool": (lambda: UNARY["global_avg_pool"](image()), {"global_avg_pool2d": ["NHWC"]}),
    "resize": (lambda: UNARY["resize"](image()), {"image.resize2d": ["NHWC"]}),
    "nothing": (lambda: conv(image()), {}),
    "two_wishes": (lambda: UNARY["max_pool"](conv(image())), {"conv2d": LAST, "max_pool2d": ["NCHW"]}),
    "residual": (lambda: relay.add(conv(relay.nn.relu(image())), relay.nn.relu(image("y"))), {"conv2d": LAST}),
}
for _name, (_expr, _desired) in CONVERTED.items():
    PROGRAMS[f"convert_{_name}"] = partial(lambda expr, desired: converted(expr(), **desired), _expr, _desired)
