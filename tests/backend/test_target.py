"""What a target has, and that nothing is run that was compiled for another processor."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.contrib import graph_executor
from tvm.relay.backend.target import cpu_target, features, requirements
from tvm.target.codegen import llvm_get_cpu_features, llvm_get_system_cpu

BOOK = Path(__file__).resolve().parents[2] / "book"


def relu():
    x = relay.var("x", shape=(2, 16))
    return tvm.IRModule.from_expr(relay.Function([x], relay.nn.relu(x)))


@pytest.mark.parametrize("target", ["llvm", {"kind": "llvm"}, tvm.target.Target({"kind": "llvm"}), "llvm -num-cores=3"])
def test_llvm_means_this_processor(target):
    found = cpu_target(target)
    assert found.attrs["mcpu"] == llvm_get_system_cpu()
    has, here = llvm_get_cpu_features(found), graph_executor.host_features()
    assert {name for name in here if name in has} == {name for name, there in here.items() if there}
    graph_executor.check_processor(requirements(found))


@pytest.mark.parametrize(
    "target, shape",
    [
        ("llvm -mcpu=znver4", (16, 32, "vpdpbusd512")),
        ("llvm -mcpu=znver4 -mattr=-avx512vnni", (16, 32, "pmaddubsw512")),
        ("llvm -mcpu=alderlake", (8, 16, "vpdpbusd256")),
        ("llvm -mcpu=haswell", (8, 16, "pmaddubsw256")),
        ("llvm -mcpu=sandybridge", (8, 16, "pmaddubsw128")),
        ("llvm -mcpu=x86-64", (4, 16, "pmaddwd128")),
        ("llvm -mtriple=aarch64-linux-gnu -mattr=+neon,+dotprod", (4, 32, "sdot")),
        ("llvm -mtriple=aarch64-apple-darwin -mcpu=apple-m1", (4, 32, "sdot")),
        ("llvm -mtriple=aarch64-linux-gnu", (4, 32, "generic")),
        ("llvm -mtriple=riscv64-linux-gnu", (4, 16, "generic")),
    ],
)
def test_features(target, shape):
    found = features(cpu_target(target))
    assert (found.lanes, found.registers, found.dot) == shape


def test_a_target_as_json():
    options = {"kind": "llvm", "mcpu": "x86-64", "mtriple": "x86_64-linux-gnu", "num-cores": 3}
    assert cpu_target(json.dumps(options)).export() == cpu_target(options).export()


def test_cores_are_those_of_the_target_or_of_this_machine():
    assert features(cpu_target("llvm -num-cores=3")).cores == 3
    assert features(cpu_target("llvm")).cores == graph_executor.physical_cores() <= os.cpu_count()


OTHER = "aarch64" if graph_executor.architecture(platform.machine()) == "x86_64" else "x86_64"


def test_another_architecture_is_compiled_for_and_not_run(tmp_path):
    lib = relay.build(relu(), f"llvm -mtriple={OTHER}-linux-gnu")
    assert "fused_nn_relu" in lib.lib.imports[0].inspect_source("s")
    lib.export_library(tmp_path / "net.tar")
    assert (tmp_path / "net.tar").stat().st_size
    with pytest.raises(ValueError, match=f"compiled for {OTHER}, and this machine is .*: export it and run it there"):
        lib["default"](tvm.cpu())
    with pytest.raises(ValueError, match=r"net.so.*the linker of this machine.*: export it as .tar, or name"):
        lib.export_library(tmp_path / "net.so")


def test_another_system_is_compiled_for_and_not_run(tmp_path):
    """The same processor: LLVM's code for another system ends the process when it is run."""
    there = "linux" if platform.system() == "Windows" else "windows"
    lib = relay.build(relu(), f"llvm -mtriple={graph_executor.architecture(platform.machine())}-pc-{there}")
    with pytest.raises(ValueError, match=rf"compiled for .*, and this machine runs \w+, not {there}: export it"):
        lib["default"](tvm.cpu())
    with pytest.raises(ValueError, match=rf"net.so is code for \w+ {there}, which the linker"):
        lib.export_library(tmp_path / "net.so")


@pytest.fixture
def lacking():
    """A feature of this architecture that this processor has not."""
    names = ("avx512fp16", "avxvnniint8", "xop", "sve2", "i8mm")
    return next(name for name in names if graph_executor.host_features().get(name) is False)


def test_a_processor_that_lacks_a_feature_is_told_before_the_first_run(lacking, tmp_path):
    lib = relay.build(relu(), f"llvm -mcpu={llvm_get_system_cpu()} -mattr=+{lacking}")
    with pytest.raises(ValueError, match=f"compiled for .*, and this processor lacks .*{lacking}"):
        lib["default"](tvm.cpu())
    lib.export_library(tmp_path / "net.so")
    with pytest.raises(ValueError, match=f"compiled for .*, and this processor lacks .*{lacking}"):
        tvm.runtime.load_module(str(tmp_path / "net.so"))["default"](tvm.cpu())


def test_what_an_older_processor_has_too_runs():
    target = "llvm -mcpu=x86-64" if OTHER == "aarch64" else "llvm -mattr=+neon"
    graph = graph_executor.GraphModule(relay.build(relu(), target)["default"](tvm.cpu()))
    graph.run(x=-np.ones((2, 16), "float32"))
    assert not graph.get_output(0).numpy().any()


@pytest.mark.parametrize("given, threads", [({}, None), ({"TVM_NUM_THREADS": "1"}, 1), ({"OMP_NUM_THREADS": "1"}, 1)])
def test_all_cores_compute_unless_told_otherwise(given, threads):
    code = "import set_env, tvm_ffi; print(tvm_ffi.get_global_func('runtime.NumThreads')())"
    env = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")} | given
    found = subprocess.run([sys.executable, "-c", code], cwd=BOOK, env=env, capture_output=True, check=True, text=True)
    assert int(found.stdout) == (threads or graph_executor.physical_cores())
