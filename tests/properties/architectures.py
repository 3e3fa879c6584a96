"""Small networks of the kinds that people bring, beside those of the zoo: each of another build."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tests.conformance.pipeline import Network
from tests.conformance.zoo import conv_norm, trained


def conv(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)


class Encoder(nn.Module):
    """A transformer's block with its attention written out (Vaswani and others 2017)."""

    def __init__(self, width: int = 32, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.joint, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, count, width = x.shape
        each = width // self.heads
        parts = self.joint(self.norms[0](x)).chunk(3, dim=-1)
        query, key, value = (part.reshape(batch, count, self.heads, each).transpose(1, 2) for part in parts)
        seen = torch.softmax(query @ key.transpose(-2, -1) / each**0.5, dim=-1) @ value
        x = x + self.out(seen.transpose(1, 2).reshape(batch, count, width))
        return x + self.feed(self.norms[1](x))


class VisionTransformer(nn.Module):
    """Patches, a class token, positions (Dosovitskiy and others 2020)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.patches, self.token = nn.Conv2d(3, width, 4, stride=4), nn.Parameter(torch.randn(1, 1, width))
        self.positions = nn.Parameter(torch.randn(1, 17, width))
        self.block, self.norm, self.head = Encoder(width), nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], 1) + self.positions
        return self.head(self.norm(self.block(x))[:, 0])


class UNet(nn.Module):
    """Down by pools, up by transposed convolutions or by resizing, joined across (Ronneberger and others 2015)."""

    def __init__(self, *up: nn.Module) -> None:
        super().__init__()
        self.down = nn.ModuleList(
            nn.Sequential(conv_norm(i, o), conv_norm(o, o)) for i, o in ((3, 8), (8, 16), (16, 32))
        )
        self.up, self.merge = nn.ModuleList(up), nn.ModuleList([conv_norm(32, 16), conv_norm(16, 8)])
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.down[0](x)
        second = self.down[1](F.max_pool2d(first, 2))
        x = self.down[2](F.max_pool2d(second, 2))
        x = self.merge[0](torch.cat([second, self.up[0](x)], 1))
        return self.out(self.merge[1](torch.cat([first, self.up[1](x)], 1)))


def resized(inputs: int, outputs: int, align_corners: bool) -> nn.Module:
    return nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=align_corners), nn.Conv2d(inputs, outputs, 1)
    )


class Gate(nn.Module):
    """Squeeze and excite by dense layers."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(channels, 4), nn.ReLU(), nn.Linear(4, channels), nn.Hardsigmoid(inplace=True)
        )

    def forward(self, x: Tensor) -> Tensor:
        return x * self.layers(x.mean((2, 3)))[:, :, None, None]


class Shuffled(nn.Module):
    """ShuffleNet's two units: grouped 1x1 convolutions, a shuffle, an average pool joined (Zhang and others 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.narrow = conv_norm(3, 24, stride=2), conv_norm(24, 24, 1, groups=3)
        self.depthwise, self.wide = self.pair(1)
        self.strided, self.last = self.pair(2)
        self.head = nn.Linear(48, 10)

    @staticmethod
    def pair(stride: int) -> tuple[nn.Module, nn.Module]:
        return (
            conv_norm(24, 24, 3, stride, groups=24, activation=None),
            conv_norm(24, 24, 1, groups=3, activation=None),
        )

    @staticmethod
    def shuffled(x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        return x.view(batch, 3, channels // 3, height, width).transpose(1, 2).reshape(batch, channels, height, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = torch.relu(x + self.wide(self.depthwise(self.shuffled(self.narrow(x)))))
        half = F.avg_pool2d(x, 3, 2, 1)
        x = torch.relu(torch.cat([half, self.last(self.strided(self.shuffled(x)))], 1))
        return self.head(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class Causal(nn.Module):
    """Dilated convolutions over time, padded at one side, with shortcuts (Bai and others 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(2, 8, 1)
        self.layers = nn.ModuleList(nn.Conv1d(8, 8, 3, dilation=2**i) for i in range(3))

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for i, layer in enumerate(self.layers):
            x = x + torch.relu(layer(F.pad(x, (2 ** (i + 1), 0))))
        return x


class TwoInputs(nn.Module):
    """An image and a vector, which shifts its channels."""

    def __init__(self) -> None:
        super().__init__()
        self.image, self.vector = conv_norm(3, 8), nn.Linear(6, 8)
        self.last, self.head = nn.Conv2d(8, 8, 3), nn.Linear(8, 3)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        x = self.last(self.image(x) + self.vector(y)[:, :, None, None])
        return self.head(torch.relu(x).mean((2, 3)))


class Siamese(nn.Module):
    """The same layers on two images, and how unlike the results are."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(conv_norm(3, 8, stride=2), conv_norm(8, 8, stride=2), nn.AdaptiveAvgPool2d(1))
        self.head = nn.Linear(16, 1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        x, y = self.layers(x).flatten(1), self.layers(y).flatten(1)
        return torch.sigmoid(self.head(torch.cat([torch.abs(x - y), x * y], 1)))


class Pyramid(nn.Module):
    """Two scales added up, one head on both, two results each (Lin and others 2016)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = conv_norm(3, 16, stride=2), conv_norm(16, 32, stride=2)
        self.lateral = nn.ModuleList([nn.Conv2d(16, 16, 1), nn.Conv2d(32, 16, 1)])
        self.classes, self.boxes = conv(16, 6), conv(16, 8)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        fine = self.first(x)
        coarse = self.lateral[1](self.second(fine))
        fine = self.lateral[0](fine) + F.interpolate(coarse, scale_factor=2, mode="nearest")
        found = []
        for level in (fine, coarse):
            classes, boxes = self.classes(level), self.boxes(level)
            found.append(torch.softmax(classes.permute(0, 2, 3, 1).reshape(x.shape[0], -1, 3), -1))
            found.append(boxes.permute(0, 2, 3, 1).reshape(x.shape[0], -1, 4))
        return tuple(found)


class Atrous(nn.Module):
    """DeepLab's head: dilated branches and the image's mean, joined and resized (Chen and others 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.mean = conv_norm(3, 16, stride=2), nn.Sequential(nn.Conv2d(16, 8, 1), nn.ReLU())
        self.branches = nn.ModuleList(nn.Conv2d(16, 8, 3, padding=d, dilation=d) for d in (1, 2, 4))
        self.last = nn.Sequential(conv_norm(32, 8, 1), nn.Conv2d(8, 3, 1))

    def forward(self, x: Tensor) -> Tensor:
        size, x = x.shape[2:], self.stem(x)
        mean = self.mean(F.adaptive_avg_pool2d(x, 1))
        mean = F.interpolate(mean, size=x.shape[2:], mode="bilinear", align_corners=False)
        x = self.last(torch.cat([*(torch.relu(branch(x)) for branch in self.branches), mean], 1))
        return F.interpolate(x, size=size, mode="bilinear", align_corners=False)


class SuperResolution(nn.Module):
    """Scaled residual blocks and a pixel shuffle (Lim and others 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = conv(3, 16), conv(16, 12)
        self.blocks = nn.ModuleList(nn.Sequential(conv(16, 16), nn.ReLU(), conv(16, 16)) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        first = x = self.first(x)
        for block in self.blocks:
            x = x + block(x) * 0.1
        return F.pixel_shuffle(self.last(x + first), 2)


class ConvNext(nn.Module):
    """A wide depthwise convolution, then dense layers on channels that stand last (Liu and others 2022)."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.stem, self.depthwise = nn.Conv2d(3, width, 4, 4), nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm, self.scale = nn.LayerNorm(width), nn.Parameter(torch.full((width,), 0.5))
        self.dense = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.head = nn.Linear(width, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        block = self.scale * self.dense(self.norm(self.depthwise(x).permute(0, 2, 3, 1)))
        return self.head((x + block.permute(0, 3, 1, 2)).mean((2, 3)))


class Detector(nn.Module):
    """YOLO's parts: slices of the image joined, branches joined, a pyramid of pools (Jocher 2020)."""

    def __init__(self) -> None:
        super().__init__()
        self.focus = conv_norm(12, 16, activation=nn.SiLU)
        self.left, self.right = (conv_norm(16, 8, 1, activation=nn.SiLU) for _ in range(2))
        self.inner, self.pools = conv_norm(8, 8, activation=nn.SiLU), conv_norm(64, 16, 1, activation=nn.SiLU)
        self.out = nn.Conv2d(16, 21, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2], x[..., ::2, 1::2], x[..., 1::2, 1::2]], 1)
        x = self.focus(x)
        left = self.left(x)
        x = torch.cat([left + self.inner(left), self.right(x)], 1)
        x = self.out(self.pools(torch.cat([x, *(F.max_pool2d(x, k, 1, k // 2) for k in (5, 9, 13))], 1)))
        batch, _, height, width = x.shape
        return torch.sigmoid(x.view(batch, 3, 7, height, width).permute(0, 1, 3, 4, 2))


class Sentences(nn.Module):
    """Embedded words under convolutions of several lengths (Kim 2014)."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.head = nn.Embedding(50, 16), nn.Linear(24, 2)
        self.convolutions = nn.ModuleList(nn.Conv1d(16, 8, length) for length in (3, 4, 5))

    def forward(self, words: Tensor) -> Tensor:
        x = self.embedding(words).transpose(1, 2)
        return self.head(torch.cat([torch.relu(layer(x)).max(2).values for layer in self.convolutions], 1))


class NonLocal(nn.Module):
    """Attention among the pixels, between convolutions (Wang and others 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.out, self.last = conv_norm(3, 16, stride=2), nn.Conv2d(16, 16, 1), nn.Conv2d(16, 4, 3)
        self.query, self.key, self.value = (nn.Conv2d(16, channels, 1) for channels in (8, 8, 16))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        query, key, value = (layer(x).flatten(2) for layer in (self.query, self.key, self.value))
        seen = torch.softmax(torch.bmm(query.transpose(1, 2), key), -1)
        return self.last(x + self.out(torch.bmm(value, seen.transpose(1, 2)).view(x.shape)))


class Attended(nn.Module):
    """Gates over channels and over places (Woo and others 2018)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.last, self.place = conv_norm(3, 16), nn.Conv2d(16, 4, 3), conv(2, 1, 7)
        self.shared = nn.Sequential(nn.Conv2d(16, 4, 1), nn.ReLU(), nn.Conv2d(4, 16, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        mean, largest = self.shared(F.adaptive_avg_pool2d(x, 1)), self.shared(F.adaptive_max_pool2d(x, 1))
        x = x * torch.sigmoid(mean + largest)
        places = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return self.last(x * torch.sigmoid(self.place(places)))


class TwoScales(nn.Module):
    """Two resolutions that exchange what they found (Wang and others 2019)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.down = conv_norm(3, 8), conv_norm(8, 16, stride=2)
        self.fine, self.coarse = conv_norm(8, 8), conv_norm(16, 16)
        self.finer = conv_norm(16, 8, 1, activation=None)
        self.coarser = conv_norm(8, 16, stride=2, activation=None)
        self.out = nn.Conv2d(24, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        fine = self.stem(x)
        coarse = self.coarse(self.down(fine))
        fine = self.fine(fine)
        up = F.interpolate(self.finer(coarse), scale_factor=2, mode="nearest")
        fine, coarse = torch.relu(fine + up), torch.relu(coarse + self.coarser(fine))
        coarse = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(torch.cat([fine, coarse], 1))


class Ghost(nn.Module):
    """Half of the channels computed from the other half (Han and others 2019)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.primary = conv_norm(3, 16, stride=2), conv_norm(16, 12, 1)
        self.cheap, self.out = conv_norm(12, 12, groups=12), conv_norm(24, 16, 1, activation=None)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        primary = self.primary(x)
        return x + self.out(torch.cat([primary, self.cheap(primary)], 1)[:, :24])


class Overparametrized(nn.Module):
    """Three branches summed up, one of them a norm alone (Ding and others 2021)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm, self.out = conv_norm(3, 16, stride=2), nn.BatchNorm2d(16), conv_norm(16, 8)
        self.square, self.point = (conv_norm(16, 16, kernel, activation=None) for kernel in (3, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        return self.out(torch.relu(self.square(x) + self.point(x) + self.norm(x)))


def hard_swish() -> nn.Module:
    return nn.Sequential(
        conv_norm(3, 16, stride=2, activation=nn.Hardswish),
        *(conv_norm(16, 16, groups=16, activation=nn.Hardswish), Gate(16), conv_norm(16, 24, 1, activation=None)),
        *(conv_norm(24, 24, 1, activation=nn.Hardswish), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 10)),
    )


def series() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv1d(2, 16, 7, 2, 3), nn.BatchNorm1d(16), nn.ReLU(), nn.MaxPool1d(2)),
        *(nn.Conv1d(16, 32, 3, padding=2, dilation=2), nn.BatchNorm1d(32), nn.ReLU()),
        *(nn.Conv1d(32, 32, 3, padding=1, groups=4), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten()),
        nn.Linear(32, 5),
    )


def volume() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv3d(1, 8, 3, padding=1), nn.BatchNorm3d(8), nn.ReLU(), nn.MaxPool3d(2)),
        *(nn.Conv3d(8, 16, (1, 3, 3), padding=(0, 1, 1)), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten()),
        nn.Linear(16, 4),
    )


def activations() -> nn.Module:
    return nn.Sequential(
        *(conv(3, 8), nn.PReLU(8), conv(8, 8), nn.PReLU(), conv(8, 8), nn.LeakyReLU(0.1), conv(8, 8), nn.ELU()),
        *(conv(8, 8), nn.SiLU(), conv(8, 8), nn.Mish(), conv(8, 8), nn.Softplus(), conv(8, 4), nn.Tanh()),
    )


def norms() -> nn.Module:
    return nn.Sequential(
        *(conv(3, 16), nn.GroupNorm(4, 16), nn.ReLU(), conv(16, 16), nn.InstanceNorm2d(16, affine=True), nn.ReLU()),
        *(conv(16, 16), nn.LocalResponseNorm(5), nn.MaxPool2d(3, 2), conv(16, 8)),
    )


def generator() -> nn.Module:
    return nn.Sequential(
        *(nn.ConvTranspose2d(16, 32, 4, 1, 0, bias=False), nn.BatchNorm2d(32), nn.ReLU(True)),
        *(nn.ConvTranspose2d(32, 16, 4, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(True)),
        *(nn.ConvTranspose2d(16, 3, 4, 2, 1), nn.Tanh()),
    )


def painter() -> nn.Module:
    return nn.Sequential(
        *(nn.ReflectionPad2d(4), nn.Conv2d(3, 8, 9), nn.InstanceNorm2d(8, affine=True), nn.ReLU()),
        *(nn.ReflectionPad2d(1), nn.Conv2d(8, 16, 3, 2), nn.ReLU(), nn.Upsample(scale_factor=2)),
        *(nn.ReplicationPad2d(1), nn.Conv2d(16, 8, 3), nn.ReLU(), nn.Conv2d(8, 3, 3, padding=1)),
    )


def uneven() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 8, (1, 5), (1, 2), (0, 2)), nn.ReLU6(), nn.Conv2d(8, 8, (5, 1), (2, 1), (2, 0), groups=2)),
        *(nn.ReLU6(), nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False)),
        *(nn.Conv2d(8, 8, 3, padding="same"), nn.ReLU(), nn.Conv2d(8, 4, 2, padding=1, padding_mode="circular")),
    )


IMAGE = ((1, 3, 16, 16),)

ARCHITECTURES = {
    "encoder": Network(Encoder, ((2, 6, 32),)),
    "encoder_layer": Network(lambda: nn.TransformerEncoderLayer(32, 4, 64, batch_first=True), ((2, 6, 32),)),
    "vision_transformer": Network(VisionTransformer, IMAGE),
    "unet": Network(
        lambda: trained(UNet(nn.ConvTranspose2d(32, 16, 2, 2), nn.ConvTranspose2d(16, 8, 3, 2, 1, 1))), IMAGE
    ),
    "unet_resized": Network(lambda: trained(UNet(resized(32, 16, True), resized(16, 8, False))), IMAGE),
    "hard_swish": Network(lambda: trained(hard_swish()), IMAGE),
    "shuffled": Network(lambda: trained(Shuffled()), IMAGE),
    "series": Network(series, ((2, 2, 64),)),
    "causal": Network(Causal, ((1, 2, 32),)),
    "volume": Network(volume, ((1, 1, 8, 8, 8),)),
    "two_inputs": Network(lambda: trained(TwoInputs()), ((1, 3, 8, 8), (1, 6))),
    "siamese": Network(lambda: trained(Siamese()), ((1, 3, 16, 16), (1, 3, 16, 16))),
    "pyramid": Network(lambda: trained(Pyramid()), ((3, 3, 16, 16),)),
    "atrous": Network(lambda: trained(Atrous()), IMAGE),
    "activations": Network(activations, IMAGE),
    "norms": Network(norms, IMAGE),
    "super_resolution": Network(SuperResolution, IMAGE),
    "convnext": Network(ConvNext, IMAGE),
    "detector": Network(lambda: trained(Detector()), ((1, 3, 32, 32),)),
    "generator": Network(lambda: trained(generator()), ((2, 16, 1, 1),)),
    "painter": Network(painter, IMAGE),
    "sentences": Network(Sentences, (((2, 12), "int64"),)),
    "non_local": Network(lambda: trained(NonLocal()), IMAGE),
    "attended": Network(lambda: trained(Attended()), IMAGE),
    "two_scales": Network(lambda: trained(TwoScales()), IMAGE),
    "ghost": Network(lambda: trained(Ghost()), IMAGE),
    "overparametrized": Network(lambda: trained(Overparametrized()), IMAGE),
    "uneven": Network(uneven, IMAGE),
}
