"""What lies between kernels is made once, in as little memory as can be, and outputs only where they were given out."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.contrib import graph_executor

SIDE = 64


@pytest.fixture(scope="module")
def lib():
    """Six layers in a row; the third one is an output too."""
    x = relay.var("x", shape=(SIDE, SIDE))
    weight = relay.const(np.eye(SIDE, dtype="float32"))
    layers = [x]
    for _ in range(6):
        layers.append(relay.nn.relu(relay.nn.dense(layers[-1], weight)))
    return relay.build(relay.Function([x], relay.Tuple([layers[-1], layers[3]])), "llvm")


@pytest.fixture
def graph(lib):
    graph = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    graph.set_input("x", np.ones((SIDE, SIDE), "float32"))
    graph.run()
    return graph


def place(tensor):
    return np.from_dlpack(tensor).ctypes.data


def test_a_run_makes_no_tensor(lib):
    functions = dict(part.split(":\n", 1) for part in lib.executable.as_text().split("\n\n@") if ":\n" in part)
    assert {name for name, text in functions.items() if "alloc" in text} == {"memory", "outputs"}
    assert functions["run"].count("call  fused") == 6
    assert all(f"call  {name} " in functions["main"] for name in ("memory", "outputs", "run"))


def test_what_does_not_live_at_once_shares_memory(lib):
    machine = lib["default"](tvm.cpu())
    between = machine["memory"]()
    assert (len(between), len({place(tensor) for tensor in between})) == (4, 2)
    assert len({place(tensor) for tensor in machine["outputs"]()}) == 2


def test_each_graph_has_memory_of_its_own(lib):
    machine = lib["default"](tvm.cpu())
    first, second = (graph_executor.GraphModule(machine) for _ in range(2))
    first.run(x=np.ones((SIDE, SIDE), "float32"))
    second.run(x=np.zeros((SIDE, SIDE), "float32"))
    assert first.get_output(0).numpy().all() and not second.get_output(0).numpy().any()


def test_outputs_are_written_again_where_they_were(graph):
    out = tvm.runtime.tensor(np.zeros((SIDE, SIDE), "float32"))
    places = []
    for value in (2, 3):
        graph.run(x=np.full((SIDE, SIDE), value, "float32"))
        np.testing.assert_array_equal(graph.get_output(1, out).numpy(), value)
        places.append([place(tensor) for tensor in graph._results])
    assert places[0] == places[1]


def test_an_output_that_was_given_out_stays_as_it_is(graph):
    first = graph.get_output(0)
    graph.run(x=np.full((SIDE, SIDE), 2, "float32"))
    second = graph.get_output(0)
    assert graph.benchmark(tvm.cpu(), repeat=1, number=1).mean > 0
    np.testing.assert_array_equal([first.numpy()[0, 0], second.numpy()[0, 0]], [1, 2])


def test_a_network_without_kernels():
    x = relay.var("x", shape=(2,))
    graph = graph_executor.GraphModule(relay.build(relay.Function([x], x), "llvm")["default"](tvm.cpu()))
    graph.run(x=np.ones(2, "float32"))
    assert graph.get_output(0).numpy().all()
