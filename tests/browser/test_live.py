"""The explorer with a kernel behind it: a notebook in JupyterLab, in the same browser."""

import json
import os
import re
import subprocess
import sys
import time

import jupytext
import nbformat
import pytest
import set_env  # noqa: F401

from tests.book.pages import executed
from tests.browser.conftest import ROOT
from tests.browser.seen import Seen

CHAPTER = "book/what_partition_does"
TOKEN = "tests"


def notebook():
    """The chapter up to its explorer: one cell with all that leads there, and that of the explorer."""
    sources = [cell.source for cell in jupytext.read(ROOT / f"{CHAPTER}.md").cells if cell.cell_type == "code"]
    at = next(at for at, source in enumerate(sources) if source.startswith("explorer("))
    here = f"import sys\nsys.path.insert(0, {str(ROOT / 'book')!r})"
    cells = [
        nbformat.v4.new_code_cell("\n".join([here, *sources[:at], "None"])),
        nbformat.v4.new_code_cell(sources[at]),
    ]
    python = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return nbformat.v4.new_notebook(cells=cells, metadata=python)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Where JupyterLab shows the notebook."""
    folder = tmp_path_factory.mktemp("lab")
    nbformat.write(notebook(), folder / "chapter.ipynb")
    own = {f"JUPYTER_{name}_DIR": str(folder / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
    environment = os.environ | own | {"JUPYTER_CONFIG_PATH": str(ROOT / "build/jupyter")}
    options = ["--no-browser", "--allow-root", "--port=0", f"--IdentityProvider.token={TOKEN}"]
    with open(folder / "log", "w+") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options, f"--ServerApp.root_dir={folder}"],
            env=environment,
            stderr=log,
        )
        try:
            yield f"{url(server, folder)}lab/tree/chapter.ipynb?token={TOKEN}"
        finally:
            server.terminate()
            server.wait(20)


def url(server, folder):
    """The server's own address, once it has written it down."""
    for _ in range(600):
        for told in (folder / "runtime").glob("jpserver-*.json"):
            if (text := told.read_text()).endswith("}"):
                return json.loads(text)["url"]
        assert server.poll() is None, (folder / "log").read_text()
        time.sleep(0.1)
    raise AssertionError(f"the server does not start: {(folder / 'log').read_text()}")


@pytest.fixture
def seen(browser, address):
    """The explorer in the notebook, run from the first cell on; no request leaves the machine."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    outside = []
    host = re.match(r"https?://[^/]+/", address)[0]
    context.route(re.compile(f"^https?://(?!{re.escape(host.partition('//')[2])})"), lambda route: route.abort())
    page = context.new_page()
    page.on(
        "request",
        lambda request: (
            outside.append(request.url) if request.url.startswith("http") and not request.url.startswith(host) else None
        ),
    )
    page.goto(address)
    page.set_default_timeout(60_000)
    page.locator(".jp-Notebook .jp-Cell .cm-content").first.click()
    page.get_by_text("Python 3").first.wait_for()
    for _ in range(2):
        page.keyboard.press("Shift+Enter")
    [made] = executed(CHAPTER).explorers.values()
    page.locator(".relay-explorer .counts dd").first.wait_for()
    yield Seen(page, ".relay-explorer", made)
    context.close()
    assert outside == []


def test_each_switch_by_mouse_and_by_keyboard_is_answered_by_the_kernel(seen):
    begun = seen.explorer.chosen["off"]
    seen.shows(**seen.explorer.chosen)
    took = []
    for network, rule, off in seen.flips():
        seen.menu.select_option(network)
        seen.shows(network, begun)
        seen.switch(rule).click()
        seen.shows(network, off)
        seen.switch(rule).focus()
        took.append(seen.switch(rule).evaluate(FLIP))
        seen.page.keyboard.press("Space")
        seen.shows(network, off)
        seen.switch(rule).click()
    print(f"from a click to the picture, through the kernel: {sorted(took)[len(took) // 2]:.0f} ms in the median")


# Milliseconds from a click until the answer is seen.
FLIP = """(box) => new Promise((resolve) => {
  const place = box.closest(".relay-explorer");
  const began = performance.now();
  new MutationObserver((changes, observer) => {
    observer.disconnect();
    resolve(performance.now() - began);
  }).observe(place, { attributes: true, attributeFilter: ["data-shown"] });
  box.click();
})"""
