"""CanonicalizeOps: a bias is added by `add`, so that the passes after this one meet one kind of addition.

    before   nn.bias_add(%x, %b)
    after    %0 = expand_dims(%b, axis=1, num_newaxis=2);
             add(%x, %0)

As TVM v0.16 does it (`canonicalize_ops.cc`). The new nodes have no span.
"""

from __future__ import annotations

from typing import Any

import tvm

from .. import op
from ..expr import Function, is_operator
from ..expr_functor import rewrite
from .bias import expand_bias_to_match_axis
from .transform import function_pass


def CanonicalizeOps() -> tvm.transform.Pass:
    """The pass: every `nn.bias_add` becomes an `add`."""
    return function_pass(
        lambda func, mod, ctx: canonicalize(func), opt_level=3, name="CanonicalizeOps", required=["InferType"]
    )


def canonicalize(func: Function) -> Function:
    """The typed function `func`, with every `nn.bias_add` written as an `add`."""
    return rewrite(func, _as_add)


def _as_add(node: Any, made: Any) -> Any:
    if not is_operator(made, "nn.bias_add"):
        return made
    data, bias = made.args
    rank = len(node.args[0].checked_type.shape)
    return op.add(data, expand_bias_to_match_axis(bias, rank, made.attrs.axis))
