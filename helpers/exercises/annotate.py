"""The exercises of *Annotate*."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch
import tvm
from torch import nn
from tvm import relay

from helpers.exercises import Exercise, expect
from helpers.networks import to_relay
from helpers.scales import Scale, expressions, operator_of, scales

Rule = Callable[[Any, Any, Any], Any]


@cache
def classifier() -> tvm.IRModule:
    """Two convolutions, each with a bias, a pooling that has no rule, and a dense layer; as the chapter's `mod`."""
    torch.manual_seed(0)
    first, second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3)
    pooling = nn.AdaptiveAvgPool2d(1), nn.Flatten()
    layers = first, nn.ReLU(), nn.MaxPool2d(2), second, nn.ReLU(), *pooling, nn.Linear(16, 10)
    return to_relay(nn.Sequential(*layers), 1, 3, 12, 12)


def weights(options: Mapping[str, Any]) -> list[str]:
    """The operators of which weights are rounded, with these options."""
    with relay.quantize.qconfig(**options):
        marked = relay.quantize.annotate()(relay.quantize.partition()(classifier()))
    return [mark.reader for mark in scales(marked) if mark.kind == "weight"]


only_dense = Exercise()


@only_dense.point
def the_dense_layer(options: Mapping[str, Any]) -> None:
    "the weights of the dense layer are rounded"
    expect("nn.dense" in weights(options), "there is no mark at them")


@only_dense.point
def its_bias(options: Mapping[str, Any]) -> None:
    "so is its bias"
    found = weights(options)
    expect("add" in found[found.index("nn.dense") :] if "nn.dense" in found else False, "there is no mark behind it")


@only_dense.point
def no_convolution(options: Mapping[str, Any]) -> None:
    "no convolution is rounded"
    found = weights(options).count("nn.conv2d")
    expect(not found, f"{found} of the 2 still are")


narrow_mean = Exercise()


@cache
def pooled(*before: nn.Module) -> tvm.IRModule:
    """These layers, an average pooling and a convolution."""
    torch.manual_seed(0)
    layers = *before, nn.AvgPool2d(2, 1), nn.Conv2d(4, 4, 3, bias=False)
    return to_relay(nn.Sequential(*layers), 1, 4, 12, 12)


CONVOLUTION, RELU, MAXIMUM = nn.Conv2d(4, 4, 3, bias=False), nn.ReLU(), nn.MaxPool2d(2)


def annotated(rule: Rule, *before: nn.Module, skip: list[int] | None = None) -> tvm.IRModule:
    """The network after annotation with `rule` for the average pooling."""
    relay.op.get("nn.avg_pool2d").reset_attr("FQAnnotateRewrite")
    relay.quantize.register_annotate_function("nn.avg_pool2d", rule)
    with relay.quantize.qconfig(skip_conv_layers=skip):
        return relay.quantize.annotate()(pooled(*before))


def around(mod: tvm.IRModule) -> tuple[list[Scale], list[Scale]]:
    """The marks in front of the average pooling, and those behind it."""
    found = scales(mod)
    front = [mark for mark in found if "nn.avg_pool2d" in mark.reader]
    return front, [mark for mark in found if mark.value == "nn.avg_pool2d"]


@narrow_mean.point
def in_front(rule: Rule) -> None:
    "behind a convolution and a relu there is a mark in front of the pooling"
    front, _ = around(annotated(rule, CONVOLUTION, RELU))
    expect(front, "what it reads is not rounded")
    expect(front[0].kind == "input", f"the mark is of the kind {front[0].kind}")


@narrow_mean.point
def none_behind(rule: Rule) -> None:
    "there is none behind it"
    _, behind = around(annotated(rule, CONVOLUTION, RELU))
    expect(not behind, "the next convolution has it rounded, as it is not told that it is narrow")


@narrow_mean.point
def narrow_already(rule: Rule) -> None:
    "behind a max-pool, which gives a narrow value, there is no mark in front of the pooling, and none behind"
    front, behind = around(annotated(rule, CONVOLUTION, RELU, MAXIMUM))
    expect(not front, "a narrow value is rounded again")
    expect(not behind, "it is rounded behind the pooling")


@narrow_mean.point
def in_float(rule: Rule) -> None:
    "where the value in front of it is in float, the pooling is in float"
    front, behind = around(annotated(rule, CONVOLUTION, RELU, skip=[0]))
    expect(not front, "that value is rounded")
    expect(behind, "what it gives is taken for a narrow value")


@narrow_mean.point
def the_same_pooling(rule: Rule) -> None:
    "the pooling itself is the one that it was"
    was, found = (
        [expr.attrs for expr in expressions(mod) if operator_of(expr) == "nn.avg_pool2d"]
        for mod in (pooled(CONVOLUTION, RELU), annotated(rule, CONVOLUTION, RELU))
    )
    same = len(found) == 1 and tvm.ir.structural_equal(was[0], found[0])
    expect(same, "it is gone, or has other attributes")
