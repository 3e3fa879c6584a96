"""Passes made by users, and TVM's own machinery around them."""

import subprocess
import sys
from pathlib import Path

import pytest
import set_env
import tvm
from tvm import relay
from tvm.ir.instrument import PassTimingInstrument, pass_instrument

BOOK = Path(set_env.__file__).parent


def relu_of_x():
    return tvm.IRModule.from_expr(relay.nn.relu(relay.var("x", shape=(2,))))


@relay.transform.function_pass(opt_level=2, name="AddRelu")
def add_relu(func, mod, ctx):
    return relay.Function(func.params, relay.nn.relu(func.body))


def test_a_function_becomes_a_pass():
    made = add_relu(relu_of_x())["main"]
    assert str(made).count("nn.relu") == 2
    assert made.ret_type == relay.TensorType((2,)), "what a pass makes has its types"
    assert add_relu.info.name == "AddRelu"


def test_a_class_becomes_a_pass():
    @relay.transform.function_pass(opt_level=1)
    class Repeat:
        def __init__(self, times):
            self.times = times

        def transform_function(self, func, mod, ctx):
            body = func.body
            for _ in range(self.times):
                body = relay.nn.relu(body)
            return relay.Function(func.params, body)

    assert str(Repeat(3)(relu_of_x())).count("nn.relu") == 4


def test_the_pass_context_steers_the_passes_of_a_sequential():
    passes = tvm.transform.Sequential([add_relu])
    for context, relus in (
        (tvm.transform.PassContext(opt_level=2), 2),
        (tvm.transform.PassContext(opt_level=1), 1),
        (tvm.transform.PassContext(opt_level=1, required_pass=["AddRelu"]), 2),
        (tvm.transform.PassContext(opt_level=2, disabled_pass=["AddRelu"]), 1),
    ):
        with context:
            assert str(passes(relu_of_x())).count("nn.relu") == relus


def test_instruments_see_the_passes():
    seen = []

    @pass_instrument
    class Record:
        def run_before_pass(self, mod, info):
            seen.append(("before", info.name))

        def run_after_pass(self, mod, info):
            seen.append(("after", info.name))

    timing = PassTimingInstrument()
    with tvm.transform.PassContext(opt_level=3, instruments=[Record(), timing]):
        tvm.transform.Sequential([relay.transform.InferType(), add_relu])(relu_of_x())
        profile = timing.render()
    assert ("before", "InferType") in seen
    assert ("after", "AddRelu") in seen
    assert "AddRelu" in profile


def test_other_functions_of_the_module_are_passed_over():
    from tvm.script import tirx as T

    @T.prim_func
    def other(a: T.Buffer((4,), "float32")):
        for i in range(4):
            a[i] = T.float32(0)

    mod = relu_of_x()
    mod["other"] = other
    assert add_relu(mod)["other"] == other


def test_what_a_pass_may_not_do():
    with pytest.raises(ValueError, match="needs an opt_level"):
        relay.transform.function_pass(lambda func, mod, ctx: func)
    no_function = relay.transform.function_pass(lambda func, mod, ctx: func.body, opt_level=1, name="Body")
    with pytest.raises(TypeError, match="the pass Body gave a Call for @main: return a relay.Function"):
        no_function(relu_of_x())


def test_an_error_of_ones_own_class_comes_out_as_itself():
    class Refusal(ValueError):
        pass

    @relay.transform.function_pass(opt_level=1)
    def refuse(func, mod, ctx):
        raise Refusal("not this one")

    with pytest.raises(Refusal, match="not this one"):
        tvm.transform.Sequential([refuse])(relu_of_x())


def test_what_interrupts_a_pass_comes_out_as_itself():
    @relay.transform.function_pass(opt_level=1)
    def interrupted(func, mod, ctx):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted(relu_of_x())


def test_an_error_that_tvm_cannot_make_again_keeps_its_message():
    class Refusal(Exception):
        def __init__(self, what, why):
            super().__init__(f"no {what}: {why}")

    @relay.transform.function_pass(opt_level=1)
    def refuse(func, mod, ctx):
        raise Refusal("relu", "too flat")

    with pytest.raises(RuntimeError, match="no relu: too flat"):
        refuse(relu_of_x())


def test_types_that_do_not_fit_are_a_type_error_in_the_first_pass_of_a_process():
    """No pass has met this error yet, so TVM is told of its class only now."""
    program = """
import set_env
import tvm
from tvm import relay

x = relay.var("x", shape=(2,))
wrong = relay.transform.function_pass(lambda func, mod, ctx: relay.Function([x], relay.nn.relu(relay.Tuple([x]))), 0)
try:
    wrong(tvm.IRModule.from_expr(relay.nn.relu(x)))
except TypeError as error:
    print(type(error).__name__)
"""
    made = subprocess.run([sys.executable, "-c", program], cwd=BOOK, capture_output=True, text=True, check=True)
    assert made.stdout == "TypeInferenceError\n"
