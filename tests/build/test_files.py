"""The files that stand at the top of the repository agree with each other."""

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from build.book import ROOT

TARGETS = ("help", "book", "test", "test-notebooks", "lab", "pdf", "slides", "workshop", "bench", "conformance", "lint")


def chapters() -> list[str]:
    contents = yaml.safe_load((ROOT / "_toc.yml").read_text())
    return [contents["root"], *(chapter["file"] for part in contents["parts"] for chapter in part["chapters"])]


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_each_requirement_is_pinned_to_one_version(name):
    lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9_.-]+==[0-9][0-9a-z.]*", line)] == []


def test_no_requirement_stands_in_both_files():
    names = [
        line.split("==")[0]
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (ROOT / name).read_text().splitlines()
        if "==" in line
    ]
    assert len(names) == len(set(names))


def test_the_contents_and_the_chapters_are_the_same():
    written = {f"book/{path.stem}" for path in (ROOT / "book").glob("*.md")}
    assert written == set(chapters())


@pytest.mark.parametrize("name", chapters())
def test_a_chapter_opens_as_a_notebook_with_the_kernel_of_the_environment(name):
    head = yaml.safe_load((ROOT / f"{name}.md").read_text().split("---\n")[1])
    assert head["kernelspec"]["name"] == "python3"
    assert head["jupytext"]["text_representation"]["format_name"] == "myst"


@pytest.mark.skipif(shutil.which("make") is None, reason="GNU make is not installed")
def test_make_help_lists_every_target():
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[1] for line in listed.splitlines()] == list(TARGETS)


@pytest.mark.skipif(shutil.which("make") is None, reason="GNU make is not installed")
def test_a_missing_python_is_one_sentence(tmp_path):
    for name in ("Makefile", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    result = subprocess.run(
        ["make", "--no-print-directory", "book", "PYTHON=python9"], cwd=tmp_path, capture_output=True, text=True
    )
    assert result.returncode
    assert result.stdout == (
        "There is no 'python9': install CPython 3.11 or newer, or name one, as in 'make book PYTHON=python3.12'.\n"
    )
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize("name", ["overview.svg", "favicon.svg"])
def test_a_picture_is_well_formed_and_loads_nothing(name):
    picture = (ROOT / "book/_static" / name).read_text()
    ElementTree.fromstring(picture)
    assert re.findall(r'(?:href|src)="|url\((?!#)|@import', picture) == []


def test_the_links_of_the_readme_that_lead_into_the_repository_lead_somewhere():
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text())
    assert targets
    assert [target for target in targets if not Path(ROOT, target).exists()] == []
