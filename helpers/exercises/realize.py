"""The exercises of *Realize*."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
import tvm
from torch import nn
from tvm import relay

from helpers.exercises import Exercise, expect, expect_a
from helpers.networks import run, to_relay
from helpers.scales import expressions, operator_of

Rule = Callable[[Any, Any, Any], Any]


@cache
def data() -> np.ndarray:
    """An image."""
    return np.random.default_rng(0).normal(size=(1, 3, 8, 8)).astype("float32")


def quantized(mod: tvm.IRModule, **options: Any) -> tvm.IRModule:
    """The network in integers, with all its convolutions."""
    samples = [{"data": data()}]
    with relay.quantize.qconfig(**{"skip_conv_layers": None, **options}):
        parts = relay.quantize.annotate()(relay.quantize.partition()(mod))
        realized = relay.quantize.realize()(relay.quantize.calibrate(samples)(parts, None))
    return relay.transform.FoldConstant()(realized)


def dtypes(mod: tvm.IRModule, operator: str) -> list[str]:
    """In which dtype each call of an operator is given its first argument."""
    return [str(each.args[0].checked_type.dtype) for each in expressions(mod) if operator_of(each) == operator]


shifts_only = Exercise()


@cache
def chain() -> tvm.IRModule:
    """Two convolutions, each with a bias and a relu."""
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU()
    return to_relay(nn.Sequential(*layers), 1, 3, 8, 8)


@shifts_only.point
def two_convolutions(options: Mapping[str, Any]) -> None:
    "both convolutions read int8"
    found = dtypes(quantized(chain(), **options), "nn.conv2d")
    expect(found == ["int8", "int8"], f"they read {' and '.join(found)}")


@shifts_only.point
def no_64_bits(options: Mapping[str, Any]) -> None:
    "no number of 64 bits is left"
    mod = quantized(chain(), **options)
    values = [each for each in expressions(mod) if isinstance(each, relay.Call | relay.Constant)]
    wide = [operator_of(each) or "a constant" for each in values if str(each.checked_type.dtype) == "int64"]
    expect(not wide, f"{len(wide)} values are of 64 bits, one of them {wide[-1] if wide else ''}")


@shifts_only.point
def about_right(options: Mapping[str, Any]) -> None:
    "the result is within a quarter of that in float"
    exact, found = (run(mod, data()) for mod in (chain(), quantized(chain(), **options)))
    error = float(np.sqrt(np.mean((found - exact) ** 2) / np.mean(exact**2)))
    expect(error < 0.25, f"it is {100 * error:.0f} % off")


requantize = Exercise()
Requantize = Callable[[np.ndarray, int, int], Any]
# 0.8 and 0.75 times a power of two.
FOUR_FIFTHS, THREE_QUARTERS = 1717986918, 1610612736


def gives(answer: Requantize, totals: list[int], multiplier: int, shift: int, because: str) -> None:
    """Whether the answer gives what integers of any size give."""
    places = 31 - shift
    exact = [max(-127, min(127, (total * multiplier + (1 << (places - 1))) >> places)) for total in totals]
    found = expect_a(np.ndarray, answer(np.array(totals, "int32"), multiplier, shift))
    wrong = [at for at, (one, other) in enumerate(zip(exact, found.tolist())) if one != other]
    at = wrong[0] if wrong else 0
    product, became = f"{totals[at]} * {multiplier} / 2**{places}", found.tolist()[at]
    about = totals[at] * multiplier / 2**places
    expect(not wrong, f"{product} is about {about:.6g} and becomes {became}: {because}")


@requantize.point
def small(answer: Requantize) -> None:
    "small sums are multiplied and rounded to the nearest"
    gives(answer, [0, 3, 5, 100, 130], THREE_QUARTERS, -1, "the nearest integer is another one")


@requantize.point
def half_up(answer: Requantize) -> None:
    "a half goes up, below zero as well"
    gives(answer, [4, 12, -4, -12], THREE_QUARTERS, -1, "a half has not gone up")


@requantize.point
def large(answer: Requantize) -> None:
    "sums of 31 bits do not overflow"
    gives(answer, [2**31 - 1, -(2**31), 10**9], FOUR_FIFTHS, -24, "has the product room for 63 bits?")


@requantize.point
def beyond(answer: Requantize) -> None:
    "what is beyond 127 is cut off"
    gives(answer, [1000, -1000, 300], FOUR_FIFTHS, 0, "it is beyond the bounds")


@requantize.point
def in_integers(answer: Requantize) -> None:
    "what is a hair below a half goes down"
    gives(answer, [1715938180], 2068161049, -24, "that is exact with integers, and is not with floats")


@requantize.point
def bytes_(answer: Requantize) -> None:
    "what comes out is an array of `int8`"
    found = expect_a(np.ndarray, answer(np.array([1, 2], "int32"), FOUR_FIFTHS, 0))
    expect(found.dtype == "int8", f"it is one of {found.dtype}")


resize = Exercise()


@cache
def enlarging(*before: nn.Module, mode: str = "nearest") -> tvm.IRModule:
    """These layers, an upsampling and a convolution."""
    torch.manual_seed(0)
    channels = 4 if before else 3
    larger = nn.Upsample(scale_factor=2, mode=mode)
    return to_relay(nn.Sequential(*before, larger, nn.Conv2d(channels, 4, 3, bias=False)), 1, 3, 8, 8)


CONVOLUTION, RELU = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.ReLU()


def hand_on(ref_call: Any, new_args: Any, ctx: Any) -> Any:
    """The annotation rule of what leaves the kind of its argument."""
    return relay.op.get("nn.relu").get_attr("FQAnnotateRewrite")(ref_call, new_args, ctx)


def realized(rule: Rule | None, mod: tvm.IRModule, **options: Any) -> tvm.IRModule:
    """The network in integers, with `rule` for the upsampling, or without any."""
    op = relay.op.get("image.resize2d")
    op.reset_attr("FQAnnotateRewrite")
    op.reset_attr("FQRealizeRewrite")
    tvm.ir.register_op_attr("image.resize2d", "FQAnnotateRewrite", hand_on)
    if rule is not None:
        tvm.ir.register_op_attr("image.resize2d", "FQRealizeRewrite", rule)
    return quantized(mod, **options)


def same(rule: Rule, mod: tvm.IRModule, **options: Any) -> None:
    """Whether the network computes what it computes without the rule."""
    found, expected = (run(realized(each, mod, **options), data()) for each in (rule, None))
    most = float(np.abs(found - expected).max())
    expect(most <= 0.25, f"a number is {most:.3g} off")


@resize.point
def on_bytes(rule: Rule) -> None:
    "behind a convolution and a relu the upsampling reads int8, and the convolution behind it, too"
    mod = realized(rule, enlarging(CONVOLUTION, RELU))
    found = dtypes(mod, "image.resize2d") + dtypes(mod, "nn.conv2d")[1:]
    expect(found == ["int8", "int8"], f"they read {' and '.join(found)}")


@resize.point
def same_numbers(rule: Rule) -> None:
    "the network computes what it computed without the rule"
    same(rule, enlarging(CONVOLUTION, RELU))


@resize.point
def at_its_scale(rule: Rule) -> None:
    "so it does with other scales"
    same(rule, enlarging(CONVOLUTION, RELU), calibrate_mode="percentile", weight_scale="max")


@resize.point
def of_floats(rule: Rule) -> None:
    "an image that is given in float is enlarged in float"
    mod = realized(rule, enlarging())
    found = dtypes(mod, "image.resize2d")
    expect(found == ["float32"], f"it reads {' and '.join(found)}")


@resize.point
def other_methods(rule: Rule) -> None:
    "`linear`, which computes means, stays in float"
    mod = realized(rule, enlarging(CONVOLUTION, RELU, mode="bilinear"))
    found = dtypes(mod, "image.resize2d")
    expect(found == ["float32"], f"it reads {' and '.join(found)}")
