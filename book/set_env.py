"""`import set_env` makes `from tvm import relay` work: the line with which every notebook of this book begins.

It puts the folder `relay/` of this repository in place as the package `tvm.relay`, with all its modules at the paths
that they had in TVM v0.16, with `tvm.contrib.graph_executor`, and this repository's root on the module path so that
`helpers` is found. Where the installed TVM has a Relay of its own, that one stays. Importing it again changes nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import tvm

ROOT = Path(__file__).resolve().parent.parent


def mount(name: str, place: Path) -> ModuleType:
    """The package in the folder `place`, or the module in that file, under a dotted name that TVM has no more."""
    if name in sys.modules:
        return sys.modules[name]
    folder = [str(place)] if place.is_dir() else None
    file = place / "__init__.py" if folder else place
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=folder)
    assert spec is not None and spec.loader is not None, file
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def has_relay() -> bool:
    """Whether the installed TVM brings a Relay of its own."""
    return importlib.util.find_spec("tvm.relay") is not None


if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))
if "tvm.relay" not in sys.modules and not has_relay():
    tvm.relay = mount("tvm.relay", ROOT / "relay")
    contrib: Any = importlib.import_module("tvm.contrib")
    contrib.graph_executor = importlib.import_module("tvm.relay.backend.graph_executor")
    sys.modules["tvm.contrib.graph_executor"] = contrib.graph_executor
