"""The explorer with a kernel behind it: what is chosen in the browser is worked out in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets
import tvm

from helpers.explorer.outcome import called, outcome
from helpers.explorer.page import script, styles
from helpers.registry import Rule


class Widget(anywidget.AnyWidget):
    """The state that the browser and the kernel share.

    `chosen` is what the browser asks for: `network`, and `off`, the rules that are switched off. `outcome` answers it
    and says in `chosen` what it answers, so that each question has an answer of its own.
    """

    _esm = script()
    _css = styles()
    networks = traitlets.Dict().tag(sync=True)
    rules: traitlets.List = traitlets.List().tag(sync=True)
    chosen = traitlets.Dict().tag(sync=True)
    outcome = traitlets.Dict().tag(sync=True)

    def __init__(self, networks: Mapping[str, tvm.IRModule], rules: Mapping[str, Rule], chosen: dict[str, Any]) -> None:
        present = {name: {"rules": [op for op in rules if op in called(mod)]} for name, mod in networks.items()}
        super().__init__(networks=present, rules=list(rules), chosen=chosen)
        self._worked_on = dict(networks), dict(rules)
        self._answer()
        self.observe(lambda change: self._answer(), "chosen")

    def _answer(self) -> None:
        networks, rules = self._worked_on
        on = {op: rule for op, rule in rules.items() if op not in self.chosen["off"]}
        self.outcome = {**outcome(networks[self.chosen["network"]], on), "chosen": self.chosen}
