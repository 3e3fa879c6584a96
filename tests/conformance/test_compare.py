"""The comparison itself: what counts as equal, and how a difference is told."""

from . import golden
from .case import Case
from .compare import difference, differences
from .families import select

LINE = "float32[4, 3] mean 1.00000e-01 largest 2.00000e+00"


def test_equal_texts_have_no_difference():
    assert difference("text", "a\nb\n", "a\nb\n") is None


def test_tells_the_first_line_that_differs():
    assert difference("text", "a\nsame, then this", "a\nsame, then that") == (
        "line 2: 'same, then this' instead of 'same, then that'"
    )


def test_a_missing_newline_at_the_end_is_a_difference():
    assert difference("text", "a", "a\n") == "line 2: '(end)' instead of ''"


def test_values_may_differ_in_the_fifth_digit_of_the_largest():
    assert difference("constants", LINE.replace("1.00000e-01", "1.00100e-01"), LINE) is None
    assert difference("constants", LINE.replace("1.00000e-01", "1.01000e-01"), LINE) is not None


def test_types_of_constants_may_not_differ():
    assert difference("constants", LINE.replace("[4, 3]", "[3, 4]"), LINE) is not None
    assert difference("import", LINE.replace("1.00000e-01", "1.00100e-01"), LINE) is not None


def test_an_error_stands_in_the_stage_that_it_stopped():
    def run():
        yield "import", "one"
        raise ValueError("no such operator\nand more")

    results = differences(Case("family", "case", run), {"import": "one", "prerequisite": "two", "partition": "three"})
    assert results == {
        "import": None,
        "prerequisite": "raises ValueError: no such operator",
        "partition": "not reached",
    }


def test_select_takes_families_groups_and_cases():
    assert [case.label for case in select(["networks/seed"])] == ["networks/seed"]
    assert {case.family for case in select(["relay/printer", "networks"])} == {"networks", "relay/printer"}


def test_every_golden_text_has_a_case():
    owned = {golden.path(case, stage) for case in select([]) for stage in golden.STAGES}
    families = {case.family for case in select([])}
    kept = {file for family in families for file in (golden.ROOT / family).rglob("*.txt")}
    assert kept <= owned


def test_every_case_is_recorded_or_refused():
    missing = [case.label for case in select([]) if not golden.read(case) and case.label not in golden.refused()]
    assert missing == []
