"""Realize: integers mean what the floats before them meant, whatever the scales and dtypes that meet.

The genuine texts of each rule are in tests/golden/relay/realize; here the values are looked at, and what the genuine
one cannot do.
"""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.op.op import rules
from tvm.relay.quantize._realize import QRealizeIntExpr, register_realize_function

SHAPE = (1, 4, 6, 6)
INPUT, WEIGHT, ACTIVATION = 1, 2, 3


def simulated(x, scale, kind=INPUT, bits=8, **attributes):
    largest = float(2 ** (bits - 1) - 1)
    numbers = (relay.const(number, "float32") for number in (scale, -largest, largest))
    return relay.op.annotation.simulated_quantize(x, *numbers, kind=kind, **attributes)


def data(scale, name="x"):
    """An input, rounded and not cast yet."""
    return simulated(relay.var(name, shape=SHAPE), scale)


def wide(scale, name="x"):
    """An accumulator of that scale."""
    kernel = np.random.RandomState(7).uniform(-1, 1, (4, 4, 3, 3)).astype("float32")
    kernel = simulated(relay.const(kernel), 0.0078125, WEIGHT)
    return relay.nn.conv2d(data(scale * 128, name), kernel, channels=4, kernel_size=(3, 3), padding=(1, 1))


def narrow(scale, name="x"):
    """An int8 activation of that scale."""
    return relay.annotation.cast_hint(simulated(wide(2.0**-11, name), scale), "int8")


def module(body):
    return relay.transform.InferType()(tvm.IRModule.from_expr(body))


def realized(body, **options):
    with relay.quantize.qconfig(**options):
        return relay.quantize.realize()(module(body))


def samples(mod):
    """Numbers of either sign for each parameter, the largest beyond what the scales can hold."""
    rng = np.random.RandomState(3)
    return [
        rng.normal(scale=3, size=[int(n) for n in p.checked_type.shape]).astype("float32") for p in mod["main"].params
    ]


def value(mod, *inputs):
    return relay.create_executor("debug", mod).evaluate()(*inputs).numpy()


def operators(mod):
    found = []
    relay.analysis.post_order_visit(mod["main"], lambda e: found.append(e) if isinstance(e, relay.Call) else None)
    return found


def dtypes(mod, name):
    """The dtypes of the arguments of the last call of that operator."""
    call = [call for call in operators(mod) if call.op.name == name][-1]
    args = call.args[0].fields if isinstance(call.args[0], relay.Tuple) else call.args
    return [arg.checked_type.dtype for arg in args]


def same_within(body, tolerance, **options):
    """Realize `body`, and compare its values with those of the simulation, which computes in float."""
    mod = realized(body, **options)
    inputs = samples(mod)
    np.testing.assert_allclose(value(mod, *inputs), value(module(body), *inputs), atol=tolerance, rtol=0)
    return mod


def test_the_default_rules_are_those_of_relay():
    assert sorted(entry.op_name for entry in rules("FQRealizeRewrite")) == [
        "add",
        "annotation.cast_hint",
        "annotation.stop_fusion",
        "clip",
        "concatenate",
        "multiply",
        "nn.avg_pool2d",
        "nn.batch_flatten",
        "nn.batch_matmul",
        "nn.conv1d",
        "nn.conv2d",
        "nn.dense",
        "nn.global_avg_pool2d",
        "nn.max_pool1d",
        "nn.max_pool2d",
        "nn.relu",
        "relay.op.annotation.simulated_quantize",
        "reshape",
        "strided_slice",
        "transpose",
    ]


def test_a_convolution_takes_int8_and_gives_int32():
    mod = same_within(wide(2.0**-11), 1e-6)
    assert dtypes(mod, "nn.conv2d") == ["int8", "int8"]
    (conv,) = [call for call in operators(mod) if call.op.name == "nn.conv2d"]
    assert conv.checked_type.dtype == "int32"


@pytest.mark.parametrize("rounding", ["UPWARD", "TONEAREST"])
@pytest.mark.parametrize("scale", [0.0625, 0.03, 0.1, 2.0**-13, 3 * 2.0**-11, 2.0**-11])
def test_a_change_of_scale_rounds_to_the_nearest(scale, rounding):
    same_within(simulated(wide(2.0**-11), scale), scale * 1.001, rounding=rounding)


@pytest.mark.parametrize(("rounding", "halves"), [("UPWARD", [-4, -1, 2, 5]), ("TONEAREST", [-5, -2, 2, 5])])
def test_halves_go_up_or_away_from_zero(rounding, halves):
    """From a scale of 3 to one of 4: twice 3 is one and a half times 4."""
    x = relay.var("x", shape=(1, 4))
    threes = simulated(relay.const(3 * np.eye(4, dtype="float32")), 3.0, WEIGHT)
    mod = realized(simulated(relay.nn.dense(simulated(x, 1.0), threes), 4.0), rounding=rounding)
    assert (value(mod, np.array([[-6, -2, 2, 6]], "float32")) / 4).tolist() == [halves]


@pytest.mark.parametrize(("round_for_shift", "halves"), [(True, [-1, 0, 1, 2]), (False, [-2, -1, 0, 1])])
def test_a_shift_rounds_half_up_or_down(round_for_shift, halves):
    x = relay.var("x", shape=(1, 4))
    eye = simulated(relay.const(np.eye(4, dtype="float32")), 1.0, WEIGHT)
    mod = realized(simulated(relay.nn.dense(simulated(x, 1.0), eye), 4.0), round_for_shift=round_for_shift)
    assert (value(mod, np.array([[-6, -2, 2, 6]], "float32")) / 4).tolist() == [halves]


@pytest.mark.parametrize("rounding", ["UPWARD", "TONEAREST"])
@pytest.mark.parametrize("right", [data, wide, narrow])
@pytest.mark.parametrize("left", [data, wide, narrow])
def test_a_sum_of_whatever_two_operands(left, right, rounding):
    """Eight as coarse (a shift), three times as coarse (a product), 1.7 times as coarse (fixed point)."""
    for ratio in (1, 8, 3, 1.7):
        mod = same_within(relay.add(left(0.0625 * ratio), right(0.0625, "y")), 0.0625 * (ratio + 1), rounding=rounding)
        assert dtypes(mod, "add") == ["int32", "int32"]


@pytest.mark.parametrize("right", [data, wide, narrow])
@pytest.mark.parametrize("left", [data, wide, narrow])
def test_a_product_of_whatever_two_operands(left, right):
    """A gate: TVM v0.16 ends with an AssertionError before it gets here."""
    coarse = 2.0**-7 if left is right is wide else 0.0625  # the product of two accumulators must fit into 32 bits
    same_within(relay.multiply(left(coarse), right(coarse, "y")), 0.07 * 127 * 0.0625)


@pytest.mark.parametrize("right", [data, wide, narrow])
@pytest.mark.parametrize("left", [data, wide, narrow])
def test_a_join_of_whatever_two_branches(left, right):
    """TVM v0.16 cuts an accumulator to int8 where the second branch is of it, and fails when it builds that."""
    mod = same_within(relay.concatenate([left(0.0625), right(0.0625, "y")], axis=1), 0.07)
    both_narrow = left is right is narrow
    assert dtypes(mod, "concatenate") == ["int8" if both_narrow else "int32"] * 2


@pytest.mark.parametrize("rounding", ["UPWARD", "TONEAREST"])
@pytest.mark.parametrize("ratio", [1.6, 2, 3, 20.7])
def test_a_join_of_two_narrow_branches_of_unlike_scales(ratio, rounding):
    """TVM v0.16 lets the coarser branch wrap around, and cannot build that unless the ratio is a whole number."""
    both = [narrow(0.0625 * ratio), narrow(0.0625, "y")]
    for parts in (both, both[::-1]):
        mod = same_within(relay.concatenate(parts, axis=1), 0.0626 * ratio, rounding=rounding)
        assert dtypes(mod, "concatenate") == ["int32", "int32"]


def test_a_join_of_two_narrow_branches_of_scales_that_are_close():
    """The text is that of TVM v0.16, which lets the coarser branch wrap around; here it saturates."""
    coarse, fine = narrow(0.08), narrow(0.0625, "y")
    mod = realized(relay.concatenate([coarse, fine], axis=1))
    assert dtypes(mod, "concatenate") == ["int8", "int8"]
    inputs = samples(mod)
    exact = value(module(relay.concatenate([coarse, fine], axis=1)), *inputs)
    assert np.abs(exact).max() > 9
    np.testing.assert_allclose(value(mod, *inputs), exact.clip(-8, 127 / 16), atol=0.07, rtol=0)
    same_within(relay.concatenate([coarse, fine], axis=1), 0.07, rounding="TONEAREST")


def test_a_join_of_three_branches_has_room_for_the_coarsest():
    """At 0.125, int8 reaches 16: an accumulator for `global_scale` of 8, TVM v0.16's choice, overflows."""
    same_within(relay.concatenate([narrow(0.0625), narrow(0.03, "y"), narrow(0.125, "z")], axis=1), 0.07)


@pytest.mark.parametrize("scale", [0.125, 0.03125, 0.1])
@pytest.mark.parametrize("given", [data, narrow])
def test_narrow_values_change_their_scale_too(given, scale):
    """By a shift, TVM v0.16 adds an int32 to them, and type inference fails."""
    same_within(simulated(given(0.0625), scale), 0.13)


@pytest.mark.parametrize(
    "follow",
    [
        lambda x: relay.clip(x, -1.0, 6.0),
        lambda x: relay.nn.avg_pool2d(x, pool_size=(2, 2), strides=(2, 2)),
        lambda x: relay.nn.max_pool2d(x, pool_size=(2, 2), strides=(2, 2)),
        lambda x: relay.transpose(relay.nn.relu(x), [0, 2, 3, 1]),
        lambda x: relay.strided_slice(x, [0, 1], [1, 3]),
        lambda x: relay.sigmoid(x),
        lambda x: relay.Tuple([relay.nn.relu(x), x]).fields[0],
    ],
)
def test_what_follows_means_the_same(follow):
    same_within(follow(narrow(0.0625)), 0.0626)


def test_one_operand_in_float_keeps_the_operator_in_float():
    both = relay.add(narrow(0.0625), relay.var("y", shape=SHAPE))
    assert dtypes(same_within(both, 0.0626), "add") == ["float32", "float32"]
    mixed = relay.concatenate([narrow(0.0625), relay.var("y", shape=SHAPE)], axis=1)
    assert dtypes(same_within(mixed, 0.0626), "concatenate") == ["float32", "float32"]


def test_what_is_used_twice_is_computed_once():
    x = narrow(0.0625)
    mod = same_within(relay.add(relay.nn.relu(x), relay.add(x, narrow(0.0625, "y"))), 0.2)
    assert sum(call.op.name == "nn.conv2d" for call in operators(mod)) == 2


def test_ten_thousand_operators_in_a_row():
    x = narrow(0.0625)
    for _ in range(10_000):
        x = relay.nn.relu(x)
    assert len(operators(realized(x))) > 10_000


def test_a_rule_of_ones_own():
    def double(ref_call, new_args, ctx):
        given = new_args[0]
        return QRealizeIntExpr(given.data, relay.const(np.float32(2 * given.dom_scale.value())), given.dtype)

    register_realize_function("exp", double)
    try:
        mod = realized(relay.exp(narrow(0.0625)))
    finally:
        relay.op.get("exp").reset_attr("FQRealizeRewrite")
    (inputs,) = samples(mod)
    np.testing.assert_array_equal(value(mod, inputs), 2 * value(realized(narrow(0.0625)), inputs))


def test_a_scale_that_is_not_known():
    x = relay.op.annotation.simulated_quantize(relay.var("x", shape=SHAPE), *map(relay.var, "slh"), kind=INPUT)
    with pytest.raises(ValueError, match="is not known yet: run relay.quantize.calibrate first"):
        realized(x)


def test_a_rounding_that_integers_do_not_have():
    with pytest.raises(ValueError, match="realize rounds to the nearest, not by 'floor'"):
        realized(simulated(relay.var("x", shape=SHAPE), 1.0, rounding="floor"))


def test_the_module_given_stays_as_it_is():
    mod = module(narrow(0.0625))
    before = str(mod)
    relay.quantize.realize()(mod)
    assert str(mod) == before
