"""The chapters' cells, run as a reader runs them; `make book` runs them in a kernel and shows what they print."""

import pytest
import set_env  # noqa: F401

from helpers.registry import DEFAULT_RULES
from tests.book.pages import CHAPTERS, executed, exercises


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_cell_runs_and_runs_again_and_leaves_the_rules_as_they_were(chapter):
    assert executed(chapter).rules == {name: str(rule) for name, rule in DEFAULT_RULES.items()}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_exercise_is_checked_in_the_order_of_the_page(chapter):
    assert list(executed(chapter).verdicts) == exercises(chapter)


@pytest.mark.parametrize(("chapter", "name"), [(chapter, name) for chapter in CHAPTERS for name in exercises(chapter)])
def test_what_the_page_leaves_to_the_reader_is_not_right_yet_and_the_solution_is(chapter, name):
    unsolved, solved = executed(chapter).verdicts[name]
    assert [verdict.passed for verdict in unsolved] == [False, False]
    assert [verdict.passed for verdict in solved] == [True, True], solved
