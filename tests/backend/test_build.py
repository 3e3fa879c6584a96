"""Networks as programs: compiled, run, exported, and loaded where there is no Relay."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm
from tvm import relay
from tvm.contrib import graph_executor

from tests.conformance.networks import NETWORKS
from tests.conformance.pipeline import imported, tensor

ROOT = Path(__file__).resolve().parents[2]
ONES = np.ones((2, 3), "float32")


def module(body, *params):
    return tvm.IRModule.from_expr(relay.Function(list(params), body))


def x(name="x", shape=(2, 3), dtype="float32"):
    return relay.var(name, shape=shape, dtype=dtype)


def compiled(mod, params=None, target="llvm"):
    return graph_executor.GraphModule(relay.build(mod, target, params)["default"](tvm.cpu()))


def test_one_tensorir_function_for_each_fused_one_and_one_for_equal_ones():
    a = x()
    hidden = relay.nn.relu(relay.add(a, relay.const(ONES)))
    total = relay.sum(hidden, axis=1, keepdims=True)
    body = relay.nn.relu(relay.add(relay.multiply(hidden, total), relay.const(2 * ONES)))
    lib = relay.build(module(body, a), "llvm")
    names = [var.name_hint for var in lib.relax_mod.get_global_vars()]
    assert sorted(names) == [
        "fused_add_nn_relu",
        "fused_multiply_add_nn_relu",
        "fused_sum",
        "main",
        "signature",
    ]

    again = relay.nn.relu(relay.annotation.stop_fusion(relay.nn.relu(relay.annotation.stop_fusion(relay.nn.relu(a)))))
    lib = relay.build(module(again, a), "llvm")
    assert sum(var.name_hint.startswith("fused") for var in lib.relax_mod.get_global_vars()) == 1


def test_lets_functions_and_closures_are_written_out():
    a, b, c = x("a"), x("b"), x("c")
    mod = tvm.IRModule()
    double = relay.GlobalVar("double")
    mod[double] = relay.Function([c], relay.add(c, c))
    inner = relay.Function([b], relay.add(b, a))
    bound = relay.var("bound")
    mod["main"] = relay.Function([a], relay.Let(bound, double(a), relay.Call(inner, [relay.multiply(bound, bound)])))
    np.testing.assert_array_equal(relay.create_executor("vm", mod).evaluate()(ONES).numpy(), 5 * ONES)


def test_tuples_go_in_and_come_out():
    pair = relay.Var("pair", relay.TupleType([relay.TensorType((2, 3)), relay.TensorType((2, 3))]))
    first, second = relay.TupleGetItem(pair, 0), relay.TupleGetItem(pair, 1)
    func = relay.Function([pair], relay.Tuple([second, relay.Tuple([first, relay.add(first, second)])]))
    one, (other, total) = relay.create_executor("graph").evaluate(func)((ONES, 2 * ONES))
    np.testing.assert_array_equal([one.numpy(), other.numpy(), total.numpy()], [2 * ONES, ONES, 3 * ONES])


def test_a_function_that_computes_nothing():
    a = x()
    np.testing.assert_array_equal(relay.create_executor("graph", module(a, a)).evaluate()(ONES).numpy(), ONES)
    whole = relay.create_executor("graph").evaluate(relay.const(1.0) + relay.const(2.0))
    assert whole.numpy() == 3


def test_a_long_chain():
    body = a = x(shape=(1,))
    for _ in range(3000):
        body = relay.annotation.stop_fusion(relay.negative(body))
    np.testing.assert_array_equal(
        relay.create_executor("graph", module(body, a)).evaluate()(ONES[0, :1]).numpy(), ONES[0, :1]
    )


def executed(mod, data):
    """What a module gives, compiled and interpreted."""
    graph = compiled(mod)
    graph.run(data=data)
    return graph.get_output(0).numpy(), relay.create_executor("debug", mod).evaluate()(data).numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_networks(name):
    """As floats within 1e-5 of PyTorch; as integers equal to the reference, but for a softmax that stays in float."""
    network = NETWORKS[name]
    mod, params = imported(network)
    torch.manual_seed(0)
    np.random.seed(0)
    model = network.build().eval().float()
    data = tensor(*network.named_inputs()[0][1], seed=1)
    with torch.no_grad():
        want = model(data).numpy()
    with tvm.transform.PassContext(opt_level=3):
        got, _ = executed(relay.quantize.prerequisite_optimize(mod, params), data.numpy())
        assert np.abs(got - want).max() < 1e-5 * np.abs(want).max()
        with relay.quantize.qconfig(skip_conv_layers=None, skip_dense_layer=False):
            got, reference = executed(relay.quantize.quantize(mod, params), data.numpy())
    np.testing.assert_allclose(got, reference, rtol=3e-7 if name == "mlp" else 0)


@pytest.fixture(scope="module")
def net():
    a, w = x("a"), x("w", (4, 3))
    dense = relay.nn.dense(a, w)
    mod = module(relay.Tuple([dense, relay.nn.relu(dense)]), a, w)
    return relay.build(mod, "llvm", {"w": np.eye(4, 3, dtype="float32")})


class TestGraphModule:
    @pytest.fixture
    def graph(self, net):
        return graph_executor.GraphModule(net["default"](tvm.cpu()))

    def test_inputs_and_outputs(self, graph):
        assert (graph.get_num_inputs(), graph.get_num_outputs()) == (1, 2)
        assert graph.get_input_info() == ({"a": (2, 3)}, {"a": "float32"})
        assert (graph.get_input_index("a"), graph.get_input_index("w")) == (0, -1)
        graph.set_input("a", -ONES)
        np.testing.assert_array_equal(graph.get_input(0).numpy(), -ONES)
        graph.run()
        want = -ONES @ np.eye(3, 4, dtype="float32")
        np.testing.assert_array_equal(graph.get_output(0).numpy(), want)
        np.testing.assert_array_equal(graph.get_output(1).numpy(), 0 * want)

    def test_inputs_by_number_by_keyword_and_with_run(self, graph):
        for give in (lambda: graph.set_input(0, ONES), lambda: graph.set_input(a=ONES), lambda: graph.run(a=ONES)):
            give()
            graph.run()
            assert graph.get_output(0).numpy().sum() == 6
        out = tvm.runtime.tensor(np.zeros((2, 4), "float32"))
        assert graph.get_output(0, out).numpy().sum() == 6

    def test_an_input_is_kept_as_it_was_given(self, graph):
        data = ONES.copy()
        graph.set_input("a", data)
        data[:] = 5
        graph.run()
        assert graph.get_output(0).numpy().sum() == 6

    def test_a_second_input_goes_where_the_first_was(self, graph):
        graph.set_input("a", ONES)
        held = graph.get_input("a")
        graph.set_input("a", tvm.runtime.tensor(2 * ONES))
        assert graph.get_input("a").same_as(held)
        np.testing.assert_array_equal(held.numpy(), 2 * ONES)

    def test_an_input_that_is_given_out_is_not_written_to(self):
        a = x("a")
        graph = compiled(module(a, a))
        graph.run(a=ONES)
        first = graph.get_output(0)
        graph.run(a=2 * ONES)
        np.testing.assert_array_equal([first.numpy(), graph.get_output(0).numpy()], [ONES, 2 * ONES])

    def test_an_input_without_a_copy(self, graph):
        data = tvm.runtime.tensor(ONES)
        graph.set_input_zero_copy("a", data)
        data.copyfrom(2 * ONES)
        graph.run()
        assert graph.get_output(0).numpy().sum() == 12
        graph.set_input("a", ONES)
        assert data.numpy().sum() == 12
        with pytest.raises(TypeError, match="the input 'a' is given a ndarray, no tvm.runtime.Tensor: use set_input"):
            graph.set_input_zero_copy("a", ONES)
        with pytest.raises(ValueError, match=r"the input 'a' takes the shape \(2, 3\)"):
            graph.set_input_zero_copy("a", tvm.runtime.tensor(ONES[:1]))
        graph.run()
        assert graph.get_output(0).numpy().sum() == 6

    def test_a_run_takes_no_new_memory(self):
        """Each tensor of it, 4 MB or 1 024 pages, lies where one of the run before was."""
        a = x(shape=(1024, 1024))
        hidden = a
        for _ in range(4):
            hidden = relay.annotation.stop_fusion(relay.nn.relu(hidden))
        graph = compiled(module(hidden, a))
        graph.set_input("x", np.ones((1024, 1024), "float32"))
        for _ in range(3):
            graph.run()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(5):
            graph.run()
        assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 1024

    def test_how_long_it_takes(self, graph):
        graph.set_input("a", ONES)
        assert graph.benchmark(tvm.cpu(), repeat=2, number=1).mean > 0
        assert len(graph.benchmark(tvm.cpu(), "run", 3, 2, None, 10, False).results) == 3
        assert len(graph.module.time_evaluator("run", tvm.cpu(), number=1, repeat=3)().results) == 3

    def test_how_long_it_takes_from_input_to_output(self, graph):
        with_inputs = graph.benchmark(tvm.cpu(), repeat=3, number=2, min_repeat_ms=5, end_to_end=True, a=ONES)
        assert len(with_inputs.results) == 3
        np.testing.assert_array_equal(graph.get_input("a").numpy(), ONES)

    @pytest.mark.parametrize(
        ("key", "value", "error", "says"),
        [
            ("b", ONES, ValueError, "there is no input 'b': the network has a"),
            (1, ONES, ValueError, "there is no input 1: the network has a"),
            ("a", ONES[0], ValueError, r"the input 'a' takes the shape \(2, 3\) and is given \(3,\)"),
            ("a", ONES.astype("int8"), TypeError, "the input 'a' takes float32 and is given int8"),
        ],
    )
    def test_inputs_that_do_not_fit(self, graph, key, value, error, says):
        graph.set_input("a", ONES)
        with pytest.raises(error, match=says):
            graph.set_input(key, value)
        graph.run()
        assert graph.get_output(0).numpy().sum() == 6

    def test_what_is_not_there_yet(self, graph):
        with pytest.raises(ValueError, match="there is no output before the first run"):
            graph.get_output(0)
        with pytest.raises(ValueError, match="the inputs a have no value"):
            graph.run()
        graph.run(a=ONES)
        with pytest.raises(ValueError, match="there is no output 2: the network has 2"):
            graph.get_output(2)
        with pytest.raises(TypeError, match=r'GraphModule takes lib\["default"\]\(device\)'):
            graph_executor.GraphModule(ONES)


WITHOUT_RELAY = """
import importlib.util, sys
import numpy as np, tvm
from tvm import relax
library, data, executor = sys.argv[1:]
lib, data = tvm.runtime.load_module(library), np.load(data)
print(relax.VirtualMachine(lib, tvm.cpu())["main"](tvm.runtime.tensor(data)).numpy().tolist())
spec = importlib.util.spec_from_file_location("graph_executor", executor)
graph_executor = importlib.util.module_from_spec(spec)
spec.loader.exec_module(graph_executor)
graph = graph_executor.GraphModule(lib["default"](tvm.cpu()))
graph.run(data=data)
print(graph.get_output(0).numpy().tolist())
print("relay" in sys.modules or "tvm.relay" in sys.modules)
"""


def test_a_library_runs_in_a_process_without_relay(tmp_path):
    a = x("data")
    lib = relay.build(module(relay.nn.softmax(relay.nn.dense(a, relay.const(np.eye(3, dtype="float32")))), a), "llvm")
    lib.export_library(tmp_path / "net.so")
    np.save(tmp_path / "data.npy", np.arange(6, dtype="float32").reshape(2, 3))
    executor = ROOT / "relay" / "backend" / "graph_executor.py"
    command = [sys.executable, "-c", WITHOUT_RELAY, str(tmp_path / "net.so"), str(tmp_path / "data.npy"), str(executor)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    graph = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    graph.run(data=np.load(tmp_path / "data.npy"))
    want = str(graph.get_output(0).numpy().tolist())
    assert done.stdout.splitlines() == [want, want, "False"], done.stderr

    loaded = graph_executor.GraphModule(tvm.runtime.load_module(str(tmp_path / "net.so"))["default"](tvm.cpu()))
    loaded.run(data=np.load(tmp_path / "data.npy"))
    assert str(loaded.get_output(0).numpy().tolist()) == want


TARGETS = {
    "none": None,
    "name": "llvm",
    "old": "llvm -mcpu=core-avx2 -num-cores=2",
    "dictionary": {"kind": "llvm", "opt-level": 1},
    "target": tvm.target.Target("llvm"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_targets(name):
    a = x()
    graph = compiled(module(relay.nn.relu(a), a), target=TARGETS[name])
    graph.run(x=-ONES)
    assert not graph.get_output(0).numpy().any()


def test_without_fusion_each_operator_is_a_kernel():
    a = x()
    with tvm.transform.PassContext(disabled_pass=["FuseOps"]):
        lib = relay.build(module(relay.nn.relu(relay.negative(a)), a), "llvm")
    names = [var.name_hint for var in lib.relax_mod.get_global_vars()]
    assert sorted(names) == ["fused_negative", "fused_nn_relu", "main", "signature"]
    graph = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    graph.run(x=-ONES)
    assert (graph.get_output(0).numpy() == ONES).all()


def test_functions_by_name():
    a = x()
    graph = compiled(module(relay.nn.relu(a), a))
    graph["set_input"]("x", ONES)
    graph["run"]()
    assert (graph.module["get_output"](0).numpy() == ONES).all() and graph["get_num_outputs"]() == 1
    with pytest.raises(AttributeError, match="^GraphModule has no function 'load_params': it has get_input, "):
        graph["load_params"]


def test_the_target_around():
    a = x()
    with tvm.target.Target({"kind": "llvm", "opt-level": 2}):
        assert relay.build(module(a, a)).target.attrs["opt-level"] == 2


@pytest.mark.parametrize(
    ("target", "error", "says"),
    [
        ("lvm", ValueError, "TVM does not know the target {'kind': 'lvm'}"),
        ("llvm -mcpu", ValueError, "'-mcpu': write an option as -name=value"),
        ("llvm -speed=9", ValueError, "Unknown config option 'speed'"),
        ("llvm -num-cores=two", ValueError, "num-cores is a number"),
        ({"mcpu": "znver4"}, ValueError, "TVM does not know the target"),
        ('{"kind": "cuda"}', ValueError, "the target 'cuda' is no CPU"),
        ('{"kind": "llvm"', ValueError, "is no JSON: Expecting ',' delimiter"),
        ("llvm -mcpu=foo", ValueError, r"'foo' of the target: of \d+ that it knows, \w.*(, \w.*){4} come nearest$"),
        ("llvm -mcpu=cascade", ValueError, "LLVM does not know the processor 'cascade' .* did you mean cascadelake"),
        ("cuda", ValueError, "the target 'cuda' is no CPU"),
        (3, TypeError, "a target is a text such as 'llvm'"),
    ],
)
def test_targets_that_there_are_not(target, error, says):
    a = x()
    with pytest.raises(error, match=says):
        relay.build(module(a, a), target)


def test_what_cannot_be_compiled():
    a = x()
    choice = relay.If(relay.less(relay.sum(a), relay.const(0.0)), a, relay.negative(a))
    with pytest.raises(ValueError, match="an if cannot be compiled"):
        relay.build(module(choice, a), "llvm")


def test_operators_without_a_lowering_are_named_at_once(monkeypatch):
    from tvm.relay.backend.te import registry

    monkeypatch.setattr(registry, "_LOWERINGS", {})
    a = x()
    with pytest.raises(NotImplementedError, match=r"^add, nn.relu, tanh cannot be compiled"):
        relay.build(module(relay.tanh(relay.nn.relu(relay.add(a, relay.add(a, a)))), a), "llvm")


def test_the_module_stays_as_it_was():
    a, w = x("a"), x("w")
    mod = module(relay.add(a, w), a, w)
    text = str(mod)
    relay.build(mod, "llvm", {"w": ONES})
    with pytest.raises(ValueError, match="'v'"):
        relay.build(mod, "llvm", {"v": ONES})
    assert str(mod) == text
