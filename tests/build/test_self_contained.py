from pathlib import Path

import pytest

from build.self_contained import Load, css_loads, page_loads, problems

OUTSIDE = "is outside the website: keep a copy of it under book/_static/."


@pytest.fixture
def site(tmp_path):
    """A website of one page, with a style sheet and a picture."""
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static/book.css").write_text("pre { background: url(dot.svg) }")
    (tmp_path / "_static/dot.svg").write_text("<svg/>")
    return tmp_path


def page(site: Path, body: str) -> list[str]:
    (site / "page.html").write_text(f"<html>\n{body}\n</html>")
    return problems(site)


@pytest.mark.parametrize(
    "body",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<script src="//cdn.example/a.js"></script>',
        '<script type="module">import x from "https://cdn.example/a.js"</script>',
        '<script>import("https://cdn.example/a.js")</script>',
        '<link rel="stylesheet" href="https://cdn.example/a.css">',
        '<link href="https://cdn.example" rel="preconnect">',
        '<img src="http://cdn.example/a.png">',
        '<img src="_static/dot.svg" srcset="_static/dot.svg 1x, https://cdn.example/a.png 2x">',
        '<iframe src="https://cdn.example/"></iframe>',
        '<svg><use xlink:href="https://cdn.example/a.svg#b"></use></svg>',
        '<style>@import "https://cdn.example/a.css";</style>',
        "<style>@font-face { src: url('https://cdn.example/a.woff2') }</style>",
        '<p style="background: url(https://cdn.example/a.png)">',
    ],
)
def test_a_load_from_another_host_is_reported(site, body):
    (found,) = page(site, body)
    assert found.startswith("page.html, line 2: ")
    assert "cdn.example" in found
    assert found.endswith(OUTSIDE)


@pytest.mark.parametrize(
    "body",
    [
        '<a href="https://tvm.apache.org">TVM</a>',
        '<link rel="canonical" href="https://book.example/page.html">',
        '<link rel="next" href="later.html">',
        '<link rel="stylesheet" href="_static/book.css?v=1f2e">',
        '<img src="_static/dot.svg#layer">',
        '<img src="data:image/png;base64,AAAA">',
        '<pre>&lt;script src="https://cdn.example/a.js"&gt;</pre>',
        '<script>const address = "https://tvm.apache.org"</script>',
        '<style>/* url(https://cdn.example/a.png) */ p { fill: url("#shade") }</style>',
    ],
)
def test_links_texts_and_files_of_the_site_are_left_alone(site, body):
    assert page(site, body) == []


def test_a_missing_file_is_reported(site):
    assert page(site, '<img src="_static/gone.svg">') == [
        "page.html, line 2: _static/gone.svg is not there: correct the address, or put the file there."
    ]


@pytest.mark.parametrize("address", ["/_static/dot.svg", "../dot.svg"])
def test_a_file_beyond_the_folder_is_reported(site, address):
    (site.parent / "dot.svg").write_text("<svg/>")
    (found,) = page(site, f'<img src="{address}">')
    assert found.endswith("is outside the website's folder: name it relative to the page.")


def test_a_style_sheet_is_read_too(site):
    (site / "_static/book.css").write_text("\n\n@import url(https://cdn.example/font.css);")
    assert problems(site) == [f"_static/book.css, line 3: https://cdn.example/font.css {OUTSIDE}"]


def test_lines_are_counted_through_comments_styles_and_scripts():
    assert list(css_loads("/* a\nb */\np { src: url(a.png) }")) == [Load(3, "a.png")]
    assert page_loads('<p>\n<style>\n\np { src: url("a.png") }</style>\n<img src="b.png">') == [
        Load(4, "a.png"),
        Load(5, "b.png"),
    ]
    script = '<script>\nlet a = 1;\nimport "https://cdn.example/a.js"</script>'
    assert page_loads(script) == [Load(3, "https://cdn.example/a.js")]
