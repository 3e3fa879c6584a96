"""Relay's operators. `relay.op.op` has the registry, the other modules declare into it."""

from . import nn
from .op import OpPattern, get, register_op_attr, register_pattern
from .tensor import add

__all__ = ["OpPattern", "add", "get", "nn", "register_op_attr", "register_pattern"]
