"""AlignStack: local buffers are on the stack, and what LLVM puts there lies at multiples of a vector's size.

    before   for y in T.parallel(56): sums = T.alloc_buffer((448,), "int32", scope="local"); ...
    after    T.attr("", "pragma_import_llvm", "define i32 @relay_align_stack() ...")
             T.call_extern("int32", "relay_align_stack")
             for y in T.parallel(56):
                 T.call_extern("int32", "relay_align_stack")
                 sums = T.alloc_buffer(..., scope="local", annotations={"disable_lower_builtin": True}); ...

TVM takes a local buffer from a pool of the thread's memory. LLVM then has to store what a loop leaves there, and calls
the pool for each job. On the stack it is a variable: where all indices are constant, it is in registers and nowhere
else. Only buffers too large for a stack stay in the pool.

A vector that finds no register is stored on the stack. On x86 that is a multiple of 16 bytes by agreement, so most
vectors of 64 bytes there would lie across two lines of the cache, and what is stored across two lines is slow to come
back: a kernel took three times as long in one process as in another, by where its stack happened to begin. LLVM aligns
the frame of a function that has a variable of such alignment. TensorIR cannot say that, so the function called here,
which LLVM writes out in the caller, has one. A parallel loop becomes a function of its own.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import tvm
import tvm_ffi
from tvm import tirx
from tvm.ir import StringImm
from tvm.tirx.stmt import AllocBuffer, AttrStmt, Evaluate, For, ForKind, SeqStmt, Stmt

from .target import features

_NAME = "relay_align_stack"
# A variable that is not stored to would be left out.
_CODE = """
define i32 @{name}() {{
  %aligned = alloca i32, align {bytes}
  store volatile i32 0, ptr %aligned, align {bytes}
  ret i32 0
}}
"""
# To what x86, as ARM, aligns a stack.
_USUAL_BYTES = 16
# Of a local buffer on the stack.
_MOST_NUMBERS = 4096


def AlignStack() -> tvm.transform.Pass:
    """The pass, over TensorIR functions that know their target. Where vectors are short, nothing needs aligning."""
    return tirx.transform.prim_func_pass(_aligned, opt_level=0, name="relay.AlignStack")


def _aligned(func: tirx.PrimFunc, mod: tvm.IRModule, context: tvm.transform.PassContext) -> tirx.PrimFunc:
    size = _vector_bytes(func.attrs["target"])
    func = func.with_body(tvm_ffi.structural_map(func.body, (AllocBuffer, _on_stack)))
    if size <= _USUAL_BYTES:
        return func
    body = _after_call(tvm_ffi.structural_map(func.body, (For, _of_loop)))
    code = StringImm(_CODE.format(name=_NAME, bytes=size))
    return func.with_body(AttrStmt(StringImm(""), "pragma_import_llvm", code, body))


@functools.lru_cache(maxsize=8)
def _vector_bytes(target: tvm.target.Target) -> int:
    return 4 * features(target).lanes


def _on_stack(allocation: Any) -> Any:
    buffer = allocation.buffer
    if buffer.scope() != "local" or math.prod(map(int, buffer.shape)) > _MOST_NUMBERS:
        return allocation
    return AllocBuffer(buffer, {"disable_lower_builtin": tirx.const(1, "bool")})


def _of_loop(loop: Any) -> Any:
    if loop.kind != ForKind.PARALLEL:
        return loop
    return For(loop.loop_var, loop.min, loop.extent, loop.kind, _after_call(loop.body), loop.thread_binding)


def _after_call(body: Stmt) -> Stmt:
    return SeqStmt([Evaluate(tirx.call_extern("int32", _NAME)), body])
