"""PyTorch networks as Relay modules, ready for partition: what *From PyTorch to Relay* does step by step.

The blocks are those of networks that people use, with the batch norms folded into the convolutions already.
"""

from __future__ import annotations

import numpy as np
import torch
import tvm
from torch import nn
from tvm import relay


def to_relay(network: nn.Module, *shape: int) -> tvm.IRModule:
    """`network`, for one float32 input of that shape, imported and optimized as the quantizer wants it."""
    network = network.eval()
    with torch.no_grad():
        traced = torch.jit.trace(network, torch.zeros(shape), check_trace=False)
    mod, params = relay.frontend.from_pytorch(traced, [("data", shape)], use_parser_friendly_name=True)
    with tvm.transform.PassContext(opt_level=3):
        return relay.quantize.prerequisite_optimize(mod, params)


def run(mod: tvm.IRModule, data: np.ndarray) -> np.ndarray:
    """What `main`, which takes one tensor and returns one, gives for `data`; on the reference executor."""
    return relay.create_executor("debug", mod=mod).evaluate()(data).numpy()


class Residual(nn.Module):
    """A basic block of ResNet; with a stride, a convolution brings the shortcut to the shape of the branch."""

    def __init__(self, channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, out_channels, 3, stride, padding=1)
        self.second = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.shortcut = nn.Identity() if stride == 1 else nn.Conv2d(channels, out_channels, 1, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branch = self.second(torch.relu(self.first(x)))
        return torch.relu(branch + self.shortcut(x))


class InvertedResidual(nn.Module):
    """A block of MobileNetV2: widen, filter each channel by itself, narrow; no relu behind the last one."""

    def __init__(self, channels: int, expansion: int = 4) -> None:
        super().__init__()
        wide = channels * expansion
        self.widen = nn.Conv2d(channels, wide, 1)
        self.filter = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.narrow = nn.Conv2d(wide, channels, 1)
        self.relu6 = nn.ReLU6()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.narrow(self.relu6(self.filter(self.relu6(self.widen(x)))))


class Fire(nn.Module):
    """A block of SqueezeNet: few channels, and from these two branches whose channels are joined."""

    def __init__(self, channels: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, 1)
        self.one = nn.Conv2d(squeezed, expanded, 1)
        self.three = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.one(x)), torch.relu(self.three(x))], 1)


class Gated(nn.Module):
    """A residual block with squeeze-and-excite: each channel times a gate, which is made of all channels' means."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        self.branch = nn.Conv2d(channels, channels, 3, padding=1)
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.down = nn.Conv2d(channels, channels // reduction, 1)
        self.up = nn.Conv2d(channels // reduction, channels, 1)
        self.gate = nn.Hardsigmoid()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        branch = self.branch(x)
        gate = self.gate(self.up(torch.relu(self.down(self.mean(branch)))))
        return torch.relu(x + branch * gate)


def blocks_in_use() -> dict[str, tvm.IRModule]:
    """Small networks of these blocks, each with a first convolution and a classifier, for images of 3 × 16 × 16."""
    torch.manual_seed(0)
    bodies = {
        "ResNet": [nn.ReLU(), nn.MaxPool2d(2), Residual(16, 16), Residual(16, 32, stride=2)],
        "MobileNetV2": [nn.ReLU6(), InvertedResidual(16), InvertedResidual(16)],
        "SqueezeNet": [nn.ReLU(), Fire(16, 4, 8), nn.MaxPool2d(2), Fire(16, 8, 16)],
        "squeeze-and-excite": [nn.ReLU(), Gated(16), Gated(16)],
    }
    channels = {"ResNet": 32, "MobileNetV2": 16, "SqueezeNet": 32, "squeeze-and-excite": 16}
    made = {}
    for name, body in bodies.items():
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels[name], 10)]
        made[name] = to_relay(nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), *body, *head), 1, 3, 16, 16)
    return made
