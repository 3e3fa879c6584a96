"""Prints the whole book into one PDF: `python -m build.pdf`, after `python -m build.book`.

Jupyter Book puts all pages into one, out of what the website's build left behind, and Chromium prints it. (Jupyter
Book's `--builder pdfhtml` prints the same page, but by no other Chromium than Playwright's.)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml  # type: ignore[import-untyped]
from playwright.sync_api import PdfMargins, sync_playwright

from build import browser
from build.book import FOR_KERNELS, JUPYTER_BOOK, ROOT

MISSING = (
    "There is no browser to print the book with: "
    "install Chromium, or run `.venv/bin/python -m playwright install chromium`."
)
# Paper has no sidebars, and nothing on it can be unfolded: a solution stands open. What a diff folds stays folded.
STYLE = """
.bd-header, .bd-header-article, .bd-sidebar-primary, .bd-sidebar-secondary, .prev-next-area, .bd-footer,
.bd-footer-content, .headerlink, .copybtn, button.toggle-button, #rtd-footer-container { display: none !important; }
.bd-main, .bd-content, .bd-article-container, .bd-page-width { max-width: none !important; width: auto !important; }
.bd-article-container { overflow: visible !important; padding: 0 !important; }
.toggle-hidden, .admonition.toggle-hidden > * { max-height: none !important; opacity: 1 !important;
  visibility: visible !important; padding: revert !important; margin: revert !important; }
pre, .cell_output { white-space: pre-wrap; overflow-wrap: anywhere; overflow: visible !important;
  max-height: none !important; }
span[id^="document-"] + section { break-before: page; }
details.hide > summary, .relay-graph .zoom { display: none !important; }
figure, svg, img, table { max-width: 100% !important; }
td, th, :is(td, th) p { overflow-wrap: break-word !important; }
/* What is kept whole, the theme keeps whole inside of its frame, and the frame is printed empty on the page before. */
div.highlight, div[class*="highlight-"], .bd-content table { break-inside: auto !important; }
pre { orphans: 4; widows: 4; }
figure, img, tr, .relay-graph, .cell_output:has(> .output > svg) { break-inside: avoid; }
.relay-graph .view { max-height: none !important; }
.relay-graph svg { max-height: 300mm; }
"""
OPEN = """
for (const one of document.querySelectorAll("details.toggle-details, details.hide, .solution details")) one.open = true;
document.querySelectorAll(".toggle-hidden").forEach(one => one.classList.remove("toggle-hidden"));"""
FORMULAS = "window.MathJax?.startup?.promise?.then(() => true)"
# Milliseconds for any one step: a slow machine lays out the page of all pages for minutes.
PATIENCE = 600_000


def main(root: Path = ROOT) -> int:
    """Print the book of the folder `root` into `_build/pdf/book.pdf`; the result is a process's exit code."""
    program = browser.found()
    if program is None:
        print(MISSING, file=sys.stderr)
        return 1
    command = [sys.executable, *JUPYTER_BOOK, str(root), "--builder", "singlehtml"]
    if subprocess.run(command, cwd=root, env=os.environ | FOR_KERNELS).returncode:
        print("The book was not printed: the reason stands above.", file=sys.stderr)
        return 1
    made = root / "_build/pdf/book.pdf"
    made.parent.mkdir(parents=True, exist_ok=True)
    to_paper(program, at_the_top(root / "_build/singlehtml", root_page(root)), made)
    print(f"The book is printed. Open {made}")
    return 0


def root_page(root: Path) -> str:
    """The path of the book's first page, without its ending."""
    return str(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8"))["root"])


def at_the_top(site: Path, page: str) -> Path:
    """The page of all pages as the site's `index.html`, a redirect before: what it loads, it names from there."""
    return Path(shutil.copy(site / f"{page}.html", site / "index.html"))


def to_paper(program: Path, page: Path, pdf: Path) -> None:
    """Print the page in the browser, on A4."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        tab = launched.new_context(offline=True, color_scheme="light").new_page()
        tab.set_default_timeout(PATIENCE)
        tab.goto(page.as_uri())
        tab.evaluate(FORMULAS)
        tab.add_style_tag(content=STYLE)
        tab.evaluate(OPEN)
        margin = PdfMargins(top="18mm", bottom="18mm", left="16mm", right="16mm")
        number = '<div style="font-size:8px;width:100%;text-align:center"><span class="pageNumber"></span></div>'
        tab.pdf(
            path=pdf, format="A4", margin=margin, scale=0.8, outline=True, tagged=True, print_background=True,
            display_header_footer=True, header_template="<span></span>", footer_template=number,
        )  # fmt: skip
        launched.close()


if __name__ == "__main__":
    sys.exit(main())
