"""The chapters' cells, run as a reader runs them; `make book` runs them in a kernel and shows what they print."""

import pytest
import set_env  # noqa: F401

from helpers.registry import DEFAULT_RULES
from tests.book.pages import CHAPTERS, executed


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_cell_runs_and_runs_again_and_leaves_the_rules_as_they_were(chapter):
    assert executed(chapter).rules == {name: str(rule) for name, rule in DEFAULT_RULES.items()}
