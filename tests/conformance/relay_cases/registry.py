"""The registry of operators: what each takes and how it fuses, and the signatures of the functions that call them."""

import inspect
from collections.abc import Callable

from ..engine import relay, tvm
from .programs import Programs

PROGRAMS = Programs()

OPERATORS = """
abs acos acosh add adv_index all annotation.cast_hint annotation.checkpoint annotation.stop_fusion any arange argmax
argmin argsort asin asinh atan atanh bitwise_and bitwise_not bitwise_or bitwise_xor broadcast_to broadcast_to_like cast
cast_like ceil clip collapse_sum_like concatenate contrib_reverse_reshape copy cos cosh cumprod cumsum divide einsum
equal erf exp expand_dims fixed_point_multiply floor floor_divide floor_mod full full_like gather greater greater_equal
isfinite isinf isnan layout_transform left_shift less less_equal log log10 log2 logical_and logical_not logical_or
logical_xor max maximum mean meshgrid min minimum mod multiply ndarray_size negative not_equal one_hot ones ones_like
power prod relay.op.annotation.simulated_quantize repeat reshape reshape_like reverse right_shift round rsqrt shape_of
sigmoid sign sin sinh slice_like sort split sqrt squeeze stack strided_slice subtract sum take tan tanh tile topk
transpose trilu trunc trunc_divide trunc_mod variance where zeros zeros_like image.resize2d nn.adaptive_avg_pool1d
nn.adaptive_avg_pool2d nn.adaptive_avg_pool3d nn.adaptive_max_pool1d nn.adaptive_max_pool2d nn.adaptive_max_pool3d
nn.avg_pool1d nn.avg_pool2d nn.avg_pool3d nn.batch_flatten nn.batch_matmul nn.batch_norm nn.bias_add
nn.contrib_conv2d_NCHWc nn.contrib_conv2d_winograd_weight_transform nn.contrib_conv2d_winograd_without_weight_transform
nn.contrib_dense_pack nn.contrib_depthwise_conv2d_NCHWc nn.conv1d nn.conv1d_transpose nn.conv2d nn.conv2d_transpose
nn.conv3d nn.conv3d_transpose nn.dense nn.depth_to_space nn.dropout nn.global_avg_pool2d nn.global_max_pool2d
nn.group_norm nn.instance_norm nn.l2_normalize nn.layer_norm nn.leaky_relu nn.log_softmax nn.lrn nn.matmul nn.max_pool1d
nn.max_pool2d nn.max_pool3d nn.mirror_pad nn.pad nn.prelu nn.relu nn.softmax nn.space_to_depth nn.upsampling
"""

FUNCTIONS = """
abs acos acosh add adv_index all annotation.checkpoint annotation.stop_fusion any arange argmax argmin argsort asin
asinh atan atanh bitwise_and bitwise_not bitwise_or bitwise_xor broadcast_to broadcast_to_like cast cast_like ceil clip
collapse_sum_like concatenate copy cos cosh cumprod cumsum divide einsum equal erf exp expand_dims fixed_point_multiply
floor floor_divide floor_mod full full_like gather greater greater_equal isfinite isinf isnan layout_transform
left_shift less less_equal log log10 log2 logical_and logical_not logical_or logical_xor logsumexp max maximum mean
mean_std mean_variance meshgrid min minimum mod multiply ndarray_size negative not_equal one_hot ones ones_like power
prod repeat reshape reshape_like reverse reverse_reshape right_shift round rsqrt shape_of sigmoid sign sin sinh
slice_like sort split sqrt squeeze stack std strided_slice subtract sum take tan tanh tile topk transpose trilu trunc
trunc_divide trunc_mod variance where zeros zeros_like image.resize2d nn.adaptive_avg_pool1d nn.adaptive_avg_pool2d
nn.adaptive_avg_pool3d nn.adaptive_max_pool1d nn.adaptive_max_pool2d nn.adaptive_max_pool3d nn.avg_pool1d nn.avg_pool2d
nn.avg_pool3d nn.batch_flatten nn.batch_matmul nn.batch_norm nn.bias_add nn.contrib_conv2d_nchwc
nn.contrib_conv2d_winograd_weight_transform nn.contrib_conv2d_winograd_without_weight_transform nn.contrib_dense_pack
nn.contrib_depthwise_conv2d_nchwc nn.conv1d nn.conv1d_transpose nn.conv2d nn.conv2d_transpose nn.conv3d
nn.conv3d_transpose nn.dense nn.depth_to_space nn.dropout nn.global_avg_pool2d nn.global_max_pool2d nn.group_norm
nn.instance_norm nn.l2_normalize nn.layer_norm nn.leaky_relu nn.log_softmax nn.lrn nn.matmul nn.max_pool1d nn.max_pool2d
nn.max_pool3d nn.mirror_pad nn.pad nn.prelu nn.relu nn.softmax nn.space_to_depth nn.upsampling
"""


@PROGRAMS
def patterns() -> str:
    """`name(arguments) pattern`, a line each."""
    return "\n".join(_declaration(name) for name in OPERATORS.split())


@PROGRAMS
def signatures() -> str:
    """`name(parameters)`, a line each."""
    return "\n".join(f"{name}({_parameters(_function(name))})" for name in FUNCTIONS.split())


def _declaration(name: str) -> str:
    op = tvm.ir.Op.get(name)
    pattern = op.get_attr("TOpPattern")
    return f"{name}({', '.join(str(argument.name) for argument in op.arguments)}) {pattern}"


def _function(path: str) -> Callable:
    found = relay
    for part in path.split("."):
        found = getattr(found, part)
    return found


def _parameters(function: Callable) -> str:
    """The parameters and their defaults, without annotations; a truth value is shown as the number that it is."""
    shown = []
    for parameter in inspect.signature(function).parameters.values():
        default = int(parameter.default) if isinstance(parameter.default, bool) else parameter.default
        shown.append(parameter.name if default is inspect.Parameter.empty else f"{parameter.name}={default!r}")
    return ", ".join(shown)
