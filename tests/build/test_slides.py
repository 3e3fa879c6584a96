"""Slides of a chapter: what is shown, what becomes a note, and what is left out."""

import textwrap

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from build import self_contained
from build.slides import REVEAL, ROOT, blocks, chapters, deck, exporter, main, package, without_solutions

CHAPTER = new_notebook(
    cells=[
        new_markdown_cell("# A chapter\n\nAfter this chapter you will be able to\n\n- read it."),
        new_code_cell("import set_env"),
        new_markdown_cell(
            "## Part\n\nWhat it is. See [another](other.md).\n\nMore of it.\n\n![A picture](_static/a.svg)"
        ),
        new_code_cell("1 + 1", outputs=[new_output("execute_result", {"text/plain": "2"}, execution_count=1)]),
        new_markdown_cell("That was two."),
        new_code_cell("assert True", metadata={"tags": ["remove-cell"]}),
        new_markdown_cell(":::{exercise} Three\n:label: chapter-three\n\nDo it.\n\nSoon.\n:::"),
        new_code_cell("..."),
        new_markdown_cell(":::{solution-start} chapter-three\n:class: dropdown\n:::"),
        new_code_cell("3"),
        new_markdown_cell("Because it is.\n\n:::{solution-end}\n:::\n\n## The end"),
    ]
)


def shown(notebook):
    return [(cell.metadata["slideshow"]["slide_type"], cell.source) for cell in deck(notebook).cells]


def test_a_heading_opens_a_slide_and_prose_becomes_a_note():
    assert shown(CHAPTER) == [
        ("slide", "# A chapter"),
        ("-", "After this chapter you will be able to"),
        ("-", "- read it."),
        ("slide", "## Part"),
        ("-", "What it is. See another."),
        ("notes", "More of it."),
        ("subslide", "### Part"),
        ("-", "![A picture](_static/a.svg)"),
        ("subslide", "### Part"),
        ("-", "1 + 1"),
        ("notes", "That was two."),
        ("subslide", "### Exercise: Three"),
        ("-", "Do it."),
        ("-", "Soon."),
        ("-", "..."),
        ("slide", "## The end"),
    ]


def test_a_solution_is_left_out_and_the_chapter_stays_as_it_was():
    before = [cell.source for cell in CHAPTER.cells]
    sources = [cell.source for cell in without_solutions(CHAPTER).cells]
    assert "3" not in sources and not any("Because" in source for source in sources)
    assert [cell.source for cell in CHAPTER.cells] == before


def test_an_empty_line_within_a_fence_ends_no_block():
    text = "One\nline.\n\n```python\na = 1\n\nb = 2\n```\n\n$$\nx\n\ny\n$$\n\nLast."
    assert list(blocks(text)) == ["One\nline.", "```python\na = 1\n\nb = 2\n```", "$$\nx\n\ny\n$$", "Last."]


def test_what_the_page_folds_away_is_left_out():
    plot = new_code_cell("plot()", metadata={"tags": ["hide-input"]})
    (_, cell) = deck(new_notebook(cells=[new_markdown_cell("# A chapter"), plot])).cells
    assert cell.metadata["transient"]["remove_source"]


@pytest.fixture(scope="module")
def page():
    return exporter().from_notebook_node(deck(CHAPTER))[0]


def test_a_page_has_the_cells_with_their_outputs_and_asks_no_other_host(page):
    assert "<title>A chapter slides</title>" in page
    assert page.count("<section") - 3 == 6, "three slides below three headings of the page, and three more"
    assert "<pre>2</pre>" in page.replace("\n", "") and 'alt="A picture"' in page
    addresses = [load.address for load in self_contained.page_loads(page)]
    assert addresses and [address for address in addresses if ":" in address and not address.startswith("data:")] == []
    reveal = [address.removeprefix("reveal.js/") for address in addresses if address.startswith("reveal.js/")]
    brought = package("sphinx_revealjs") / "_static/revealjs"
    assert reveal and [address for address in reveal if not (brought / address).is_file()] == []
    assert all(address.startswith(REVEAL) for address in reveal)


def test_every_chapter_has_slides_and_the_appendix_has_none():
    pages = chapters(ROOT)
    assert pages[0] == "book/welcome" and len(pages) == 11 and "book/differences" not in pages


def test_a_chapter_that_was_not_executed_is_named(tmp_path, capsys):
    (tmp_path / "_toc.yml").write_text(
        textwrap.dedent("""\
            root: book/welcome
            parts:
              - chapters: []
            """)
    )
    assert main(tmp_path) == 1
    assert capsys.readouterr().err == "book/welcome has not been executed: run `make book` first.\n"
