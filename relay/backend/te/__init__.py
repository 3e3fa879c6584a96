"""What each operator computes, as tensor expressions for TensorIR. Importing this registers all of them."""

from . import elementwise, image, nn, rearrange, reduce, sorting, winograd
from .registry import lowering, lowers

__all__ = ["lowering", "lowers"]
