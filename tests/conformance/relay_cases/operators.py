"""Operators: how each prints its attributes, and the type that inference gives its result.

A row gives the operator function's path below `relay`, and calls of it: a name, the types of the arguments (shapes,
`(shape, dtype)` or lists of these for a tuple) and the attributes. Each is printed before and after type inference.
"""

from functools import partial

from ..engine import relay
from .programs import Programs, function, typed

PROGRAMS = Programs()

IMAGE, WIDE = (1, 4, 9, 8), (2, 8, 14, 14)
NHWC = (1, 9, 8, 4)
INT8 = ((1, 4, 9, 8), "int8")
CHANNEL = (4,)
WINOGRAD = {"channels": 6, "kernel_size": (3, 3)}
BLOCKED = {"channels": 32, "kernel_size": (3, 3), "data_layout": "NCHW16c", "out_layout": "NCHW16c"}

UNARY = (
    *(
        "exp",
        "log",
        "log2",
        "log10",
        "sqrt",
        "rsqrt",
        "sigmoid",
        "tanh",
        "erf",
        "abs",
        "negative",
        "floor",
        "ceil",
        "round",
    ),
    *(
        "trunc",
        "sign",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "atan",
        "copy",
        "zeros_like",
        "ones_like",
        "isnan",
        "isfinite",
    ),
    *(
        "isinf",
        "nn.relu",
        "nn.softmax",
        "nn.log_softmax",
        "nn.batch_flatten",
        "nn.leaky_relu",
    ),
    *(
        "nn.dropout",
        "nn.global_avg_pool2d",
        "nn.global_max_pool2d",
        "nn.max_pool2d",
        "nn.avg_pool2d",
        "squeeze",
        "transpose",
    ),
    *("sum", "mean", "max", "min", "prod", "variance", "std", "argmax", "argmin", "nn.adaptive_avg_pool2d"),
    *("nn.adaptive_max_pool2d", "annotation.stop_fusion", "nn.lrn"),
)
BINARY = (
    *(
        "add",
        "subtract",
        "multiply",
        "divide",
        "power",
        "mod",
        "floor_mod",
        "floor_divide",
        "maximum",
        "minimum",
    ),
    *("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"),
)
BROADCASTS = {
    "same": (IMAGE, IMAGE),
    "bias": (IMAGE, (4, 1, 1)),
    "left": ((4, 1, 1), IMAGE),
    "scalar": (IMAGE, ()),
    "scalars": ((), ()),
    "both": ((1, 4, 1, 8), (3, 1, 9, 1)),
    "int8": (INT8, INT8),
    "int64": (((2,), "int64"), ((2,), "int64")),
}

ROWS = {
    "nn.conv2d": {
        "plain": ((IMAGE, (6, 4, 3, 3)), {}),
        "padding_one": ((IMAGE, (6, 4, 3, 3)), {"padding": 1}),
        "padding_two": ((IMAGE, (6, 4, 3, 3)), {"padding": (1, 2)}),
        "padding_four": ((IMAGE, (6, 4, 3, 3)), {"padding": (0, 1, 2, 3)}),
        "strides": ((IMAGE, (6, 4, 3, 3)), {"strides": 2, "padding": (1, 1)}),
        "strides_two": ((IMAGE, (6, 4, 3, 3)), {"strides": (2, 1)}),
        "dilation": ((WIDE, (6, 8, 3, 3)), {"dilation": 2}),
        "dilation_two": ((WIDE, (6, 8, 3, 3)), {"dilation": (2, 3), "padding": (2, 3)}),
        "groups": ((WIDE, (6, 4, 3, 3)), {"groups": 2}),
        "depthwise": ((WIDE, (8, 1, 3, 3)), {"groups": 8, "channels": 8, "kernel_size": (3, 3)}),
        "depthwise_multiplier": ((WIDE, (16, 1, 3, 3)), {"groups": 8}),
        "channels": ((IMAGE, (6, 4, 3, 3)), {"channels": 6, "kernel_size": (3, 3)}),
        "kernel_size_int": ((IMAGE, (6, 4, 1, 1)), {"channels": 6, "kernel_size": 1}),
        "nhwc_hwio": ((NHWC, (3, 3, 4, 6)), {"data_layout": "NHWC", "kernel_layout": "HWIO"}),
        "nhwc_ohwi": ((NHWC, (6, 3, 3, 4)), {"data_layout": "NHWC", "kernel_layout": "OHWI", "padding": 1}),
        "nhwc_depthwise": (
            (NHWC, (3, 3, 4, 1)),
            {"data_layout": "NHWC", "kernel_layout": "HWOI", "groups": 4},
        ),
        "out_layout": ((IMAGE, (6, 4, 3, 3)), {"out_layout": "NHWC"}),
        "out_dtype": ((INT8, ((6, 4, 3, 3), "int8")), {"out_dtype": "int32"}),
        "int8": ((INT8, ((6, 4, 3, 3), "int8")), {}),
        "float16": (((IMAGE, "float16"), ((6, 4, 3, 3), "float16")), {}),
        "blocked": (
            ((1, 2, 9, 8, 2), (3, 2, 3, 3, 2, 2)),
            {"data_layout": "NCHW2c", "kernel_layout": "OIHW2i2o", "channels": 6, "kernel_size": 3},
        ),
    },
    "nn.conv1d": {
        "plain": (((1, 4, 9), (6, 4, 3)), {}),
        "all": (
            ((1, 4, 9), (6, 2, 3)),
            {"strides": 2, "padding": 1, "dilation": 2, "groups": 2, "channels": 6, "kernel_size": 3},
        ),
    },
    "nn.conv3d": {"plain": (((1, 4, 5, 6, 7), (6, 4, 3, 3, 3)), {"padding": 1})},
    "nn.contrib_conv2d_nchwc": {
        "plain": (((1, 2, 8, 8, 16), (2, 2, 3, 3, 16, 16)), {**BLOCKED, "kernel_layout": "OIHW16i16o", "padding": 1}),
        "first": (
            ((2, 3, 9, 9), (2, 3, 3, 3, 16)),
            {**BLOCKED, "data_layout": "NCHW", "kernel_layout": "OIHW16o", "strides": (2, 2)},
        ),
        "int8": (
            (((1, 2, 9, 8, 16), "int8"), ((2, 2, 3, 3, 4, 16, 4), "int8")),
            {**BLOCKED, "kernel_layout": "OIHW4i16o4i", "out_layout": "NCHW8c", "out_dtype": "int32"},
        ),
        "filled": (
            (((1, 3, 9, 8), "int8"), ((4, 1, 3, 3, 8, 4), "int8")),
            {**BLOCKED, "data_layout": "NCHW", "kernel_layout": "OIHW8o4i", "out_layout": "NCHW8c"},
        ),
        "groups": (((1, 2, 9, 8, 16), (4, 1, 3, 3, 8, 8)), {**BLOCKED, "kernel_layout": "OIHW8i8o", "groups": 4}),
    },
    "nn.contrib_depthwise_conv2d_nchwc": {
        "plain": (
            ((1, 2, 8, 8, 16), (2, 1, 3, 3, 1, 16)),
            {**BLOCKED, "kernel_layout": "OIHW1i16o", "padding": (1, 0), "groups": 32},
        ),
        "default": (
            ((1, 4, 8, 8, 8), (4, 1, 3, 3, 1, 8)),
            {"kernel_layout": "OIHW1i8o", "groups": 32, "channels": 32, "kernel_size": (3, 3)},
        ),
    },
    "nn.contrib_conv2d_winograd_weight_transform": {
        "two": (((6, 4, 3, 3),), {"tile_size": 2}),
        "four": (((6, 4, 3, 3),), {"tile_size": 4}),
        "two_int16": ((((6, 4, 3, 3), "int16"),), {"tile_size": 2}),
        "four_int16": ((((6, 4, 3, 3), "int16"),), {"tile_size": 4}),
    },
    "nn.contrib_conv2d_winograd_without_weight_transform": {
        "plain": ((IMAGE, (4, 4, 6, 4)), {**WINOGRAD, "tile_size": 2}),
        "padding_one": ((IMAGE, (6, 6, 6, 4)), {**WINOGRAD, "tile_size": 4, "padding": 1}),
        "padding_four": ((IMAGE, (6, 6, 6, 4)), {**WINOGRAD, "tile_size": 4, "padding": (0, 1, 2, 3)}),
        "nhwc": ((NHWC, (6, 6, 6, 4)), {**WINOGRAD, "tile_size": 4, "data_layout": "NHWC"}),
        "int8": ((INT8, ((6, 6, 6, 4), "int16")), {**WINOGRAD, "tile_size": 4, "out_dtype": "int32"}),
        "int8_blocks": (
            (((1, 2, 9, 8, 8), "int8"), ((6, 6, 3, 8, 8, 2), "int16")),
            {
                **WINOGRAD,
                "tile_size": 4,
                "channels": 24,
                "padding": 1,
                "data_layout": "NCHW8c",
                "kernel_layout": "HWOI8o2i",
                "out_layout": "NCHW8c",
                "out_dtype": "int32",
            },
        ),
    },
    "nn.conv2d_transpose": {
        "plain": ((IMAGE, (4, 6, 3, 3)), {"channels": 6, "kernel_size": (3, 3)}),
        "strides": (
            (IMAGE, (4, 6, 3, 3)),
            {
                "channels": 6,
                "kernel_size": (3, 3),
                "strides": (2, 2),
                "padding": (1, 1),
                "output_padding": (1, 1),
            },
        ),
        "groups": (
            (IMAGE, (4, 3, 2, 2)),
            {"channels": 6, "kernel_size": (2, 2), "strides": (2, 2), "groups": 2},
        ),
    },
    "nn.dense": {
        "plain": (((2, 8), (5, 8)), {}),
        "units": (((2, 8), (5, 8)), {"units": 5}),
        "three": (((2, 3, 8), (5, 8)), {}),
        "out_dtype": ((((2, 8), "int8"), ((5, 8), "int8")), {"out_dtype": "int32"}),
        "int8": ((((2, 8), "int8"), ((5, 8), "int8")), {}),
    },
    "nn.contrib_dense_pack": {
        "plain": (((4, 8), (2, 8, 16)), {"weight_layout": "NC16n"}),
        "units": (((4, 8), (2, 8, 4)), {"weight_layout": "NC4n", "units": 8, "out_dtype": "float32"}),
        "int8": (
            (((4, 8), "int8"), ((2, 2, 16, 4), "int8")),
            {"weight_layout": "NC16n4c", "units": 32, "out_dtype": "int32"},
        ),
    },
    "nn.matmul": {
        "plain": (((2, 8), (8, 5)), {}),
        "transposed": (((8, 2), (5, 8)), {"transpose_a": True, "transpose_b": True}),
    },
    "nn.batch_matmul": {
        "plain": (((3, 2, 8), (3, 5, 8)), {}),
        "straight": (((3, 2, 8), (3, 8, 5)), {"transpose_b": False}),
        "both": (((3, 8, 2), (3, 5, 8)), {"transpose_a": True}),
        "broadcast": (((1, 2, 8), (3, 5, 8)), {}),
        "out_dtype": ((((3, 2, 8), "int8"), ((3, 5, 8), "int8")), {"out_dtype": "int32"}),
    },
    "nn.bias_add": {
        "plain": ((IMAGE, CHANNEL), {}),
        "last": ((NHWC, CHANNEL), {"axis": -1}),
        "axis_three": ((NHWC, CHANNEL), {"axis": 3}),
    },
    "nn.batch_norm": {
        "plain": ((IMAGE, CHANNEL, CHANNEL, CHANNEL, CHANNEL), {}),
        "axis": ((NHWC, CHANNEL, CHANNEL, CHANNEL, CHANNEL), {"axis": 3}),
        "axis_negative": ((NHWC, CHANNEL, CHANNEL, CHANNEL, CHANNEL), {"axis": -1}),
        "epsilon": ((IMAGE, CHANNEL, CHANNEL, CHANNEL, CHANNEL), {"epsilon": 1e-3}),
        "bare": ((IMAGE, CHANNEL, CHANNEL, CHANNEL, CHANNEL), {"center": False, "scale": False}),
    },
    "nn.layer_norm": {
        "plain": (((2, 3, 8), (8,), (8,)), {}),
        "axis": (((2, 3, 8), (3,), (3,)), {"axis": 1, "epsilon": 1e-6}),
        "bare": (((2, 8), (8,), (8,)), {"center": False, "scale": False}),
    },
    "nn.group_norm": {
        "plain": ((IMAGE, CHANNEL, CHANNEL), {"num_groups": 2}),
        "epsilon": ((IMAGE, CHANNEL, CHANNEL), {"num_groups": 4, "epsilon": 1e-3}),
    },
    "nn.instance_norm": {
        "plain": ((IMAGE, CHANNEL, CHANNEL), {}),
        "axis": ((NHWC, CHANNEL, CHANNEL), {"axis": 3}),
    },
    "nn.l2_normalize": {"plain": ((IMAGE,), {"eps": 1e-12}), "axis": ((IMAGE,), {"eps": 1e-3, "axis": [1]})},
    "nn.prelu": {"plain": ((IMAGE, CHANNEL), {}), "axis": ((NHWC, CHANNEL), {"axis": 3})},
    "nn.leaky_relu": {"alpha": ((IMAGE,), {"alpha": 0.2})},
    "nn.softmax": {"axis": ((IMAGE,), {"axis": 1})},
    "nn.log_softmax": {"axis": (((2, 8),), {"axis": 1})},
    "nn.dropout": {"rate": ((IMAGE,), {"rate": 0.2})},
    "nn.max_pool2d": {
        "two": ((IMAGE,), {"pool_size": (2, 2), "strides": (2, 2)}),
        "int": ((IMAGE,), {"pool_size": 3, "strides": 2, "padding": 1}),
        "four": ((IMAGE,), {"pool_size": (3, 2), "strides": (2, 1), "padding": (0, 1, 1, 0)}),
        "ceil": ((IMAGE,), {"pool_size": (2, 2), "strides": (2, 2), "ceil_mode": True}),
        "ceil_padded": (
            ((1, 4, 7, 7),),
            {"pool_size": (3, 3), "strides": (2, 2), "padding": (1, 1), "ceil_mode": True},
        ),
        "dilation": ((IMAGE,), {"pool_size": (2, 2), "dilation": (2, 2)}),
        "nhwc": ((NHWC,), {"pool_size": (2, 2), "strides": (2, 2), "layout": "NHWC"}),
        "out_layout": ((IMAGE,), {"pool_size": (2, 2), "out_layout": "NHWC"}),
        "int8": ((INT8,), {"pool_size": (2, 2)}),
    },
    "nn.avg_pool2d": {
        "two": ((IMAGE,), {"pool_size": (2, 2), "strides": (2, 2)}),
        "include_pad": ((IMAGE,), {"pool_size": (3, 3), "padding": (1, 1), "count_include_pad": True}),
        "ceil": ((IMAGE,), {"pool_size": (2, 2), "strides": (2, 2), "ceil_mode": True}),
        "nhwc": ((NHWC,), {"pool_size": (2, 2), "layout": "NHWC"}),
        "dilation": ((IMAGE,), {"pool_size": (2, 2), "dilation": (2, 1)}),
    },
    "nn.max_pool1d": {
        "plain": (((1, 4, 9),), {}),
        "all": (((1, 4, 9),), {"pool_size": 3, "strides": 2, "padding": 1, "ceil_mode": True}),
    },
    "nn.avg_pool1d": {
        "plain": (((1, 4, 9),), {}),
        "all": (((1, 4, 9),), {"pool_size": 3, "strides": 2, "padding": 1, "count_include_pad": True}),
    },
    "nn.max_pool3d": {"plain": (((1, 4, 5, 6, 7),), {"pool_size": (2, 2, 2), "strides": (2, 2, 2)})},
    "nn.avg_pool3d": {"plain": (((1, 4, 5, 6, 7),), {"pool_size": (2, 2, 2), "strides": (2, 2, 2)})},
    "nn.global_avg_pool2d": {"nhwc": ((NHWC,), {"layout": "NHWC"}), "int8": ((INT8,), {})},
    "nn.global_max_pool2d": {"nhwc": ((NHWC,), {"layout": "NHWC"})},
    "nn.adaptive_avg_pool2d": {
        "one": ((IMAGE,), {"output_size": (1, 1)}),
        "two": ((IMAGE,), {"output_size": (3, 2)}),
        "nhwc": ((NHWC,), {"output_size": (3, 2), "layout": "NHWC"}),
    },
    "nn.adaptive_max_pool2d": {"two": ((IMAGE,), {"output_size": (3, 2)})},
    "nn.adaptive_avg_pool1d": {"two": (((1, 4, 9),), {"output_size": 2})},
    "nn.adaptive_max_pool1d": {"two": (((1, 4, 9),), {"output_size": 2})},
    "nn.pad": {
        "plain": ((IMAGE,), {"pad_width": ((0, 0), (0, 0), (1, 2), (3, 4))}),
        "edge": ((IMAGE,), {"pad_width": ((0, 0), (0, 0), (1, 1), (1, 1)), "pad_mode": "edge"}),
        "reflect": ((IMAGE,), {"pad_width": ((0, 0), (0, 0), (1, 1), (1, 1)), "pad_mode": "reflect"}),
        "value": ((IMAGE,), {"pad_width": ((0, 0), (0, 0), (1, 1), (1, 1)), "pad_value": 2.0}),
    },
    "nn.mirror_pad": {
        "plain": ((IMAGE,), {"pad_width": ((0, 0), (0, 0), (1, 1), (1, 1))}),
        "reflect": ((IMAGE,), {"pad_width": ((0, 0), (0, 0), (1, 1), (1, 1)), "mode": "REFLECT"}),
    },
    "nn.upsampling": {
        "plain": ((IMAGE,), {"scale_h": 2, "scale_w": 2}),
        "bilinear": ((IMAGE,), {"scale_h": 2.0, "scale_w": 3.0, "method": "bilinear", "align_corners": True}),
    },
    "image.resize2d": {
        "plain": ((IMAGE,), {"size": (18, 16)}),
        "nearest": (
            (IMAGE,),
            {"size": (18, 16), "method": "nearest_neighbor", "coordinate_transformation_mode": "asymmetric"},
        ),
        "cubic": (
            (NHWC,),
            {
                "size": (18, 16),
                "layout": "NHWC",
                "method": "cubic",
                "rounding_method": "floor",
                "cubic_alpha": -0.75,
            },
        ),
    },
    "nn.depth_to_space": {
        "plain": ((IMAGE,), {"block_size": 2}),
        "crd": ((IMAGE,), {"block_size": 2, "mode": "CRD"}),
    },
    "nn.space_to_depth": {"plain": ((WIDE,), {"block_size": 2})},
    "clip": {
        "relu6": ((IMAGE,), {"a_min": 0.0, "a_max": 6.0}),
        "wide": ((IMAGE,), {"a_min": -127.0, "a_max": 127.0}),
        "fraction": ((IMAGE,), {"a_min": -0.1, "a_max": 1e10}),
        "infinite": ((IMAGE,), {"a_min": float("-inf"), "a_max": 1e-7}),
        "double": ((IMAGE,), {"a_min": 1 / 3, "a_max": 3.4028234663852886e38}),
        "ints": ((INT8,), {"a_min": 0, "a_max": 6}),
    },
    "reshape": {
        "plain": ((IMAGE,), {"newshape": (1, -1)}),
        "zero": ((IMAGE,), {"newshape": (0, -1)}),
        "copy_rest": ((IMAGE,), {"newshape": (0, 0, -2)}),
        "merge": ((IMAGE,), {"newshape": (0, -3, 0)}),
        "split": ((WIDE,), {"newshape": (0, -4, 2, -1, 0, 0)}),
        "int": ((IMAGE,), {"newshape": 288}),
        "flat": ((IMAGE,), {"newshape": [-1]}),
        "scalar": (((1,),), {"newshape": ()}),
        "allowzero": (((2, 0, 3),), {"newshape": (3, 0), "allowzero": True}),
    },
    "reshape_like": {"plain": ((IMAGE, (4, 72)), {})},
    "transpose": {"axes": ((IMAGE,), {"axes": (0, 2, 3, 1)}), "negative": (((2, 3),), {"axes": (-1, 0)})},
    "squeeze": {
        "axis": (((1, 4, 1, 1),), {"axis": [2, 3]}),
        "one": (((1, 4, 1, 1),), {"axis": [-1]}),
        "all": (((1, 4, 1, 1),), {}),
    },
    "expand_dims": {
        "front": (((4,),), {"axis": 0}),
        "several": (((4,),), {"axis": 1, "num_newaxis": 2}),
        "negative": (((4,),), {"axis": -1}),
    },
    "concatenate": {
        "channels": (([IMAGE, (1, 2, 9, 8)],), {"axis": 1}),
        "first": (([(2, 3), (4, 3)],), {"axis": 0}),
        "last": (([(2, 3), (2, 1), (2, 5)],), {"axis": -1}),
        "one": (([(2, 3)],), {"axis": 1}),
    },
    "stack": {"front": (([(2, 3), (2, 3)],), {"axis": 0}), "last": (([(2, 3), (2, 3)],), {"axis": -1})},
    "split": {
        "sections": ((IMAGE,), {"indices_or_sections": 2, "axis": 1}),
        "indices": ((IMAGE,), {"indices_or_sections": (1, 3), "axis": 1}),
        "default_axis": (((6, 2),), {"indices_or_sections": 3}),
        "negative": (((6, 2),), {"indices_or_sections": 2, "axis": -1}),
    },
    "strided_slice": {
        "plain": ((IMAGE,), {"begin": [0, 1], "end": [1, 3]}),
        "strides": ((IMAGE,), {"begin": [0, 0, 0, 7], "end": [1, 4, 9, 0], "strides": [1, 2, 3, -1]}),
        "size": ((IMAGE,), {"begin": [0, 1, 2, 0], "end": [1, -1, 3, 8], "slice_mode": "size"}),
        "axes": ((IMAGE,), {"begin": [1], "end": [4], "axes": [2]}),
        "axes_strides": ((IMAGE,), {"begin": [0, 1], "end": [9, 8], "strides": [2, 2], "axes": [2, 3]}),
        "past_the_end": ((IMAGE,), {"begin": [0, -3], "end": [1, 100]}),
    },
    "take": {
        "flat": ((IMAGE, ((5,), "int64")), {}),
        "axis": ((IMAGE, ((2, 3), "int32")), {"axis": 1}),
        "fast": ((IMAGE, ((), "int32")), {"axis": 1, "mode": "fast"}),
        "wrap": ((IMAGE, ((2,), "int32")), {"axis": -1, "mode": "wrap", "batch_dims": 0}),
    },
    "tile": {"plain": (((2, 3),), {"reps": (2, 1)}), "more": (((2, 3),), {"reps": (2, 1, 2)})},
    "repeat": {
        "axis": (((2, 3),), {"repeats": 2, "axis": 1}),
        "negative": (((2, 3),), {"repeats": 3, "axis": -1}),
    },
    "reverse": {"plain": (((2, 3),), {"axis": 1})},
    "broadcast_to": {"plain": (((4, 1, 1),), {"shape": (2, 4, 3, 3)})},
    "broadcast_to_like": {"plain": (((4, 1, 1), (2, 4, 3, 3)), {})},
    "collapse_sum_like": {"plain": (((2, 4, 3, 3), (4, 1, 1)), {})},
    "zeros": {
        "plain": ((), {"shape": (2, 3), "dtype": "float32"}),
        "int": ((), {"shape": (4,), "dtype": "int64"}),
    },
    "ones": {"plain": ((), {"shape": (2, 3), "dtype": "float32"})},
    "full": {"plain": (((),), {"shape": (2, 3), "dtype": "float32"}), "no_dtype": (((),), {"shape": (2,)})},
    "full_like": {"plain": ((IMAGE, ()), {})},
    "cast": {
        "int8": ((IMAGE,), {"dtype": "int8"}),
        "bool": (((2,),), {"dtype": "bool"}),
        "same": (((2,),), {"dtype": "float32"}),
    },
    "cast_like": {"plain": ((IMAGE, INT8), {})},
    "sum": {
        "axis": ((IMAGE,), {"axis": 1}),
        "axes": ((IMAGE,), {"axis": [2, 3], "keepdims": True}),
        "exclude": ((IMAGE,), {"axis": [1], "exclude": True}),
        "negative": ((IMAGE,), {"axis": -1, "keepdims": True}),
        "keep_all": ((IMAGE,), {"keepdims": True}),
        "none": ((IMAGE,), {"axis": None, "keepdims": False}),
    },
    "mean": {
        "axes": ((IMAGE,), {"axis": [2, 3], "keepdims": True}),
        "axis": ((IMAGE,), {"axis": 1}),
        "int": ((INT8,), {"axis": 1}),
    },
    "max": {"axes": ((IMAGE,), {"axis": [2, 3], "keepdims": True}), "axis": ((IMAGE,), {"axis": 1})},
    "min": {"axes": ((IMAGE,), {"axis": [2, 3], "keepdims": True})},
    "variance": {
        "axes": ((IMAGE,), {"axis": [2, 3], "keepdims": True}),
        "unbiased": ((IMAGE,), {"axis": [1], "unbiased": True}),
    },
    "std": {"axes": ((IMAGE,), {"axis": [2, 3], "keepdims": True})},
    "mean_variance": {"axes": ((IMAGE,), {"axis": [2, 3], "keepdims": True})},
    "argmax": {
        "axis": ((IMAGE,), {"axis": 1}),
        "keep": ((IMAGE,), {"axis": 1, "keepdims": True, "select_last_index": True}),
    },
    "argmin": {"axis": ((IMAGE,), {"axis": 1})},
    "all": {"axis": ((((2, 3), "bool"),), {"axis": 1})},
    "any": {"axis": ((((2, 3), "bool"),), {"axis": 1})},
    "cumsum": {
        "plain": (((2, 3),), {}),
        "axis": (((2, 3),), {"axis": 1, "dtype": "float32", "exclusive": True}),
    },
    "where": {
        "plain": ((((2, 3), "bool"), (2, 3), (2, 3)), {}),
        "broadcast": ((((2, 1), "bool"), (2, 3), ()), {}),
    },
    "logical_and": {"plain": ((((2, 3), "bool"), ((3,), "bool")), {})},
    "logical_or": {"plain": ((((2, 3), "bool"), ((3,), "bool")), {})},
    "logical_xor": {"plain": ((((2, 3), "bool"), ((3,), "bool")), {})},
    "logical_not": {"plain": ((((2, 3), "bool"),), {})},
    "bitwise_and": {"plain": ((INT8, INT8), {})},
    "left_shift": {"plain": ((((2, 3), "int32"), ((), "int32")), {})},
    "right_shift": {"plain": ((((2, 3), "int32"), ((), "int32")), {})},
    "fixed_point_multiply": {"plain": ((((2, 3), "int32"),), {"multiplier": 1073741824, "shift": -3})},
    "one_hot": {"plain": ((((3,), "int32"), (), ()), {"depth": 5, "axis": -1, "dtype": "float32"})},
    "argsort": {
        "plain": (((2, 3),), {}),
        "all": (((2, 3),), {"axis": 1, "is_ascend": False, "dtype": "int64"}),
    },
    "sort": {"plain": (((2, 3),), {"axis": 0})},
    "layout_transform": {
        "plain": ((IMAGE,), {"src_layout": "NCHW", "dst_layout": "NHWC"}),
        "block": ((IMAGE,), {"src_layout": "NCHW", "dst_layout": "NCHW2c"}),
    },
    "shape_of": {"plain": ((IMAGE,), {}), "int64": ((IMAGE,), {"dtype": "int64"})},
    "ndarray_size": {"plain": ((IMAGE,), {})},
    "meshgrid": {"plain": (([(2,), (3,)],), {"indexing": "ij"})},
    "einsum": {"plain": (([(2, 3), (3, 4)],), {"equation": "ij,jk->ik"})},
}


def _argument(spec, name: str):
    """A variable, or a tuple of them, of the types that a row gives."""
    if isinstance(spec, list):
        return relay.Tuple([_argument(part, f"{name}{i}") for i, part in enumerate(spec)])
    shape, dtype = spec if len(spec) == 2 and isinstance(spec[1], str) else (spec, "float32")
    return relay.var(name, shape=shape, dtype=dtype)


def _printed(path: str, arguments: tuple, attributes: dict):
    """The call, untyped and typed."""
    operator = relay
    for part in path.split("."):
        operator = getattr(operator, part)
    call = operator(*(_argument(spec, "xyzuvw"[i]) for i, spec in enumerate(arguments)), **attributes)
    call = getattr(call, "astuple", lambda: call)()
    return function(call), typed(call)


for _path in UNARY:
    PROGRAMS[f"{_path}.default"] = partial(_printed, _path, (IMAGE,), {})
for _path in BINARY:
    for _name, _arguments in BROADCASTS.items():
        PROGRAMS[f"{_path}.{_name}"] = partial(_printed, _path, _arguments, {})
for _path, _calls in ROWS.items():
    for _name, (_arguments, _attributes) in _calls.items():
        PROGRAMS[f"{_path}.{_name}"] = partial(_printed, _path, _arguments, _attributes)
