"""All families of cases, each made on demand: importing one builds nothing and loads only what it needs."""

from collections.abc import Callable
from functools import partial
from importlib import import_module

from .case import Case


def networks() -> list[Case]:
    from .networks import NETWORKS
    from .pipeline import network_cases

    return network_cases("networks", NETWORKS)


def zoo() -> list[Case]:
    from .pipeline import network_cases
    from .zoo import ZOO

    return network_cases("zoo", ZOO)


def torch_operators() -> list[Case]:
    from .pipeline import network_cases
    from .torch_cases import TORCH_CASES

    return network_cases("torch", TORCH_CASES)


def quantized() -> list[Case]:
    from .quantized import quantized_cases

    return quantized_cases()


def programs(group: str) -> list[Case]:
    from .pipeline import program_case

    module = import_module(f".relay_cases.{group}", __package__)
    return [program_case(f"relay/{group}", name, program) for name, program in module.PROGRAMS.items()]


RELAY_GROUPS = (
    "printer",
    "registry",
    "operators",
    "passes",
    "quantize",
    "annotate",
    "realize",
    "analysis",
    "frontend",
    "fusion",
    "layouts",
)
FAMILIES: dict[str, Callable[[], list[Case]]] = {
    "networks": networks,
    "torch": torch_operators,
    "zoo": zoo,
    "quantized": quantized,
    **{f"relay/{group}": partial(programs, group) for group in RELAY_GROUPS},
}


def select(patterns: list[str]) -> list[Case]:
    """The cases whose label (`family/name`) starts with one of `patterns`, or all of them if there is none."""
    families = [f for f in FAMILIES if not patterns or any(f.startswith(p) or p.startswith(f) for p in patterns)]
    cases = [case for family in families for case in FAMILIES[family]()]
    return [case for case in cases if not patterns or any(case.label.startswith(p) for p in patterns)]
