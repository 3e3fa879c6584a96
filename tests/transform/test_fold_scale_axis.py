"""FoldScaleAxis, both ways: when a scale moves, and when it must not."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

T = relay.transform
nn = relay.nn
RNG = np.random.RandomState(0)


def numbers(*shape):
    return relay.const(RNG.normal(size=shape).astype("float32"))


def scale(*values):
    return relay.const(np.array(values, "float32").reshape(4, 1, 1))


PLAIN, NEGATIVE, ZERO = (1.0, 2.0, 0.5, 4.0), (1.0, -2.0, 0.5, 4.0), (1.0, 0.0, 0.5, 4.0)


def image(name="x", dtype="float32"):
    return relay.var(name, shape=(1, 4, 5, 5), dtype=dtype)


def conv(x):
    return nn.conv2d(x, numbers(4, 4, 3, 3), padding=1, channels=4, kernel_size=3)


def run(transform, body):
    """The function after a pass, checked to compute what it computed before."""
    mod = T.InferType()(tvm.IRModule.from_expr(body))
    with tvm.transform.PassContext(opt_level=3):
        after = transform()(mod)
    params = mod["main"].params
    rng = np.random.RandomState(1)
    data = [rng.normal(size=p.checked_type.concrete_shape).astype(p.checked_type.dtype) for p in params]
    old, new = (relay.create_executor("debug", m).evaluate()(*data) for m in (mod, after))
    for a, b in zip(*(value if isinstance(value, tuple) else (value,) for value in (old, new))):
        np.testing.assert_allclose(b.numpy(), a.numpy(), rtol=1e-5, atol=1e-5)
    return after["main"]


def scales_of_activations(func):
    """The multiplications that are still done on activations, batch by batch: those of rank 4 with a batch of 1."""
    found = []
    relay.analysis.post_order_visit(
        func,
        lambda e: (
            found.append(e)
            if isinstance(e, relay.Call) and e.op.name == "multiply" and e.checked_type.concrete_shape[-2:] == (5, 5)
            else None
        ),
    )
    return len(found)


FORWARD = {
    "conv": (lambda s: conv(relay.multiply(image(), scale(*s))), (PLAIN, NEGATIVE, ZERO)),
    "relu": (lambda s: conv(nn.relu(relay.multiply(image(), scale(*s)))), (PLAIN, ZERO)),
    "leaky_relu": (lambda s: conv(nn.leaky_relu(relay.multiply(image(), scale(*s)), 0.1)), (PLAIN, ZERO)),
    "bias": (lambda s: conv(relay.add(relay.multiply(image(), scale(*s)), scale(*PLAIN))), (PLAIN, NEGATIVE)),
    "bias_relu": (
        lambda s: conv(nn.relu(relay.add(relay.multiply(image(), scale(*s)), scale(*PLAIN)))),
        (PLAIN,),
    ),
}
BACKWARD = {
    "conv": (lambda s: relay.multiply(conv(image()), scale(*s)), (PLAIN, NEGATIVE, ZERO)),
    "relu": (lambda s: relay.multiply(nn.relu(conv(image())), scale(*s)), (PLAIN, ZERO)),
    "leaky_relu": (lambda s: relay.multiply(nn.leaky_relu(conv(image()), 0.1), scale(*s)), (PLAIN, ZERO)),
    "bias": (lambda s: relay.multiply(relay.add(conv(image()), scale(*PLAIN)), scale(*s)), (PLAIN, NEGATIVE, ZERO)),
    "bias_add": (lambda s: relay.multiply(nn.bias_add(conv(image()), numbers(4)), scale(*s)), (PLAIN, NEGATIVE, ZERO)),
    "branches": (
        lambda s: relay.multiply(relay.add(conv(image()), conv(image("y"))), scale(*s)),
        (PLAIN, NEGATIVE, ZERO),
    ),
    "a relu in the second branch": (
        lambda s: relay.multiply(relay.add(conv(image()), nn.relu(conv(image("y")))), scale(*s)),
        (PLAIN, ZERO),
    ),
}


@pytest.mark.parametrize("values", [PLAIN, NEGATIVE, ZERO], ids=["plain", "negative", "zero"])
@pytest.mark.parametrize("name", FORWARD)
def test_forward(name, values):
    build, folded = FORWARD[name]
    assert scales_of_activations(run(T.ForwardFoldScaleAxis, build(values))) == (values not in folded)


@pytest.mark.parametrize("values", [PLAIN, NEGATIVE, ZERO], ids=["plain", "negative", "zero"])
@pytest.mark.parametrize("name", BACKWARD)
def test_backward(name, values):
    build, folded = BACKWARD[name]
    assert scales_of_activations(run(T.BackwardFoldScaleAxis, build(values))) == (values not in folded)


def test_a_shared_result_keeps_its_scale():
    x = conv(image())
    assert scales_of_activations(run(T.BackwardFoldScaleAxis, relay.add(relay.multiply(x, scale(*PLAIN)), x))) == 1
    y = relay.multiply(image(), scale(*PLAIN))
    assert scales_of_activations(run(T.ForwardFoldScaleAxis, relay.Tuple([conv(y), y]))) == 1


def test_users_that_want_other_axes_do_not_take_a_scale():
    x = relay.multiply(image(), scale(*PLAIN))
    other = nn.conv2d(x, numbers(1, 1, 5, 8), kernel_size=1, data_layout="NHWC", kernel_layout="HWIO")
    assert scales_of_activations(run(T.ForwardFoldScaleAxis, relay.Tuple([conv(x), other]))) == 1


def test_a_dense_layer_of_rank_three_takes_no_scalar():
    x = relay.var("x", shape=(2, 3, 4))
    body = relay.multiply(nn.dense(x, numbers(6, 4)), relay.const(2.0))
    assert "multiply" in str(run(T.BackwardFoldScaleAxis, body))


def test_integers_are_not_divided():
    x = image(dtype="int32")
    ones = relay.const(np.ones((4, 1, 1)), "int32")
    weight = relay.const(np.ones((4, 4, 3, 3)), "int32")
    body = nn.conv2d(relay.add(relay.multiply(x, relay.add(ones, ones)), ones), weight, channels=4, kernel_size=3)
    folded = run(lambda: tvm.transform.Sequential([T.FoldConstant(), T.ForwardFoldScaleAxis()]), body)
    assert scales_of_activations(folded) == 1


def test_a_weight_of_another_dtype_than_the_result_is_not_scaled():
    weight = relay.const(np.ones((4, 4, 3, 3)), "int8")
    x = nn.conv2d(image(dtype="int8"), weight, padding=1, channels=4, kernel_size=3, out_dtype="int32")
    body = relay.multiply(x, relay.const(np.ones((4, 1, 1)), "int32"))
    assert scales_of_activations(run(T.BackwardFoldScaleAxis, body)) == 1


def test_a_gate_scales_the_weight_after_it():
    gate = relay.sigmoid(nn.adaptive_avg_pool2d(image("y"), 1))
    after = run(T.ForwardFoldScaleAxis, conv(relay.multiply(image(), gate)))
    assert scales_of_activations(after) == 0 and "squeeze" in str(after)


def test_a_gate_of_several_images_stays():
    x, y = (relay.var(name, shape=(2, 4, 5, 5)) for name in "xy")
    body = conv(relay.multiply(x, relay.sigmoid(nn.adaptive_avg_pool2d(y, 1))))
    assert scales_of_activations(run(T.ForwardFoldScaleAxis, body)) == 1


def test_no_multiplication_is_left_of_batch_norms():
    x = image()
    for _ in range(3):
        statistics = [numbers(4), numbers(4), numbers(4), relay.const(RNG.uniform(0.5, 2, 4).astype("float32"))]
        x = nn.relu(nn.batch_norm(conv(x), *statistics)[0])

    def passes():
        return tvm.transform.Sequential([T.SimplifyInference(), T.FoldConstant(), T.FoldScaleAxis()])

    assert "multiply" not in str(run(passes, x))
