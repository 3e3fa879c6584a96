"""Switches for the partition rules, and beside them what partition makes of a network.

    explorer({"two convolutions": mod})

In a notebook with a kernel each choice is worked out when it is made. On the website, where there is no kernel, all of
them are worked out while it is built and lie in the page. One script, `explorer.js`, draws both.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import tvm
from tvm import relay

from helpers.diff import diff
from helpers.explorer.combinations import combinations
from helpers.explorer.outcome import outcome, partitioned
from helpers.explorer.page import page
from helpers.registry import Rule, registered_rules
from helpers.text import kind, shown

__all__ = ["Explorer", "explorer"]

# Set by what builds the website: there will be no kernel where the output is read.
FOR_A_PAGE = "RELAY_BOOK_PAGE"


class Explorer:
    """Networks and rules to choose from; `explorer` makes it."""

    def __init__(
        self, networks: Mapping[str, tvm.IRModule], rules: Mapping[str, Rule], off: Sequence[str], name: str
    ) -> None:
        self.networks = {called: relay.transform.InferType()(mod) for called, mod in networks.items()}
        self.rules, self.name = dict(rules), name
        self.chosen: dict[str, Any] = {"network": next(iter(networks)), "off": list(off)}

    def html(self) -> str:
        """Every outcome in one piece of HTML, which needs no kernel and no network."""
        stored = combinations(self.networks, self.rules)
        return page({**stored, "rules": list(self.rules), "chosen": self.chosen}, self.name, repr(self))

    def widget(self) -> Any:
        """The widget, for a kernel that stays."""
        from helpers.explorer.widget import Widget  # what builds the website or prints in a terminal does without

        return Widget(self.networks, self.rules, self.chosen)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if os.environ.get(FOR_A_PAGE):
            return {"text/html": self.html(), "text/plain": repr(self)}
        shown = self.widget()._repr_mimebundle_(**kwargs)
        # With metadata or without, as the version of ipywidgets has it.
        (shown[0] if isinstance(shown, tuple) else shown)["text/plain"] = repr(self)
        return shown

    def __repr__(self) -> str:
        mod = self.networks[self.chosen["network"]]
        on = {op: rule for op, rule in self.rules.items() if op not in self.chosen["off"]}
        found = outcome(mod, on)
        if "error" in found:
            return str(found["error"])
        told = ", ".join(f"{name}: {value}" for name, value in found["counts"].items())
        return f"{shown(self.chosen['network'])}: {told}\n{diff(mod, partitioned(mod, on)[0])}"


def explorer(
    networks: Mapping[str, tvm.IRModule],
    rules: Mapping[str, Rule] | None = None,
    *,
    off: Sequence[str] = (),
    name: str = "explorer",
) -> Explorer:
    """Switches for `rules`, the registered ones if not given, and a choice of `networks`, by their names.

    It begins with the first network and all rules on but those in `off`. Nothing is registered afterwards that was not
    before. `name` is the id of its place on a page; two on one page need two.

    Raises `TypeError` for a network that is no module, whose name is no text or whose `main` is not Relay's, for rules
    without operators and for a text in place of a list in `off`; `ValueError` for no network and no rule, for a network
    without `main`, for a rule in `off` that is not there, and for a name that an address cannot hold.
    """
    for words, given in (("networks by their names", networks), ("rules by their operators", rules)):
        if given is not None and not isinstance(given, Mapping):
            raise TypeError(f"explorer takes {words}, not {kind(given)}: give {{name: …}}")
    if not networks:
        raise ValueError("explorer is given no network: give at least one, as {name: mod}")
    for called, mod in networks.items():
        _check_network(called, mod)
    chosen = registered_rules() if rules is None else rules
    if not chosen:
        raise ValueError("explorer has no rule to switch: register one, or give some, such as DEFAULT_RULES")
    if isinstance(off, str):
        raise TypeError(f"explorer takes the names of rules to begin off, not one text: give off=[{off!r}]")
    if missing := [op for op in off if op not in chosen]:
        raise ValueError(f"explorer is to begin with {missing[0]!r} off, which has no rule: leave it out")
    if not re.fullmatch(r"[A-Za-z][\w-]*", name, re.ASCII):
        raise ValueError(f"explorer is named {name!r}: use a letter, and then letters, digits, - and _ only")
    return Explorer(networks, chosen, off, name)


def _check_network(called: Any, mod: Any) -> None:
    if not isinstance(called, str):
        raise TypeError(f"a network is called {called!r}: give it a name that is a text")
    if not isinstance(mod, tvm.IRModule):
        raise TypeError(f"the network {called!r} is {kind(mod)}: give a module, as of tvm.IRModule")
    if "main" not in [str(var.name_hint) for var in mod.get_global_vars()]:
        raise ValueError(f"the network {called!r} has no function main: give the module that has it")
    if not isinstance(mod["main"], relay.Function):
        raise TypeError(f"the main of the network {called!r} is {kind(mod['main'])}: give one of Relay")
