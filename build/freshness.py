"""Throws away what an earlier build left behind if something that it was made from has changed since.

Sphinx and jupyter-cache look at a chapter's own text only. Its outputs also depend on the code that it
imports, and its page on the configuration and the style sheet.
"""

import hashlib
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple


class Dependence(NamedTuple):
    """Files and folders, and the parts of the build folder that are out of date when one of them changes."""

    sources: tuple[str, ...]
    left_out: tuple[str, ...]
    made: tuple[str, ...]


DEPENDENCES = {
    # What a cell's output depends on, beside the cell: code, data and the packages.
    "outputs": Dependence(
        sources=("relay", "helpers", "book", "requirements.txt"),
        left_out=("book/*.md", "book/*.bib", "book/_static/*"),
        made=(".jupyter_cache", ".doctrees", "html"),
    ),
    "pages": Dependence(
        sources=(
            "_config.yml",
            "_toc.yml",
            "book/_static",
            "build/downloads.py",
            "build/reference.py",
            "build/citations.py",
            "build/onepage.py",
            "build/previews.py",
        ),
        left_out=(),
        made=(".doctrees", "html"),
    ),
}


def files(root: Path, dependence: Dependence) -> Iterator[Path]:
    """The files of a dependence, in order. Compiled and hidden files do not count."""
    for source in dependence.sources:
        top = root / source
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            relative = path.relative_to(root)
            ignored = any(part.startswith(".") or part == "__pycache__" for part in relative.parts)
            if path.is_file() and not ignored and not any(relative.match(p) for p in dependence.left_out):
                yield path


def digest(root: Path, paths: Iterable[Path]) -> str:
    """A digest of names and contents, and of the Python that runs."""
    result = hashlib.sha256(sys.version.encode())
    for path in paths:
        content = path.read_bytes()
        result.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        result.update(content)
    return result.hexdigest()


def refresh(root: Path, build: Path) -> list[str]:
    """Remove what is out of date in `build`, note there what it stands for now, and name what has changed."""
    changed = []
    for name, dependence in DEPENDENCES.items():
        note = build / f".{name}.digest"
        now = digest(root, files(root, dependence))
        if note.is_file() and note.read_text() == now:
            continue
        changed.append(name)
        for made in dependence.made:
            shutil.rmtree(build / made, ignore_errors=True)
        build.mkdir(parents=True, exist_ok=True)
        # Noted before the build: what a build that is broken off leaves behind was made from this state.
        note.write_text(now)
    return changed
