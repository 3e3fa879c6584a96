"""A stretch that unfolds has a triangle that says so, also where the page's style takes it from all of its own."""

import pytest
import set_env  # noqa: F401
from tvm import relay

from helpers.diff import diff
from helpers.graph import graph

# As in JupyterLab and Notebook, and as older sheets have it that make browsers alike.
RESETS = ("", "ol, ul, summary { list-style: none }", "details, summary { display: block }")


def network(last):
    body = relay.var("data", shape=(1, 8))
    for _ in range(20):
        body = relay.nn.relu(body)
    return relay.Function(relay.analysis.free_vars(body), last(body))


SHOWN = {"diff": diff(network(relay.tanh), network(relay.exp)), "graph": graph(network(relay.tanh))}


@pytest.mark.parametrize("name", SHOWN)
def test_what_unfolds_says_so_on_any_page(page, tmp_path, name):
    seen = set()
    for reset in RESETS:
        head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>a {name}</title><style>{reset}</style>'
        (tmp_path / "page.html").write_text(f"{head}{SHOWN[name]._repr_html_()}", encoding="utf-8")
        page.goto((tmp_path / "page.html").as_uri())
        summary = page.locator("summary").first
        closed, bare = summary.screenshot(), without_triangle(summary)
        summary.click()
        page.mouse.move(0, 0)
        opened = summary.screenshot()
        seen.add((closed, opened))
        assert len({closed, opened, bare}) == 3
    assert len(seen) == 1


def without_triangle(summary):
    summary.evaluate("(summary) => { summary.style.listStyle = 'none' }")
    picture = summary.screenshot()
    summary.evaluate("(summary) => { summary.style.listStyle = '' }")
    return picture
