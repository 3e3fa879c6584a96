"""A Sphinx extension: each page that has cells links to itself as a notebook, executed, with its outputs.

MyST-NB leaves such a notebook behind for each page. A notebook editor knows nothing of the book's directives and of
links without a text, so these become plain Markdown first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat

RUNS_IN = "To run this notebook, put it into the folder `book/` of the repository: from there it finds what it imports."
# What stands in a cell's metadata and means nothing to whoever reads the notebook.
_KEPT_TAGS = {"hide-cell", "hide-input", "hide-output", "timing"}
_LINK = re.compile(r"\[\]\((?P<page>[\w/.-]+)\.md(?P<anchor>#[\w-]*)?\)")
_EXERCISE = re.compile(
    r"^(?P<fence>:{3,})\{exercise\} (?P<title>.+)\n(?::\w+:.*\n)*\n?(?P<text>(?:.*\n)*?)(?P=fence)$", re.M
)
_SOLUTION = re.compile(r"^(?P<fence>:{3,})\{solution-start\}.*\n(?::\w+:.*\n)*(?P=fence)$", re.M)
_END = re.compile(r"^(?P<fence>:{3,})\{solution-end\}\n(?P=fence)$\n?", re.M)


def cleaned(notebook: nbformat.NotebookNode, titles: Mapping[str, str]) -> nbformat.NotebookNode:
    """A copy of an executed notebook as it is given away; `titles` are those of the pages, by their file's name.

    Without cells that only check the page, without messages on stderr, and with Markdown that every editor knows.
    """
    cells: list[nbformat.NotebookNode] = []
    run = 0
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "remove-cell" in tags:
            continue
        new = cell.copy()
        new.metadata = nbformat.from_dict(
            {"tags": kept} if (kept := [tag for tag in tags if tag in _KEPT_TAGS]) else {}
        )
        if "jupyter" in cell.metadata:
            new.metadata["jupyter"] = cell.metadata["jupyter"]
        if cell.cell_type == "markdown":
            new.source = plain(cell.source, titles).strip()
            if not new.source:
                continue
        if cell.cell_type == "code":
            run += 1
            new.outputs = [_counted(output, run) for output in _once(cell.outputs)]
            new.execution_count = run
        cells.append(new)
    at = 1 if cells and cells[0].cell_type == "markdown" else 0
    cells.insert(at, nbformat.v4.new_markdown_cell(RUNS_IN, id="where-it-runs"))
    metadata = {name: value for name, value in notebook.metadata.items() if name in ("kernelspec", "language_info")}
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


def _once(outputs: Iterable[nbformat.NotebookNode]) -> Iterator[nbformat.NotebookNode]:
    """The outputs but for messages; MyST-NB writes all that is printed into the first stream, and leaves the others."""
    printed = False
    for output in outputs:
        if output.output_type != "stream":
            yield output
        elif output.name == "stdout" and not printed:
            printed = True
            yield output


def _counted(output: nbformat.NotebookNode, run: int) -> nbformat.NotebookNode:
    """A copy of an output, by the number of its cell where it has one."""
    return nbformat.from_dict({**output, **({"execution_count": run} if "execution_count" in output else {})})


def plain(markdown: str, titles: Mapping[str, str]) -> str:
    """MyST's text as plain Markdown: exercises and solutions get a heading, and links to pages their titles."""

    def link(found: re.Match[str]) -> str:
        name = found["page"].rsplit("/", 1)[-1]
        return f"[{titles.get(name, name)}]({found['page']}.md{found['anchor'] or ''})"

    text = _EXERCISE.sub(lambda found: f"### Exercise: {found['title']}\n\n{found['text'].rstrip()}", markdown)
    text = _END.sub("", _SOLUTION.sub("**Solution**", text))
    return _LINK.sub(link, text)


def offer(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the notebook of a page with cells beside its source; the download button offers what `ipynb_source` names."""
    executed = Path(app.outdir).parent / "jupyter_execute" / f"{pagename}.ipynb"
    if doctree is None or not executed.is_file():
        return
    notebook = nbformat.read(executed, as_version=4)
    if not any(cell.cell_type == "code" for cell in notebook.cells):
        return
    titles = {name.rsplit("/", 1)[-1]: title.astext() for name, title in app.env.titles.items()}
    target = Path(app.outdir) / "_sources" / f"{pagename}.ipynb"
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(cleaned(notebook, titles), target)
    context["ipynb_source"] = f"{pagename}.ipynb"


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx. The theme reads the context at the usual priority, 500, so this has to come before."""
    app.connect("html-page-context", offer, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
