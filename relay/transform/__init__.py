"""Relay's passes, each a real `tvm.transform` pass."""

from .canonicalize_ops import CanonicalizeOps
from .fold_constant import FoldConstant
from .infer_type import InferType
from .simplify_inference import SimplifyInference
from .transform import PassContext, PassInfo, function_pass

__all__ = [
    "CanonicalizeOps",
    "FoldConstant",
    "InferType",
    "PassContext",
    "PassInfo",
    "SimplifyInference",
    "function_pass",
]
