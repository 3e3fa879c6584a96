"""Operators of neural networks."""

from .activation import relu
from .dense import dense

__all__ = ["dense", "relu"]
