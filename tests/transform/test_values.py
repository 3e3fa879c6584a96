"""No pass changes what a network computes: random networks, before and after, on the interpreter."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tvm import relay

T = relay.transform
PASSES = {
    "SimplifyInference": T.SimplifyInference,
    "FoldConstant": T.FoldConstant,
    "BackwardFoldScaleAxis": T.BackwardFoldScaleAxis,
    "ForwardFoldScaleAxis": T.ForwardFoldScaleAxis,
    "FoldScaleAxis": T.FoldScaleAxis,
    "CanonicalizeOps": T.CanonicalizeOps,
    "CanonicalizeCast": T.CanonicalizeCast,
    "DeadCodeElimination": lambda: T.DeadCodeElimination(inline_once=True),
    "EliminateCommonSubexpr": T.EliminateCommonSubexpr,
    "SimplifyExpr": T.SimplifyExpr,
    "prerequisite": lambda: tvm.transform.Sequential(
        [T.SimplifyInference(), T.FoldConstant(), T.FoldScaleAxis(), T.CanonicalizeOps(), T.FoldConstant()]
    ),
}


class Network:
    """A network that grows step by step; a step picks one of the tensors that are there and makes another."""

    def __init__(self, seed, nhwc):
        self.rng = np.random.RandomState(seed)
        self.axis, self.layouts = (3, ("NHWC", "HWIO")) if nhwc else (1, ("NCHW", "OIHW"))
        self.data = relay.var("data", shape=(1, 5, 5, 4) if nhwc else (1, 4, 5, 5))
        self.made = [self.data]

    def numbers(self, *shape):
        return relay.const(self.rng.normal(size=shape).astype("float32"))

    def channels(self, kind):
        """Four numbers, one a channel, in one of the shapes and signs that decide what a pass may do."""
        values = self.rng.uniform(0.5, 2.0, size=4).astype("float32")
        if "negative" in kind:
            values[1] = -values[1]
        if "zero" in kind:
            values[2] = 0
        shape = [1] * 4
        shape[self.axis] = 4
        return relay.const(values.reshape(shape if "full" in kind else shape[1:]))

    def conv(self, x):
        shape = (3, 3, 4, 4) if self.axis == 3 else (4, 4, 3, 3)
        data_layout, kernel_layout = self.layouts
        return relay.nn.conv2d(
            x, self.numbers(*shape), padding=1, channels=4, kernel_size=3, data_layout=data_layout,
            kernel_layout=kernel_layout,
        )  # fmt: skip

    def depthwise(self, x):
        shape, kernel = ((3, 3, 4, 1), "HWOI") if self.axis == 3 else ((4, 1, 3, 3), "OIHW")
        return relay.nn.conv2d(
            x, self.numbers(*shape), padding=1, channels=4, groups=4, kernel_size=3, data_layout=self.layouts[0],
            kernel_layout=kernel,
        )  # fmt: skip

    def batch_norm(self, x):
        statistics = [self.numbers(4) for _ in range(3)]
        variance = relay.const(self.rng.uniform(0.5, 2, size=4).astype("float32"))
        return relay.nn.batch_norm(x, *statistics, variance, axis=self.axis)[0]

    def gate(self, x):
        return relay.sigmoid(relay.mean(x, axis=[1, 2] if self.axis == 3 else [2, 3], keepdims=True))

    def step(self, what, first, second):
        x, y = self.made[first % len(self.made)], self.made[second % len(self.made)]
        kind, _, how = what.partition(" ")
        steps = {
            "conv": lambda: self.conv(x),
            "depthwise": lambda: self.depthwise(x),
            "batch_norm": lambda: self.batch_norm(x),
            "bias_add": lambda: relay.nn.bias_add(x, self.numbers(4), axis=self.axis),
            "multiply": lambda: relay.multiply(x, self.channels(how)),
            "multiply_left": lambda: relay.multiply(self.channels(how), x),
            "scale": lambda: relay.multiply(x, relay.const(0.5)),
            "add": lambda: relay.add(x, self.channels(how)),
            "subtract_from": lambda: relay.subtract(self.channels(how), x),
            "join": lambda: relay.add(x, y),
            "gate": lambda: relay.multiply(x, self.gate(y)),
            "relu": lambda: relay.nn.relu(x),
            "leaky_relu": lambda: relay.nn.leaky_relu(x, 0.1),
            "clip": lambda: relay.clip(x, -1.0, 6.0),
            "dropout": lambda: relay.nn.dropout(x),
            "field": lambda: relay.TupleGetItem(relay.Tuple([x, y]), 1),
            "cast": lambda: relay.cast(relay.cast(x, "float64"), "float32"),
            "transpose": lambda: relay.transpose(relay.transpose(x, (0, 2, 3, 1)), (0, 3, 1, 2)),
        }
        self.made.append(steps[kind]())

    def function(self):
        return relay.Function([self.data], relay.Tuple(self.made[-2:]))


STEPS = [
    *("conv", "conv", "depthwise", "batch_norm", "bias_add", "relu", "leaky_relu", "join", "gate", "scale", "clip"),
    *("dropout", "field", "cast", "transpose"),
    *(f"{op} {how}" for op in ("multiply", "multiply_left", "add", "subtract_from") for how in ("plain", "full")),
    *("multiply negative", "multiply zero", "multiply full negative"),
]
# A step mostly goes on from the newest tensor: deep networks, with a few branches.
PLACES = st.one_of(st.just(-1), st.just(-1), st.integers(-4, -1))
NETWORKS = st.lists(st.tuples(st.sampled_from(STEPS), PLACES, PLACES), min_size=1, max_size=8)


def value(mod, data):
    return [part.numpy() for part in relay.create_executor("debug", mod).evaluate()(data)]


@pytest.mark.parametrize("name", PASSES)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(steps=NETWORKS, seed=st.integers(0, 99), nhwc=st.booleans())
def test_pass_keeps_the_value(name, steps, seed, nhwc):
    network = Network(seed, nhwc)
    for step in steps:
        network.step(*step)
    mod = T.InferType()(tvm.IRModule.from_expr(network.function()))
    data = np.random.RandomState(seed).normal(size=network.data.type_annotation.concrete_shape).astype("float32")
    with tvm.transform.PassContext(opt_level=3):
        after = PASSES[name]()(mod)
    for new, old in zip(value(after, data), value(mod, data)):
        np.testing.assert_allclose(new, old, rtol=1e-5, atol=1e-5 * max(1.0, np.abs(old).max()))
    assert tvm.ir.structural_equal(T.InferType()(after), after)
