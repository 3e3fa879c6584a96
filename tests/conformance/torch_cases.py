"""PyTorch operators, one small module for each way to call them that image networks and MLPs use.

Some are left out because the genuine Relay gets them wrong: it ignores `alpha` in `torch.add`, `rounding_mode` in
`torch.div` and `approximate` in `gelu`, and an input that two lists hold becomes two parameters.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .pipeline import Network

IMAGE = (1, 4, 9, 8)
EVEN = (1, 4, 8, 8)


class Calls(nn.Module):
    """A module whose `forward` is the given function."""

    def __init__(self, function: Callable) -> None:
        super().__init__()
        self.function = function

    def forward(self, *inputs: Tensor) -> object:
        return self.function(*inputs)


class BetweenConvolutions(nn.Module):
    """A layer, or a function, between two convolutions, where partition meets it."""

    def __init__(self, inner: Callable, channels: int) -> None:
        super().__init__()
        self.first, self.inner = nn.Conv2d(4, 8, 3, padding=1), inner
        self.last = nn.Conv2d(channels, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.inner(torch.relu(self.first(x))))


def call(function: Callable, *inputs: tuple) -> Network:
    """A network of one function."""
    return Network(lambda: Calls(function), inputs or (IMAGE,))


def layer(build: Callable[[], nn.Module], *inputs: tuple) -> Network:
    """A network of one layer."""
    return Network(build, inputs or (IMAGE,))


def between(build: Callable[[], Callable], channels: int = 8) -> Network:
    """The layer between two convolutions."""
    return Network(lambda: BetweenConvolutions(build(), channels), (EVEN,))


def _norm(norm: nn.Module) -> nn.Module:
    """Statistics and affine parameters of its own, so that nothing folds to one or zero."""
    with torch.no_grad():
        for name in ("running_mean", "bias"):
            if getattr(norm, name, None) is not None:
                getattr(norm, name).uniform_(-0.3, 0.3)
        for name in ("running_var", "weight"):
            if getattr(norm, name, None) is not None:
                getattr(norm, name).uniform_(0.5, 1.5)
    return norm


class Shared(nn.Module):
    """One convolution called twice, and one called on two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.conv(torch.relu(self.conv(x))) + self.conv(y)


class SharedNorm(nn.Module):
    """One batch norm after two convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.norm = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1, bias=False), _norm(nn.BatchNorm2d(4))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.norm(self.b(torch.relu(self.norm(self.a(x))))))


class Unused(nn.Module):
    """A layer that forward never calls, and a buffer that it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.used, self.unused = nn.Linear(8, 4), nn.Linear(4, 4)
        self.register_buffer("offset", torch.linspace(0, 1, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.used(x) + self.offset


class NamedParameters(nn.Module):
    """Lists and dictionaries of parameters, and names with underscores and numbers."""

    NAMES = ("w1", "_3", "v1_2", "my_scale", "running_mean_2", "z_")

    def __init__(self) -> None:
        super().__init__()
        for name in self.NAMES:
            setattr(self, name, nn.Parameter(torch.randn(8)))
        self.several = nn.ParameterList(nn.Parameter(torch.randn(8)) for _ in range(2))
        self.nested = nn.ModuleList([nn.ParameterList([nn.Parameter(torch.randn(8))])])
        self.by_name = nn.ParameterDict({"gain": nn.Parameter(torch.randn(8)), "7": nn.Parameter(torch.randn(8))})

    def forward(self, x: Tensor) -> Tensor:
        for name in self.NAMES:
            x = x * getattr(self, name)
        x = x + self.several[0] - self.several[1] * self.nested[0][0]
        return x * self.by_name["gain"] + self.by_name["7"]


class Parameters(nn.Module):
    """Parameters used in plain arithmetic: a scale for each channel, a temperature."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.rand(1, 4, 1, 1))
        self.temperature = nn.Parameter(torch.tensor(0.5))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.scale / self.temperature


class Tied(nn.Module):
    """Two layers with one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        self.b.weight = self.a.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.b(torch.relu(self.a(x)))


class Attention(nn.Module):
    """Self-attention with one head, written out."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.bmm(self.query(x), self.key(x).transpose(1, 2)) / 8**0.5
        return torch.bmm(torch.softmax(scores, -1), self.value(x))


CONVOLUTIONS = {
    "conv2d": layer(lambda: nn.Conv2d(4, 6, 3)),
    "conv2d_no_bias": layer(lambda: nn.Conv2d(4, 6, 3, bias=False)),
    "conv2d_stride": layer(lambda: nn.Conv2d(4, 6, 3, stride=2, padding=1)),
    "conv2d_two": layer(lambda: nn.Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(1, 0), dilation=(2, 1))),
    "conv2d_dilation": layer(lambda: nn.Conv2d(4, 6, 3, dilation=2, padding=2)),
    "conv2d_groups": layer(lambda: nn.Conv2d(4, 6, 3, groups=2)),
    "conv2d_depthwise": layer(lambda: nn.Conv2d(4, 4, 3, padding=1, groups=4)),
    "conv2d_depthwise_multiplier": layer(lambda: nn.Conv2d(4, 8, 3, padding=1, groups=4, bias=False)),
    "conv2d_same": layer(lambda: nn.Conv2d(4, 6, 3, padding="same")),
    "conv2d_same_even": layer(lambda: nn.Conv2d(4, 6, 2, padding="same")),
    "conv2d_valid": layer(lambda: nn.Conv2d(4, 6, 3, padding="valid")),
    "conv2d_reflect": layer(lambda: nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect")),
    "conv2d_batch": layer(lambda: nn.Conv2d(4, 6, 1), (3, 4, 5, 5)),
    "conv1d": layer(lambda: nn.Conv1d(4, 6, 3, padding=1), (1, 4, 9)),
    "conv1d_groups": layer(lambda: nn.Conv1d(4, 4, 3, groups=4, stride=2, bias=False), (1, 4, 9)),
    "conv3d": layer(lambda: nn.Conv3d(2, 3, 3, padding=1), (1, 2, 4, 5, 6)),
    "conv_transpose2d": layer(lambda: nn.ConvTranspose2d(4, 6, 3)),
    "conv_transpose2d_stride": layer(lambda: nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1)),
    "conv_transpose2d_groups": layer(lambda: nn.ConvTranspose2d(4, 4, 2, stride=2, groups=2, bias=False)),
    "conv_transpose1d": layer(lambda: nn.ConvTranspose1d(4, 6, 3, stride=2), (1, 4, 9)),
}

DENSE = {
    "linear": layer(lambda: nn.Linear(8, 5), (2, 8)),
    "linear_no_bias": layer(lambda: nn.Linear(8, 5, bias=False), (2, 8)),
    "linear_three": layer(lambda: nn.Linear(8, 5), (2, 3, 8)),
    "linear_three_no_bias": layer(lambda: nn.Linear(8, 5, bias=False), (2, 3, 8)),
    "linear_four": layer(lambda: nn.Linear(8, 5), (1, 2, 3, 8)),
    "linear_functional": call(lambda x, w: F.linear(x, w), (2, 8), (5, 8)),
    "matmul": call(torch.matmul, (2, 8), (8, 5)),
    "matmul_three": call(torch.matmul, (3, 2, 8), (3, 8, 5)),
    "matmul_four": call(torch.matmul, (1, 3, 2, 8), (1, 3, 8, 5)),
    "matmul_broadcast": call(torch.matmul, (3, 2, 8), (8, 5)),
    "matmul_operator": call(lambda x, y: x @ y, (2, 8), (8, 5)),
    "mm": call(torch.mm, (2, 8), (8, 5)),
    "bmm": call(torch.bmm, (3, 2, 8), (3, 8, 5)),
    "addmm": call(torch.addmm, (2, 5), (2, 8), (8, 5)),
    "addmm_alpha": call(lambda b, x, y: torch.addmm(b, x, y, beta=0.5, alpha=2.0), (2, 5), (2, 8), (8, 5)),
    "baddbmm": call(torch.baddbmm, (3, 2, 5), (3, 2, 8), (3, 8, 5)),
    "einsum": call(lambda x, y: torch.einsum("bij,bjk->bik", x, y), (3, 2, 8), (3, 8, 5)),
    "dot_product_attention": call(F.scaled_dot_product_attention, (1, 2, 6, 8), (1, 2, 6, 8), (1, 2, 6, 8)),
    "attention": layer(Attention, (1, 6, 8)),
}

NORMS = {
    "batch_norm2d": layer(lambda: _norm(nn.BatchNorm2d(4))),
    "batch_norm2d_eps": layer(lambda: _norm(nn.BatchNorm2d(4, eps=1e-3))),
    "batch_norm2d_not_affine": layer(lambda: _norm(nn.BatchNorm2d(4, affine=False))),
    "batch_norm2d_no_statistics": layer(lambda: _norm(nn.BatchNorm2d(4, track_running_stats=False))),
    "batch_norm1d": layer(lambda: _norm(nn.BatchNorm1d(4)), (2, 4)),
    "batch_norm1d_three": layer(lambda: _norm(nn.BatchNorm1d(4)), (2, 4, 5)),
    "layer_norm": layer(lambda: _norm(nn.LayerNorm(8))),
    "layer_norm_two": layer(lambda: _norm(nn.LayerNorm([9, 8]))),
    "layer_norm_plain": layer(lambda: nn.LayerNorm(8, elementwise_affine=False)),
    "layer_norm_eps": layer(lambda: _norm(nn.LayerNorm(8, eps=1e-6)), (2, 3, 8)),
    "group_norm": layer(lambda: _norm(nn.GroupNorm(2, 4))),
    "instance_norm2d": layer(lambda: _norm(nn.InstanceNorm2d(4))),
    "instance_norm2d_affine": layer(lambda: _norm(nn.InstanceNorm2d(4, affine=True))),
    "local_response_norm": layer(lambda: nn.LocalResponseNorm(3)),
    "normalize": call(lambda x: F.normalize(x, dim=1)),
    "dropout": layer(lambda: nn.Dropout(0.2)),
    "dropout2d": layer(lambda: nn.Dropout2d(0.2)),
    "dropout_functional": call(lambda x: F.dropout(x, 0.3, training=False)),
    "feature_dropout": layer(lambda: nn.FeatureAlphaDropout(0.2)),
}

ACTIVATIONS = {
    "relu": layer(nn.ReLU),
    "relu_inplace": layer(lambda: nn.ReLU(inplace=True)),
    "relu_method": call(lambda x: x.relu()),
    "relu6": layer(nn.ReLU6),
    "relu6_inplace": layer(lambda: nn.ReLU6(inplace=True)),
    "leaky_relu": layer(lambda: nn.LeakyReLU(0.2)),
    "leaky_relu_inplace": layer(lambda: nn.LeakyReLU(0.1, inplace=True)),
    "prelu": layer(nn.PReLU),
    "prelu_channels": layer(lambda: nn.PReLU(4)),
    "elu": layer(lambda: nn.ELU(0.7)),
    "selu": layer(nn.SELU),
    "celu": layer(lambda: nn.CELU(0.7)),
    "gelu": layer(nn.GELU),
    "silu": layer(nn.SiLU),
    "silu_inplace": layer(lambda: nn.SiLU(inplace=True)),
    "mish": layer(nn.Mish),
    "hardtanh": layer(lambda: nn.Hardtanh(-2.0, 3.0)),
    "hardtanh_inplace": layer(lambda: nn.Hardtanh(inplace=True)),
    "hardswish": layer(nn.Hardswish),
    "hardswish_inplace": layer(lambda: nn.Hardswish(inplace=True)),
    "hardsigmoid": layer(nn.Hardsigmoid),
    "hardsigmoid_inplace": layer(lambda: nn.Hardsigmoid(inplace=True)),
    "hardshrink": layer(nn.Hardshrink),
    "sigmoid": layer(nn.Sigmoid),
    "sigmoid_method": call(lambda x: x.sigmoid()),
    "sigmoid_inplace": call(lambda x: torch.exp(x).sigmoid_()),
    "log_sigmoid": layer(nn.LogSigmoid),
    "tanh": layer(nn.Tanh),
    "softmax": layer(lambda: nn.Softmax(dim=1)),
    "softmax_last": layer(lambda: nn.Softmax(dim=-1), (2, 8)),
    "log_softmax": layer(lambda: nn.LogSoftmax(dim=1)),
    "softplus": layer(nn.Softplus),
    "softplus_beta": layer(lambda: nn.Softplus(beta=2.0, threshold=10.0)),
    "softsign": layer(nn.Softsign),
    "glu": layer(lambda: nn.GLU(1)),
    "threshold": layer(lambda: nn.Threshold(0.1, 0.0)),
}

POOLS = {
    "max_pool2d": layer(lambda: nn.MaxPool2d(2)),
    "max_pool2d_stride": layer(lambda: nn.MaxPool2d(3, stride=2, padding=1)),
    "max_pool2d_two": layer(lambda: nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0))),
    "max_pool2d_ceil": layer(lambda: nn.MaxPool2d(2, ceil_mode=True)),
    "max_pool2d_ceil_stride": layer(lambda: nn.MaxPool2d(3, stride=2, ceil_mode=True), (1, 4, 8, 8)),
    "max_pool2d_dilation": layer(lambda: nn.MaxPool2d(2, dilation=2)),
    "max_pool2d_functional": call(lambda x: F.max_pool2d(x, 2, 2)),
    "max_pool1d": layer(lambda: nn.MaxPool1d(3, stride=2, padding=1), (1, 4, 9)),
    "max_pool3d": layer(lambda: nn.MaxPool3d(2), (1, 2, 4, 4, 6)),
    "avg_pool2d": layer(lambda: nn.AvgPool2d(2)),
    "avg_pool2d_padding": layer(lambda: nn.AvgPool2d(3, stride=2, padding=1)),
    "avg_pool2d_without_pad": layer(lambda: nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)),
    "avg_pool2d_ceil": layer(lambda: nn.AvgPool2d(2, ceil_mode=True)),
    "avg_pool2d_functional": call(lambda x: F.avg_pool2d(x, kernel_size=3, stride=1, padding=1)),
    "avg_pool1d": layer(lambda: nn.AvgPool1d(3, stride=2), (1, 4, 9)),
    "avg_pool3d": layer(lambda: nn.AvgPool3d(2), (1, 2, 4, 4, 6)),
    "adaptive_avg_pool2d": layer(lambda: nn.AdaptiveAvgPool2d(1)),
    "adaptive_avg_pool2d_two": layer(lambda: nn.AdaptiveAvgPool2d((3, 2))),
    "adaptive_avg_pool2d_none": layer(lambda: nn.AdaptiveAvgPool2d((None, 2))),
    "adaptive_avg_pool2d_same": layer(lambda: nn.AdaptiveAvgPool2d((9, 8))),
    "adaptive_avg_pool1d": layer(lambda: nn.AdaptiveAvgPool1d(3), (1, 4, 9)),
    "adaptive_max_pool2d": layer(lambda: nn.AdaptiveMaxPool2d(1)),
    "adaptive_max_pool2d_two": layer(lambda: nn.AdaptiveMaxPool2d((3, 2))),
    "adaptive_max_pool1d": layer(lambda: nn.AdaptiveMaxPool1d(3), (1, 4, 9)),
    "adaptive_avg_pool3d": layer(lambda: nn.AdaptiveAvgPool3d(1), (1, 2, 4, 4, 6)),
}

SHAPES = {
    "flatten": call(lambda x: x.flatten(1)),
    "flatten_layer": layer(nn.Flatten),
    "flatten_all": call(torch.flatten),
    "flatten_middle": call(lambda x: x.flatten(1, 2)),
    "flatten_negative": call(lambda x: torch.flatten(x, start_dim=-2)),
    "unflatten": call(lambda x: x.unflatten(1, (2, 2))),
    "view": call(lambda x: x.view(1, 36, 8)),
    "view_minus_one": call(lambda x: x.view(1, -1)),
    "view_size": call(lambda x: x.view(x.size(0), -1)),
    "view_shape": call(lambda x: x.view(x.shape[0], x.shape[1] * x.shape[2], x.shape[3])),
    "view_size_arithmetic": call(lambda x: x.view(x.size(0), 2, x.size(1) // 2, x.size(2), x.size(3))),
    "view_as": call(lambda x, y: x.view_as(y), (2, 6), (3, 4)),
    "reshape": call(lambda x: x.reshape(4, 72)),
    "reshape_size": call(lambda x: x.reshape(x.size(0), -1)),
    "reshape_function": call(lambda x: torch.reshape(x, (-1,))),
    "reshape_as": call(lambda x, y: x.reshape_as(y), (2, 6), (3, 4)),
    "permute": call(lambda x: x.permute(0, 2, 3, 1)),
    "permute_function": call(lambda x: torch.permute(x, (0, 3, 1, 2))),
    "transpose": call(lambda x: x.transpose(1, 2)),
    "transpose_negative": call(lambda x: x.transpose(-2, -1)),
    "t": call(lambda x: x.t(), (2, 3)),
    "numpy_t": call(lambda x: x.T, (2, 3)),
    "contiguous": call(lambda x: x.permute(0, 2, 3, 1).contiguous()),
    "channels_last": call(lambda x: x.contiguous(memory_format=torch.channels_last)),
    "squeeze": call(lambda x: x.squeeze(), (1, 4, 1, 1)),
    "squeeze_dim": call(lambda x: x.squeeze(2), (1, 4, 1, 1)),
    "squeeze_negative": call(lambda x: x.squeeze(-1).squeeze(-1), (1, 4, 1, 1)),
    "squeeze_not_one": call(lambda x: x.squeeze(1), (1, 4, 1, 1)),
    "unsqueeze": call(lambda x: x.unsqueeze(1), (2, 3)),
    "unsqueeze_negative": call(lambda x: x.unsqueeze(-1), (2, 3)),
    "cat": call(lambda x, y: torch.cat([x, y], 1), IMAGE, (1, 2, 9, 8)),
    "cat_negative": call(lambda x, y: torch.cat((x, y), dim=-1), (2, 3), (2, 5)),
    "cat_self": call(lambda x: torch.cat([x, x, torch.relu(x)], 1)),
    "cat_nested": call(lambda x: torch.cat([x, torch.cat([torch.relu(x), torch.exp(x)], 1)], 1)),
    "stack": call(lambda x, y: torch.stack([x, y]), (2, 3), (2, 3)),
    "stack_last": call(lambda x, y: torch.stack([x, y], dim=-1), (2, 3), (2, 3)),
    "chunk": call(lambda x: torch.cat(x.chunk(2, 1)[::-1], 1)),
    "chunk_uneven": call(lambda x: x.chunk(4, 2)[3]),
    "split": call(lambda x: x.split(2, 1)[1]),
    "split_sizes": call(lambda x: torch.cat(torch.split(x, [1, 3], dim=1)[::-1], 1)),
    "split_uneven": call(lambda x: x.split(4, 2)[2]),
    "unbind": call(lambda x: x.unbind(1)[0] + x.unbind(1)[2]),
    "slice": call(lambda x: x[:, 1:3]),
    "slice_step": call(lambda x: x[:, :, ::2, 1::2]),
    "slice_negative": call(lambda x: x[..., :-1]),
    "slice_many": call(lambda x: x[:, :2, 1:-1, 3:]),
    "select": call(lambda x: x.select(1, 2)),
    "index_int": call(lambda x: x[:, 0]),
    "index_negative": call(lambda x: x[:, -1]),
    "index_first": call(lambda x: x[0]),
    "index_none": call(lambda x: x[:, None]),
    "index_tensor": call(lambda x: x[:, torch.tensor([2, 0, 1])]),
    "index_select": call(lambda x: torch.index_select(x, 1, torch.tensor([2, 0]))),
    "narrow": call(lambda x: x.narrow(1, 1, 2)),
    "expand": call(lambda x: x.expand(2, 4, 3, 3), (1, 4, 1, 1)),
    "expand_minus_one": call(lambda x: x.expand(2, -1, -1, 5), (1, 4, 3, 1)),
    "expand_as": call(lambda x, y: x.expand_as(y), (1, 4, 1, 1), (1, 4, 3, 3)),
    "broadcast_to": call(lambda x: torch.broadcast_to(x, (2, 3)), (3,)),
    "repeat": call(lambda x: x.repeat(2, 1, 3), (2, 3)),
    "repeat_interleave": call(lambda x: x.repeat_interleave(2, 1), (2, 3)),
    "flip": call(lambda x: x.flip(3)),
    "flip_two": call(lambda x: torch.flip(x, [2, 3])),
    "roll": call(lambda x: torch.roll(x, 1, 2)),
    "pixel_shuffle": layer(lambda: nn.PixelShuffle(2)),
    "pixel_unshuffle": layer(lambda: nn.PixelUnshuffle(2), EVEN),
    "channel_shuffle": call(lambda x: x.view(1, 2, 2, 9, 8).transpose(1, 2).reshape(1, 4, 9, 8)),
    "channel_shuffle_sizes": call(
        lambda x: (
            x.view(x.size(0), 2, -1, x.size(2), x.size(3))
            .transpose(1, 2)
            .contiguous()
            .view(x.size(0), -1, x.size(2), x.size(3))
        )
    ),
    "pad_constant": call(lambda x: F.pad(x, (1, 2, 3, 4))),
    "pad_value": call(lambda x: F.pad(x, (1, 1), value=-1.5)),
    "pad_reflect": call(lambda x: F.pad(x, (1, 2, 1, 1), mode="reflect")),
    "pad_replicate": call(lambda x: F.pad(x, (1, 2, 1, 1), mode="replicate")),
    "zero_pad2d": layer(lambda: nn.ZeroPad2d((0, 1, 0, 1))),
    "reflection_pad2d": layer(lambda: nn.ReflectionPad2d(2)),
    "unfold": call(lambda x: F.unfold(x, 3)),
    "upsample_nearest": layer(lambda: nn.Upsample(scale_factor=2)),
    "upsample_bilinear": layer(lambda: nn.Upsample(scale_factor=2, mode="bilinear")),
    "upsample_bilinear_corners": layer(lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)),
    "interpolate_size": call(lambda x: F.interpolate(x, size=(5, 7), mode="bilinear", align_corners=False)),
    "interpolate_nearest": call(lambda x: F.interpolate(x, scale_factor=3.0, mode="nearest")),
    "interpolate_like": call(lambda x, y: F.interpolate(x, size=y.shape[2:]), IMAGE, (1, 4, 18, 16)),
    "interpolate_bicubic": call(lambda x: F.interpolate(x, scale_factor=2, mode="bicubic")),
}

REDUCTIONS = {
    "mean": call(torch.mean),
    "mean_dims": call(lambda x: x.mean([2, 3])),
    "mean_keepdim": call(lambda x: x.mean((2, 3), keepdim=True)),
    "mean_one": call(lambda x: x.mean(1)),
    "mean_negative": call(lambda x: x.mean(-1, keepdim=True)),
    "sum": call(torch.sum),
    "sum_dims": call(lambda x: x.sum((1, 2), keepdim=True)),
    "amax": call(lambda x: x.amax((2, 3))),
    "amin": call(lambda x: x.amin(1, keepdim=True)),
    "max": call(torch.max),
    "max_dim": call(lambda x: x.max(1)[0]),
    "max_dim_both": call(lambda x: x.max(1)),
    "min": call(torch.min),
    "min_dim": call(lambda x: x.min(1, keepdim=True)[0]),
    "argmax": call(lambda x: x.argmax(1)),
    "argmin": call(lambda x: x.argmin(1, keepdim=True)),
    "var": call(lambda x: x.var(1)),
    "var_biased": call(lambda x: x.var((2, 3), unbiased=False, keepdim=True)),
    "std": call(lambda x: x.std(1)),
    "std_biased": call(lambda x: x.std((2, 3), unbiased=False)),
    "prod": call(lambda x: x.prod(1)),
    "norm": call(lambda x: x.norm(dim=1)),
    "logsumexp": call(lambda x: x.logsumexp(1)),
    "cumsum": call(lambda x: x.cumsum(1)),
    "topk": call(lambda x: x.topk(2, dim=1)[0]),
    "sort": call(lambda x: x.sort(1)[0]),
    "all": call(lambda x: (x > 0).all()),
    "any": call(lambda x: (x > 0).any()),
}

ARITHMETIC = {
    "add": call(lambda x, y: x + y, IMAGE, IMAGE),
    "add_broadcast": call(lambda x, y: x + y, IMAGE, (4, 1, 1)),
    "add_scalar": call(lambda x: x + 1),
    "add_float": call(lambda x: x + 0.5),
    "add_right": call(lambda x: 2 + x),
    "add_inplace": call(lambda x, y: torch.relu(x).add_(y), IMAGE, IMAGE),
    "add_assign": call(lambda x, y: _assigned(x, y), IMAGE, IMAGE),
    "add_self": call(lambda x: x + x),
    "sub": call(lambda x, y: x - y, IMAGE, IMAGE),
    "sub_scalar": call(lambda x: x - 3),
    "sub_alpha": call(lambda x, y: torch.sub(x, y, alpha=0.5), IMAGE, IMAGE),
    "rsub": call(lambda x: 1 - x),
    "rsub_float": call(lambda x: 1.5 - x),
    "mul": call(lambda x, y: x * y, IMAGE, IMAGE),
    "mul_scalar": call(lambda x: x * 2),
    "mul_float": call(lambda x: 0.1 * x),
    "mul_inplace": call(lambda x, y: torch.relu(x).mul_(y), IMAGE, IMAGE),
    "mul_tensor": call(lambda x: x * torch.tensor([1.0, 2.0, 3.0, 4.0]).view(1, 4, 1, 1)),
    "div": call(lambda x, y: x / y, IMAGE, IMAGE),
    "div_scalar": call(lambda x: x / 6),
    "div_float": call(lambda x: x / 0.25),
    "div_inplace": call(lambda x: torch.relu(x).div_(2.0)),
    "reciprocal": call(torch.reciprocal),
    "rdiv": call(lambda x: 1.0 / x),
    "floor_divide": call(lambda x: x // 2),
    "remainder": call(lambda x: x % 3),
    "pow": call(lambda x: x**2),
    "pow_float": call(lambda x: x**0.5),
    "pow_tensor": call(torch.pow, (2, 3), (2, 3)),
    "square": call(torch.square),
    "sqrt": call(torch.sqrt),
    "rsqrt": call(torch.rsqrt),
    "exp": call(torch.exp),
    "log": call(torch.log),
    "log2": call(torch.log2),
    "log1p": call(torch.log1p),
    "abs": call(torch.abs),
    "neg": call(lambda x: -x),
    "erf": call(torch.erf),
    "sin": call(torch.sin),
    "cos": call(torch.cos),
    "sign": call(torch.sign),
    "floor": call(torch.floor),
    "ceil": call(torch.ceil),
    "round": call(torch.round),
    "trunc": call(torch.trunc),
    "clamp": call(lambda x: x.clamp(-1, 1)),
    "clamp_min": call(lambda x: x.clamp(min=0.1)),
    "clamp_max": call(lambda x: torch.clamp(x, max=2.5)),
    "clamp_min_function": call(lambda x: torch.clamp_min(x, 0.2)),
    "clamp_inplace": call(lambda x: torch.exp(x).clamp_(0, 6)),
    "clip": call(lambda x: torch.clip(x, 0.0, 1.0)),
    "minimum": call(torch.minimum, (2, 3), (2, 3)),
    "maximum": call(torch.maximum, (2, 3), (2, 3)),
    "max_two": call(torch.max, (2, 3), (2, 3)),
    "min_two": call(torch.min, (2, 3), (2, 3)),
    "eq": call(lambda x, y: x == y, (2, 3), (2, 3)),
    "ne": call(lambda x: x != 0),
    "gt": call(lambda x, y: x > y, (2, 3), (2, 3)),
    "ge_scalar": call(lambda x: x >= 0.5),
    "lt": call(lambda x, y: x < y, (2, 3), (3,)),
    "le_scalar": call(lambda x: x <= 1),
    "logical_and": call(lambda x, y: torch.logical_and(x > 0, y > 0), (2, 3), (2, 3)),
    "logical_or": call(lambda x, y: (x > 0) | (y > 0), (2, 3), (2, 3)),
    "logical_not": call(lambda x: ~(x > 0)),
    "where": call(lambda x, y: torch.where(x > y, x, y), (2, 3), (2, 3)),
    "where_scalar": call(lambda x: torch.where(x > 0, x, 0.1 * x)),
    "masked_fill": call(lambda x: x.masked_fill(x < 0, 0.0)),
    "float": call(lambda x: (x > 0).float()),
    "int": call(lambda x: x.int()),
    "long": call(lambda x: x.long()),
    "to_float16": call(lambda x: x.to(torch.float16)),
    "to_same": call(lambda x: x.to(torch.float32) + 1),
    "type_as": call(lambda x, y: y.type_as(x), (2, 3), ((2, 3), "int64")),
    "integer_add": call(lambda x: x + 1, ((2, 3), "int64")),
    "integer_to_float": call(lambda x: x.float() / 255, ((1, 3, 4, 4), "uint8")),
    "mixed_types": call(lambda x, y: x + y, (2, 3), ((2, 3), "int32")),
    "zeros": call(lambda x: x + torch.zeros(4, 1, 1)),
    "ones": call(lambda x: x * torch.ones(2, 3), (2, 3)),
    "full": call(lambda x: x + torch.full((2, 3), 0.5), (2, 3)),
    "arange": call(lambda x: x + torch.arange(3), (2, 3)),
    "arange_float": call(lambda x: x + torch.arange(0.0, 1.5, 0.5), (2, 3)),
    "linspace": call(lambda x: x + torch.linspace(0, 1, 3), (2, 3)),
    "zeros_like": call(lambda x: x + torch.zeros_like(x)),
    "ones_like": call(lambda x: x + torch.ones_like(x)),
    "full_like": call(lambda x: torch.full_like(x, 3.0)),
    "new_zeros": call(lambda x: x + x.new_zeros(3), (2, 3)),
    "clone": call(lambda x: x.clone() + 1),
    "detach": call(lambda x: x.detach() + 1),
    "identity": layer(nn.Identity),
    "standardize": call(lambda x: (x - torch.tensor([0.4, 0.5, 0.6]).view(3, 1, 1)) / 0.25, (1, 3, 4, 4)),
    "embedding": layer(lambda: nn.Embedding(10, 4), ((2, 3), "int64")),
}


def _assigned(x: Tensor, y: Tensor) -> Tensor:
    z = torch.relu(x)
    z += y
    return z


STRUCTURES = {
    "sequential": layer(
        lambda: nn.Sequential(nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(336, 4))
    ),
    "nested_sequential": layer(
        lambda: nn.Sequential(nn.Sequential(nn.Conv2d(4, 8, 3), nn.ReLU()), nn.Sequential(nn.Conv2d(8, 4, 1)))
    ),
    "shared_convolution": layer(Shared, EVEN, EVEN),
    "shared_norm": layer(SharedNorm, EVEN),
    "unused_parameters": layer(Unused, (2, 8)),
    "parameters": layer(Parameters),
    "named_parameters": layer(NamedParameters),
    "tied_weights": layer(Tied, (2, 8)),
    "two_inputs": call(lambda x, y: torch.relu(x) + torch.relu(y), IMAGE, IMAGE),
    "unused_input": call(lambda x, y: torch.relu(x), IMAGE, (2, 3)),
    "tuple_of_two": call(lambda x: (torch.relu(x), torch.tanh(x))),
    "tuple_of_one": call(lambda x: (torch.relu(x),)),
    "list_of_two": call(lambda x: [torch.relu(x), torch.exp(x)]),
    "output_is_input": call(lambda x: (x, torch.relu(x))),
    "same_output_twice": call(lambda x: (lambda y: (y, y))(torch.relu(x))),
    "inner_used_twice": call(lambda x: (lambda y: (y, torch.exp(y)))(torch.relu(x))),
    "constant_output": call(lambda x: (torch.relu(x), torch.ones(2))),
    "constants_folded": call(lambda x: x + torch.ones(3) * 2 + torch.arange(3).float(), (2, 3)),
}

PARTITIONED = {
    "between_relu6": between(nn.ReLU6),
    "between_leaky_relu": between(lambda: nn.LeakyReLU(0.1)),
    "between_sigmoid": between(nn.Sigmoid),
    "between_hardswish": between(nn.Hardswish),
    "between_hardsigmoid": between(nn.Hardsigmoid),
    "between_silu": between(nn.SiLU),
    "between_gelu": between(nn.GELU),
    "between_prelu": between(lambda: nn.PReLU(8)),
    "between_max_pool2d": between(lambda: nn.MaxPool2d(2)),
    "between_avg_pool2d": between(lambda: nn.AvgPool2d(2)),
    "between_adaptive_avg_pool2d": between(lambda: nn.AdaptiveAvgPool2d(1)),
    "between_adaptive_avg_pool2d_two": between(lambda: nn.AdaptiveAvgPool2d(2)),
    "between_mean": between(lambda: lambda x: x.mean((2, 3), keepdim=True)),
    "between_batch_norm": between(lambda: _norm(nn.BatchNorm2d(8))),
    "between_layer_norm": between(lambda: nn.LayerNorm(8)),
    "between_group_norm": between(lambda: _norm(nn.GroupNorm(2, 8))),
    "between_dropout": between(lambda: nn.Dropout(0.5)),
    "between_depthwise": between(lambda: nn.Conv2d(8, 8, 3, groups=8)),
    "between_transposed": between(lambda: nn.ConvTranspose2d(8, 8, 2, stride=2)),
    "between_upsample": between(lambda: nn.Upsample(scale_factor=2)),
    "between_pixel_shuffle": between(lambda: nn.PixelShuffle(2), channels=2),
    "between_pad": between(lambda: nn.ZeroPad2d(1)),
    "between_cat_self": between(lambda: lambda x: torch.cat([x, x], 1), channels=16),
    "between_chunk": between(lambda: lambda x: x.chunk(2, 1)[0] + x.chunk(2, 1)[1], channels=4),
    "between_slice": between(lambda: lambda x: x[:, 2:6], channels=4),
    "between_channel_shuffle": between(lambda: lambda x: x.view(1, 2, 4, 8, 8).transpose(1, 2).reshape(1, 8, 8, 8)),
    "between_add_scalar": between(lambda: lambda x: x + 1.0),
    "between_mul_scalar": between(lambda: lambda x: x * 0.5),
    "between_add_self": between(lambda: lambda x: x + x),
    "between_gate": between(lambda: lambda x: x * torch.sigmoid(x.mean((2, 3), keepdim=True))),
    "between_clamp": between(lambda: lambda x: x.clamp(0.0, 1.0)),
    "between_permute": between(lambda: lambda x: x.permute(0, 1, 3, 2)),
    "between_identity": between(nn.Identity),
}

TORCH_CASES: dict[str, Network] = {
    **CONVOLUTIONS,
    **DENSE,
    **NORMS,
    **ACTIVATIONS,
    **POOLS,
    **SHAPES,
    **REDUCTIONS,
    **ARITHMETIC,
    **STRUCTURES,
    **PARTITIONED,
}
