"""Kernels: TensorIR written for an operator, shaped by what a processor has."""

from . import conv2d, dense, depthwise, winograd
from .registry import Choice, Kernel, Primitive, kernel, kernel_of
