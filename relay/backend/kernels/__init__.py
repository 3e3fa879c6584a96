"""Kernels: TensorIR written for an operator, shaped by what a processor has."""

from .registry import Kernel, Primitive, kernel, kernel_of
