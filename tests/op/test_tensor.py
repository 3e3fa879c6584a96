"""Element by element: the NumPy references against PyTorch, the types, and what is refused."""

import inspect
import math

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from tvm import relay

from .reference import run, type_of

FLOATS, INTEGERS = ("float32", "float64", "float16"), ("int8", "int32", "int64")


def numbers(dtype, shape=(3, 4), seed=0, low=-4, high=4):
    """Both signs, both kinds of halves and zero among them."""
    rng = np.random.default_rng(seed)
    if dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    values = rng.integers(low, high + 1, shape) if "int" in dtype else rng.integers(2 * low, 2 * high, shape) / 2
    return np.asarray(values, dtype)


def close(ours, theirs, dtype="float32"):
    tolerance = {"float16": 2e-3, "float32": 2e-6}.get(dtype, 1e-12)
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=tolerance, atol=tolerance)


ANYWHERE = ("abs", "negative", "sign", "exp", "sigmoid", "tanh", "erf", "sin", "cos", "sinh", "cosh", "atan", "asinh")
POSITIVE = ("log", "log2", "log10", "sqrt", "rsqrt", "tan")
WHOLE = ("floor", "ceil", "trunc")


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ANYWHERE + WHOLE)
def test_a_function_of_any_number(name, dtype):
    x = numbers(dtype)
    close(run(getattr(relay, name), x), getattr(torch, name)(torch.from_numpy(x)), dtype)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", POSITIVE)
def test_a_function_of_a_positive_number(name, dtype):
    x = np.linspace(0.1, 1.2, 12).reshape(3, 4).astype(dtype)
    close(run(getattr(relay, name), x), getattr(torch, name)(torch.from_numpy(x)), dtype)


@pytest.mark.parametrize(("name", "low"), [("asin", -0.9), ("acos", -0.9), ("atanh", -0.9), ("acosh", 1.1)])
def test_an_inverse_function(name, low):
    x = np.linspace(low, low + 1.7, 12).astype("float32")
    close(run(getattr(relay, name), x), getattr(torch, name)(torch.from_numpy(x)))


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", ["abs", "negative", "sign", "bitwise_not"])
def test_a_function_of_integers(name, dtype):
    x = numbers(dtype)
    np.testing.assert_array_equal(run(getattr(relay, name), x), getattr(torch, name)(torch.from_numpy(x)))


def test_integers_wrap_around_as_they_do_in_c():
    x = np.array([-128, 127], "int8")
    np.testing.assert_array_equal(run(relay.negative, x), [-128, -127])
    np.testing.assert_array_equal(run(relay.add, x, x), [0, -2])
    np.testing.assert_array_equal(run(relay.subtract, np.array([3], "uint8"), np.array([5], "uint8")), [254])


def test_halves_are_rounded_away_from_zero():
    x = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49999997, -0.2], "float32")
    np.testing.assert_array_equal(run(relay.round, x), [-3, -2, -1, 1, 2, 3, 0, 0])
    np.testing.assert_array_equal(run(relay.round, np.array([-3, 5], "int32")), [-3, 5])


def test_a_sigmoid_does_not_overflow():
    x = np.array([-1e4, -90, 0, 90, 1e4], "float32")
    with np.errstate(all="raise", under="ignore"):
        y = run(relay.sigmoid, x)
    np.testing.assert_allclose(y, [0, 8.194e-40, 0.5, 1, 1], rtol=1e-3)


def test_infinities_come_in_silence():
    with np.errstate(all="raise"):
        np.testing.assert_array_equal(run(relay.log, np.array([0, -1], "float32")), [-math.inf, math.nan])
        np.testing.assert_array_equal(run(relay.rsqrt, np.array([0, 4], "float32")), [math.inf, 0.5])
        np.testing.assert_array_equal(run(relay.divide, np.array([1], "float32"), np.array([0], "float32")), [math.inf])


@pytest.mark.parametrize(
    ("name", "expected"), [("isnan", [0, 0, 0, 1]), ("isinf", [0, 1, 1, 0]), ("isfinite", [1, 0, 0, 0])]
)
def test_a_question_gives_a_bool(name, expected):
    x = np.array([1, math.inf, -math.inf, math.nan], "float32")
    result = run(getattr(relay, name), x)
    assert result.dtype == bool
    np.testing.assert_array_equal(result, np.array(expected, bool))
    assert run(getattr(relay, name), np.array([7], "int32")).dtype == bool


ARITHMETIC = {
    "add": torch.add,
    "subtract": torch.subtract,
    "multiply": torch.multiply,
    "maximum": torch.maximum,
    "minimum": torch.minimum,
    "mod": torch.fmod,
    "floor_mod": torch.remainder,
}
COMPARISONS = {
    "equal": torch.eq,
    "not_equal": torch.ne,
    "less": torch.lt,
    "less_equal": torch.le,
    "greater": torch.gt,
    "greater_equal": torch.ge,
}


@pytest.mark.parametrize("shapes", [((3, 4), (3, 4)), ((3, 4), (4,)), ((1, 4), (3, 1)), ((), (2, 3)), ((), ())])
@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
@pytest.mark.parametrize("name", ARITHMETIC)
def test_arithmetic_broadcasts(name, dtype, shapes):
    x, y = numbers(dtype, shapes[0]), numbers(dtype, shapes[1], seed=1, low=1)
    close(run(getattr(relay, name), x, y), ARITHMETIC[name](torch.from_numpy(x), torch.from_numpy(y)), dtype)


@pytest.mark.parametrize("dtype", ["float32", "int8", "int64", "bool"])
@pytest.mark.parametrize("name", COMPARISONS)
def test_a_comparison_gives_a_bool(name, dtype):
    x, y = numbers(dtype, (3, 4)), numbers(dtype, (4,), seed=1)
    theirs = COMPARISONS[name](torch.from_numpy(x), torch.from_numpy(y))
    np.testing.assert_array_equal(run(getattr(relay, name), x, y), theirs)


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize(
    ("name", "rounding", "expected"),
    [
        ("divide", "trunc", [3, -3, -3, 3]),
        ("floor_divide", "floor", [3, -4, -4, 3]),
        ("trunc_divide", "trunc", [3, -3, -3, 3]),
    ],
)
def test_a_division_rounds(name, rounding, expected, dtype):
    x, y = np.array([7, -7, 7, -7], dtype), np.array([2, 2, -2, -2], dtype)
    if (name, dtype) == ("divide", "float32"):
        rounding, expected = None, [3.5, -3.5, -3.5, 3.5]
    result = run(getattr(relay, name), x, y)
    np.testing.assert_array_equal(result, expected)
    np.testing.assert_array_equal(
        result, torch.div(torch.from_numpy(x), torch.from_numpy(y), rounding_mode=rounding).to(getattr(torch, dtype))
    )


@pytest.mark.parametrize(("name", "expected"), [("mod", [1, -1, 1, -1]), ("floor_mod", [1, 1, -1, -1])])
@pytest.mark.parametrize("dtype", ["float32", "int32"])
def test_a_remainder_has_a_sign(name, expected, dtype):
    x, y = np.array([7, -7, 7, -7], dtype), np.array([2, 2, -2, -2], dtype)
    np.testing.assert_array_equal(run(getattr(relay, name), x, y), expected)


def test_a_power():
    x = np.array([2, -3, 0, 9], "float32")
    y = np.array([3, 2, 0, 0.5], "float32")
    close(run(relay.power, x, y), torch.pow(torch.from_numpy(x), torch.from_numpy(y)))
    np.testing.assert_array_equal(run(relay.power, np.array([2, -3], "int32"), np.array([3, 2], "int32")), [8, 9])


@pytest.mark.parametrize("name", ["bitwise_and", "bitwise_or", "bitwise_xor"])
@pytest.mark.parametrize("dtype", ["int8", "int32", "bool"])
def test_bits(name, dtype):
    x, y = numbers(dtype), numbers(dtype, seed=1)
    np.testing.assert_array_equal(
        run(getattr(relay, name), x, y), getattr(torch, name)(torch.from_numpy(x), torch.from_numpy(y))
    )


@pytest.mark.parametrize("name", ["logical_and", "logical_or", "logical_xor"])
def test_logic(name):
    x, y = np.array([True, True, False, False]), np.array([True, False, True, False])
    theirs = getattr(torch, name)(torch.from_numpy(x), torch.from_numpy(y))
    np.testing.assert_array_equal(run(getattr(relay, name), x, y), theirs)
    np.testing.assert_array_equal(run(relay.logical_not, x), ~x)


def test_shifts_keep_the_sign():
    x = np.array([-5, 5, -1], "int32")
    np.testing.assert_array_equal(run(relay.right_shift, x, np.array(1, "int32")), [-3, 2, -1])
    np.testing.assert_array_equal(run(relay.left_shift, x, np.array(2, "int32")), [-20, 20, -4])


def test_where_broadcasts_three_shapes():
    condition = np.array([[True], [False]])
    x, y = np.arange(3, dtype="float32"), np.array(-1, "float32")
    np.testing.assert_array_equal(run(relay.where, condition, x, y), [[0, 1, 2], [-1, -1, -1]])
    np.testing.assert_array_equal(run(relay.where, np.array([0, 2, 0], "int32"), x, y), [-1, 1, -1])


@pytest.mark.parametrize(
    ("values", "dtype", "low", "high", "expected"),
    [
        ([-1.5, 3, 7], "float32", 0, 6, [0, 3, 6]),
        ([-5, 0, 9], "int32", -1.7, 3.9, [-1, 0, 3]),
        ([-100, 0, 90], "int8", -1000, 1000, [-100, 0, 90]),
        ([0, 200, 255], "uint8", -5, 230, [0, 200, 230]),
        ([-1, 5], "int32", -math.inf, 3, [-1, 3]),
    ],
)
def test_clip(values, dtype, low, high, expected):
    np.testing.assert_array_equal(run(relay.clip, np.array(values, dtype), a_min=low, a_max=high), expected)


@pytest.mark.parametrize(
    ("values", "source", "target", "expected"),
    [
        ([-1.5, 1.9, 127.5], "float32", "int8", [-1, 1, 127]),
        ([-1.5, 0.2, 0, 2], "float32", "bool", [True, True, False, True]),
        ([300, -129, 5], "int32", "int8", [44, 127, 5]),
        ([True, False], "bool", "float32", [1, 0]),
        ([1, -2], "int64", "float16", [1, -2]),
    ],
)
def test_cast(values, source, target, expected):
    x = np.array(values, source)
    np.testing.assert_array_equal(run(relay.cast, x, dtype=target), expected)
    np.testing.assert_array_equal(run(relay.cast_like, x, np.zeros((2, 2), target)), expected)


def test_a_fixed_point_multiplication_is_exact():
    """What TVM v0.16 gave: halves are rounded up, the product is kept in 64 bits and its upper ones are lost."""
    x = np.array([209652396, -327900151, 2147483647, -2147483648, 0, 1, -1, 3, -3, 1000, -1000], "int32")

    def expected(multiplier, shift):
        exact = [(int(value) * multiplier * 2 ** max(shift, 0), 31 - min(shift, 0)) for value in x]
        halved_up = [(product + (1 << (right - 1))) >> right for product, right in exact]
        return [(value + 2**31) % 2**32 - 2**31 for value in halved_up]

    for multiplier, shift in [(1234567890, -5), (2147483647, -7), (1518500250, 3), (-1342177280, -2), (1 << 30, 0)]:
        result = run(relay.fixed_point_multiply, x, multiplier=multiplier, shift=shift)
        np.testing.assert_array_equal(result, expected(multiplier, shift))
    np.testing.assert_array_equal(
        run(relay.fixed_point_multiply, np.array([209652396, 441365315], "int32"), multiplier=1518500250, shift=3),
        [1185973047, -1798228038],
    )


@pytest.mark.parametrize("shift", [-63, -39, -32, -31, -7, 0, 1, 5, 31])
def test_a_fixed_point_multiplication_of_64_bits_is_exact(shift):
    """TVM keeps 64 bits of the product."""
    x = np.array([-(2**63), -(2**40) - 1, -(2**32), -1, 0, 1, 2**32 - 1, 2**40 + 3, 2**63 - 1])
    want = [(2 * int(number) * 1518500250 + 2 ** (31 - shift)) >> (32 - shift) for number in x]
    wrapped = [(number + 2**63) % 2**64 - 2**63 for number in want]
    assert run(relay.fixed_point_multiply, x, multiplier=1518500250, shift=shift).tolist() == wrapped


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16"])
def test_a_fixed_point_multiplication_of_narrow_integers_saturates(dtype):
    info = np.iinfo(dtype)
    x = np.array([info.min, info.min // 2, 10, info.max // 2, info.max], dtype)
    result = run(relay.fixed_point_multiply, x, multiplier=1610612736, shift=1)
    np.testing.assert_array_equal(result, np.clip(np.floor(x * 1.5 + 0.5), info.min, info.max))


def test_a_scalar_stays_an_array():
    x = np.array(3, "int32")
    assert run(relay.clip, x, a_min=0, a_max=2) == 2
    assert run(relay.fixed_point_multiply, x, multiplier=1 << 30, shift=1) == 3
    assert run(relay.where, np.array(True), x, x) == 3
    assert run(relay.cast, x, dtype="int8") == 3


def test_copy_takes_a_tuple_too():
    x = np.ones(2, "float32")
    assert len(run(relay.copy, [x, x])) == 2
    assert run(relay.copy, x) is not None


def test_operators_on_expressions_are_calls():
    x, y = relay.var("x", shape=(2,)), relay.var("y", shape=(2,))
    for made, name in [
        (x + y, "add"),
        (x - y, "subtract"),
        (x * y, "multiply"),
        (x / y, "divide"),
        (x < y, "less"),
        (x <= y, "less_equal"),
        (x > y, "greater"),
        (x >= y, "greater_equal"),
    ]:
        assert made.op.name == name
        assert list(made.args) == [x, y]
    assert (-x).op.name == "negative"
    assert x.astype("int8").attrs.dtype == "int8"


@pytest.mark.parametrize("build", [lambda x: x + 1.0, lambda x: 1.0 + x, lambda x: 2 * x, lambda x: x < 3])
def test_a_python_number_beside_an_expression_is_refused(build):
    with pytest.raises(TypeError, match="^convert .* with `const` first"):
        build(relay.var("x", shape=(2,)))


def test_a_function_shows_its_signature_and_what_it_does():
    assert list(inspect.signature(relay.add).parameters) == ["lhs", "rhs"]
    assert list(inspect.signature(relay.exp).parameters) == ["data"]
    assert "`lhs + rhs`" in relay.add.__doc__


def var(*shape, dtype="float32"):
    return relay.var("x", shape=shape, dtype=dtype)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: relay.add(var(2), var(3)), r"the shapes \(2,\) and \(3,\) do not broadcast: in the call add"),
        (lambda: relay.less(var(2), var(2, dtype="int8")), "the dtypes float32 and int8: cast one of them"),
        (lambda: relay.exp(relay.Tuple([var(2)])), r"must be a tensor, not \(Tensor\[\(2\), float32\],\)"),
        (lambda: relay.where(var(2), var(2), var(2, dtype="int8")), "the dtypes float32 and int8"),
        (lambda: relay.where(var(3), var(2), var(2)), r"the shapes \(3,\) and \(2,\) do not broadcast"),
        (lambda: relay.fixed_point_multiply(var(2, dtype="int32"), 1, 40), "shift by 40: give a number from -63 to 31"),
    ],
)
def test_types_that_do_not_fit(build, message):
    with pytest.raises(TypeError, match=message):
        type_of(build())


def test_arguments_that_do_not_fit():
    with pytest.raises(TypeError, match="^cast has no dtype 'foo'"):
        relay.cast(var(2), "foo")
    with pytest.raises(TypeError, match="^multiplier is 0.5: give integers"):
        relay.fixed_point_multiply(var(2, dtype="int32"), 0.5, 1)
