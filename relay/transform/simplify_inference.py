"""SimplifyInference: normalization with known statistics becomes arithmetic, and what only training needs is gone.

    before   %0 = nn.batch_norm(%x, %gamma, %beta, %mean, %var);
             %0.0
    after    %0 = add(%var, 1e-05f);
             %1 = sqrt(%0);
             %2 = divide(1f, %1);
             %3 = multiply(%2, %gamma);
             %4 = expand_dims(%3, axis=1, num_newaxis=2);
             %5 = negative(%mean);
             %6 = multiply(%5, %3);
             %7 = add(%6, %beta);
             %8 = multiply(%x, %4);
             %9 = expand_dims(%7, axis=1, num_newaxis=2);
             add(%8, %9)

    before   %0 = nn.dropout(%x);
             %0.0
    after    %x

What depends on the parameters alone is folded by `FoldConstant` afterwards: one multiply and one add are left of a
batch norm. `nn.layer_norm`, `nn.group_norm`, `nn.instance_norm` and `nn.l2_normalize` become the arithmetic that
defines them. As TVM v0.16 does it (`simplify_inference.cc`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tvm

from .. import op
from ..expr import Call, Function, TupleGetItem, const, is_operator
from ..expr_functor import rewrite
from .bias import expand_bias_to_match_axis
from .transform import function_pass


def SimplifyInference() -> tvm.transform.Pass:
    """The pass. A batch norm whose batch statistics are used too stays for those."""
    return function_pass(
        lambda func, mod, ctx: simplify(func), opt_level=0, name="SimplifyInference", required=["InferType"]
    )


def simplify(func: Function) -> Function:
    """The typed function `func` without normalizations and dropout."""
    return rewrite(func, _simplified)


def _simplified(node: Any, made: Any) -> Any:
    if isinstance(made, TupleGetItem):
        call, whole = made.tuple_value, node.tuple_value
        rule = _FIRST_RESULT.get(call.op.name) if made.index == 0 and is_operator(call) else None
    else:
        call, whole = made, node
        rule = _RULES.get(call.op.name) if is_operator(call) else None
    return rule(call, whole.args[0].checked_type) if rule is not None else made


def _batch_norm(call: Call, data_type: Any) -> Any:
    """`data * scale + shift`, with `scale = gamma / sqrt(var + epsilon)` and `shift = beta - mean * scale`."""
    data, gamma, beta, mean, var = call.args
    attrs, rank, dtype = call.attrs, len(data_type.shape), data_type.dtype
    scale = op.divide(const(1.0, dtype), op.sqrt(op.add(var, const(attrs.epsilon, dtype))))
    if attrs.scale:
        scale = op.multiply(scale, gamma)
    shift = op.multiply(op.negative(mean), scale)
    if attrs.center:
        shift = op.add(shift, beta)
    scaled = op.multiply(data, expand_bias_to_match_axis(scale, rank, attrs.axis))
    shift = expand_bias_to_match_axis(shift, rank, attrs.axis)
    return Call(op.get("add"), [scaled, shift], None, (), call.span)


def _dropout(call: Call, data_type: Any) -> Any:
    return call.args[0]


def _normalized(data: Any, axes: Sequence[int], epsilon: float, dtype: str) -> Any:
    """`data` with mean 0 and variance 1 over `axes`."""
    mean = op.mean(data, axis=list(axes), keepdims=True)
    # `op.variance` computes a mean of its own where it is not given one.
    var = op.variance(data, axis=list(axes), keepdims=True, with_mean=mean)
    return op.divide(op.subtract(data, mean), op.sqrt(op.add(var, const(epsilon, dtype))))


def _scaled_and_shifted(out: Any, call: Call, rank: int) -> Any:
    """`out * gamma + beta` along the axis of the normalization `call`, each where it is asked for."""
    _, gamma, beta = call.args
    attrs = call.attrs
    if attrs.scale:
        out = op.multiply(out, expand_bias_to_match_axis(gamma, rank, attrs.axis))
    if attrs.center:
        out = op.add(out, expand_bias_to_match_axis(beta, rank, attrs.axis))
    return out


def _layer_norm(call: Call, data_type: Any) -> Any:
    attrs = call.attrs
    out = _normalized(call.args[0], [attrs.axis], attrs.epsilon, data_type.dtype)
    return _scaled_and_shifted(out, call, len(data_type.shape))


def _instance_norm(call: Call, data_type: Any) -> Any:
    attrs, rank = call.attrs, len(data_type.shape)
    axes = [axis for axis in range(1, rank) if axis != attrs.axis % rank]
    return _scaled_and_shifted(_normalized(call.args[0], axes, attrs.epsilon, data_type.dtype), call, rank)


def _group_norm(call: Call, data_type: Any) -> Any:
    """The axis is split into groups; each is normalized over all that it holds of one example."""
    attrs, shape = call.attrs, list(data_type.concrete_shape)
    rank = len(shape)
    axis = attrs.axis % rank
    grouped = [*shape[:axis], attrs.num_groups, shape[axis] // attrs.num_groups, *shape[axis + 1 :]]
    axes = [at for at in range(1, rank + 1) if at != axis]
    out = _normalized(op.reshape(call.args[0], grouped), axes, attrs.epsilon, data_type.dtype)
    return _scaled_and_shifted(op.reshape(out, shape), call, rank)


def _l2_normalize(call: Call, data_type: Any) -> Any:
    data, attrs = call.args[0], call.attrs
    total = op.sum(op.multiply(data, data), axis=attrs.axis, keepdims=True)
    return op.divide(data, op.sqrt(op.maximum(total, const(attrs.eps, data_type.dtype))))


Rule = Callable[[Call, Any], Any]

# By operator: those of one result, and those of several, where the first one is what inference uses.
_RULES: dict[str, Rule] = {
    "nn.layer_norm": _layer_norm,
    "nn.group_norm": _group_norm,
    "nn.instance_norm": _instance_norm,
    "nn.l2_normalize": _l2_normalize,
}
_FIRST_RESULT: dict[str, Rule] = {"nn.batch_norm": _batch_norm, "nn.dropout": _dropout}
