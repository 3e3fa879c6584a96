"""What the explorer shows while a kernel works for long."""

import json

import pytest
import set_env  # noqa: F401

from helpers.explorer import explorer
from helpers.explorer.outcome import outcome
from helpers.explorer.page import script, styles
from helpers.registry import DEFAULT_RULES
from tests.helpers.explorer.networks import chain

RULES = {"nn.relu": DEFAULT_RULES["nn.relu"]}


@pytest.fixture
def answered(page, tmp_path):
    """An explorer on a page that is answered when the test calls for it, as by a kernel."""
    made = explorer({"chain": chain()}, RULES)
    told = {"outcome": outcome(made.networks["chain"], RULES), "chosen": made.chosen}
    data = {"rules": list(RULES), "networks": {"chain": {"rules": list(RULES)}}}
    run = f"""{script()}
const told = {json.dumps(told).replace("<", chr(92) + "u003c")};
let asked;
const explorer = mount(document.querySelector("main"), {json.dumps(data)}, (chosen) => {{ asked = chosen; }});
window.answer = () => explorer.show(told.outcome, asked);
explorer.choose(told.chosen);
answer();"""
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>working</title><style>{styles()}</style>'
    (tmp_path / "page.html").write_text(f'{head}<main></main><script type="module">{run}</script>', encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    page.locator(".counts dd").first.wait_for()
    return page


def test_what_is_old_is_dimmed_until_an_answer_comes(answered):
    counts, busy = answered.locator(".counts"), answered.locator("main[aria-busy]")
    assert busy.count() == 0
    answered.get_by_label("nn.relu").click()
    busy.wait_for()
    assert counts.evaluate("(counts) => getComputedStyle(counts).opacity") == "0.45"
    answered.evaluate("answer()")
    assert busy.count() == 0
    assert counts.evaluate("(counts) => getComputedStyle(counts).opacity") == "1"


def test_nothing_is_dimmed_for_an_answer_that_comes_at_once_or_is_there_already(answered):
    answered.get_by_label("nn.relu").click()
    answered.evaluate("answer()")
    answered.get_by_text("all off").click()
    answered.wait_for_timeout(500)
    assert answered.locator("main[aria-busy]").count() == 0
