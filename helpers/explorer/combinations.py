"""Every choice of rules for every network, worked out in advance, in as little room as they need.

A rule is asked only about calls of its operator. So for a network only the rules of operators that it calls make a
difference. Outcomes are stored once, however many choices lead to them, and of their texts each piece is stored once.

    networks   for each network its `rules`, those that make a difference, and `choices`: the number of the outcome for
               each choice, where the last rule changes fastest and off comes before on
    outcomes   see `helpers.explorer.outcome`; a text that is drawn is the numbers of its pieces
    pieces     texts
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Any

import tvm

from helpers.explorer.outcome import Outcome, called, outcome
from helpers.registry import Rule

# More rules than these for one network would take a minute to work out: 1024 choices.
MOST_RULES = 10
# Texts are cut in front of these elements: a row of the diff, a box or an arrow of the graph.
_PIECES = re.compile(r"(?=<(?:style|div|details|g|svg|path|rect|text)\b)")


def combinations(networks: Mapping[str, tvm.IRModule], rules: Mapping[str, Rule]) -> dict[str, Any]:
    """All outcomes for `networks`, by `rules` or some of them.

    Raises `ValueError` for a network with too many rules.
    """
    pieces: dict[str, int] = {}
    outcomes: dict[str, int] = {}
    packed: list[Outcome] = []
    worked_out = {}
    for name, mod in networks.items():
        present = [op for op in rules if op in called(mod)]
        if len(present) > MOST_RULES:
            raise ValueError(
                f"the network {name!r} calls {len(present)} operators that have rules: for a page give one with "
                f"{MOST_RULES} at most, or fewer rules"
            )
        choices = []
        for on in itertools.product((False, True), repeat=len(present)):
            chosen = {op: rules[op] for op, is_on in zip(present, on) if is_on}
            found = outcome(mod, chosen)
            key = repr(sorted(found.items()))
            if key not in outcomes:
                outcomes[key] = len(packed)
                packed.append(_packed(found, pieces))
            choices.append(outcomes[key])
        worked_out[name] = {"rules": present, "choices": choices}
    return {"networks": worked_out, "outcomes": packed, "pieces": list(pieces)}


def _packed(found: Outcome, pieces: dict[str, int]) -> Outcome:
    """The outcome with the numbers of pieces in place of what is drawn; new pieces are added to `pieces`."""
    drawn = {
        name: [pieces.setdefault(piece, len(pieces)) for piece in _PIECES.split(text) if piece]
        for name, text in found.items()
        if name not in ("counts", "error")
    }
    return {**found, **drawn}
