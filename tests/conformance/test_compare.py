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


def test_numbers_that_were_measured_may_differ_a_little():
    want = "%1 = simulated_quantize(%0, 0.0250788f, kind=1)"
    got = want.replace("0.0250788", "0.0250789")
    assert difference("calibrate", got, want, measured=True) is None
    assert difference("calibrate", got, want) is not None
    assert difference("annotate", got, want, measured=True) is not None
    assert difference("calibrate", want.replace("0.0250788", "0.0251"), want, measured=True) is not None
    assert difference("calibrate", got.replace("%1", "%2"), want, measured=True) is not None


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


def test_an_output_may_be_a_step_off_here_and_there():
    want = "step 0.0625\n" + "\n".join(["1 -2 3 0.5"] * 50)
    assert difference("output", want, want) is None
    assert difference("output", want.replace("1 -2", "2 -2", 1), want) is None
    assert difference("output", want.replace("1 -2", "2.1 -2", 1), want) == (
        "value 0 is 2.1 steps instead of 1, the mean difference is 0.0055"
    )
    assert "the mean difference is 0.225" in difference("output", want.replace("-2", "-2.9"), want)


def test_an_output_has_its_step_and_its_shape():
    want = "step 0.0625\n1 2\n3 4"
    assert difference("output", want.replace("0.0625", "0.0626"), want) == "'step 0.0626' instead of 'step 0.0625'"
    assert difference("output", "step 0.0625\n1 2 3 4", want) == "1 rows of 4 instead of 2 of 2"
