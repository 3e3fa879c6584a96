"""The pages of the appendix agree with the chapters and the source that they speak of."""

import re

import pytest
import set_env  # noqa: F401
from tvm.relay.quantize._options import OPTIONS

from build.citations import as_items
from tests.book.pages import ROOT

BOOK = ROOT / "book"
GLOSSARY = (BOOK / "glossary.md").read_text().split("```{glossary}\n")[1].split("```")[0]
TERMS = dict(re.findall(r"^(\S.*)\n  .*?\[\]\((\w+\.md)\)\.$", GLOSSARY, re.M))


def test_every_entry_of_the_glossary_is_one_sentence_and_names_a_chapter():
    entries = GLOSSARY.strip().split("\n\n")
    assert len(entries) == len(TERMS) > 40
    assert [entry for entry in entries if len(entry.split("\n")) != 2 or entry.count(". ") != 1] == []


def test_the_glossary_is_in_order():
    assert list(TERMS) == sorted(TERMS, key=lambda term: term.lower().replace("-", " "))


@pytest.mark.parametrize("term", TERMS)
def test_the_chapter_that_an_entry_names_has_the_term(term):
    text = re.sub(r"[\s_]+", " ", (BOOK / TERMS[term]).read_text().lower())
    # "calibrate" is also "calibration", and "block of channels" also "blocks of channels".
    assert re.search(r"[\w–-]* ".join(word[:6] for word in term.lower().split()), text)


def test_every_option_of_qconfig_is_in_a_heading_of_its_page():
    headings = re.findall(r"^### (.+)$", (BOOK / "qconfig.md").read_text(), re.M)
    assert sorted(", ".join(headings).split(", ")) == sorted(OPTIONS)


def test_every_reference_is_cited_and_every_citation_is_a_reference():
    known = set(re.findall(r"^@\w+\{(\w+),$", (BOOK / "references.bib").read_text(), re.M))
    pages = " ".join(page.read_text() for page in BOOK.glob("*.md"))
    cited = {key for keys in re.findall(r"\{cite\w*(?::\w+)?\}`([^`]+)`", pages) for key in keys.split(",")}
    assert cited == known


def test_the_entries_of_a_bibliography_are_items_of_a_list():
    context = {"body": '<div role="list"><div id="a" role="doc-biblioentry">A</div></div>'}
    as_items(None, "references", "page.html", context, None)
    assert context["body"] == '<div role="list"><div id="a" role="listitem">A</div></div>'
