"""The Relay that the cases run on: the genuine one where it is installed, ours otherwise."""

import importlib.util
import pathlib
import sys
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import tvm

BOOK = pathlib.Path(__file__).parents[2] / "book"
GENUINE = "tvm.relay" not in sys.modules and importlib.util.find_spec("tvm.relay") is not None

if not GENUINE:
    if str(BOOK) not in sys.path:
        sys.path.insert(0, str(BOOK))
    import set_env  # noqa: F401

from tvm import relay  # noqa: E402

__all__ = ["GENUINE", "evaluate", "relay", "scope", "tvm"]

# What every x86-64 runs. With AVX2 and no VNNI, the genuine one adds products of bytes in 16 bits, which saturate.
TARGET = "llvm -mtriple=x86_64-linux-gnu -mcpu=x86-64"


def scope() -> AbstractContextManager:
    """The target to run under. The genuine one folds constants by compiling them, and its default is not x86-64."""
    return tvm.target.Target(TARGET) if GENUINE else nullcontext()


def evaluate(mod: "tvm.IRModule", *arrays: np.ndarray) -> np.ndarray:
    """What `main` computes: compiled in the genuine one, by the NumPy references in ours.

    The genuine graph executor finds no functions of a module but `main`, and its interpreter refuses int64.
    """
    kind = ("vm", mod, tvm.cpu(), TARGET) if GENUINE else ("debug", mod)
    return relay.create_executor(*kind).evaluate()(*arrays).numpy()
