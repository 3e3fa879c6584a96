"""ConvertLayout: a whole network in layouts of the user's choice.

    ConvertLayout({"nn.conv2d": ["NHWC", "default"]})

    before   %0 = nn.conv2d(%x, %w, channels=8, kernel_size=[3, 3]);
             nn.relu(%0)
    after    %0 = layout_transform(%x, src_layout="NCHW", dst_layout="NHWC");
             %1 = layout_transform(%w, src_layout="OIHW", dst_layout="HWIO");
             %2 = nn.conv2d(%0, %1, channels=8, kernel_size=[3, 3], data_layout="NHWC", kernel_layout="HWIO");
             %3 = nn.relu(%2);
             layout_transform(%3, src_layout="NHWC", dst_layout="NCHW")

Layouts go on to what can carry them, as in `AlterOpLayout`. What becomes of an operator is said by the function that is
registered as its `FTVMConvertOpLayout`: `convert(attrs, args, types, desired_layouts)`, which returns a call.
As TVM v0.16 does it (`convert_layout.cc`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tvm
import tvm_ffi

from ..expr import Call
from ..op import get
from ..op.op import Rule, rule
from .alter_op_layout import alter, checked
from .canonicalize_ops import CanonicalizeOps
from .forward_rewrite import apply_rule
from .infer_correct_layout import with_attrs
from .transform import function_pass

KEY = "FTVMConvertOpLayout"

# The layout of the weight that goes with one of the data; another in a depthwise convolution.
_KERNELS = {
    "nn.conv2d": {"NCHW": "OIHW", "NHWC": "HWIO", "HWNC": "HWOI"},
    "nn.conv3d": {"NCDHW": "OIDHW", "NDHWC": "DHWIO"},
    "nn.conv2d_transpose": {"NCHW": "IOHW", "NHWC": "HWIO"},
    "nn.conv3d_transpose": {"NCDHW": "IODHW", "NDHWC": "DHWOI"},
}
_DEPTHWISE = {"NHWC": "HWOI"}
_POOLS = ("nn.max_pool2d", "nn.avg_pool2d", "nn.global_max_pool2d", "nn.global_avg_pool2d")
# Dialects of TVM v0.16 that are not here: there is nothing to convert.
_ABSENT = ("qnn.", "vision.")

# Where Sequential looks for a pass that another one requires.
tvm_ffi.register_global_func("transform.CanonicalizeOps", CanonicalizeOps)


def ConvertLayout(desired_layouts: Mapping[str, Sequence[str]]) -> tvm.transform.Pass:
    """The pass. By operator: the layout of a convolution's data and that of its weight, or "default" for the one that
    goes with the data; the layout of a pooling's or a resizing's data.

    Raises `ValueError` for an operator that Relay does not have or that has nothing to convert, and for layouts that
    it cannot have.
    """
    wanted = {name: list(layouts) for name, layouts in desired_layouts.items() if not name.startswith(_ABSENT)}
    rules = {name: _rule(name) for name in wanted}

    def new_call(call: Call, attrs: Any, args: Sequence[Any]) -> Call:
        name = call.op.name
        if name not in wanted:
            return Call(call.op, args, attrs, call.type_args, call.span)
        types = [arg.checked_type for arg in call.args]
        return checked(rules[name], call, apply_rule(rules[name], call, attrs, list(args), types, wanted[name]))

    return function_pass(
        lambda func, mod, ctx: alter(func, new_call),
        opt_level=3,
        name="ConvertLayout",
        required=["InferType", "CanonicalizeOps"],
    )


def _rule(name: str) -> Rule:
    found = rule(get(name), KEY)
    if found is None:
        known = ", ".join(sorted([*_KERNELS, *_POOLS, "image.resize2d"]))
        raise ValueError(f"ConvertLayout has nothing to say of {name}: give layouts of {known}")
    return found


def _converts_convolution(name: str) -> Callable[..., Call]:
    def convert(attrs: Any, args: Sequence[Any], types: Sequence[Any], desired_layouts: Sequence[str]) -> Call:
        if len(desired_layouts) != 2 or desired_layouts[0] == "default":
            given = f"{name} is to have the layouts {list(desired_layouts)}"
            raise ValueError(f'{given}: give that of the data and that of the weight, or "default" for the weight')
        data, kernel = desired_layouts
        if kernel == "default":
            kernel = _kernel(name, data, attrs)
        blocked = name == "nn.conv2d" and data.startswith("NCHW") and data != "NCHW"
        new = get("nn.contrib_conv2d_NCHWc" if blocked else name)
        return Call(new, args, with_attrs(attrs, data_layout=data, kernel_layout=kernel))

    return convert


def _kernel(name: str, data: str, attrs: Any) -> str:
    """The layout of the weight that goes with that of the data."""
    if name == "nn.conv2d" and attrs.groups == attrs.channels > 1 and data in _DEPTHWISE:
        return _DEPTHWISE[data]
    if data not in _KERNELS[name]:
        known = " or ".join(_KERNELS[name])
        raise ValueError(f"no layout of a weight goes with data in {data}: name one, or take {known}")
    return _KERNELS[name][data]


def _converts_image(name: str, *keys: str) -> Callable[..., Call]:
    """What has one layout, under each of `keys`."""

    def convert(attrs: Any, args: Sequence[Any], types: Sequence[Any], desired_layouts: Sequence[str]) -> Call:
        if not desired_layouts:
            raise ValueError(f"{name} is to have no layout: give that of the data")
        return Call(get(name), args, with_attrs(attrs, **dict.fromkeys(keys, desired_layouts[0])))

    return convert


for _name in _KERNELS:
    tvm.ir.register_op_attr(_name, KEY, _converts_convolution(_name))
for _name in _POOLS:
    tvm.ir.register_op_attr(_name, KEY, _converts_image(_name, "layout", "out_layout"))
tvm.ir.register_op_attr("image.resize2d", KEY, _converts_image("image.resize2d", "layout"))
