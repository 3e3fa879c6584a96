"""Every page of the built website, opened as a file with the network cut off."""

import gzip
from itertools import pairwise

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


# The levels of the headings, and what a screen reader is told of each picture. One that is hidden from it, or the face
# of a button, is told by words beside it.
LEVELS = """() => [...document.querySelectorAll("main :is(h1, h2, h3, h4, h5, h6)")]
  .filter((heading) => heading.offsetParent).map((heading) => Number(heading.tagName[1]))"""
PICTURES = """() => [...document.querySelectorAll(".bd-article :is(img, svg)")]
  .filter((picture) => !picture.closest("[aria-hidden=true], button"))
  .map((picture) => picture.getAttribute("alt") ?? picture.getAttribute("aria-label"))"""


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
    # A tablet and a telephone.
    for width in (1100, 360):
        page.set_viewport_size({"width": width, "height": 700})
        # What is wider scrolls in a place of its own.
        assert page.evaluate("document.documentElement.scrollWidth") == width

    levels = page.evaluate(LEVELS)
    assert levels.count(1) == 1 == levels[0] and all(below <= above + 1 for above, below in pairwise(levels))
    assert all(page.evaluate(PICTURES))


@pytest.mark.parametrize("name", PAGES)
def test_a_page_comes_through_a_slow_line(site, name):
    assert len(gzip.compress((site / name).read_bytes())) < 500_000


def test_the_site_begins_with_the_first_chapter(site, page):
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/welcome.html")


def test_a_word_is_found_without_a_network(site, page):
    page.goto((site / "book/welcome.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("requantization")
    page.keyboard.press("Enter")
    found = page.locator("#search-results li a", has_text="Realize").first
    found.click()
    page.wait_for_url("**/book/realize.html*")
    assert "requantization" in page.locator(".bd-article").inner_text().lower()
