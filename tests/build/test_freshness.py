from pathlib import Path

import pytest

from build.freshness import refresh

SOURCES = ("relay/expr.py", "relay/op/nn.py", "helpers/show.py", "book/set_env.py", "requirements.txt")
LOOKS = ("_config.yml", "_toc.yml", "book/_static/book.css")
MADE = (".jupyter_cache/global.db", ".doctrees/welcome.doctree", "html/index.html")


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def root(tmp_path):
    """A checkout whose book has just been built."""
    for name in (*SOURCES, *LOOKS, "book/welcome.md"):
        write(tmp_path / name, "first")
    refresh(tmp_path, tmp_path / "_build")
    for name in MADE:
        write(tmp_path / "_build" / name, "made")
    return tmp_path


def kept(root: Path) -> list[str]:
    return [name for name in MADE if (root / "_build" / name).exists()]


def test_everything_is_made_when_nothing_was_there(tmp_path):
    assert refresh(tmp_path, tmp_path / "_build") == ["outputs", "pages"]


def test_an_unchanged_book_is_kept(root):
    assert refresh(root, root / "_build") == []
    assert kept(root) == list(MADE)


@pytest.mark.parametrize("name", SOURCES)
def test_a_change_of_the_code_executes_the_chapters_again(root, name):
    write(root / name, "second")
    assert refresh(root, root / "_build") == ["outputs"]
    assert kept(root) == []
    assert refresh(root, root / "_build") == []


@pytest.mark.parametrize("name", LOOKS)
def test_a_change_of_the_looks_keeps_the_outputs(root, name):
    write(root / name, "second")
    assert refresh(root, root / "_build") == ["pages"]
    assert kept(root) == [".jupyter_cache/global.db"]


def test_new_and_removed_and_renamed_modules_are_changes(root):
    write(root / "relay/new.py", "")
    assert refresh(root, root / "_build") == ["outputs"]
    (root / "relay/new.py").rename(root / "relay/newer.py")
    assert refresh(root, root / "_build") == ["outputs"]
    (root / "relay/newer.py").unlink()
    assert refresh(root, root / "_build") == ["outputs"]


@pytest.mark.parametrize(
    "name",
    ["book/welcome.md", "relay/__pycache__/expr.pyc", "book/.ipynb_checkpoints/a.py", "tests/test_expr.py"],
)
def test_what_no_cell_imports_is_no_change(root, name):
    write(root / name, "second")
    assert refresh(root, root / "_build") == []
