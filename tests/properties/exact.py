"""A quantized network on integers of any size: what it would compute if nothing wrapped around."""

import numpy as np
from tvm import relay
from tvm.relay.expr_functor import post_order
from tvm.relay.op.op import operator
from tvm_ffi.dataclasses import replace

_SUMS = ("nn.conv1d", "nn.conv2d", "nn.dense", "nn.batch_matmul")
_POOLS = ("nn.avg_pool2d",)


def _whole(array):
    return array.astype(object)


def _exact(name, args, attrs, compute):
    """The exact result of an operator on integers; None for one whose result cannot leave its dtype."""
    if name in _SUMS:
        return compute(args, replace(attrs, out_dtype="int64"))
    if name in _POOLS:
        return compute([args[0].astype("int64")], attrs)
    if name == "cast":
        return np.trunc(args[0])
    if name == "fixed_point_multiply" and args[0].dtype.itemsize >= 4:  # a narrower one saturates
        right = 31 - min(attrs.shift, 0)
        return ((_whole(args[0]) << max(attrs.shift, 0)) * attrs.multiplier + (1 << (right - 1))) >> right
    if name in ("add", "subtract", "multiply", "left_shift"):
        lhs, rhs = map(_whole, args)
        return {"add": lhs.__add__, "subtract": lhs.__sub__, "multiply": lhs.__mul__, "left_shift": lhs.__lshift__}[
            name
        ](rhs)
    return None


def overflows(func, inputs):
    """What wraps around when a function of operators runs on `inputs`: operator, dtype, exact and given number."""
    values, found = {}, []
    for node, _ in post_order(func.body):
        if isinstance(node, relay.Var):
            values[node] = inputs[node.name_hint]
        elif isinstance(node, relay.Constant):
            values[node] = node.value()
        elif isinstance(node, relay.Tuple):
            values[node] = tuple(values[field] for field in node.fields)
        elif isinstance(node, relay.TupleGetItem):
            values[node] = values[node.tuple_value][node.index]
        elif isinstance(node, relay.Call):
            args, compute = [values[arg] for arg in node.args], operator(node.op).compute
            given = values[node] = compute(args, node.attrs)
            if isinstance(given, np.ndarray) and given.dtype.kind in "iu":
                exact = _exact(node.op.name, args, node.attrs, compute)
                if exact is not None and (wrong := np.asarray(exact != given)).any():
                    found.append((node.op.name, str(given.dtype), np.asarray(exact)[wrong][0], given[wrong][0]))
    return found
