"""What the programs share: how they are listed, and a few short ways to say things."""

from collections.abc import Callable

import numpy as np

from ..engine import relay, tvm

Program = Callable[[], object]


class Programs(dict[str, Program]):
    """Programs by name; as a decorator it lists a function under the function's name."""

    def __call__(self, program: Program) -> Program:
        self[program.__name__] = program
        return program


def var(name: str, *shape: int, dtype: str = "float32") -> "relay.Var":
    """A variable with a tensor type."""
    return relay.var(name, shape=shape, dtype=dtype)


def weight(*shape: int, scale: float = 1.0) -> "relay.Constant":
    """A constant of normal numbers, from the generator that is seeded for each case."""
    return relay.const((scale * np.random.normal(size=shape)).astype("float32"))


def positive(*shape: int) -> "relay.Constant":
    """A constant of numbers between a half and two."""
    return relay.const(np.random.uniform(0.5, 2.0, size=shape).astype("float32"))


def function(body: "relay.Expr") -> "relay.Function":
    """The function of a body's free variables."""
    return relay.Function(relay.analysis.free_vars(body), body)


def typed(expr: "relay.Expr") -> "relay.Expr":
    """A function, or a body whose free variables become parameters, after type inference."""
    whole = expr if isinstance(expr, relay.Function) else function(expr)
    return relay.transform.InferType()(tvm.IRModule.from_expr(whole))["main"]


def after(expr: "relay.Expr", *passes: "tvm.transform.Pass", opt_level: int = 3) -> "relay.Expr":
    """The same after type inference, the passes one after another, and what type inference says of the result."""
    whole = expr if isinstance(expr, relay.Function) else function(expr)
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(whole))
    with tvm.transform.PassContext(opt_level=opt_level):
        mod = tvm.transform.Sequential([*passes, relay.transform.InferType()])(mod)
    return mod["main"]
