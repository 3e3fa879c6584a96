"""The explorers of the built website, without a kernel and without a network."""

import re
from urllib.parse import urlencode

import pytest
import set_env  # noqa: F401

from helpers.explorer import explorer
from helpers.registry import DEFAULT_RULES
from tests.book.pages import CHAPTERS, executed
from tests.browser.conftest import ROOT
from tests.browser.seen import Seen
from tests.helpers.explorer.networks import chain, residual

EXPLORED = [name for name in CHAPTERS if re.search(r"^explorer\(", (ROOT / f"{name}.md").read_text(), re.MULTILINE)]


@pytest.fixture(params=EXPLORED)
def seen(request, site, page):
    """The explorer of a chapter, as the website shows it."""
    page.goto((site / f"{request.param}.html").as_uri())
    [made] = executed(request.param).explorers.values()
    return Seen(page, f"#{made.name}", made)


def test_it_opens_with_what_the_chapter_chose(seen):
    seen.shows(**seen.explorer.chosen)


def test_each_switch_by_mouse(seen):
    begun = seen.explorer.chosen["off"]
    for network, rule, off in seen.flips():
        seen.menu.select_option(network)
        seen.shows(network, begun)
        seen.switch(rule).click()
        seen.shows(network, off)
        seen.switch(rule).click()


def test_each_switch_by_keyboard(seen):
    begun = seen.explorer.chosen["off"]
    networks = list(seen.explorer.networks)
    seen.menu.focus()
    for network in networks:
        # The keys of a menu choose by the first letters; those after it go from switch to switch.
        seen.page.keyboard.type(network)
        for _ in range(3):
            seen.page.keyboard.press("Tab")
        for rule, off in [(rule, off) for name, rule, off in seen.flips() if name == network]:
            assert seen.switch(rule).evaluate("(box) => box === document.activeElement")
            seen.page.keyboard.press("Space")
            seen.shows(network, off)
            seen.page.keyboard.press("Space")
            seen.page.keyboard.press("Tab")
        seen.shows(network, begun)
        seen.menu.focus()


def test_all_rules_on_and_all_off(seen):
    network = next(iter(seen.explorer.networks))
    for words, off in (("all off", list(seen.explorer.rules)), ("all rules on", [])):
        seen.place.get_by_role("button", name=words).click()
        seen.shows(network, off)


def test_a_link_leads_to_its_choice_and_a_choice_makes_the_link(seen):
    network, off = list(seen.explorer.networks)[-1], list(seen.explorer.rules)[-2:]
    address = seen.page.url
    link = f"{address}#{seen.explorer.name}?{urlencode({'network': network, 'off': ','.join(off)})}"
    seen.page.goto("about:blank")
    seen.page.goto(link)
    seen.shows(network, off)
    assert seen.place.evaluate("(place) => place.getBoundingClientRect().top < innerHeight")
    seen.switch(off[0]).click()
    seen.page.wait_for_url(re.compile(re.escape(urlencode({"off": off[1]})) + "$"))
    seen.page.goto("about:blank")
    seen.page.go_back()
    seen.shows(network, off[1:])


def test_a_choice_is_shown_in_under_a_tenth_of_a_second(seen):
    rule = list(seen.explorer.rules)[0]
    took = seen.switch(rule).evaluate(
        """(box) => Math.min(...[1, 2, 3, 4, 5].map(() => {
          const began = performance.now();
          box.click();
          document.body.offsetHeight;  // all of it laid out
          return performance.now() - began;
        }))"""
    )
    assert took < 100


def fails(ref_call, new_args, ctx):
    raise ValueError("<b>cannot</b>")


@pytest.fixture
def failing(page, tmp_path):
    """An explorer on a page of its own, with a rule that fails and names that hold a script."""
    rules = {"nn.conv2d": DEFAULT_RULES["nn.conv2d"], "nn.relu": fails}
    made = explorer({"chain": chain(), "<script>alert(1)</script>": residual()}, rules, off=["nn.relu"])
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><html lang='en'><title>.</title>{made.html()}", encoding="utf-8")
    page.goto(file.as_uri())
    return Seen(page, "#explorer", made)


def test_a_failing_rule_tells_its_message_and_the_last_picture_stays(failing):
    failing.shows("chain", ["nn.relu"])
    kept = failing.place.locator(".pictures").inner_html()
    message = failing.place.locator(".failure")
    assert not message.is_visible()
    failing.switch("nn.relu").click()
    assert message.get_attribute("role") == "alert"
    assert "<b>cannot</b>" in message.inner_text() and "what was there before" in message.inner_text()
    assert failing.place.locator(".pictures").inner_html() == kept
    failing.switch("nn.relu").click()
    assert not message.is_visible()
    failing.shows("chain", ["nn.relu"])


def test_a_page_that_opens_with_a_failing_rule_says_so_and_nothing_more(failing):
    made = explorer({"chain": chain()}, {"nn.relu": fails})
    failing.page.set_content(f"<!doctype html><html lang='en'><title>.</title>{made.html()}")
    message = failing.place.locator(".failure")
    assert "cannot" in message.inner_text() and "before" not in message.inner_text()


def test_a_name_that_holds_a_script_is_a_name(failing):
    failing.menu.select_option("<script>alert(1)</script>")
    failing.shows("<script>alert(1)</script>", ["nn.relu"])


def test_what_a_link_names_that_is_not_there_is_passed_over(failing):
    failing.page.evaluate("location.hash = '#explorer?network=gone&off=nn.conv2d,nn.relu,nn.gone'")
    failing.shows("chain", ["nn.conv2d", "nn.relu"])
    failing.page.evaluate("location.hash = '#elsewhere'")
    failing.shows("chain", ["nn.conv2d", "nn.relu"])


def test_a_zoomed_graph_keeps_its_size_and_a_menu_its_choice(failing):
    failing.place.get_by_role("button", name="zoom in").click()
    width = failing.place.locator(".view svg").evaluate("(svg) => svg.clientWidth / svg.viewBox.baseVal.width")
    failing.place.locator(".types").select_option("shown")
    failing.switch("nn.conv2d").click()
    now = failing.place.locator(".view svg").evaluate("(svg) => svg.clientWidth / svg.viewBox.baseVal.width")
    assert now == pytest.approx(width, rel=0.02)
    assert failing.place.locator(".types").input_value() == "shown"
