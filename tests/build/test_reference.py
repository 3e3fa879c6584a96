"""The API reference, and the links to it; each site here is built of a few lines, by Sphinx alone."""

import re
from pathlib import Path

import pytest
import set_env  # noqa: F401
from sphinx.application import Sphinx
from tvm import relay

from build.book import ROOT
from build.reference import as_restructured, place

PAGE = """\
A page
======

.. automodule:: helpers.text
   :members:

Use
---

First ``main_text``, then ``main_text(mod)``, then ``no_such_name`` and ``mod``.

Again, in a heading: ``main_text``
----------------------------------

And ``helpers.text.main_text``, and ``main_text``.
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The text of each page of a site that documents one module and names a function of it."""
    root = tmp_path_factory.mktemp("site")
    (root / "index.rst").write_text(PAGE)
    (root / "conf.py").write_text("extensions = ['build.reference']\n")
    out = root / "out"
    app = Sphinx(str(root), str(root), str(out), str(root / "trees"), "html", status=None, warningiserror=True)
    app.build()
    assert app.statuscode == 0
    return {path.relative_to(out).as_posix(): path.read_text() for path in out.rglob("*.html")}


def test_a_function_that_a_page_names_is_linked_once_in_a_section(site):
    _, use, again = re.split("<h2>", site["index.html"])
    link = '<a class="reference internal" href="#helpers.text.main_text" title="helpers.text.main_text"><code'
    assert use.count(link) == 1
    assert use.index(link) < use.index("main_text(mod)")
    heading, text = again.split("</h2>")
    assert link not in heading
    assert text.count(link) == 1
    assert text.index(link) < text.index(", and ")


def test_an_entry_leads_to_its_source_and_back(site):
    assert 'href="_modules/helpers/text.html#main_text"' in site["index.html"]
    assert "def</span>" in site["_modules/helpers/text.html"]
    assert 'href="../../index.html#helpers.text.main_text"' in site["_modules/helpers/text.html"]


@pytest.mark.parametrize(
    ("written", "defined"),
    [
        ("relay.build", "tvm.relay.build_module.build"),
        ("tvm.relay.build(mod, target={})", "tvm.relay.build_module.build"),
        ("nn.conv2d(%0, …, padding=(1, 1))", "tvm.relay.op.nn.convolution.conv2d"),
        ("FuseOps", "tvm.relay.transform.fuse_ops.FuseOps"),
        ("qconfig", "tvm.relay.quantize.quantize.qconfig"),
        ("ExprVisitor.visit_call", "tvm.relay.expr_functor.ExprVisitor.visit_call"),
        ("diff", "helpers.diff.diff"),
        # A package, an expression, a variable of every chapter, and nothing at all.
        ("relay.quantize", ""),
        ("floor(a) / floor(b)", ""),
        ("mod", ""),
        ("relay.no_such_name", ""),
        ("%0 = add(%x, %y)", ""),
    ],
)
def test_what_a_page_names_is_what_python_finds(written, defined):
    assert place(written) == defined


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["Takes `x` and *args."], ["Takes \\ ``x``\\  and \\*args.", ""]),
        (["Ends in name_ or |x|."], ["Ends in name\\_ or \\|x\\|.", ""]),
        (["`a` of", "`b c`."], ["\\ ``a``\\  of", "\\ ``b c``\\ .", ""]),
        (["One.", "", "    %0", "", "      %1", "", "Two."],
         ["One.", "", ".. code-block:: text", "", "    %0", "", "      %1", "", "Two.", ""]),
        (["- one", "  more"], ["- one", "  more", ""]),
    ],
)  # fmt: skip
def test_a_docstring_becomes_restructured_text(lines, expected):
    assert as_restructured(lines) == expected


def documented() -> set[str]:
    """The modules that the pages of the reference show."""
    pages = Path(ROOT / "book").glob("reference_*.md")
    return {name for page in pages for name in re.findall(r"^\.\. automodule:: (\S+)$", page.read_text(), re.M)}


@pytest.mark.parametrize("package", [relay, relay.op, relay.op.nn, relay.quantize, relay.transform, relay.frontend])
def test_the_reference_has_every_public_name(package):
    names = getattr(package, "__all__", None) or [name for name in vars(package) if not name.startswith("_")]
    homes = {f"{package.__name__}.{name}": getattr(getattr(package, name), "__module__", None) for name in names}
    ours = {name: home for name, home in homes.items() if home and home.startswith("tvm.relay")}
    assert {name for name, home in ours.items() if home not in documented()} == set()


def test_the_reference_shows_every_helper_that_the_overview_of_the_folder_lists():
    import helpers

    listed = re.findall(r"^ {4}(\w+) {2,}", helpers.__doc__, re.M)
    assert len(listed) > 10
    assert {f"helpers.{name}" for name in listed} - documented() == set()
