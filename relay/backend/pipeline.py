"""How TensorIR is brought to the form that LLVM's code is made of: the passes of TVM's own pipeline that a CPU needs.

The others are for GPUs and other accelerators; three do what LLVM does better, and took most of the time of a build:
common subexpressions, loops that do nothing, and buffers as small as they can be.
"""

from __future__ import annotations

from typing import Any

import tvm
from tvm import s_tir, tirx
from tvm.tirx.compilation_pipeline import finalize_device_passes, finalize_host_passes, register_tir_pipeline

from .scaling import ScaleVectors
from .scaling_in_float import ScaleInFloat
from .stack import AlignStack

# By this name `relax.build` finds it.
NAME = "relay"


def _pipeline() -> tuple[Any, Any, Any]:
    @tvm.transform.module_pass(opt_level=0, name="relay.LowerTIR")
    def lower(mod: tvm.IRModule, _: tvm.transform.PassContext) -> tvm.IRModule:
        return tvm.transform.Sequential(
            [
                s_tir.transform.LowerInitBlock(),
                s_tir.transform.PlanAndUpdateBufferAllocationLocation(),
                s_tir.transform.ConvertBlocksToOpaque(),
                s_tir.transform.LowerMatchBuffer(),
                s_tir.transform.LowerOpaqueBlock(),
                tirx.transform.FlattenBuffer(),
                tirx.transform.BF16ComputeLegalize(),
                tirx.transform.NarrowDataType(32),
                s_tir.transform.LoopPartition(),
                tirx.transform.VectorizeLoop(),
                ScaleInFloat(),
                ScaleVectors(),
                tirx.transform.StorageRewrite(),
                tirx.transform.UnrollLoop(),
                tirx.transform.StmtSimplify(),
                s_tir.transform.RewriteUnsafeSelect(),
                tirx.transform.FP8ComputeLegalize(),
                tirx.transform.VerifyMemory(),
                tirx.transform.AnnotateEntryFunc(),
                AlignStack(),
                tirx.transform.SplitHostDevice(),
                tirx.transform.MakePackedAPI(),
                # Relax's machine has checked shapes and dtypes: again in each kernel, that is most of its code.
                tirx.transform.SkipAssert(),
                tirx.transform.FP8StorageLegalize(),
                tirx.transform.BF16StorageLegalize(),
            ]
        )(mod)

    return lower, finalize_host_passes, finalize_device_passes


register_tir_pipeline(NAME, _pipeline)
