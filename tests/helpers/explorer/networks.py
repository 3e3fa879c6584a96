"""Small networks to switch rules for."""

import numpy as np
import set_env  # noqa: F401
import tvm
from tvm import relay


def module(body, *params):
    return relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function(params, body)))


def data(name="data"):
    return relay.var(name, shape=(1, 4, 8, 8))


def conv(value, seed=0):
    weight = np.random.default_rng(seed).standard_normal((4, 4, 3, 3)).astype("float32")
    return relay.nn.conv2d(value, relay.const(weight), padding=(1, 1), channels=4, kernel_size=(3, 3))


def chain():
    """Two regions, and behind them one operator without a rule."""
    x = data()
    body = relay.nn.relu(conv(relay.nn.relu(conv(x)), 1))
    return module(relay.nn.avg_pool2d(body, (2, 2), (2, 2)), x)


def residual():
    x = data()
    first = relay.nn.relu(conv(x))
    return module(relay.nn.relu(relay.add(first, conv(first, 1))), x)


def concatenated():
    """A value of a region and one of none, in a tuple: 4 × 8 × 8 float32 numbers come from `tanh`."""
    x = data()
    return module(relay.nn.relu(relay.concatenate([conv(x), relay.tanh(x)], 1)), x)


def split():
    """`split` has no rule; both of its halves, of 2 × 8 × 8 float32 numbers, are read."""
    x = data()
    halves = relay.split(conv(x), 2, 1)
    return module(relay.add(halves[0], halves[1]), x)
