"""Random small networks, and what hypothesis needs to draw them.

A network grows step by step. A step takes one or two tensors that are there and makes another. The numbers that are
drawn say which step and which tensors; what does not fit the shape at hand is not among the steps for that shape. So
whatever is drawn is a network.
"""

import functools
import math
import os

import numpy as np
import set_env  # noqa: F401
import tvm
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from tvm import relay
from tvm.relay.transform.infer_type import infer

# `make test PROPERTIES=deep` draws twenty times as many networks, and others each time.
DEEP = os.environ.get("PROPERTIES") == "deep"


def examples(number: int, shrinking: bool = True) -> settings:
    """How a property is tried: on the same `number` of networks each time, or on many times more.

    What fails is made smaller, unless that would take minutes, as it does where each network is compiled.
    """
    return settings(
        max_examples=20 * number if DEEP else number,
        derandomize=not DEEP,
        database=None,
        deadline=None,
        phases=[phase for phase in Phase if shrinking or phase not in (Phase.shrink, Phase.explain)],
        suppress_health_check=list(HealthCheck),
    )


class Network:
    """A network in float32 with one image as input; `made` has all its tensors, typed."""

    def __init__(self, seed, channels_last=False, batch=1):
        self.rng = np.random.RandomState(seed)
        self.layout, self.axis = ("NHWC", 3) if channels_last else ("NCHW", 1)
        shape = self.image_shape(batch, 4, 6, 6)
        self.data = relay.var("data", shape=shape)
        self.inputs = {"data": self.rng.normal(size=shape).astype("float32")}
        self.made = [infer(relay.Function([self.data], self.data)).params[0]]
        self.data = self.made[0]

    def image_shape(self, batch, channels, height, width):
        return (batch, height, width, channels) if self.axis == 3 else (batch, channels, height, width)

    def step(self, steps, what, first, second):
        """Make another tensor of two that are there, by one of those of `steps` that fit them."""
        x = self.made[first % len(self.made)]
        alike = [y for y in self.made if shape(y) == shape(x)]
        fitting = [name for name in steps if name in STEPS[len(shape(x))]]
        name = fitting[what % len(fitting)]
        made = STEPS[len(shape(x))][name](self, x, alike[second % len(alike)])
        if made is not None:
            self.made.append(infer(relay.Function([self.data], made)).body)

    def module(self, outputs=2):
        """A module that gives the last tensors."""
        given = self.made[-outputs:]
        body = given[0] if len(given) == 1 else relay.Tuple(given)
        return relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function([self.data], body)))

    def numbers(self, *shape, low=-1.0, high=1.0):
        return relay.const(self.rng.uniform(low, high, size=shape).astype("float32"))

    def weights(self, *shape):
        """Such that what is summed up stays about as large as it was."""
        return relay.const((self.rng.normal(size=shape) / math.sqrt(math.prod(shape[1:]))).astype("float32"))

    def pick(self, *choices):
        return choices[self.rng.randint(len(choices))]

    def size(self, x):
        """Batch, channels, height and width of an image."""
        batch, *rest = shape(x)
        channels = rest.pop(self.axis - 1)
        return batch, channels, *rest

    def by_channel(self, x):
        """A number for each channel, in one of the shapes and signs that decide what a pass may do."""
        channels = self.size(x)[1]
        values = self.rng.uniform(0.5, 2.0, size=channels).astype("float32")
        kind = self.pick("positive", "positive", "negative", "zero")
        if kind == "negative":
            values[0] = -values[0]
        if kind == "zero":
            values[-1] = 0
        whole = self.image_shape(1, channels, 1, 1)
        return relay.const(values.reshape(self.pick(whole, whole[1:])))


def shape(x):
    return x.checked_type.concrete_shape


STEPS = {4: {}, 3: {}, 2: {}}


def step(*ranks):
    """Register a function of (network, tensor, another of its shape) for tensors of these ranks."""

    def register(function):
        for rank in ranks:
            STEPS[rank][function.__name__] = function
        return function

    return register


# On images


def convolved(net, x, weight, kernel_layout="OIHW", **attrs):
    if net.axis == 3:
        weight, kernel_layout = relay.const(weight.value().transpose(2, 3, 1, 0).copy()), "HWIO"
    return relay.nn.conv2d(x, weight, data_layout=net.layout, kernel_layout=kernel_layout, **attrs)


@step(4)
def conv(net, x, y):
    _, taken, height, width = net.size(x)
    kernel = net.pick(1, 3) if min(height, width) >= 3 else 1
    padding = net.pick(0, kernel // 2)
    channels, stride = net.pick(4, 8), net.pick(1, 1, 2)
    weight = net.weights(channels, taken, kernel, kernel)
    return convolved(
        net, x, weight, channels=channels, kernel_size=(kernel, kernel), padding=padding, strides=(stride, stride)
    )


@step(4)
def same_conv(net, x, y):
    """A convolution that keeps the shape: the second half of a residual block."""
    channels = net.size(x)[1]
    return convolved(
        net, x, net.weights(channels, channels, 3, 3), channels=channels, kernel_size=(3, 3), padding=(1, 1)
    )


@step(4)
def dilated_conv(net, x, y):
    taken = net.size(x)[1]
    weight = net.weights(4, taken, 3, 3)
    return convolved(net, x, weight, channels=4, kernel_size=(3, 3), padding=(2, 2), dilation=(2, 2))


@step(4)
def grouped_conv(net, x, y):
    taken = net.size(x)[1]
    groups = net.pick(2, taken) if taken % 2 == 0 else taken
    weight = net.weights(taken, taken // groups, 3, 3)
    return convolved(net, x, weight, channels=taken, kernel_size=(3, 3), padding=(1, 1), groups=groups)


@step(4)
def transposed_conv(net, x, y):
    if net.axis == 3 or max(net.size(x)[2:]) > 12:
        return None
    taken = net.size(x)[1]
    weight = net.weights(taken, 4, 2, 2)
    return relay.nn.conv2d_transpose(x, weight, channels=4, kernel_size=(2, 2), strides=(2, 2))


@step(4)
def bias_add(net, x, y):
    return relay.nn.bias_add(x, net.numbers(net.size(x)[1]), axis=net.axis)


@step(4)
def batch_norm(net, x, y):
    channels = net.size(x)[1]
    statistics = [net.numbers(channels) for _ in range(3)]
    return relay.nn.batch_norm(x, *statistics, net.numbers(channels, low=0.5, high=2.0), axis=net.axis)[0]


@step(4)
def group_norm(net, x, y):
    channels = net.size(x)[1]
    if channels % 2:
        return None
    return relay.nn.group_norm(x, net.numbers(channels), net.numbers(channels), num_groups=2, axis=net.axis)


@step(4)
def instance_norm(net, x, y):
    if math.prod(net.size(x)[2:]) == 1:
        return None  # the variance of one number is nothing but rounding errors
    channels = net.size(x)[1]
    return relay.nn.instance_norm(x, net.numbers(channels), net.numbers(channels), axis=net.axis)


@step(4)
def scaled_by_channel(net, x, y):
    return relay.multiply(*net.pick((x, net.by_channel(x)), (net.by_channel(x), x)))


@step(4)
def shifted_by_channel(net, x, y):
    return net.pick(relay.add, relay.subtract)(*net.pick((x, net.by_channel(x)), (net.by_channel(x), x)))


@step(4)
def prelu(net, x, y):
    return relay.nn.prelu(x, net.numbers(net.size(x)[1], low=0.0), axis=net.axis)


@step(4)
def max_pool(net, x, y):
    if min(net.size(x)[2:]) < 3:
        return None
    window = net.pick(2, 3)
    return relay.nn.max_pool2d(
        x, pool_size=(window, window), strides=net.pick((1, 1), (2, 2)), padding=net.pick(0, 1), layout=net.layout,
        ceil_mode=net.pick(False, True),
    )  # fmt: skip


@step(4)
def avg_pool(net, x, y):
    if min(net.size(x)[2:]) < 3:
        return None
    window = net.pick(2, 3)
    return relay.nn.avg_pool2d(
        x, pool_size=(window, window), strides=net.pick((1, 1), (2, 2)), padding=net.pick(0, 1), layout=net.layout,
        count_include_pad=net.pick(False, True),
    )  # fmt: skip


@step(4)
def global_avg_pool(net, x, y):
    return relay.nn.global_avg_pool2d(x, layout=net.layout)


@step(4)
def adaptive_avg_pool(net, x, y):
    return relay.nn.adaptive_avg_pool2d(x, output_size=net.pick((1, 1), (2, 3)), layout=net.layout)


@step(4)
def gate(net, x, y):
    return relay.multiply(x, relay.sigmoid(relay.mean(y, axis=[1, 2] if net.axis == 3 else [2, 3], keepdims=True)))


@step(4)
def upsampling(net, x, y):
    if max(net.size(x)[2:]) > 12:
        return None
    return relay.nn.upsampling(x, 2, 2, layout=net.layout, method=net.pick("nearest_neighbor", "bilinear"))


@step(4)
def pad(net, x, y):
    if max(net.size(x)[2:]) > 12:
        return None
    (_, *image), (_, *far) = net.image_shape(0, 0, 1, 2), net.image_shape(0, 0, 1, 0)
    return relay.nn.pad(x, [(0, 0), *zip(image, far)], relay.const(net.pick(0.0, 1.0)))


@step(4)
def join_channels(net, x, y):
    if net.size(x)[1] > 16:
        return None
    return relay.concatenate([x, y], axis=net.axis)


@step(4)
def join_three(net, x, y):
    if net.size(x)[1] > 16:
        return None
    return relay.concatenate([relay.nn.relu(x), y, x], axis=net.axis)


@step(4)
def half_the_channels(net, x, y):
    if net.size(x)[1] % 2:
        return None
    return relay.split(x, 2, axis=net.axis)[net.pick(0, 1)]


@step(4)
def pixel_shuffle(net, x, y):
    if net.size(x)[1] % 4 or max(net.size(x)[2:]) > 12:
        return None
    return relay.nn.depth_to_space(x, 2, layout=net.layout, mode=net.pick("DCR", "CRD"))


@step(4)
def shuffled_channels(net, x, y):
    batch, channels, height, width = net.size(x)
    if channels % 2 or net.axis == 3:
        return None
    groups = relay.transpose(relay.reshape(x, (batch, 2, channels // 2, height, width)), (0, 2, 1, 3, 4))
    return relay.reshape(groups, (batch, channels, height, width))


@step(4)
def flatten(net, x, y):
    return relay.nn.batch_flatten(x)


@step(4)
def tokens(net, x, y):
    """The pixels in a row."""
    batch, channels, height, width = net.size(x)
    return relay.reshape(relay.transpose(x, (0, 2, 3, 1)) if net.axis == 1 else x, (batch, height * width, channels))


# On rows of tokens, and on rows of numbers


@step(3)
def projected(net, x, y):
    """A linear layer as PyTorch makes it of three axes."""
    batch, count, width = shape(x)
    rows = relay.nn.dense(relay.reshape(x, (batch * count, width)), net.weights(6, width))
    return relay.reshape(rows, (batch, count, 6))


@step(3)
def attention(net, x, y):
    scores = relay.nn.softmax(relay.nn.batch_matmul(x, y, transpose_b=True), axis=-1)
    return relay.nn.batch_matmul(scores, y, transpose_b=False)


@step(3)
def conv_over_tokens(net, x, y):
    batch, count, width = shape(x)
    row = relay.nn.conv1d(
        relay.transpose(x, (0, 2, 1)), net.weights(6, width, 3), channels=6, kernel_size=3, padding=(1, 1)
    )
    return relay.transpose(row, (0, 2, 1))


@step(3)
def layer_norm(net, x, y):
    width = shape(x)[-1]
    return None if width == 1 else relay.nn.layer_norm(x, net.numbers(width), net.numbers(width))


@step(3)
def mean_of_tokens(net, x, y):
    return relay.mean(x, axis=[1])


@step(2)
def dense(net, x, y):
    weight = net.weights(net.pick(4, 8), shape(x)[1])
    return relay.nn.dense(x, weight, units=net.pick(None, shape_of_constant(weight)[0]))


@step(2)
def bias(net, x, y):
    return net.pick(relay.add, functools.partial(relay.nn.bias_add, axis=-1))(x, net.numbers(shape(x)[1]))


@step(2, 3)
def softmax(net, x, y):
    return relay.nn.softmax(x)


# On whatever there is


@step(2, 3, 4)
def relu(net, x, y):
    return relay.nn.relu(x)


@step(2, 3, 4)
def clip(net, x, y):
    return relay.clip(x, *net.pick((0.0, 6.0), (-1.0, 1.5)))


@step(2, 3, 4)
def leaky_relu(net, x, y):
    return relay.nn.leaky_relu(x, 0.1)


@step(2, 3, 4)
def smooth(net, x, y):
    return net.pick(relay.sigmoid, relay.tanh, relay.erf)(x)


@step(2, 3, 4)
def hard_swish(net, x, y):
    inner = relay.clip(relay.add(x, relay.const(3.0)), 0.0, 6.0)
    return relay.multiply(x, relay.divide(inner, relay.const(6.0)))


@step(2, 3, 4)
def scaled(net, x, y):
    return relay.multiply(*net.pick((x, relay.const(0.5)), (relay.const(-1.5), x)))


@step(2, 3, 4)
def total(net, x, y):
    return relay.add(x, y)


@step(2, 3, 4)
def difference(net, x, y):
    return relay.subtract(x, y)


@step(2, 3, 4)
def product(net, x, y):
    return relay.multiply(x, y)


@step(2, 3, 4)
def larger(net, x, y):
    return net.pick(relay.maximum, relay.minimum)(x, y)


@step(2, 3, 4)
def chosen(net, x, y):
    return relay.where(relay.greater(x, relay.const(0.0)), x, relay.multiply(x, relay.const(0.25)))


@step(2, 3, 4)
def joined(net, x, y):
    if math.prod(shape(x)) > 2000:
        return None
    return relay.concatenate([x, y], axis=len(shape(x)) - 1)


@step(2, 3, 4)
def part(net, x, y):
    last = shape(x)[-1]
    return relay.strided_slice(x, [0], [max(1, last - 1)], axes=[len(shape(x)) - 1])


@step(2, 3, 4)
def there_and_back(net, x, y):
    """What a pass may take out again."""
    axes = list(range(len(shape(x))))[::-1]
    return net.pick(
        lambda: relay.transpose(relay.transpose(x, axes), axes),
        lambda: relay.reshape(relay.reshape(x, (-1,)), shape(x)),
        lambda: relay.cast(relay.cast(x, "float64"), "float32"),
        lambda: relay.squeeze(relay.expand_dims(x, 0), [0]),
    )()


@step(2, 3, 4)
def field(net, x, y):
    return relay.TupleGetItem(relay.Tuple([x, y]), net.pick(0, 1))


@step(2, 3, 4)
def dropout(net, x, y):
    return relay.nn.dropout(x)


def shape_of_constant(constant):
    return constant.value().shape


EVERY = tuple(dict.fromkeys(name for steps in STEPS.values() for name in steps))
# What the quantizer makes integers of, and what follows it there.
INTEGRAL = (
    *("conv", "same_conv", "dilated_conv", "grouped_conv", "bias_add", "batch_norm", "scaled_by_channel", "relu"),
    *("clip", "max_pool", "avg_pool", "total", "product", "join_channels", "join_three", "flatten", "dense", "bias"),
    *("shuffled_channels", "part", "joined", "scaled", "field", "dropout"),
)
# A step mostly goes on from the newest tensor: deep networks, with a few branches.
_PLACES = st.one_of(st.just(-1), st.just(-1), st.integers(-4, -1))
_PLAN = st.tuples(st.integers(0, 999), _PLACES, _PLACES)


@st.composite
def networks(draw, steps=EVERY, least=3, most=12, channels_last=True, first=None):
    """Networks of `least` to `most` of these steps; after the step `first`, if there is one, from what that makes."""
    net = Network(
        draw(st.integers(0, 99)),
        channels_last=draw(st.booleans()) if channels_last else False,
        batch=draw(st.sampled_from([1, 1, 2])),
    )
    if first is not None:
        net.step([first], 0, -1, -1)
        del net.made[0]
    for what, one, other in draw(st.lists(_PLAN, min_size=least, max_size=most)):
        net.step(steps, what, one, other)
    return net


def leaves(value):
    """The arrays of what an executor gives."""
    return [value.numpy()] if hasattr(value, "numpy") else [leaf for part in value for leaf in leaves(part)]


def interpreted(mod, inputs):
    return leaves(relay.create_executor("debug", mod).evaluate()(**inputs))


def optimized():
    """The context that every pass of these levels runs in."""
    return tvm.transform.PassContext(opt_level=3)
