"""Names that TVM had as long as it had Relay, for the notebooks that use them.

    tvm.nd.array(numpy_array)        tvm.runtime.tensor(numpy_array)
    tensor.asnumpy()                 tensor.numpy()
    tvm.ir.structural_equal(a, b)    tvm_ffi.structural_equal(a, b)
    tvm.ir.structural_hash(a)        tvm_ffi.structural_hash(a)

A name that this TVM has is left alone.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import tvm
import tvm_ffi


def _array(source: Any, device: Any = None) -> tvm.runtime.Tensor:
    """A tensor with the numbers of a NumPy array, on the CPU unless told otherwise."""
    return tvm.runtime.tensor(source, device) if device is not None else tvm.runtime.tensor(source)


def _structural_equal(lhs: Any, rhs: Any, map_free_vars: bool = False) -> bool:
    """Whether two nodes have one structure, whatever their variables are called."""
    return bool(tvm_ffi.structural_equal(lhs, rhs, map_free_vars))


def _structural_hash(node: Any, map_free_vars: bool = False) -> int:
    """A number that nodes of one structure share."""
    return int(tvm_ffi.structural_hash(node, map_free_vars))


def restore() -> None:
    """Put the names in place. Called once, when the dialect is loaded."""
    if not hasattr(tvm, "nd"):
        tvm.nd = ModuleType("tvm.nd", "Arrays, under the name that they had in TVM v0.16.")
        tvm.nd.array, tvm.nd.NDArray = _array, tvm.runtime.Tensor
        sys.modules["tvm.nd"] = tvm.nd
    for owner, name, value in (
        (tvm.runtime.Tensor, "asnumpy", tvm.runtime.Tensor.numpy),
        (tvm.ir, "structural_equal", _structural_equal),
        (tvm.ir, "structural_hash", _structural_hash),
    ):
        if not hasattr(owner, name):
            setattr(owner, name, value)


restore()
