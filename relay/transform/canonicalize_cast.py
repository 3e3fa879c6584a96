"""CanonicalizeCast: a cast to a wider dtype is made by each of its users, so that the narrow tensor is what they share.

    before   %0 = cast(%x, dtype="int32");
             %1 = nn.relu(%0);
             %2 = exp(%0)
    after    %0 = cast(%x, dtype="int32");
             %1 = cast(%x, dtype="int32");
             %2 = nn.relu(%0);
             %3 = exp(%1)

Each cast then fuses with its user, and a quarter of the bytes go through memory. As TVM v0.16 does it
(`canonicalize_cast.cc`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tvm

from ..expr import Call, Function, is_operator
from ..expr_functor import rewrite
from .transform import function_pass


def CanonicalizeCast() -> tvm.transform.Pass:
    """The pass. The first user keeps the cast that was there."""
    return function_pass(
        lambda func, mod, ctx: canonicalize(func), opt_level=3, name="CanonicalizeCast", required=["InferType"]
    )


def canonicalize(func: Function) -> Function:
    """The typed function `func` with a cast to a wider dtype for each call that uses one."""
    used: set[Any] = set()

    def own_casts(node: Any, made: Any) -> Any:
        if not isinstance(made, Call):
            return made
        args = []
        for old, new in zip(node.args, made.args, strict=True):
            again = old in used and _widens(old)
            args.append(Call(new.op, new.args, new.attrs, new.type_args) if again else new)
            used.add(old)
        return made if args == list(made.args) else Call(made.op, args, made.attrs, made.type_args, made.span)

    return rewrite(func, own_casts)


def _widens(expr: Any) -> bool:
    if not is_operator(expr, "cast"):
        return False
    return np.dtype(expr.args[0].checked_type.dtype).itemsize < np.dtype(expr.attrs.dtype).itemsize
