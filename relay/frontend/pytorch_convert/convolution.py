"""Convolutions, dense layers and matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ... import op as _op
from ...expr import Tuple, const
from ...op.type_relations import broadcast_shape
from .context import Context, pair
from .table import converts


@converts("aten::_convolution", "aten::convolution")
def convolution(
    ctx: Context,
    data: Any,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Any:
    """A convolution over one, two or three axes, and its transpose."""
    axes = ctx.rank(weight) - 2
    if ctx.rank(data) == axes + 1:  # an image that stands alone, without a batch
        batch = _op.expand_dims(data, 0)
        layer = (weight, bias, stride, padding, dilation, transposed, output_padding, groups)
        return _op.squeeze(convolution(ctx, batch, *layer), [0])
    common = {"strides": pair(stride, axes), "dilation": pair(dilation, axes), "groups": groups}
    if transposed:
        common |= {"padding": pair(padding, axes), "output_padding": pair(output_padding, axes)}
        return _transposed(ctx, data, weight, bias, common)
    return _convolved(ctx, data, weight, bias, common | {"padding": pair(padding, axes)})


def _convolved(ctx: Context, data: Any, weight: Any, bias: Any, attrs: dict[str, Any]) -> Any:
    shape, groups = ctx.shape(weight), attrs["groups"]
    kernel = list(shape[2:])
    if groups > 1 and shape[1] == 1:
        # Relay's depthwise weight is (channels, multiplier, ...); the reshape is written where it changes nothing too.
        weight = _op.reshape(weight, [groups, shape[0] // groups, *kernel])
    if len(kernel) == 1 and groups > 1:
        return _one_row(data, weight, bias, shape, attrs)
    result = getattr(_op.nn, f"conv{len(kernel)}d")(data, weight, channels=shape[0], kernel_size=kernel, **attrs)
    return result if bias is None else _op.nn.bias_add(result, bias)


def _one_row(data: Any, weight: Any, bias: Any, shape: Sequence[int], attrs: dict[str, Any]) -> Any:
    """A grouped convolution over one axis as one over an image of height 1."""
    before = {"strides": 1, "padding": 0, "dilation": 1}
    attrs = attrs | {name: [first, *attrs[name]] for name, first in before.items()}
    if len(attrs["padding"]) == 3:
        attrs["padding"] = [0, attrs["padding"][1], 0, attrs["padding"][2]]
    data, weight = _op.expand_dims(data, 2), _op.expand_dims(weight, 2)
    result = _op.nn.conv2d(data, weight, channels=shape[0], kernel_size=[1, shape[2]], **attrs)
    return _op.squeeze(result if bias is None else _op.nn.bias_add(result, bias), [2])


def _transposed(ctx: Context, data: Any, weight: Any, bias: Any, attrs: dict[str, Any]) -> Any:
    shape = ctx.shape(weight)
    convolve = getattr(_op.nn, f"conv{len(shape) - 2}d_transpose")
    result = convolve(data, weight, channels=shape[1] * attrs["groups"], kernel_size=list(shape[2:]), **attrs)
    return result if bias is None else _op.nn.bias_add(result, bias)


@converts("aten::conv1d", "aten::conv2d", "aten::conv3d", "aten::_convolution_mode")
def conv(
    ctx: Context,
    data: Any,
    weight: Any,
    bias: Any = None,
    stride: Sequence[int] = (1,),
    padding: Sequence[int] | str = (0,),
    dilation: Sequence[int] = (1,),
    groups: int = 1,
) -> Any:
    """A convolution whose padding may be a word: `valid` is none, `same` keeps the size, the odd one at the end."""
    axes = ctx.rank(weight) - 2
    if isinstance(padding, str):
        kernel = ctx.shape(weight)[2:]
        total = [d * (k - 1) if padding == "same" else 0 for d, k in zip(pair(dilation, axes), kernel, strict=True)]
        before = [size // 2 for size in total]
        padding = before if all(size % 2 == 0 for size in total) else [*before, *(size - size // 2 for size in total)]
    if len(pair(padding, axes)) == axes:
        return convolution(ctx, data, weight, bias, stride, padding, dilation, False, [0], groups)
    attrs = {
        "strides": pair(stride, axes),
        "dilation": pair(dilation, axes),
        "groups": groups,
        "padding": list(padding),
    }
    return _convolved(ctx, data, weight, bias, attrs)


@converts("aten::conv_transpose1d", "aten::conv_transpose2d", "aten::conv_transpose3d")
def conv_transpose(
    ctx: Context,
    data: Any,
    weight: Any,
    bias: Any = None,
    stride: Sequence[int] = (1,),
    padding: Sequence[int] = (0,),
    output_padding: Sequence[int] = (0,),
    groups: int = 1,
    dilation: Sequence[int] = (1,),
) -> Any:
    """A transposed convolution."""
    return convolution(ctx, data, weight, bias, stride, padding, dilation, True, output_padding, groups)


@converts("aten::linear")
def linear(ctx: Context, data: Any, weight: Any, bias: Any = None) -> Any:
    """`data @ weight.T + bias`: a dense layer of a matrix, a batched product of anything larger."""
    if ctx.rank(data) == 2 and ctx.rank(weight) == 2:
        result = _op.nn.dense(data, weight)
    else:
        weight = _op.transpose(weight, [1, 0]) if ctx.rank(weight) == 2 else weight
        result = matmul(ctx, data, weight)
    return result if bias is None else _op.nn.bias_add(result, bias, axis=-1)


@converts("aten::mm", "aten::bmm")
def mm(ctx: Context, data: Any, mat2: Any) -> Any:
    """A product of two matrices, or of as many pairs."""
    return matmul(ctx, data, mat2)


@converts("aten::mv")
def mv(ctx: Context, data: Any, vec: Any) -> Any:
    """A matrix by a vector."""
    return matmul(ctx, data, vec)


@converts("aten::dot")
def dot(ctx: Context, data: Any, tensor: Any) -> Any:
    """A vector by a vector."""
    return matmul(ctx, data, tensor)


@converts("aten::matmul")
def matmul(ctx: Context, data: Any, other: Any) -> Any:
    """A product of matrices, their leading axes broadcast; a vector is a matrix of one row, or of one column."""
    two = ctx.rank(data) < 3 and ctx.rank(other) < 3
    added = [-2] * (ctx.rank(data) == 1) + [-1] * (ctx.rank(other) == 1)
    data = _op.expand_dims(data, 0) if -2 in added else data
    other = _op.expand_dims(other, 1) if -1 in added else other
    if two:
        return _op.squeeze(_op.nn.dense(data, _op.transpose(other)), added)
    a, b = ctx.shape(data), ctx.shape(other)
    batch = list(broadcast_shape(a[:-2], b[:-2]))
    lhs = _op.reshape(_op.broadcast_to(data, [*batch, *a[-2:]]), [-1, *a[-2:]])
    rhs = _op.reshape(_op.broadcast_to(other, [*batch, *b[-2:]]), [-1, *b[-2:]])
    product = _op.nn.batch_matmul(lhs, rhs, transpose_b=False)
    return _op.squeeze(_op.reshape(product, [*batch, a[-2], b[-1]]), added)


@converts("aten::addmm")
def addmm(ctx: Context, data: Any, mat1: Any, mat2: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * data + alpha * mat1 @ mat2`."""
    units = ctx.shape(mat2)[1]
    product = _op.nn.dense(mat1, _op.transpose(mat2, [1, 0]), units=units)
    return _op.add(_scaled(ctx, product, alpha), _scaled(ctx, data, beta))


def _scaled(ctx: Context, data: Any, factor: Any) -> Any:
    return data if factor == 1 else _op.multiply(data, const(factor, ctx.dtype(data)))


@converts("aten::baddbmm")
def baddbmm(ctx: Context, data: Any, batch1: Any, batch2: Any, beta: Any = 1, alpha: Any = 1) -> Any:
    """`beta * data + alpha * batch1 @ batch2`, matrix by matrix."""
    dtype = ctx.dtype(data)
    product = _op.nn.batch_matmul(batch1, batch2, transpose_b=False)
    return _op.add(_op.multiply(const(beta, dtype), data), _op.multiply(const(alpha, dtype), product))


@converts("aten::einsum")
def einsum(ctx: Context, equation: str, tensors: Sequence[Any], path: Any = None) -> Any:
    """A sum of products in Einstein's notation."""
    return _op.einsum(Tuple(tensors), equation)


@converts("aten::embedding")
def embedding(ctx: Context, weight: Any, indices: Any, padding_idx: int = -1) -> Any:
    """Rows of a table."""
    return _op.take(weight, _op.cast(indices, "int32"), axis=0)
