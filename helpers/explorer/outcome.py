"""What comes of one choice of rules for one network: the partitioned module, its counts, and how it is drawn.

An outcome is data that goes to JSON as it is. It holds either what there is to see,

    counts   name and value of each count, as texts
    diff     HTML, see `helpers.diff`
    graph    HTML, see `helpers.graph`

or, where a rule has failed, `error` with its message.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import tvm
from tvm import relay
from tvm.relay.quantize._partition import QPartitionExpr

from helpers.diff import diff
from helpers.errors import told
from helpers.graph import Graph, graph
from helpers.registry import Rule, partition_rules

Outcome = dict[str, Any]
CAST_HINT, STOP_FUSION = "annotation.cast_hint", "annotation.stop_fusion"


def partitioned(mod: tvm.IRModule, rules: Mapping[str, Rule]) -> tuple[tvm.IRModule, set[Any] | None]:
    """`mod`, which has its types, partitioned by `rules` alone, and the calls in it that these put into a region.

    There is `None` in place of the calls where the rules have made other calls than there were. Raises what a rule
    raises. The registry is afterwards as it was, also then.
    """
    put_inside: set[Any] = set()

    def listening(rule: Rule) -> Rule:
        def heard(ref_call: Any, new_args: Any, ctx: Any) -> Any:
            said = rule(ref_call, new_args, ctx)
            # What a rule realizes itself is in a region that ends with it.
            if isinstance(said, QPartitionExpr) or _name(said) == STOP_FUSION:
                put_inside.add(ref_call)
            return said

        return heard

    partition = relay.quantize.partition()
    try:
        with partition_rules({name: listening(rule) for name, rule in rules.items()}):
            after = partition(mod)
        return after, _same_calls(mod, after, put_inside)
    except Exception:
        # Once more without the listeners: the message then names the rule itself.
        with partition_rules(rules):
            partition(mod)
        raise
    finally:
        put_inside.clear()  # TVM keeps every function that was ever registered, and with the listeners this set


def counts(after: tvm.IRModule, inside: Iterable[Any]) -> dict[str, int | None]:
    """The numbers that matter of a partitioned module, where the calls `inside` are in regions.

    Two calls share a region where one of them reads the other as it is. A value crosses in float where a call outside
    of all regions has computed it, and another call reads it as it is. The bytes of these values are `None` where the
    shape of one of them is not known before the network runs.
    """
    inside = set(inside)
    calls = list(_calls(after))
    regions = {call: call for call in inside}
    crossing = set()
    for call in calls:
        if _name(call) in (CAST_HINT, STOP_FUSION):
            continue
        for value, source in _read(call):
            if source in inside and call in inside:
                regions[_root(regions, source)] = _root(regions, call)
            elif source not in inside and _name(source) != STOP_FUSION:
                crossing.add(value)
    operators = [call for call in calls if _name(call) not in (CAST_HINT, STOP_FUSION)]
    return {
        "boundaries": sum(_name(call) == STOP_FUSION for call in calls),
        "regions": len({_root(regions, call) for call in inside}),
        "operators in int8": len(inside),
        "operators": len(operators),
        "bytes crossing in float": _sum(_bytes(value.checked_type) for value in crossing),
    }


def outcome(mod: tvm.IRModule, rules: Mapping[str, Rule]) -> Outcome:
    """The outcome of partitioning `mod`, which has its types, by `rules`.

    Raises nothing that a rule raises: that is an outcome, too.
    """
    try:
        after, inside = partitioned(mod, rules)
    except Exception as error:
        return {"error": told(error)}
    picture = graph(after, inside=inside)
    if inside is None:
        inside = _tinted(picture)
    found: dict[str, Any] = counts(after, inside)
    found["operators in int8"] = f"{found['operators in int8']} of {found.pop('operators')}"
    return {
        "counts": {name: _written(value) for name, value in found.items()},
        "diff": diff(mod, after)._repr_html_(),
        "graph": picture.figure(),
    }


def called(mod: tvm.IRModule) -> list[str]:
    """The names of the operators that a module calls, each once, sorted."""
    return sorted({_name(call) for call in _calls(mod)})


def _calls(mod: tvm.IRModule) -> Iterator[Any]:
    """The calls of operators in a module's functions, arguments before their users."""
    found: list[Any] = []

    def visit(expr: Any) -> None:
        if _name(expr):
            found.append(expr)

    for _, func in sorted(mod.functions_items(), key=lambda item: str(item[0].name_hint)):
        if isinstance(func, relay.Function):
            relay.analysis.post_order_visit(func, visit)
    return iter(found)


def _name(expr: Any) -> str:
    """The name of the operator that is called, or an empty text."""
    return str(expr.op.name) if isinstance(expr, relay.Call) and isinstance(expr.op, tvm.ir.Op) else ""


def _same_calls(mod: tvm.IRModule, after: tvm.IRModule, chosen: set[Any]) -> set[Any] | None:
    """The calls of `after` that are those `chosen` in `mod`. Annotations in between do not change the order."""
    calls, now = (
        [call for call in _calls(module) if _name(call) not in (CAST_HINT, STOP_FUSION)] for module in (mod, after)
    )
    if list(map(_name, calls)) != list(map(_name, now)):
        return None
    return {made for call, made in zip(calls, now) if call in chosen}


def _tinted(picture: Graph) -> set[Any]:
    """The calls that a picture has in its regions."""
    return {expr for node in picture.model.nodes if node.region is not None for expr in node.exprs if _name(expr)}


def _read(call: Any) -> Iterator[tuple[Any, Any]]:
    """What a call reads of other calls, also by way of tuples: each value, and the call that it comes from."""
    waiting = list(call.args)
    while waiting:
        value = source = waiting.pop()
        if isinstance(value, relay.Tuple):
            waiting.extend(value.fields)
            continue
        if isinstance(value, relay.TupleGetItem):
            source = value.tuple_value
            if isinstance(source, relay.Tuple):
                waiting.append(source.fields[value.index])
                continue
        if isinstance(source, relay.Call):
            yield value, source


def _root(parents: dict[Any, Any], call: Any) -> Any:
    """The call that stands for a region, with the way to it made shorter."""
    while parents[call] != call:
        parents[call] = parents[parents[call]]
        call = parents[call]
    return call


def _written(value: Any) -> str:
    if value is None:
        return "not known"
    return f"{value:,}" if isinstance(value, int) else value


def _bytes(ty: Any) -> int | None:
    """How many bytes a value takes; `None` where its shape is not known."""
    if isinstance(ty, relay.TupleType):
        return _sum(_bytes(part) for part in ty.fields)
    try:
        size = math.prod(map(int, ty.shape))
    except TypeError:  # a dimension of any size
        return None
    return size * ((tvm.DataType(str(ty.dtype)).bits + 7) // 8)


def _sum(sizes: Iterable[int | None]) -> int | None:
    known = list(sizes)
    return None if None in known else sum(size for size in known if size is not None)
