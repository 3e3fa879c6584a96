"""Each exercise of the book: its solution is right; what is left to the reader is not, and wrong answers are not."""

import importlib
import re

import pytest
import set_env  # noqa: F401

from helpers.exercises import check
from tests.book.pages import CHAPTERS, ROOT, executed

GATED = re.compile(r"^:::\{solution-start\} (?P<label>\S+)\n.*?^:::\{solution-end\}", re.M | re.S)
EXERCISE = re.compile(r"^:::+\{exercise\} .+\n:label: (?P<label>\S+)", re.M)


def text(chapter):
    return (ROOT / f"{chapter}.md").read_text()


def names(chapter):
    """The exercises of a page, as its labels name them: `chapter-exercise`."""
    return [label.replace("-", "/", 1) for label in EXERCISE.findall(text(chapter))]


def wrong_answers(name):
    chapter, exercise = name.split("/")
    return importlib.import_module(f"tests.exercises.wrong.{chapter}").WRONG[exercise]


EXERCISES = [(chapter, name) for chapter in CHAPTERS for name in names(chapter)]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_has_at_least_two_exercises_and_each_one_solution(chapter):
    labels = EXERCISE.findall(text(chapter))
    assert len(labels) >= 2
    assert [found["label"] for found in GATED.finditer(text(chapter))] == labels
    assert all(name.startswith(f"{chapter.removeprefix('book/')}/") for name in names(chapter))
    assert list(executed(chapter).verdicts) == names(chapter)


@pytest.mark.parametrize(("chapter", "name"), EXERCISES)
def test_what_the_page_leaves_to_the_reader_is_not_right_yet_and_the_solution_is(chapter, name):
    unsolved, solved = executed(chapter).verdicts[name]
    assert [verdict.passed for verdict in unsolved] == [False, False]
    assert [verdict.passed for verdict in solved] == [True, True], solved


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
