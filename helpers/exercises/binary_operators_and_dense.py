"""The exercises of *Binary operators and dense*."""

from collections.abc import Callable, Mapping

import numpy as np
import torch
import tvm
from torch import nn
from tvm import relay

from helpers.diff import diff
from helpers.exercises import Exercise, expect
from helpers.exercises.networks import expect_ends, expect_same_numbers, fork, partitioned
from helpers.networks import to_relay
from helpers.registry import DEFAULT_RULES, Rule

subtract = Exercise()


@subtract.point
def minus_a_constant(rules: Mapping[str, Rule]) -> None:
    """a convolution minus a constant and its relu are one region"""
    mod = _behind_a_convolution(lambda x: relay.nn.relu(relay.subtract(x, relay.const(0.7))))
    expect_ends(partitioned(mod, rules), ["nn.relu"])


@subtract.point
def difference_of_two(rules: Mapping[str, Rule]) -> None:
    """of a difference of two regions both end, and the difference is a region"""
    mod = _behind_a_convolution(lambda x: relay.subtract(relay.nn.relu(x), relay.nn.max_pool2d(x)))
    expect_ends(partitioned(mod, rules), ["nn.relu", "nn.max_pool2d", "subtract"])


@subtract.point
def the_same_operator(rules: Mapping[str, Rule]) -> None:
    """a difference is still a difference, and all else is partitioned as before"""
    mod = _behind_a_convolution(lambda x: relay.subtract(relay.add(x, relay.const(0.7)), relay.const(0.2)))
    ordinary = partitioned(fork())
    expect(not diff(ordinary, partitioned(fork(), rules)), "a sum of two convolutions has other ends")
    expect_ends(partitioned(mod, rules), ["subtract"])


either_way = Exercise()


def _with_add(rule: Rule) -> dict[str, Rule]:
    return {**DEFAULT_RULES, "add": rule}


@either_way.point
def constant_on_the_left(rule: Rule) -> None:
    """a constant on the left is a bias: sum and relu stay in the region"""
    mod = _behind_a_convolution(lambda x: relay.nn.relu(relay.add(relay.const(0.7), x)))
    expect_ends(partitioned(mod, _with_add(rule)), ["nn.relu"])


@either_way.point
def constant_on_the_right(rule: Rule) -> None:
    """so is one on the right, as before"""
    mod = _behind_a_convolution(lambda x: relay.nn.relu(relay.add(x, relay.const(0.7))))
    expect_ends(partitioned(mod, _with_add(rule)), ["nn.relu"])


@either_way.point
def the_same_sum(rule: Rule) -> None:
    """a network with a constant on the left computes what it did"""
    mod = _behind_a_convolution(lambda x: relay.add(relay.const(0.7), x))
    expect_same_numbers(mod, partitioned(mod, _with_add(rule)))


@either_way.point
def two_regions(rule: Rule) -> None:
    """of the sum of two regions both end, as before"""
    expect_ends(partitioned(fork(), _with_add(rule)), ["nn.conv2d", "nn.conv2d", "add"])


@either_way.point
def an_input_on_the_left(rule: Rule) -> None:
    """the network's input on the left is no bias"""

    class Left(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.branch = nn.Conv2d(3, 3, 3, padding=1, bias=False)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.relu(x + self.branch(x))

    expect_ends(partitioned(to_relay(Left(), 1, 3, 8, 8), _with_add(rule)), ["nn.conv2d"])


@either_way.point
def outside(rule: Rule) -> None:
    """a sum that no region leads to begins none"""
    mod = _behind_a_convolution(lambda x: relay.add(relay.const(0.7), relay.nn.avg_pool2d(x)))
    expect_ends(partitioned(mod, _with_add(rule)), ["nn.conv2d"])


small_in_float = Exercise()


def _ends_of(rule: Rule, *layers: nn.Module, expected: list[str]) -> None:
    mod = to_relay(nn.Sequential(*layers), 1, 32)
    expect_ends(partitioned(mod, {**DEFAULT_RULES, "nn.dense": rule}), expected)


@small_in_float.point
def large_layers(rule: Rule) -> None:
    """two layers with 32 outputs are two regions, with bias and relu"""
    _ends_of(rule, nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32), expected=["nn.relu", "add"])


@small_in_float.point
def last_layer(rule: Rule) -> None:
    """behind a large layer, one with 10 outputs is in no region, and the one before it ends"""
    _ends_of(rule, nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10), expected=["nn.relu"])


@small_in_float.point
def sixteen_outputs(rule: Rule) -> None:
    """a layer with exactly 16 outputs is in a region"""
    _ends_of(rule, nn.Linear(32, 16), expected=["add"])


@small_in_float.point
def behind_a_convolution(rule: Rule) -> None:
    """the number of inputs makes no difference"""
    _ends_of(rule, nn.Linear(32, 12), nn.ReLU(), nn.Linear(12, 24), expected=["add"])


def _behind_a_convolution(body: Callable[[relay.Expr], relay.Expr]) -> tvm.IRModule:
    """`main` computes what `body` makes of the result of a convolution."""
    data = relay.var("data", shape=(1, 3, 8, 8))
    weight = relay.const(np.random.default_rng(0).standard_normal((4, 3, 3, 3)).astype("float32"))
    convolved = relay.nn.conv2d(data, weight, channels=4, kernel_size=(3, 3))
    return relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function([data], body(convolved))))
