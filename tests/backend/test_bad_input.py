"""What compiling and running refuse: in one sentence, with nothing changed.

What is refused of each kind of target and of inputs by shape and dtype is in test_build.py beside what is taken.
"""

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm
from tvm import relay
from tvm.contrib import graph_executor

ONES = np.ones((2, 3), "float32")


def module():
    x = relay.var("x", shape=(2, 3))
    return tvm.IRModule.from_expr(relay.Function([x], relay.nn.relu(x)))


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("", "TVM does not know the target {'kind': ''}"),
        ("llvm -mcpu=", "'-mcpu=': write an option as -name=value"),
        ({"kind": "llvm", "mcpu": ""}, "LLVM does not know the processor ''"),
        ("llvm -mtriple=pdp11-unix", "LLVM does not know the machine 'pdp11-unix' of the target"),
        ({"kind": "llvm", "mtriple": 3}, "LLVM does not know the machine 3 of the target"),
        ("llvm -mtriple=aarch64-linux-gnu -mcpu=skylake", "LLVM does not know the processor 'skylake'"),
        ("llvm -mattr=+avx2,+turbo", "LLVM does not know the feature '+turbo' of the target"),
        ("llvm -mattr=-turbo", "LLVM does not know the feature '-turbo' of the target"),
        ("llvm -mattr=avx2", "the target has the feature 'avx2': write it as '+avx2' or '-avx2'"),
        (tvm.target.Target({"kind": "llvm", "mattr": ["+turbo"]}), "LLVM does not know the feature '+turbo'"),
        ({"cpu": "llvm"}, "TVM does not know the target {'cpu': 'llvm'}"),
    ],
)
def test_targets(target, says):
    mod = module()
    before = str(mod)
    with pytest.raises(ValueError) as raised:
        relay.build(mod, target)
    assert says in str(raised.value) and len(str(raised.value).splitlines()) == 1
    assert str(mod) == before and tvm.target.Target.current(allow_none=True) is None


def test_devices(tmp_path):
    lib = relay.build(module(), "llvm")
    lib.export_library(tmp_path / "net.so")
    for each in (lib, tvm.runtime.load_module(tmp_path / "net.so")):
        with pytest.raises(ValueError, match="compiled for CPUs, and cuda:0 is none: pass tvm.cpu()"):
            each["default"](tvm.cuda(0))


@pytest.fixture(scope="module")
def graph():
    return graph_executor.GraphModule(relay.build(module(), "llvm")["default"](tvm.cpu()))


INPUTS = {
    "tuple": (("x",), ONES, TypeError, "an input is set by its name or number, not by a tuple"),
    "dict": ({"x": ONES}, None, TypeError, "not by a dict: name it, or pass **values"),
    "fraction": (0.5, ONES, TypeError, "not by a float"),
    "number": (1, ONES, ValueError, "there is no input 1: the network has x"),
    "negative": (-1, ONES, ValueError, "there is no input -1"),
    "nothing": ("x", None, TypeError, "the input 'x' takes an array of float32, and NoneType holds no numbers"),
    "text": ("x", "cat.png", TypeError, "the input 'x' takes an array of float32, and str holds no numbers"),
    "ragged": ("x", [[1], [1, 2]], TypeError, "the input 'x' takes an array, and list is none"),
    "gradient": (
        "x",
        torch.ones(2, 3, requires_grad=True),
        TypeError,
        "the input 'x' takes an array, and Tensor is no",
    ),
    "one number": ("x", 1.0, ValueError, "the input 'x' takes the shape (2, 3) and is given ()"),
}


@pytest.mark.parametrize(("key", "value", "error", "says"), INPUTS.values(), ids=INPUTS)
def test_inputs(graph, key, value, error, says):
    graph.set_input("x", ONES)
    with pytest.raises(error) as raised:
        graph.set_input(key, value)
    assert says in str(raised.value)
    graph.run()
    assert graph.get_output(0).numpy().sum() == 6


@pytest.mark.parametrize("index", [1, -1, "x", 0.0, None])
def test_outputs(graph, index):
    graph.run(x=ONES)
    with pytest.raises(ValueError, match="there is no output .*: the network has 1, counted from 0"):
        graph.get_output(index)


@pytest.mark.parametrize(
    "out",
    [
        np.zeros((2, 3), "float32"),
        *(tvm.runtime.tensor(np.zeros(s, d)) for s, d in [((3, 2), "float32"), ((2, 3), "int32")]),
    ],
)
def test_places_for_an_output(graph, out):
    graph.run(x=ONES)
    with pytest.raises(TypeError, match=r"`out` takes a tvm.runtime.Tensor of shape \(2, 3\) and float32"):
        graph.get_output(0, out)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((2, 4), "float32"), r"4 vs. 3.*fn=main.*param=x"),
        (np.ones((2, 3), "float64"), "param=x.*expect Tensor with dtype float32 but get float64"),
        (np.ones(6, "float32"), "param=x.*expect Tensor with ndim 2 but get 1"),
    ],
)
def test_what_relax_calls_by_itself_checks_its_inputs(array, message):
    """Once, before the first kernel: kernels do not check what they are given."""
    machine = relay.build(module(), "llvm")["default"](tvm.cpu())
    with pytest.raises((ValueError, RuntimeError), match=message):
        machine["main"](tvm.runtime.tensor(array))


def test_a_run_that_is_refused_keeps_the_inputs(graph):
    graph.run(x=ONES)
    with pytest.raises(ValueError, match="there is no input 'y': the network has x"):
        graph.run(x=-ONES, y=ONES)
    graph.run()
    assert graph.get_output(0).numpy().sum() == 6


def test_a_library_in_a_folder_that_is_not_there(tmp_path):
    lib = relay.build(module(), "llvm")
    with pytest.raises(FileNotFoundError, match="there is no folder .*nowhere to save net.so in: make it first"):
        lib.export_library(tmp_path / "nowhere" / "net.so")
