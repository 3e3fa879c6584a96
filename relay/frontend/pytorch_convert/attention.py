"""Attention, and the layers around it that PyTorch runs as one operator (Vaswani et al. 2017)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ... import op as _op
from ...expr import const
from .arithmetic import gelu
from .context import Context, is_expr
from .convolution import linear
from .create import full
from .normalize import layer_norm
from .table import converts


@converts("aten::scaled_dot_product_attention")
def attention(
    ctx: Context,
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """`softmax(query @ key.T * scale + mask) @ value`."""
    if enable_gqa:
        raise NotImplementedError("attention with groups of queries is not converted: repeat the keys and values")
    shape, keys = ctx.shape(query), ctx.shape(key)
    scores = _op.nn.batch_matmul(_stacked(ctx, query), _stacked(ctx, key), transpose_b=True)
    scores = _unstacked(scores, shape)
    if len(shape) == 4:
        scores = _op.squeeze(scores, [])
    factor = 1 / math.sqrt(shape[-1]) if scale is None else scale
    scores = _op.multiply(scores, const(factor, ctx.dtype(query)))
    bias = _attention_bias(ctx, ctx.dtype(query), (shape[-2], keys[-2]), attn_mask, is_causal)
    weights = _op.nn.dropout(_op.nn.softmax(_op.add(scores, bias)), dropout_p)
    return _unstacked(_op.nn.batch_matmul(_stacked(ctx, weights), _stacked(ctx, value), transpose_b=False), shape)


def _stacked(ctx: Context, data: Any) -> Any:
    """`(batch, heads, length, width)` with the first two as one axis."""
    return _op.reshape(data, [-3, -2]) if ctx.rank(data) == 4 else data


def _unstacked(data: Any, shape: Sequence[int]) -> Any:
    return _op.reshape(data, [-4, shape[0], -1, -2]) if len(shape) == 4 else data


def _attention_bias(ctx: Context, dtype: str, shape: tuple[int, int], mask: Any, is_causal: bool) -> Any:
    """What is added to the scores: zero, the mask, or minus infinity where a position may not be seen."""
    zeros = _op.full(const(0.0, dtype), list(shape))
    if is_causal:
        lower = _op.trilu(full(ctx, shape, True, "bool"), const(0), upper=False)
        hidden = _op.logical_not(_op.cast(lower, "bool"))
        return _op.cast(_op.where(hidden, _op.cast(const(-math.inf), dtype), zeros), dtype)
    if not is_expr(mask):
        return zeros
    if ctx.dtype(mask) == "bool":
        return _op.where(mask, zeros, _op.cast(const(-math.inf), dtype))
    return _op.add(zeros, mask)


@converts("aten::_native_multi_head_attention")
def multi_head_attention(
    ctx: Context,
    query: Any,
    key: Any,
    value: Any,
    embed_dim: int,
    num_head: int,
    qkv_weight: Any,
    qkv_bias: Any,
    proj_weight: Any,
    proj_bias: Any,
    mask: Any = None,
    need_weights: bool = True,
    average_attn_weights: bool = True,
    mask_type: int | None = None,
) -> list[Any]:
    """`nn.MultiheadAttention`: the result, and the weights of the heads, or their average, where they are wanted."""
    batch, length, width = (*ctx.shape(query)[:2], embed_dim // num_head)

    def heads(data: Any, weight: Any, bias: Any) -> Any:
        """One matrix for each head of each sample: `(batch * heads, length, width)`."""
        projected = linear(ctx, data, weight, bias)
        split = _op.reshape(projected, [batch, ctx.shape(data)[1], num_head, width])
        return _op.reshape(_op.transpose(split, [0, 2, 1, 3]), [batch * num_head, ctx.shape(data)[1], width])

    weights, biases = _op.split(qkv_weight, 3, axis=0), _op.split(qkv_bias, 3, axis=0)
    queries, keys, values = (heads(*each) for each in zip((query, key, value), weights, biases, strict=True))
    scores = _op.nn.batch_matmul(
        _op.multiply(queries, const(1 / math.sqrt(width), ctx.dtype(query))), keys, transpose_b=True
    )
    scores = _op.reshape(scores, [batch, num_head, length, ctx.shape(key)[1]])
    if is_expr(mask):
        scores = _op.add(scores, _hidden(ctx, mask, mask_type, ctx.dtype(query)))
    seen = _op.nn.softmax(scores)
    rows = _op.nn.batch_matmul(
        _op.reshape(seen, [batch * num_head, length, ctx.shape(key)[1]]), values, transpose_b=False
    )
    rows = _op.transpose(_op.reshape(rows, [batch, num_head, length, width]), [0, 2, 1, 3])
    result = linear(ctx, _op.reshape(rows, [batch, length, embed_dim]), proj_weight, proj_bias)
    return [result, _op.mean(seen, axis=[1]) if average_attn_weights else seen]


def _hidden(ctx: Context, mask: Any, mask_type: int | None, dtype: str) -> Any:
    """A mask as what is added to the scores; of truth values, those that are true hide a position.

    Type 0 has a row for each query, type 1 one for each sample, type 2 all of them.
    """
    if mask_type == 1:
        mask = _op.expand_dims(mask, 1, num_newaxis=2)
    if ctx.dtype(mask) != "bool":
        return ctx.cast(mask, dtype)
    return _op.where(mask, const(-math.inf, dtype), const(0.0, dtype))


@converts("aten::_transformer_encoder_layer_fwd")
def transformer_encoder_layer(
    ctx: Context,
    src: Any,
    embed_dim: int,
    num_heads: int,
    qkv_weight: Any,
    qkv_bias: Any,
    proj_weight: Any,
    proj_bias: Any,
    use_gelu: bool,
    norm_first: bool,
    eps: float,
    norm_weight_1: Any,
    norm_bias_1: Any,
    norm_weight_2: Any,
    norm_bias_2: Any,
    ffn_weight_1: Any,
    ffn_bias_1: Any,
    ffn_weight_2: Any,
    ffn_bias_2: Any,
    mask: Any = None,
    mask_type: int | None = None,
) -> Any:
    """`nn.TransformerEncoderLayer`: attention and two dense layers, each with a shortcut and a normalization."""

    def attended(data: Any) -> Any:
        layer = (embed_dim, num_heads, qkv_weight, qkv_bias, proj_weight, proj_bias, mask)
        return multi_head_attention(ctx, data, data, data, *layer, mask_type=mask_type)[0]

    def fed_forward(data: Any) -> Any:
        inner = linear(ctx, data, ffn_weight_1, ffn_bias_1)
        return linear(ctx, gelu(ctx, inner) if use_gelu else _op.nn.relu(inner), ffn_weight_2, ffn_bias_2)

    norms = ((norm_weight_1, norm_bias_1), (norm_weight_2, norm_bias_2))
    for sublayer, (weight, bias) in zip((attended, fed_forward), norms, strict=True):
        if norm_first:
            src = _op.add(src, sublayer(layer_norm(ctx, src, [embed_dim], weight, bias, eps)))
        else:
            src = layer_norm(ctx, _op.add(src, sublayer(src)), [embed_dim], weight, bias, eps)
    return src
