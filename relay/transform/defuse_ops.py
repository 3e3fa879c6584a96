"""DefuseOps: takes back what `FuseOps` did.

    before   %1 = fn (%p0, %p1, Primitive=1) {
               %0 = add(%p0, %p1);
               nn.relu(%0)
             };
             %1(%x, %y)
    after    %0 = add(%x, %y);
             nn.relu(%0)

Each call of a primitive function becomes the function's body over the call's arguments. The markers
`annotation.stop_fusion` that `FuseOps` took out do not come back. As TVM v0.16 does it (`defuse_ops.cc`), which goes by
the names of the parameters where this goes by the parameters.
"""

from __future__ import annotations

from typing import Any

import tvm

from ..expr import Call, Function
from ..expr_functor import rewrite
from .transform import function_pass


def DefuseOps() -> tvm.transform.Pass:
    """The pass: no primitive function is left."""
    return function_pass(lambda func, mod, ctx: defuse(func), opt_level=3, name="DefuseOps", required=["InferType"])


def defuse(func: Function) -> Function:
    """`func` with the calls of primitive functions written out."""
    return rewrite(func, _written_out)


def _written_out(node: Any, made: Any) -> Any:
    if not isinstance(made, Call) or not isinstance(made.op, Function) or "Primitive" not in made.op.attrs:
        return made
    # A table of what the parameters stand for; each call of a shared function gets a copy of the body.
    values = dict(zip(made.op.params, made.args, strict=True))
    return rewrite(made.op.body, lambda old, new: new, values)
