"""Relay's post-training quantizer, stage by stage."""

from . import _partition
from ._partition import register_partition_function
from .quantize import QConfig, current_qconfig, partition, prerequisite_optimize, qconfig

__all__ = [
    "QConfig",
    "current_qconfig",
    "partition",
    "prerequisite_optimize",
    "qconfig",
    "register_partition_function",
]
