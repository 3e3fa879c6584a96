"""Whole builds of a book of one chapter, with the configuration of this one."""

import contextlib
import io
import re
import shutil
import textwrap
from pathlib import Path

import nbformat
import pytest

from build.book import ROOT, main
from build.finish import finish

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

# A chapter

"""
CELLS = """
    The cell says when it ran and what the module holds.

    - One number,
    - another.

    | Name | Number |
    | --- | --- |
    | `VALUE` | any |

    ```{code-cell} ipython3
    import time
    import answer
    print("ran at", time.time_ns(), "and found", answer.VALUE, flush=True)
    time.sleep(0.5)
    print("last")
    ```

    A formula, $x = s q$.
    """


def write_chapter(root: Path, text: str) -> None:
    (root / "book/chapter.md").write_text(HEAD + textwrap.dedent(text))


def write_answer(root: Path, value: int) -> None:
    (root / "book/answer.py").write_text(f"VALUE = {value}\n")


def output(root: Path) -> tuple[int, int]:
    """When the cell ran, and what it found."""
    html = (root / "_build/html/book/chapter.html").read_text()
    ran, found = re.search(r"ran at (\d+) and found (\d+)", html).groups()
    return int(ran), int(found)


@pytest.fixture(scope="module")
def first_build(tmp_path_factory):
    """A checkout, in a folder with a space in its name, whose book has just been built, and what was printed then."""
    root = tmp_path_factory.mktemp("a book") / "check out"
    shutil.copytree(ROOT / "book/_static", root / "book/_static")
    shutil.copy(ROOT / "book/references.bib", root / "book")
    shutil.copy(ROOT / "_config.yml", root)
    shutil.copytree(ROOT / "build", root / "build", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "_toc.yml").write_text("format: jb-book\nroot: book/chapter\n")
    (root / "requirements.txt").write_text("")
    # Tools leave such files behind: they are no pages.
    for folder in ("", ".pytest_cache", "tests", "book/.ipynb_checkpoints"):
        (root / folder).mkdir(exist_ok=True)
        (root / folder / "README.md").write_text("# No page\n")
    write_answer(root, 42)
    write_chapter(root, CELLS)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(root) == 0
    return root, printed.getvalue()


@pytest.fixture(scope="module")
def built(first_build):
    return first_build[0]


@pytest.fixture
def root(built, tmp_path):
    """A copy of that checkout, to change."""
    return Path(shutil.copytree(built, tmp_path / "check out"))


def test_the_build_ends_with_the_path_to_open(first_build):
    root, printed = first_build
    index = root / "_build/html/index.html"
    assert printed.splitlines()[-1] == f"The book is built. Open {index}"
    assert "book/chapter.html" in index.read_text()


def test_only_a_change_of_text_or_code_executes_a_chapter_again(root):
    first = output(root)
    assert first[1] == 42

    assert main(root) == 0
    assert output(root) == first

    write_answer(root, 43)
    assert main(root) == 0
    second = output(root)
    assert second[0] > first[0]
    assert second[1] == 43


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("```{code-cell} ipython3\n1 / 0\n```\n", "ZeroDivisionError"),
        ("A [link](nowhere.md).\n", "nowhere.md"),
    ],
    ids=["cell", "warning"],
)
def test_a_failing_cell_and_a_warning_fail_the_build_each_time(root, capfd, text, reason):
    write_chapter(root, text)
    for _ in range(2):
        assert main(root) == 1
        printed = capfd.readouterr()
        assert reason in printed.err
        assert "The book is built" not in printed.out


LOAD = '<img src="https://cdn.example/a.png" alt="">'
LINK = '<a href="#nowhere">A link</a> that Sphinx does not see.'
SAID = {
    LOAD: "https://cdn.example/a.png is outside the website",
    LINK: "#nowhere names a place that the page does not have",
}


def test_a_load_from_another_host_and_a_link_to_a_place_that_is_not_there_fail_the_build(root, capfd):
    write_chapter(root, f"{LOAD}\n\n{LINK}\n")
    assert main(root) == 1
    said = capfd.readouterr().err
    assert all(each in said for each in SAID.values())


@pytest.mark.parametrize("wrong", [LOAD, LINK], ids=["load", "link"])
def test_each_of_them_alone_is_wrong_with_a_website(root, capsys, wrong):
    site = root / "_build/html"
    assert finish(site, "It is made.") == 0
    page = site / "book/chapter.html"
    page.write_text(page.read_text().replace("</article>", f"{wrong}</article>"))
    assert finish(site, "It is made.") == 1
    assert SAID[wrong] in capsys.readouterr().err


def test_the_page_gives_itself_away_as_a_notebook_with_its_outputs(built):
    site = built / "_build/html"
    html = (site / "book/chapter.html").read_text()
    assert 'href="../_sources/book/chapter.ipynb"' in html
    notebook = nbformat.read(site / "_sources/book/chapter.ipynb", as_version=4)
    nbformat.validate(notebook)
    (code,) = (cell for cell in notebook.cells if cell.cell_type == "code")
    assert code.execution_count == 1
    assert code.outputs[0].text.endswith(" and found 42\nlast\n") and len(code.outputs) == 1


def test_a_link_to_the_page_can_be_shown_with_its_title_and_first_words(built):
    html = (built / "_build/html/book/chapter.html").read_text()
    assert '<meta property="og:title" content="A chapter" />' in html
    assert '<meta property="og:description" content="The cell says when it ran' in html
    assert "One number, another. Name, Number, VALUE, any," in html
    assert 'property="og:site_name" content="Relay' in html
    assert "og:image" not in html


def test_the_page_declares_a_colour_mode_and_no_script_for_remote_kernels(built):
    html = (built / "_build/html/book/chapter.html").read_text()
    assert 'data-default-mode="auto"' in html
    assert "thebe" not in html.lower()
    assert "navbar-persistent--container" not in html
