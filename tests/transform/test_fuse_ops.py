"""FuseOps and DefuseOps: what texts do not show. The texts are in `tests/golden/relay/fusion`."""

import time

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
import tvm_ffi
from tvm import relay
from tvm.relay.op.op import OpPattern

T = relay.transform
IMAGE = (1, 4, 6, 6)


def conv(x, size=3):
    weight = np.random.default_rng(0).normal(size=(4, 4, size, size)).astype("float32")
    return relay.nn.conv2d(x, relay.const(weight), channels=4, kernel_size=(size, size), padding=size // 2)


def typed(expr):
    return T.InferType()(tvm.IRModule.from_expr(expr))


def fused(expr, level=3, **config):
    with tvm.transform.PassContext(config={f"relay.FuseOps.{name}": value for name, value in config.items()}):
        return T.FuseOps(level)(typed(expr))["main"]


def operators(func):
    """How many operators each primitive function in `func` has, the last function first."""
    counts = []

    def look(expr):
        if isinstance(expr, relay.Function) and "Primitive" in expr.attrs:
            counts.append(sum(relay.analysis.list_op_freqs(tvm.IRModule({"main": expr})).values()))

    relay.analysis.post_order_visit(func, look)
    return counts


def arguments(func):
    """How many arguments each function in `func` is called with, the first call first."""
    counts = []

    def look(expr):
        if isinstance(expr, relay.Call) and isinstance(expr.op, relay.Function):
            counts.append(len(expr.args))

    relay.analysis.post_order_visit(func, look)
    return counts


def residual():
    x = relay.nn.relu(relay.var("x", shape=IMAGE))
    return relay.nn.relu(relay.add(conv(relay.nn.relu(conv(x))), x))


def inception():
    x = relay.nn.relu(relay.var("x", shape=IMAGE))
    pooled = relay.nn.max_pool2d(x, pool_size=(3, 3), padding=(1, 1))
    parts = [relay.nn.relu(conv(x)), relay.tanh(pooled), relay.multiply(x, relay.const(0.5))]
    return relay.sum(relay.exp(relay.concatenate(parts, axis=1)), axis=[2, 3])


def halves():
    left, right = relay.split(relay.nn.relu(relay.var("x", shape=IMAGE)), 2, axis=1)
    return relay.concatenate([relay.tanh(right), relay.add(left, relay.const(1.0))], axis=1)


def bound():
    x, y = relay.var("x", shape=IMAGE), relay.var("y")
    return relay.Let(y, relay.exp(relay.tanh(x)), relay.Tuple([relay.sqrt(relay.add(y, relay.exp(x))), conv(y)]))


def normalized():
    x = relay.var("x", shape=IMAGE)
    mean = relay.mean(x, axis=1, keepdims=True)
    return relay.divide(relay.subtract(x, mean), relay.const(2.0))


def ways():
    """A value that reaches its end by many ways."""
    x = relay.tanh(relay.var("x", shape=IMAGE))
    for _ in range(5):
        x = relay.add(relay.multiply(x, relay.sigmoid(x)), relay.transpose(x, (0, 1, 3, 2)))
    return x


PROGRAMS = [residual, inception, halves, bound, normalized, ways]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("level", [0, 1, 3])
def test_no_value_changes(program, level):
    image = np.random.default_rng(1).normal(size=IMAGE).astype("float32")
    before, after = (
        relay.create_executor("debug", tvm.IRModule.from_expr(func)).evaluate()(image)
        for func in (typed(program())["main"], fused(program(), level))
    )
    pairs = zip(before, after, strict=True) if isinstance(before, tuple) else [(before, after)]
    for one, other in pairs:
        np.testing.assert_array_equal(one.numpy(), other.numpy())


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("level", [0, 1, 3])
def test_defuse_gives_the_program_back(program, level):
    func = typed(program())["main"]
    back = T.DefuseOps()(tvm.IRModule.from_expr(fused(func, level)))["main"]
    assert tvm_ffi.structural_equal(back, func)
    assert str(back) == str(func)


@pytest.mark.parametrize("program", PROGRAMS)
def test_fusing_again_changes_nothing(program):
    once = fused(program())
    assert fused(once) == once


def test_names_and_levels():
    fuse, defuse = T.FuseOps().info, T.DefuseOps().info
    assert (fuse.name, fuse.opt_level, list(fuse.required)) == ("FuseOps", 0, ["InferType"])
    assert (defuse.name, defuse.opt_level, list(defuse.required)) == ("DefuseOps", 3, ["InferType"])


@pytest.fixture
def tanh():
    """The operator, whose pattern is put back afterwards."""
    op = relay.op.get("tanh")
    yield op
    op.reset_attr("TOpPattern")
    relay.op.register_pattern("tanh", OpPattern.ELEMWISE)


def test_a_pattern_that_is_registered_counts(tanh):
    program = relay.sqrt(relay.tanh(relay.exp(relay.var("x", shape=(4,)))))
    assert operators(fused(program)) == [3]
    relay.op.register_pattern("tanh", OpPattern.OPAQUE, level=11)
    assert operators(fused(program)) == [1, 1, 1]
    relay.op.register_pattern("tanh", OpPattern.COMM_REDUCE, level=12)
    assert operators(fused(program)) == [1, 2]


def test_an_operator_without_a_pattern_stays_alone(tanh):
    tanh.reset_attr("TOpPattern")
    assert operators(fused(relay.sqrt(relay.tanh(relay.exp(relay.var("x", shape=(4,))))))) == [1, 1, 1]


def test_what_is_no_pattern_is_refused(tanh):
    relay.op.register_pattern("tanh", 5, level=11)
    with pytest.raises(ValueError, match=r"TOpPattern of tanh is 5: register one of ELEMWISE \(0\)"):
        fused(relay.tanh(relay.var("x", shape=(4,))))


def test_no_function_has_two_convolutions():
    x = relay.var("x", shape=IMAGE)
    program = relay.nn.relu(relay.add(conv(x), relay.nn.relu(conv(x, size=1))))
    assert sorted(operators(fused(program))) == [2, 3]


def test_the_depth_is_an_option_of_the_context():
    y = relay.var("x", shape=(4,))
    for _ in range(10):
        y = relay.exp(y)
    assert operators(fused(y)) == [10]
    assert operators(fused(y, max_depth=4)) == [2, 4, 4]
    assert operators(fused(y, max_depth=np.int64(5))) == [5, 5]
    assert operators(fused(y, level=0)) == [1] * 10


def test_a_depth_below_zero_is_any():
    y = relay.var("x", shape=(4,))
    for _ in range(300):
        y = relay.exp(y)
    assert operators(fused(y)) == [44, 256]
    assert operators(fused(y, max_depth=-1)) == [300]


def test_constants_are_linked_where_the_context_says_so():
    assert arguments(fused(residual())) == [1, 2, 3]
    assert arguments(fused(residual(), link_params=True)) == [1, 1, 2]


def test_a_context_keeps_all_else_that_it_is_given():
    config = {"relay.FuseOps.max_depth": 7, "relay.FuseOps.link_params": True, "tirx.noalias": True}
    context = tvm.transform.PassContext(3, ["FoldConstant"], ["FuseOps"], config=config)
    assert (context.opt_level, *context.required_pass, *context.disabled_pass) == (3, "FoldConstant", "FuseOps")
    assert dict(context.config) == config
    with context:
        assert tvm.transform.PassContext.current() == context


@pytest.mark.parametrize(
    ("option", "value", "kind"), [("max_depth", "deep", "int"), ("max_depth", 1.5, "int"), ("link_params", 2, "bool")]
)
def test_an_option_of_another_type_is_refused(option, value, kind):
    with pytest.raises(TypeError, match=rf"relay.FuseOps.{option} of a PassContext is of type {kind}, not {value!r}"):
        tvm.transform.PassContext(config={f"relay.FuseOps.{option}": value})


@pytest.mark.parametrize("level", ["a", 1.5, None, True])
def test_a_level_that_is_no_whole_number_is_refused(level):
    with pytest.raises(TypeError, match=rf"^FuseOps takes a level such as 0 or 2, .*, not {level!r}$"):
        T.FuseOps(level)


def test_an_option_that_nobody_declared_is_refused():
    with pytest.raises(AttributeError, match="Invalid config option 'relay.FuseOps.depth'"):
        tvm.transform.PassContext(config={"relay.FuseOps.depth": 3})


@pytest.mark.parametrize(("step", "functions"), [(relay.exp, 40), (relay.sort, 10_000)])
def test_ten_thousand_operators(step, functions):
    y = relay.var("x", shape=(4,))
    for _ in range(10_000):
        y = step(y)
    mod = typed(y)
    start = time.perf_counter()
    made = T.FuseOps(3)(mod)
    back = T.DefuseOps()(made)
    assert time.perf_counter() - start < 30
    assert len(arguments(made["main"])) == functions
    assert relay.analysis.list_op_freqs(back) == {step.__name__: 10_000}
