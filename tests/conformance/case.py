"""What a case is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Texts = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """One program. `run` yields a stage's name and its text, one after another. A flat one has no folder.

    The numbers of a measured one are found in data: a sum in another order gives others.
    """

    family: str
    name: str
    run: Callable[[], Texts]
    flat: bool = False
    measured: bool = False

    @property
    def label(self) -> str:
        return f"{self.family}/{self.name}"
