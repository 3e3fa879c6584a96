"""From a module to something that runs.

executor = relay.create_executor("debug", mod, params=params)
executor.evaluate()(image)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tvm.ir import IRModule

from .backend.interpreter import Executor, Interpreter
from .module import main_of, with_main
from .parameters import bind_params_by_name

__all__ = ["bind_params_by_name", "create_executor"]


def create_executor(
    kind: str = "debug",
    mod: IRModule | None = None,
    device: Any = None,
    target: Any = "llvm",
    params: Mapping[str, Any] | None = None,
) -> Executor:
    """What runs `mod`: `kind="debug"` is the interpreter, which computes on NumPy and takes no device or target.

    `params` are bound to `@main`. Raises `ValueError` for another kind.
    """
    if kind != "debug":
        raise ValueError(f"relay.create_executor has no kind {kind!r}: use 'debug', the interpreter")
    if params:
        mod = with_main(mod, bind_params_by_name(main_of(mod, "relay.create_executor"), params))
    return Interpreter(mod)
