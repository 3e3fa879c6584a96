"""Each operator's compiled code against its NumPy reference, on the calls whose text the genuine Relay has printed."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend.te import lowering
from tvm.relay.op.op import names, operator

from tests.conformance.relay_cases.operators import PROGRAMS

PATHS = sorted({name.rpartition(".")[0] for name in PROGRAMS})
TOLERANCE = {"float16": 2e-3, "float32": 1e-5, "float64": 1e-6}


def values(ty, rng):
    """Small numbers of either sign, none of them zero: integers are divided by, and index the shortest axis."""
    if ty.dtype == "bool":
        return rng.integers(0, 2, ty.concrete_shape).astype("bool")
    if ty.dtype.startswith("float"):
        return rng.uniform(-1.5, 1.5, ty.concrete_shape).astype(ty.dtype)
    return rng.integers(1, 3, ty.concrete_shape).astype(ty.dtype)


def leaves(value):
    return [leaf for part in value for leaf in leaves(part)] if isinstance(value, tuple) else [value.numpy()]


def assert_alike(got, want):
    assert got.dtype == want.dtype
    assert got.shape == want.shape
    if str(want.dtype) not in TOLERANCE:
        np.testing.assert_array_equal(got, want)
        return
    finite = want[np.isfinite(want)]
    tolerance = TOLERANCE[str(want.dtype)]
    np.testing.assert_allclose(got, want, tolerance, tolerance * np.abs(finite).max(initial=0))


def compare(func):
    """Compile `func`, and compare what it gives with the interpreter."""
    rng = np.random.default_rng(1)
    typed = relay.transform.InferType()(tvm.IRModule.from_expr(func))
    arrays = [values(param.checked_type, rng) for param in typed["main"].params]
    with np.errstate(all="ignore"):
        want = relay.create_executor("debug", typed).evaluate()(*arrays)
    got = relay.create_executor("graph", typed).evaluate()(*arrays)
    for one, other in zip(leaves(got), leaves(want), strict=True):
        assert_alike(one, other)


@pytest.mark.parametrize("path", PATHS)
def test_compiled_operators_compute_what_the_references_do(path):
    calls = [program()[1] for name, program in PROGRAMS.items() if name.rpartition(".")[0] == path]
    params = [param for call in calls for param in call.params]
    compare(relay.Function(params, relay.Tuple([call.body for call in calls])))


def test_every_operator_that_is_fused_can_be_compiled():
    assert [name for name in names() if operator(name).pattern is not None and lowering(name) is None] == []


def test_rounding_and_saturation_of_integers():
    x = relay.var("x", shape=(7,), dtype="int32")
    data = np.array([-(2**31), -(2**30) - 1, -3, 0, 3, 2**30 + 1, 2**31 - 1], "int32")
    scaled = [relay.fixed_point_multiply(x, 1518500250, shift) for shift in (-7, 0, 1)]
    func = relay.Function([x], relay.Tuple([*scaled, relay.cast(x, "int8"), relay.clip(x, -127, 127)]))
    want = relay.create_executor("debug").evaluate(func)(data)
    got = relay.create_executor("graph").evaluate(func)(data)
    for one, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_narrow_integers_saturate():
    data = np.arange(-128, 128).astype("int8")
    x = relay.var("x", shape=(256,), dtype="int8")
    func = relay.Function([x], relay.fixed_point_multiply(x, 1610612736, 1))
    want = relay.create_executor("debug").evaluate(func)(data)
    np.testing.assert_array_equal(relay.create_executor("graph").evaluate(func)(data).numpy(), want.numpy())


def test_rounding_and_casts_of_floats():
    x = relay.var("x", shape=(8,))
    data = np.array([-300.5, -2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 300.5], "float32")
    func = relay.Function([x], relay.Tuple([relay.round(x), relay.cast(x, "int8"), relay.cast(x, "bool")]))
    want = relay.create_executor("debug").evaluate(func)(data)
    got = relay.create_executor("graph").evaluate(func)(data)
    for one, other in zip(got, want, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_what_is_not_a_number_stays_so():
    x = relay.var("x", shape=(4,))
    zero = relay.const(0.0)
    results = [relay.nn.relu(x), relay.clip(x, 0, 6), relay.maximum(x, zero), relay.minimum(zero, x)]
    data = np.array([np.nan, -1, np.inf, 2], "float32")
    func = relay.Function([x], relay.Tuple(results))
    want = relay.create_executor("debug").evaluate(func)(data)
    got = relay.create_executor("graph").evaluate(func)(data)
    for one, other in zip(got, want, strict=True):
        assert np.isnan(one.numpy()[0])
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("kernel", [False, True])
def test_truth_values_in_between(kernel):
    """Wide enough for vectors; after a convolution they are computed in its kernel."""
    data = np.random.RandomState(0).normal(size=(2, 16, 6, 6)).astype("float32")
    x = y = relay.var("x", shape=data.shape)
    if kernel:
        weight = np.random.RandomState(1).normal(size=(16, 16, 3, 3)).astype("float32")
        y = relay.nn.conv2d(x, relay.const(weight), channels=16, kernel_size=(3, 3), padding=(1, 1))
    large = relay.logical_or(relay.greater(y, relay.const(0.5)), relay.less(y, relay.const(-0.5)))
    func = relay.Function([x], relay.where(large, y, relay.multiply(y, relay.const(0.25))))
    want = relay.create_executor("debug").evaluate(func)(data).numpy()
    np.testing.assert_allclose(relay.create_executor("graph").evaluate(func)(data).numpy(), want, rtol=1e-5, atol=1e-4)


def test_integers_wrap_around_where_a_number_is_known():
    """TVM would take `max(x + c, 0)` for `max(x, -c) + c`, and LLVM leaves a shift by all bits undefined."""
    data = np.array([-(2**31), -(2**30) - 1, -5, 0, 5, 2**30 + 1, 2**31 - 1, 7], "int32")
    x = relay.var("x", shape=(8,), dtype="int32")
    known = [relay.const(value, "int32") for value in (1 << 30, -(1 << 31), (1 << 31) - 1, -7)]
    made = [op(*pair) for op in (relay.add, relay.subtract, relay.multiply) for c in known for pair in ((x, c), (c, x))]
    func = relay.Function([x], relay.Tuple([relay.nn.relu(each) for each in made]))
    compare_on(func, data)


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8"])
@pytest.mark.parametrize("shift", [relay.left_shift, relay.right_shift])
def test_shifts_by_all_bits_and_more(shift, dtype):
    data = np.array([-128, -5, 0, 5, 127, 64, -1, 1]).astype(dtype)
    x, y = (relay.var(name, shape=(8,), dtype=dtype) for name in "xy")
    bits = data.itemsize * 8
    known = [shift(x, relay.const(places, dtype)) for places in (1, bits - 1, bits, bits + 5)]
    func = relay.Function([x, y], relay.Tuple([*known, shift(x, y)]))
    compare_on(func, data, np.array([0, 1, bits - 1, bits, bits + 1, bits, bits + 1, 3], dtype))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_a_cast_to_fewer_bits_than_a_clip_leaves(dtype):
    """What is used twice gets a name, and TVM looks at the bounds of what has one."""
    data = np.array([-(2**31), -400, -300, -5, 5, 200, 300, 2**31 - 1], "int32")
    x = relay.var("x", shape=(8,), dtype="int32")
    casts = [relay.cast(relay.cast(relay.clip(x, -most, most), dtype), "int32") for most in (100, 300, 2**17)]
    func = relay.Function([x], relay.Tuple([relay.multiply(y, relay.add(y, y)) for y in casts]))
    compare_on(func, data)


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_a_rescaling_of_any_number_by_any_factor(dtype):
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    data = np.array([least, least + 1, least // 3, -5, 5, most // 3, most - 1, most], dtype)
    x = relay.var("x", shape=(8,), dtype=dtype)
    shifts = (-63, -40, -32, -31, -7, 0, 1, 5, 31)
    func = relay.Function([x], relay.Tuple([relay.fixed_point_multiply(x, 1230244864, shift) for shift in shifts]))
    compare_on(func, data)


def compare_on(func, *arrays):
    """Compile `func`, and compare what it gives with the interpreter, bit for bit."""
    want = relay.create_executor("debug").evaluate(func)(*arrays)
    got = relay.create_executor("graph").evaluate(func)(*arrays)
    for one, other in zip(leaves(got), leaves(want), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_reverse_of_what_is_repeated():
    """On an image one pixel wide, of `(15 - i) // 2` TVM makes another index where buffers are flattened."""
    x = relay.var("x", shape=(1, 8, 5, 1), dtype="int8")
    body = relay.nn.pad(relay.reverse(relay.repeat(x, 2, axis=1), 1), ((0, 0), (0, 0), (1, 0), (0, 2)), 0.0)
    func, numbers = relay.Function([x], body), np.arange(40, dtype="int8").reshape(1, 8, 5, 1)
    found = relay.create_executor("graph").evaluate(func)(numbers).numpy()
    np.testing.assert_array_equal(found, relay.create_executor("debug").evaluate(func)(numbers).numpy())
