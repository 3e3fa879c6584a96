"""The default annotation rules: where a value is rounded, and as what kind of value.

    %0 = nn.conv2d(%data, meta[relay.Constant][0]);
    nn.relu(%0)

becomes

    %0 = relay.op.annotation.simulated_quantize(%data, %dom_scale, %clip_min, %clip_max, kind=1);
    %1 = relay.op.annotation.simulated_quantize(meta[relay.Constant][0], %dom_scale1, %clip_min1, %clip_max1, kind=2);
    %2 = nn.conv2d(%0, %1);
    nn.relu(%2)

Each `simulated_quantize` has three variables of its own, new parameters of the function, whose values calibration
finds. A rule returns a `QAnnotateExpr`: an expression with its kind. INPUT is rounded to `nbit_input` bits already;
ACTIVATION stands in a wide accumulator, and whoever needs a narrow value rounds it. An ordinary expression, or None,
says that the value stays in float. The rules are those of TVM v0.16, `relay/quantize/_annotate.py`.
"""

import functools
import warnings
from collections.abc import Callable
from typing import Any

import tvm
from tvm_ffi.dataclasses import py_class

from .. import analysis as _analysis
from .. import expr as _expr
from ..op import annotation as _annotation
from .quantize import QAnnotateKind, _forward_op, current_qconfig, quantize_context


@py_class("relay.QAnnotateExpr", structural_eq=None, init=False, repr=False)
class QAnnotateExpr(_expr.TempExpr):
    """An expression with the kind of value that it is, a `QAnnotateKind`.

    Raises `TypeError` for what is no expression, `ValueError` for a number that is no kind.
    """

    expr: Any
    kind: int

    def __init__(self, expr: _expr.Expr, kind: int) -> None:
        if not isinstance(expr, _expr.ExprWithOp):
            raise TypeError(f"a QAnnotateExpr holds a Relay expression, not {type(expr).__name__}: give it one")
        self.__ffi_init__(expr=expr, kind=_annotation.checked_kind(kind))

    def realize(self) -> _expr.Expr:
        """The expression itself: what comes after it takes it as it is."""
        return self.expr


def _get_expr_kind(anno: Any) -> tuple[Any, int | None]:
    """The expression and its kind; None for a value that stays in float."""
    return (anno.expr, anno.kind) if isinstance(anno, QAnnotateExpr) else (anno, None)


def register_annotate_function(
    op_name: str, frewrite: Callable[..., Any] | None = None, level: int = 10
) -> Callable[..., Any]:
    """Register `frewrite(ref_call, new_args, ctx)` as the annotation rule of an operator; a decorator without it.

    Where `debug_enabled_ops` of the current `qconfig` leaves the operator out, its calls stay in float; partition's
    annotations always count, for they say how a value leaves a region. Returns the function as it was given. Raises
    `ValueError` where a rule of this level is registered already, `TypeError` for what is no function.
    """
    if frewrite is None:
        return lambda function: register_annotate_function(op_name, function, level)
    if not callable(frewrite):
        return tvm.ir.register_op_attr(op_name, "FQAnnotateRewrite", frewrite, level)  # which refuses it

    @functools.wraps(frewrite)
    def guarded(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> Any:
        if not (op_name.startswith("annotation.") or current_qconfig().guard(ref_call)):
            return _forward_op(ref_call, [_plain(arg) for arg in new_args])
        return frewrite(ref_call, new_args, ctx)

    tvm.ir.register_op_attr(op_name, "FQAnnotateRewrite", guarded, level)
    return frewrite


def attach_simulated_quantize(data: Any, kind: int, sign: bool = True, rounding: str = "round") -> _expr.Call:
    """`data`, rounded as a value of `kind` by a scale and bounds that are variables still.

    Asked twice for the same, it gives the same call: one value has one scale. Raises `ValueError` for a kind or a
    rounding that there is not.
    """
    kind = _annotation.checked_kind(kind)
    if _expr.is_operator(data, "relay.op.annotation.simulated_quantize"):
        attrs = data.attrs
        if (attrs.kind, attrs.sign, attrs.rounding) == (kind, sign, rounding):
            return data
    made = quantize_context().qnode_map
    key = (data, kind, sign, rounding)
    if key not in made:
        scale, low, high = (_expr.var(name) for name in ("dom_scale", "clip_min", "clip_max"))
        made[key] = _annotation.simulated_quantize(data, scale, low, high, kind, sign, rounding)
    return made[key]


def input_where_shared(expr: Any) -> Any:
    """What several calls use is rounded once for all of them, as an INPUT."""
    if not isinstance(expr, QAnnotateExpr):
        return expr
    return QAnnotateExpr(attach_simulated_quantize(expr.expr, QAnnotateKind.INPUT), QAnnotateKind.INPUT)


@register_annotate_function("nn.conv1d")
@register_annotate_function("nn.conv2d")
@register_annotate_function("nn.dense")
def weighted_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QAnnotateExpr | None:
    """A narrow input times a narrow weight gives a wide sum."""
    if quantize_context().check_to_skip(ref_call):
        return None
    weight = attach_simulated_quantize(_plain(new_args[1]), QAnnotateKind.WEIGHT)
    return QAnnotateExpr(_forward_op(ref_call, [_narrow(new_args[0]), weight]), QAnnotateKind.ACTIVATION)


@register_annotate_function("nn.contrib_conv2d_NCHWc")
def conv2d_nchwc_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> None:
    """A convolution in blocks stays in float, and a warning says so."""
    warnings.warn(
        "nn.contrib_conv2d_NCHWc is not quantized: quantize the network before AlterOpLayout, or at a lower opt_level",
        stacklevel=2,
    )


@register_annotate_function("nn.batch_matmul")
def batch_matmul_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QAnnotateExpr | None:
    """Either factor may be a weight: it is one where it is constant."""
    if quantize_context().check_to_skip(ref_call):
        return None
    factors = [_narrow(arg, _kind_beside(_plain(arg))) for arg in new_args]
    return QAnnotateExpr(_forward_op(ref_call, factors), QAnnotateKind.ACTIVATION)


@register_annotate_function("multiply")
def multiply_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QAnnotateExpr | None:
    """A product with at least one quantized factor has two narrow ones."""
    if quantize_context().check_to_skip(ref_call) or _all_in_float(new_args):
        return None
    factors = [_narrow(arg, _kind_beside(_plain(arg))) for arg in new_args]
    return QAnnotateExpr(_forward_op(ref_call, factors), QAnnotateKind.ACTIVATION)


@register_annotate_function("add")
def add_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QAnnotateExpr | None:
    """A sum with at least one quantized term: what was in float is rounded, and of two wide terms the second."""
    if quantize_context().check_to_skip(ref_call) or _all_in_float(new_args):
        return None
    (lhs, lhs_kind), (rhs, rhs_kind) = map(_get_expr_kind, new_args)
    if lhs_kind is None:
        lhs = attach_simulated_quantize(lhs, QAnnotateKind.INPUT)
    elif rhs_kind is None:
        rhs = attach_simulated_quantize(rhs, _kind_beside(rhs))
    elif lhs_kind == rhs_kind == QAnnotateKind.ACTIVATION:
        rhs = attach_simulated_quantize(rhs, QAnnotateKind.INPUT)
    return QAnnotateExpr(_forward_op(ref_call, [lhs, rhs]), QAnnotateKind.ACTIVATION)


def identity_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QAnnotateExpr | None:
    """What works on integers as on floats leaves the kind of its argument."""
    if quantize_context().check_to_skip(ref_call):
        return None
    expr, kind = _get_expr_kind(new_args[0])
    return None if kind is None else QAnnotateExpr(_forward_op(ref_call, [expr]), kind)


def pool2d_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QAnnotateExpr | None:
    """A maximum over a window is taken on narrow values."""
    if quantize_context().check_to_skip(ref_call) or _all_in_float(new_args):
        return None
    return QAnnotateExpr(_forward_op(ref_call, [_narrow(new_args[0])]), QAnnotateKind.INPUT)


for _name in (
    "annotation.stop_fusion",
    "clip",
    "nn.avg_pool2d",
    "nn.batch_flatten",
    "nn.relu",
    "reshape",
    "strided_slice",
    "transpose",
):
    register_annotate_function(_name, identity_rewrite)
for _name in ("nn.max_pool1d", "nn.max_pool2d"):
    register_annotate_function(_name, pool2d_rewrite)


@register_annotate_function("annotation.cast_hint")
def cast_hint_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> _expr.Expr:
    """The end of a region: its value crosses narrow, or without any hint where nothing is quantized."""
    expr, kind = _get_expr_kind(new_args[0])
    if quantize_context().check_to_skip(ref_call):
        return expr
    if kind is None:
        return new_args[0]
    return QAnnotateExpr(_forward_op(ref_call, [_narrow(new_args[0])]), QAnnotateKind.INPUT)


@register_annotate_function("concatenate")
def concatenate_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QAnnotateExpr | None:
    """Of branches of which any is quantized, those in float are rounded too."""
    if quantize_context().check_to_skip(ref_call):
        return None
    if not isinstance(new_args[0], _expr.Tuple):
        return None  # a tuple that a function or an operator gives is one value, with no kinds in it
    branches = list(new_args[0].fields)
    if _all_in_float(branches):
        return None
    pairs = [_get_expr_kind(branch) for branch in branches]
    fields = [
        attach_simulated_quantize(expr, QAnnotateKind.ACTIVATION) if kind is None else expr for expr, kind in pairs
    ]
    return QAnnotateExpr(_forward_op(ref_call, [_expr.Tuple(fields)]), QAnnotateKind.ACTIVATION)


@register_annotate_function("nn.global_avg_pool2d")
def global_avg_pool2d_rewrite(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> _expr.Expr | None:
    """A mean over a whole map gives a float, and nothing after it is quantized."""
    if quantize_context().check_to_skip(ref_call) or _all_in_float(new_args):
        return None
    quantize_context().stop_quantize()
    return _forward_op(ref_call, [_plain(new_args[0])])


def _plain(arg: Any) -> Any:
    """The argument without its kind, also inside a tuple."""
    if isinstance(arg, _expr.Tuple):
        return _expr.Tuple([_plain(field) for field in arg.fields])
    return _get_expr_kind(arg)[0]


def _narrow(arg: Any, narrow_kind: int = QAnnotateKind.INPUT) -> _expr.Expr:
    """The argument where it is narrow already, and rounded as `narrow_kind` where it is wide or in float."""
    expr, kind = _get_expr_kind(arg)
    return expr if kind in (QAnnotateKind.INPUT, QAnnotateKind.WEIGHT) else attach_simulated_quantize(expr, narrow_kind)


def _kind_beside(expr: _expr.Expr) -> QAnnotateKind:
    """As what an operand in float is rounded: as a WEIGHT where it is constant."""
    return QAnnotateKind.WEIGHT if _analysis.check_constant(expr) else QAnnotateKind.INPUT


def _all_in_float(args: list[Any]) -> bool:
    return not any(isinstance(arg, QAnnotateExpr) for arg in args)
