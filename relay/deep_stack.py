"""Room for TVM's own walks over a graph, which recurse in C++ once for each expression in a row.

    tvm.ir.save_json    tvm.ir.load_json    tvm.ir.structural_equal    tvm.ir.structural_hash

On the stack that a process begins with (8 MB on Linux), a chain of 1 100 calls is already too long for `load_json` and
ends the process. Here they run in a thread of their own, whose stack has room for more than 10 000; memory is taken
for what is used of it.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import tvm

from . import tvm_names  # noqa: F401  which puts two of the names in place

_STACK_BYTES = 512 * 1024 * 1024
_ONE_AT_A_TIME = threading.Lock()


def on_a_deep_stack(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, called in a thread with a stack of 512 MB; what it gives and raises comes back."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with ThreadPoolExecutor(max_workers=1) as executor:
            with _ONE_AT_A_TIME:  # the size counts for every thread that begins meanwhile
                before = threading.stack_size(_STACK_BYTES)
                try:
                    running = executor.submit(function, *args, **kwargs)
                finally:
                    threading.stack_size(before)
            return running.result()

    return call


def give_room() -> None:
    """Put the functions in place. Called once, when the dialect is loaded."""
    for name in ("save_json", "load_json", "structural_equal", "structural_hash"):
        setattr(tvm.ir, name, on_a_deep_stack(getattr(tvm.ir, name)))


give_room()
