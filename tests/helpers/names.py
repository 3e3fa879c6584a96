"""The names of TVM that helpers use, and those of them that the genuine Relay has.

Run by the Python of the genuine Relay, `python -m tests.helpers.names` writes the latter to `genuine_names.txt`.
"""

import ast
import importlib
from pathlib import Path

HELPERS = Path(__file__).resolve().parents[2] / "helpers"
RECORDED = Path(__file__).with_name("genuine_names.txt")


def used():
    """The dotted names that helpers use, each with the files that use it."""
    found = {}
    for file in HELPERS.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for name in named(node):
                found.setdefault(name, set()).add(file.relative_to(HELPERS).as_posix())
    return found


def named(node):
    """What an import from TVM or `relay.….name` names; the parts of a longer name are names, too."""
    if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "tvm":
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if not isinstance(node, ast.Attribute):
        return []
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    root = {"relay": "tvm.relay", "tvm": "tvm"}.get(node.id) if isinstance(node, ast.Name) else None
    return [".".join([root, *reversed(parts)])] if root else []


def exists(name):
    """Whether the TVM that is here has something of that name."""
    module, _, rest = name.partition(".")
    thing = importlib.import_module(module)
    for part in rest.split("."):
        module = f"{module}.{part}"
        if not hasattr(thing, part):
            try:
                importlib.import_module(module)
            except ImportError:
                return False
        thing = getattr(thing, part)
    return True


if __name__ == "__main__":
    RECORDED.write_text("".join(f"{name}\n" for name in sorted(used()) if exists(name)), encoding="utf-8")
