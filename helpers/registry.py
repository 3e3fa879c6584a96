"""The rules as a whole: list them, clear those of partition, put them back.

A rule stays registered until it is reset, whatever becomes of the cell that registered it. With these functions a
cell can run twice, and cells out of order.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import tvm
from tvm import relay
from tvm.relay.quantize import _annotate, _partition  # noqa: F401  register the default rules

from helpers.table import Table
from helpers.text import kind

KEY = "FQPartitionRewrite"
# The stages of the quantizer that ask operators for a rule, and the name under which each asks.
STAGES = {"partition": KEY, "annotate": "FQAnnotateRewrite", "realize": "FQRealizeRewrite"}
Rule = Callable[..., Any]
_LEVEL = 10  # what register_partition_function takes unless told otherwise


def registered_rules() -> dict[str, Rule]:
    """The partition rules that are registered now, by the name of their operator."""
    return _rules(KEY)


def clear_partition() -> None:
    """Take every partition rule away."""
    _clear(registered_rules())


def reset_partition(rules: Mapping[str, Rule] | None = None) -> None:
    """Make `rules` the registered ones, whatever was registered before: the default rules, unless told otherwise.

    Raises what `register_partition_function` raises; the rules are then as they were.
    """
    _exchange(_with_levels(registered_rules()), DEFAULT_RULES if rules is None else rules)


@contextmanager
def partition_rules(rules: Mapping[str, Rule]) -> Iterator[None]:
    """Inside `with`, `rules` are the registered ones; afterwards those are that were before, each at its level.

    Raises what `register_partition_function` raises; the rules are then as they were. Raises `TypeError` for rules
    without the names of their operators.
    """
    if not isinstance(rules, Mapping):
        raise TypeError(f"partition_rules takes rules by their operators, not {kind(rules)}: give {{name: rule}}")
    before = _with_levels(registered_rules())
    _exchange(before, rules)
    try:
        yield
    finally:
        clear_partition()
        _register(before)


def rule_table(stage: str | None = None) -> Table:
    """What is registered now: a row for each operator and stage. Of `"partition"`, `"annotate"` or `"realize"` alone.

    A rule is a default one if Relay brought it, and yours otherwise. Raises `ValueError` for another stage.
    """
    if stage is not None and stage not in STAGES:
        raise ValueError(f"the quantizer has no stage {stage!r} that asks for rules: give one of {', '.join(STAGES)}")
    rows = []
    for name in STAGES if stage is None else [stage]:
        for op_name, rule in _rules(STAGES[name]).items():
            function, place = _written(op_name, STAGES[name], rule)
            whose = "default" if _is_default(op_name, STAGES[name], rule) else "yours"
            rows.append((op_name, name, getattr(function, "__qualname__", "a packed function"), place, whose))
    return Table(("operator", "stage", "function", "defined in", "whose"), rows)


def _rules(key: str) -> dict[str, Rule]:
    found = {}
    for name, op in _operators(len(tvm.ir.Op.list_op_names())):
        if op.has_attr(key) and (rule := op.get_attr(key)) is not None:
            found[name] = rule
    return found


@functools.lru_cache(maxsize=1)
def _operators(count: int) -> list[tuple[str, tvm.ir.Op]]:
    """All `count` operators of TVM, sorted by name. There may be more of them later, but never others."""
    return [(name, tvm.ir.Op.get(name)) for name in sorted(map(str, tvm.ir.Op.list_op_names()))]


def _with_levels(rules: Mapping[str, Rule]) -> dict[str, tuple[Rule, int]]:
    return {name: (rule, _level(name, rule)) for name, rule in rules.items()}


def _level(name: str, rule: Rule) -> int:
    """The level at which `rule` is registered. Nobody tells it, but its own level alone refuses another rule.

    A lower one is passed over in silence, so asking from below changes nothing.
    """
    for level in itertools.count(1):
        try:
            _partition.register_partition_function(name, rule, level)
        except Exception:  # of whatever class: TVM has changed it
            return level
    raise AssertionError("there are more levels than numbers")


def _exchange(before: Mapping[str, tuple[Rule, int]], rules: Mapping[str, Rule]) -> None:
    """Register `rules` in place of `before`, or leave all as it was."""
    _clear(before)
    try:
        _register({name: (rule, _LEVEL) for name, rule in rules.items()})
    except Exception:
        clear_partition()
        _register(before)
        raise


def _clear(names: Iterable[str]) -> None:
    for name in names:
        relay.op.get(name).reset_attr(KEY)


def _register(rules: Mapping[str, tuple[Rule, int]]) -> None:
    for name, (rule, level) in rules.items():
        _partition.register_partition_function(name, rule, level)


def _written(op_name: str, key: str, rule: Rule) -> tuple[Any, str]:
    """The function as it was written, and where. A Relay that keeps packed functions alone tells neither."""
    if not hasattr(relay.op.op, "rule"):
        return rule, ""
    found = relay.op.op.rule(relay.op.get(op_name), key)
    return found.function, _shorter(found.place)


def _shorter(place: str) -> str:
    """`relay/quantize/_partition.py:61` for a file of Relay, `my_rules.py:7` for another; of a cell, the line in it."""
    file, _, line = place.replace("\\", "/").rpartition(":")
    if re.search(r"ipykernel_\d+/\d+\.py$|<ipython-input", file):
        return f"this notebook, line {line} of its cell"
    inside = re.search(r"(?:^|/)(relay/.*)$", file)
    return f"{inside[1] if inside else file.rpartition('/')[2]}:{line}"


def _is_default(op_name: str, key: str, rule: Rule) -> bool:
    """Whether Relay brought the rule. One that keeps packed functions alone had those that were there at first."""
    if hasattr(relay.op.op, "rule"):
        return str(getattr(_written(op_name, key, rule)[0], "__module__", "")).startswith("tvm.relay")
    return _AT_FIRST[key].get(op_name) == _address(rule)


def _address(packed: Any) -> int:
    """What tells one packed function from another: each time that it is asked for, it is another object."""
    return packed.handle.value


def _default_rules() -> Mapping[str, Rule]:
    """What Relay brought: also if this module is imported after a rule of one's own was registered."""
    return MappingProxyType({name: rule for name, rule in registered_rules().items() if _is_default(name, KEY, rule)})


# For each stage the addresses of the rules that were registered when this module was imported.
_AT_FIRST = {
    key: {name: _address(rule) for name, rule in _rules(key).items() if hasattr(rule, "handle")}
    for key in STAGES.values()
}
DEFAULT_RULES: Mapping[str, Rule] = _default_rules()
