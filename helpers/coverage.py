"""How much of a network partition rules cover, and what comes of it when the network is quantized.

    coverage({"ResNet": mod})

What rules cover are the calls that are in a region. What comes of it is counted on the quantized and fused network: the
bytes that its kernels hand over in each dtype, and how far its result is off.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tvm
from tvm import relay
from tvm.relay.quantize._partition import QPartitionExpr

from helpers.networks import run
from helpers.registry import Rule, partition_rules, registered_rules
from helpers.table import Table

SAMPLES = 4


def coverage(networks: Mapping[str, tvm.IRModule], rules: Mapping[str, Rule] | None = None) -> Table:
    """A row for each network, with these rules; with the registered ones, unless told otherwise.

    How many of its calls are in a region, the bytes between kernels in each dtype, and the error of the result in
    percent: the root of the mean square of the differences, by that of the values. The scales are those that the mode
    `percentile` finds on random samples.
    """
    chosen = registered_rules() if rules is None else rules
    return Table(
        ("network", "in a region", "of", "int8", "int32", "float32", "error in %"),
        [(name, *_row(mod, chosen)) for name, mod in networks.items()],
    )


def outside(mod: tvm.IRModule, rules: Mapping[str, Rule] | None = None) -> list[str]:
    """The operators of the calls that are in no region, with these rules or the registered ones, as often as called."""
    inside = calls_inside(mod, registered_rules() if rules is None else rules)
    return [str(call.op.name) for call in _calls(mod) if call not in inside]


def calls_inside(mod: tvm.IRModule, rules: Mapping[str, Rule]) -> set[Any]:
    """The calls of `mod` that these rules put into a region, as they are or as other calls. Raises what they raise."""
    inside = set()

    def listening(rule: Rule) -> Rule:
        @functools.wraps(rule)  # an error is to name the rule, and not this
        def heard(ref_call: Any, new_args: Any, ctx: Any) -> Any:
            said = rule(ref_call, new_args, ctx)
            # A rule may also end a region itself, behind the call.
            if isinstance(said, QPartitionExpr) or _calls_operator(said, "annotation.stop_fusion"):
                inside.add(ref_call)
            return said

        return heard

    with partition_rules({name: listening(rule) for name, rule in rules.items()}):
        relay.quantize.partition()(mod)
    return inside


def bytes_between_kernels(mod: tvm.IRModule) -> Counter[str]:
    """The bytes of each dtype that the kernels of a quantized module give, when it is fused and nothing done twice."""
    passes = [relay.transform.InferType(), relay.transform.EliminateCommonSubexpr(_widens), relay.transform.FuseOps(2)]
    with tvm.transform.PassContext(opt_level=3):
        fused = relay.transform.InferType()(tvm.transform.Sequential(passes)(mod))
    found: Counter[str] = Counter()

    def visit(expr: Any) -> None:
        if isinstance(expr, relay.Call) and isinstance(expr.op, relay.Function):
            ty = expr.checked_type
            for part in ty.fields if isinstance(ty, relay.TupleType) else [ty]:
                found[str(part.dtype)] += math.prod(map(int, part.shape)) * np.dtype(str(part.dtype)).itemsize

    relay.analysis.post_order_visit(fused["main"], visit)
    return found


def _row(mod: tvm.IRModule, rules: Mapping[str, Rule]) -> tuple[Any, ...]:
    samples = _samples(mod)
    with (
        partition_rules(rules),
        relay.quantize.qconfig(
            skip_conv_layers=None, skip_dense_layer=False, calibrate_mode="percentile", weight_scale="max"
        ),
    ):
        quantized = relay.quantize.quantize(mod, dataset=samples)
    exact, found = (np.stack([run(each, *sample.values()) for sample in samples]) for each in (mod, quantized))
    error = 100 * math.sqrt(np.mean((found - exact) ** 2) / np.mean(exact**2))
    moved = bytes_between_kernels(quantized)
    inside = len(calls_inside(mod, rules))
    return inside, len(_calls(mod)), moved["int8"], moved["int32"], moved["float32"], round(error, 2)


def _samples(mod: tvm.IRModule) -> Sequence[Mapping[str, np.ndarray]]:
    """Random values for the one input of a network."""
    (data,) = mod["main"].params
    random = np.random.default_rng(0)
    shape = [int(size) for size in data.checked_type.shape]
    return [{str(data.name_hint): random.normal(size=shape).astype("float32")} for _ in range(SAMPLES)]


def _calls(mod: tvm.IRModule) -> list[Any]:
    found: list[Any] = []

    def visit(expr: Any) -> None:
        if isinstance(expr, relay.Call):
            found.append(expr)

    relay.analysis.post_order_visit(mod["main"], visit)
    return found


def _calls_operator(expr: Any, name: str) -> bool:
    return isinstance(expr, relay.Call) and expr.op == relay.op.get(name)


def _widens(expr: Any) -> bool:
    """Whether this is a cast from int8: done once for all its users, it would go to memory four times as large."""
    return _calls_operator(expr, "cast") and str(expr.args[0].checked_type.dtype) == "int8"
