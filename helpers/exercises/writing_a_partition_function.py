"""The exercises of *Writing a partition function*."""

from collections.abc import Mapping

from torch import nn

from helpers.exercises import Exercise
from helpers.exercises.networks import expect_ends, partitioned, sequence
from helpers.registry import DEFAULT_RULES, Rule

average = Exercise()


@average.point
def average_stays(rules: Mapping[str, Rule]) -> None:
    """an average pooling behind a convolution is in its region"""
    mod = sequence(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 4, 3))
    expect_ends(partitioned(mod, rules), ["nn.avg_pool2d", "add"])


@average.point
def average_begins_nothing(rules: Mapping[str, Rule]) -> None:
    """an average pooling that no region leads to begins none"""
    mod = sequence(nn.AvgPool2d(2), nn.Conv2d(3, 4, 3), nn.ReLU())
    expect_ends(partitioned(mod, rules), ["nn.relu"])


@average.point
def average_leaves_the_others(rules: Mapping[str, Rule]) -> None:
    """a network without one is partitioned as before"""
    mod = sequence(nn.Conv2d(3, 4, 3), nn.ReLU6(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3))
    expect_ends(partitioned(mod, rules), ["nn.max_pool2d", "add"])


large = Exercise()


def _pooled(rule: Rule, pooling: nn.Module, expected: list[str]) -> None:
    mod = sequence(nn.Conv2d(3, 4, 3), nn.ReLU(), pooling, nn.Conv2d(4, 4, 1))
    expect_ends(partitioned(mod, {**DEFAULT_RULES, "nn.max_pool2d": rule}), expected)


@large.point
def large_stays(rule: Rule) -> None:
    """a pooling of 4 × 4 is in the region before it"""
    _pooled(rule, nn.MaxPool2d(4), ["nn.max_pool2d", "add"])


@large.point
def just_large_enough_stays(rule: Rule) -> None:
    """so is one of 3 × 3"""
    _pooled(rule, nn.MaxPool2d(3), ["nn.max_pool2d", "add"])


@large.point
def small_is_out(rule: Rule) -> None:
    """one of 2 × 2 is not"""
    _pooled(rule, nn.MaxPool2d(2), ["nn.relu", "add"])


@large.point
def narrow_is_out(rule: Rule) -> None:
    """nor is one of 2 × 5 or of 5 × 2"""
    for size in ((2, 5), (5, 2)):
        _pooled(rule, nn.MaxPool2d(size), ["nn.relu", "add"])


@large.point
def large_begins_nothing(rule: Rule) -> None:
    """one of 3 × 3 that no region leads to begins none"""
    mod = sequence(nn.MaxPool2d(3), nn.Conv2d(3, 4, 3), nn.ReLU())
    expect_ends(partitioned(mod, {**DEFAULT_RULES, "nn.max_pool2d": rule}), ["nn.relu"])


@large.point
def the_region_before(rule: Rule) -> None:
    """regions before that of the pooling end where they did"""
    mod = sequence(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.MaxPool2d(4))
    expect_ends(partitioned(mod, {**DEFAULT_RULES, "nn.max_pool2d": rule}), ["nn.relu", "nn.max_pool2d"])


at_once = Exercise()


@at_once.point
def ends_before_the_pooling(rule: Rule) -> None:
    """behind a relu the region ends, although the max-pool could stay in it"""
    mod = sequence(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3))
    expect_ends(partitioned(mod, {**DEFAULT_RULES, "nn.relu": rule}), ["nn.relu", "add"])


@at_once.point
def ends_once(rule: Rule) -> None:
    """behind a relu in front of a convolution it ends once"""
    mod = sequence(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU())
    expect_ends(partitioned(mod, {**DEFAULT_RULES, "nn.relu": rule}), ["nn.relu", "nn.relu"])


@at_once.point
def relu_begins_nothing(rule: Rule) -> None:
    """behind a relu that is in no region nothing ends"""
    mod = sequence(nn.AvgPool2d(2), nn.ReLU(), nn.Conv2d(3, 4, 3))
    expect_ends(partitioned(mod, {**DEFAULT_RULES, "nn.relu": rule}), ["add"])
