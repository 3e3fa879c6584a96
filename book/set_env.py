"""`import set_env` makes `from tvm import relay` work: the line with which every notebook of this book begins.

It puts the folder `relay/` of this repository in place as the package `tvm.relay`, with all its modules at the paths
that they had in TVM v0.16, and this repository's root on the module path so that `helpers` is found.
Where the installed TVM has a Relay of its own, that one stays. Importing it again changes nothing.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import tvm

ROOT = Path(__file__).resolve().parent.parent


def mount(name: str, folder: Path) -> ModuleType:
    """The package in `folder`, under the dotted `name` of a package that TVM does not have (any more)."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None, folder
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
