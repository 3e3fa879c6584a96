"""The exercises of *What partition does*."""

from collections.abc import Callable, Mapping
from typing import Any

import tvm

from helpers.diff import diff
from helpers.exercises import Exercise, expect, expect_a
from helpers.exercises.networks import END, chain, fork, partitioned
from helpers.text import operators

Rules = Mapping[str, Any]
Count = Callable[[tvm.IRModule], Any]
Pass = Callable[[tvm.IRModule], tvm.IRModule]

only_convolutions = Exercise()


@only_convolutions.point
def two_ends(rules: Rules) -> None:
    """two regions end in `two`"""
    found = operators(partitioned(chain(), rules)).count("annotation.stop_fusion")
    expect(found == 2, f"{found} end: without a rule that starts a region there is none")


@only_convolutions.point
def each_behind_its_convolution(rules: Rules) -> None:
    """each ends right behind its convolution"""
    found = operators(partitioned(chain(), rules))
    for name, behind in zip(found, found[1:]):
        expect(name != "nn.conv2d" or behind in END, f"`{behind}` stands between a convolution and the end")


@only_convolutions.point
def other_rules_as_they_were(rules: Rules) -> None:
    """a sum of two convolutions is partitioned as before"""
    changed = diff(partitioned(fork()), partitioned(fork(), rules))
    expect(not changed, "it has other ends: a rule is gone that has nothing to do with `two`")


ends = Exercise()


@ends.point
def of_a_chain(answer: Count) -> None:
    """two regions end in a chain of two convolutions, each with a relu"""
    found = expect_a(int, answer(partitioned(chain())))
    expect(found == 2, f"`ends` gives {found}: an end is two annotations")


@ends.point
def of_a_fork(answer: Count) -> None:
    """three regions end in a sum of two convolutions"""
    found = expect_a(int, answer(partitioned(fork())))
    expect(found == 3, f"`ends` gives {found}: the sum of two regions is a region, too")


@ends.point
def without_rules(answer: Count) -> None:
    """none ends where no rule is registered"""
    found = expect_a(int, answer(partitioned(chain(), {})))
    expect(found == 0, f"`ends` gives {found}: without rules there are no regions")


@ends.point
def of_int16(answer: Count) -> None:
    """two end in the chain with `dtype_input` at `int16`"""
    found = expect_a(int, answer(partitioned(chain(), dtype_input="int16")))
    expect(found == 2, f"`ends` gives {found}: an end is an end in every dtype")


once = Exercise()


@once.point
def the_first_time(answer: Pass) -> None:
    """a network that is not partitioned comes back partitioned"""
    for mod in chain(), fork():
        found = expect_a(tvm.IRModule, answer(mod))
        expect(not diff(partitioned(mod), found), "it comes back otherwise than from `partition`")


@once.point
def the_second_time(answer: Pass) -> None:
    """a network that is partitioned comes back as it is"""
    for mod in partitioned(chain()), partitioned(fork()):
        new = diff(mod, expect_a(tvm.IRModule, answer(mod))).new
        expect(not new, f"{new} calls in it are new")


@once.point
def one_after_the_other(answer: Pass) -> None:
    """what was done to one network makes no difference to the next"""
    answer(partitioned(chain()))
    found = expect_a(tvm.IRModule, answer(fork()))
    expect(not diff(partitioned(fork()), found), "a network that was never partitioned comes back as it was")
