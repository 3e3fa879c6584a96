"""The diff on a page: what its menus do, and what is left of it without a script or without room."""

import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

from helpers.diff import diff
from tests.browser.test_pages import ALL, violations


def network(*, hinted):
    data = relay.var("data", shape=(1, 8))
    body = relay.annotation.cast_hint(data, "int8") if hinted else data
    return relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function([data], relay.tanh(body))))


@pytest.fixture
def shown(page, tmp_path):
    """A page that shows a diff with a line more, and nothing else."""
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>a diff</title><main>'
    drawn = diff(network(hinted=False), network(hinted=True))._repr_html_()
    (tmp_path / "page.html").write_text(f"{head}{drawn}</main>", encoding="utf-8")
    page.goto((tmp_path / "page.html").as_uri())
    return page


def columns(shown):
    """How many columns the line has that reads another value now."""
    return sum(cell.is_visible() for cell in shown.locator(".reads > *").all())


def test_there_are_two_columns_where_there_is_room_or_who_reads_wants_them(shown):
    for width, fitting in ((1280, 2), (360, 1)):
        shown.set_viewport_size({"width": width, "height": 700})
        for choice, expected in (("fitting", fitting), ("one", 1), ("two", 2)):
            shown.get_by_label("columns").select_option(choice)
            assert columns(shown) == expected
            assert shown.locator(".new > .after").is_visible()
            assert shown.evaluate("document.documentElement.scrollWidth") == width


def test_types_are_hidden_dimmed_or_shown(shown):
    ty = shown.locator(".reads > .after > .ty").last
    assert not ty.is_visible()
    for choice, opacity in (("dimmed", "0.68"), ("shown", "1")):
        shown.get_by_label("types").select_option(choice)
        assert "Tensor[(1, 8), float32]" in ty.inner_text()
        assert ty.evaluate("(part) => getComputedStyle(part).opacity") == opacity


def test_it_can_be_read_in_light_in_dark_and_without_colours(shown):
    assert shown.locator(".new > .after").inner_text().startswith("+")
    assert shown.locator(".new .words").text_content() == "new: "
    shown.get_by_label("types").select_option("dimmed")
    for scheme in ("light", "dark"):
        shown.emulate_media(color_scheme=scheme)
        shown.evaluate(
            "(dark) => document.body.style = dark ? 'background: #14181e; color: #ced6dd' : ''", scheme == "dark"
        )
        assert violations(shown, ALL) == []
