"""Operators that work element by element: arithmetic, comparison, rounding, clipping."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from tvm.ir import Span

from ..expr import Call
from .op import OpPattern, constructs, define, get
from .type_relations import broadcast


def _binary(name: str, compute: Callable[..., Any], infer: Any = broadcast) -> Callable[..., Call]:
    """Declare a broadcasting operator of two tensors and give the function that calls it."""
    define(
        name,
        inputs=("lhs", "rhs"),
        infer=infer,
        compute=lambda arrays, attrs: compute(*arrays),
        pattern=OpPattern.BROADCAST,
    )

    def call(lhs: Any, rhs: Any, span: Span | None = None) -> Call:
        return Call(get(name), [lhs, rhs], None, (), span)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`{name}(lhs, rhs)`, element by element; the shapes broadcast as NumPy's do, the dtypes are equal."
    return constructs(name)(call)


add = _binary("add", np.add)
