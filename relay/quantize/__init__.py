"""Relay's post-training quantizer, stage by stage."""

from . import _annotate, _calibrate, _partition, _realize
from ._annotate import attach_simulated_quantize, register_annotate_function
from ._calibrate import calibrate, collect_stats
from ._partition import register_partition_function
from ._partition_conversions import partition_conversions
from .quantize import (
    QAnnotateKind,
    QConfig,
    QuantizeContext,
    annotate,
    current_qconfig,
    kind2str,
    partition,
    prerequisite_optimize,
    qconfig,
    quantize,
    quantize_context,
    realize,
)

__all__ = [
    "QAnnotateKind",
    "QConfig",
    "QuantizeContext",
    "annotate",
    "attach_simulated_quantize",
    "calibrate",
    "collect_stats",
    "current_qconfig",
    "kind2str",
    "partition",
    "partition_conversions",
    "prerequisite_optimize",
    "qconfig",
    "quantize",
    "quantize_context",
    "realize",
    "register_annotate_function",
    "register_partition_function",
]
