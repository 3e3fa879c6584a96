"""The partition rules as a whole: list them, clear them, put them back.

A rule stays registered until it is reset, whatever becomes of the cell that registered it. With these functions a
cell can run twice, and cells out of order.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import tvm
from tvm import relay
from tvm.relay.quantize import _partition  # noqa: F401  registers the default rules

KEY = "FQPartitionRewrite"
Rule = Callable[..., Any]


def registered_rules() -> dict[str, Rule]:
    """The rules that are registered now, by the name of their operator."""
    return {name: found for name in _relay_operators() if (found := _rule(name)) is not None}


def clear_partition() -> None:
    """Take every rule away."""
    for name in registered_rules():
        relay.op.get(name).reset_attr(KEY)


def reset_partition(rules: Mapping[str, Rule] | None = None) -> None:
    """Make `rules` the registered ones, whatever was registered before: the default rules, unless told otherwise.

    Raises what `register_partition_function` raises; the rules are then as they were.
    """
    before = registered_rules()
    try:
        _replace(DEFAULT_RULES if rules is None else rules)
    except Exception:
        _replace(before)
        raise


@contextmanager
def partition_rules(rules: Mapping[str, Rule]) -> Iterator[None]:
    """Inside `with`, `rules` are the registered ones; afterwards those are that were before."""
    before = registered_rules()
    reset_partition(rules)
    try:
        yield
    finally:
        reset_partition(before)


def _relay_operators() -> list[str]:
    return sorted(str(name) for name in tvm.ir.Op.list_op_names())


def _rule(name: str) -> Rule | None:
    op = tvm.ir.Op.get(name)
    return op.get_attr(KEY) if op.has_attr(KEY) else None


def _replace(rules: Mapping[str, Rule]) -> None:
    clear_partition()
    for name, function in rules.items():
        relay.quantize._partition.register_partition_function(name, function)


DEFAULT_RULES: Mapping[str, Rule] = MappingProxyType(registered_rules())
