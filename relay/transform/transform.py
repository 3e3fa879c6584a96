"""What the passes share: a pass over functions is a real TVM pass over a module.

TVM's `Sequential`, `PassContext` and pass instruments see each one by its Relay name.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import tvm
import tvm_ffi
from tvm.ir import IRModule
from tvm.ir.transform import PassContext, PassInfo

from ..expr import Function

Apply = Callable[[Function, IRModule, PassContext], Function]


def function_pass(
    pass_func: Any = None,
    opt_level: int | None = None,
    name: str | None = None,
    required: Sequence[str] | None = None,
) -> Any:
    """Make a pass of `f(func, mod, ctx) -> func`, or of a class with `transform_function(self, func, mod, ctx)`.

    It is applied to every Relay function of a module, and what it makes has its types inferred. It is used as a
    decorator too:

        @relay.transform.function_pass(opt_level=1)
        def my_pass(func, mod, ctx): ...

    Raises `ValueError` where no `opt_level` is given.
    """
    if opt_level is None:
        raise ValueError(
            "relay.transform.function_pass needs an opt_level, the level from which the pass runs: give one"
        )

    def create(of: Any) -> Any:
        if inspect.isclass(of):
            return _pass_class(of, opt_level, name or of.__name__, required or ())
        return _module_pass(of, opt_level, name or of.__name__, required or ())

    return create if pass_func is None else create(pass_func)


def _module_pass(apply: Apply, opt_level: int, name: str, required: Sequence[str]) -> tvm.transform.Pass:
    from .infer_type import infer  # a pass itself, made by this very function

    def run(mod: IRModule, ctx: PassContext) -> IRModule:
        new = mod
        for gvar, func in mod.functions_items():
            if not isinstance(func, Function):
                continue
            ready = infer(func, new) if "InferType" in required else func
            made = _applied(apply, ready, new, ctx)
            if not isinstance(made, Function):
                raise TypeError(
                    f"the pass {name} gave a {type(made).__name__} for @{gvar.name_hint}: return a relay.Function"
                )
            if (typed := infer(made, new)) != func:
                new = new.clone() if new is mod else new
                new.update_func(gvar, typed)
        return new

    return tvm.transform.module_pass(run, opt_level=opt_level, name=name, required=list(required))


def _applied(apply: Apply, func: Function, mod: IRModule, ctx: PassContext) -> Any:
    try:
        return apply(func, mod, ctx)
    except Exception as error:
        # TVM passes an exception on by the name of its class, and one that it does not know comes out as RuntimeError.
        if type(error) not in tvm_ffi.core.ERROR_TYPE_TO_NAME:
            tvm_ffi.register_error(f"{type(error).__module__}.{type(error).__qualname__}", type(error))
        raise


def _pass_class(cls: type, opt_level: int, name: str, required: Sequence[str]) -> Callable[..., tvm.transform.Pass]:
    @functools.wraps(cls, updated=())
    def make(*args: Any, **kwargs: Any) -> tvm.transform.Pass:
        return _module_pass(cls(*args, **kwargs).transform_function, opt_level, name, required)

    return make


__all__ = ["PassContext", "PassInfo", "function_pass"]
