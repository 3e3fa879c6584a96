import numpy as np
import pytest
import set_env  # noqa: F401
import torch.nn.functional as torch_nn
from torch import from_numpy
from tvm import relay

from ..reference import run, typed
from .arrays import close, normal, variables

nn = relay.nn


@pytest.mark.parametrize("scale", [(2, 3), (1, 2), (2.5, 1.5)])
def test_nearest_is_torchs(scale):
    x = normal(2, 3, 4, 6)
    close(
        run(nn.upsampling, x, scale_h=scale[0], scale_w=scale[1]),
        torch_nn.interpolate(from_numpy(x), scale_factor=scale),
        0,
    )


def test_bilinear_with_aligned_corners_is_torchs():
    x = normal(2, 3, 4, 6)
    want = torch_nn.interpolate(from_numpy(x), scale_factor=(2, 3), mode="bilinear", align_corners=True)
    close(run(nn.upsampling, x, scale_h=2, scale_w=3, method="bilinear", align_corners=True), want)


# What the genuine Relay makes of a row of 0, 1, ... 6.
ROWS = [
    (2.5, "nearest_neighbor", [0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 5, 6, 6]),
    (1.5, "bilinear", [0.0, 0.7, 1.4, 2.1, 2.8, 3.5, 4.2, 4.9, 5.6, 6.0]),
    (2, "bicubic", [0.0, 0.4375, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5625, 6.0, 6.0625]),
    (1.43, "nearest_neighbor", [0, 0, 1, 2, 2, 3, 4, 4, 5, 6]),
]


@pytest.mark.parametrize(("scale", "method", "want"), ROWS)
def test_a_row_is_as_in_tvm(scale, method, want):
    x = np.arange(7, dtype="float32").reshape(1, 1, 1, 7)
    close(run(nn.upsampling, x, scale_w=scale, method=method)[0, 0, 0], want)


@pytest.mark.parametrize(("scale", "height"), [(1.3, 10), (1.33, 11), (1.4375, 12), (1.5625, 12), (1.0625, 8)])
def test_sizes_are_rounded_halves_to_even(scale, height):
    assert typed(nn.upsampling(*variables((1, 4, 8, 8)), scale_h=scale)).checked_type == relay.TensorType(
        (1, 4, height, 8)
    )


def test_the_layout_only_moves_the_numbers():
    x = normal(2, 3, 4, 6)
    got = run(nn.upsampling, x.transpose(0, 2, 3, 1), scale_h=2, scale_w=2, method="bilinear", layout="NHWC")
    close(got.transpose(0, 3, 1, 2), run(nn.upsampling, x, scale_h=2, scale_w=2, method="bilinear"))


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"scale_h": 0.01}, r"an image of \[4, 6\] scaled by 0.01 and 1.0 has nothing left"),
        ({"method": "linear"}, "take one of nearest_neighbor, bilinear, bicubic"),
    ],
)
def test_what_does_not_fit_is_refused(attributes, says):
    with pytest.raises(TypeError, match=says):
        typed(nn.upsampling(*variables((1, 4, 4, 6)), **attributes))
