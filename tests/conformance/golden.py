"""Where the recorded texts are kept: `tests/golden/<family>/<case>/<stage>.txt`; a flat case has `<case>.txt`."""

import pathlib

from .case import Case

ROOT = pathlib.Path(__file__).parents[1] / "golden"

STAGES = (
    *("text", "import", "prerequisite", "constants", "partition", "annotate", "calibrate", "realize", "quantize"),
    *("fuse", "output"),
)
REFUSED = ROOT / "refused.txt"


def refused() -> dict[str, str]:
    """The cases that the genuine Relay refuses, by label, and what it says."""
    lines = REFUSED.read_text(encoding="utf-8").splitlines() if REFUSED.exists() else []
    return dict(line.split(": ", 1) for line in lines)


def path(case: Case, stage: str) -> pathlib.Path:
    """The file of one stage."""
    folder = ROOT / case.family
    if not case.flat:
        return folder / case.name / f"{stage}.txt"
    return folder / (f"{case.name}.txt" if stage == "text" else f"{case.name}.{stage}.txt")


def write(case: Case, stage: str, text: str) -> None:
    """Record the text of a stage."""
    file = path(case, stage)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")


def read(case: Case) -> dict[str, str]:
    """The recorded text of each stage; empty for a case that the genuine Relay refuses."""
    files = {stage: path(case, stage) for stage in STAGES}
    return {stage: file.read_text(encoding="utf-8") for stage, file in files.items() if file.exists()}


def forget(case: Case) -> None:
    """Remove what was recorded for a case."""
    for stage in STAGES:
        path(case, stage).unlink(missing_ok=True)
