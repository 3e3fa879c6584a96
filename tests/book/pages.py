"""The pages of the book as the tests run them: each cell twice, in one process.

Not those that are tagged `timing`, which measure, and which no other cell needs; those tagged `slow` once. `make
test-notebooks` runs all cells, as readers do.
"""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jupytext
import set_env  # noqa: F401
import yaml

from helpers.exercises import Verdict
from helpers.explorer import Explorer
from helpers.registry import registered_rules, reset_partition

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
# All but the appendix.
CHAPTERS = [entry["file"] for part in TOC["parts"][:-1] for entry in part["chapters"]]
EXERCISE = re.compile(r"^:::+\{exercise\} .+\n:label: (?P<label>\S+)", re.M)


def text(page: str) -> str:
    return (ROOT / f"{page}.md").read_text()


def exercises(page: str) -> list[str]:
    """The exercises of a page, as its labels name them: `chapter-exercise` is `chapter/exercise`."""
    return [label.replace("-", "/", 1) for label in EXERCISE.findall(text(page))]


class Executed(NamedTuple):
    """What a page left behind: its verdicts in the order of the page, the first run's before the second's, by name."""

    verdicts: dict[str, list[tuple[Verdict, Verdict]]]
    rules: dict[str, str]
    explorers: dict[str, Explorer]


@cache
def executed(page: str) -> Executed:
    """The page's cells, one after another, each run twice as it stands; a cell's error goes through."""
    notebook = jupytext.read(ROOT / f"{page}.md")
    namespace: dict[str, Any] = {}
    verdicts: dict[str, list[tuple[Verdict, Verdict]]] = {}
    explorers: dict[str, Explorer] = {}
    reset_partition()
    try:
        for cell in notebook.cells:
            tags = cell.metadata.get("tags", [])
            if cell.cell_type != "code" or "timing" in tags:
                continue
            first = run(cell.source, namespace)
            second = first if "slow" in tags else run(cell.source, namespace)
            if isinstance(first, Verdict) and isinstance(second, Verdict):
                verdicts.setdefault(first.exercise, []).append((first, second))
            if isinstance(second, Explorer):
                explorers[second.name] = second
        return Executed(verdicts, {name: str(rule) for name, rule in registered_rules().items()}, explorers)
    finally:
        reset_partition()


def run(code: str, namespace: dict[str, Any]) -> Any:
    """Run a cell; its last expression's value, as a notebook shows it."""
    tree = ast.parse(code, "<cell>")
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "<cell>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<cell>", "eval"), namespace) if last else None
