"""The offline bundle, made of a small checkout and a small wheel, and installed with nothing else at hand."""

import json
import os
import subprocess
import sys
import zipfile

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from build.install import problem, this_computer
from build.workshop import COPIED, ROOT, assemble, fresh, main, oldest_python, problems


def write_wheel(folder, name="answer", python=">=3.11"):
    """A wheel of one module, with the VALUE that importing `set_env` looks for."""
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "VALUE = 42\n")
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Python: {python}\n"
        wheel.writestr(f"{info}/METADATA", about)
        tags = "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr(f"{info}/WHEEL", tags)
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    root = tmp_path_factory.mktemp("a checkout")
    for folder in (
        "helpers/__pycache__",
        "relay",
        "book/_static",
        "build/jupyter/labconfig",
        "_build/html/_sources/book",
    ):
        (root / folder).mkdir(parents=True)
    (root / "helpers/__pycache__/text.pyc").write_text(f"made in {root}")
    (root / "book/_static/picture.svg").write_text("<svg/>")
    (root / "book/set_env.py").write_text("import answer\nassert answer.VALUE == 42\n")
    (root / "build/jupyter/labconfig/page_config.json").write_text("{}")
    (root / "build/install.py").write_text((ROOT / "build/install.py").read_text())
    (root / "requirements.txt").write_text("answer==1.0\n")
    (root / "LICENSE").write_text("Apache 2.0\n")
    (root / "_build/html/index.html").write_text("<p>the book</p>")
    (root / "_build/slides").mkdir()
    (root / "_build/slides/index.html").write_text("<p>the slides</p>")
    cells = [
        new_markdown_cell(
            "See [Partition](partition.md) and [its end](partition.md#end), not [this](https://x.org/a.md)."
        ),
        new_code_cell("1 + 1", outputs=[new_output("stream", text="2")], execution_count=3),
    ]
    nbformat.write(new_notebook(cells=cells), root / "_build/html/_sources/book/chapter.ipynb")
    return root


@pytest.fixture(scope="module")
def bundle(checkout, tmp_path_factory):
    wheels = tmp_path_factory.mktemp("wheels")
    write_wheel(wheels)
    made = tmp_path_factory.mktemp("elsewhere") / "relay-workshop"
    assemble(checkout, made, wheels)
    return made


def test_it_holds_the_website_the_notebooks_what_they_import_and_the_wheels(bundle):
    names = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    assert names == {
        "website/index.html",
        "slides/index.html",
        "website/_sources/book/chapter.ipynb",
        "book/chapter.ipynb",
        "book/set_env.py",
        "book/_static/picture.svg",
        "build/jupyter/labconfig/page_config.json",
        "wheels/answer-1.0-py3-none-any.whl",
        "wheels/made_for.json",
        "install.py",
        "requirements.txt",
        "LICENSE",
        "START.txt",
    }


def test_a_notebook_in_it_has_no_outputs_and_leads_to_the_other_notebooks(bundle):
    text, code = nbformat.read(bundle / "book/chapter.ipynb", as_version=4).cells
    assert (
        text.source
        == "See [Partition](partition.ipynb) and [its end](partition.ipynb#end), not [this](https://x.org/a.md)."
    )
    assert (code.outputs, code.execution_count) == ([], None)


def test_the_notebook_of_the_website_stays_as_it_was():
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[new_output("stream", text="1")], execution_count=1)])
    assert fresh(notebook).cells[0].outputs == [] and len(notebook.cells[0].outputs) == 1


def test_nothing_in_it_names_the_folder_that_it_was_made_in(checkout, bundle):
    assert problems(checkout, bundle) == []
    (bundle / "website/page.html").write_text(f"see {checkout}/relay")
    assert problems(checkout, bundle) == ["website/page.html names the folder of this checkout, which nobody else has."]
    (bundle / "website/page.html").unlink()


def test_one_command_installs_it_without_an_index(bundle):
    # An index that is not there: whoever asked it would fail.
    environment = os.environ | {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    result = subprocess.run([sys.executable, "install.py"], cwd=bundle, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    last = result.stdout.splitlines()[-1]
    assert last.startswith("Installed. To begin, in this folder: .venv") and last.endswith("-m jupyterlab book")
    assert (bundle / ".venv/etc/jupyter/labconfig/page_config.json").is_file()


def test_another_computer_is_told_which_one_the_bundle_is_for(bundle):
    made_for = json.loads((bundle / "wheels/made_for.json").read_text())
    assert problem(made_for, this_computer()) == ""
    linux = {"python": "3.11.5", "system": "Linux", "machine": "x86_64"}
    assert problem(linux, {**linux, "python": "3.11.15"}) == ""
    wanted = "This bundle is for CPython 3.11.5 (or a newer 3.11) on Linux x86_64, and this is CPython "
    others = {"python": ("3.11.2", "3.12.7"), "system": ("Windows",), "machine": ("aarch64",)}
    for name, values in others.items():
        for value in values:
            assert problem(linux, {**linux, name: value}).startswith(wanted)
    assert problem(linux, {**linux, "python": "3.11.2"}) == (
        f"{wanted}3.11.2 on Linux x86_64: take that Python, or a bundle for this one."
    )


@pytest.mark.skipif(sys.version_info[2] < 2, reason="there is no older release of this Python's version")
def test_the_wheels_say_how_old_a_python_may_be(tmp_path):
    major, minor = sys.version_info[:2]
    write_wheel(tmp_path)
    assert oldest_python(tmp_path) == f"{major}.{minor}.0"
    write_wheel(tmp_path, name="newer", python=f">=3.9, >={major}.{minor}.2")
    assert oldest_python(tmp_path) == f"{major}.{minor}.2"


def test_what_is_copied_is_there():
    assert [name for name in COPIED if not (ROOT / name).exists()] == []


def test_without_a_website_there_is_no_bundle(tmp_path, capsys):
    assert main(tmp_path) == 1
    assert capsys.readouterr().err == "There is no _build/html to put into the bundle: run `make book` first.\n"
