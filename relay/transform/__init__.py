"""Relay's passes, each a real `tvm.transform` pass."""

from .backward_fold_scale_axis import BackwardFoldScaleAxis
from .canonicalize_cast import CanonicalizeCast
from .canonicalize_ops import CanonicalizeOps
from .dead_code import DeadCodeElimination
from .eliminate_common_subexpr import EliminateCommonSubexpr
from .fold_constant import FoldConstant, FoldConstantExpr
from .fold_scale_axis import FoldScaleAxis
from .forward_fold_scale_axis import ForwardFoldScaleAxis
from .infer_type import InferType, InferTypeLocal
from .simplify_expr import SimplifyExpr
from .simplify_inference import SimplifyInference
from .transform import PassContext, PassInfo, function_pass

__all__ = [
    "BackwardFoldScaleAxis",
    "CanonicalizeCast",
    "CanonicalizeOps",
    "DeadCodeElimination",
    "EliminateCommonSubexpr",
    "FoldConstant",
    "FoldConstantExpr",
    "FoldScaleAxis",
    "ForwardFoldScaleAxis",
    "InferType",
    "InferTypeLocal",
    "PassContext",
    "PassInfo",
    "SimplifyExpr",
    "SimplifyInference",
    "function_pass",
]
