"""The chapters' cells, run as a reader runs them; `make book` runs them in a kernel and shows what they print."""

from pathlib import Path

import jupytext
import pytest
import set_env  # noqa: F401
import yaml

from helpers.registry import DEFAULT_RULES, registered_rules, reset_partition

ROOT = Path(__file__).resolve().parents[2]
TOC = yaml.safe_load((ROOT / "_toc.yml").read_text())
CHAPTERS = [entry["file"] for entry in TOC["parts"][0]["chapters"]]


def cells(chapter):
    notebook = jupytext.read(ROOT / f"{chapter}.md")
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def run(code, namespace):
    exec(compile(code, "<cell>", "exec"), namespace)


@pytest.fixture(autouse=True)
def default_rules():
    reset_partition()
    yield
    reset_partition()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_cell_runs_and_runs_again_and_leaves_the_rules_as_they_were(chapter):
    namespace = {}
    for cell in cells(chapter):
        run(cell.source, namespace)
        run(cell.source, namespace)
    assert {name: str(rule) for name, rule in registered_rules().items()} == {
        name: str(rule) for name, rule in DEFAULT_RULES.items()
    }


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_has_a_solution_that_checks_itself(chapter):
    text = (ROOT / f"{chapter}.md").read_text()
    exercises = text.count("\n### Exercise ")
    solutions = [cell for cell in cells(chapter) if "hide-cell" in cell.metadata.get("tags", [])]
    assert exercises >= 2
    assert len(solutions) == exercises
    assert all("assert " in cell.source for cell in solutions)
