"""The rules that make integers of a network whose simulated quantization has its scales.

    %0 = simulated_quantize(%x, 0.0625f, -127f, 127f, kind=1);       %0 = multiply(%x, 16f);
    %1 = simulated_quantize(%w, 0.0078125f, -127f, 127f, kind=2);    %1 = clip(round(%0), a_min=-127f, a_max=127f);
    nn.conv2d(%0, %1)                                                %2 = cast(%1, dtype="int8");
                                                                     …the weight the same way, to %3
                                                                     nn.conv2d(%2, %3, out_dtype="int32")

A real number `r` is `q * s` in integers: `s` is the scale (Jacob et al., "Quantization and Training of Neural Networks
for Efficient Integer-Arithmetic-Only Inference", CVPR 2018). A rule that returns a `QRealizeIntExpr` hands on the
integers and the scale; where an operator has no rule, `realize()` makes real numbers of them again.
A change of scale multiplies by a quotient of two scales. It is a shift where the quotient is a power of two, and a
multiplication in fixed point otherwise. The rules are those of TVM v0.16, `realize.cc`.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tvm
from tvm_ffi.dataclasses import py_class, replace

from .. import expr as _expr
from .. import op as _op
from ..op import annotation as _annotation
from .quantize import QAnnotateKind, current_qconfig

Rewrite = Callable[[_expr.Call, list[Any], Any], _expr.Expr | None]


@py_class("relay.QRealizeExpr", structural_eq=None, repr=False)
class QRealizeExpr(_expr.TempExpr):
    """What realize has made of an expression: the base of its kinds, of which there is one."""


@py_class("relay.QRealizeIntExpr", structural_eq=None, init=False, repr=False)
class QRealizeIntExpr(QRealizeExpr):
    """Integers and their scale: `data` times `dom_scale` is the real number that is meant.

    `dom_scale` is a float32 constant of rank 0. `dtype` is the dtype of `data`; "float32" is that of whole numbers not
    cast yet, so that whoever uses them casts to what it needs. `bound` is what no magnitude of the integers
    exceeds: that of a narrow one, unless it is given.
    """

    data: Any
    dom_scale: _expr.Constant
    dtype: str
    bound: float

    def __init__(self, data: _expr.Expr, dom_scale: _expr.Constant, dtype: str, bound: float | None = None) -> None:
        if bound is None:
            bound = 2.0 ** (current_qconfig().nbit_input - 1)
        self.__ffi_init__(data=data, dom_scale=dom_scale, dtype=dtype, bound=bound)

    def realize(self) -> _expr.Expr:
        """The real numbers, in float32."""
        return _op.multiply(_op.cast(self.data, "float32"), self.dom_scale)


def register_realize_function(op_name: str, frewrite: Rewrite | None = None, level: int = 10) -> Any:
    """Register `frewrite(ref_call, new_args, ctx)` as the realize rule of an operator; a decorator without it.

    Raises `ValueError` where a rule of this level is registered already.
    """
    return tvm.ir.register_op_attr(op_name, "FQRealizeRewrite", frewrite, level)


# -- Between real numbers and integers, and between two scales ---------------------------------------------------------


@register_realize_function("relay.op.annotation.simulated_quantize")
def simulated_quantize_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr:
    """Real numbers are divided by the scale and rounded; integers change over to the new scale."""
    data, dom_scale, clip_min, clip_max = new_args
    if ref_call.attrs.rounding != "round":
        raise ValueError(
            f"realize rounds to the nearest, not by {ref_call.attrs.rounding!r}: leave rounding at 'round'"
        )
    scale, *bounds = (_known(arg) for arg in (dom_scale, clip_min, clip_max))
    low, high = map(_held, bounds)
    if isinstance(data, QRealizeIntExpr):
        numbers, dtype = _rescaled(data, scale, low, high, ref_call)
    else:
        scaled = _op.multiply(data, _expr.const(np.float32(1) / scale))
        numbers, dtype = _op.clip(_op.round(scaled), low, high), "float32"
    return QRealizeIntExpr(numbers, dom_scale, dtype, max(abs(low), abs(high)) + 1)


def _rescaled(
    given: QRealizeIntExpr, new: np.float32, low: float, high: float, ref_call: _expr.Call
) -> tuple[_expr.Expr, str]:
    """The integers `given` at the scale `new`, within the bounds, and their dtype."""
    old = _known(given.dom_scale)
    if old == new:
        return _op.clip(given.data, low, high), given.dtype
    places = np.log2(new / old)
    if places == int(places):
        # The sum that rounds a shift needs the room of an accumulator.
        dtype = current_qconfig().dtype_activation
        return _op.clip(_shifted(_as(given, dtype), int(places)), low, high), dtype
    data = _times(_op.cast(given.data, "int64"), old / new, ref_call)
    return _op.cast(_op.clip(data, low, high), given.dtype), given.dtype


def _held(bound: np.float32) -> float:
    """A bound; for 2**31 and 2**63, which 32 and 64 bits do not reach, the float32 before it."""
    return float(np.nextafter(bound, np.float32(0)) if bound in (2.0**31, 2.0**63) else bound)


def _shifted(data: _expr.Expr, places: int) -> _expr.Expr:
    """`data` shifted to the right; a half is rounded up where `round_for_shift`."""
    config = current_qconfig()
    dtype = config.dtype_activation
    if places < 0:
        return _op.left_shift(data, _expr.const(-places, dtype))
    if config.round_for_shift:
        data = _op.add(data, _expr.const(1 << (places - 1), dtype))
    return _op.right_shift(data, _expr.const(places, dtype))


def _to_scale(data: _expr.Expr, old: np.float32, new: np.float32, dtype: str, ref_arg: _expr.Expr) -> _expr.Expr:
    """`data` of `dtype`, from the scale `old` to the scale `new`."""
    if old == new:
        return data
    factor = old / new
    places = np.log2(factor)
    if factor > 1 and places == int(places):
        return _op.left_shift(data, _expr.const(int(places), dtype))
    if factor > 1 and factor == int(factor):
        return _op.multiply(data, _expr.const(int(factor), dtype))
    return _op.cast(_times(data, factor, ref_arg), dtype)


def _times(data: _expr.Expr, factor: np.float32, ref: _expr.Expr) -> _expr.Expr:
    """`data * factor` in fixed point, rounded as `rounding` of the current `qconfig` says; `ref` has its shape."""
    multiplier, shift = _fixed_point(float(factor))
    if current_qconfig().rounding == "UPWARD":
        return _op.fixed_point_multiply(data, multiplier, shift)
    return _multiply_to_nearest(data, multiplier, shift, ref.checked_type.concrete_shape)


def _fixed_point(factor: float) -> tuple[int, int]:
    """`factor` as `multiplier * 2**(shift - 31)`, where `multiplier` is at least `2**30` and less than `2**31`."""
    mantissa, shift = math.frexp(factor)
    multiplier = round(mantissa * 2**31)
    return (multiplier // 2, shift + 1) if multiplier == 2**31 else (multiplier, shift)


def _multiply_to_nearest(data: _expr.Expr, multiplier: int, shift: int, shape: Sequence[int]) -> _expr.Expr:
    """`data * multiplier * 2**(shift - 31)` in 64 bits, halves rounded away from zero; int32."""
    wide = _op.cast(data, "int64")
    if shift > 0:
        wide = _op.left_shift(wide, _expr.const(shift, "int64"))
    product = _op.multiply(wide, _expr.const(multiplier, "int64"))
    right = 31 - min(shift, 0)
    half = 1 << (right - 1)
    up, down = (_op.full(_expr.const(number, "int64"), shape, "int64") for number in (half, half - 1))
    rounder = _op.where(_op.greater_equal(product, _op.zeros(shape, "int64")), up, down)
    return _op.cast(_op.right_shift(_op.add(product, rounder), _expr.const(right, "int64")), "int32")


def _known(scalar: Any) -> np.float32:
    """The number of a scale or a bound, in the float32 in which TVM computes with it."""
    if not isinstance(scalar, _expr.Constant):
        raise ValueError(
            "a scale or a bound of simulated_quantize is not known yet: run relay.quantize.calibrate first"
        )
    return np.float32(scalar.value())


def _as(given: QRealizeIntExpr, dtype: str) -> _expr.Expr:
    """The integers, cast to `dtype` where they are not of it."""
    return given.data if given.dtype == dtype else _op.cast(given.data, dtype)


# -- Products: their scale is the product of the two scales ------------------------------------------------------------


@register_realize_function("nn.batch_matmul")
@register_realize_function("nn.conv1d")
@register_realize_function("nn.conv2d")
@register_realize_function("nn.dense")
def accumulating_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr | None:
    """Narrow data times narrow weights, summed up in `dtype_activation`."""
    if not all(isinstance(arg, QRealizeIntExpr) for arg in new_args):
        return None
    config = current_qconfig()
    data, weight = new_args
    attrs = replace(ref_call.attrs, out_dtype=config.dtype_activation)
    args = [_as(data, config.dtype_input), _as(weight, config.dtype_weight)]
    product = _expr.Call(ref_call.op, args, attrs, ref_call.type_args)
    bound = data.bound * weight.bound * _terms(ref_call)
    return QRealizeIntExpr(product, _product_scale(data, weight), config.dtype_activation, bound)


def _terms(ref_call: _expr.Call) -> int:
    """How many products one sum has, from the shape of the weight; more than that where the layout is packed."""
    shape, attrs = ref_call.args[1].checked_type.concrete_shape, ref_call.attrs
    if ref_call.op.name == "nn.batch_matmul":
        return shape[-1] if attrs.transpose_b else shape[-2]
    if ref_call.op.name == "nn.dense":
        return shape[-1]
    return math.prod(shape) // shape[attrs.kernel_layout.index("O")]


@register_realize_function("multiply")
def multiply_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr | None:
    """Both factors in `dtype_activation`, which has room for the product of two narrow ones."""
    if not all(isinstance(arg, QRealizeIntExpr) for arg in new_args):
        return None
    dtype = current_qconfig().dtype_activation
    product = _unplaced(ref_call, [_as(arg, dtype) for arg in new_args])
    return QRealizeIntExpr(product, _product_scale(*new_args), dtype, math.prod(arg.bound for arg in new_args))


def _product_scale(lhs: QRealizeIntExpr, rhs: QRealizeIntExpr) -> _expr.Constant:
    return _expr.const(_known(lhs.dom_scale) * _known(rhs.dom_scale))


# -- Sums and joins: all operands at one scale -------------------------------------------------------------------------


@register_realize_function("add")
def add_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr | None:
    """Both terms in `dtype_activation`, at the finer of their scales."""
    if not all(isinstance(arg, QRealizeIntExpr) for arg in new_args):
        return None
    dtype, ranges = current_qconfig().dtype_activation, _ranges(new_args)
    scale = _common_scale(new_args, sum(ranges))
    terms = _at_scale(new_args, ref_call.args, dtype, scale)
    # What rounds a float is no part of the sum's kernel: it would be computed there in float.
    terms = [
        _annotation.stop_fusion(term) if arg.dtype == "float32" else term
        for term, arg in zip(terms, new_args, strict=True)
    ]
    return QRealizeIntExpr(_unplaced(ref_call, terms), _expr.const(scale), dtype, sum(ranges) / float(scale))


@register_realize_function("concatenate")
def concatenate_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr | None:
    """The parts at one scale; in `dtype_input` where two narrow ones may stay so, in `dtype_activation` otherwise.

    TVM v0.16 asks for the dtype of the second part only, cuts the first one to it where it is an accumulator, and
    lets the coarser of two narrow parts wrap around.
    """
    branches, ref = new_args[0], ref_call.args[0]
    if not isinstance(branches, _expr.Tuple) or not all(isinstance(part, QRealizeIntExpr) for part in branches.fields):
        return None
    parts = list(branches.fields)
    config, widest = current_qconfig(), max(_ranges(parts))
    narrow = _stay_narrow(parts)
    dtype = config.dtype_input if narrow else config.dtype_activation
    scale = _common_scale(parts, 0.0 if narrow else widest)
    joined = _expr.Tuple(_at_scale(parts, ref.fields, dtype, scale))
    return QRealizeIntExpr(_unplaced(ref_call, [joined]), _expr.const(scale), dtype, widest / float(scale))


# How much coarser one of two narrow parts may be: it saturates where the finer scale does not reach, and keeps no less
# than two thirds of its range.
_UNLIKE = 1.5


def _stay_narrow(parts: Sequence[QRealizeIntExpr]) -> bool:
    """Whether parts that are joined are two narrow ones, and the finer scale does for both."""
    config = current_qconfig()
    if len(parts) != 2 or any(part.dtype != config.dtype_input for part in parts):
        return False
    finer, coarser = sorted(_known(part.dom_scale) for part in parts)
    # Only a fixed_point_multiply saturates.
    return bool(finer == coarser or (coarser < _UNLIKE * finer and config.rounding == "UPWARD"))


def _at_scale(
    args: Sequence[QRealizeIntExpr], refs: Sequence[_expr.Expr], dtype: str, scale: np.float32
) -> list[_expr.Expr]:
    """The integers of each operand in `dtype` and at `scale`."""
    return [
        _to_scale(_operand(arg, ref, dtype), _known(arg.dom_scale), scale, dtype, ref)
        for arg, ref in zip(args, refs, strict=True)
    ]


def _operand(given: QRealizeIntExpr, ref: _expr.Expr, dtype: str) -> _expr.Expr:
    """The integers of an operand in `dtype`; those of an INPUT, wide only to be rounded, are narrow in between."""
    rounds = _expr.is_operator(ref, "relay.op.annotation.simulated_quantize")
    is_input = rounds and ref.attrs.kind == QAnnotateKind.INPUT
    if given.dtype != dtype or not is_input:
        return _as(given, dtype)
    narrow = _op.cast(given.data, current_qconfig().dtype_input)
    return _op.cast(_annotation.stop_fusion(narrow), dtype)


def _ranges(args: Sequence[QRealizeIntExpr]) -> list[float]:
    """The largest real number that each operand can be."""
    return [arg.bound * float(_known(arg.dom_scale)) for arg in args]


def _common_scale(args: Sequence[QRealizeIntExpr], largest: float) -> np.float32:
    """Of two scales the finer one; for more of them, that of an accumulator whose range is `global_scale`.

    Where an accumulator of that scale has no room for the real number `largest`, the finest scale that has it; TVM
    v0.16 overflows there.
    """
    config = current_qconfig()
    reach = 2.0 ** (config.nbit_activation - 1)
    finest = min(_known(arg.dom_scale) for arg in args) if len(args) == 2 else config.global_scale / reach
    return np.float32(max(finest, largest / reach))


# -- What works on integers as on real numbers -------------------------------------------------------------------------


def identity_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr | None:
    """The same on the integers, whatever their dtype; the scale stays."""
    given = new_args[0]
    if not isinstance(given, QRealizeIntExpr):
        return None
    return QRealizeIntExpr(_unplaced(ref_call, [given.data]), given.dom_scale, given.dtype, given.bound)


for _name in ("annotation.stop_fusion", "nn.batch_flatten", "nn.relu", "reshape", "strided_slice", "transpose"):
    register_realize_function(_name, identity_realize)


@register_realize_function("clip")
def clip_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr | None:
    """The bounds are divided by the scale."""
    given = new_args[0]
    if not isinstance(given, QRealizeIntExpr):
        return None
    scale, attrs = float(_known(given.dom_scale)), ref_call.attrs
    clipped = _op.clip(given.data, attrs.a_min / scale, attrs.a_max / scale)
    return QRealizeIntExpr(clipped, given.dom_scale, given.dtype, given.bound)


@register_realize_function("nn.max_pool1d")
@register_realize_function("nn.max_pool2d")
def max_pool_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr | None:
    """A maximum is taken on narrow integers."""
    given = new_args[0]
    if not isinstance(given, QRealizeIntExpr):
        return None
    dtype = current_qconfig().dtype_input
    pooled = _unplaced(ref_call, [_op.cast(given.data, dtype)])
    return QRealizeIntExpr(pooled, given.dom_scale, dtype, given.bound)


@register_realize_function("nn.avg_pool2d")
@register_realize_function("nn.global_avg_pool2d")
def avg_pool_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr | None:
    """A mean is taken in `dtype_activation`, which has room for the sum."""
    given = new_args[0]
    if not isinstance(given, QRealizeIntExpr):
        return None
    dtype = current_qconfig().dtype_activation
    return QRealizeIntExpr(_unplaced(ref_call, [_as(given, dtype)]), given.dom_scale, dtype, given.bound)


@register_realize_function("annotation.cast_hint")
def cast_hint_realize(ref_call: _expr.Call, new_args: list[Any], ctx: Any) -> QRealizeIntExpr | None:
    """The hint is taken: integers cross the end of a region in the dtype that it names."""
    given = new_args[0]
    if not isinstance(given, QRealizeIntExpr):
        return None
    dtype = ref_call.attrs.dtype
    return QRealizeIntExpr(_op.cast(given.data, dtype), given.dom_scale, dtype, given.bound)


def _unplaced(ref_call: _expr.Call, args: list[_expr.Expr]) -> _expr.Call:
    """The operator of `ref_call` on integers; as in TVM, it has no span, for it computes something else."""
    return _expr.Call(ref_call.op, args, ref_call.attrs, ref_call.type_args)
