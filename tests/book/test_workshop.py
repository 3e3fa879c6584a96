"""The plans of *Teaching with this book*: their times add up, and what they name is there."""

import re
from typing import NamedTuple

import pytest

from tests.book.pages import CHAPTERS, ROOT

PAGE = (ROOT / "book/workshop.md").read_text()
PLANS = {"A plan for 90 minutes": 90, "A plan for a day": 8 * 60}


class Row(NamedTuple):
    """A row of a plan. Minutes are counted from midnight, or from the beginning of the workshop."""

    begins: int
    minutes: int
    what: str


def section(heading: str) -> str:
    """The text between a heading of the second order and the next one."""
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def plan(heading: str) -> list[Row]:
    rows = re.findall(r"^\| (\d+):(\d\d) \| (\d+) \| (.+?) \|", section(heading), re.M)
    return [Row(60 * int(hour) + int(minute), int(length), what) for hour, minute, length, what in rows]


@pytest.mark.parametrize("heading", PLANS)
def test_each_row_begins_where_the_one_before_ends_and_all_of_them_fill_the_time(heading):
    rows = plan(heading)
    assert [row.begins + row.minutes for row in rows[:-1]] == [row.begins for row in rows[1:]]
    assert sum(row.minutes for row in rows) == PLANS[heading]


@pytest.mark.parametrize("heading", PLANS)
def test_chapters_and_exercises_come_in_the_order_of_the_book(heading):
    named = [
        CHAPTERS.index(f"book/{name}")
        for row in plan(heading)
        for name in re.findall(r"\]\((\w+)\.md\)|<(\w+)-\w+>", row.what)
        for name in name
        if f"book/{name}" in CHAPTERS
    ]
    assert named == sorted(named) and len(set(named)) > 2


def test_every_chapter_exercise_and_section_that_is_named_is_there():
    texts = {path.stem: path.read_text() for path in (ROOT / "book").glob("*.md")}
    exercises = {
        (label, title)
        for text in texts.values()
        for title, label in re.findall(r"^:{3,}\{exercise\} (.+)\n:label: (\S+)$", text, re.M)
    }
    named = {(label, title) for title, label in re.findall(r"\{ref\}`([^`<]+) <([^`>]+)>`", PAGE)}
    assert len(named) > 10 and named <= exercises
    assert set(re.findall(r"\]\((\w+)\.md\)", PAGE)) <= set(texts)
    sections = {heading for text in texts.values() for heading in re.findall(r"^##+ (.+)$", text, re.M)}
    plans = " ".join(" ".join(section(heading).split()) for heading in PLANS)
    italics = set(re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", plans)) - {"Run All Cells"}
    assert len(italics) > 10 and italics <= sections
