"""Each page's notebook, as readers download it, runs from a fresh kernel and shows again what it showed before.

`make test-notebooks` builds the book first, which is the first of the two runs. It takes as long again as that, so
`make test` leaves this file out: its name is none that pytest looks for.
"""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from build.book import FOR_KERNELS

ROOT = Path(__file__).resolve().parents[2]
PAGES = [page for page in sorted((ROOT / "book").glob("*.md")) if "\n```{code-cell}" in page.read_text()]
DOWNLOADS = ROOT / "_build/html/_sources/book"
# An id of a widget is another one in each run; what the widget shows stands beside it as HTML or text.
IDS = "application/vnd.jupyter.widget-view+json"


def read(page):
    return nbformat.read(DOWNLOADS / f"{page.stem}.ipynb", as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell):
    """What a cell shows, in the lines that it prints and in each format of its results.

    Whether an empty line stands between two bits of what is printed depends on when the kernel hands them out.
    """
    streams = dict.fromkeys(("stdout", "stderr"), "")
    results = []
    for output in cell.outputs:
        if output.output_type == "stream":
            streams[output.name] += output.text
        else:
            results.append({kind: data for kind, data in output.data.items() if kind != IDS})
    lines = {name: [line for line in text.splitlines() if line.strip()] for name, text in streams.items()}
    return lines, results


@pytest.fixture(scope="module", autouse=True)
def kernels_as_in_the_build():
    with pytest.MonkeyPatch.context() as patch:
        for name, value in FOR_KERNELS.items():
            patch.setenv(name, value)
        yield


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_is_there_as_a_clean_notebook(page):
    notebook = read(page)
    nbformat.validate(notebook)
    cells = code(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert all(output.output_type != "error" for cell in cells for output in cell.outputs)
    assert not any(shown(cell)[0]["stderr"] for cell in cells)
    text = (DOWNLOADS / f"{page.stem}.ipynb").read_text()
    assert str(ROOT) not in text and str(Path.home()) + os.sep not in text
    assert not any(":::" in cell.source or "[](" in cell.source for cell in notebook.cells if cell not in cells)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_notebook_runs_from_a_fresh_kernel_and_shows_the_same_again(page):
    notebook = read(page)
    before = [shown(cell) for cell in code(notebook)]
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(page.parent)}}
    ).execute()
    for cell, old in zip(code(notebook), before, strict=True):
        if "timing" not in cell.metadata.get("tags", []):
            assert shown(cell) == old, cell.source
