"""Types and their text."""

import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay


@pytest.mark.parametrize(
    ("ty", "text"),
    [
        (relay.TensorType((1, 3, 4, 4)), "Tensor[(1, 3, 4, 4), float32]"),
        (relay.TensorType((8,), "int8"), "Tensor[(8), int8]"),
        (relay.TensorType((), "int32"), "int32"),
        (relay.scalar_type("bool"), "bool"),
        (relay.TupleType([relay.TensorType((2,))]), "(Tensor[(2), float32],)"),
        (relay.TupleType([]), "()"),
        (relay.FuncType([relay.TensorType((2,))], relay.scalar_type("int8")), "fn (Tensor[(2), float32]) -> int8"),
    ],
)
def test_text(ty, text):
    assert str(ty) == text
    assert tvm.ir.load_json(tvm.ir.save_json(ty)) == ty
    assert hash(tvm.ir.load_json(tvm.ir.save_json(ty))) == hash(ty)


def test_shapes_are_natural_numbers():
    assert relay.TensorType((2, 3)).concrete_shape == (2, 3)
    with pytest.raises(ValueError, match="no negative sizes.*holds -1"):
        relay.TensorType((2, -1))
    with pytest.raises(TypeError, match="made of integers.*holds 'n'"):
        relay.TensorType((2, "n"))
    with pytest.raises(TypeError, match="made of integers.*holds 2.5"):
        relay.TensorType((2.5,))
    with pytest.raises(TypeError, match=r"a tuple of integers, not 3: write \(3,\)"):
        relay.TensorType(3)


def test_dtypes_are_those_of_tvm():
    assert relay.TensorType((2,), "int4").dtype == "int4"
    with pytest.raises(ValueError, match="no dtype 'floaty': write one such as 'float32'"):
        relay.TensorType((2,), "floaty")
