"""Activations: functions of one number that bend the straight line between two layers."""

from __future__ import annotations

from typing import Any

import numpy as np
from tvm.ir import Span

from ...expr import Call
from ..op import OpPattern, define, get
from ..type_relations import identity

define(
    "nn.relu",
    inputs=("data",),
    infer=identity,
    compute=lambda arrays, attrs: np.maximum(arrays[0], arrays[0].dtype.type(0)),
    pattern=OpPattern.ELEMWISE,
)


def relu(data: Any, span: Span | None = None) -> Call:
    """`max(data, 0)`, element by element; any shape, the dtype stays."""
    return Call(get("nn.relu"), [data], None, (), span)
