"""What a case is."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Texts = Iterator[tuple[str, str]]


@dataclass(frozen=True)
class Case:
    """One program. `run` yields a golden file's name, without its ending, and its text, one after another."""

    family: str
    name: str
    run: Callable[[], Texts]

    @property
    def label(self) -> str:
        return f"{self.family}/{self.name}"
