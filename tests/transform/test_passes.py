"""What the passes have in common: names, levels, what TVM's machinery can do with them, and depth."""

import time

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.ir.instrument import PassTimingInstrument, pass_instrument

T = relay.transform
# (opt_level, required) as the genuine Relay has them.
PASSES = {
    "SimplifyInference": (0, ["InferType"]),
    "FoldConstant": (2, []),
    "FoldScaleAxis": (0, []),
    "BackwardFoldScaleAxis": (3, ["InferType"]),
    "ForwardFoldScaleAxis": (3, ["InferType"]),
    "CanonicalizeOps": (3, ["InferType"]),
    "CanonicalizeCast": (3, ["InferType"]),
    "DeadCodeElimination": (1, ["InferType"]),
    "EliminateCommonSubexpr": (3, ["InferType"]),
    "SimplifyExpr": (0, ["InferType"]),
    "AlterOpLayout": (3, ["InferType"]),
}


def scaled_conv():
    x = relay.var("x", shape=(1, 4, 5, 5))
    x = relay.nn.conv2d(x, relay.const(np.ones((4, 4, 3, 3), "float32")), channels=4, kernel_size=3)
    return tvm.IRModule.from_expr(relay.multiply(x, relay.const(np.full((4, 1, 1), 2.0, "float32"))))


def multiplies(mod):
    return str(mod["main"]).count("multiply")


@pytest.mark.parametrize("name", PASSES)
def test_name_and_level(name):
    info = getattr(T, name)().info
    assert (info.name, info.opt_level, list(info.required)) == (name, *PASSES[name])


@pytest.mark.parametrize("name", PASSES)
def test_takes_a_module_without_types(name):
    with tvm.transform.PassContext(opt_level=3):
        made = getattr(T, name)()(scaled_conv())
    assert made["main"].checked_type_ is not None


@pytest.mark.parametrize("name", PASSES)
def test_a_module_with_nothing_to_do_comes_back_as_it_is(name):
    mod = T.InferType()(tvm.IRModule.from_expr(relay.nn.relu(relay.var("x", shape=(2,)))))
    assert getattr(T, name)()(mod)["main"] == mod["main"]


def test_opt_level_and_disabled_pass():
    passes = tvm.transform.Sequential([T.FoldScaleAxis()])
    with tvm.transform.PassContext(opt_level=3):
        assert multiplies(passes(scaled_conv())) == 0
    with tvm.transform.PassContext(opt_level=2):
        assert multiplies(passes(scaled_conv())) == 1
    with tvm.transform.PassContext(opt_level=3, disabled_pass=["FoldScaleAxis"]):
        assert multiplies(passes(scaled_conv())) == 1
    with tvm.transform.PassContext(opt_level=2, required_pass=["BackwardFoldScaleAxis", "FoldConstant"]):
        assert multiplies(passes(scaled_conv())) == 0


def test_instruments_see_every_pass():
    seen = []

    @pass_instrument
    class Names:
        def run_before_pass(self, mod, info):
            seen.append(info.name)

    timing = PassTimingInstrument()
    with tvm.transform.PassContext(opt_level=3, instruments=[Names(), timing]):
        T.FoldScaleAxis()(scaled_conv())
        profile = timing.render()
    steps = ["BackwardFoldScaleAxis", "ForwardFoldScaleAxis", "FoldConstant"]
    assert [name for name in seen if name in ("FoldScaleAxis", *steps)] == ["FoldScaleAxis", *steps]
    assert all(name in profile for name in steps)


def deep(length):
    x = relay.var("x", shape=(1, 4))
    body = x
    for _ in range(length // 4):
        body = relay.nn.relu(relay.add(body, relay.exp(relay.negative(body))))
    return T.InferType()(tvm.IRModule.from_expr(body))


@pytest.mark.parametrize("name", PASSES)
def test_deep_networks(name):
    """10 000 nodes in a row, without recursion. They take half a second; a quadratic walk would take minutes."""
    mod = deep(10_000)
    start = time.perf_counter()
    with tvm.transform.PassContext(opt_level=3):
        getattr(T, name)()(mod)
    assert time.perf_counter() - start < 10


def test_a_long_chain_of_lets():
    x = relay.var("x", shape=(2,))
    variables = [relay.var(f"v{i}", shape=(2,)) for i in range(3000)]
    body = variables[-1]
    for variable, used in zip(reversed(variables), [*reversed(variables[:-1]), x]):
        body = relay.Let(variable, relay.nn.relu(used), body)
    mod = tvm.IRModule.from_expr(relay.Function([x], body))
    inlined = T.DeadCodeElimination(inline_once=True)(mod)
    assert "let" not in str(inlined["main"])
    result = relay.create_executor("debug", T.FoldConstant()(mod)).evaluate()(np.ones(2, "float32"))
    np.testing.assert_array_equal(result.numpy(), np.ones(2))
