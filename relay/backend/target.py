"""Targets as they were written for TVM v0.16, and as they are today; and what kernels ask of one.

then     "llvm -mcpu=cascadelake -mattr=+avx512f,+avx512vnni", or today's dictionary as JSON
today    {"kind": "llvm", "mcpu": "cascadelake", "mattr": ["+avx512f", "+avx512vnni"]}

`"llvm"` alone means the processor that this runs on, with what it can do: `{"kind": "llvm", "mcpu": "znver4", "mattr":
["-pku", ...]}` where `mattr` has what it lacks of its kind, as in a virtual machine.
"""

from __future__ import annotations

import difflib
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tvm
from tvm.target.codegen import (
    llvm_get_cpu_archlist,
    llvm_get_cpu_features,
    llvm_get_system_cpu,
    llvm_get_system_triple,
    llvm_is_valid_cpu,
)

from .graph_executor import architecture, host_features, physical_cores

_LISTS = ("mattr", "keys", "libs")
_NUMBERS = ("num-cores", "opt-level", "vector-width")


def cpu_target(target: Any) -> tvm.target.Target:
    """The target that `target` describes: a text, a dictionary, a target, or None for the one of the `with` around.

    One that names no processor, features or architecture gets those of this machine.
    Raises `ValueError` for a target that TVM does not know or that is no CPU, `TypeError` for anything else.
    """
    if target is None:
        target = tvm.target.Target.current(allow_none=True) or "llvm"
    if isinstance(target, tvm.target.Target):
        found = target
    elif isinstance(target, str | Mapping):
        options = _options(target) if isinstance(target, str) else dict(target)
        if "mtriple" in options:
            _check_triple(options["mtriple"])
        found = _parsed(options)
    else:
        raise TypeError(f"a target is a text such as 'llvm', a dictionary or a tvm.target.Target, not {target!r}")
    if found.kind.name != "llvm":
        raise ValueError(f"the target {found.kind.name!r} is no CPU: programs are compiled for 'llvm' and its options")
    _check_cpu(found)
    _check_features(found)
    return _this_machine(found) if _names_no_processor(found) else found


@dataclass(frozen=True)
class Features:
    """What a kernel is shaped by.

    `lanes`: float32 numbers in a vector. `registers`: vectors that the processor holds. `dot`: the instructions for
    sums of int8 products, `vpdpbusd512`, `vpdpbusd256`, `pmaddubsw512`, `pmaddubsw256`, `pmaddubsw128`, `pmaddwd128`,
    `sdot`, or `generic` where there are none. `cores`: how many compute at once. `l1` and `l2`: bytes of cache that a
    core has for itself.
    """

    name: str
    lanes: int
    registers: int
    dot: str
    cores: int
    l1: int
    l2: int


# Of several that a processor has, the first counts. LLVM's names; lanes and registers.
_VECTORS = (
    (("avx512f", "avx512vl"), 16, 32),
    (("avx",), 8, 16),
    (("neon",), 4, 32),
)
_DOTS = (
    (("avx512f", "avx512bw", "avx512vnni"), "vpdpbusd512"),
    (("avx2", "avxvnni"), "vpdpbusd256"),
    (("avx512f", "avx512bw"), "pmaddubsw512"),
    (("avx2",), "pmaddubsw256"),
    (("ssse3",), "pmaddubsw128"),
    (("sse2",), "pmaddwd128"),
    (("neon", "dotprod"), "sdot"),
)
_USUAL_CACHES = (32 << 10, 512 << 10)
# What LLVM uses of its own accord. The rest, such as keys for memory, a program has to ask for.
_USED = frozenset(
    """
    adx avx avx2 avx512bf16 avx512bitalg avx512bw avx512cd avx512dq avx512f avx512fp16 avx512ifma avx512vbmi avx512vbmi2
    avx512vl avx512vnni avx512vpopcntdq avxifma avxvnni avxvnniint8 avxvnniint16 bmi bmi2 egpr f16c fma fma4 gfni lzcnt
    movbe ndd popcnt sse sse2 sse3 sse4.1 sse4.2 ssse3 xop
    bf16 dotprod fullfp16 i8mm lse neon rdm sve sve2
    """.split()  # noqa: SIM905
)
# What stands for a system in the triple of a machine.
_SYSTEMS = {"linux": ("linux",), "windows": ("windows", "mingw", "win32"), "darwin": ("darwin", "macos")}


def features(target: tvm.target.Target) -> Features:
    """What the processor of a target has. Where it is not the one at hand, caches are supposed to be of usual sizes."""
    has = llvm_get_cpu_features(target)
    lanes, registers = next(((lanes, held) for needed, lanes, held in _VECTORS if has.issuperset(needed)), (4, 16))
    dot = next((name for needed, name in _DOTS if has.issuperset(needed)), "generic")
    l1, l2 = _caches() if _name(target) == llvm_get_system_cpu() else _USUAL_CACHES
    cores = int(target.attrs.get("num-cores") or physical_cores())
    return Features(_name(target), lanes, registers, dot, cores, l1, l2)


def requirements(target: tvm.target.Target) -> dict[str, Any]:
    """What a processor has to have to run what is compiled for `target`: for `graph_executor.check_processor`."""
    used = sorted(llvm_get_cpu_features(target) & _USED)
    triple = _triple(target)
    system = next((name for name, words in _SYSTEMS.items() if any(word in triple for word in words)), "")
    return {"name": _name(target), "architecture": _architecture(target), "system": system, "features": used}


def _triple(target: tvm.target.Target) -> str:
    return str(target.attrs.get("mtriple") or llvm_get_system_triple())


def _architecture(target: tvm.target.Target) -> str:
    return architecture(_triple(target).split("-")[0])


def _name(target: tvm.target.Target) -> str:
    return str(target.attrs.get("mcpu") or _architecture(target))


def _names_no_processor(target: tvm.target.Target) -> bool:
    given = target.attrs.get("mcpu") or target.attrs.get("mattr")
    return not given and _triple(target) == llvm_get_system_triple()


def _this_machine(target: tvm.target.Target) -> tvm.target.Target:
    options = {**target.export(), "mcpu": str(llvm_get_system_cpu())}
    supposed = llvm_get_cpu_features(tvm.target.Target(options))
    found = host_features()
    differ = sorted(name for name, there in found.items() if there != (name in supposed))
    if differ:
        options["mattr"] = [("+" if found[name] else "-") + name for name in differ]
    return tvm.target.Target(options)


@functools.cache
def _caches() -> tuple[int, int]:
    """Bytes of the first and the second cache of a core here, as Linux tells."""
    sizes = dict(zip(("1 Data", "2 Unified"), _USUAL_CACHES))
    for index in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        level, kind, size = ((index / name).read_text().strip() for name in ("level", "type", "size"))
        if f"{level} {kind}" in sizes and size.endswith("K"):
            sizes[f"{level} {kind}"] = int(size[:-1]) << 10
    return sizes["1 Data"], sizes["2 Unified"]


def _check_triple(triple: Any) -> None:
    """To be asked before a target is made: TVM ends the process at a machine that LLVM does not have."""
    if not isinstance(triple, str) or not llvm_is_valid_cpu("generic", triple):
        raise ValueError(
            f"LLVM does not know the machine {triple!r} of the target: write one such as 'x86_64-linux-gnu', "
            "or leave mtriple out for this one"
        )


def _check_cpu(target: tvm.target.Target) -> None:
    """LLVM compiles for a plain processor, and only warns, where it does not know the one that is named."""
    cpu = target.attrs.get("mcpu")
    if cpu is not None and not llvm_is_valid_cpu(str(cpu), _triple(target)):
        # Without second names, such as apple-m1.
        known = [str(name) for name in llvm_get_cpu_archlist(target)]
        near = difflib.get_close_matches(str(cpu), known, n=3)
        nearest = ", ".join(near or difflib.get_close_matches(str(cpu), known, n=5, cutoff=0.0))
        hint = (
            f"did you mean {' or '.join(near)}?" if near else f"of {len(known)} that it knows, {nearest} come nearest"
        )
        raise ValueError(f"LLVM does not know the processor {str(cpu)!r} of the target: {hint}")


def _check_features(target: tvm.target.Target) -> None:
    """LLVM compiles without a feature, and only warns, where it does not know it."""
    features = [str(feature) for feature in target.attrs.get("mattr", ())]
    if unsigned := [feature for feature in features if feature[:1] not in ("+", "-")]:
        raise ValueError(
            f"the target has the feature {unsigned[0]!r}: write it as '+{unsigned[0]}' or '-{unsigned[0]}'"
        )
    if features:
        asked = tvm.target.Target({**_machine(target), "mattr": [f"+{feature[1:]}" for feature in features]})
        known = llvm_get_cpu_features(asked)
        if unknown := [feature for feature in features if feature[1:] not in known]:
            raise ValueError(
                f"LLVM does not know the feature {unknown[0]!r} of the target: take one that this machine can have"
            )


def _machine(target: tvm.target.Target) -> dict[str, Any]:
    """The options of `target` that say which machine it is."""
    return {"kind": "llvm"} | {name: target.attrs[name] for name in ("mtriple", "mcpu") if name in target.attrs}


def _parsed(options: dict[str, Any]) -> tvm.target.Target:
    try:
        return tvm.target.Target(options)
    except (ValueError, TypeError, KeyError, RuntimeError) as error:
        why = str(error).split(" Target creation from")[0].strip().rstrip(".")
        raise ValueError(f"TVM does not know the target {options}: {why}") from None


def _options(text: str) -> dict[str, Any]:
    """The dictionary for the forms that TVM v0.16 read: a kind and then `-name=value` each, or JSON."""
    if text.lstrip().startswith("{"):
        return _from_json(text)
    kind, *words = text.split() or [""]
    options: dict[str, Any] = {"kind": kind}
    for word in words:
        name, _, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or not value:
            raise ValueError(f"the target {text!r} has {word!r}: write an option as -name=value, such as -mcpu=znver4")
        if name in _NUMBERS and not value.isdigit():
            raise ValueError(f"the target {text!r} has {word!r}: {name} is a number")
        options[name] = value.split(",") if name in _LISTS else int(value) if name in _NUMBERS else value
    return options


def _from_json(text: str) -> dict[str, Any]:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ValueError(f"the target {text!r} is no JSON: {error}") from None
