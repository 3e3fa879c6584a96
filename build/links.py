"""Finds links of a built website that lead nowhere: to a page that is not there, or to a place that a page has not.

Links to other hosts are only looked at as they are written: whether a host answers today is not up to the book.
"""

from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from build.self_contained import pages


class Link(NamedTuple):
    """The address that a link leads to, and the line that it stands on."""

    line: int
    address: str


class Page(HTMLParser):
    """The links of a page, and the places in it that a link can lead to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[Link] = []
        self.places: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        self.places.add(values.get("id", ""))
        if tag in ("a", "area"):
            self.places.add(values.get("name", ""))
            if address := values.get("href", values.get("xlink:href")):
                self.links.append(Link(self.getpos()[0], address))


def complaint(site: Path, file: Path, address: str, read: dict[Path, Page]) -> str:
    """Why a link in `file` must not lead to `address`, or "" if it may; `read` has the pages of the site."""
    parts = urlsplit(address)
    if parts.scheme in ("data", "blob", "mailto"):
        return ""
    if parts.scheme or parts.netloc:
        known = parts.scheme == "https" and "." in parts.netloc
        return "" if known else "is no address that everybody can open: write https:// and the name of a host"
    target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
    if not target.is_relative_to(site) or address.startswith("/"):
        return "is outside the website's folder: name it relative to the page"
    if not target.is_file():
        return "is not there: correct the address"
    place = unquote(parts.fragment)
    if not place or target not in read or place in read[target].places:
        return ""
    return "names a place that the page does not have: correct what stands behind the #"


def problems(site: Path) -> list[str]:
    """One sentence for each link of a page in the folder `site` that leads nowhere."""
    site = site.resolve()
    read = {file: Page(file.read_text(encoding="utf-8")) for file in pages(site)}
    return [
        f"{file.relative_to(site).as_posix()}, line {line}: {address} {reason}."
        for file, page in read.items()
        for line, address in page.links
        if (reason := complaint(site, file, address, read))
    ]
