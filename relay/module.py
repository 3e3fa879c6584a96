"""What `tvm.IRModule` and `tvm.ir.GlobalVar` must know of Relay.

An `IRModule` is TVM's own and cannot be subclassed, so its methods are told about Relay's functions here, once:
its text, `from_expr` for an expression that is no function yet, and the call of a global function.
Modules of other dialects keep what they had.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import tvm
from tvm.ir import GlobalVar, IRModule

from .expr import Call, ExprWithOp, Function
from .text import astext, pretty_print


def is_relay(mod: IRModule) -> bool:
    """Whether `mod` holds a Relay function."""
    return any(isinstance(func, Function) for func in mod.functions.values())


def main_of(mod: IRModule, wanted_by: str) -> Function:
    """The function `main` of `mod`.

    Raises `TypeError` where `mod` is no module or `main` no Relay function, `ValueError` where there is no `main`.
    """
    if not isinstance(mod, IRModule):
        raise TypeError(
            f"{wanted_by} takes a tvm.IRModule, not {type(mod).__name__}: make one with tvm.IRModule.from_expr"
        )
    if "main" not in mod:
        names = ", ".join(sorted(f"@{gvar.name_hint}" for gvar in mod.get_global_vars())) or "no function"
        raise ValueError(f"{wanted_by} works on the function @main, and this module has {names}: name one of them main")
    if not isinstance(func := mod["main"], Function):
        raise TypeError(
            f"{wanted_by} takes Relay functions, and @main is a {type(func).__name__}: import the network first"
        )
    return func


def with_main(mod: IRModule, func: Function) -> IRModule:
    """A module like `mod` with `func` for its `main`; `mod` stays as it is."""
    new = mod.clone()
    new.update_func(new.get_global_var("main"), func)
    return new


def teach_ir_module() -> None:
    """Put the Relay-aware methods in place. Called once, when the dialect is loaded."""
    IRModule.__str__ = _relay_first(pretty_print, IRModule.__str__)
    IRModule.__repr__ = _relay_first(pretty_print, IRModule.__repr__)
    IRModule.astext = astext
    IRModule.from_expr = staticmethod(_from_expr(IRModule.from_expr))
    GlobalVar.__call__ = _call_global(GlobalVar.__call__)


def _relay_first(ours: Any, theirs: Any) -> Any:
    @functools.wraps(theirs)
    def text(self: IRModule) -> str:
        return str(ours(self) if is_relay(self) else theirs(self))

    return text


def _from_expr(theirs: Any) -> Any:
    @functools.wraps(theirs)
    def from_expr(expr: Any, functions: Mapping[Any, Any] | None = None, **others: Any) -> IRModule:
        if isinstance(expr, ExprWithOp) and not isinstance(expr, Function):
            from .analysis import free_vars

            expr = Function(free_vars(expr), expr)
        if not isinstance(expr, Function):
            return theirs(expr, functions, **others)
        symbol = expr.attrs.get("global_symbol", "main")
        return tvm.IRModule({symbol: expr, **(functions or {})})

    return from_expr


def _call_global(theirs: Any) -> Any:
    @functools.wraps(theirs)
    def call(self: GlobalVar, *args: Any) -> Any:
        if args and all(isinstance(arg, ExprWithOp) for arg in args):
            return Call(self, args)
        return theirs(self, *args)

    return call


teach_ir_module()
