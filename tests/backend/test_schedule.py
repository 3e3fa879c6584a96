"""The loops that are written for functions without a kernel: what they compute, and how they look."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

RNG = np.random.default_rng(3)


def values(ty):
    if ty.dtype.startswith("float"):
        return RNG.standard_normal(ty.concrete_shape).astype(ty.dtype)
    return RNG.integers(-100, 100, ty.concrete_shape).astype(ty.dtype)


def text(func):
    """The TensorIR of a function that is one primitive function."""
    lib = relay.build(tvm.IRModule.from_expr(func), {"kind": "llvm", "mcpu": "cascadelake", "num-cores": 2})
    (found,) = [f for f in lib.relax_mod.functions.values() if isinstance(f, tvm.tirx.PrimFunc)]
    return str(found)


def assert_computes(*params_and_body, exact=False):
    """Compile a function for this machine, and compare with the operators' references."""
    *params, body = params_and_body
    func = relay.Function(params, body)
    typed = relay.transform.InferType()(tvm.IRModule.from_expr(func))
    arrays = [values(param.checked_type) for param in typed["main"].params]
    want = relay.create_executor("debug", typed).evaluate()(*arrays).numpy()
    got = relay.create_executor("graph", typed).evaluate()(*arrays).numpy()
    np.testing.assert_allclose(got, want, *((0, 0) if exact else (1e-5, 1e-5 * np.abs(want).max())))


def var(name, *shape, dtype="float32"):
    return relay.var(name, shape=shape, dtype=dtype)


def test_what_is_elementwise_is_one_loop_over_memory_in_vectors():
    x, y = var("x", 2, 3, 7, 11), var("y", 2, 3, 7, 11)
    func = relay.Function([x, y], relay.nn.relu(relay.add(x, y)))
    written = text(func)
    assert "begin: T.let[T.int32] = T.min(i * 16, 446)" in written
    assert written.count("for ") == 2
    assert "alloc" not in written
    assert_computes(x, y, func.body)


def test_large_work_is_shared_by_the_threads():
    for rows, shared in ((512, True), (1, False)):
        x = var("x", rows, 1024)
        assert ("T.parallel" in text(relay.Function([x], relay.exp(x)))) == shared


def test_a_softmax_keeps_a_row_at_a_time():
    x = var("x", 30, 19)
    written = text(relay.Function([x], relay.nn.softmax(x)))
    # The exponentials; maxima and sums are in registers.
    assert written.count("alloc_buffer((570,))") == 1
    assert_computes(x, relay.nn.softmax(x))
    assert_computes(x, relay.nn.softmax(x, axis=0))


def test_joined_tensors_are_loops_without_conditions():
    x, y = var("x", 1, 5, 9, 9), var("y", 1, 3, 9, 9)
    body = relay.concatenate([relay.nn.relu(x), relay.negative(y)], axis=1)
    written = text(relay.Function([x, y], body))
    assert "if" not in written
    assert_computes(x, y, body)
    assert_computes(x, y, relay.concatenate([relay.transpose(x, (0, 2, 3, 1)), relay.transpose(y, (0, 2, 3, 1))], -1))


def test_a_chain_of_squares_is_computed_once_each():
    body = x = var("x", 40)
    for _ in range(60):
        body = relay.multiply(relay.add(body, relay.negative(body)), body)
    assert_computes(x, body)


def silu(x):
    return relay.multiply(x, relay.sigmoid(x))


def test_long_values_behind_conditions_are_computed_once_each():
    """Of three in a row the first, written out where it is used, would be there thousands of times."""
    x, y = var("x", 1, 5, 6, 6), var("y", 1, 3, 6, 6)
    for_each = relay.concatenate([silu(silu(silu(x))), relay.negative(y)], axis=1)
    assert_computes(x, y, for_each)
    assert_computes(x, y, relay.sum(silu(silu(for_each)), axis=1))
    assert_computes(x, relay.nn.avg_pool2d(silu(silu(silu(x))), (3, 3), padding=(1, 1)))


@pytest.mark.parametrize("layout", ["NCHW", "NHWC", "NCHW4c"])
@pytest.mark.parametrize("shape", [(1, 8, 13, 9), (2, 4, 5, 5)])
def test_pooling_has_its_edges_apart(layout, shape):
    x = var("x", *shape)
    data = x if layout == "NCHW" else relay.layout_transform(x, "NCHW", layout)
    for size, strides, padding in ((3, 2, (1, 1, 1, 1)), (2, 1, (0, 1, 1, 0)), (3, 1, (2, 0, 0, 2))):
        options = {"pool_size": (size, size), "strides": (strides, strides), "padding": padding, "layout": layout}
        largest, mean = relay.nn.max_pool2d(data, **options), relay.nn.avg_pool2d(data, **options)
        whole = relay.nn.avg_pool2d(data, count_include_pad=True, **options)
        assert_computes(x, relay.stack([largest, mean, whole], axis=0))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize(("m", "n", "k"), [(1, 10, 33), (5, 7, 100), (9, 16, 3), (3, 1, 1)])
def test_matrix_products(m, n, k, dtype):
    x, w = var("x", m, k, dtype=dtype), var("w", n, k, dtype=dtype)
    out = "int32" if dtype == "int8" else dtype
    assert_computes(x, w, relay.nn.relu(relay.nn.dense(x, w, out_dtype=out)), exact=dtype == "int8")
    a, b = var("a", 3, m, k), var("b", 3, k, n)
    assert_computes(a, b, relay.nn.batch_matmul(a, b, transpose_b=False))


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize(
    ("size", "strides", "padding", "dilation"), [(3, 1, 1, 1), (3, 2, 1, 1), (5, 1, 2, 1), (3, 1, 2, 2)]
)
def test_depthwise_convolutions_in_blocks(size, strides, padding, dilation, dtype):
    x, w = var("x", 2, 3, 9, 7, 8, dtype=dtype), var("w", 3, 1, size, size, 1, 8, dtype=dtype)
    convolved = relay.nn.contrib_depthwise_conv2d_nchwc(
        x,
        w,
        strides=(strides, strides),
        padding=(padding, padding),
        dilation=(dilation, dilation),
        groups=24,
        channels=24,
        kernel_size=(size, size),
        data_layout="NCHW8c",
        kernel_layout="OIHW1i8o",
        out_layout="NCHW8c",
        out_dtype="int32" if dtype == "int8" else dtype,
    )
    assert_computes(x, w, relay.nn.relu(convolved), exact=dtype == "int8")


@pytest.mark.parametrize("strides", [(1, 1), (2, 3)])
@pytest.mark.parametrize(
    ("size", "padding", "dilation"), [((3, 4), (1, 2, 0, 1), 1), ((2, 2), (3, 3, 3, 3), 4), ((1, 1), (0, 0, 0, 0), 1)]
)
def test_transposed_convolutions_by_phases(size, padding, dilation, strides):
    x, w = var("x", 1, 4, 8, 6), var("w", 4, 3, *size)
    options = {"padding": padding, "dilation": (dilation, dilation), "kernel_size": size}
    more = (strides[0] - 1, 0)
    found = relay.nn.conv2d_transpose(x, w, channels=6, groups=2, strides=strides, output_padding=more, **options)
    assert_computes(x, w, relay.nn.relu(found))


def test_sums_of_sums():
    x = var("x", 6, 10, 21)
    assert_computes(x, relay.sum(relay.mean(x, axis=2), axis=0))
    assert_computes(x, relay.divide(x, relay.sum(x, axis=[1, 2], keepdims=True)))
    assert_computes(x, relay.variance(x, axis=(0, 2)))
    assert_computes(x, relay.argmax(x, axis=1), exact=True)


@pytest.mark.parametrize("mcpu", ["x86-64", "x86-64-v3"])
def test_lesser_processors(mcpu):
    """Fewer lanes and no masks; what has been compiled for them runs here too."""
    x, w = var("x", 3, 37), var("w", 5, 37)
    func = relay.Function([x, w], relay.nn.softmax(relay.nn.dense(x, w)))
    arrays = [values(relay.TensorType(shape, "float32")) for shape in ((3, 37), (5, 37))]
    want = relay.create_executor("debug").evaluate(func)(*arrays).numpy()
    got = relay.create_executor("graph", target={"kind": "llvm", "mcpu": mcpu}).evaluate(func)(*arrays).numpy()
    np.testing.assert_allclose(got, want, 1e-5, 1e-6)
