"""Imports run one way."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def imported(path, package):
    """The modules that a file imports, as dotted names from `package` on."""
    here = [package, *path.relative_to(ROOT / package).with_suffix("").parts]
    if here[-1] == "__init__":
        here.append("")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level:
            base = ".".join([*here[: -node.level], *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def files(*folders):
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def below(names, *packages):
    return [name for name in names if any(name == each or name.startswith(f"{each}.") for each in packages)]


@pytest.mark.parametrize("path", files("relay"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_dialect_knows_neither_book_nor_helpers(path):
    assert not below(imported(path, "relay"), "helpers", "book", "set_env", "tests", "benchmarks")


@pytest.mark.parametrize(
    "path",
    files("relay/quantize", "relay/frontend", "relay/transform", "relay/op"),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_nothing_under_the_backend_knows_it(path):
    assert not below(imported(path, "relay"), "relay.backend", "relay.build_module")


@pytest.mark.parametrize(
    "path",
    files("relay/backend", "relay/op", "relay/transform", "relay/frontend"),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_the_quantizer_is_known_by_nothing_below(path):
    assert not below(imported(path, "relay"), "relay.quantize")


@pytest.mark.parametrize("path", files("helpers"), ids=lambda path: str(path.relative_to(ROOT)))
def test_helpers_know_relay_as_tvm_has_it(path):
    assert not below(imported(path, "helpers"), "relay", "book", "set_env", "tests")
