"""A page and a small book, printed, with the configuration of this one."""

import re
import shutil

import pytest
from playwright.sync_api import sync_playwright

from build import browser, pdf
from build.book import ROOT

PAGE = """<!DOCTYPE html>
<title>Book</title>
<nav class="bd-sidebar-primary">nowhere</nav>
<h1>One</h1><p>First page.</p>
<details class="toggle-details"><summary>Solution</summary><p>folded</p></details>
<section><h2>Of one</h2></section>
<span id="document-two"></span><section><h2>Two</h2></section>
"""
HEAD = """\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

"""
WELCOME = "# The book\n\n## A part of it\n\n## Another part\n"
ASKED = """# Asked

:::{exercise} Three
:label: asked-three

What is one and two?
:::

:::{solution} asked-three
:class: dropdown

Three.
:::
"""
HIDDEN = "# Hidden\n\n```{code-cell} ipython3\n:tags: [hide-input]\n{lines}\n```\n"
CONTENTS = """\
format: jb-book
root: book/welcome
parts:
  - caption: All
    numbered: true
    chapters:
      - file: book/asked
      - file: book/hidden
"""


@pytest.fixture(scope="module")
def program():
    if (found := browser.found()) is None:
        pytest.skip(browser.MISSING)
    return found


@pytest.fixture(scope="module")
def printed(program, tmp_path_factory):
    """A checkout whose book of three pages has just been printed."""
    root = tmp_path_factory.mktemp("a book") / "check out"
    shutil.copytree(ROOT / "book/_static", root / "book/_static")
    shutil.copytree(ROOT / "build", root / "build", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "book/references.bib", root / "book")
    shutil.copy(ROOT / "_config.yml", root)
    (root / "_toc.yml").write_text(CONTENTS)
    # Twice as long as a page, if it is shown.
    lines = "\n".join(f"number = {each}" for each in range(120))
    pages = {"welcome": WELCOME, "asked": ASKED, "hidden": HIDDEN.replace("{lines}", lines)}
    for name, text in pages.items():
        (root / f"book/{name}.md").write_text(HEAD + text)
    assert pdf.main(root) == 0
    return root


def pages(made):
    """The number of pages, and the titles in the outline, in the order of the alphabet."""
    titles = re.findall(rb"/Title \((?:\d\\?\. )?([^)]*)\)", made)
    return len(re.findall(rb"/Type\s*/Page\b", made)), sorted(titles)


def test_without_a_browser_one_sentence_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(browser, "found", lambda: None)
    assert pdf.main() == 1
    assert capsys.readouterr().err == f"{pdf.MISSING}\n"


def test_each_chapter_begins_a_page_and_its_title_stands_in_the_outline(program, tmp_path):
    (tmp_path / "index.html").write_text(PAGE)
    pdf.to_paper(program, tmp_path / "index.html", tmp_path / "book.pdf")
    made = (tmp_path / "book.pdf").read_bytes()
    assert made.startswith(b"%PDF")
    assert pages(made) == (2, [b"Book", b"Of one", b"One", b"Two"])


def test_a_whole_book_is_printed_with_its_exercises_and_with_what_its_pages_hide(printed):
    number, titles = pages((printed / "_build/pdf/book.pdf").read_bytes())
    # One for the first page, one for the exercise, and two for the hidden cell, or three where letters are large.
    assert number in (4, 5)
    assert {b"The book", b"A part of it", b"Another part", b"Asked", b"Hidden"} <= set(titles)


def test_what_is_printed_has_the_styles_of_the_book(program, printed):
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = launched.new_context(offline=True).new_page()
        tab.goto((printed / "_build/singlehtml/index.html").as_uri())
        # The size is that of book.css; without any style it would be another one.
        assert tab.evaluate("getComputedStyle(document.querySelector('.cell_input pre')).fontSize") == "13px"
        launched.close()
