"""Compare what a case prints with what was recorded."""

import re
from itertools import zip_longest

import numpy as np

from .case import Case

CALIBRATED = ("calibrate", "realize", "quantize", "fuse")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
LINE = re.compile(r"(?P<type>\S+.*) mean (?P<mean>\S+) largest (?P<largest>\S+)")


def same_numbers(got: str, want: str) -> bool:
    """Whether two lines of `case.constants` agree: the same type, values equal to four digits of the largest."""
    a, b = LINE.fullmatch(got), LINE.fullmatch(want)
    if a is None or b is None or a["type"] != b["type"]:
        return False
    largest = float(b["largest"])
    return all(
        got_value == want_value or abs(got_value - want_value) <= 1e-4 * largest
        for got_value, want_value in ((float(a[key]), float(b[key])) for key in ("mean", "largest"))
    )


def nearly(got: str, want: str) -> bool:
    """Whether two lines are equal but for numbers, and those within 1e-4."""
    pairs = zip(NUMBER.findall(got), NUMBER.findall(want), strict=False)
    return NUMBER.sub("#", got) == NUMBER.sub("#", want) and all(
        abs(float(a) - float(b)) <= 1e-4 * abs(float(b)) for a, b in pairs if a != b
    )


def agree(stage: str, got: str, want: str, measured: bool) -> bool:
    """Whether a line is what was recorded, as far as the stage can tell."""
    if got == want:
        return True
    return same_numbers(got, want) if stage == "constants" else measured and stage in CALIBRATED and nearly(got, want)


def output_difference(got: str, want: str) -> str | None:
    """Where two outputs, in quantization steps, are more than a step apart, or on average more than a tenth, or None.

    Sums of floats in another order may round an activation apart here and there, and that shows in a few values.
    """
    (step, *rows), (wanted_step, *wanted_rows) = got.split("\n"), want.split("\n")
    if not nearly(step, wanted_step):
        return f"{step!r} instead of {wanted_step!r}"
    if (shape := [row.count(" ") for row in rows]) != [row.count(" ") for row in wanted_rows]:
        return f"{len(rows)} rows of {shape[0] + 1} instead of {len(wanted_rows)} of {wanted_rows[0].count(' ') + 1}"
    values, wanted = (np.array(" ".join(lines).split(), "float64") for lines in (rows, wanted_rows))
    apart = np.abs(values - wanted)
    if apart.max() <= 1 and apart.mean() <= 0.1:
        return None
    at = int(apart.argmax())
    return f"value {at} is {values[at]:g} steps instead of {wanted[at]:g}, the mean difference is {apart.mean():g}"


def difference(stage: str, got: str, want: str, measured: bool = False) -> str | None:
    """The first line in which two texts differ, or None."""
    if stage == "output":
        return output_difference(got, want)
    for number, (a, b) in enumerate(zip_longest(got.split("\n"), want.split("\n")), start=1):
        if a is not None and b is not None and agree(stage, a, b, measured):
            continue
        return f"line {number}: {around(a, b)!r} instead of {around(b, a)!r}"
    return None


def around(line: str | None, other: str | None, before: int = 30, after: int = 70) -> str:
    """The part of a line where it starts to differ from the other, or a word for a line that is not there."""
    if line is None:
        return "(end)"
    pairs = enumerate(zip(line, other or "", strict=False))
    at = next((i for i, (a, b) in pairs if a != b), min(len(line), len(other or "")))
    return line[max(0, at - before) : at + after]


def differences(case: Case, recorded: dict[str, str]) -> dict[str, str | None]:
    """For each recorded stage of a case: the first difference or error of ours, None where they are equal."""
    results: dict[str, str | None] = dict.fromkeys(recorded, "not reached")
    try:
        for stage, text in case.run():
            if stage in recorded:
                results[stage] = difference(stage, text, recorded[stage], case.measured)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [""])[0]
        missing = next((stage for stage, result in results.items() if result == "not reached"), None)
        if missing:
            results[missing] = f"raises {type(error).__name__}: {reason[:200]}"
    return results
