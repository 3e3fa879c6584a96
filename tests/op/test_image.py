import numpy as np
import pytest
import set_env  # noqa: F401
import torch.nn.functional as torch_nn
from torch import from_numpy
from tvm import relay

from .nn.arrays import close, normal, variables
from .reference import run, typed

resize2d = relay.image.resize2d


@pytest.mark.parametrize("size", [(3, 4), (6, 7), (11, 17), (1, 20)])
@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"mode": "nearest"}, {"method": "nearest_neighbor", "coordinate_transformation_mode": "asymmetric"}),
        ({"mode": "bilinear", "align_corners": False}, {"method": "linear"}),
        ({"mode": "bilinear", "align_corners": True}, {"coordinate_transformation_mode": "align_corners"}),
        ({"mode": "bicubic", "align_corners": False}, {"method": "cubic", "cubic_alpha": -0.75}),
        (
            {"mode": "bicubic", "align_corners": True},
            {"method": "cubic", "cubic_alpha": -0.75, "coordinate_transformation_mode": "align_corners"},
        ),
    ],
)
def test_resizing_is_torchs(size, theirs, ours):
    x = normal(2, 3, 6, 7)
    close(run(resize2d, x, size=size, **ours), torch_nn.interpolate(from_numpy(x), size=size, **theirs))


# What the genuine Relay makes of a row of 0, 1, ... 6, brought to 11 places.
ROWS = [
    ("nearest_neighbor", "half_pixel", "", "0 0 1 1 2 3 3 4 4 5 6"),
    ("nearest_neighbor", "half_pixel", "round_prefer_floor", "0 0 1 2 2 3 4 4 5 6 6"),
    ("nearest_neighbor", "half_pixel", "ceil", "0 1 2 2 3 3 4 5 5 6 6"),
    ("linear", "half_pixel", "", "0 0.4545 1.0909 1.7273 2.3636 3 3.6364 4.2727 4.9091 5.5455 6"),
    ("cubic", "half_pixel", "", "-0.0609 0.3869 1.0909 1.7273 2.3636 3 3.6364 4.2727 4.9091 5.6131 6.0609"),
    ("nearest_neighbor", "align_corners", "", "0 1 1 2 2 3 4 4 5 5 6"),
    ("nearest_neighbor", "align_corners", "round_prefer_floor", "0 1 1 2 2 3 4 4 5 5 6"),
    ("nearest_neighbor", "align_corners", "ceil", "0 1 2 2 3 3 4 5 5 6 6"),
    ("linear", "align_corners", "", "0 0.6 1.2 1.8 2.4 3 3.6 4.2 4.8 5.4 6"),
    ("cubic", "align_corners", "", "0 0.552 1.2 1.8 2.4 3 3.6 4.2 4.8 5.448 6"),
    ("nearest_neighbor", "asymmetric", "", "0 0 1 1 2 3 3 4 5 5 6"),
    ("nearest_neighbor", "asymmetric", "round_prefer_floor", "0 1 1 2 3 3 4 4 5 6 6"),
    ("nearest_neighbor", "asymmetric", "ceil", "0 1 2 2 3 4 4 5 6 6 6"),
    ("linear", "asymmetric", "", "0 0.6364 1.2727 1.9091 2.5455 3.1818 3.8182 4.4545 5.0909 5.7273 6"),
    ("cubic", "asymmetric", "", "0 0.5943 1.2727 1.9091 2.5455 3.1818 3.8182 4.4545 5.0947 5.7994 6.0736"),
    ("nearest_neighbor", "tf_half_pixel_for_nn", "", "0 0 1 2 2 3 4 4 5 6 6"),
    ("nearest_neighbor", "tf_half_pixel_for_nn", "round_prefer_floor", "0 1 2 2 3 3 4 5 5 6 6"),
    ("nearest_neighbor", "tf_half_pixel_for_nn", "ceil", "1 1 2 3 3 4 5 5 6 6 6"),
    ("linear", "tf_half_pixel_for_nn", "", "0.3182 0.9545 1.5909 2.2273 2.8636 3.5 4.1364 4.7727 5.4091 6 6"),
    ("cubic", "tf_half_pixel_for_nn", "", "0.2442 0.9536 1.5909 2.2273 2.8636 3.5 4.1364 4.7727 5.4585 6.0207 6.0345"),
]


@pytest.mark.parametrize(("method", "mode", "rounding", "want"), ROWS)
def test_a_row_is_as_in_tvm(method, mode, rounding, want):
    x = np.arange(7, dtype="float32").reshape(1, 1, 1, 7)
    attributes = {"method": method, "coordinate_transformation_mode": mode, "rounding_method": rounding}
    close(run(resize2d, x, size=(1, 11), **attributes)[0, 0, 0], [float(number) for number in want.split()], 2e-5)


# Integers, by the genuine Relay too: cut off towards zero, and what does not fit wraps around.
INTEGERS = [
    ("uint8", "linear", [3, 111, 151, 16, 67, 96, 98, 213, 140, 0]),
    ("uint8", "cubic", [249, 126, 172, 10, 63, 97, 94, 239, 154, 243]),
    ("uint8", "nearest_neighbor", [3, 3, 200, 200, 7, 100, 90, 90, 255, 0]),
    ("int8", "linear", [3, -29, -40, 3, 67, 96, 85, 21, 0, 0]),
    ("int32", "cubic", [-7, 126, 172, 10, 63, 97, 94, 239, 154, -13]),
]


@pytest.mark.parametrize(("dtype", "method", "want"), INTEGERS)
def test_a_row_of_integers_is_as_in_tvm(dtype, method, want):
    x = np.array([3, 200, 7, 100, 90, 255, 0]).astype(dtype).reshape(1, 1, 1, 7)
    np.testing.assert_array_equal(run(resize2d, x, size=(1, 10), method=method)[0, 0, 0], want)


def test_cubic_may_leave_out_what_is_outside():
    x = np.ones((1, 1, 5, 5), "float32")
    close(run(resize2d, x, size=(9, 9), method="cubic", cubic_exclude=1), np.ones((1, 1, 9, 9)))
    ramp = np.arange(5, dtype="float32").reshape(1, 1, 1, 5)
    kept = run(resize2d, ramp, size=(1, 9), method="cubic", cubic_exclude=1)
    assert kept[0, 0, 0, 0] != run(resize2d, ramp, size=(1, 9), method="cubic")[0, 0, 0, 0]
    assert kept[0, 0, 0, 4] == 2


def test_one_place_of_aligned_corners_is_the_first():
    x = normal(1, 1, 5, 6)
    got = run(resize2d, x, size=(1, 1), coordinate_transformation_mode="align_corners")
    close(got, x[:, :, :1, :1], 0)


def test_the_layout_only_moves_the_numbers():
    x = normal(2, 3, 6, 7)
    got = run(resize2d, x.transpose(0, 2, 3, 1), size=(9, 5), layout="NHWC")
    close(got.transpose(0, 3, 1, 2), run(resize2d, x, size=(9, 5)))


def test_the_result_may_have_another_dtype():
    assert run(resize2d, normal(1, 1, 4, 4), size=6, out_dtype="float16").dtype == np.float16


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        ({"size": (0, 4)}, r"an image of \[6, 7\] cannot be resized to \[0, 4\]: give a height and a width"),
        ({"size": 4, "method": "bilinear"}, "take one of nearest_neighbor, linear, cubic"),
        ({"size": 4, "coordinate_transformation_mode": "tf_crop_and_resize"}, "take one of half_pixel, "),
        ({"size": 4, "rounding_method": "up"}, "take one of round, round_prefer_floor, "),
    ],
)
def test_what_does_not_fit_is_refused(attributes, says):
    with pytest.raises(TypeError, match=says):
        typed(resize2d(*variables((1, 3, 6, 7)), **attributes))
