"""Makes slides of the executed chapters: `python -m build.slides`, behind `python -m build.book`.

A chapter becomes one file. Each heading, cell and picture of it gets a slide, and its prose becomes notes for the
speaker, but for the first paragraph below a heading. Nothing is written twice: what a slide shows is a chapter's own.
"""

from __future__ import annotations

import html
import importlib.util
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import yaml  # type: ignore[import-untyped]
from nbconvert import SlidesExporter
from nbformat.v4 import new_markdown_cell

from build.downloads import cleaned
from build.finish import finish

ROOT = Path(__file__).resolve().parent.parent
SOLUTION_STARTS = re.compile(r"^:{3,}\{solution-start\}", re.M)
SOLUTION_ENDS = re.compile(r"^(?P<fence>:{3,})\{solution-end\}\n(?P=fence)$\n?", re.M)
# To another page: a slide shows where it would lead, and the speaker stays.
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\([\w/.-]+\.md(?:#[\w-]*)?\)")
HEADING = re.compile(r"(#{1,3}) (.+)")
SHOWN = re.compile(r"!\[|[-*] |\d+\. |\||\$\$|```|\*\*")
IMPORTS = "import set_env"
# Characters above which a cell gets a slide of its own.
FEW = 300
# Of reveal.js: other themes load their fonts from other hosts.
REVEAL = (
    "dist/reveal.js",
    "dist/reveal.css",
    "dist/theme/white.css",
    "dist/theme/fonts/source-sans-pro",
    "plugin/notes",
    "LICENSE",
)
PAGE = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Slides</title>
<style>body {{ font: 1.25rem/1.6 sans-serif; margin: 2rem auto; max-width: 40rem; padding: 0 1rem; }}</style></head>
<body><main><h1>Slides</h1>
<p>Arrow keys, or space, turn over. S opens the notes for the speaker, O shows all slides, F fills the screen.</p>
<ul>
{decks}
</ul></main></body></html>
"""


def without_solutions(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy without what stands between the start and the end of a solution."""
    new = nbformat.from_dict(notebook)
    cells, hidden = [], False
    for cell in new.cells:
        if cell.cell_type != "markdown":
            cells += [] if hidden else [cell]
            continue
        rest, kept = cell.source, ""
        while rest:
            found = (SOLUTION_ENDS if hidden else SOLUTION_STARTS).search(rest)
            kept += "" if hidden else rest[: found.start() if found else None]
            rest = rest[found.end() :] if found else ""
            hidden = hidden != bool(found)
        cell.source = kept
        cells.append(cell)
    new.cells = cells
    return new


def blocks(markdown: str) -> Iterator[str]:
    """The paragraphs, lists, tables, pictures and formulas of a text; an empty line within a fence ends nothing."""
    block: list[str] = []
    fenced = False
    for line in [*markdown.splitlines(), ""]:
        fenced = fenced != line.startswith(("```", "$$"))
        if line or fenced:
            block.append(line)
        elif block:
            yield "\n".join(block)
            block = []


class Deck:
    """The cells of a chapter's slides, in the making."""

    def __init__(self) -> None:
        self.cells: list[nbformat.NotebookNode] = []
        self._title = ""
        # How much the open slide has below its heading, in characters, or None if it takes no more.
        self._shown: int | None = None

    def _add(self, cell: nbformat.NotebookNode, kind: str) -> None:
        cell.metadata["slideshow"] = {"slide_type": kind}
        self.cells.append(cell)

    def _again(self) -> None:
        """Open another slide below the same heading."""
        self._add(new_markdown_cell(f"### {self._title}"), "subslide")

    def text(self, block: str) -> None:
        """Put a block where it belongs: on a slide of its own, on the open one, or among the notes."""
        if heading := HEADING.fullmatch(block):
            self._title, self._shown = heading[2], 0
            self._add(new_markdown_cell(block), "slide" if len(heading[1]) < 3 else "subslide")
        elif self._shown != 0 and not SHOWN.match(block) and not self._title.startswith("Exercise: "):
            self._add(new_markdown_cell(block), "notes")
        else:
            if self._shown is None or block.startswith("![") and self._shown:
                self._again()
            self._shown = (self._shown or 0) + len(block) + (FEW if SHOWN.match(block) else 0)
            self._add(new_markdown_cell(block), "-")

    def code(self, cell: nbformat.NotebookNode) -> None:
        """Put a cell and its outputs on a slide: on the open one if there is little on it."""
        if IMPORTS not in cell.source:
            if self._shown is None or self._shown > FEW:
                self._again()
            # What the page folds away, nbconvert leaves out.
            cell.metadata["transient"] = {"remove_source": "hide-input" in cell.metadata.get("tags", [])}
            self._add(cell, "-")
        self._shown = None


def deck(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An executed chapter as a notebook whose cells say on which slide they are."""
    # The titles of other pages are of no use here, but for links without a text.
    lesson = cleaned(without_solutions(notebook), {})
    made = Deck()
    for cell in lesson.cells:
        if cell.cell_type == "code":
            made.code(cell)
        elif cell.id != "where-it-runs":
            for block in blocks(LINK.sub(r"\1", cell.source)):
                made.text(block)
    lesson.cells = made.cells
    title = next(cell.source for cell in lesson.cells)
    lesson.metadata["title"] = title.removeprefix("# ")
    return lesson


def exporter() -> SlidesExporter:
    """What writes a deck as one page."""
    return SlidesExporter(
        template_name="slides_template",
        extra_template_basedirs=[str(ROOT / "build")],
        reveal_theme="white",
        reveal_url_prefix="reveal.js",
        exclude_anchor_links=True,
    )


def package(name: str) -> Path:
    """The folder of an installed package, which need not be one that can be imported by its name."""
    found = importlib.util.find_spec(name)
    assert found is not None and found.submodule_search_locations, name
    return Path(found.submodule_search_locations[0])


def chapters(root: Path) -> list[str]:
    """The pages that have slides: all but the appendix."""
    contents = yaml.safe_load((root / "_toc.yml").read_text())
    return [contents["root"], *(each["file"] for part in contents["parts"][:-1] for each in part["chapters"])]


def main(root: Path = ROOT) -> int:
    """Make the slides in `_build/slides`; the result is a process's exit code."""
    executed = {page: root / "_build/jupyter_execute" / f"{page}.ipynb" for page in chapters(root)}
    if missing := [page for page, path in executed.items() if not path.is_file()]:
        print(f"{missing[0]} has not been executed: run `make book` first.", file=sys.stderr)
        return 1
    target = root / "_build/slides"
    shutil.rmtree(target, ignore_errors=True)
    reveal = package("sphinx_revealjs") / "_static/revealjs"
    for part in REVEAL:
        copy = shutil.copytree if (reveal / part).is_dir() else shutil.copy
        (target / "reveal.js" / part).parent.mkdir(parents=True, exist_ok=True)
        copy(reveal / part, target / "reveal.js" / part)
    (target / "mathjax").mkdir()
    shutil.copy(package("sphinx-mathjax-offline") / "static/mathjax/tex-svg.js", target / "mathjax")
    shutil.copytree(root / "book/_static", target / "_static")
    write, decks = exporter(), []
    for path in executed.values():
        made = deck(nbformat.read(path, as_version=4))
        body, _ = write.from_notebook_node(made)
        name = f"{path.stem}.html"
        (target / name).write_text(body)
        decks.append(f'<li><a href="{name}">{html.escape(made.metadata["title"])}</a></li>')
    (target / "index.html").write_text(PAGE.format(decks="\n".join(decks)))
    return finish(target, "The slides are made.")


if __name__ == "__main__":
    sys.exit(main())
