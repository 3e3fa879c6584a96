"""The small networks that checks try answers on, and what the default rules make of them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import torch
import tvm
from torch import nn
from tvm import relay

from helpers.exercises.checking import expect
from helpers.networks import run, to_relay
from helpers.registry import DEFAULT_RULES, partition_rules
from helpers.text import operators

END = ["annotation.cast_hint", "annotation.stop_fusion"]


@cache
def chain() -> tvm.IRModule:
    """Two regions of a convolution and a relu each, and an average pooling outside."""
    torch.manual_seed(0)
    first, second = (nn.Conv2d(channels, 4, 3, bias=False) for channels in (3, 4))
    return to_relay(nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), nn.AvgPool2d(2)), 1, 3, 8, 8)


@cache
def fork() -> tvm.IRModule:
    """A sum of two convolutions: three regions end in it."""

    class Fork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = (nn.Conv2d(3, 4, 3, bias=False) for _ in range(2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.left(x) + self.right(x)

    torch.manual_seed(0)
    return to_relay(Fork(), 1, 3, 8, 8)


def sequence(*layers: nn.Module, size: int = 12) -> tvm.IRModule:
    """These layers, one behind another, for an image of three channels."""
    return to_relay(nn.Sequential(*layers), 1, 3, size, size)


def ended(mod: tvm.IRModule) -> list[str]:
    """The operators behind which a region ends; arguments before their users."""
    names: list[str] = []

    def visit(expr: Any) -> None:
        if isinstance(expr, relay.Call) and expr.op == relay.op.get("annotation.cast_hint"):
            inside = expr.args[0]
            names.append(str(inside.op.name) if isinstance(inside, relay.Call) else "the input")

    relay.analysis.post_order_visit(mod["main"], visit)
    return names


def expect_ends(mod: tvm.IRModule, expected: list[str]) -> None:
    """Raise `NotYet` unless the regions end behind these operators, and no others."""
    found = ended(mod)
    network = listed([name for name in operators(mod) if name not in END])
    because = f"regions end behind {listed(found)}" if found else "no region ends"
    expect(found == expected, f"{because}, in a network of {network}")


def expect_same_numbers(before: tvm.IRModule, after: tvm.IRModule) -> None:
    """Raise `NotYet` unless both compute the same of the same input."""
    (given,) = before["main"].params
    data = np.random.default_rng(0).random([int(size) for size in given.checked_type.shape], "float32")
    expect(np.allclose(run(after, data), run(before, data), atol=1e-5), "it computes other numbers")


def listed(names: list[str]) -> str:
    """These names, each as code."""
    return ", ".join(f"`{name}`" for name in names)


def partitioned(mod: tvm.IRModule, rules: Mapping[str, Any] = DEFAULT_RULES, **config: Any) -> tvm.IRModule:
    """What partition makes of `mod` with these rules and these options of the quantizer."""
    expect(isinstance(rules, Mapping), f"it is of class `{type(rules).__name__}`, and no dictionary of rules")
    with partition_rules(rules), relay.quantize.qconfig(**config):
        return relay.quantize.partition()(mod)
