import numpy as np
import pytest
import set_env  # noqa: F401
import torch.nn.functional as torch_nn
from torch import from_numpy
from tvm import relay

from ..reference import run, typed
from .arrays import close, normal, variables

nn = relay.nn
WIDTHS = ((0, 0), (0, 0), (1, 2), (3, 0))


@pytest.mark.parametrize(("mode", "name"), [("constant", "constant"), ("edge", "replicate"), ("reflect", "reflect")])
def test_pad_is_torchs(mode, name):
    x = normal(2, 3, 5, 6)
    close(run(nn.pad, x, pad_width=WIDTHS, pad_mode=mode), torch_nn.pad(from_numpy(x), (3, 0, 1, 2), mode=name), 0)


@pytest.mark.parametrize("value", [7, -2.5, np.float32(0.5)])
def test_pad_with_a_value(value):
    x = normal(2, 3)
    close(
        run(nn.pad, x, pad_width=((1, 0), (0, 2)), pad_value=value),
        np.pad(x, ((1, 0), (0, 2)), constant_values=value),
        0,
    )


def test_the_value_takes_the_dtype_of_the_data():
    x = normal(2, 3, dtype="int8")
    got = run(nn.pad, x, pad_width=((1, 0), (0, 0)), pad_value=relay.const(-3.0))
    np.testing.assert_array_equal(got, np.concatenate([np.full((1, 3), -3, "int8"), x]))


def test_a_negative_width_takes_away():
    x = np.arange(1, 8, dtype="float32")
    close(run(nn.pad, x, pad_width=((-2, 1),)), [3, 4, 5, 6, 7, 0], 0)


@pytest.mark.parametrize(("mode", "want"), [("SYMMETRIC", [2, 1, 1, 2, 3, 3]), ("REFLECT", [3, 2, 1, 2, 3, 2])])
def test_mirror_pad_shows_the_edge_twice_or_once(mode, want):
    got = run(nn.mirror_pad, np.array([1, 2, 3], "int32"), pad_width=((2, 1),), mode=mode)
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x: nn.pad(x, ((1, 1),)), "not a pair for each of 2 axes"),
        (lambda x: nn.pad(x, ((1,), (1,))), "not a pair for each of 2 axes"),
        (lambda x: nn.pad(x, ((0, 0), (-2, -2))), r"the padding \(-2, -2\) takes away from an axis of 3"),
        (
            lambda x: nn.pad(x, ((0, 0), (-1, 0)), pad_mode="edge"),
            r"the padding \(-1, 0\) takes away from an axis of 3",
        ),
        (lambda x: nn.pad(x, ((0, 0), (3, 0)), pad_mode="reflect"), "more than a mirror shows of an axis of 3"),
        (lambda x: nn.pad(x, ((0, 0), (0, 0)), pad_mode="wrap"), "take one of constant, edge, reflect"),
        (
            lambda x: nn.pad(x, ((0, 0), (0, 0)), relay.const([1.0])),
            r"has the shape \(1,\), not that of a single number",
        ),
        (lambda x: nn.mirror_pad(x, ((0, 0), (4, 0))), "more than a mirror shows of an axis of 3"),
        (lambda x: nn.mirror_pad(x, ((0, 0), (0, 0)), "reflect"), "take one of SYMMETRIC, REFLECT"),
    ],
)
def test_what_does_not_fit_is_refused(call, says):
    with pytest.raises(TypeError, match=says):
        typed(call(*variables((2, 3))))
