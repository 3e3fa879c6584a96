"""Every page of the built website, opened as a file with the network cut off."""

import gzip

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import SITE

PAGES = sorted(path.relative_to(SITE).as_posix() for path in SITE.glob("book/**/*.html"))
# What WCAG 2.1 asks at its level AA. Without "preload", which would read style sheets once more, over the network.
AXE = {"preload": False, "resultTypes": ["violations"]}
ALL = {**AXE, "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
CONTRAST = {**AXE, "runOnly": ["color-contrast"]}


def violations(page, options):
    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['html']}" for rule in found for node in rule["nodes"]]


# Of what a page has many, axe looks at two: the others have the same style.
THIN = """() => { window.taken = [];
  for (const kind of [".highlight pre", ".relay-diff .rows", ".text_html svg", "dl.py", ".genindextable li"])
    for (const other of [...document.querySelectorAll(kind)].slice(2)) {
      window.taken.push([other, [...other.childNodes]]);
      other.replaceChildren();
    } }"""
WHOLE = "() => { for (const [other, inside] of window.taken) other.replaceChildren(...inside); }"


# The page fixture fails it for an error in the console, and for a request to anywhere else than a file.
@pytest.mark.parametrize("name", [*PAGES, "genindex.html", "search.html"])
def test_a_page_brings_all_that_it_needs_and_can_be_read_in_light_in_dark_and_on_a_telephone(site, page, name):
    page.goto((site / name).as_uri())
    page.wait_for_load_state("networkidle")
    page.evaluate(THIN)
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert violations(page, ALL) == []

    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.theme == 'dark'")
    assert violations(page, CONTRAST) == []

    page.evaluate(WHOLE)
    page.set_viewport_size({"width": 360, "height": 700})
    # What is wider scrolls in a place of its own.
    assert page.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.parametrize("name", PAGES)
def test_a_page_comes_through_a_slow_line(site, name):
    assert len(gzip.compress((site / name).read_bytes())) < 500_000


def test_the_site_begins_with_the_first_chapter(site, page):
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/welcome.html")
