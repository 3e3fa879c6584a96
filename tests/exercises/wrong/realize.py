"""Answers to the exercises of *Realize* that are wrong, and what the check says of each."""

import numpy as np
import set_env  # noqa: F401
from tvm.relay.quantize._realize import QRealizeIntExpr
from tvm.relay.quantize.quantize import _forward_op


def computes_in_float(totals, multiplier, shift):
    scaled = totals * (multiplier / 2**31) * 2.0**shift
    return np.clip(np.floor(scaled + 0.5), -127, 127).astype("int8")


def computes_with_a_decimal(totals, multiplier, shift):
    factor = round(multiplier * 2.0 ** (shift - 31), 6)
    return np.clip(np.floor(totals * factor + 0.5), -127, 127).astype("int8")


def stays_in_32_bits(totals, multiplier, shift):
    places = 31 - shift
    with np.errstate(over="ignore"):
        products = (totals * np.int32(multiplier)).astype("int64")
    return np.clip((products + (1 << (places - 1))) >> places, -127, 127).astype("int8")


def rounds_down(totals, multiplier, shift):
    return np.clip(totals.astype("int64") * multiplier >> (31 - shift), -127, 127).astype("int8")


def rounds_away_from_zero(totals, multiplier, shift):
    places = 31 - shift
    magnitudes = (np.abs(totals.astype("int64")) * multiplier + (1 << (places - 1))) >> places
    return np.clip(np.sign(totals) * magnitudes, -127, 127).astype("int8")


def does_not_cut_off(totals, multiplier, shift):
    places = 31 - shift
    return ((totals.astype("int64") * multiplier + (1 << (places - 1))) >> places).astype("int8")


def stays_wide(totals, multiplier, shift):
    places = 31 - shift
    return np.clip((totals.astype("int64") * multiplier + (1 << (places - 1))) >> places, -127, 127)


def takes_everything_for_integers(ref_call, new_args, ctx):
    (given,) = new_args
    return QRealizeIntExpr(_forward_op(ref_call, [given.data]), given.dom_scale, given.dtype)


def of_every_method(ref_call, new_args, ctx):
    (given,) = new_args
    if not isinstance(given, QRealizeIntExpr):
        return None
    return takes_everything_for_integers(ref_call, new_args, ctx)


def forgets_the_scale(ref_call, new_args, ctx):
    (given,) = new_args
    if not isinstance(given, QRealizeIntExpr) or ref_call.attrs.method != "nearest_neighbor":
        return None
    return _forward_op(ref_call, [given.data])


def says_that_it_is_wide(ref_call, new_args, ctx):
    (given,) = new_args
    if not isinstance(given, QRealizeIntExpr) or ref_call.attrs.method != "nearest_neighbor":
        return None
    return QRealizeIntExpr(_forward_op(ref_call, [given.realize()]), given.dom_scale, "float32")


def scales_of_its_own(ref_call, new_args, ctx):
    from tvm import relay

    (given,) = new_args
    if not isinstance(given, QRealizeIntExpr) or ref_call.attrs.method != "nearest_neighbor":
        return None
    return QRealizeIntExpr(_forward_op(ref_call, [given.data]), relay.const(0.0625), given.dtype)


WRONG = {
    "shifts_only": [
        ({"calibrate_mode": "kl_divergence"}, "values are of 64 bits"),
        ({"calibrate_mode": "global_scale", "weight_scale": "max"}, "values are of 64 bits"),
        ({"calibrate_mode": "percentile", "rounding": "TONEAREST"}, "values are of 64 bits"),
        ({"calibrate_mode": "percentile", "skip_conv_layers": [0, 1]}, "they read float32 and float32"),
        ({"global_scale": 0.25}, "% off"),
    ],
    "requantize": [
        (computes_in_float, "is not with floats"),
        (computes_with_a_decimal, "is not with floats"),
        (stays_in_32_bits, "has the product room for 63 bits?"),
        (rounds_down, "the nearest integer is another one"),
        (rounds_away_from_zero, "a half has not gone up"),
        (does_not_cut_off, "it is beyond the bounds"),
        (stays_wide, "it is one of int64"),
    ],
    "resize": [
        (takes_everything_for_integers, "the answer raised AttributeError"),
        (of_every_method, "it reads int8"),
        (forgets_the_scale, "the answer raised TypeInferenceError"),
        (says_that_it_is_wide, "they read float32"),
        (scales_of_its_own, "off"),
    ],
}
