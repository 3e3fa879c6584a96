"""Relay's passes, each a real `tvm.transform` pass."""

from .alter_op_layout import AlterOpLayout
from .backward_fold_scale_axis import BackwardFoldScaleAxis
from .canonicalize_cast import CanonicalizeCast
from .canonicalize_ops import CanonicalizeOps
from .convert_layout import ConvertLayout
from .dead_code import DeadCodeElimination
from .defuse_ops import DefuseOps
from .eliminate_common_subexpr import EliminateCommonSubexpr
from .fold_constant import FoldConstant, FoldConstantExpr
from .fold_scale_axis import FoldScaleAxis
from .forward_fold_scale_axis import ForwardFoldScaleAxis
from .fuse_ops import FuseOps
from .infer_type import InferType, InferTypeLocal
from .simplify_expr import SimplifyExpr
from .simplify_inference import SimplifyInference
from .transform import PassContext, PassInfo, function_pass

__all__ = [
    "AlterOpLayout",
    "BackwardFoldScaleAxis",
    "CanonicalizeCast",
    "CanonicalizeOps",
    "ConvertLayout",
    "DeadCodeElimination",
    "DefuseOps",
    "EliminateCommonSubexpr",
    "FoldConstant",
    "FoldConstantExpr",
    "FoldScaleAxis",
    "ForwardFoldScaleAxis",
    "FuseOps",
    "InferType",
    "InferTypeLocal",
    "PassContext",
    "PassInfo",
    "SimplifyExpr",
    "SimplifyInference",
    "function_pass",
]
