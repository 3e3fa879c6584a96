from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from build.downloads import RUNS_IN, cleaned, offer, plain

TITLES = {"calibrate": "Calibrate", "partition": "What partition does"}


def made(*cells, **metadata):
    notebook = cleaned(new_notebook(cells=list(cells), metadata=metadata), TITLES)
    nbformat.validate(notebook)
    return notebook


def test_a_link_without_a_text_gets_the_title_of_its_page():
    assert plain("See [](calibrate.md), [](partition.md#ends) and [this](a.md).", TITLES) == (
        "See [Calibrate](calibrate.md), [What partition does](partition.md#ends) and [this](a.md)."
    )


def test_an_exercise_and_its_solution_get_headings():
    page = """\
:::{exercise} Four bits
:label: chapter-four_bits

Change *one* line.

Then run it.
:::
"""
    assert plain(page, TITLES) == "### Exercise: Four bits\n\nChange *one* line.\n\nThen run it.\n"
    assert plain(":::{solution-start} chapter-four_bits\n:class: dropdown\n:::", TITLES) == "**Solution**"
    assert plain(":::{solution-end}\n:::\n\nOn we go.", TITLES) == "\nOn we go."


def test_two_exercises_in_one_cell_are_two():
    page = ":::{exercise} One\n:label: c-one\n\nFirst.\n:::\n\n::::{exercise} Two\n:label: c-two\n\nSecond.\n::::"
    assert plain(page, TITLES) == "### Exercise: One\n\nFirst.\n\n### Exercise: Two\n\nSecond."


def test_what_is_there_for_the_page_alone_is_left_out():
    notebook = made(
        new_markdown_cell("# Title"),
        new_code_cell("assert True", metadata={"tags": ["remove-cell"]}),
        new_code_cell("1", metadata={"tags": ["hide-cell", "wrap"], "jupyter": {"source_hidden": True}, "more": 1}),
        new_markdown_cell(":::{solution-end}\n:::"),
        source_map=[1, 2],
        kernelspec={"name": "python3", "display_name": "Python 3"},
    )
    assert [cell.source for cell in notebook.cells] == ["# Title", RUNS_IN, "1"]
    assert notebook.cells[2].metadata == {"tags": ["hide-cell"], "jupyter": {"source_hidden": True}}
    assert list(notebook.metadata) == ["kernelspec"]


def test_outputs_stay_and_messages_go():
    outputs = [
        new_output("stream", name="stdout", text="one\n"),
        new_output("stream", name="stderr", text="calibrate: 100 %"),
        new_output("execute_result", {"text/plain": "2"}, execution_count=1),
    ]
    (_, cell) = made(new_code_cell("two()", execution_count=1, outputs=outputs)).cells
    assert [output.output_type for output in cell.outputs] == ["stream", "execute_result"]


def test_what_is_printed_bit_by_bit_is_there_once():
    merged, rest = (new_output("stream", name="stdout", text=text) for text in ("one\ntwo\n", "two\n"))
    (_, cell) = made(new_code_cell("two()", execution_count=1, outputs=[merged, rest])).cells
    assert [output.text for output in cell.outputs] == ["one\ntwo\n"]


def test_cells_are_counted_without_those_left_out():
    outputs = [new_output("execute_result", {"text/plain": "2"}, execution_count=3)]
    notebook = made(
        new_code_cell("1", execution_count=1),
        new_code_cell("assert True", execution_count=2, metadata={"tags": ["remove-cell"]}),
        new_code_cell("2", execution_count=3, outputs=outputs),
    )
    assert [cell.execution_count for cell in notebook.cells[1:]] == [1, 2]
    assert notebook.cells[2].outputs[0].execution_count == 2


@pytest.mark.parametrize(("cells", "offered"), [([new_code_cell("1")], True), ([new_markdown_cell("# Title")], False)])
def test_a_page_without_cells_is_no_notebook(tmp_path, cells, offered):
    executed = tmp_path / "jupyter_execute/book/page.ipynb"
    executed.parent.mkdir(parents=True)
    nbformat.write(new_notebook(cells=cells), executed)
    app = SimpleNamespace(outdir=tmp_path / "html", env=SimpleNamespace(titles={}))
    context = {}
    offer(app, "book/page", "page.html", context, doctree=object())
    assert context == ({"ipynb_source": "book/page.ipynb"} if offered else {})
    assert (tmp_path / "html/_sources/book/page.ipynb").exists() == offered
