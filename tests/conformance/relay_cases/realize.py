"""Realize: what becomes of a network whose simulated quantization has its numbers, one operator at a time."""

from ..engine import GENUINE, relay, tvm
from .programs import Programs, function, var, weight

PROGRAMS = program = Programs()
INPUT, WEIGHT, ACTIVATION = 1, 2, 3
SCALE = 0.0625
SIMULATED_QUANTIZE = (relay.quantize._quantize if GENUINE else relay.op.annotation).simulated_quantize


def quantized(x, scale=SCALE, kind=INPUT, bits=8):
    """`x` with a simulated quantization of `bits` whose scale is known."""
    largest = float(2 ** (bits - 1) - 1)
    numbers = (relay.const(number, "float32") for number in (scale, -largest, largest))
    return SIMULATED_QUANTIZE(x, *numbers, kind, True, "round")


def hint(x):
    """`x` with the hint that it may become int8, as a region ends."""
    return relay.quantize._partition.QPartitionExpr(x).realize().args[0]


def realized(body, **config):
    """The function of `body` after realize."""
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(function(body)))
    with tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**config):
        return relay.transform.InferType()(relay.quantize.realize()(mod))["main"]


def data(name="x", scale=SCALE):
    """An int8 input, as realize first sees it: still in float32."""
    return quantized(var(name, 1, 4, 8, 8), scale)


def conv(x, scale=0.0078125):
    """A quantized convolution: int32 after realize, at the product of the two scales."""
    kernel = quantized(weight(4, 4, 3, 3), scale, WEIGHT)
    return relay.nn.conv2d(x, kernel, channels=4, kernel_size=(3, 3), padding=(1, 1))


def accumulated(name="x", scale=0.0078125):
    return conv(data(name), scale)


def narrow(name="x", scale=SCALE, weight_scale=0.0078125):
    """An int8 activation after a convolution, as a region hands it on."""
    return hint(quantized(accumulated(name, weight_scale), scale))


# An operator that has a rule, after an int32 accumulation and after an int8 activation.
FOLLOWERS = {
    "relu": relay.nn.relu,
    "clip": lambda x: relay.clip(x, 0.0, 6.0),
    "max_pool2d": lambda x: relay.nn.max_pool2d(x, pool_size=(2, 2), strides=(2, 2)),
    "avg_pool2d": lambda x: relay.nn.avg_pool2d(x, pool_size=(2, 2), strides=(2, 2)),
    "global_avg_pool2d": relay.nn.global_avg_pool2d,
    "strided_slice": lambda x: relay.strided_slice(x, [0, 1], [1, 3]),
    "reshape": lambda x: relay.reshape(x, [1, 256]),
    "batch_flatten": relay.nn.batch_flatten,
    "transpose": lambda x: relay.transpose(x, [0, 2, 3, 1]),
    "stop_fusion": relay.annotation.stop_fusion,
    "cast_hint": hint,
    "no_rule": relay.sigmoid,
    "tuple": lambda x: relay.Tuple([x, relay.exp(x)]),
}
for _name, _follow in FOLLOWERS.items():
    PROGRAMS[f"{_name}_of_float"] = lambda follow=_follow: realized(follow(data()))
    PROGRAMS[f"{_name}_of_int32"] = lambda follow=_follow: realized(follow(accumulated()))
    PROGRAMS[f"{_name}_of_int8"] = lambda follow=_follow: realized(follow(narrow()))


@program
def conv1d():
    x, kernel = quantized(var("x", 1, 4, 8)), quantized(weight(4, 4, 3), 0.0078125, WEIGHT)
    return realized(relay.nn.conv1d(x, kernel, channels=4, kernel_size=3, padding=(1, 1)))


@program
def max_pool1d():
    return realized(relay.nn.max_pool1d(quantized(var("x", 1, 4, 8)), pool_size=2, strides=2))


@program
def dense():
    return realized(relay.nn.dense(quantized(var("x", 2, 8)), quantized(weight(4, 8), 0.0078125, WEIGHT)))


@program
def dense_with_units():
    dense = relay.nn.dense(quantized(var("x", 2, 8)), quantized(weight(4, 8), 0.0078125, WEIGHT), units=4)
    return realized(dense)


@program
def batch_matmul():
    left, right = quantized(var("x", 2, 3, 8)), quantized(var("y", 2, 4, 8), 0.125)
    return realized(relay.nn.batch_matmul(left, right))


@program
def conv_in_float():
    return realized(relay.nn.conv2d(var("x", 1, 4, 8, 8), weight(4, 4, 3, 3), channels=4, kernel_size=(3, 3)))


# How the sum of two unlike operands is made: the finer scale wins, the coarser operand is multiplied.
OPERANDS = {"float": data, "int32": accumulated, "int8": narrow}
SCALES = {"equal": SCALE, "shift": SCALE * 8, "whole": SCALE * 3, "fraction": SCALE * 1.7}
for _left, _make_left in OPERANDS.items():
    for _right, _make_right in OPERANDS.items():
        PROGRAMS[f"add_{_left}_{_right}"] = lambda left=_make_left, right=_make_right: realized(
            relay.add(left("x"), right("y"))
        )
        PROGRAMS[f"multiply_{_left}_{_right}"] = lambda left=_make_left, right=_make_right: realized(
            relay.multiply(left("x"), right("y"))
        )
        if _right != "int8" or _left == "int8":  # the genuine one cuts the first part to the dtype of a narrow second
            PROGRAMS[f"concatenate_{_left}_{_right}"] = lambda left=_make_left, right=_make_right: realized(
                relay.concatenate([left("x"), right("y")], axis=1)
            )
for _name, _scale in SCALES.items():
    for _rounding in ("UPWARD", "TONEAREST"):
        PROGRAMS[f"add_{_name}_{_rounding.lower()}"] = lambda scale=_scale, rounding=_rounding: realized(
            relay.add(data("x", scale), narrow("y")), rounding=rounding
        )
        PROGRAMS[f"add_to_{_name}_{_rounding.lower()}"] = lambda scale=_scale, rounding=_rounding: realized(
            relay.add(narrow("y"), narrow("x", scale)), rounding=rounding
        )


@program
def add_of_itself():
    x = narrow()
    return realized(relay.add(x, x))


@program
def add_of_what_is_shared():
    x = narrow()
    return realized(relay.add(relay.nn.relu(x), relay.add(x, narrow("y"))))


def rounded():
    """A sum that several calls use: rounded once for all of them, and not narrow yet."""
    return quantized(relay.add(accumulated("x"), accumulated("y")))


@program
def add_to_what_is_rounded():
    return realized(relay.nn.relu(relay.add(rounded(), quantized(weight(4, 1, 1), 0.0078125, WEIGHT))))


@program
def add_of_two_rounded():
    return realized(relay.add(rounded(), quantized(accumulated("z"), 0.03125)))


@program
def concatenate_what_is_rounded():
    return realized(relay.concatenate([rounded(), accumulated("z")], 1))


@program
def multiply_what_is_rounded():
    return realized(relay.multiply(rounded(), quantized(weight(4, 1, 1), 0.0078125, WEIGHT)))


@program
def add_float_operand():
    return realized(relay.add(var("y", 1, 4, 8, 8), var("x", 1, 4, 8, 8)))


@program
def concatenate_three_scales():
    branches = [narrow("x"), narrow("y", SCALE / 2), narrow("z", SCALE / 8)]
    return realized(relay.concatenate(branches, axis=1))


@program
def concatenate_three_equal():
    return realized(relay.concatenate([narrow("x"), narrow("y"), narrow("z")], axis=1))


# The scale of an accumulation is 2**-11 here; each of these is the next scale.
REQUANTIZED = {
    "right_shift": SCALE,
    "left_shift": 2.0**-13,
    "by_one": 2.0**-10,
    "same": 2.0**-11,
    "by_three": 3 * 2.0**-11,
    "by_a_third": 2.0**-11 / 3,
    "fraction": SCALE * 0.7,
    "tiny": 1e-7,
    "huge": 1e3,
}
for _name, _scale in REQUANTIZED.items():
    for _rounding in ("UPWARD", "TONEAREST"):
        PROGRAMS[f"requantize_{_name}_{_rounding.lower()}"] = lambda scale=_scale, rounding=_rounding: realized(
            quantized(relay.nn.relu(accumulated()), scale), rounding=rounding
        )


@program
def requantize_without_rounding():
    return realized(quantized(accumulated()), round_for_shift=False)


@program
def requantize_a_narrow_one():
    return realized(quantized(narrow(), SCALE * 1.3))


@program
def requantize_to_activation():
    return realized(quantized(accumulated(), 2.0**-27, ACTIVATION, bits=32))


@program
def two_convolutions():
    return realized(conv(relay.annotation.stop_fusion(narrow())))


@program
def conv_after_accumulation():
    return realized(conv(quantized(accumulated())))


@program
def odd_scale():
    return realized(quantized(conv(data("x", 0.031), 0.0047), 0.077))


OPTIONS = {
    "sixteen_bits": {"dtype_input": "int16", "dtype_weight": "int16", "nbit_input": 16, "nbit_weight": 16},
    "unsigned_input": {"dtype_input": "uint8"},
}
for _name, _options in OPTIONS.items():
    PROGRAMS[f"conv_{_name}"] = lambda options=_options: realized(
        relay.nn.max_pool2d(quantized(relay.add(accumulated(), quantized(weight(4, 1, 1), 0.01, WEIGHT)))), **options
    )
    PROGRAMS[f"add_{_name}"] = lambda options=_options: realized(relay.add(data("x", 0.1), narrow("y")), **options)


@program
def add_activation_int16():
    """A sum has room there; that of a convolution has not."""
    return realized(relay.add(data("x", 0.1), narrow("y")), dtype_activation="int16", nbit_activation=16)
