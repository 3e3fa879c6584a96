"""What the passes share: a pass over functions is a real TVM pass over a module.

TVM's `Sequential`, `PassContext` and pass instruments see each one by its Relay name.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
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
    @raising_its_own
    def run(mod: IRModule, ctx: PassContext) -> IRModule:
        return _applied(apply, mod, ctx, name, "InferType" in required)

    return tvm.transform.module_pass(run, opt_level=opt_level, name=name, required=list(required))


def _applied(apply: Apply, mod: IRModule, ctx: PassContext, name: str, typed_first: bool) -> IRModule:
    """`mod` with `apply` done to each of its Relay functions, and types in what that makes."""
    from .infer_type import infer  # a pass itself, made by this very module

    new = mod
    for gvar, func in mod.functions_items():
        if not isinstance(func, Function):
            continue
        made = apply(infer(func, new) if typed_first else func, new, ctx)
        if not isinstance(made, Function):
            raise TypeError(
                f"the pass {name} gave a {type(made).__name__} for @{gvar.name_hint}: return a relay.Function"
            )
        if (typed := infer(made, new)) != func:
            new = new.clone() if new is mod else new
            new.update_func(gvar, typed)
    return new


def raising_its_own(run: Callable[..., Any]) -> Callable[..., Any]:
    """`run`, a function that TVM calls, whose exceptions TVM passes on as what they are.

    TVM knows classes of exceptions by name, and those that it does not know come out as `RuntimeError`.
    """

    @functools.wraps(run)
    def known_first(*args: Any) -> Any:
        try:
            return run(*args)
        except BaseException as error:
            _make_known(error)
            raise

    return known_first


def _make_known(error: BaseException) -> None:
    kind = type(error)
    if kind in tvm_ffi.core.ERROR_TYPE_TO_NAME:
        return
    try:
        kind(str(error))  # as TVM makes it again
    except Exception:
        return
    tvm_ffi.register_error(f"{kind.__module__}.{kind.__qualname__}", kind)


def _pass_class(cls: type, opt_level: int, name: str, required: Sequence[str]) -> Callable[..., tvm.transform.Pass]:
    @functools.wraps(cls, updated=())
    def make(*args: Any, **kwargs: Any) -> tvm.transform.Pass:
        return _module_pass(cls(*args, **kwargs).transform_function, opt_level, name, required)

    return make


@dataclass(frozen=True)
class PassOption:
    """An option of a pass that is set by `PassContext(config={name: value})`; `kind` is `int` or `bool`."""

    name: str
    kind: type
    default: Any

    def of(self, ctx: PassContext) -> Any:
        """Its value in a context."""
        return self.kind(ctx.config.get(self.name, self.default))

    def checked(self, value: Any) -> Any:
        """`value`, which may be NumPy's or TVM's; raises `TypeError` for one of another kind."""
        try:
            number = int(value)
            if number == value and (self.kind is int or number in (0, 1)):
                return self.kind(number)
        except (TypeError, ValueError):
            pass
        raise TypeError(f"the option {self.name} of a PassContext is of type {self.kind.__name__}, not {value!r}")


_OPTIONS: dict[str, PassOption] = {}
_FIELDS = ("opt_level", "required_pass", "disabled_pass", "instruments")


def pass_option(name: str, kind: type, default: Any) -> PassOption:
    """Declare an option, so that `PassContext` takes it."""
    return _OPTIONS.setdefault(name, PassOption(name, kind, default))


def teach_pass_context() -> None:
    """Let `PassContext` take the options of Relay's passes. Called once, when the dialect is loaded.

    TVM refuses a name that it does not know and has no way to add one: such a context is made past that check.
    """
    theirs = PassContext.__init__

    @functools.wraps(theirs)
    def init(
        self: PassContext,
        opt_level: int = 2,
        required_pass: Any = None,
        disabled_pass: Any = None,
        instruments: Any = None,
        config: Mapping[str, Any] | None = None,
    ) -> None:
        given = dict(config or {})
        options = {name: _OPTIONS[name].checked(given.pop(name)) for name in list(given) if name in _OPTIONS}
        theirs(self, opt_level, required_pass, disabled_pass, instruments, given)
        if options:
            whole = {name: getattr(self, name) for name in _FIELDS} | {"config": {**self.config, **options}}
            self.__move_handle_from__(tvm.ir.make_node("transform.PassContext", **whole))

    PassContext.__init__ = init


teach_pass_context()

__all__ = ["PassContext", "PassInfo", "function_pass"]
