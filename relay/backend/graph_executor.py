"""`tvm.contrib.graph_executor` of TVM v0.16, on Relax's virtual machine.

    module = graph_executor.GraphModule(lib["default"](tvm.cpu()))
    module.set_input("data", image)
    module.run()
    module.get_output(0).numpy()

`lib` is what `relay.build` gives, or a library that was exported and is loaded with `tvm.runtime.load_module`. This
file needs TVM and nothing of Relay, so a program that only runs a library does not load the rest.
"""

from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tvm
import tvm_ffi
from tvm.runtime.module import BenchmarkResult
from tvm.runtime.vm import VirtualMachine

__all__ = ["GraphModule"]


class GraphModule:
    """A compiled network with its inputs and outputs; the inputs stay from one run to the next."""

    def __init__(self, module: VirtualMachine) -> None:
        if not isinstance(module, VirtualMachine):
            raise TypeError(f'GraphModule takes lib["default"](device), not {type(module).__name__}')
        self._machine = module
        described = _signature(module)
        self._inputs: list[dict[str, Any]] = described["inputs"]
        self._outputs: list[dict[str, Any]] = described["outputs"]
        self._values: list[Any] = [None] * len(self._inputs)
        self._is_ours = [False] * len(self._inputs)
        self._results: list[tvm.runtime.Tensor] | None = None
        # What lies between kernels, and where outputs go; the latter are made anew once they were given out.
        self._run, self._memory, self._places = module["run"], module["memory"](), None

    @property
    def module(self) -> GraphModule:
        """What `time_evaluator` is asked of; TVM v0.16 had another object there."""
        return self

    def __getitem__(self, name: str) -> Callable[..., Any]:
        """The function of that name, such as `module["run"]`. Raises `AttributeError` for one that there is not."""
        if name not in _FUNCTIONS:
            raise AttributeError(f"GraphModule has no function {name!r}: it has {', '.join(_FUNCTIONS)}")
        return getattr(self, name)

    def set_input(self, key: str | int | None = None, value: Any = None, **params: Any) -> None:
        """Set an input by its name or its number, or several by their names.

        The numbers are copied, from the second time on to where those before them were.
        Raises `ValueError` for a name or number that there is not and for another shape, `TypeError` for another dtype.
        No input is set then.
        """
        for at, array in self._arrays(key, value, params).items():
            held = self._values[at]
            # What is given out is not written to: a network may return an input as it is.
            if self._is_ours[at] and not any(result.same_as(held) for result in self._results or ()):
                held.copyfrom(array)
            else:
                self._values[at], self._is_ours[at] = tvm.runtime.tensor(array), True

    def set_input_zero_copy(self, key: str | int | None = None, value: Any = None, **params: Any) -> None:
        """As `set_input`, but the network reads the numbers where they are: what is written there counts in each run.

        Raises `TypeError` too for what is no `tvm.runtime.Tensor`.
        """
        tensors = {self._index(name): tensor for name, tensor in _named(key, value, params).items()}
        self._arrays(key, value, params)
        for at, tensor in tensors.items():
            if not isinstance(tensor, tvm.runtime.Tensor):
                raise TypeError(
                    f"the input {self._inputs[at]['name']!r} is given a {type(tensor).__name__}, no tvm.runtime.Tensor:"
                    " use set_input, which copies"
                )
        for at, tensor in tensors.items():
            self._values[at], self._is_ours[at] = tensor, False

    def run(self, **input_dict: Any) -> None:
        """Set the inputs given and compute the outputs. Raises `ValueError` where an input was never set."""
        if input_dict:
            self.set_input(**input_dict)
        self._results = _leaves(self._run(*self._arguments()))

    def get_num_inputs(self) -> int:
        """How many inputs there are."""
        return len(self._inputs)

    def get_num_outputs(self) -> int:
        """How many outputs there are; the fields of a tuple count one by one."""
        return len(self._outputs)

    def get_input(self, index: int | str, out: Any = None) -> Any:
        """The input of that number or name as it was set, or None; copied to `out` where that is given."""
        value = self._values[self._index(index)]
        return value if value is None else _given(value, out)

    def get_input_index(self, name: str) -> int:
        """The number of the input of that name, -1 where there is none."""
        return next((at for at, described in enumerate(self._inputs) if described["name"] == name), -1)

    def get_input_info(self) -> tuple[dict[str, tuple[int, ...]], dict[str, str]]:
        """The shape and the dtype of each input, by name."""
        shapes = {described["name"]: tuple(described["shape"]) for described in self._inputs}
        return shapes, {described["name"]: described["dtype"] for described in self._inputs}

    def get_output(self, index: int, out: Any = None) -> Any:
        """The output of that number, a `tvm.runtime.Tensor`; copied to `out` where that is given.

        Raises `ValueError` before the first run and for a number that there is not.
        """
        if self._results is None:
            raise ValueError("there is no output before the first run: call run()")
        if not _numbers(index, self._results):
            raise ValueError(f"there is no output {index!r}: the network has {len(self._results)}, counted from 0")
        if out is None:
            self._places = None
        return _given(self._results[index], out)

    def time_evaluator(self, func_name: str = "run", dev: Any = None, **options: Any) -> Any:
        """A function without arguments that measures `run`, with the options of `tvm.runtime.Module.time_evaluator`."""
        if func_name != "run":
            raise ValueError(f"there is no function {func_name!r} to measure: it is 'run'")
        self._machine.save_function("run", "timed", *self._arguments(), include_return=False)
        return self._machine.module.time_evaluator("timed", dev or tvm.cpu(), **options)

    def benchmark(
        self,
        device: Any,
        func_name: str = "run",
        repeat: int = 5,
        number: int = 5,
        min_repeat_ms: int | None = None,
        limit_zero_time_iterations: int = 100,
        end_to_end: bool = False,
        cooldown_interval_ms: int = 0,
        repeats_to_cooldown: int = 1,
        **inputs: Any,
    ) -> BenchmarkResult:
        """Seconds for a run: `repeat` means of `number` runs each. Inputs that are given are set first.

        With `end_to_end` the time takes in setting these inputs and giving the outputs to NumPy, in Python.
        """
        if end_to_end:
            pause = (cooldown_interval_ms / 1e3, repeats_to_cooldown)
            return self._end_to_end(repeat, number, (min_repeat_ms or 0) / 1e3, pause, inputs)
        if inputs:
            self.set_input(**inputs)
        options = {
            "limit_zero_time_iterations": limit_zero_time_iterations,
            "cooldown_interval_ms": cooldown_interval_ms,
            "repeats_to_cooldown": repeats_to_cooldown,
        }
        timed = self.time_evaluator(
            func_name, device, number=number, repeat=repeat, min_repeat_ms=min_repeat_ms or 0, **options
        )
        return timed()

    def _end_to_end(
        self, repeat: int, number: int, least: float, pause: tuple[float, int], inputs: Mapping[str, Any]
    ) -> BenchmarkResult:
        """`repeat` means of so many runs that they take `least` seconds, with a pause after every few repeats."""

        def seconds(runs: int) -> float:
            start = time.perf_counter()
            for _ in range(runs):
                self.run(**inputs)
                for index in range(self.get_num_outputs()):
                    self.get_output(index).numpy()
            return (time.perf_counter() - start) / runs

        number = max(number, math.ceil(least / seconds(1)))
        found = []
        for at in range(repeat):
            if at and at % pause[1] == 0:
                time.sleep(pause[0])
            found.append(seconds(number))
        return BenchmarkResult(found)

    def _arguments(self) -> Sequence[Any]:
        missing = [described["name"] for described, value in zip(self._inputs, self._values) if value is None]
        if missing:
            raise ValueError(f"the inputs {', '.join(missing)} have no value: give them to set_input or to run")
        if self._places is None:
            self._places = self._machine["outputs"]()
        return [*self._values, self._memory, self._places]

    def _arrays(self, key: str | int | None, value: Any, params: Mapping[str, Any]) -> dict[int, np.ndarray]:
        """What is given for each input, by its number, as the network takes it."""
        found = {self._index(name): value for name, value in _named(key, value, params).items()}
        return {at: _checked(value, self._inputs[at]) for at, value in found.items()}

    def _index(self, key: str | int) -> int:
        at = self.get_input_index(key) if isinstance(key, str) else key
        if not _numbers(at, self._inputs):
            names = ", ".join(described["name"] for described in self._inputs) or "none"
            raise ValueError(f"there is no input {key!r}: the network has {names}")
        return at


# What TVM v0.16 also gave by name.
_FUNCTIONS = (
    "get_input",
    "get_input_index",
    "get_input_info",
    "get_num_inputs",
    "get_num_outputs",
    "get_output",
    "run",
    "set_input",
    "set_input_zero_copy",
)


def _numbers(index: Any, of: Sequence[Any]) -> bool:
    """Whether `index` is that of one of them."""
    return isinstance(index, int | np.integer) and bool(0 <= index < len(of))


def _named(key: str | int | None, value: Any, params: Mapping[str, Any]) -> dict[str | int, Any]:
    """The inputs that are given, by name or number."""
    if key is not None and not isinstance(key, str | int | np.integer):
        raise TypeError(
            f"an input is set by its name or number, not by a {type(key).__name__}: name it, or pass **values"
        )
    first: dict[str | int, Any] = {} if key is None else {key: value}
    first.update(params)
    return first


def _given(value: Any, out: Any) -> Any:
    """`value`, or a copy of it in `out`."""
    if out is None:
        return value
    if not isinstance(out, tvm.runtime.Tensor) or (out.shape, out.dtype) != (value.shape, value.dtype):
        raise TypeError(f"`out` takes a tvm.runtime.Tensor of shape {tuple(value.shape)} and {value.dtype}: make one")
    value.copyto(out)
    return out


def _leaves(value: Any) -> list[Any]:
    return [value] if isinstance(value, tvm.runtime.Tensor) else [leaf for part in value for leaf in _leaves(part)]


def _checked(value: Any, described: Mapping[str, Any]) -> np.ndarray:
    """The numbers of `value`, as the network takes them."""
    name, shape, dtype = described["name"], tuple(described["shape"]), described["dtype"]
    if isinstance(value, tvm.runtime.Tensor):
        value = np.from_dlpack(value)
    try:
        # A number of Python's has no dtype of its own.
        array = np.asarray(value, dtype if isinstance(value, bool | int | float) else None)
    except (TypeError, ValueError, RuntimeError) as error:  # the last is PyTorch's, of a tensor with a gradient
        raise TypeError(f"the input {name!r} takes an array, and {type(value).__name__} is none: {error}") from error
    if array.dtype.kind in "OSUMm":
        raise TypeError(f"the input {name!r} takes an array of {dtype}, and {type(value).__name__} holds no numbers")
    if str(array.dtype) != dtype:
        raise TypeError(
            f"the input {name!r} takes {dtype} and is given {array.dtype}: convert it with .astype({dtype!r})"
        )
    if array.shape != shape:
        raise ValueError(f"the input {name!r} takes the shape {shape} and is given {array.shape}: reshape it")
    return np.ascontiguousarray(array).reshape(shape)


def _signature(machine: VirtualMachine) -> dict[str, Any]:
    return json.loads(bytes(machine["signature"]().numpy()))


def virtual_machine(module: Any, device: Any) -> VirtualMachine:
    """The machine that runs a compiled module.

    Raises `ValueError` for a device that is no CPU, and where this processor lacks what the module needs.
    """
    check_device(device)
    machine = VirtualMachine(module, device)
    check_processor(_signature(machine)["processor"])
    return machine


def check_device(device: Any) -> None:
    """Raise `ValueError` for a device that is no CPU."""
    if isinstance(device, tvm.runtime.Device) and device.dlpack_device_type() != tvm.cpu().dlpack_device_type():
        raise ValueError(f"the library is compiled for CPUs, and {device} is none: pass tvm.cpu()")


def check_processor(needed: Mapping[str, Any]) -> None:
    """Raise `ValueError` where code for a machine (name, architecture, system and features) cannot run on this one."""
    has = host_features()
    lacking = [name for name in needed["features"] if not has.get(name, not has)]
    if reason := foreign(needed):
        why = f"this machine {reason}"
    elif lacking:
        why = f"this processor lacks {', '.join(lacking)}"
    else:
        return
    raise ValueError(
        f"the library is compiled for {needed['name']}, and {why}: export it and run it there, or build it for 'llvm',"
        " the machine at hand"
    )


def foreign(needed: Mapping[str, Any]) -> str:
    """What this machine is instead of the one that code is for; empty where that is one of its kind."""
    here, system = architecture(platform.machine()), platform.system().lower()
    if needed["architecture"] != here:
        return f"is {here}"
    return f"runs {system}, not {needed['system']}" if needed["system"] not in ("", system) else ""


def architecture(name: str) -> str:
    """The one name of an architecture that several are in use for."""
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(name.lower(), name.lower())


def host_features() -> dict[str, bool]:
    """What the processor at hand has and has not, by LLVM's names; empty where LLVM cannot tell."""
    found = tvm_ffi.get_global_func("tvm.codegen.llvm.GetHostCPUFeatures", allow_missing=True)
    return {str(name): bool(there) for name, there in (found() if found else {}).items()}


def physical_cores() -> int:
    """How many cores this process may use, where the two threads of a core count once."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    usable = os.sched_getaffinity(0)
    siblings = [Path(f"/sys/devices/system/cpu/cpu{at}/topology/thread_siblings_list") for at in usable]
    return len({path.read_text() if path.exists() else path for path in siblings})


def _use_all_cores() -> None:
    """TVM takes half of the processors of an x86 machine, as if each core had two threads. Done once, as below."""
    if "OMP_NUM_THREADS" not in os.environ:
        os.environ.setdefault("TVM_NUM_THREADS", str(physical_cores()))


def _teach_module() -> None:
    """Let a loaded library be asked for `lib["default"]`. Done once, when this file is loaded."""
    kind = tvm.runtime.Module
    theirs = kind.__getitem__

    def get(self: Any, name: str) -> Any:
        if name == "default" and self.implements_function("vm_load_executable"):
            return lambda device: virtual_machine(self, device)
        return theirs(self, name)

    kind.__getitem__ = get


_use_all_cores()
_teach_module()
