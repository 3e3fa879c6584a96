import numpy as np
import pytest
import set_env  # noqa: F401
import torch.nn.functional as torch_nn
from torch import from_numpy
from tvm import relay

from ..reference import run, typed
from .arrays import close, normal, variables

nn = relay.nn
CONVOLUTIONS = {1: (nn.conv1d, torch_nn.conv1d), 2: (nn.conv2d, torch_nn.conv2d), 3: (nn.conv3d, torch_nn.conv3d)}
TRANSPOSED = {
    1: (nn.conv1d_transpose, torch_nn.conv_transpose1d),
    2: (nn.conv2d_transpose, torch_nn.conv_transpose2d),
    3: (nn.conv3d_transpose, torch_nn.conv_transpose3d),
}


@pytest.mark.parametrize(
    ("data", "weight", "attributes"),
    [
        ((2, 4, 9, 8), (6, 4, 3, 3), {}),
        ((2, 4, 9, 8), (6, 4, 3, 3), {"padding": (1, 2)}),
        ((2, 4, 9, 8), (6, 4, 3, 3), {"strides": (2, 3), "padding": (1, 1)}),
        ((2, 4, 9, 8), (6, 4, 1, 1), {}),
        ((2, 4, 9, 8), (6, 4, 1, 1), {"strides": (2, 2)}),
        ((1, 4, 14, 14), (6, 4, 3, 3), {"dilation": (2, 3)}),
        ((1, 8, 9, 8), (6, 4, 3, 3), {"groups": 2}),
        ((2, 8, 9, 8), (8, 1, 5, 5), {"groups": 8, "padding": (2, 2)}),
        ((2, 8, 9, 8), (16, 1, 3, 3), {"groups": 8, "strides": (2, 2)}),
        ((2, 8, 12, 12), (16, 2, 3, 2), {"groups": 4, "strides": (2, 1), "padding": (1, 0), "dilation": (1, 2)}),
        ((1, 4, 9), (6, 4, 3), {}),
        ((2, 4, 19), (6, 2, 3), {"strides": (2,), "padding": (1,), "dilation": (2,), "groups": 2}),
        ((1, 4, 5, 6, 7), (6, 2, 3, 2, 3), {"padding": (1, 0, 2), "strides": (1, 2, 1), "groups": 2}),
    ],
)
def test_convolution_is_torchs(data, weight, attributes):
    ours, theirs = CONVOLUTIONS[len(data) - 2]
    x, w = normal(*data), normal(*weight, seed=1)
    named = {"strides": "stride"}
    want = theirs(from_numpy(x), from_numpy(w), **{named.get(key, key): value for key, value in attributes.items()})
    close(run(ours, x, w, **attributes), want)


@pytest.mark.parametrize(
    ("data", "weight", "attributes"),
    [
        ((2, 4, 5, 6), (4, 6, 3, 3), {}),
        ((2, 4, 5, 6), (4, 6, 2, 2), {"strides": (2, 2)}),
        ((2, 4, 5, 6), (4, 6, 3, 3), {"strides": (2, 3), "padding": (1, 1), "output_padding": (1, 2)}),
        ((2, 4, 5, 6), (4, 3, 4, 4), {"strides": (2, 2), "padding": (1, 1), "groups": 2}),
        ((2, 4, 5, 6), (4, 1, 3, 3), {"groups": 4}),
        ((1, 4, 5, 6), (4, 6, 3, 3), {"dilation": (2, 1), "padding": (3, 2)}),
        ((1, 4, 5, 6), (4, 2, 1, 1), {"strides": (2, 2), "output_padding": (1, 1)}),
        ((1, 4, 9), (4, 6, 3), {"strides": (2,), "padding": (1,), "output_padding": (1,)}),
        ((1, 2, 3, 4, 5), (2, 3, 3, 2, 2), {"strides": (2, 1, 2), "padding": (1, 0, 1)}),
    ],
)
def test_transposed_convolution_is_torchs(data, weight, attributes):
    ours, theirs = TRANSPOSED[len(data) - 2]
    x, w = normal(*data), normal(*weight, seed=1)
    named = {"strides": "stride"}
    want = theirs(from_numpy(x), from_numpy(w), **{named.get(key, key): value for key, value in attributes.items()})
    close(run(ours, x, w, **attributes), want)


def test_padding_is_top_left_bottom_right():
    x, w = normal(1, 2, 5, 5), normal(3, 2, 3, 3, seed=1)
    want = torch_nn.conv2d(torch_nn.pad(from_numpy(x), (1, 3, 0, 2)), from_numpy(w))
    close(run(nn.conv2d, x, w, padding=(0, 1, 2, 3)), want)


@pytest.mark.parametrize(
    ("data_layout", "kernel_layout", "out_layout"),
    [
        ("NHWC", "HWIO", ""),
        ("NHWC", "OHWI", ""),
        ("NHWC", "HWOI", "NCHW"),
        ("NCHW", "OIHW", "NHWC"),
        ("NCHW2c", "OIHW1i3o", ""),
        ("NCHW4c", "OIHW2i2o", "NCHW3c"),
        ("HWCN", "HWIO", "NCHW"),
    ],
)
def test_layouts_only_move_the_numbers(data_layout, kernel_layout, out_layout):
    x, w = normal(2, 8, 7, 6), normal(6, 4, 3, 3, seed=1)
    attributes = {"groups": 2, "padding": (1, 0), "strides": (1, 2)}
    moved = [
        run(relay.layout_transform, x, src_layout="NCHW", dst_layout=data_layout),
        run(relay.layout_transform, w, src_layout="OIHW", dst_layout=kernel_layout),
    ]
    layouts = {"data_layout": data_layout, "kernel_layout": kernel_layout, "out_layout": out_layout}
    got = run(nn.conv2d, *moved, **attributes, **layouts)
    result = out_layout or data_layout
    if result != "NCHW":
        got = run(relay.layout_transform, got, src_layout=result, dst_layout="NCHW")
    close(got, run(nn.conv2d, x, w, **attributes))


def test_transposed_convolution_has_layouts_too():
    x, w = normal(2, 4, 5, 6), normal(4, 6, 3, 3, seed=1)
    attributes = {"strides": (2, 2), "padding": (1, 1)}
    layouts = {"data_layout": "NHWC", "kernel_layout": "HWIO"}
    got = run(nn.conv2d_transpose, x.transpose(0, 2, 3, 1), w.transpose(2, 3, 0, 1), **attributes, **layouts)
    close(got.transpose(0, 3, 1, 2), run(nn.conv2d_transpose, x, w, **attributes))


def by_loops(x, w, stride, groups):
    """Convolution without padding as it is defined, in 64 bits."""
    n, channels = x.shape[0], w.shape[0]
    height, width = ((x.shape[i] - w.shape[i]) // stride + 1 for i in (2, 3))
    result = np.zeros((n, channels, height, width), np.int64)
    each, wide = w.shape[1], x.astype(np.int64)
    for o in range(channels):
        first = o // (channels // groups) * each
        for i, j in np.ndindex(height, width):
            patch = wide[
                :, first : first + each, i * stride : i * stride + w.shape[2], j * stride : j * stride + w.shape[3]
            ]
            result[:, o, i, j] = (patch * w[o].astype(np.int64)).sum(axis=(1, 2, 3))
    return result


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32"])
@pytest.mark.parametrize("groups", [1, 2, 8])
def test_integers_are_exact_and_wrap_around(dtype, groups):
    x, w = normal(2, 8, 6, 6, dtype=dtype), normal(8, 8 // groups, 3, 3, dtype=dtype, seed=1)
    want = by_loops(x, w, 2, groups)
    for out_dtype in ("", "int32", "int64"):
        got = run(nn.conv2d, x, w, strides=2, groups=groups, out_dtype=out_dtype)
        np.testing.assert_array_equal(got, want.astype(out_dtype or dtype))


@pytest.mark.parametrize("layout", ["OIHW", "HWOI"])
def test_a_depthwise_weight_may_have_its_channels_by_group(layout):
    x, w = normal(2, 4, 6, 6), normal(12, 1, 3, 3, seed=1)
    grouped = w.reshape(4, 3, 3, 3)
    if layout != "OIHW":
        grouped = run(relay.layout_transform, grouped, src_layout="OIHW", dst_layout=layout)
    got = run(nn.conv2d, x, grouped, groups=4, channels=12, kernel_size=3, kernel_layout=layout)
    close(got, run(nn.conv2d, x, w, groups=4), 0)
    with pytest.raises(TypeError, match="the weight takes 3 in each of 4 groups"):
        typed(nn.conv2d(*variables((2, 4, 6, 6), (4, 3, 3, 3)), groups=4))


@pytest.mark.parametrize("make", [nn.conv1d, nn.conv1d_transpose])
def test_a_padding_of_three_numbers_is_refused(make):
    with pytest.raises(ValueError, match=r"^the padding \(1, 2, 3\) has 3 numbers: give 1 or 2$"):
        make(*variables((1, 4, 9), (4, 4, 3)), padding=(1, 2, 3))


@pytest.mark.parametrize("transposed", [False, True])
def test_every_extreme_int8_sums_exactly(transposed):
    x, w = (
        np.full((1, 1200, 3, 3), -128, "int8"),
        np.full((1200, 1, 3, 3) if transposed else (1, 1200, 3, 3), -128, "int8"),
    )
    make = nn.conv2d_transpose if transposed else nn.conv2d
    got = run(make, x, w, out_dtype="int32")
    assert got.max() == 1200 * 9 * 128 * 128


def test_an_image_larger_than_a_block_is_convolved_in_parts(monkeypatch):
    x, w = normal(2, 3, 11, 9), normal(4, 3, 3, 3, seed=1)
    whole = run(nn.conv2d, x, w, strides=2, padding=1)
    monkeypatch.setattr(relay.op.nn.convolution, "_BLOCK", 300)
    close(run(nn.conv2d, x, w, strides=2, padding=1), whole, 1e-6)


def test_float16_is_summed_wide():
    x, w = normal(1, 512, 5, 5, dtype="float16"), normal(4, 512, 3, 3, dtype="float16", seed=1)
    want = torch_nn.conv2d(from_numpy(x).float(), from_numpy(w).float()).numpy()
    close(run(nn.conv2d, x, w), want.astype("float16"), 1e-3)


@pytest.mark.parametrize(
    ("make", "data", "attributes", "weight"),
    [
        (nn.conv1d, (1, 4, 9), {"channels": 6, "kernel_size": 3}, (6, 4, 3)),
        (nn.conv2d, (1, 4, 9, 8), {"channels": 6, "kernel_size": 3}, (6, 4, 3, 3)),
        (nn.conv2d, (1, 4, 9, 8), {"channels": 8, "kernel_size": (3, 1), "groups": 4}, (8, 1, 3, 1)),
        (
            nn.conv2d,
            (1, 9, 8, 4),
            {"channels": 6, "kernel_size": 3, "data_layout": "NHWC", "kernel_layout": "HWIO"},
            (3, 3, 4, 6),
        ),
        (nn.conv2d_transpose, (1, 4, 9, 8), {"channels": 6, "kernel_size": (2, 2), "groups": 2}, (4, 3, 2, 2)),
    ],
)
def test_a_missing_weight_gets_its_type(make, data, attributes, weight):
    w = relay.var("w")
    call = make(relay.var("x", shape=data, dtype="float16"), w, **attributes)
    assert typed(call).args[1].checked_type == relay.TensorType(weight, "float16")


@pytest.mark.parametrize(
    ("data", "weight", "attributes", "says"),
    [
        ((1, 4, 9, 8), (6, 3, 3, 3), {}, "the data has 4 channels and the weight takes 3 in each of 1 groups"),
        ((1, 4, 9, 8), (5, 2, 3, 3), {"groups": 2}, "5 channels cannot be shared out among 2 groups"),
        ((1, 4, 9, 8), (6, 4, 3, 3), {"channels": 5}, "channels is 5 and the weight makes 6"),
        (
            (1, 4, 9, 8),
            (6, 4, 3, 3),
            {"kernel_size": 5},
            r"kernel_size is \[5, 5\] and the weight has a kernel of \[3, 3\]",
        ),
        ((1, 4, 2, 2), (6, 4, 3, 3), {}, "a window that reaches over 3 does not fit on 2 padded by 0 and 0"),
        ((1, 4, 9, 8), (6, 4, 3, 3), {"padding": -1}, "the padding .* is negative"),
        ((1, 4, 9), (6, 4, 3, 3), {}, "layout NCHW has rank 4, not 3"),
        ((1, 4, 9, 8), (6, 4, 3, 3), {"data_layout": "NHCX"}, "the layouts NHCX and NCHW do not have the same axes"),
    ],
)
def test_a_weight_that_does_not_fit_is_refused(data, weight, attributes, says):
    with pytest.raises(TypeError, match=f"{says}.*: in the call nn.conv2d"):
        typed(nn.conv2d(*variables(data, weight), **attributes))


@pytest.mark.parametrize(
    ("weight", "attributes", "says"),
    [
        ((5, 6, 3, 3), {}, "the data has 4 channels and the weight takes 5"),
        ((4, 6, 3, 3), {"groups": 3}, "4 channels cannot be shared out among 3 groups"),
        ((4, 6, 3, 3), {"padding": 9}, "leaves nothing of the result"),
    ],
)
def test_a_transposed_weight_that_does_not_fit_is_refused(weight, attributes, says):
    with pytest.raises(TypeError, match=says):
        typed(nn.conv2d_transpose(*variables((1, 4, 5, 5), weight), **attributes))


def test_sizes_of_the_wrong_number_are_refused_at_once():
    x, w = variables((1, 4, 9, 8), (6, 4, 3, 3))
    with pytest.raises(ValueError, match="the padding .1, 2, 3. has 3 numbers: give 1 or 2 or 4"):
        nn.conv2d(x, w, padding=(1, 2, 3))
    with pytest.raises(ValueError, match="has 3 numbers: give 1 or 2"):
        nn.conv2d(x, w, strides=(1, 2, 3))
