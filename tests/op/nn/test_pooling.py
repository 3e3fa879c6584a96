import numpy as np
import pytest
import set_env  # noqa: F401
import torch.nn.functional as torch_nn
from torch import from_numpy
from tvm import relay

from ..reference import run, typed
from .arrays import close, normal, variables

nn = relay.nn
SHAPES = {1: (2, 3, 11), 2: (2, 3, 9, 10), 3: (1, 2, 5, 6, 7)}


def pool(kind, rank):
    """Ours and torch's function."""
    return getattr(nn, f"{kind}_pool{rank}d"), getattr(torch_nn, f"{kind}_pool{rank}d")


WINDOWS = [
    (1, {"pool_size": (3,), "strides": (2,), "padding": (1,)}),
    (1, {"pool_size": (2,), "strides": (2,), "ceil_mode": True}),
    (2, {"pool_size": (2, 2), "strides": (2, 2)}),
    (2, {"pool_size": (3, 2), "strides": (1, 2), "padding": (1, 0)}),
    (2, {"pool_size": (3, 3), "strides": (2, 2), "padding": (1, 1), "ceil_mode": True}),
    (2, {"pool_size": (2, 3), "strides": (2, 2), "ceil_mode": True}),
    (2, {"pool_size": (1, 1), "strides": (3, 2)}),
    (3, {"pool_size": (2, 2, 2), "strides": (2, 2, 2)}),
    (3, {"pool_size": (3, 2, 3), "strides": (2, 1, 2), "padding": (1, 0, 1), "ceil_mode": True}),
]
TORCH_NAMES = {"pool_size": "kernel_size", "strides": "stride"}


def as_torch(attributes):
    return {TORCH_NAMES.get(name, name): value for name, value in attributes.items()}


@pytest.mark.parametrize(("rank", "attributes"), WINDOWS)
def test_max_pooling_is_torchs(rank, attributes):
    ours, theirs = pool("max", rank)
    x = normal(*SHAPES[rank])
    close(run(ours, x, **attributes), theirs(from_numpy(x), **as_torch(attributes)), 0)


@pytest.mark.parametrize("dilation", [(2, 1), (3, 2)])
def test_max_pooling_with_holes_is_torchs(dilation):
    x = normal(2, 3, 9, 10)
    want = torch_nn.max_pool2d(from_numpy(x), 3, (2, 1), 1, dilation, ceil_mode=True)
    close(run(nn.max_pool2d, x, pool_size=3, strides=(2, 1), padding=1, dilation=dilation, ceil_mode=True), want, 0)


@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize(("rank", "attributes"), WINDOWS)
def test_average_pooling_is_torchs(rank, attributes, count_include_pad):
    ours, theirs = pool("avg", rank)
    x = normal(*SHAPES[rank])
    attributes = {**attributes, "count_include_pad": count_include_pad}
    close(run(ours, x, **attributes), theirs(from_numpy(x), **as_torch(attributes)), 1e-6)


@pytest.mark.parametrize("kind", ["max", "avg"])
@pytest.mark.parametrize(
    ("rank", "size"), [(1, 4), (1, 11), (1, 20), (2, (1, 1)), (2, (3, 7)), (2, (9, 10)), (2, (12, 4)), (3, (2, 3, 4))]
)
def test_adaptive_pooling_is_torchs(kind, rank, size):
    ours, theirs = pool(f"adaptive_{kind}", rank)
    x = normal(*SHAPES[rank])
    close(run(ours, x, output_size=size), theirs(from_numpy(x), size), 1e-6)


def test_global_pooling_takes_the_whole_image():
    x = normal(2, 3, 9, 10)
    close(run(nn.global_max_pool2d, x), x.max(axis=(2, 3), keepdims=True), 0)
    close(run(nn.global_avg_pool2d, x), x.mean(axis=(2, 3), keepdims=True), 1e-6)


def test_without_an_output_size_the_image_stays():
    x = normal(2, 3, 4, 5)
    close(run(nn.adaptive_avg_pool2d, x), x, 0)


@pytest.mark.parametrize(
    ("make", "attributes"),
    [
        (nn.max_pool2d, {"pool_size": (3, 2), "padding": (0, 1, 1, 0), "strides": (2, 1)}),
        (nn.avg_pool2d, {"pool_size": (3, 2), "padding": (0, 1, 1, 0), "ceil_mode": True}),
        (nn.global_avg_pool2d, {}),
        (nn.adaptive_max_pool2d, {"output_size": (3, 4)}),
    ],
)
def test_the_layout_only_moves_the_numbers(make, attributes):
    x = normal(2, 4, 9, 8)
    want = run(make, x, **attributes)
    close(run(make, x.transpose(0, 2, 3, 1), layout="NHWC", **attributes).transpose(0, 3, 1, 2), want)
    blocked = run(relay.layout_transform, x, src_layout="NCHW", dst_layout="NCHW2c")
    got = run(make, blocked, layout="NCHW2c", **attributes)
    close(run(relay.layout_transform, got, src_layout="NCHW2c", dst_layout="NCHW"), want)


# What the genuine Relay computes on 1, 2, ... 7: windows that stand out of the image, or lie wholly beside it.
LOWEST = float(np.finfo("float32").min)
BESIDE = [
    (2, 3, 0, True, [1.5, 4.5, 7.0], [2, 5, 7]),
    (3, 2, 1, True, [1.0, 3.0, 5.0, 13 / 3], [2, 4, 6, 7]),
    (2, 4, 1, False, [1.0, 4.5, 0.0], [1, 5, LOWEST]),
    (2, 4, 1, True, [0.5, 4.5, 0.0], [1, 5, LOWEST]),
    (1, 4, 1, False, [0.0, 4.0, 0.0], [LOWEST, 4, LOWEST]),
    (1, 4, 2, True, [0.0, 3.0, 7.0, 0.0], [LOWEST, 3, 7, LOWEST]),
    (3, 3, 1, True, [1.0, 4.0, 13 / 3], [2, 5, 7]),
]


@pytest.mark.parametrize(("size", "stride", "padding", "count_include_pad", "average", "largest"), BESIDE)
def test_windows_beside_the_image_are_as_in_tvm(size, stride, padding, count_include_pad, average, largest):
    x = np.arange(1, 8, dtype="float32").reshape(1, 1, 7)
    attributes = {"pool_size": size, "strides": stride, "padding": padding, "ceil_mode": True}
    got = run(nn.avg_pool1d, x, count_include_pad=count_include_pad, **attributes)
    close(got[0, 0], average, 1e-6)
    np.testing.assert_array_equal(run(nn.max_pool1d, x, **attributes)[0, 0], largest)


@pytest.mark.parametrize(
    ("count_include_pad", "want"), [(False, [2, 3, 3, 4, 5, 5, 6]), (True, [4 / 3, 2, 3, 4, 5, 10 / 3, 4])]
)
def test_an_average_with_holes_counts_the_places_on_the_image(count_include_pad, want):
    x = np.arange(1, 8, dtype="float32").reshape(1, 1, 7)
    got = run(nn.avg_pool1d, x, pool_size=3, padding=2, dilation=2, count_include_pad=count_include_pad)
    close(got[0, 0], want, 1e-6)


# What the genuine Relay computes on this image.
NUMBERS = [[100, 100, -7, 1], [100, 101, -6, -5], [-100, -100, 3, -100], [-100, -99, -2, -2]]


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "int64"])
@pytest.mark.parametrize(
    ("attributes", "want"),
    [
        ({}, [[100, -4], [-99, -25]]),
        ({"padding": 1}, [[100, 46, 1], [0, 0, -52], [-100, -50, -2]]),
        ({"padding": 1, "count_include_pad": True}, [[25, 23, 0], [0, 0, -26], [-25, -25, 0]]),
    ],
)
def test_an_average_of_integers_is_cut_off_towards_zero(dtype, attributes, want):
    x = np.array([[NUMBERS]], dtype)
    np.testing.assert_array_equal(run(nn.avg_pool2d, x, pool_size=2, strides=2, **attributes)[0, 0], want)


@pytest.mark.parametrize(
    ("dtype", "want", "whole"),
    [
        ("int32", [[100, 47, -4], [-99, -49, -25]], -7),
        ("int8", [[-27, -17, -4], [28, 14, -25]], -7),
        ("uint8", [[36, 47, 59], [28, 14, 38]], 8),
    ],
)
def test_an_adaptive_average_of_integers_is_summed_in_their_dtype(dtype, want, whole):
    x = np.array([[NUMBERS]]).astype(dtype)
    np.testing.assert_array_equal(run(nn.adaptive_avg_pool2d, x, output_size=(2, 3))[0, 0], want)
    np.testing.assert_array_equal(run(nn.global_avg_pool2d, x)[0, 0], [[whole]])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
def test_the_largest_integer_beside_the_image_is_the_least(dtype):
    x = np.array([[NUMBERS]]).astype(dtype)
    got = run(nn.max_pool2d, x, pool_size=2, strides=3, padding=2, ceil_mode=True)
    least = np.iinfo(dtype).min
    assert got[0, 0, 1, 1] == x[0, 0, 1:3, 1:3].max()
    assert (got[0, 0, 0] == least).all()


def test_float16_is_summed_wide():
    x = np.full((1, 1, 64, 64), 60.0, "float16")  # the sum is beyond what float16 holds
    assert run(nn.global_avg_pool2d, x).item() == 60
    assert run(nn.avg_pool2d, x, pool_size=64).item() == 60


def test_the_out_layout_is_carried_along():
    call = nn.max_pool2d(*variables((1, 4, 9, 8)), pool_size=2, out_layout="NHWC")
    assert typed(call).checked_type == relay.TensorType((1, 4, 8, 7))
    assert 'out_layout="NHWC"' in str(call)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: nn.max_pool2d(x, pool_size=12), "reaches over 12 does not fit on 9 padded by 0 and 0"),
        (lambda x: nn.avg_pool2d(x, padding=-1), "is negative"),
        (lambda x: nn.max_pool1d(x), "layout NCW has rank 3, not 4"),
        (lambda x: nn.global_avg_pool2d(x, layout="NHC"), "the layouts NHC and NCHW do not have the same axes"),
        (lambda x: nn.adaptive_avg_pool2d(x, (0, 1)), r"output_size is \[0, 1\], not 2 sizes of at least 1"),
    ],
)
def test_what_does_not_fit_is_refused(call, says):
    with pytest.raises(TypeError, match=says):
        typed(call(*variables((1, 4, 9, 8))))
