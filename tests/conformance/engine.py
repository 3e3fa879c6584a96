"""The Relay that the cases run on: the genuine one where it is installed, ours otherwise."""

import importlib.util
import pathlib
import sys
from contextlib import AbstractContextManager, nullcontext

import tvm

BOOK = pathlib.Path(__file__).parents[2] / "book"
GENUINE = "tvm.relay" not in sys.modules and importlib.util.find_spec("tvm.relay") is not None

if not GENUINE:
    if str(BOOK) not in sys.path:
        sys.path.insert(0, str(BOOK))
    import set_env  # noqa: F401

from tvm import relay  # noqa: E402

__all__ = ["GENUINE", "relay", "scope", "tvm"]


def scope() -> AbstractContextManager:
    """The target to run under. The genuine one folds constants by compiling them, and its default is not x86-64."""
    if GENUINE:
        return tvm.target.Target("llvm -mtriple=x86_64-linux-gnu -mcpu=cascadelake")
    return nullcontext()
