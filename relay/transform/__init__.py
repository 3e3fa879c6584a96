"""Relay's passes, each a real `tvm.transform` pass."""

from .backward_fold_scale_axis import BackwardFoldScaleAxis
from .canonicalize_ops import CanonicalizeOps
from .fold_constant import FoldConstant
from .fold_scale_axis import FoldScaleAxis
from .forward_fold_scale_axis import ForwardFoldScaleAxis
from .infer_type import InferType
from .simplify_inference import SimplifyInference
from .transform import PassContext, PassInfo, function_pass

__all__ = [
    "BackwardFoldScaleAxis",
    "CanonicalizeOps",
    "FoldConstant",
    "FoldScaleAxis",
    "ForwardFoldScaleAxis",
    "InferType",
    "PassContext",
    "PassInfo",
    "SimplifyInference",
    "function_pass",
]
