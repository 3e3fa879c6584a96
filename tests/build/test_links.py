import pytest

from build.links import problems


@pytest.fixture
def site(tmp_path):
    """A page with a heading, and one below a folder."""
    (tmp_path / "book").mkdir()
    (tmp_path / "book/fuse.html").write_text('<h2 id="why">Why</h2><svg><a xlink:href="../index.html">up</a></svg>')
    return tmp_path


def found(site, *addresses):
    links = "".join(f'<p id="here"><a href="{address}">link</a></p>\n' for address in addresses)
    (site / "index.html").write_text("<title>Book</title>\n" + links)
    return problems(site)


@pytest.mark.parametrize(
    "address",
    ["book/fuse.html", "book/fuse.html#why", "#here", "#", "https://example.org/page#part", "mailto:a@example.org"],
)
def test_what_is_there_may_be_linked(site, address):
    assert found(site, address) == []


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("book/fused.html", "is not there"),
        ("book/fuse.html#when", "names a place that the page does not have"),
        ("#nowhere", "names a place that the page does not have"),
        ("/book/fuse.html", "is outside the website's folder"),
        ("../index.html", "is outside the website's folder"),
        ("http://example.org", "is no address that everybody can open"),
        ("https://localhost/page", "is no address that everybody can open"),
    ],
)
def test_what_leads_nowhere_is_named_with_its_line(site, address, reason):
    (problem,) = found(site, "book/fuse.html", address)
    assert problem.startswith(f"index.html, line 3: {address} {reason}")


def test_links_of_every_page_are_followed_those_in_drawings_too(site):
    assert found(site) == []
    (site / "index.html").unlink()
    assert problems(site) == ["book/fuse.html, line 1: ../index.html is not there: correct the address."]
