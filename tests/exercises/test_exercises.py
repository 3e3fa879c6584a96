"""Each exercise of the book: it has a solution below it, and wrong answers are told from it.

That the solution is right, and what is left to the reader is not yet, is in tests/book/test_chapters.py, which executes
the chapters.
"""

import importlib
import re

import pytest
import set_env  # noqa: F401

from helpers.exercises import check
from tests.book.pages import CHAPTERS, EXERCISE, exercises, text

GATED = re.compile(r"^:::\{solution-start\} (?P<label>\S+)\n.*?^:::\{solution-end\}", re.M | re.S)


def wrong_answers(name):
    chapter, exercise = name.split("/")
    return importlib.import_module(f"tests.exercises.wrong.{chapter}").WRONG[exercise]


EXERCISES = [(chapter, name) for chapter in CHAPTERS for name in exercises(chapter)]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_has_at_least_two_exercises_and_each_one_solution(chapter):
    labels = EXERCISE.findall(text(chapter))
    assert len(labels) >= 2
    assert [found["label"] for found in GATED.finditer(text(chapter))] == labels
    assert all(name.startswith(f"{chapter.removeprefix('book/')}/") for name in exercises(chapter))


@pytest.mark.parametrize(("chapter", "name"), EXERCISES)
def test_the_solution_stands_below_what_is_left_to_the_reader(chapter, name):
    page = text(chapter)
    found = next(found for found in GATED.finditer(page) if found["label"] == name.replace("/", "-"))
    call = f'check("{name}"'
    assert [call in page[: found.start()], page.count(call), call in found[0]] == [True, 2, True]


@pytest.mark.parametrize("name", [name for _, name in EXERCISES])
def test_at_least_three_wrong_answers_are_not_right_each_for_its_reason(name):
    answers = wrong_answers(name)
    assert len(answers) >= 3
    for *answer, reason in answers:
        verdict = check(name, *answer)
        assert any(reason in line.because for line in verdict.lines), verdict
