"""The exercises of *Calibrate*."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tvm
from tvm import relay

from helpers.exercises import Exercise, expect
from helpers.scales import scales

Samples = Sequence[Mapping[str, Any]]


def reach(mod: tvm.IRModule) -> float:
    """The one threshold of all activations."""
    found = {each.threshold for each in scales(mod) if each.of_activation}
    expect(None not in found, "there are scales without a value: calibrate it")
    expect(len(found) == 1, f"there are {len(found)} different ones")
    return float(found.pop() or 0)


def largest(mod: tvm.IRModule, samples: Samples) -> float:
    """The largest magnitude that is rounded on these samples."""
    return max(
        float(np.abs(values).max())
        for chunk in relay.quantize._calibrate.collect_stats(mod, samples)
        for values in chunk
    )


nothing_cut_off = Exercise()


@nothing_cut_off.point
def one_for_all(mod: tvm.IRModule, samples: Samples) -> None:
    "all activations have one threshold"
    reach(mod)


@nothing_cut_off.point
def a_power_of_two(mod: tvm.IRModule, samples: Samples) -> None:
    "it is a power of two"
    expect(np.frexp(reach(mod))[0] == 0.5, f"it is {reach(mod):g}")


@nothing_cut_off.point
def high_enough(mod: tvm.IRModule, samples: Samples) -> None:
    "no value on the samples is beyond it"
    most = largest(mod, samples)
    expect(most <= reach(mod), f"it is {reach(mod):g}, and the largest magnitude {most:.3g}")


@nothing_cut_off.point
def the_least(mod: tvm.IRModule, samples: Samples) -> None:
    "half of it would not do"
    expect(largest(mod, samples) > reach(mod) / 2, f"{reach(mod) / 2:g} would cut nothing off either")


least_squares = Exercise()
Find = Callable[[np.ndarray, int], float]


def error(values: np.ndarray, threshold: float, bits: int) -> float:
    """The sum of the squared errors of rounding to so many bits."""
    levels = 2 ** (bits - 1)
    steps = np.clip(np.round(values / threshold * levels), 1 - levels, levels - 1)
    return float(np.square(steps * threshold / levels - values).sum())


def close(find: Find, values: np.ndarray, bits: int) -> None:
    """Whether the threshold is about as good as the best of many."""
    found = float(find(values.copy(), bits))
    expect(found > 0, f"the threshold for some values is {found:g}")
    most = float(np.abs(values).max())
    best = min(most * np.linspace(0.01, 1.2, 600), key=lambda each: error(values, each, bits))
    ratio = error(values, found, bits) / error(values, best, bits)
    where = "lower" if found > best else "higher"
    expect(ratio < 1.02, f"the error is {ratio:.3g} times the least one, which is at a {where} threshold")


@least_squares.point
def of_4_bits(find: Find) -> None:
    "with 4 bits it is right for values of which a few are far out"
    close(find, np.random.default_rng(1).laplace(size=4000), 4)


@least_squares.point
def of_8_bits(find: Find) -> None:
    "with 8 bits it is right for the same values"
    close(find, np.random.default_rng(1).laplace(size=4000), 8)


@least_squares.point
def evenly_spread(find: Find) -> None:
    "with 4 bits it is right for values that are spread evenly"
    close(find, np.random.default_rng(2).uniform(-3, 3, size=4000), 4)


@least_squares.point
def never_negative(find: Find) -> None:
    "with 4 bits it is right for values behind a relu"
    close(find, np.maximum(np.random.default_rng(3).normal(scale=50, size=4000), 0).astype("float32"), 4)
