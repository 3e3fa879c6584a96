import re

import pytest

from build import browser, pdf

PAGE = """<!DOCTYPE html>
<title>Book</title>
<nav class="bd-sidebar-primary">nowhere</nav>
<h1>One</h1><p>First page.</p>
<details class="toggle-details"><summary>Solution</summary><p>folded</p></details>
<section><h1>Two</h1></section>
"""


def test_without_a_browser_one_sentence_says_what_to_do(monkeypatch, capsys):
    monkeypatch.setattr(browser, "found", lambda: None)
    assert pdf.main() == 1
    assert capsys.readouterr().err == f"{pdf.MISSING}\n"


def test_each_chapter_begins_a_page_and_its_title_stands_in_the_outline(tmp_path):
    if (program := browser.found()) is None:
        pytest.skip(browser.MISSING)
    (tmp_path / "index.html").write_text(PAGE)
    pdf.to_paper(program, tmp_path / "index.html", tmp_path / "book.pdf")
    made = (tmp_path / "book.pdf").read_bytes()
    assert made.startswith(b"%PDF")
    assert len(re.findall(rb"/Type\s*/Page\b", made)) == 2
    assert re.findall(rb"/Title \((One|Two)\)", made) == [b"One", b"Two"]
