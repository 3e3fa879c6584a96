"""Makes the bundle for a workshop without a network: `python -m build.workshop`, behind `python -m build.slides`.

One archive: the website, the slides, the chapters as notebooks with what they import, the wheels of all that
`requirements.txt` needs, and `install.py`. The wheels have this environment's versions, and fit computers with its
Python and its system.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import HeaderParser
from importlib.metadata import distributions
from pathlib import Path

import nbformat
from packaging.specifiers import SpecifierSet

from build.install import MADE_FOR, this_computer

ROOT = Path(__file__).resolve().parent.parent
# What the notebooks import and show, by its path in the checkout; a chapter goes in as a notebook.
COPIED = ("helpers", "relay", "book/set_env.py", "book/_static", "build/jupyter", "requirements.txt", "LICENSE")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*")
LINK = re.compile(r"(\]\([\w/.-]+)\.md(#[\w-]*)?\)")
START = """\
Relay's partition functions: a workshop without a network

1. In this folder, run:       python3 install.py        (on Windows: py install.py)
   It takes about two minutes, and says what to run next.
2. The notebooks are in book/, one for each chapter.
3. The book itself:           open website/index.html in a browser.
4. The slides:                open slides/index.html in a browser.

It needs CPython {python} on {system} {machine}, or one that is newer by its last number.
"""


def fresh(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An executed notebook as it was before, with links to the other notebooks in place of links to pages."""
    new = nbformat.from_dict(notebook)
    for cell in new.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = LINK.sub(r"\1.ipynb\2)", cell.source)
    return new


def oldest_python(wheels: Path) -> str:
    """The oldest release of this Python's version that all the wheels take: 3.11.5, say, where 3.11.9 runs."""
    asked = set()
    for path in wheels.glob("*.whl"):
        with zipfile.ZipFile(path) as wheel:
            (metadata,) = (name for name in wheel.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name))
            asked.add(HeaderParser().parsestr(wheel.read(metadata).decode()).get("Requires-Python", ""))
    major, minor, micro = sys.version_info[:3]
    releases = [f"{major}.{minor}.{each}" for each in range(micro + 1)]
    return next(each for each in releases if all(SpecifierSet(one).contains(each) for one in asked))


def assemble(root: Path, bundle: Path, wheels: Path) -> None:
    """Put everything into the folder `bundle`, which must not be there yet."""
    site = root / "_build/html"
    shutil.copytree(site, bundle / "website")
    shutil.copytree(root / "_build/slides", bundle / "slides")
    shutil.copytree(wheels, bundle / "wheels")
    for name in COPIED:
        target = bundle / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (root / name).is_dir():
            shutil.copytree(root / name, target, ignore=LEFT_OUT)
        else:
            shutil.copy(root / name, target)
    for page in sorted((site / "_sources/book").glob("*.ipynb")):
        nbformat.write(fresh(nbformat.read(page, as_version=4)), bundle / "book" / page.name)
    shutil.copy(root / "build/install.py", bundle)
    made_for = {**this_computer(), "python": oldest_python(wheels)}
    (bundle / MADE_FOR).write_text(json.dumps(made_for))
    (bundle / "START.txt").write_text(START.format(**made_for))


def problems(root: Path, bundle: Path) -> list[str]:
    """One sentence for each file of the bundle that names the folder it was made in: it is not there elsewhere."""
    made_in = str(root).encode()
    files = [path for path in sorted(bundle.rglob("*")) if path.is_file() and path.suffix != ".whl"]
    return [
        f"{path.relative_to(bundle).as_posix()} names the folder of this checkout, which nobody else has."
        for path in files
        if made_in in path.read_bytes()
    ]


def collect(root: Path, wheels: Path) -> bool:
    """Fetch the wheels of `requirements.txt`, and of what these need in turn, in the versions installed here."""
    wheels.mkdir(parents=True)
    installed = wheels.parent / "installed.txt"
    installed.write_text("".join(f"{each.name}=={each.version}\n" for each in distributions()))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--wheel-dir", str(wheels)]
    command = [*pip, "--requirement", "requirements.txt", "--constraint", str(installed)]
    return subprocess.run(command, cwd=root).returncode == 0


def main(root: Path = ROOT) -> int:
    """Make the archive in `_build/workshop`; the result is a process's exit code."""
    for part, target in (("html", "book"), ("slides", "slides")):
        if not (root / "_build" / part / "index.html").is_file():
            print(f"There is no _build/{part} to put into the bundle: run `make {target}` first.", file=sys.stderr)
            return 1
    made = root / "_build/workshop"
    shutil.rmtree(made, ignore_errors=True)
    if not collect(root, made / "wheels"):
        print("The wheels could not be fetched: the reason stands above.", file=sys.stderr)
        return 1
    name = f"relay-workshop-{sys.implementation.cache_tag}-{sysconfig.get_platform()}"
    bundle = made / "relay-workshop"
    assemble(root, bundle, made / "wheels")
    if found := problems(root, bundle):
        print(*found, sep="\n", file=sys.stderr)
        return 1
    archive = shutil.make_archive(str(made / name), "zip", made, bundle.name)
    size = Path(archive).stat().st_size / 1e6
    print(f"The bundle is made, {size:.0f} MB. Unpack {archive} and read START.txt there.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
