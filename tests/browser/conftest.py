"""A browser for the built website, with the network cut off."""

import os

import pytest
from playwright.sync_api import sync_playwright

from build import browser as browsers
from build.book import ROOT
from build.freshness import DEPENDENCES, digest, files

SITE = ROOT / "_build/html"
WINDOW = {"width": 1280, "height": 900}


@pytest.fixture(scope="package")
def site():
    """The folder of the website. It is built by `make book`, not by the tests: that takes minutes.

    Where it has just been built, `WEBSITE=built` says so, and a test without it fails.
    """
    if missing := what_is_missing():
        told = pytest.fail if os.environ.get("WEBSITE") == "built" else pytest.skip
        told(f"{missing}: run `make book` before `make test`")
    return SITE


def what_is_missing():
    if not (SITE / "index.html").is_file():
        return "the website is not built"
    for name, dependence in DEPENDENCES.items():
        if (SITE.parent / f".{name}.digest").read_text() != digest(ROOT, files(ROOT, dependence)):
            return f"the website is older than its {name}"
    for chapter in (ROOT / "book").glob("*.md"):
        source = SITE / "_sources/book" / chapter.name
        if not source.is_file() or source.read_bytes() != chapter.read_bytes():
            return f"the website is older than {chapter.name}"
    return ""


# For this folder alone: the event loop that it keeps is in the way of other tests' own.
@pytest.fixture(scope="package")
def browser():
    program = browsers.found()
    if program is None:
        pytest.skip(browsers.MISSING)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def tab(browser):
    """A tab without a network, and a list of what goes wrong in it: errors in the console, requests to a host."""
    context = browser.new_context(offline=True, reduced_motion="reduce")
    opened = context.new_page()
    wrong = []
    opened.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("requestfailed", lambda request: wrong.append(request.url) if is_missing(request) else None)
    opened.on("request", lambda request: wrong.append(request.url) if is_outside(request.url) else None)
    yield opened, wrong
    context.close()


@pytest.fixture
def page(tab):
    """The tab, as if it were new: that takes less time. The test fails for all that goes wrong in it."""
    opened, wrong = tab
    opened.goto("about:blank")
    opened.set_viewport_size(WINDOW)
    opened.emulate_media(color_scheme="light")
    wrong.clear()
    yield opened
    assert wrong == []


def is_missing(request):
    """Whether a request failed for another reason than that the page was left before it ended."""
    return request.failure != "net::ERR_ABORTED"


def is_outside(url):
    """Whether a request goes anywhere else than to a file."""
    return not url.startswith(("file:", "data:", "blob:", "about:"))
