"""The exercises of *Rules for the networks people use*."""

from collections.abc import Callable, Mapping

import tvm
from torch import nn
from tvm import relay

from helpers.coverage import outside
from helpers.diff import diff
from helpers.exercises import Exercise, expect
from helpers.exercises.networks import ended, expect_ends, expect_same_numbers, fork, listed, partitioned, sequence
from helpers.registry import DEFAULT_RULES, Rule
from helpers.text import operators

shuffle = Exercise()


@shuffle.point
def shuffle_stays(rules: Mapping[str, Rule]) -> None:
    """the shuffle behind a convolution is in its region, to its end"""
    mod = sequence(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.ChannelShuffle(2), nn.Conv2d(4, 4, 3))
    left = outside(mod, rules)
    expect(not left, f"{listed(left)} is outside")
    expect_ends(partitioned(mod, rules), ["reshape", "add"])


@shuffle.point
def relu_behind_the_shuffle(rules: Mapping[str, Rule]) -> None:
    """so is a relu behind the shuffle"""
    mod = sequence(nn.Conv2d(3, 4, 3), nn.ChannelShuffle(2), nn.ReLU())
    expect_ends(partitioned(mod, rules), ["nn.relu"])


@shuffle.point
def shuffle_begins_nothing(rules: Mapping[str, Rule]) -> None:
    """a shuffle that no region leads to begins none"""
    mod = sequence(nn.ChannelShuffle(3), nn.Conv2d(3, 4, 3))
    expect_ends(partitioned(mod, rules), ["add"])


@shuffle.point
def all_else_as_before(rules: Mapping[str, Rule]) -> None:
    """a network without a shuffle is partitioned as before"""
    expect(not diff(partitioned(fork()), partitioned(fork(), rules)), "a sum of two convolutions has other ends")


windows = Exercise()
POOLING = "nn.adaptive_avg_pool2d"


def _pooled(rule: Rule, size: tuple[int, int], map_size: int, crop: int = 0) -> tuple[tvm.IRModule, tvm.IRModule]:
    """An adaptive pooling behind a convolution's map, before and after partition; `crop` makes the map less high."""
    layers = nn.Conv2d(3, 4, (1 + crop, 1)), nn.ReLU(), nn.AdaptiveAvgPool2d(size)
    mod = sequence(*layers, size=map_size)
    return mod, partitioned(mod, {**DEFAULT_RULES, POOLING: rule})


def _expect_replaced(before: tvm.IRModule, after: tvm.IRModule) -> None:
    """The pooling is inside, is of the other kind, and gives the numbers that it gave."""
    expect(POOLING not in operators(after), f"`{POOLING}` is still there")
    expect_ends(after, ["nn.avg_pool2d"])
    expect_same_numbers(before, after)


@windows.point
def one_mean(rule: Rule) -> None:
    """an output of 1 × 1 is a pooling of the whole map"""
    _expect_replaced(*_pooled(rule, (1, 1), 8))


@windows.point
def four_means(rule: Rule) -> None:
    """an output of 2 × 2 of a map of 8 × 8 is one, with the same numbers"""
    _expect_replaced(*_pooled(rule, (2, 2), 8))


@windows.point
def other_height_than_width(rule: Rule) -> None:
    """an output of 2 × 2 of a map of 8 × 12 is one, with the same numbers"""
    _expect_replaced(*_pooled(rule, (2, 2), 12, crop=4))


@windows.point
def with_a_rest(rule: Rule) -> None:
    """an output of 3 × 3 of a map of 8 × 8, and one of 2 × 3, are left as they are"""
    for size in (3, 3), (2, 3):
        _, after = _pooled(rule, size, 8)
        expect(POOLING in operators(after), f"`{POOLING}` of {size[0]} × {size[1]} is gone")
        expect_ends(after, ["nn.relu"])


@windows.point
def windows_begin_nothing(rule: Rule) -> None:
    """one that no region leads to begins none"""
    mod = sequence(nn.AdaptiveAvgPool2d(4), nn.Conv2d(3, 4, 1), size=8)
    expect_ends(partitioned(mod, {**DEFAULT_RULES, POOLING: rule}), ["add"])


both_factors = Exercise()


def _product(rule: Rule, body: Callable[[relay.Expr], relay.Expr]) -> tvm.IRModule:
    """What partition makes of `body` behind a convolution, with this rule for products."""
    convolution = sequence(nn.Conv2d(3, 4, 3, bias=False))["main"]
    function = relay.Function(convolution.params, body(convolution.body))
    mod = relay.transform.InferType()(tvm.IRModule.from_expr(function))
    return partitioned(mod, {**DEFAULT_RULES, "multiply": rule})


@both_factors.point
def of_two_regions(rule: Rule) -> None:
    """of a product of two regions both end, and the product is a region"""
    after = _product(rule, lambda x: relay.multiply(relay.clip(x, 0, 6), relay.nn.relu(x)))
    expect_ends(after, ["clip", "nn.relu", "multiply"])


@both_factors.point
def by_a_constant(rule: Rule) -> None:
    """a product of a region and a constant is what it was, on either side"""
    for product in (lambda x: relay.multiply(x, relay.const(0.7))), (lambda x: relay.multiply(relay.const(0.7), x)):
        expect_ends(_product(rule, product), ["nn.conv2d", "multiply"])


@both_factors.point
def by_a_value_outside(rule: Rule) -> None:
    """a product of a region and a value outside is what it was, on either side"""
    for product in (
        (lambda x: relay.multiply(relay.nn.relu(x), relay.sigmoid(relay.nn.avg_pool2d(x)))),
        (lambda x: relay.multiply(relay.sigmoid(relay.nn.avg_pool2d(x)), relay.nn.relu(x))),
    ):
        expect(sorted(ended(_product(rule, product))) == ["multiply", "nn.conv2d", "nn.relu"], "its ends are others")


@both_factors.point
def of_nothing_inside(rule: Rule) -> None:
    """a product outside of all regions begins none"""
    after = _product(rule, lambda x: relay.multiply(relay.tanh(x), relay.const(0.7)))
    expect_ends(after, ["nn.conv2d"])
