"""What the operator tests share: run a call on arrays through the NumPy references, and infer a type."""

from collections.abc import Callable
from typing import Any

import numpy as np
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.op.op import operator


def typed(expr: Any) -> Any:
    """`expr` after type inference."""
    call = expr.astuple() if isinstance(expr, relay.TupleWrapper) else expr
    function = relay.Function(relay.analysis.free_vars(call), call)
    return relay.transform.InferType()(tvm.IRModule.from_expr(function))["main"].body


def type_of(expr: Any) -> str:
    """The type of `expr`, as the text has it."""
    return str(typed(expr).checked_type)


def run(function: Callable[..., Any], *arrays: Any, **attributes: Any) -> Any:
    """`function(*arrays, **attributes)` on NumPy arrays, or on lists of them for tuples.

    Each operator's result is checked against the type that its type relation gives.
    """
    values: dict[Any, Any] = {}
    root = typed(function(*(_expression(array) for array in arrays), **attributes))
    relay.analysis.post_order_visit(root, lambda node: values.update({node: _value(node, values)}))
    return values[root]


def _expression(value: Any) -> Any:
    if isinstance(value, list):
        return relay.Tuple([_expression(part) for part in value])
    return relay.Constant(value) if isinstance(value, np.ndarray) else value


def _value(node: Any, values: dict[Any, Any]) -> Any:
    if isinstance(node, relay.Constant):
        return node.value()
    if isinstance(node, relay.Tuple):
        return tuple(values[field] for field in node.fields)
    if isinstance(node, relay.TupleGetItem):
        return values[node.tuple_value][node.index]
    if isinstance(node, tvm.ir.Op):
        return None
    result = operator(node.op).compute([values[arg] for arg in node.args], node.attrs)
    _check(result, node.checked_type)
    return result


def _check(result: Any, ty: Any) -> None:
    if isinstance(ty, relay.TupleType):
        assert isinstance(result, tuple)
        assert len(result) == len(ty.fields)
        for part, field in zip(result, ty.fields, strict=True):
            _check(part, field)
    else:
        assert isinstance(result, np.ndarray)
        assert (result.shape, str(result.dtype)) == (ty.concrete_shape, str(ty.dtype))
