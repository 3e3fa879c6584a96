"""The exercises of *Fuse*."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
import tvm
from torch import nn
from tvm import relay

from helpers.exercises import Exercise, expect, expect_a
from helpers.networks import run, to_relay
from helpers.text import operators

Pass = Callable[[tvm.IRModule], tvm.IRModule]


def kernels(mod: tvm.IRModule) -> list[tuple[list[str], list[int]]]:
    """What each kernel computes, and the shape of its result."""
    found: list[tuple[list[str], list[int]]] = []

    def visit(expr: Any) -> None:
        if isinstance(expr, relay.Call) and isinstance(expr.op, relay.Function):
            found.append((operators(expr.op.body), [int(extent) for extent in expr.checked_type.shape]))

    relay.analysis.post_order_visit(relay.transform.FuseOps(2)(mod)["main"].body, visit)
    return found


where_to_stop = Exercise()


@where_to_stop.point
def two_kernels(mod: tvm.IRModule) -> None:
    "the function becomes two kernels"
    found = len(kernels(mod))
    expect(found == 2, f"it becomes {found}")


@where_to_stop.point
def the_same_calls(mod: tvm.IRModule) -> None:
    "they compute a relu, an upsampling and a tanh"
    found = [name for names, _ in kernels(mod) for name in names]
    expect(found == ["nn.relu", "image.resize2d", "tanh"], f"they compute {', '.join(found)}")


@where_to_stop.point
def few_bytes(mod: tvm.IRModule) -> None:
    "as few bytes as possible are stored between them"
    stored = sum(int(np.prod(shape)) for _, shape in kernels(mod)[:-1])
    expect(0 < stored <= 4 * 8 * 8, f"{4 * stored} bytes are")


convolutions_alone = Exercise()


@cache
def network() -> tvm.IRModule:
    """Two convolutions with what stands around them, and a dense layer."""

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1, stride=2)
            self.last = nn.Linear(64, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = torch.relu(self.first(torch.sigmoid(x)))
            x = torch.relu(self.second(x)) * 0.5
            return torch.relu(self.last(torch.flatten(x, 1)))

    torch.manual_seed(0)
    return to_relay(Network(), 1, 3, 8, 8)


@convolutions_alone.point
def alone(answer: Pass) -> None:
    "each of two convolutions is a kernel of its own"
    found = [names for names, _ in kernels(expect_a(tvm.IRModule, answer(network()))) if "nn.conv2d" in names]
    together = next((names for names in found if len(names) > 1), [])
    expect(len(found) == 2 and not together, f"one kernel computes {', '.join(together)}")


@convolutions_alone.point
def others_as_before(answer: Pass) -> None:
    "everything else is fused as before"
    before = [names for names, _ in kernels(network()) if names != ["nn.conv2d"]]
    found = [names for names, _ in kernels(expect_a(tvm.IRModule, answer(network()))) if names != ["nn.conv2d"]]
    more = len(found) - len(before)
    expect(more <= 0, f"there are {more} kernels more than it takes")


@convolutions_alone.point
def the_same_numbers(answer: Pass) -> None:
    "the network computes what it did"
    data = np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype("float32")
    same = np.array_equal(run(expect_a(tvm.IRModule, answer(network())), data), run(network(), data))
    expect(same, "its result is another one")


meeting = Exercise()
Users = Mapping[str, Sequence[str]]
Meeting = Callable[[Users], Any]


def meet(answer: Meeting, users: Users, expected: Mapping[str, str | None]) -> None:
    """Whether the answer says so of each value."""
    found = expect_a(dict, answer(users))
    wrong = [name for name in expected if name not in found or found[name] != expected[name]]
    said = found.get(wrong[0], "nothing") if wrong else None
    expect(not wrong, f"in {dict(users)} that of {wrong[0] if wrong else ''} is not {said}")


@meeting.point
def chain(answer: Meeting) -> None:
    "in a chain it is the next value"
    meet(answer, {"a": ["b"], "b": ["c"], "c": []}, {"a": "b", "b": "c", "c": None})


@meeting.point
def fork(answer: Meeting) -> None:
    "two readers that meet at once"
    users = {"exp": ["tanh", "sigmoid"], "tanh": ["add"], "sigmoid": ["add"], "add": []}
    meet(answer, users, {"exp": "add", "tanh": "add", "sigmoid": "add", "add": None})


@meeting.point
def shortcut(answer: Meeting) -> None:
    "a way that is shorter than the other"
    users = {"a": ["b", "d"], "b": ["c"], "c": ["d"], "d": ["e"], "e": []}
    meet(answer, users, {"a": "d", "b": "c", "c": "d", "d": "e", "e": None})


@meeting.point
def nested(answer: Meeting) -> None:
    "a fork inside a fork"
    users = {"a": ["b", "f"], "b": ["c", "d"], "c": ["e"], "d": ["e"], "e": ["g"], "f": ["g"], "g": []}
    meet(answer, users, {"a": "g", "b": "e", "e": "g", "f": "g", "g": None})


@meeting.point
def not_all_ways(answer: Meeting) -> None:
    "a place that only some of the ways lead to is none"
    users = {"a": ["b", "c", "d"], "b": ["e"], "c": ["e"], "d": ["f"], "e": ["f"], "f": []}
    meet(answer, users, {"a": "f", "b": "e", "c": "e", "d": "f", "e": "f"})
