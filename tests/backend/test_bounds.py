"""Bounds of int8 numbers: what is told to primitive functions holds, and what follows from a relu is found."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay import build_module
from tvm.relay.backend.bounds import Bounds, _known, known_bounds, least_of, steps_of
from tvm.relay.backend.interpreter import schedule
from tvm.relay.backend.target import cpu_target
from tvm.relay.transform.infer_type import infer

from tests.backend.test_paths import integers

X = relay.var("x", shape=(1, 4, 6, 6), dtype="int8")
LOW, HIGH = np.int8(-128), np.int8(127)


def bounds(body):
    """The bounds that are found for a body over `X`."""
    func = infer(relay.Function([X], body), tvm.IRModule())
    (x,) = func.params
    return tuple(_known(func.body, {x: Bounds(-128, 127)})[func.body])


def wide(x):
    return relay.cast(x, "int32")


KERNEL = relay.const(np.full((2, 4, 3, 3), 3, "int8"))
SUMS = relay.nn.relu(relay.nn.conv2d(X, KERNEL, channels=2, kernel_size=(3, 3), out_dtype="int32"))
SHIFTED = relay.right_shift(SUMS + relay.const(128), relay.const(8))
HALVES = relay.nn.relu(relay.cast(X, "float32")) * relay.const(0.5)
FOUND = {
    "relu": (relay.nn.relu(X), (0, 127)),
    "clip": (relay.clip(X, -127, 127), (-127, 127)),
    "a clip that reaches beyond the dtype": (relay.clip(X, -1000, 1000), (-128, 127)),
    "a cast to more bits": (wide(relay.nn.relu(X)), (0, 127)),
    "a cast to fewer bits, which wraps": (relay.cast(wide(X) + relay.const(200), "int8"), (-128, 127)),
    "a cast to fewer bits, after a clip": (relay.cast(relay.clip(wide(X) * wide(X), 0, 127), "int8"), (0, 127)),
    "a sum": (wide(X) + relay.const(10), (-118, 137)),
    "a sum that wraps": (relay.nn.relu(X) + relay.nn.relu(X), (-128, 127)),
    "a product": (wide(X) * wide(X), (-16256, 16384)),
    "a shift": (relay.right_shift(wide(X), relay.const(3)), (-16, 15)),
    "a rescaling": (relay.fixed_point_multiply(wide(X), multiplier=1 << 30, shift=-1), (-32, 32)),
    "the larger": (relay.maximum(X, relay.const(LOW + 28)), (-100, 127)),
    "the smaller": (relay.minimum(X, relay.const(HIGH - 27)), (-128, 100)),
    "a concatenation": (relay.concatenate([relay.nn.relu(X), relay.clip(X, -3, 3)], axis=1), (-3, 127)),
    "a padding": (relay.nn.pad(relay.nn.relu(X), ((0, 0), (0, 0), (1, 1), (1, 1)), -5.0), (-5, 127)),
    "a pooling": (relay.nn.max_pool2d(relay.nn.relu(X), (3, 3), (2, 2), padding=(1, 1)), (0, 127)),
    "windows in the padding": (relay.nn.max_pool2d(relay.nn.relu(X), (1, 1), (3, 3), padding=(1, 1)), (-128, 127)),
    "windows beyond the image": (relay.nn.max_pool2d(relay.nn.relu(X), (2, 2), (5, 5), ceil_mode=True), (-128, 127)),
    "a mean of sums with room": (relay.nn.avg_pool2d(wide(relay.nn.relu(X)), (2, 2)), (0, 127)),
    "a mean of sums without room": (relay.nn.avg_pool2d(relay.nn.relu(X), (2, 2)), (-128, 127)),
    "a quantization": (relay.cast(relay.clip(relay.round(HALVES), -127, 127), "int8"), (0, 64)),
    "a convolution": (relay.nn.conv2d(X, KERNEL, channels=2, kernel_size=(3, 3), out_dtype="int32"), (-13824, 13824)),
    "a convolution of groups": (
        relay.nn.conv2d(X, relay.const(np.full((4, 2, 1, 1), 5, "int8")), groups=2, out_dtype="int32"),
        (-1280, 1280),
    ),
    "a layer": (
        relay.nn.dense(relay.reshape(X, [6, 24]), relay.const(np.full((2, 24), -9, "int8")), out_dtype="int32"),
        (-27648, 27648),
    ),
    "a shift of what has room": (SHIFTED, (0, 54)),
    "a fraction as padding": (
        relay.right_shift(relay.nn.pad(wide(X), ((0, 0), (0, 0), (1, 1), (1, 1)), -200.5), relay.const(2)),
        (-50, 31),
    ),
    "a bound that float32 has not": (
        relay.cast(relay.clip(relay.cast(X, "float32"), -127.9999999, 127), "int8"),
        (-128, 127),
    ),
    "a truth": (relay.cast(relay.cast(relay.clip(HALVES, 0, 0.5), "bool"), "int8"), (0, 1)),
    "what has no rule": (relay.negative(X), (-128, 127)),
}


@pytest.mark.parametrize(("body", "found"), FOUND.values(), ids=FOUND.keys())
def test_what_is_found(body, found):
    assert bounds(body) == found


@pytest.mark.parametrize("body", [body for body, _ in FOUND.values()], ids=FOUND.keys())
def test_what_is_found_holds(body):
    """For all numbers of int8, each beside others."""
    low, high = bounds(body)
    run = relay.create_executor("debug").evaluate(infer(relay.Function([X], body), tvm.IRModule()))
    for seed in range(8):
        numbers = np.random.default_rng(seed).integers(-128, 128, (1, 4, 6, 6)).astype("int8")
        numbers.flat[:2] = LOW, HIGH
        got = run(numbers).numpy()
        assert low <= got.min() and got.max() <= high


@pytest.mark.parametrize("name", ["residual", "inverted_residual", "fire"])
def test_numbers_in_a_network_are_never_below(name):
    """Each primitive function, when it is run, is given what it was told."""
    mod, data, _ = integers(name)
    main = build_module.optimize(mod, cpu_target("llvm"))["main"]
    told = [call.op for call in calls(main.body) if least_of(call.op)]
    assert any(0 in least_of(func).values() for func in told)
    values = relay.create_executor("debug").evaluate(relay.Function(main.params, arguments(main.body)))(data)
    found = iter(values)
    for call in calls(main.body):
        for param, _ in zip(call.op.params, call.args, strict=True):
            numbers = next(found).numpy()
            assert numbers.min() >= least_of(call.op).get(param, -np.inf) or str(numbers.dtype) != "int8"


def calls(body):
    """The calls of primitive functions, in order."""
    return [step.node for step in schedule(body) if isinstance(step.node, relay.Call)]


def arguments(body):
    """A tuple of all that primitive functions are given."""
    return relay.Tuple([arg for call in calls(body) for arg in call.args])


def test_functions_that_are_told_differently_are_two():
    """The same layer after a relu and without one."""
    weight = np.ones((8, 8, 1, 1), "int8")

    def layer(x):
        made = relay.nn.conv2d(x, relay.const(weight), channels=8, kernel_size=(1, 1), out_dtype="int32")
        return relay.cast(relay.clip(made, -127, 127), "int8")

    x = relay.var("x", shape=(1, 8, 5, 5), dtype="int8")
    lib = relay.build(relay.Function([x], layer(relay.nn.relu(layer(x)))), "llvm")
    kernels = [kernel.func for kernel in lib.kernels if "conv2d" in kernel.name]
    assert [list(func.attrs["least"]) for func in kernels] == [[-128, 0], [0, 0]]


def test_a_mean_of_so_many_numbers_that_their_sum_wraps():
    large = relay.var("large", shape=(1, 1, 512, 512), dtype="int32")
    mean = relay.nn.global_avg_pool2d(relay.clip(large, 0, 65535))
    func = infer(relay.Function([large], mean), tvm.IRModule())
    (param,) = func.params
    assert _known(func.body, {param: Bounds(-(2**31), 2**31 - 1)})[func.body].low == -(2**31)


@pytest.mark.parametrize(
    ("weights", "steps"),
    [
        ([64, 64, 0, 0, 64, 64, 0, 0], 2),
        ([127, 127, 0, 0, 0, 4, 0, 0], 2),
        ([127, 127, 0, 0, 0, 5, 0, 0], 1),
        ([-127, -127, 0, 0, 0, -5, 0, 0], 1),
        ([127, -127, 127, -127, 127, -127, 127, -127], 2),
        ([127, 0, 127, 0, 127, 0, 127, 0], 2),
    ],
)
@pytest.mark.parametrize("layer", ["conv2d", "dense"])
def test_two_steps_are_told_where_their_products_add_up_to_16_bits(weights, steps, layer):
    """Of eight neighbouring weights, 0, 1, 4 and 5 are one sum, and 2, 3, 6 and 7 another: 32 767 is 258 times 127."""
    rows = np.zeros((8, 8), "int8")
    rows[3] = weights
    if layer == "conv2d":
        x = relay.var("x", shape=(1, 8, 5, 5), dtype="int8")
        weight = relay.const(rows.reshape(8, 8, 1, 1))
        made = relay.nn.conv2d(relay.nn.relu(x), weight, channels=8, kernel_size=(1, 1), out_dtype="int32")
    else:
        x = relay.var("x", shape=(3, 8), dtype="int8")
        made = relay.nn.dense(relay.nn.relu(x), relay.const(rows), out_dtype="int32")
    func = relay.Function([x], made)
    lib = relay.build(func, "llvm -mcpu=haswell")
    (kernel,) = [kernel.func for kernel in lib.kernels if "contrib" in kernel.name]
    assert steps_of(kernel) == steps
    numbers = np.random.default_rng(0).choice(np.array([0, 127], "int8"), func.params[0].type_annotation.concrete_shape)
    found = relay.create_executor("graph").evaluate(func)(numbers).numpy()
    np.testing.assert_array_equal(found, relay.create_executor("debug").evaluate(func)(numbers).numpy())


def test_nothing_is_told_where_nothing_is_known():
    x = relay.var("x", shape=(1, 8), dtype="int8")
    mod = relay.transform.FuseOps()(relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function([x], -x))))
    assert known_bounds()(mod)["main"].body.op.attrs.keys() == ["Primitive"]
