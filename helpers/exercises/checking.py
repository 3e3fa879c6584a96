"""An exercise as a list of points, and the check of an answer."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import tvm
from tvm import relay

from helpers.errors import told
from helpers.exercises.verdict import Line, Verdict
from helpers.registry import DEFAULT_RULES, KEY, STAGES, partition_rules

Point = Callable[..., None]
T = TypeVar("T")


class NotYet(Exception):
    """Something that an exercise asks for and an answer does not do; the message says why."""


def expect(condition: Any, because: str) -> None:
    """Raise `NotYet`, with that reason, unless the condition holds."""
    if not condition:
        raise NotYet(because)


def expect_a(kind: type[T], found: Any) -> T:
    """`found`; raises `NotYet` unless it is of that class."""
    expect(isinstance(found, kind), f"what it gives is of class `{type(found).__name__}`, not `{kind.__name__}`")
    return found


class Exercise:
    """What an exercise asks for, point by point."""

    def __init__(self) -> None:
        self.points: list[Point] = []

    def point(self, function: Point) -> Point:
        """Add a point: its docstring says what is asked; it raises where the answers do not do it."""
        self.points.append(function)
        return function

    def lines(self, *answers: Any) -> list[Line]:
        """What is right, and what is not yet."""
        if any(answer is ... for answer in answers):
            return [Line("there is an answer", "it is still `...`: put yours in its place")]
        return [Line(_asked(point), _because(point, answers)) for point in self.points]


def check(name: str, *answers: Any) -> Verdict:
    """What is right in the answers to the exercise `chapter/exercise`, and what is not yet.

    Each point finds the default rules registered. Afterwards those are that were before.
    Raises `LookupError` if there is no exercise of that name.
    """
    chapter, _, own_name = name.partition("/")
    return Verdict(name, _exercise(chapter, own_name).lines(*answers))


def _exercise(chapter: str, own_name: str) -> Exercise:
    module = f"{__package__}.{chapter}"
    if not chapter.isidentifier() or importlib.util.find_spec(module) is None:
        raise LookupError(f"no chapter with exercises is named {chapter!r}: an exercise is named 'chapter/exercise'")
    exercises = {key: value for key, value in vars(importlib.import_module(module)).items() if _is_exercise(value)}
    if own_name not in exercises:
        raise LookupError(f"{chapter} has no exercise {own_name!r}: it has {', '.join(exercises)}")
    return exercises[own_name]


def _is_exercise(value: Any) -> bool:
    return isinstance(value, Exercise)


def _asked(point: Point) -> str:
    return " ".join((point.__doc__ or point.__name__).split())


def _because(point: Point, answers: tuple[Any, ...]) -> str:
    try:
        with _default_rules(), torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)  # the same weights at each check, and the notebook's own numbers as they were
            point(*answers)
    except NotYet as reason:
        return str(reason)
    except Exception as error:
        return f"the answer raised {told(error)}"
    return ""


@contextmanager
def _default_rules() -> Iterator[None]:
    """Inside `with`, the default rules of partition are registered; afterwards those of all stages are as before."""
    others = [key for key in STAGES.values() if key != KEY]
    before = {key: _rules(key) for key in others}
    try:
        with partition_rules(DEFAULT_RULES):
            yield
    finally:
        for key in others:
            _put_back(key, before[key])


def _put_back(key: str, before: Mapping[str, Any]) -> None:
    after = _rules(key)
    for name in before.keys() | after.keys():
        if before.get(name) != after.get(name):
            relay.op.get(name).reset_attr(key)
            if name in before:
                tvm.ir.register_op_attr(name, key, before[name])


def _rules(key: str) -> dict[str, Any]:
    operators = {str(name): tvm.ir.Op.get(str(name)) for name in tvm.ir.Op.list_op_names()}
    rules = {name: op.get_attr(key) for name, op in operators.items() if op.has_attr(key)}
    return {name: rule for name, rule in rules.items() if rule is not None}
