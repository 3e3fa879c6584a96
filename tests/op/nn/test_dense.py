import numpy as np
import pytest
import set_env  # noqa: F401
import torch
from torch import from_numpy
from tvm import relay

from ..reference import run, typed
from .arrays import close, normal, variables

nn = relay.nn


@pytest.mark.parametrize("shape", [(2, 8), (8,), (2, 3, 8)])
def test_dense_is_torchs(shape):
    x, w = normal(*shape), normal(5, 8, seed=1)
    close(run(nn.dense, x, w), torch.nn.functional.linear(from_numpy(x), from_numpy(w)))


@pytest.mark.parametrize("transpose_a", [False, True])
@pytest.mark.parametrize("transpose_b", [False, True])
def test_products_of_matrices(transpose_a, transpose_b):
    flags = {"transpose_a": transpose_a, "transpose_b": transpose_b}
    a, b = normal(4, 2, 8), normal(4, 8, 5, seed=1)
    left, right = (a.swapaxes(1, 2) if transpose_a else a), (b.swapaxes(1, 2) if transpose_b else b)
    close(run(nn.matmul, left[0], right[0], **flags), a[0] @ b[0])
    close(run(nn.batch_matmul, left, right, **flags), a @ b)
    close(run(nn.batch_matmul, left[:1], right, **flags), a[:1] @ b)
    close(run(nn.batch_matmul, left, right[:1], **flags), a @ b[:1])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "int64"])
def test_integers_are_exact_and_wrap_around(dtype):
    x, w = normal(3, 70, dtype=dtype), normal(5, 70, dtype=dtype, seed=1)
    want = x.astype("int64") @ w.astype("int64").T
    for out_dtype in ("", "int32", "int64"):
        np.testing.assert_array_equal(run(nn.dense, x, w, out_dtype=out_dtype), want.astype(out_dtype or dtype))


def test_unsigned_data_and_signed_weights():
    x, w = np.full((1, 2), 200, "uint8"), np.full((1, 2), -3, "int8")
    assert run(nn.dense, x, w, out_dtype="int32").item() == -1200


def test_a_missing_weight_gets_its_type():
    (x,) = variables((2, 8), dtype="float16")
    for call, shape in (
        (nn.dense(x, relay.var("w"), units=5), (5, 8)),
        (nn.matmul(x, relay.var("w"), units=5), (8, 5)),
        (nn.matmul(x, relay.var("w"), units=5, transpose_a=True, transpose_b=True), (5, 2)),
    ):
        assert typed(call).args[1].checked_type == relay.TensorType(shape, "float16")


def test_a_product_with_only_the_second_transposed_is_dense():
    assert str(nn.matmul(*variables((2, 8), (5, 8)), transpose_b=True).op) == "Op(nn.dense)"


@pytest.mark.parametrize(
    ("call", "shapes", "says"),
    [
        (nn.dense, [(2, 8), (5, 7)], "the data has 8 elements to sum over and the weight takes 7"),
        (lambda x, w: nn.dense(x, w, units=4), [(2, 8), (5, 8)], "units is 4 and the weight has 5"),
        (nn.dense, [(), (5, 8)], "the data has rank 0 and the weight 2, not 1 or more and 2"),
        (nn.dense, [(2, 8), (8,)], "the data has rank 2 and the weight 1, not 1 or more and 2"),
        (nn.batch_matmul, [(2, 3, 8), (2, 8)], "the batches have rank 3 and 2, not 3 and 3"),
        (nn.batch_matmul, [(2, 3, 8), (3, 4, 8)], "there are 2 matrices in the first batch and 3 in the second"),
        (nn.batch_matmul, [(2, 3, 8), (2, 4, 7)], "have 8 elements to sum over and the second ones 7"),
    ],
)
def test_what_does_not_fit_is_refused(call, shapes, says):
    with pytest.raises(TypeError, match=says):
        typed(call(*variables(*shapes)))
