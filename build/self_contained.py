"""Finds what a built page would load from outside the website, or from a file that is not there.

The website is also read from a folder and without a network, so each page brings all that it shows. A link
that a reader follows may lead anywhere: only what a browser fetches by itself counts.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

LOADING_ATTRIBUTES = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
# Other relations of a <link>, as rel="next", name a page without loading it.
LOADING_RELATIONS = {
    "stylesheet", "icon", "apple-touch-icon", "preload", "modulepreload", "prefetch", "preconnect",
    "dns-prefetch", "manifest",
}  # fmt: skip
CSS_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
CSS_ADDRESS = re.compile(r"""(?:@import\s+(?:url\(\s*)?|url\(\s*)(?:"([^"]*)"|'([^']*)'|([^"'()\s]+))""")
SCRIPT_IMPORT = re.compile(r"""\b(?:import|from)\s*\(?\s*["']((?:https?:)?//[^"']+)["']""")


class Load(NamedTuple):
    """One address that a page or style sheet loads, and the line it stands on."""

    line: int
    address: str


def css_loads(text: str, line: int = 1) -> Iterator[Load]:
    """What a style sheet loads: imports, fonts and pictures."""
    blanked = CSS_COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text)
    for found in CSS_ADDRESS.finditer(blanked):
        yield Load(line + blanked.count("\n", 0, found.start()), next(filter(None, found.groups()), ""))


class _Page(HTMLParser):
    """Collects the loads of one page, with those of the styles and scripts that stand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[Load] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line, _ = self.getpos()
        values = {name: value for name, value in attrs if value}
        names: tuple[str, ...] = LOADING_ATTRIBUTES.get(tag, ())
        if tag == "link" and LOADING_RELATIONS & set(values.get("rel", "").lower().split()):
            names = ("href",)
        for name in names:
            # A srcset is a list: addresses, each with a width or density.
            entries = values.get(name, "").split(",") if name == "srcset" else [values.get(name, "")]
            self.loads += [Load(line, entry.split()[0]) for entry in entries if entry.strip()]
        self.loads += css_loads(values.get("style", ""), line)
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        line, _ = self.getpos()
        if self._inside == "style":
            self.loads += css_loads(data, line)
        elif self._inside == "script":
            self.loads += [
                Load(line + data.count("\n", 0, found.start()), found[1]) for found in SCRIPT_IMPORT.finditer(data)
            ]


def page_loads(text: str) -> list[Load]:
    """What a page loads by itself."""
    page = _Page()
    page.feed(text)
    page.close()
    return page.loads


def complaint(site: Path, file: Path, address: str) -> str:
    """Why `file` of the folder `site` must not load `address`, or "" if it may."""
    parts = urlsplit(address)
    if parts.scheme in ("data", "blob", "about"):
        return ""
    if parts.scheme or parts.netloc:
        return "is outside the website: keep a copy of it under book/_static/"
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.is_relative_to(site.resolve()) or address.startswith("/"):
        return "is outside the website's folder: name it relative to the page"
    return "" if target.is_file() else "is not there: correct the address, or put the file there"


def pages(site: Path) -> list[Path]:
    """The pages in the folder `site`; themes leave templates of pages under _static."""
    return sorted(page for page in site.rglob("*.html") if page.relative_to(site).parts[0] != "_static")


def problems(site: Path) -> list[str]:
    """One sentence for each thing that a page or style sheet in the folder `site` must not load."""
    found = []
    for file in sorted([*pages(site), *site.rglob("*.css")]):
        text = file.read_text(encoding="utf-8")
        for line, address in page_loads(text) if file.suffix == ".html" else css_loads(text):
            reason = complaint(site, file, address)
            if reason:
                found.append(f"{file.relative_to(site).as_posix()}, line {line}: {address} {reason}.")
    return found
