"""Relay's passes, each a real `tvm.transform` pass."""

from .infer_type import InferType
from .transform import PassContext, PassInfo, function_pass

__all__ = ["InferType", "PassContext", "PassInfo", "function_pass"]
