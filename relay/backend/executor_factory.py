"""What `relay.build` gives: a compiled network, to run here or to be saved as a library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tvm
from tvm import relax
from tvm.ir import IRModule

from .describe import Description, Made, described
from .graph_executor import check_device, check_processor, foreign
from .target import features, requirements


class ExecutorFactoryModule:
    """A compiled network.

    It is run, saved or looked at:

        lib["default"](tvm.cpu())       a machine that runs it, for `graph_executor.GraphModule`
        lib.export_library("net.so")    a file for `tvm.runtime.load_module`
        print(lib.describe())           the kernels, their shapes, and what share of the time each takes
    """

    def __init__(
        self,
        executable: Any,
        ir_mod: IRModule,
        relax_mod: IRModule,
        kernels: Sequence[Made],
        target: tvm.target.Target,
    ) -> None:
        self.executable = executable
        self.ir_mod = ir_mod
        self.relax_mod = relax_mod
        self.kernels = kernels
        self.target = target

    def __getitem__(self, name: str) -> Callable[[Any], relax.VirtualMachine]:
        if name != "default":
            raise KeyError(f"the library has no entry {name!r}: it has 'default'")
        # Code for another architecture could not even be asked what it needs.
        check_processor(requirements(self.target))

        def machine(device: Any) -> relax.VirtualMachine:
            check_device(device)
            return relax.VirtualMachine(self.executable, device)

        return machine

    def export_library(self, file_name: str | Path, **options: Any) -> None:
        """Save the network, with its parameters, as a shared library; options are those of TVM's own method.

        Raises `ValueError` for a library of another kind of machine without a compiler that links for it, and
        `FileNotFoundError` where the folder does not exist.
        """
        if not (folder := Path(file_name).absolute().parent).is_dir():
            raise FileNotFoundError(f"there is no folder {folder} to save {Path(file_name).name} in: make it first")
        theirs = requirements(self.target)
        if foreign(theirs) and not (options.get("fcompile") or str(file_name).endswith(".tar")):
            kind = f"{theirs['architecture']} {theirs['system']}".strip()
            raise ValueError(
                f"{file_name} is code for {kind}, which the linker of this machine does not know: export it as .tar,"
                " or name a compiler, as in fcompile=tvm.contrib.cc.cross_compiler('aarch64-linux-gnu-g++')"
            )
        self.executable.export_library(str(file_name), **options)

    def describe(self) -> Description:
        """A table of the kernels: how often each is called, shapes, how it is computed, its share of time (estimated).

        Its text is the table, and it is a sequence of its rows.
        """
        return described(self.kernels, features(self.target))

    def get_params(self) -> dict[str, tvm.runtime.Tensor]:
        """The parameters that are to be set before a run: none, the library has all of them inside."""
        return {}

    @property
    def lib(self) -> Any:
        """TVM's module with the code."""
        return self.executable.mod

    def get_lib(self) -> Any:
        """TVM's module with the code."""
        return self.lib
