"""The default partition rules: where a region of int8 begins, what it holds, and where it ends.

    %0 = nn.conv2d(%data, %w);                              starts a region
    %1 = nn.relu(%0);                                       stays in it
    %2 = annotation.cast_hint(%1, dtype="int8");            the region ends: what crosses here is to be int8
    %3 = annotation.stop_fusion(%2);
    %4 = nn.conv2d(%3, %w2);                                starts the next one

A rule that returns a `QPartitionExpr` says: this is inside a region, and whoever uses it decides whether the region
ends here. `realize()` ends it. A rule that returns an ordinary expression says that no region reaches further.
The rules are those of TVM v0.16, `relay/quantize/_partition.py`.
"""

from typing import Any

import tvm
from tvm_ffi.dataclasses import py_class

from .. import analysis as _analysis
from .. import expr as _expr
from ..op import annotation as _annotation
from .quantize import _forward_op, current_qconfig


@py_class("relay.QPartitionExpr", structural_eq=None, init=False, repr=False)
class QPartitionExpr(_expr.TempExpr):
    """An expression inside a region of int8; its dtype is float32, as all of the network's still is.

    Raises `TypeError` for what is no expression.
    """

    expr: Any

    def __init__(self, expr: _expr.Expr) -> None:
        if not isinstance(expr, _expr.ExprWithOp):
            raise TypeError(f"a QPartitionExpr holds a Relay expression, not {type(expr).__name__}: give it one")
        self.__ffi_init__(expr=expr)

    def realize(self) -> _expr.Expr:
        """End the region: a hint of the dtype in which the value crosses, and a stop for fusion.

        The dtype is `dtype_input` of the current `qconfig`.
        """
        return _annotation.stop_fusion(_annotation.cast_hint(self.expr, current_qconfig().dtype_input))


# The book and every notebook about partition show the next two functions whole, with `??`.
def register_partition_function(op_name, frewrite=None, level=10):
    return tvm.ir.register_op_attr(op_name, "FQPartitionRewrite", frewrite, level)


def partition_expr_check(expr):
    if isinstance(expr, QPartitionExpr):
        return True, expr.expr
    return False, expr


@register_partition_function("nn.conv2d")
def conv2d_partition_function(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QPartitionExpr:
    """A convolution starts a region; one that its data comes from ends before it."""
    data, kernel = (_realized(arg) for arg in new_args)
    return QPartitionExpr(_forward_op(ref_call, [data, kernel]))


def identity_partition_function(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QPartitionExpr | None:
    """What works on int8 as it does on float32 stays in the region that it stands in."""
    inside, expr = partition_expr_check(new_args[0])
    return QPartitionExpr(_forward_op(ref_call, [expr])) if inside else None


for _name in ("clip", "nn.relu", "nn.max_pool2d"):
    register_partition_function(_name, identity_partition_function)


def add_partition_generic(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> _expr.Expr | None:
    """A bias stays in the region; of two branches, each that is inside a region ends there.

    Only the sum of two such branches starts a region of its own.
    """
    lhs_inside, lhs = partition_expr_check(new_args[0])
    rhs_inside, rhs = partition_expr_check(new_args[1])
    if not lhs_inside and not rhs_inside:
        return None
    if lhs_inside and not rhs_inside and _analysis.check_constant(rhs):
        return QPartitionExpr(_forward_op(ref_call, [lhs, rhs]))
    total = _forward_op(ref_call, [_realized(arg) for arg in new_args])
    return QPartitionExpr(total) if lhs_inside and rhs_inside else total


@register_partition_function("add")
def add_partition_function(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> _expr.Expr | None:
    """The rule for `add` on every target of today."""
    return add_partition_generic(ref_call, new_args, ctx)


def mul_partition_generic(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QPartitionExpr | None:
    """A product starts a region; the region of the first operand that has one ends before it."""
    lhs_inside, lhs = partition_expr_check(new_args[0])
    rhs_inside, rhs = partition_expr_check(new_args[1])
    if lhs_inside:
        return QPartitionExpr(_forward_op(ref_call, [_realized(new_args[0]), rhs]))
    if rhs_inside:
        return QPartitionExpr(_forward_op(ref_call, [lhs, _realized(new_args[1])]))
    return None


@register_partition_function("multiply")
def multiply_partition_function(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QPartitionExpr | None:
    """The rule for `multiply` on every target of today."""
    return mul_partition_generic(ref_call, new_args, ctx)


@register_partition_function("nn.global_avg_pool2d")
def global_avg_pool2d_partition_function(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> _expr.Expr:
    """A mean over a whole map takes int8, whether a region ends before it or not, and gives float32."""
    _, expr = partition_expr_check(new_args[0])
    return _forward_op(ref_call, [QPartitionExpr(expr).realize()])


def _realized(arg: _expr.Expr) -> _expr.Expr:
    """`arg`, with the region ended that it is inside of."""
    return arg.realize() if isinstance(arg, QPartitionExpr) else arg
