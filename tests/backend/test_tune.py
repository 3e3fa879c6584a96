"""Tuning: choices are measured, kept in a file, and built from; a file of another network or machine is not."""

import json
import re
import warnings

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.contrib import graph_executor


def network(channels=32, scale=1):
    """Two convolutions on channels in blocks."""
    rng = np.random.default_rng(0)
    x = relay.var("x", shape=(1, 16, 12, 12))
    first, second = (
        relay.const(scale * rng.normal(size=s).astype("float32")) for s in ((channels, 16, 3, 3), (16, channels, 1, 1))
    )
    hidden = relay.nn.relu(relay.nn.conv2d(x, first, padding=(1, 1), channels=channels, kernel_size=(3, 3)))
    body = relay.nn.relu(relay.nn.conv2d(hidden, second, channels=16, kernel_size=(1, 1)))
    return tvm.IRModule.from_expr(relay.Function([x], body))


@pytest.fixture(scope="module")
def tuned(tmp_path_factory):
    file = tmp_path_factory.mktemp("tuning") / "net.json"
    return relay.tune(network(), "llvm", file=file), file


def paths(**options):
    return {row.name: row.path for row in relay.build(network(), "llvm", **options).describe() if row.path != "loops"}


def test_each_kernel_with_a_choice_has_a_line(tuned):
    found, file = tuned
    assert {kernel.name for kernel in found.kernels} == set(paths())
    assert all(0 < kernel.us <= kernel.untuned_us for kernel in found.kernels)
    assert len(str(found).splitlines()) == 1 + len(found.kernels)
    assert json.loads(file.read_text())["machine"]["name"] == found.machine["name"]


def test_a_file_decides_the_choices_and_not_the_results(tuned, tmp_path):
    """Whatever was the fastest: with another choice in the file, other code is made, which computes the same."""
    made = relay.build(network(), "llvm").kernels
    (kernel,) = [kernel for kernel in made if kernel.name == tuned[0].kernels[0].name]
    found = json.loads(tuned[1].read_text())
    found["kernels"][0]["choice"] = dict(kernel.choices[-1])
    (tmp_path / "other.json").write_text(json.dumps(found))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        lib = relay.build(network(), "llvm", tuning=tmp_path / "other.json")
    assert lib.describe()[1].path != paths()[kernel.name]
    data = np.random.default_rng(1).normal(size=(1, 16, 12, 12)).astype("float32")
    outputs = []
    for each in (lib, relay.build(network(), "llvm")):
        graph = graph_executor.GraphModule(each["default"](tvm.cpu()))
        graph.run(x=data)
        outputs.append(graph.get_output(0).numpy())
    np.testing.assert_allclose(*outputs, rtol=1e-4, atol=1e-3)


def test_other_weights_are_no_other_network(tuned):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        relay.build(network(scale=2), "llvm", tuning=tuned[1])


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda file: relay.build(network(48), "llvm", tuning=file), "is ignored, it was tuned for another network"),
        (
            lambda file: relay.build(network(), "llvm -num-cores=63", tuning=file),
            "is ignored, it was tuned for another machine: name .*, cores [0-9]*, tvm",
        ),
        (
            lambda file: relay.build(network(), "llvm -mtriple=aarch64-linux-gnu -mcpu=apple-m1", tuning=file),
            "is ignored, it was tuned for another machine",
        ),
    ],
    ids=["network", "machine", "architecture"],
)
def test_a_file_for_another_one_is_ignored_with_one_warning(tuned, build, says):
    with pytest.warns(UserWarning) as warned:
        build(str(tuned[1]))
    (warning,) = warned
    assert re.search(f"net.json {says}", str(warning.message))
    assert warning.filename == __file__


BROKEN = (
    *("", "[]", "{}", '{"network": "", "machine": 5, "kernels": []}'),
    '{"network": "", "machine": {}, "kernels": [{"name": "a"}]}',
    '{"network": "", "machine": {}, "kernels": [{"name": "a", "choice": 5, "us": 1, "untuned_us": 1}]}',
)


@pytest.mark.parametrize("text", BROKEN)
def test_a_file_that_is_no_tuning(text, tmp_path):
    (tmp_path / "net.json").write_text(text)
    with pytest.raises(ValueError, match="net.json is no tuning file: make one with relay.tune"):
        relay.build(network(), "llvm", tuning=tmp_path / "net.json")


def test_nothing_is_measured_that_does_not_run_here(tmp_path):
    with pytest.raises(ValueError, match="the library is compiled for riscv64, and this machine is"):
        relay.tune(network(), "llvm -mtriple=riscv64-linux-gnu", file=tmp_path / "net.json")
    assert not (tmp_path / "net.json").exists()


def test_nothing_is_measured_that_cannot_be_written(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder .* to write net.json in: make it first"):
        relay.tune(network(), "llvm", file=tmp_path / "none" / "net.json")
