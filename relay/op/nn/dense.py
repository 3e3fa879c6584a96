"""Matrix products: the dense layer, also with its weight in blocks, two matrices, and two batches of matrices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...expr import Call
from ...ty import TensorType
from ..attrs import Attrs, attributes
from ..layout import transform_layout, transformed_shape
from ..op import OpPattern, define, get
from ..type_relations import tensor
from . import contraction


@attributes("DenseAttrs")
class DenseAttrs(Attrs):
    """Attributes of `nn.dense`; an empty `out_dtype` stands for the dtype of the data."""

    units: int | None
    out_dtype: str = ""


@attributes("MatmulAttrs")
class MatmulAttrs(Attrs):
    """Attributes of `nn.matmul`; an empty `out_dtype` stands for the dtype of the first matrix."""

    units: int | None
    out_dtype: str = ""
    transpose_a: bool = False
    transpose_b: bool = False


@attributes("BatchMatmulAttrs")
class BatchMatmulAttrs(Attrs):
    """Attributes of `nn.batch_matmul`; an empty `out_dtype` stands for the dtype of the first batch."""

    out_dtype: str = ""
    transpose_a: bool = False
    transpose_b: bool = False


@attributes("DensePackAttrs")
class DensePackAttrs(Attrs):
    """Attributes of `nn.contrib_dense_pack`; an empty `out_dtype` stands for the dtype of the data."""

    units: int | None
    out_dtype: str = ""
    weight_layout: str = "NC"


def _complete(types: Sequence[Any], units: int | None, taken: int, transposed: bool) -> Sequence[Any]:
    """The weight of a layer that says how many units it has; axis `taken` of the data is summed over."""
    data, weight = types
    if weight is None and data is not None and units is not None:
        inner = data.shape[taken]
        weight = TensorType((units, inner) if transposed else (inner, units), data.dtype)
    return data, weight


def _infer_dense(types: Sequence[Any], attrs: DenseAttrs) -> TensorType:
    return _infer(types, attrs, False, True)


def _infer_matmul(types: Sequence[Any], attrs: MatmulAttrs) -> TensorType:
    return _infer(types, attrs, attrs.transpose_a, attrs.transpose_b)


def _infer(types: Sequence[Any], attrs: Any, transpose_a: bool, transpose_b: bool) -> TensorType:
    data, weight = tensor(types[0], "the data"), tensor(types[1], "the weight")
    shape, matrix = data.concrete_shape, weight.concrete_shape
    least = 2 if transpose_a else 1
    if len(shape) < least or len(matrix) != 2:
        raise TypeError(f"the data has rank {len(shape)} and the weight {len(matrix)}, not {least} or more and 2")
    if transpose_a:
        shape = (*shape[:-2], shape[-1], shape[-2])
    inner, units = reversed(matrix) if transpose_b else matrix
    if shape[-1] != inner:
        raise TypeError(f"the data has {shape[-1]} elements to sum over and the weight takes {inner}")
    if attrs.units is not None and attrs.units != units:
        raise TypeError(f"units is {attrs.units} and the weight has {units}")
    return TensorType((*shape[:-1], units), attrs.out_dtype or data.dtype)


def _infer_packed(types: Sequence[Any], attrs: DensePackAttrs) -> TensorType:
    data, weight = tensor(types[0], "the data"), tensor(types[1], "the weight")
    if len(data.shape) != 2:
        raise TypeError(f"the data has rank {len(data.shape)}, not 2")
    units, inner = transformed_shape(weight.concrete_shape, attrs.weight_layout, "NC")
    batch, given = data.concrete_shape
    if given != inner:
        raise TypeError(f"the data has {given} elements to sum over and the weight takes {inner}")
    if attrs.units is not None and attrs.units != units:
        raise TypeError(f"units is {attrs.units} and the weight has {units}")
    return TensorType((batch, units), attrs.out_dtype or data.dtype)


def _infer_batch(types: Sequence[Any], attrs: BatchMatmulAttrs) -> TensorType:
    a, b = tensor(types[0], "the first batch"), tensor(types[1], "the second batch")
    left, right = a.concrete_shape, b.concrete_shape
    if len(left) != 3 or len(right) != 3:
        raise TypeError(f"the batches have rank {len(left)} and {len(right)}, not 3 and 3")
    if left[0] != right[0] and 1 not in (left[0], right[0]):
        raise TypeError(f"there are {left[0]} matrices in the first batch and {right[0]} in the second")
    rows, inner = reversed(left[1:]) if attrs.transpose_a else left[1:]
    taken, columns = reversed(right[1:]) if attrs.transpose_b else right[1:]
    if inner != taken:
        raise TypeError(f"the first matrices have {inner} elements to sum over and the second ones {taken}")
    batch = right[0] if left[0] == 1 else left[0]
    return TensorType((batch, rows, columns), attrs.out_dtype or a.dtype)


def _product(arrays: Sequence[np.ndarray], attrs: Any, transpose_a: bool, transpose_b: bool) -> np.ndarray:
    a = arrays[0].swapaxes(-1, -2) if transpose_a else arrays[0]
    b = arrays[1].swapaxes(-1, -2) if transpose_b else arrays[1]
    return contraction.matmul(a, b, attrs.out_dtype or str(a.dtype))


define(
    "nn.dense",
    inputs=("data", "weight"),
    attrs=DenseAttrs,
    infer=_infer_dense,
    complete=lambda types, attrs: _complete(types, attrs.units, -1, True),
    compute=lambda arrays, attrs: _product(arrays, attrs, False, True),
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)
define(
    "nn.matmul",
    inputs=("tensor_a", "tensor_b"),
    attrs=MatmulAttrs,
    infer=_infer_matmul,
    complete=lambda types, attrs: _complete(types, attrs.units, -2 if attrs.transpose_a else -1, attrs.transpose_b),
    compute=lambda arrays, attrs: _product(arrays, attrs, attrs.transpose_a, attrs.transpose_b),
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)
define(
    "nn.contrib_dense_pack",
    inputs=("data", "weight"),
    attrs=DensePackAttrs,
    infer=_infer_packed,
    compute=lambda arrays, attrs: _product(
        (arrays[0], transform_layout(arrays[1], attrs.weight_layout, "NC")), attrs, False, True
    ),
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)
define(
    "nn.batch_matmul",
    inputs=("tensor_a", "tensor_b"),
    attrs=BatchMatmulAttrs,
    infer=_infer_batch,
    compute=lambda arrays, attrs: _product(arrays, attrs, attrs.transpose_a, attrs.transpose_b),
    pattern=OpPattern.OUT_ELEMWISE_FUSABLE,
)


def dense(data: Any, weight: Any, units: int | None = None, out_dtype: str = "") -> Call:
    """`data @ weight.T`: data of shape `(..., in)`, weight of shape `(units, in)`, result of shape `(..., units)`.

    The result has the data's dtype, or `out_dtype`. `InferType` raises `TypeError` where the shapes and `units` differ.
    """
    return Call(get("nn.dense"), [data, weight], DenseAttrs(units=units, out_dtype=out_dtype))


def contrib_dense_pack(
    data: Any, weight: Any, weight_layout: str = "NC", units: int | None = None, out_dtype: str = ""
) -> Call:
    """`nn.dense` of data `(rows, in)` with its weight in blocks: `(units / 16, in, 16)` for the layout `NC16n`.

    The result is `(rows, units)`, in the data's dtype or in `out_dtype`. `InferType` raises `TypeError` where the
    shapes and `units` differ.
    """
    attrs = DensePackAttrs(units=units, out_dtype=out_dtype, weight_layout=weight_layout)
    return Call(get("nn.contrib_dense_pack"), [data, weight], attrs)


def matmul(
    tensor_a: Any,
    tensor_b: Any,
    units: int | None = None,
    out_dtype: str = "",
    transpose_a: bool = False,
    transpose_b: bool = False,
) -> Call:
    """`tensor_a @ tensor_b`: shapes `(..., rows, in)` and `(in, units)`, either with its last two axes exchanged.

    The result has the first one's dtype, or `out_dtype`. With only the second one transposed this is `nn.dense`, as in
    Relay. `InferType` raises `TypeError` where the shapes and `units` differ.
    """
    if transpose_b and not transpose_a:
        return dense(tensor_a, tensor_b, units, out_dtype)
    attrs = MatmulAttrs(units=units, out_dtype=out_dtype, transpose_a=transpose_a, transpose_b=transpose_b)
    return Call(get("nn.matmul"), [tensor_a, tensor_b], attrs)


def batch_matmul(
    tensor_a: Any, tensor_b: Any, out_dtype: str = "", transpose_a: bool = False, transpose_b: bool = True
) -> Call:
    """The products of two batches of matrices: shapes `(batch, rows, in)` and, transposed, `(batch, columns, in)`.

    The result is `(batch, rows, columns)`, in the first one's dtype or in `out_dtype`. A batch of one goes with every
    matrix of the other. `InferType` raises `TypeError` where the shapes differ.
    """
    attrs = BatchMatmulAttrs(out_dtype=out_dtype, transpose_a=transpose_a, transpose_b=transpose_b)
    return Call(get("nn.batch_matmul"), [tensor_a, tensor_b], attrs)
