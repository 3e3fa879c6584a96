"""From a module to something that runs.

    executor = relay.create_executor("debug", mod, params=params)
    executor.evaluate()(image)

    lib = relay.build(mod, target="llvm", params=params)
    module = graph_executor.GraphModule(lib["default"](tvm.cpu()))

The first way interprets, the second one compiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tvm
from tvm import relax
from tvm.ir import GlobalVar, IRModule

from . import transform
from .analysis import free_vars
from .backend import layout, memory, pipeline  # noqa: F401  layout registers which layouts convolutions take
from .backend.bounds import known_bounds
from .backend.executor_factory import ExecutorFactoryModule
from .backend.inline import inlined
from .backend.interpreter import Executor, Interpreter, arguments
from .backend.narrow import narrowed
from .backend.stops import without_stops
from .backend.target import cpu_target
from .expr import Function
from .module import main_of, with_main
from .parameters import bind_params_by_name
from .transform.infer_type import infer

if TYPE_CHECKING:
    from .backend.kernels import Choice
    from .backend.program import Program
    from .backend.tune import Tuning

__all__ = ["bind_params_by_name", "build", "create_executor", "tune"]


def build(
    ir_mod: IRModule | Function,
    target: Any = None,
    params: Mapping[str, Any] | None = None,
    tuning: str | Path | None = None,
) -> ExecutorFactoryModule:
    """Compile `@main` of a module, or a function, for a CPU.

    `target` is `"llvm"`, with options such as `"llvm -mcpu=znver4"`, a dictionary or a `tvm.target.Target`; without it
    the one of the `with` around counts. `params` are bound to `@main`. `tuning` is a file that `relay.tune` wrote; one
    for another network or machine is ignored, with a warning.
    Raises `ValueError` for a target that TVM does not know and for a file without a tuning, `NotImplementedError` with
    all operators that have no lowering. The module stays as it is.
    """
    mod, found = _optimized(ir_mod, target, params, "relay.build")
    chosen = _tuning().choices(tuning, mod["main"], found) if tuning is not None else {}
    program = _program(mod, found, chosen)
    executable = relax.build(program.module, target=found, relax_pipeline=memory.PASSES, tir_pipeline=pipeline.NAME)
    return ExecutorFactoryModule(executable, mod, program.module, program.kernels, found)


def tune(
    ir_mod: IRModule | Function,
    target: Any = None,
    params: Mapping[str, Any] | None = None,
    *,
    file: str | Path,
) -> Tuning:
    """Measure how each kernel of a network is fastest, show the progress, and write `file` for `relay.build`.

    Arguments are those of `relay.build`. Gives what was found; its text is a table.
    Raises `ValueError` where code for the target does not run here, `FileNotFoundError` where `file` has no
    folder to be in.
    """
    if not (folder := Path(file).absolute().parent).is_dir():
        raise FileNotFoundError(f"there is no folder {folder} to write {Path(file).name} in: make it first")
    mod, found = _optimized(ir_mod, target, params, "relay.tune")
    tuning = _tuning().measured(mod["main"], _program(mod, found, {}).kernels, found)
    tuning.save(file)
    return tuning


def _optimized(
    ir_mod: IRModule | Function, target: Any, params: Mapping[str, Any] | None, caller: str
) -> tuple[IRModule, tvm.target.Target]:
    mod = tvm.IRModule.from_expr(ir_mod) if isinstance(ir_mod, Function) else ir_mod
    func = main_of(mod, caller)
    found = cpu_target(target)
    if params:
        mod = with_main(mod, bind_params_by_name(func, params))
    return optimize(mod, found), found


def optimize(mod: IRModule, target: tvm.target.Target) -> IRModule:
    """`@main` alone, simplified, in layouts for `target`, and fused into primitive functions: what is compiled."""
    typed = transform.InferType()(mod)
    main = IRModule({"main": inlined(typed["main"], typed)})
    simplified = tvm.transform.Sequential([transform.SimplifyInference(), transform.FoldConstant()])(main)
    with target:
        laid_out = _in_layouts(simplified)
    return tvm.transform.Sequential([narrowed(), without_stops(), _fused(), known_bounds()])(laid_out)


def _fused() -> tvm.transform.Pass:
    """`FuseOps`; where it is disabled, each operator is a function of its own, for only functions are compiled."""
    fuse_ops = transform.FuseOps()
    if fuse_ops.info.name not in tvm.transform.PassContext.current().disabled_pass:
        return fuse_ops
    alone = transform.FuseOps(0)
    return tvm.transform.module_pass(lambda mod, ctx: alone(mod), opt_level=0, name="FuseNothing")


def _in_layouts(mod: IRModule) -> IRModule:
    """The module with operators in layouts that the target of the `with` around wants, and with weights packed.

    Unlike in TVM v0.16, a `PassContext` of level 2, the default, is enough.
    """
    context = tvm.transform.PassContext.current()
    steps = (transform.CanonicalizeOps(), transform.AlterOpLayout(), transform.FoldConstant())
    if context.opt_level < 2 or steps[1].info.name in context.disabled_pass:
        return mod
    for step in steps:
        mod = step(mod)
    return mod


def _program(mod: IRModule, target: tvm.target.Target, choices: Mapping[str, Choice]) -> Program:
    # Operators' tensor expressions are loaded by the first build: many a program only looks at Relay.
    from .backend.program import to_relax

    return to_relax(mod["main"], target, choices)


def _tuning() -> Any:
    from .backend import tune

    return tune


class Compiled(Executor):
    """The executor of the kinds `graph` and `vm`: it compiles an expression and runs it."""

    def __init__(self, mod: IRModule | None = None, device: Any = None, target: Any = None) -> None:
        super().__init__(mod)
        self.device = tvm.cpu() if device is None else device
        self.target = cpu_target(target)

    def _make_executor(self, expr: Any) -> Callable[..., Any]:
        func = infer(self.mod[expr] if isinstance(expr, GlobalVar) else expr, self.mod)
        if free := free_vars(func):
            names = ", ".join(f"%{var.name_hint}" for var in free)
            raise ValueError(f"{names} has no value: give it one in `binds`")
        new = self.mod.clone()
        new["main"] = func
        machine = build(new, self.target)["default"](self.device)

        def run(*args: Any, **kwargs: Any) -> Any:
            return _result(machine["main"](*map(_argument, arguments(func, args, kwargs))))

        return run


def _argument(value: Any) -> Any:
    return tuple(map(_argument, value)) if isinstance(value, tuple) else tvm.runtime.tensor(value)


def _result(value: Any) -> Any:
    return value if isinstance(value, tvm.runtime.Tensor) else tuple(map(_result, value))


_COMPILED = ("graph", "vm", "aot")


def create_executor(
    kind: str = "debug",
    mod: IRModule | None = None,
    device: Any = None,
    target: Any = "llvm",
    params: Mapping[str, Any] | None = None,
) -> Executor:
    """What runs `mod`: `kind="debug"` is the interpreter, `"graph"`, `"vm"` and `"aot"` compile it.

    The interpreter computes on NumPy and takes no device or target. `params` are bound to `@main`.
    Raises `ValueError` for another kind.
    """
    if kind != "debug" and kind not in _COMPILED:
        raise ValueError(
            f"relay.create_executor has no kind {kind!r}: use 'debug', the interpreter, or {', '.join(_COMPILED)}"
        )
    if params:
        mod = with_main(mod, bind_params_by_name(main_of(mod, "relay.create_executor"), params))
    return Interpreter(mod) if kind == "debug" else Compiled(mod, device, target)
