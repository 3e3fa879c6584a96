"""The small networks that checks try answers on, and what the default rules make of them."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import torch
import tvm
from torch import nn
from tvm import relay

from helpers.networks import to_relay
from helpers.registry import DEFAULT_RULES, partition_rules

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


def partitioned(mod: tvm.IRModule, rules: Mapping[str, Any] = DEFAULT_RULES, **config: Any) -> tvm.IRModule:
    """What partition makes of `mod` with these rules and these options of the quantizer."""
    with partition_rules(rules), relay.quantize.qconfig(**config):
        return relay.quantize.partition()(mod)
