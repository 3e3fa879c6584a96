"""Nine small networks: each shows one thing that a quantizer must cope with."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .pipeline import Network


class Seed(nn.Module):
    """Two convolutions (the second with a bias), a max pool and three dense layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, kernel_size=3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(16, 16, kernel_size=3, padding=1)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(kernel_size=2)
        self.dense1 = nn.Linear(64, 32, bias=False)
        self.dense2 = nn.Linear(32, 16)
        self.dense3 = nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        x = torch.flatten(self.pool(x), 1)
        x = self.relu(self.dense1(x))
        x = self.relu(self.dense2(x))
        return self.dense3(x)


class ConvBnRelu(nn.Module):
    """A batch norm, with statistics of its own, between two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, kernel_size=3)
        nn.init.uniform_(self.norm.running_mean, -0.2, 0.2)
        nn.init.uniform_(self.norm.running_var, 0.5, 1.5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.norm(self.conv1(x)))
        return torch.relu(self.conv2(x))


class Residual(nn.Module):
    """A ResNet's first block: both operands of the addition come from convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, kernel_size=3, padding=1)
        self.conv1 = nn.Conv2d(8, 8, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        branch = self.conv2(torch.relu(self.conv1(x)))
        return torch.relu(x + branch)


class TwoResiduals(nn.Module):
    """Two such blocks: an operand of the second addition comes out of the first."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, kernel_size=3, padding=1)
        self.blocks = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(8, 8, kernel_size=3, padding=1) for _ in range(2)) for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        for conv1, conv2 in self.blocks:
            branch = conv2(torch.relu(conv1(x)))
            x = torch.relu(x + branch)
        return x


class InvertedResidual(nn.Module):
    """MobileNetV2's block: wide depthwise convolution, relu6, an addition with no activation after it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.stem_norm = nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(8)
        self.expand, self.expand_norm = nn.Conv2d(8, 32, 1, bias=False), nn.BatchNorm2d(32)
        self.depthwise = nn.Conv2d(32, 32, 3, padding=1, groups=32, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(32)
        self.project, self.project_norm = nn.Conv2d(32, 8, 1, bias=False), nn.BatchNorm2d(8)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.stem_norm(self.stem(x)))
        branch = F.relu6(self.expand_norm(self.expand(x)))
        branch = F.relu6(self.depthwise_norm(self.depthwise(branch)))
        return x + self.project_norm(self.project(branch))


class Fire(nn.Module):
    """SqueezeNet's block: squeeze, two ways to expand, and their concatenation."""

    def __init__(self) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(3, 4, kernel_size=1)
        self.expand1x1 = nn.Conv2d(4, 8, kernel_size=1)
        self.expand3x3 = nn.Conv2d(4, 8, kernel_size=3, padding=1)
        self.last = nn.Conv2d(16, 4, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.squeeze(x))
        branches = [torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))]
        return self.last(torch.cat(branches, dim=1))


class SqueezeExcite(nn.Module):
    """EfficientNet's gate: a multiplication whose operands both come from convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 8, kernel_size=3, padding=1)
        self.reduce = nn.Conv2d(8, 4, kernel_size=1)
        self.expand = nn.Conv2d(4, 8, kernel_size=1)
        self.last = nn.Conv2d(8, 4, kernel_size=1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        squeezed = torch.relu(self.reduce(F.adaptive_avg_pool2d(x, 1)))
        gate = torch.sigmoid(self.expand(squeezed))
        return self.last(x * gate)


class Classifier(nn.Module):
    """The tail of most image networks: convolution, global average pool, dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 16, kernel_size=3, stride=2, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dense = nn.Linear(16, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(torch.relu(self.conv(x)))
        return self.dense(torch.flatten(x, 1))


class Mlp(nn.Module):
    """Dense layers alone, and a softmax."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(32, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10), nn.Softmax(dim=-1)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


IMAGE = ((1, 3, 16, 16),)

NETWORKS = {
    "seed": Network(Seed, ((1, 3, 4, 4),)),
    "conv_bn_relu": Network(ConvBnRelu, IMAGE),
    "residual": Network(Residual, IMAGE),
    "two_residuals": Network(TwoResiduals, IMAGE),
    "inverted_residual": Network(InvertedResidual, IMAGE),
    "fire": Network(Fire, IMAGE),
    "squeeze_excite": Network(SqueezeExcite, IMAGE),
    "classifier": Network(Classifier, IMAGE),
    "mlp": Network(Mlp, ((1, 32),)),
}
