"""How an operator's attributes are declared: a class with the names that Relay has, in Relay's order.

    @attributes("Conv2DAttrs")
    class Conv2DAttrs(Attrs):
        strides: Ints = (1, 1)
        channels: int | None = None

The text shows an attribute where it differs from its default, and always where it has none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tvm_ffi
from tvm.ir import Attrs
from tvm_ffi.dataclasses import py_class

__all__ = ["Attrs", "Ints", "attributes"]

Ints = tvm_ffi.Array[int]


def attributes(name: str) -> Callable[[type], Any]:
    """Make a class the attributes `relay.attrs.<name>`: a TVM node, compared by its fields, made with keywords."""
    return py_class(f"relay.attrs.{name}", structural_eq="tree", kw_only=True)
