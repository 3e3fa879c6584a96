"""Targets as they were written for TVM v0.16, and as they are today.

then     "llvm -mcpu=cascadelake -mattr=+avx512f,+avx512vnni"
today    {"kind": "llvm", "mcpu": "cascadelake", "mattr": ["+avx512f", "+avx512vnni"]}
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import tvm
from tvm.target.codegen import llvm_get_cpu_archlist

_LISTS = ("mattr", "keys", "libs")
_NUMBERS = ("num-cores", "opt-level", "vector-width")


def cpu_target(target: Any) -> tvm.target.Target:
    """The target that `target` describes: a text, a dictionary, a target, or None for the one of the `with` around.

    Raises `ValueError` for a target that TVM does not know or that is no CPU, `TypeError` for anything else.
    """
    if target is None:
        target = tvm.target.Target.current(allow_none=True) or "llvm"
    if isinstance(target, tvm.target.Target):
        found = target
    elif isinstance(target, str | Mapping):
        found = _parsed(_options(target) if isinstance(target, str) else dict(target))
    else:
        raise TypeError(f"a target is a text such as 'llvm', a dictionary or a tvm.target.Target, not {target!r}")
    if found.kind.name != "llvm":
        raise ValueError(f"the target {found.kind.name!r} is no CPU: programs are compiled for 'llvm' and its options")
    _check_cpu(found)
    return found


def _check_cpu(target: tvm.target.Target) -> None:
    """LLVM compiles for a plain processor, and only warns, where it does not know the one that is named."""
    cpu = target.attrs.get("mcpu")
    known = [str(name) for name in llvm_get_cpu_archlist(target)]
    if cpu and str(cpu) not in known:
        near = difflib.get_close_matches(str(cpu), known, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it knows {', '.join(known)}"
        raise ValueError(f"LLVM does not know the processor {str(cpu)!r} of the target: {hint}")


def _parsed(options: dict[str, Any]) -> tvm.target.Target:
    try:
        return tvm.target.Target(options)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        why = str(error).split(" Target creation from")[0].strip().rstrip(".")
        raise ValueError(f"TVM does not know the target {options}: {why}") from None


def _options(text: str) -> dict[str, Any]:
    """The dictionary for the form that TVM v0.16 read, a kind and then `-name=value` each."""
    kind, *words = text.split() or [""]
    options: dict[str, Any] = {"kind": kind}
    for word in words:
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or not equals:
            raise ValueError(f"the target {text!r} has {word!r}: write an option as -name=value, such as -mcpu=znver4")
        if name in _NUMBERS and not value.isdigit():
            raise ValueError(f"the target {text!r} has {word!r}: {name} is a number")
        options[name] = value.split(",") if name in _LISTS else int(value) if name in _NUMBERS else value
    return options
