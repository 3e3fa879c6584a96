"""Annotations, and the rounding that the quantizer simulates."""

import numpy as np
import pytest
import set_env  # noqa: F401
from tvm import relay
from tvm.relay.op import annotation

from .reference import run, type_of, typed

X = np.array([-3, -0.26, 0, 0.24, 0.25, 0.75, 100], "float32")


def quantized(x, scale=0.5, low=-4.0, high=4.0, **more):
    numbers = (np.array(number, "float32") for number in (scale, low, high))
    return run(annotation.simulated_quantize, x, *numbers, **{"kind": 1, **more})


@pytest.mark.parametrize("function", [annotation.stop_fusion, annotation.checkpoint, relay.annotation.stop_fusion])
def test_an_annotation_changes_nothing(function):
    np.testing.assert_array_equal(run(function, X), X)
    assert len(run(function, [X, X])) == 2


def test_a_cast_hint_says_a_dtype_and_casts_nothing():
    x = relay.var("x", shape=(2,))
    assert str(annotation.cast_hint(x, "int8")).endswith('annotation.cast_hint(%x, dtype="int8")')
    assert type_of(annotation.cast_hint(x, "int8")) == "Tensor[(2), float32]"
    np.testing.assert_array_equal(run(annotation.cast_hint, X, dtype="int8"), X)


def test_simulated_quantization_rounds_to_multiples_of_the_scale_inside_the_bounds():
    np.testing.assert_array_equal(quantized(X), [-2, -0.5, 0, 0, 0.5, 1, 2])
    assert quantized(np.array(0.3, "float32")) == 0.5
    np.testing.assert_array_equal(quantized(X, rounding="floor"), [-2, -0.5, 0, 0, 0, 0.5, 2])


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_every_kind_but_the_identity_rounds(kind):
    np.testing.assert_array_equal(quantized(X, kind=kind), quantized(X))
    np.testing.assert_array_equal(quantized(X, kind=0), X)


def test_the_scale_and_the_bounds_are_scalars_where_nothing_is_known_of_them():
    call = annotation.simulated_quantize(relay.var("x", shape=(2,)), *map(relay.var, ("s", "low", "high")), kind=1)
    assert [str(arg.checked_type) for arg in typed(call).args[1:]] == ["float32"] * 3
    assert str(call).endswith("relay.op.annotation.simulated_quantize(%x, %s, %low, %high, kind=1)")


def test_what_is_refused():
    x = relay.var("x", shape=(2,))
    with pytest.raises(TypeError, match=r"dom_scale must be a scalar, not Tensor\[\(2\), float32\]"):
        type_of(annotation.simulated_quantize(x, x, x, x, kind=1))
    with pytest.raises(ValueError, match="^simulated_quantize knows no rounding 'up'"):
        quantized(X, rounding="up")
    with pytest.raises(ValueError, match="^there is no kind 4 of value: take one of relay.quantize.QAnnotateKind"):
        quantized(X, kind=4)
