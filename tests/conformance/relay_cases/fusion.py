"""FuseOps and DefuseOps: which operators share a function, what it takes, and what it is called with."""

from ..engine import relay, tvm
from ..networks import NETWORKS
from ..pipeline import Network, imported
from .programs import Programs, function, positive, typed, var, weight

PROGRAMS = program = Programs()

IMAGE = (1, 4, 8, 8)


def fused(expr, level=-1, opt_level=3, **config):
    """The function of `expr` after FuseOps, in a context with the options `config` of that pass."""
    mod = tvm.IRModule.from_expr(typed(expr))
    options = {f"relay.FuseOps.{name}": value for name, value in config.items()}
    with tvm.transform.PassContext(opt_level=opt_level, config=options):
        return relay.transform.FuseOps(level)(mod)["main"]


def defused(expr, **config):
    """The same after DefuseOps."""
    mod = tvm.IRModule.from_expr(fused(expr, **config))
    with tvm.transform.PassContext(opt_level=3):
        return relay.transform.DefuseOps()(mod)["main"]


def image(name="data"):
    return var(name, *IMAGE)


def conv(x, channels=4, inputs=4, size=3, **attributes):
    """A convolution that keeps the image's size, with a constant weight."""
    kernel = weight(channels, inputs, size, size)
    return relay.nn.conv2d(x, kernel, channels=channels, kernel_size=(size, size), padding=size // 2, **attributes)


def elementwise_chain(length):
    """`length` elementwise operators one after another."""
    y = var("x", 4, 6)
    for i in range(length):
        y = relay.tanh(y) if i % 2 else relay.exp(y)
    return y


# Elementwise and broadcast operators


@program
def one_operator():
    return fused(relay.exp(var("x", 4, 6)))


@program
def no_operator():
    return fused(var("x", 4, 6))


@program
def chain():
    return fused(elementwise_chain(5))


@program
def longest_chain():
    return fused(elementwise_chain(260))


@program
def broadcasts():
    x, row = var("x", 4, 6), var("row", 6)
    return fused(relay.exp(relay.add(relay.multiply(x, row), var("column", 4, 1))))


@program
def broadcast_first():
    return fused(relay.add(relay.exp(var("row", 6)), relay.tanh(var("x", 4, 6))))


@program
def diamond():
    y = relay.exp(var("x", 4, 6))
    return fused(relay.add(relay.tanh(y), relay.sigmoid(y)))


@program
def diamond_in_a_diamond():
    y = relay.exp(var("x", 4, 6))
    z = relay.add(relay.tanh(y), relay.sigmoid(y))
    return fused(relay.multiply(relay.add(relay.sqrt(z), relay.negative(z)), relay.abs(y)))


@program
def ladder():
    """Each step uses the two before it: nothing but the end post-dominates any of them."""
    one, two = relay.exp(var("x", 4, 6)), relay.tanh(var("y", 4, 6))
    for _ in range(6):
        one, two = two, relay.add(one, two)
    return fused(two)


@program
def shared_by_two_results():
    y = relay.exp(var("x", 4, 6))
    return fused(relay.Tuple([relay.tanh(y), relay.sigmoid(y)]))


@program
def result_that_is_used():
    y = relay.exp(var("x", 4, 6))
    return fused(relay.Tuple([relay.tanh(y), y]))


@program
def same_argument_twice():
    x = var("x", 4, 6)
    return fused(relay.add(relay.multiply(x, x), relay.exp(x)))


# Constants


@program
def scalar_constants():
    x = relay.add(var("x", 4, 6), relay.const(1.5))
    return fused(relay.multiply(relay.clip(x, 0.0, 6.0), relay.const(0.5)))


@program
def shared_scalar_constant():
    two = relay.const(2.0)
    product = relay.nn.dense(relay.multiply(var("x", 4, 6), two), weight(5, 6))
    return fused(relay.multiply(product, two))


@program
def scalars_of_all_dtypes():
    results = []
    for dtype in ("float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64"):
        results.append(relay.add(var("x", 4, dtype=dtype), relay.const(2, dtype)))
    return fused(relay.Tuple([*results, relay.logical_and(var("x", 4, dtype="bool"), relay.const(True))]))


@program
def constant_of_one_element():
    return fused(relay.exp(relay.add(var("x", 4, 6), relay.const([1.5]))))


@program
def constants_linked():
    x = relay.nn.dense(var("x", 4, 6), weight(5, 6))
    return fused(relay.nn.relu(relay.add(x, weight(5))), link_params=True)


@program
def constant_result():
    return fused(relay.Tuple([relay.const(1.0), relay.exp(relay.const(2.0)), relay.zeros((2,), "float32")]))


# Convolutions, dense layers and their like


@program
def conv_bias_relu():
    return fused(relay.nn.relu(relay.nn.bias_add(conv(image()), weight(4))))


@program
def conv_add_bias_relu():
    return fused(relay.nn.relu(relay.add(conv(image()), weight(4, 1, 1))))


@program
def conv_conv():
    return fused(relay.nn.relu(conv(relay.nn.relu(conv(image())))))


@program
def residual_of_two_convs():
    x = image()
    return fused(relay.nn.relu(relay.add(conv(x), conv(x))))


@program
def residual_around_a_conv():
    x = relay.nn.relu(image())
    return fused(relay.nn.relu(relay.add(x, conv(x))))


@program
def conv_that_branches():
    y = conv(image())
    return fused(relay.add(relay.nn.relu(y), relay.sigmoid(y)))


@program
def conv_that_branches_into_a_broadcast():
    y = conv(image())
    return fused(relay.add(relay.nn.relu(y), relay.multiply(y, weight(4, 1, 1))))


@program
def conv_that_is_broadcast():
    y = conv(var("data", 1, 4, 1, 1))
    return fused(relay.nn.relu(relay.multiply(y, image("x"))))


@program
def conv_then_reshape():
    return fused(relay.exp(relay.reshape(relay.nn.relu(conv(image())), (1, 256))))


@program
def conv_requantized():
    y = relay.nn.conv2d(
        var("data", 1, 4, 8, 8, dtype="int8"),
        var("weight", 4, 4, 3, 3, dtype="int8"),
        kernel_size=(3, 3),
        out_dtype="int32",
    )
    y = relay.fixed_point_multiply(relay.add(y, var("bias", 4, 1, 1, dtype="int32")), 1 << 30, 2)
    return fused(relay.cast(relay.clip(y, -127, 127), "int8"))


@program
def dense_and_batch_matmul():
    x = relay.nn.relu(relay.nn.dense(var("x", 4, 6), weight(5, 6)))
    y = relay.nn.batch_matmul(relay.expand_dims(x, 0), var("y", 1, 7, 5))
    return fused(relay.tanh(y))


@program
def global_pool_and_dense():
    y = relay.nn.global_avg_pool2d(relay.nn.relu(conv(image())))
    return fused(relay.nn.softmax(relay.nn.dense(relay.nn.batch_flatten(y), weight(3, 4))))


@program
def pools():
    y = relay.nn.max_pool2d(relay.nn.relu(image()), pool_size=(2, 2), strides=(2, 2))
    return fused(relay.nn.relu(relay.nn.avg_pool2d(relay.nn.relu(y), pool_size=(2, 2))))


# Reductions


@program
def reduce_after_elementwise():
    return fused(relay.sum(relay.exp(relay.add(var("x", 4, 6), relay.const(1.0))), axis=1))


@program
def elementwise_after_reduce():
    return fused(relay.sqrt(relay.sum(var("x", 4, 6), axis=1)))


@program
def softmax_by_hand():
    x = var("x", 4, 6)
    y = relay.exp(relay.subtract(x, relay.max(x, axis=1, keepdims=True)))
    return fused(relay.divide(y, relay.sum(y, axis=1, keepdims=True)))


@program
def reduce_after_injective():
    return fused(relay.sum(relay.transpose(relay.exp(var("x", 4, 6))), axis=1))


@program
def layer_norm_by_hand():
    x = var("x", 4, 6)
    mean = relay.mean(x, axis=1, keepdims=True)
    centered = relay.subtract(x, mean)
    variance = relay.mean(relay.multiply(centered, centered), axis=1, keepdims=True)
    return fused(relay.divide(centered, relay.sqrt(relay.add(variance, relay.const(1e-5)))))


@program
def argmax_after_elementwise():
    return fused(relay.cast(relay.argmax(relay.exp(var("x", 4, 6)), axis=1), "float32"))


# Injective operators


@program
def reshapes():
    y = relay.expand_dims(relay.squeeze(relay.reshape(relay.nn.softmax(var("x", 4, 6)), (1, 24))), 0)
    return fused(relay.nn.softmax(y))


@program
def reshape_and_more():
    return fused(relay.transpose(relay.reshape(relay.nn.softmax(var("x", 4, 6)), (6, 4))))


@program
def injective_chain():
    y = relay.strided_slice(relay.transpose(var("x", 4, 6)), [0, 0], [3, 2])
    return fused(relay.exp(relay.reshape(y, (2, 3))))


@program
def injective_diamond():
    y = relay.transpose(relay.exp(var("x", 4, 6)))
    return fused(relay.add(relay.reshape(y, (4, 6)), relay.reshape(relay.tanh(y), (4, 6))))


@program
def take_and_gather():
    table, at = var("table", 10, 6), var("at", 4, dtype="int32")
    return fused(relay.exp(relay.take(relay.tanh(table), relay.add(at, relay.const(1, "int32")), axis=0)))


@program
def pad_and_upsample():
    y = relay.nn.pad(relay.nn.relu(image()), ((0, 0), (0, 0), (1, 1), (1, 1)))
    return fused(relay.nn.relu(relay.nn.upsampling(y, scale_h=2, scale_w=2)))


# Tuples


@program
def concatenate_of_elementwise():
    x = var("x", 4, 6)
    return fused(relay.concatenate([relay.exp(x), relay.tanh(x), x], axis=1))


@program
def concatenate_then_elementwise():
    x = var("x", 4, 6)
    return fused(relay.exp(relay.concatenate([relay.exp(x), relay.tanh(x)], axis=1)))


@program
def concatenate_of_convs():
    x = image()
    return fused(relay.nn.relu(relay.concatenate([relay.nn.relu(conv(x)), relay.nn.relu(conv(x, size=1))], axis=1)))


@program
def concatenate_of_concatenates():
    x = image()
    inner = relay.concatenate([relay.nn.relu(x), relay.tanh(x)], axis=1)
    return fused(relay.nn.relu(relay.concatenate([inner, relay.sigmoid(x)], axis=1)))


@program
def concatenate_of_constants():
    return fused(relay.concatenate([var("x", 1, 6), weight(2, 6), relay.const([[1.0] * 6])], axis=0))


@program
def concatenate_of_pools_and_convs():
    """An inception block: what ends in a reduction stays outside, the relus after convolutions do too."""
    x = relay.nn.relu(conv(image()))
    pooled = relay.nn.max_pool2d(x, pool_size=(3, 3), padding=(1, 1))
    branches = [relay.nn.relu(conv(x, size=1)), relay.nn.relu(conv(pooled, size=1)), pooled, relay.exp(x)]
    return fused(conv(relay.concatenate(branches, axis=1), inputs=16))


@program
def shared_tuple():
    x = var("x", 4, 6)
    pair = relay.Tuple([relay.exp(x), relay.tanh(x)])
    return fused(relay.add(relay.concatenate(pair, axis=0), relay.concatenate(pair, axis=0)))


@program
def tuple_with_other_users():
    x = var("x", 4, 6)
    y = relay.exp(x)
    return fused(relay.Tuple([relay.concatenate([y, relay.tanh(x)], axis=0), y]))


@program
def stack_after_reshape():
    x = var("x", 4, 6)
    return fused(relay.stack([relay.reshape(x, (24,)), relay.reshape(relay.exp(x), (24,))], axis=0))


@program
def split_and_add():
    left, right = relay.split(relay.exp(var("x", 4, 6)), 2, axis=1)
    return fused(relay.add(left, right))


@program
def split_to_two_results():
    left, right = relay.split(relay.exp(var("x", 4, 6)), 2, axis=1)
    return fused(relay.Tuple([relay.tanh(left), relay.sigmoid(right)]))


@program
def one_part_of_a_split():
    return fused(relay.split(relay.exp(var("x", 4, 6)), 2, axis=1)[1])


@program
def split_and_concatenate():
    left, right = relay.split(relay.nn.relu(image()), 2, axis=1)
    return fused(relay.concatenate([relay.tanh(right), left], axis=1))


@program
def split_into_convs():
    left, right = relay.split(relay.nn.relu(conv(image())), 2, axis=1)
    return fused(relay.concatenate([conv(left, inputs=2), conv(right, inputs=2)], axis=1))


@program
def field_of_an_opaque_operator():
    values = relay.topk(relay.exp(var("x", 4, 6)), k=2)
    return fused(relay.add(values[0], relay.const(1.0)))


@program
def fields_of_an_opaque_operator():
    values = relay.topk(var("x", 4, 6), k=2)
    return fused(relay.Tuple([relay.exp(values[0]), values[1]]))


@program
def field_of_a_tuple():
    x = var("x", 4, 6)
    return fused(relay.TupleGetItem(relay.Tuple([relay.exp(x), relay.tanh(x)]), 1))


@program
def field_of_a_tuple_of_variables():
    return fused(relay.TupleGetItem(relay.Tuple([var("x", 4), var("y", 5)]), 1))


@program
def field_of_a_parameter():
    tensor = relay.TensorType((4, 6), "float32")
    pair = relay.var("pair", relay.TupleType([tensor, tensor]))
    return fused(relay.reshape(relay.TupleGetItem(pair, 0), (6, 4)))


@program
def nested_tuples():
    x = var("x", 4, 6)
    inner = relay.Tuple([relay.exp(x), relay.tanh(x)])
    outer = relay.Tuple([inner, relay.sqrt(x)])
    return fused(relay.add(relay.TupleGetItem(relay.TupleGetItem(outer, 0), 1), relay.TupleGetItem(outer, 1)))


@program
def unfused_batch_norm():
    x = relay.nn.relu(image())
    return fused(relay.nn.relu(relay.nn.batch_norm(x, weight(4), weight(4), weight(4), positive(4))[0]))


# stop_fusion and what the quantizer leaves


@program
def stop_fusion():
    y = relay.annotation.stop_fusion(relay.exp(var("x", 4, 6)))
    return fused(relay.tanh(y))


@program
def stop_fusion_twice():
    y = relay.annotation.stop_fusion(relay.annotation.stop_fusion(relay.exp(var("x", 4, 6))))
    return fused(relay.tanh(y))


@program
def stop_fusion_in_one_branch():
    y = relay.exp(var("x", 4, 6))
    return fused(relay.add(relay.annotation.stop_fusion(y), relay.tanh(y)))


@program
def stop_fusion_of_a_parameter():
    x = var("x", 4, 6)
    return fused(relay.add(relay.annotation.stop_fusion(x), x))


@program
def stop_fusion_at_the_end():
    return fused(relay.annotation.stop_fusion(relay.exp(var("x", 4, 6))))


@program
def stop_fusion_of_a_tuple():
    parts = relay.split(relay.exp(var("x", 4, 6)), 2, axis=1)
    pair = relay.annotation.stop_fusion(parts.astuple())
    return fused(relay.add(relay.TupleGetItem(pair, 0), relay.TupleGetItem(pair, 1)))


@program
def stop_fusion_of_a_constant():
    return fused(relay.add(var("x", 4, 6), relay.annotation.stop_fusion(relay.const(2.0))))


# What is not fused through


@program
def lets():
    x, y = var("x", 4, 6), relay.var("y")
    return fused(relay.Let(y, relay.exp(relay.tanh(x)), relay.sqrt(relay.add(y, relay.exp(x)))))


@program
def lets_after_each_other():
    x, y, z = var("x", 4, 6), relay.var("y"), relay.var("z")
    inner = relay.Let(z, relay.exp(relay.tanh(y)), relay.add(y, z))
    return fused(relay.Let(y, relay.exp(x), inner))


@program
def branches():
    x, c = var("x", 4, 6), relay.var("c", "bool")
    y = relay.exp(x)
    return fused(relay.tanh(relay.If(relay.logical_not(c), relay.sqrt(relay.negative(y)), relay.abs(relay.tanh(x)))))


@program
def nested_function():
    x, a = var("x", 4, 6), var("a", 4, 6)
    inner = function(relay.sqrt(relay.exp(a)))
    return fused(relay.tanh(relay.Call(inner, [relay.negative(relay.abs(x))])))


@program
def closure():
    x, a = var("x", 4, 6), var("a", 4, 6)
    inner = relay.Function([a], relay.add(relay.sqrt(a), relay.exp(relay.tanh(x))))
    return fused(relay.Call(inner, [relay.negative(relay.abs(x))]))


@program
def function_called_twice():
    x, a = var("x", 4, 6), var("a", 4, 6)
    inner = function(relay.sqrt(relay.exp(a)))
    return fused(relay.add(relay.Call(inner, [x]), relay.exp(relay.Call(inner, [relay.exp(x)]))))


@program
def global_function():
    a = var("a", 4, 6)
    callee = relay.GlobalVar("callee")
    mod = tvm.IRModule({callee: relay.Function([a], relay.sqrt(relay.exp(a)), a.type_annotation)})
    mod["main"] = function(relay.tanh(relay.Call(callee, [relay.exp(relay.negative(var("x", 4, 6)))])))
    with tvm.transform.PassContext(opt_level=3):
        mod = relay.transform.FuseOps()(relay.transform.InferType()(mod))
    return mod["main"], mod["callee"]


@program
def fused_twice():
    x = relay.nn.relu(relay.add(conv(image()), weight(4, 1, 1)))
    return fused(fused(relay.concatenate([x, relay.exp(x)], axis=1)))


# Levels and options


@program
def levels():
    y = relay.transpose(relay.add(relay.exp(var("x", 4, 6)), relay.const(1.0)))
    y = relay.concatenate([relay.tanh(y), relay.reshape(y, (6, 4))], axis=0)
    return tuple(fused(y, level) for level in range(4))


@program
def levels_of_the_context():
    y = relay.tanh(relay.exp(var("x", 4, 6)))
    return tuple(fused(y, opt_level=level) for level in range(4))


@program
def depths():
    y = relay.exp(var("x", 4, 6))
    y = relay.add(relay.tanh(relay.sigmoid(y)), relay.multiply(relay.sqrt(y), relay.const(2.0)))
    return tuple(fused(relay.abs(y), max_depth=depth) for depth in range(9))


@program
def depths_below_zero():
    x = var("x", 4, 6)
    y = relay.concatenate([relay.exp(x), relay.tanh(relay.add(x, relay.const(1.0)))], axis=0)
    longer = x
    for _ in range(260):
        longer = relay.exp(longer)
    return *(fused(y, level, max_depth=-1) for level in range(-1, 4)), fused(longer, max_depth=-2)


# DefuseOps


@program
def defuse_chain():
    return defused(elementwise_chain(4))


@program
def defuse_residual():
    x = relay.nn.relu(image())
    return defused(relay.nn.relu(relay.add(x, conv(x))))


@program
def defuse_split():
    left, right = relay.split(relay.exp(var("x", 4, 6)), 2, axis=1)
    return defused(relay.Tuple([relay.tanh(left), relay.sigmoid(right)]))


@program
def defuse_one_part_of_a_split():
    return defused(relay.split(relay.exp(var("x", 4, 6)), 2, axis=1)[1])


@program
def defuse_concatenate():
    x = image()
    return defused(relay.concatenate([relay.nn.relu(conv(x)), relay.nn.relu(x)], axis=1))


@program
def defuse_let():
    x, y = var("x", 4, 6), relay.var("y")
    return defused(relay.Let(y, relay.exp(relay.tanh(x)), relay.sqrt(relay.add(y, relay.exp(x)))))


@program
def defuse_nothing():
    return defused(var("x", 4, 6))


# Whole networks, as they are and with the marks of the partition


def network(spec: Network):
    with tvm.transform.PassContext(opt_level=3):
        mod, params = imported(spec)
        mod = relay.quantize.prerequisite_optimize(tvm.IRModule.from_expr(mod["main"]), params)
        partitioned = relay.quantize.partition()(mod)
        fuse, defuse = relay.transform.FuseOps(), relay.transform.DefuseOps()
        return fuse(mod)["main"], fuse(partitioned)["main"], defuse(fuse(partitioned))["main"]


for name, spec in NETWORKS.items():
    PROGRAMS[f"network_{name}"] = lambda spec=spec: network(spec)
