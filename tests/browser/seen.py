"""What an explorer in the browser shows, and what it should show, in one form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import set_env  # noqa: F401

from helpers.explorer import Explorer
from helpers.explorer.outcome import outcome

# A browser writes HTML in its own way: what should be there goes through it, too. The frame of a graph stays, with the
# size that the reader gave to it.
_PARTS = """
const graph = (place) => [".view svg", ".bar .summary", ".key", "details > pre"].map((part) =>
  place.querySelector(part).innerHTML);
"""
_SEEN = f"""(place) => {{ {_PARTS}
  return {{
    counts: Object.fromEntries([...place.querySelectorAll(".counts > div")].map((count) =>
      [count.querySelector("dt").textContent, count.querySelector("dd").textContent])),
    diff: place.querySelector(".picture.diff").innerHTML,
    graph: graph(place.querySelector(".picture.graph")),
  }};
}}"""
_EXPECTED = f"""(outcome) => {{ {_PARTS}
  const made = (html) => Object.assign(document.createElement("div"), {{ innerHTML: html }});
  return {{ counts: outcome.counts, diff: made(outcome.diff).innerHTML, graph: graph(made(outcome.graph)) }};
}}"""


# What was worked out for one test need not be for the next one.
_known: dict[tuple[Explorer, str], Any] = {}


class Seen:
    """An explorer on a page: `place` finds it, `explorer` is what Python knows of it."""

    def __init__(self, page: Any, place: str, explorer: Explorer) -> None:
        self.page, self.explorer = page, explorer
        self.place = page.locator(place)

    @property
    def menu(self) -> Any:
        return self.place.locator("select.network")

    def switch(self, rule: str) -> Any:
        return self.place.locator(f'fieldset input[value="{rule}"]')

    def chosen(self) -> dict[str, Any]:
        """What the menu and the switches say."""
        off = [rule for rule in self.explorer.rules if not self.switch(rule).is_checked()]
        return {"network": self.menu.input_value(), "off": off}

    def shows(self, network: str, off: list[str]) -> None:
        """Assert that the switches stand so, and that all that is seen is what Python computes for it."""
        assert self.chosen() == {"network": network, "off": off}
        self.page.wait_for_function(
            "([place, network, off]) => { const shown = JSON.parse(place.dataset.shown ?? '{}');"
            "return shown.network === network && String(shown.off) === String(off); }",
            arg=[self.place.element_handle(), network, off],
        )
        key = self.explorer, repr((network, off))
        if key not in _known:
            on = {name: rule for name, rule in self.explorer.rules.items() if name not in off}
            _known[key] = self.page.evaluate(_EXPECTED, outcome(self.explorer.networks[network], on))
        seen, expected = self.place.evaluate(_SEEN), _known[key]
        different = [part for part in expected if seen[part] != expected[part]]
        assert different == [], f"{different} of {key[1]}: {seen} in place of {expected}"

    def flips(self) -> Iterator[tuple[str, str, list[str]]]:
        """For each network each switch, and what is off when this one alone is flipped."""
        begun = self.explorer.chosen["off"]
        for network in self.explorer.networks:
            for flipped in self.explorer.rules:
                yield network, flipped, [rule for rule in self.explorer.rules if (rule in begun) != (rule == flipped)]
