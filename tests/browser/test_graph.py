"""The picture of a graph on a page: zoom, by mouse and by keyboard, and what there is beside the picture."""

import pytest
import set_env  # noqa: F401
from tvm import relay

from helpers.graph import graph
from tests.browser.test_pages import ALL, violations

SIZE = "() => document.querySelector('.view svg').getBoundingClientRect().width"


def network(calls):
    body = relay.var("data", shape=(1, 8))
    for _ in range(calls):
        body = relay.add(relay.nn.relu(body), relay.tanh(body))
    return relay.Function(relay.analysis.free_vars(body), body)


@pytest.fixture
def shown(page, tmp_path):
    """A page that shows a graph, and nothing else."""
    drawn = graph(network(60))
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>a graph</title><main>'
    (tmp_path / "page.html").write_text(f"{head}{drawn._repr_html_()}</main>", encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    page.locator(".relay-graph[data-zoom]").wait_for()
    return page


def test_the_picture_zooms_by_mouse_and_by_keyboard(shown):
    whole = shown.evaluate(SIZE)
    for label, key, factor in (("zoom in", "+", 1.25), ("zoom out", "-", 0.8)):
        shown.get_by_label(label).click()
        assert shown.evaluate(SIZE) == pytest.approx(whole * factor, rel=0.01)
        shown.get_by_label("own size").press("Enter")
        assert shown.evaluate(SIZE) == pytest.approx(whole, rel=0.01)
        shown.locator(".view").press(key)
        assert shown.evaluate(SIZE) == pytest.approx(whole * factor, rel=0.01)
        shown.locator(".view").press("0")
    shown.locator(".view").press("f")
    assert shown.evaluate("() => { const view = document.querySelector('.view'); return view.scrollHeight }") < 900


def test_the_picture_is_moved_by_the_mouse_and_zooms_where_it_points(shown):
    frame = shown.locator(".view").bounding_box()
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    shown.mouse.move(x, y)
    shown.mouse.down()
    shown.mouse.move(x, y - 150)
    shown.mouse.up()
    assert shown.evaluate("document.querySelector('.view').scrollTop") == pytest.approx(150, abs=2)
    before = shown.evaluate(SIZE)
    shown.keyboard.down("Control")
    shown.mouse.wheel(0, -100)
    shown.keyboard.up("Control")
    shown.wait_for_function(f"({SIZE})() > {before * 1.2}")
    centre = shown.evaluate(
        "() => { const view = document.querySelector('.view');"
        " return (view.scrollTop + view.clientHeight / 2) / view.scrollHeight }"
    )
    height = shown.evaluate("document.querySelector('.view svg').viewBox.baseVal.height")
    assert centre == pytest.approx((150 + frame["height"] / 2) / height, abs=0.01)


def test_two_fingers_zoom_the_picture_and_not_the_page(shown):
    before = shown.evaluate(SIZE)
    frame = shown.locator(".view").bounding_box()
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + 300
    hand = shown.context.new_cdp_session(shown)
    for kind, apart in (("touchStart", 50), ("touchMove", 60), ("touchMove", 100), ("touchEnd", None)):
        fingers = [] if apart is None else [{"x": x, "y": y - apart, "id": 0}, {"x": x, "y": y + apart, "id": 1}]
        hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    assert shown.evaluate(SIZE) == pytest.approx(2 * before, rel=0.02)
    assert shown.evaluate("visualViewport.scale") == 1


def test_shapes_appear_when_asked_for(shown):
    shape = shown.locator(".view .shape").first
    assert not shape.is_visible()
    shown.get_by_label("shapes").check()
    assert shape.is_visible() and shape.text_content() == "1×8"


def test_who_does_not_see_the_picture_reads_it(shown):
    shown.get_by_text("the same as text").click()
    assert shown.locator("details pre").inner_text() == str(graph(network(60)))
    assert violations(shown, ALL) == []
    shown.emulate_media(color_scheme="dark")
    assert violations(shown, ALL) == []


def test_it_can_be_read_on_a_telephone(shown):
    shown.set_viewport_size({"width": 360, "height": 700})
    assert shown.evaluate("document.documentElement.scrollWidth") == 360
    assert shown.get_by_label("zoom in").is_visible()
