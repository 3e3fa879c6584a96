"""All families of cases, each made on demand: importing one builds nothing and loads only what it needs."""

from collections.abc import Callable

from .case import Case


def networks() -> list[Case]:
    from .networks import NETWORKS
    from .pipeline import network_cases

    return network_cases("networks", NETWORKS)


FAMILIES: dict[str, Callable[[], list[Case]]] = {"networks": networks}


def select(patterns: list[str]) -> list[Case]:
    """The cases whose label (`family/name`) starts with one of `patterns`, or all of them if there is none."""
    wanted = [name for name in FAMILIES if not patterns or any(p.split("/")[0] == name for p in patterns)]
    cases = [case for name in wanted for case in FAMILIES[name]()]
    return [case for case in cases if not patterns or any(case.label.startswith(p) for p in patterns)]
