"""Where the recorded texts are kept: `tests/golden/<family>/<case>/<stage>.txt`, or `<family>/<case>.txt`."""

import pathlib

from .case import Case

ROOT = pathlib.Path(__file__).parents[1] / "golden"

REFUSED = ROOT / "refused.txt"


def refused() -> dict[str, str]:
    """The cases that the genuine Relay refuses, by label, and what it says."""
    lines = REFUSED.read_text(encoding="utf-8").splitlines() if REFUSED.exists() else []
    return dict(line.split(": ", 1) for line in lines)


def path(case: Case, stage: str) -> pathlib.Path:
    """The file of one stage. A case of one text has no folder of its own."""
    folder = ROOT / case.family
    return folder / f"{stage}.txt" if stage == case.name else folder / case.name / f"{stage}.txt"


def write(case: Case, stage: str, text: str) -> None:
    file = path(case, stage)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")


def read(case: Case) -> dict[str, str]:
    """The recorded text of each stage; empty for a case that the genuine Relay refuses."""
    single = path(case, case.name)
    files = [single] if single.exists() else sorted((ROOT / case.family / case.name).glob("*.txt"))
    return {file.stem: file.read_text(encoding="utf-8") for file in files}
