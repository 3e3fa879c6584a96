"""Every case that the genuine Relay could run prints the same text under ours."""

import pytest

from . import golden
from .compare import differences
from .families import select

RECORDED = [(case, texts) for case in select([]) if (texts := golden.read(case))]


@pytest.mark.parametrize(("case", "texts"), RECORDED, ids=[case.label for case, _ in RECORDED])
def test_prints_what_the_genuine_relay_prints(case, texts):
    wrong = {stage: result for stage, result in differences(case, texts).items() if result is not None}
    assert not wrong
