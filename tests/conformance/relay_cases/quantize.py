"""What quantization does before it quantizes: prerequisites, configuration, partition and its rules."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..engine import relay, tvm
from .passes import IMAGE, NHWC, batch_norm, conv, conv_nhwc, image
from .programs import Programs, function, positive, typed, var, weight

PROGRAMS = program = Programs()
RULES = "FQPartitionRewrite"


def partitioned(body, prepared: bool = False, **config):
    """The function after type inference (or all prerequisites) and partition."""
    mod = tvm.IRModule.from_expr(body if isinstance(body, relay.Function) else function(body))
    with tvm.transform.PassContext(opt_level=3):
        mod = relay.quantize.prerequisite_optimize(mod) if prepared else relay.transform.InferType()(mod)
        with relay.quantize.qconfig(**{"skip_conv_layers": None, **config}):
            return relay.quantize.partition()(mod)["main"]


def bias(x, channels=4):
    return relay.add(x, weight(channels, 1, 1))


def block(x, **attributes):
    """Convolution, bias, relu."""
    return relay.nn.relu(bias(conv(x, **attributes)))


def stem():
    return block(image())


def hinted(x):
    """What partition leaves a rewritten value as: a region's output."""
    return relay.nn.relu(conv(x))


def _two_stems():
    x = image()
    return block(x), block(x)


def _add_both():
    left, right = _two_stems()
    return relay.add(left, right)


def _add_residual():
    x = stem()
    return relay.nn.relu(relay.add(x, bias(conv(x))))


def _add_residual_swapped():
    x = stem()
    return relay.nn.relu(relay.add(bias(conv(x)), x))


def _gate():
    x = stem()
    gate = relay.sigmoid(conv(relay.nn.global_avg_pool2d(x), size=1))
    return conv(relay.multiply(x, gate))


def _concatenated():
    left, right = _two_stems()
    return conv(relay.concatenate([left, right], axis=1), inputs=8, size=1)


def _stem_used_three_times():
    x = stem()
    return relay.add(relay.add(conv(x), conv(x)), x)


def _chain(length):
    x = image()
    for _ in range(length):
        x = block(x)
    return x


def _tuple_output():
    x = stem()
    return relay.Tuple([x, conv(x)])


REGIONS = {
    "conv": lambda: conv(image()),
    "conv_relu": lambda: relay.nn.relu(conv(image())),
    "conv_bias": lambda: bias(conv(image())),
    "conv_bias_left": lambda: relay.add(weight(4, 1, 1), conv(image())),
    "conv_bias_relu": stem,
    "conv_bias_add": lambda: relay.nn.relu(relay.nn.bias_add(conv(image()), weight(4))),
    "conv_bias_clip": lambda: relay.clip(bias(conv(image())), 0.0, 6.0),
    "conv_bias_variable": lambda: relay.nn.relu(relay.add(conv(image()), var("bias", 4, 1, 1))),
    "conv_scalar": lambda: relay.add(conv(image()), relay.const(1.0)),
    "conv_sigmoid": lambda: conv(relay.sigmoid(stem())),
    "conv_leaky_relu": lambda: conv(relay.nn.leaky_relu(bias(conv(image())), 0.1)),
    "conv_conv": lambda: conv(conv(image())),
    "conv_relu_relu": lambda: relay.nn.relu(relay.nn.relu(conv(image()))),
    "conv_nhwc": lambda: relay.nn.relu(conv_nhwc(var("data", *NHWC))),
    "conv_depthwise": lambda: block(stem(), inputs=1, groups=4),
    "conv_variable_weight": lambda: relay.nn.relu(relay.nn.conv2d(image(), var("w", 4, 4, 3, 3))),
    "blocks_two": lambda: _chain(2),
    "blocks_five": lambda: _chain(5),
    "add_input": lambda: relay.add(image(), relay.const(1.0)),
    "add_inputs": lambda: relay.add(image(), var("y", *IMAGE)),
    "add_both": _add_both,
    "add_both_then_conv": lambda: conv(_add_both()),
    "add_left_branch": lambda: relay.add(stem(), var("y", *IMAGE)),
    "add_right_branch": lambda: relay.add(var("y", *IMAGE), stem()),
    "add_left_unpartitioned": lambda: relay.add(relay.sigmoid(var("y", *IMAGE)), stem()),
    "add_right_unpartitioned": lambda: relay.add(stem(), relay.sigmoid(var("y", *IMAGE))),
    "add_constant_of_image": lambda: relay.add(stem(), weight(1, 4, 8, 8)),
    "add_self": lambda: (lambda x: relay.add(x, x))(stem()),
    "add_add": lambda: relay.nn.relu(bias(bias(conv(image())))),
    "add_residual": _add_residual,
    "add_residual_swapped": _add_residual_swapped,
    "add_residual_then_conv": lambda: conv(_add_residual()),
    "add_relu_pool": lambda: relay.nn.max_pool2d(_add_residual(), (2, 2), (2, 2)),
    "multiply_constant": lambda: relay.multiply(conv(image()), positive(4, 1, 1)),
    "multiply_constant_left": lambda: relay.multiply(positive(4, 1, 1), conv(image())),
    "multiply_both": lambda: relay.multiply(*_two_stems()),
    "multiply_scalar": lambda: relay.multiply(stem(), relay.const(0.5)),
    "multiply_add": lambda: relay.nn.relu(relay.add(relay.multiply(conv(image()), positive(4, 1, 1)), weight(4, 1, 1))),
    "multiply_gate": _gate,
    "multiply_input": lambda: relay.multiply(image(), relay.const(2.0)),
    "subtract": lambda: relay.subtract(*_two_stems()),
    "clip_input": lambda: relay.clip(image(), 0.0, 6.0),
    "clip_of_clip": lambda: relay.clip(relay.clip(conv(image()), 0.0, 6.0), 0.0, 4.0),
    "relu_input": lambda: relay.nn.relu(image()),
    "max_pool": lambda: relay.nn.max_pool2d(stem(), (2, 2), (2, 2)),
    "max_pool_then_conv": lambda: block(relay.nn.max_pool2d(stem(), (2, 2), (2, 2))),
    "max_pool_input": lambda: conv(relay.nn.max_pool2d(image(), (2, 2), (2, 2))),
    "avg_pool": lambda: conv(relay.nn.avg_pool2d(stem(), (2, 2), (2, 2))),
    "global_avg_pool": lambda: relay.nn.global_avg_pool2d(stem()),
    "global_avg_pool_then_conv": lambda: conv(relay.nn.global_avg_pool2d(stem()), size=1),
    "global_avg_pool_input": lambda: relay.nn.global_avg_pool2d(image()),
    "adaptive_avg_pool": lambda: conv(relay.nn.adaptive_avg_pool2d(stem(), (1, 1)), size=1),
    "classifier": lambda: relay.nn.dense(
        relay.nn.batch_flatten(relay.nn.global_avg_pool2d(stem())), weight(5, 4), units=5
    ),
    "dense": lambda: relay.nn.relu(relay.nn.dense(var("data", 2, 8), weight(5, 8), units=5)),
    "dense_bias": lambda: relay.add(relay.nn.dense(relay.nn.relu(var("data", 2, 8)), weight(5, 8)), weight(5)),
    "concatenate": _concatenated,
    "concatenate_with_input": lambda: conv(relay.concatenate([image(), stem()], axis=1), inputs=8),
    "reshape": lambda: relay.nn.dense(relay.reshape(stem(), (1, 256)), weight(5, 256)),
    "transpose": lambda: conv(relay.transpose(stem(), (0, 1, 3, 2))),
    "upsampling": lambda: conv(relay.nn.upsampling(stem(), 2, 2)),
    "pad": lambda: conv(relay.nn.pad(stem(), ((0, 0), (0, 0), (1, 1), (1, 1)), 0.0)),
    "split": lambda: (lambda parts: conv(relay.add(parts[0], parts[1]), inputs=2))(relay.split(stem(), 2, axis=1)),
    "used_three_times": _stem_used_three_times,
    "tuple_output": _tuple_output,
    "output_twice": lambda: (lambda x: relay.Tuple([x, x]))(stem()),
    "batch_norm": lambda: relay.nn.relu(batch_norm(conv(image()))),
    "parameter": lambda: image(),
    "constant": lambda: relay.const(1.0),
}

for _name, _build in REGIONS.items():
    PROGRAMS[f"partition_{_name}"] = lambda build=_build: partitioned(build())
    PROGRAMS[f"prepared_{_name}"] = lambda build=_build: partitioned(build(), prepared=True)


@program
def skip_first():
    return partitioned(_chain(3), skip_conv_layers=[0])


@program
def skip_some():
    return partitioned(_chain(3), skip_conv_layers=[0, 2])


@program
def skip_all():
    return partitioned(_chain(2), skip_conv_layers=[0, 1])


@program
def skip_dense():
    body = relay.nn.relu(relay.nn.dense(relay.nn.relu(var("data", 2, 8)), weight(5, 8)))
    return partitioned(body, skip_dense_layer=True), partitioned(body, skip_dense_layer=False)


@program
def partition_twice():
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(function(_chain(2))))
    once = relay.quantize.partition()(mod)
    return relay.quantize.partition()(once)["main"]


@program
def partition_keeps_the_module():
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(function(_chain(2))))
    relay.quantize.partition()(mod)
    return mod["main"]


@program
def partition_without_types():
    return relay.quantize.partition()(tvm.IRModule.from_expr(function(_chain(2))))["main"]


@program
def partition_of_several():
    """Partition rewrites each function of a module."""
    x, y = image(), image()
    mod = tvm.IRModule()
    mod["main"] = relay.Function([x], block(x))
    mod["other"] = relay.Function([y], relay.nn.relu(conv(y)))
    return relay.quantize.partition()(relay.transform.InferType()(mod))


@program
def prerequisite_batch_norm():
    mod = tvm.IRModule.from_expr(function(relay.nn.relu(batch_norm(conv(image())))))
    return relay.quantize.prerequisite_optimize(mod)["main"]


@program
def prerequisite_opt_level():
    """The prerequisites decide on their own optimization level."""
    mod = tvm.IRModule.from_expr(function(relay.nn.relu(batch_norm(conv(image())))))
    with tvm.transform.PassContext(opt_level=0):
        return relay.quantize.prerequisite_optimize(mod)["main"]


@program
def prerequisite_params():
    x, w, b = image(), var("w", 4, 4, 3, 3), var("b", 4)
    whole = relay.Function([x, w, b], relay.nn.bias_add(relay.nn.conv2d(x, w), b))
    mod = tvm.IRModule.from_expr(whole)
    params = {"w": weight(4, 4, 3, 3).data, "b": weight(4).data}
    return relay.quantize.prerequisite_optimize(mod, params)["main"]


@program
def prerequisite_some_params():
    x, w, b = image(), var("w", 4, 4, 3, 3), var("b", 4)
    whole = relay.Function([x, w, b], relay.nn.bias_add(relay.nn.conv2d(x, w), b))
    return relay.quantize.prerequisite_optimize(tvm.IRModule.from_expr(whole), {"w": weight(4, 4, 3, 3).data})["main"]


@program
def prerequisite_twice():
    mod = tvm.IRModule.from_expr(function(relay.nn.relu(batch_norm(conv(image())))))
    return relay.quantize.prerequisite_optimize(relay.quantize.prerequisite_optimize(mod))["main"]


@program
def prerequisite_constants_meet():
    """Two constants that meet after folding: what one round of the passes leaves."""
    x = bias(relay.multiply(bias(conv(image())), positive(4, 1, 1)))
    return relay.quantize.prerequisite_optimize(tvm.IRModule.from_expr(function(x)))["main"]


@program
def configuration():
    with relay.quantize.qconfig(skip_conv_layers=[0, 3], calibrate_mode="kl_divergence", weight_scale="max"):
        inner = str(relay.quantize.current_qconfig())
    return relay.quantize.current_qconfig(), inner, relay.quantize.qconfig(nbit_input=4, global_scale=4.0)


@program
def configuration_fields():
    with relay.quantize.qconfig(skip_conv_layers=[1]):
        config = relay.quantize.current_qconfig()
        names = ("nbit_input", "nbit_weight", "nbit_activation", "dtype_input", "dtype_weight", "dtype_activation")
        more = (
            "calibrate_mode",
            "global_scale",
            "weight_scale",
            "skip_conv_layers",
            "skip_dense_layer",
            "do_simulation",
        )
        rest = ("round_for_shift", "debug_enabled_ops", "rounding", "calibrate_chunk_by", "partition_conversions")
        return tuple(f"{name} {getattr(config, name)!r}" for name in (*names, *more, *rest))


@contextmanager
def rules(**changed: Callable | None) -> Iterator[None]:
    """Other partition rules for a while; operators are spelled with `__` for a dot. None: no rule."""
    kept = {}
    for spelled, rule in changed.items():
        name = spelled.replace("__", ".")
        operator = tvm.ir.Op.get(name)
        kept[name] = operator.get_attr(RULES)
        operator.reset_attr(RULES)
        if rule is not None:
            relay.quantize.register_partition_function(name, rule)
    try:
        yield
    finally:
        for name, rule in kept.items():
            tvm.ir.Op.get(name).reset_attr(RULES)
            if rule is not None:
                relay.quantize.register_partition_function(name, rule)


def _parts():
    from tvm.relay.quantize._partition import QPartitionExpr, partition_expr_check
    from tvm.relay.quantize.quantize import _forward_op

    return QPartitionExpr, partition_expr_check, _forward_op


def as_region(call, arguments, context):
    """Each result is a region's output."""
    wrapper, _, forward = _parts()
    return wrapper(forward(call, arguments))


def realizing(call, arguments, context):
    """Arguments are realized; the result is an expression."""
    _, check, forward = _parts()
    return forward(call, [value.realize() if found else value for found, value in _checked(arguments)])


def _checked(arguments):
    wrapper, check, _ = _parts()
    return [(isinstance(a, wrapper), a) for a in arguments]


def identity(call, arguments, context):
    """The operator stays in the region of its argument."""
    wrapper, check, forward = _parts()
    found, value = check(arguments[0])
    return wrapper(forward(call, [value])) if found else None


def nothing(call, arguments, context):
    return None


def _pooled():
    return conv(relay.nn.max_pool2d(relay.nn.relu(conv(image())), (2, 2), (2, 2)))


DEFAULTS = ("nn__conv2d", "nn__relu", "clip", "nn__max_pool2d", "add", "multiply", "nn__global_avg_pool2d")


@program
def rules_none():
    with rules(**dict.fromkeys(DEFAULTS)):
        return partitioned(_pooled())


@program
def rules_relu_region():
    with rules(**{**dict.fromkeys(DEFAULTS), "nn__relu": as_region}):
        return partitioned(_pooled())


@program
def rules_pool_region():
    with rules(**{**dict.fromkeys(DEFAULTS), "nn__max_pool2d": as_region}):
        return partitioned(_pooled())


@program
def rules_relu_and_pool_region():
    with rules(**{**dict.fromkeys(DEFAULTS), "nn__relu": as_region, "nn__max_pool2d": as_region}):
        return partitioned(_pooled())


@program
def rules_identity():
    with rules(nn__relu=identity, nn__max_pool2d=identity):
        return partitioned(_pooled())


@program
def rules_identity_for_sigmoid():
    with rules(sigmoid=identity):
        return partitioned(conv(relay.sigmoid(stem())))


@program
def rules_realizing():
    with rules(nn__relu=realizing):
        return partitioned(_pooled())


@program
def rules_returning_none():
    with rules(nn__relu=nothing):
        return partitioned(_pooled())


@program
def rules_for_dense():
    with rules(nn__dense=as_region):
        return partitioned(relay.nn.relu(relay.nn.dense(relay.nn.relu(var("data", 2, 8)), weight(5, 8))))


@program
def rules_for_concatenate():
    """A rule sees the tuple that the operator takes as one argument."""
    seen = []

    def rule(call, arguments, context):
        _, check, _ = _parts()
        seen.append(f"{len(arguments)} {check(arguments[0])[0]}")

    with rules(concatenate=rule):
        return partitioned(_concatenated()), *seen


@program
def rules_see():
    """What a rule is handed: each call once, arguments already rewritten, in which order."""
    seen = []

    def rule(call, arguments, context):
        _, check, _ = _parts()
        flags = [check(argument)[0] for argument in arguments]
        seen.append(f"{call.op.name} {flags} {len(call.args)} {relay.quantize.current_qconfig().nbit_input}")

    with rules(nn__conv2d=rule, add=rule, nn__relu=rule):
        partitioned(_add_residual())
    return tuple(seen)


@program
def rules_by_level():
    """Of two rules for one operator the higher level holds."""
    calls = []
    with rules(sigmoid=None):
        relay.quantize.register_partition_function("sigmoid", lambda c, a, x: calls.append("ten"), level=10)
        relay.quantize.register_partition_function("sigmoid", lambda c, a, x: calls.append("twelve"), level=12)
        partitioned(relay.sigmoid(stem()))
    return tuple(calls)


@program
def registered_rules():
    names = (
        "nn.conv2d",
        "nn.relu",
        "clip",
        "nn.max_pool2d",
        "add",
        "multiply",
        "nn.global_avg_pool2d",
        "nn.dense",
        "sigmoid",
    )
    return tuple(f"{name} {tvm.ir.Op.get(name).get_attr(RULES) is not None}" for name in names)


@program
def region_expression():
    """A QPartitionExpr and what it becomes."""
    wrapper, check, forward = _parts()
    x = relay.nn.relu(image())
    region = wrapper(x)
    found, inner = check(region)
    return found, inner, check(x)[0], region.realize(), typed(region.realize())


@program
def forward_call():
    _, _, forward = _parts()
    call = relay.clip(image(), 0.0, 6.0)
    return forward(call, [relay.exp(image())])
