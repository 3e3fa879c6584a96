"""Well-known networks, written from their papers with the module structure that torchvision's users know.

Widths and depths are the papers'; only VGG's hidden dense layers are narrower, as they would fill the memory without
adding a line of text. Images are small. Batch norms have statistics of their own, as if they had been trained.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.image_networks import BasicBlock, InvertedResidual, MobileNetV2, ResNet, conv_norm, shortcut, trained

from .pipeline import Network


class LeNet5(nn.Module):
    """LeCun, Bottou, Bengio and Haffner 1998: tanh and average pools."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2)),
            *(nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2)),
            *(nn.Conv2d(16, 120, 5), nn.Tanh()),
        )
        self.classifier = nn.Sequential(nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))

    def forward(self, x: Tensor) -> Tensor:
        x = self.features(x)
        return self.classifier(x.view(x.size(0), -1))


class AlexNet(nn.Module):
    """Krizhevsky 2014 ("One weird trick"), with narrow dense layers."""

    def __init__(self, hidden: int = 256) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(inplace=True)),
            *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2)),
        )
        self.pool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = dense_head(256 * 36, hidden)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


def dense_head(inputs: int, hidden: int) -> nn.Sequential:
    """Dropout and two hidden dense layers."""
    return nn.Sequential(
        *(nn.Dropout(), nn.Linear(inputs, hidden), nn.ReLU(inplace=True)),
        *(nn.Dropout(), nn.Linear(hidden, hidden), nn.ReLU(inplace=True)),
        nn.Linear(hidden, 1000),
    )


class Vgg(nn.Module):
    """Simonyan and Zisserman 2014: configuration A (VGG-11), with batch norms or without."""

    def __init__(self, norm: bool, hidden: int = 256) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for width in (64, "pool", 128, "pool", 256, 256, "pool", 512, 512, "pool", 512, 512, "pool"):
            if isinstance(width, str):
                layers.append(nn.MaxPool2d(2, 2))
                continue
            norms = [nn.BatchNorm2d(width)] if norm else []
            layers += [nn.Conv2d(channels, width, 3, padding=1), *norms, nn.ReLU(inplace=True)]
            channels = width
        self.features = nn.Sequential(*layers)
        self.pool = nn.AdaptiveAvgPool2d((7, 7))
        self.classifier = nn.Sequential(
            *(nn.Linear(512 * 49, hidden), nn.ReLU(True), nn.Dropout()),
            *(nn.Linear(hidden, hidden), nn.ReLU(True), nn.Dropout()),
            nn.Linear(hidden, 1000),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions around a shortcut; the stride is the 3x3 one's."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, 4 * width, 1, bias=False), nn.BatchNorm2d(4 * width)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = shortcut(inputs, 4 * width, stride)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        out += x if self.downsample is None else self.downsample(x)
        return self.relu(out)


class MobileNetV1(nn.Module):
    """Howard and others 2017: depthwise separable convolutions in a row."""

    def __init__(self) -> None:
        super().__init__()
        plan = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *[(512, 1)] * 5, (1024, 2), (1024, 1)]
        layers, channels = [conv_norm(3, 32, stride=2)], 32
        for width, stride in plan:
            layers += [conv_norm(channels, channels, 3, stride, groups=channels), conv_norm(channels, width, 1)]
            channels = width
        self.features = nn.Sequential(*layers)
        self.pool, self.fc = nn.AvgPool2d(2), nn.Linear(1024, 1000)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.pool(self.features(x)).view(-1, 1024))


class Gate(nn.Module):
    """Hu, Shen and Sun 2017: squeeze, excite, and scale each channel."""

    def __init__(self, channels: int, hidden: int, activation: nn.Module, scale: nn.Module) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1, self.fc2 = nn.Conv2d(channels, hidden, 1), nn.Conv2d(hidden, channels, 1)
        self.activation, self.scale = activation, scale

    def forward(self, x: Tensor) -> Tensor:
        squeezed = self.activation(self.fc1(self.avgpool(x)))
        return self.scale(self.fc2(squeezed)) * x


def eighths(channels: float) -> int:
    """A width rounded to a multiple of eight, not down by more than a tenth."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def hard_gate(channels: int) -> Gate:
    """MobileNetV3's gate: a quarter of the width, hard sigmoid."""
    return Gate(channels, eighths(channels / 4), nn.ReLU(), nn.Hardsigmoid())


V3_SMALL = [
    *[(3, 16, 16, True, "relu", 2), (3, 72, 24, False, "relu", 2), (3, 88, 24, False, "relu", 1)],
    *[(5, 96, 40, True, "swish", 2), (5, 240, 40, True, "swish", 1), (5, 240, 40, True, "swish", 1)],
    *[(5, 120, 48, True, "swish", 1), (5, 144, 48, True, "swish", 1), (5, 288, 96, True, "swish", 2)],
    *[(5, 576, 96, True, "swish", 1), (5, 576, 96, True, "swish", 1)],
]
V3_LARGE = [
    *[(3, 16, 16, False, "relu", 1), (3, 64, 24, False, "relu", 2), (3, 72, 24, False, "relu", 1)],
    *[(5, 72, 40, True, "relu", 2), (5, 120, 40, True, "relu", 1), (5, 120, 40, True, "relu", 1)],
    *[(3, 240, 80, False, "swish", 2), (3, 200, 80, False, "swish", 1), (3, 184, 80, False, "swish", 1)],
    *[(3, 184, 80, False, "swish", 1), (3, 480, 112, True, "swish", 1), (3, 672, 112, True, "swish", 1)],
    *[(5, 672, 160, True, "swish", 2), (5, 960, 160, True, "swish", 1), (5, 960, 160, True, "swish", 1)],
]


class MobileNetV3(nn.Module):
    """Howard and others 2019: hard swish and hard gates."""

    def __init__(self, plan: Sequence[tuple], last: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [conv_norm(3, 16, stride=2, activation=nn.Hardswish)]
        channels = 16
        for kernel, expanded, width, gated, activation, stride in plan:
            settings = {
                "activation": nn.ReLU if activation == "relu" else nn.Hardswish,
                "gate": hard_gate if gated else None,
            }
            layers.append(InvertedResidual(channels, expanded, width, kernel, stride, **settings))
            channels = width
        self.features = nn.Sequential(*layers, conv_norm(channels, 6 * channels, 1, activation=nn.Hardswish))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(
            nn.Linear(6 * channels, last),
            nn.Hardswish(inplace=True),
            nn.Dropout(0.2, inplace=True),
            nn.Linear(last, 1000),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.pool(self.features(x)), 1))


class Fire(nn.Module):
    """SqueezeNet's block."""

    def __init__(self, inputs: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze, self.squeeze_activation = nn.Conv2d(inputs, squeeze, 1), nn.ReLU(inplace=True)
        self.expand1x1, self.expand1x1_activation = nn.Conv2d(squeeze, expand, 1), nn.ReLU(inplace=True)
        self.expand3x3, self.expand3x3_activation = nn.Conv2d(squeeze, expand, 3, padding=1), nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.squeeze_activation(self.squeeze(x))
        one = self.expand1x1_activation(self.expand1x1(x))
        return torch.cat([one, self.expand3x3_activation(self.expand3x3(x))], 1)


class SqueezeNet(nn.Module):
    """Iandola and others 2016, version 1.1: max pools that round up."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 64, 3, 2), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, ceil_mode=True)),
            *(Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2, ceil_mode=True)),
            *(Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2, ceil_mode=True)),
            *(Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256)),
        )
        self.classifier = nn.Sequential(
            nn.Dropout(0.5), nn.Conv2d(512, 1000, 1), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d((1, 1))
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(self.classifier(self.features(x)), 1)


class DenseLayer(nn.Module):
    """Norm, relu and convolution, twice, on everything that came before in the block."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm1, self.relu1 = nn.BatchNorm2d(inputs), nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(inputs, 4 * growth, 1, bias=False)
        self.norm2, self.relu2 = nn.BatchNorm2d(4 * growth), nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)

    def forward(self, earlier: list[Tensor]) -> Tensor:
        x = self.conv1(self.relu1(self.norm1(torch.cat(earlier, 1))))
        return self.conv2(self.relu2(self.norm2(x)))


class DenseBlock(nn.Module):
    """Layers each of which sees all those before it."""

    def __init__(self, depth: int, inputs: int, growth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DenseLayer(inputs + i * growth, growth) for i in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        features = [x]
        for layer in self.layers:
            features.append(layer(features))
        return torch.cat(features, 1)


class DenseNet(nn.Module):
    """Huang, Liu, van der Maaten and Weinberger 2016."""

    def __init__(self, depths: Sequence[int], growth: int = 32) -> None:
        super().__init__()
        channels = 2 * growth
        layers: list[nn.Module] = [
            *(nn.Conv2d(3, channels, 7, 2, 3, bias=False), nn.BatchNorm2d(channels)),
            *(nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)),
        ]
        for index, depth in enumerate(depths):
            layers.append(DenseBlock(depth, channels, growth))
            channels += depth * growth
            layers.append(nn.BatchNorm2d(channels))
            if index < len(depths) - 1:
                layers += [nn.ReLU(inplace=True), nn.Conv2d(channels, channels // 2, 1, bias=False), nn.AvgPool2d(2, 2)]
                channels //= 2
        self.features, self.classifier = nn.Sequential(*layers), nn.Linear(channels, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.features(x), inplace=True)
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, (1, 1)), 1))


class EfficientNet(nn.Module):
    """Tan and Le 2019: B0, with SiLU and gates."""

    def __init__(self) -> None:
        super().__init__()
        plan = [
            *[(1, 3, 16, 1, 1), (6, 3, 24, 2, 2), (6, 5, 40, 2, 2), (6, 3, 80, 3, 2)],
            *[(6, 5, 112, 3, 1), (6, 5, 192, 4, 2), (6, 3, 320, 1, 1)],
        ]
        layers: list[nn.Module] = [conv_norm(3, 32, stride=2, activation=nn.SiLU)]
        channels = 32
        for factor, kernel, width, depth, stride in plan:
            for index in range(depth):
                layers.append(self.block(channels, factor * channels, width, kernel, 1 if index else stride))
                channels = width
        self.features = nn.Sequential(*layers, conv_norm(320, 1280, 1, activation=nn.SiLU))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Dropout(0.2, inplace=True), nn.Linear(1280, 1000))

    @staticmethod
    def block(inputs: int, expanded: int, outputs: int, kernel: int, stride: int) -> InvertedResidual:
        """An inverted residual whose gate is a quarter of the block's input wide."""

        def gate(channels: int) -> Gate:
            return Gate(channels, max(1, inputs // 4), nn.SiLU(), nn.Sigmoid())

        return InvertedResidual(inputs, expanded, outputs, kernel, stride, nn.SiLU, gate)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(torch.flatten(self.avgpool(self.features(x)), 1))


class ConvUnit(nn.Module):
    """Inception's convolution, batch norm and relu, for kernels that need not be square."""

    def __init__(
        self, inputs: int, outputs: int, kernel: int | tuple, stride: int = 1, padding: int | tuple = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outputs, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)), inplace=True)


def averaged(x: Tensor) -> Tensor:
    """The pool of a pool branch: padding counts."""
    return F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)


class InceptionA(nn.Module):
    """1x1, 5x5, double 3x3 and pool."""

    def __init__(self, inputs: int, pooled: int) -> None:
        super().__init__()
        self.one = ConvUnit(inputs, 64, 1)
        self.five = nn.Sequential(ConvUnit(inputs, 48, 1), ConvUnit(48, 64, 5, padding=2))
        self.three = nn.Sequential(
            ConvUnit(inputs, 64, 1), ConvUnit(64, 96, 3, padding=1), ConvUnit(96, 96, 3, padding=1)
        )
        self.pool = ConvUnit(inputs, pooled, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.one(x), self.five(x), self.three(x), self.pool(averaged(x))], 1)


class InceptionB(nn.Module):
    """Half the size: strided 3x3, double 3x3, max pool."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.three = ConvUnit(inputs, 384, 3, stride=2)
        self.twice = nn.Sequential(
            ConvUnit(inputs, 64, 1), ConvUnit(64, 96, 3, padding=1), ConvUnit(96, 96, 3, stride=2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.three(x), self.twice(x), F.max_pool2d(x, kernel_size=3, stride=2)], 1)


class InceptionC(nn.Module):
    """7x7 kernels in two factors, once and twice."""

    def __init__(self, width: int) -> None:
        super().__init__()
        row, column = {"kernel": (1, 7), "padding": (0, 3)}, {"kernel": (7, 1), "padding": (3, 0)}
        self.one = ConvUnit(768, 192, 1)
        self.seven = nn.Sequential(
            ConvUnit(768, width, 1), ConvUnit(width, width, **row), ConvUnit(width, 192, **column)
        )
        self.twice = nn.Sequential(
            *(ConvUnit(768, width, 1), ConvUnit(width, width, **column), ConvUnit(width, width, **row)),
            *(ConvUnit(width, width, **column), ConvUnit(width, 192, **row)),
        )
        self.pool = ConvUnit(768, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.one(x), self.seven(x), self.twice(x), self.pool(averaged(x))], 1)


class InceptionD(nn.Module):
    """Half the size again."""

    def __init__(self) -> None:
        super().__init__()
        self.three = nn.Sequential(ConvUnit(768, 192, 1), ConvUnit(192, 320, 3, stride=2))
        self.seven = nn.Sequential(
            *(ConvUnit(768, 192, 1), ConvUnit(192, 192, (1, 7), padding=(0, 3))),
            *(ConvUnit(192, 192, (7, 1), padding=(3, 0)), ConvUnit(192, 192, 3, stride=2)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.three(x), self.seven(x), F.max_pool2d(x, kernel_size=3, stride=2)], 1)


class Fork(nn.Module):
    """A row kernel and a column kernel side by side."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.row = ConvUnit(inputs, 384, (1, 3), padding=(0, 1))
        self.column = ConvUnit(inputs, 384, (3, 1), padding=(1, 0))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.row(x), self.column(x)], 1)


class InceptionE(nn.Module):
    """The widest block: forks inside branches."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.one = ConvUnit(inputs, 320, 1)
        self.three = nn.Sequential(ConvUnit(inputs, 384, 1), Fork(384))
        self.twice = nn.Sequential(ConvUnit(inputs, 448, 1), ConvUnit(448, 384, 3, padding=1), Fork(384))
        self.pool = ConvUnit(inputs, 192, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.one(x), self.three(x), self.twice(x), self.pool(averaged(x))], 1)


class InceptionV3(nn.Module):
    """Szegedy and others 2015, without the auxiliary head."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            *(ConvUnit(3, 32, 3, stride=2), ConvUnit(32, 32, 3), ConvUnit(32, 64, 3, padding=1), nn.MaxPool2d(3, 2)),
            *(ConvUnit(64, 80, 1), ConvUnit(80, 192, 3), nn.MaxPool2d(3, 2)),
        )
        self.blocks = nn.Sequential(
            *(InceptionA(192, 32), InceptionA(256, 64), InceptionA(288, 64), InceptionB(288)),
            *(InceptionC(width) for width in (128, 160, 160, 192)),
            *(InceptionD(), InceptionE(1280), InceptionE(2048)),
        )
        self.avgpool, self.dropout, self.fc = nn.AdaptiveAvgPool2d((1, 1)), nn.Dropout(), nn.Linear(2048, 1000)

    def forward(self, x: Tensor) -> Tensor:
        x = self.dropout(self.avgpool(self.blocks(self.stem(x))))
        return self.fc(torch.flatten(x, 1))


class GoogLeNetBlock(nn.Module):
    """Szegedy and others 2014: a block with a pool branch, between max pools that round up."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(ConvUnit(3, 64, 7, 2, 3), nn.MaxPool2d(3, stride=2, ceil_mode=True))
        self.one = ConvUnit(64, 64, 1)
        self.three = nn.Sequential(ConvUnit(64, 96, 1), ConvUnit(96, 128, 3, padding=1))
        self.five = nn.Sequential(ConvUnit(64, 16, 1), ConvUnit(16, 32, 3, padding=1))
        self.pool = nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1, ceil_mode=True), ConvUnit(64, 32, 1))
        self.last = nn.MaxPool2d(2, stride=2, ceil_mode=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.last(torch.cat([self.one(x), self.three(x), self.five(x), self.pool(x)], 1))


class ShuffleUnit(nn.Module):
    """ShuffleNetV2's unit (Ma and others 2018): split the channels, work on half, shuffle."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch = nn.Sequential(
            conv_norm(half, half, 1), conv_norm(half, half, groups=half, activation=None), conv_norm(half, half, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        kept, worked = x.chunk(2, dim=1)
        x = torch.cat((kept, self.branch(worked)), dim=1)
        batch, channels, height, width = x.size()
        x = x.view(batch, 2, channels // 2, height, width)
        return torch.transpose(x, 1, 2).contiguous().view(batch, channels, height, width)


class ShuffleNet(nn.Module):
    """A stem, two units and a classifier that takes the mean itself."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_norm(3, 24, stride=2), nn.MaxPool2d(3, 2, 1))
        self.units, self.fc = nn.Sequential(ShuffleUnit(24), ShuffleUnit(24)), nn.Linear(24, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(self.units(self.stem(x)).mean([2, 3]))


class Mixer(nn.Module):
    """An MLP with layer norms, GELU and shortcuts."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.embed = nn.Linear(32, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(0.1), nn.Linear(4 * width, width))
            for _ in range(2)
        )
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.embed(x)
        for norm, block in zip(self.norms, self.blocks, strict=False):
            x = x + block(norm(x))
        return F.log_softmax(self.head(self.norms[-1](x)), dim=-1)


class Autoencoder(nn.Module):
    """Down by strides, up by transposed convolutions and by resizing, with a shortcut across."""

    def __init__(self) -> None:
        super().__init__()
        self.down1, self.down2 = conv_norm(3, 16, stride=2), conv_norm(16, 32, stride=2)
        self.up1 = nn.Sequential(nn.ConvTranspose2d(32, 16, 2, stride=2), nn.BatchNorm2d(16), nn.LeakyReLU(0.1))
        self.up2, self.last = nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(32, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        skip = self.down1(x)
        x = torch.cat([self.up1(self.down2(skip)), skip], 1)
        return torch.sigmoid(self.last(self.up2(x)))


SMALL, MIDDLE, LARGE = ((1, 3, 32, 32),), ((1, 3, 64, 64),), ((1, 3, 96, 96),)

ZOO = {
    "lenet5": Network(LeNet5, ((1, 1, 32, 32),)),
    "alexnet": Network(AlexNet, LARGE),
    "vgg11": Network(lambda: Vgg(norm=False), SMALL),
    "vgg11_bn": Network(lambda: trained(Vgg(norm=True)), SMALL),
    "resnet18": Network(lambda: trained(ResNet(BasicBlock, (2, 2, 2, 2))), MIDDLE),
    "resnet50": Network(lambda: trained(ResNet(Bottleneck, (3, 4, 6, 3))), MIDDLE),
    "mobilenet_v1": Network(lambda: trained(MobileNetV1()), MIDDLE),
    "mobilenet_v2": Network(lambda: trained(MobileNetV2()), MIDDLE),
    "mobilenet_v3_small": Network(lambda: trained(MobileNetV3(V3_SMALL, 1024)), MIDDLE),
    "mobilenet_v3_large": Network(lambda: trained(MobileNetV3(V3_LARGE, 1280)), MIDDLE),
    "squeezenet1_1": Network(SqueezeNet, MIDDLE),
    "densenet121": Network(lambda: trained(DenseNet((6, 12, 24, 16))), MIDDLE),
    "efficientnet_b0": Network(lambda: trained(EfficientNet()), MIDDLE),
    "inception_v3": Network(lambda: trained(InceptionV3()), LARGE),
    "googlenet_block": Network(lambda: trained(GoogLeNetBlock()), ((1, 3, 33, 33),)),
    "shufflenet": Network(lambda: trained(ShuffleNet()), MIDDLE),
    "mlp_layer_norm_gelu": Network(Mixer, ((2, 32),)),
    "mlp_layer_norm_gelu_tokens": Network(Mixer, ((1, 6, 32),)),
    "autoencoder": Network(lambda: trained(Autoencoder()), SMALL),
}
