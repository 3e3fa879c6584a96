"""What `quantize` refuses: in one sentence, with the module, the rules and the contexts left as they were."""

import contextlib
import math

import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm
from tvm import relay
from tvm.relay.op.op import RULES, rules
from tvm.relay.quantize import current_qconfig, qconfig
from tvm.relay.quantize.quantize import _CONTEXT

SHAPE = (1, 3, 8, 8)
IMAGE = np.ones(SHAPE, "float32")
SAMPLE = {"data": IMAGE}


def conv(x, inputs=3):
    kernel = np.random.RandomState(0).normal(size=(4, inputs, 3, 3)).astype("float32")
    return relay.nn.conv2d(x, relay.const(kernel), channels=4, kernel_size=(3, 3))


def module(body=None):
    if body is None:
        body = conv(relay.nn.relu(conv(relay.var("data", shape=SHAPE))), 4)
    return relay.transform.InferType()(tvm.IRModule.from_expr(body))


def quantized(mod, dataset=None, params=None, **options):
    with tvm.transform.PassContext(opt_level=3), qconfig(**{"skip_conv_layers": None, **options}):
        return relay.quantize.quantize(mod, params, dataset)


def surroundings(mod):
    """Everything that an error must leave as it was."""
    context = tvm.transform.PassContext.current()
    registered = [str(rule) for key in RULES for rule in rules(key)]
    return str(mod), registered, repr(current_qconfig()), _CONTEXT.get(), context.opt_level, list(context.required_pass)


@contextlib.contextmanager
def refused(mod, error, message):
    before = surroundings(mod)
    with pytest.raises(error) as raised:
        yield
    assert message in str(raised.value)
    assert type(raised.value) is error and len(str(raised.value).splitlines()) == 1
    assert surroundings(mod) == before


OPTIONS = {
    "unknown": ({"weight_scal": "max"}, TypeError, "qconfig has no option 'weight_scal': it has nbit_input, "),
    "two unknown": ({"foo": 1, "nbit_input": 4, "bar": 2}, TypeError, "qconfig has no option 'foo' or 'bar': it has"),
    "mode": ({"calibrate_mode": "kl"}, ValueError, "takes one of global_scale, kl_divergence, percentile"),
    "weights": ({"weight_scale": "max2"}, ValueError, "takes one of power2, max"),
    "rounding": ({"rounding": "up"}, ValueError, "rounding of qconfig cannot be 'up': it takes one of UPWARD, TONEA"),
    "conversions": ({"partition_conversions": True}, TypeError, "takes one of disabled, enabled, fully_integral"),
    "dtype": ({"dtype_input": "int9"}, ValueError, "dtype_input of qconfig cannot be 'int9': it takes one of int8, in"),
    "floats": ({"dtype_weight": "float32"}, ValueError, "it takes one of int8, int16, int32, int64"),
    "narrow sums": ({"dtype_activation": "int8"}, ValueError, "it takes one of int32, int64, int16"),
    "text": ({"nbit_input": "8"}, TypeError, "nbit_input of qconfig cannot be '8': it takes an int from 2 to 64"),
    "no bits": ({"nbit_weight": 0}, ValueError, "nbit_weight of qconfig cannot be 0: it takes an int from 2 to 64"),
    "many bits": ({"nbit_activation": 65}, ValueError, "it takes an int from 2 to 64"),
    "no room": (
        {"nbit_input": 16, "dtype_input": "int8"},
        ValueError,
        "nbit_input of qconfig is 16, for which dtype_input 'int8' has no room: take fewer bits, or dtype_input=",
    ),
    "no room for weights": ({"nbit_weight": 20, "dtype_weight": "int16"}, ValueError, "or dtype_weight='int32'"),
    "no room for sums": (
        {"dtype_activation": "int16"},
        ValueError,
        "nbit_activation of qconfig is 32, for which dtype",
    ),
    "no room for products": (
        {"nbit_weight": 26, "dtype_weight": "int32"},
        ValueError,
        "nbit_input 8 and nbit_weight 26 of qconfig leave no room for a product in dtype_activation 'int32': take few"
        "er bits, or dtype_activation='int64'",
    ),
    "no room anywhere": (
        {"nbit_input": 32, "dtype_input": "int32", "nbit_weight": 40, "dtype_weight": "int64"},
        ValueError,
        "leave no room for a product in dtype_activation 'int32': take fewer bits",
    ),
    "no room to round": (
        {"nbit_weight": 26, "dtype_weight": "int32", "dtype_activation": "int64", "rounding": "TONEAREST"},
        ValueError,
        "no room for a product in what rounding 'TONEAREST' computes: take fewer bits, or rounding='UPWARD'",
    ),
    "zero": ({"global_scale": 0.0}, ValueError, "global_scale of qconfig cannot be 0.0: it takes a positive number"),
    "infinite": ({"global_scale": math.inf}, ValueError, "it takes a positive number"),
    "one layer": ({"skip_conv_layers": 0}, TypeError, "it takes a list of indices, counted from 0, or None"),
    "last layer": ({"skip_conv_layers": [-1]}, ValueError, "it takes a list of indices, counted from 0, or None"),
    "named layer": ({"skip_conv_layers": ["conv1"]}, ValueError, "cannot be ['conv1']: it takes a list of indices"),
    "no chunk": ({"calibrate_chunk_by": 0}, ValueError, "cannot be 0: it takes a number of activations, or -1 for all"),
    "perhaps": ({"do_simulation": 2}, ValueError, "do_simulation of qconfig cannot be 2: it takes True or False"),
    "floats alone": (
        {"do_simulation": True, "partition_conversions": "fully_integral"},
        ValueError,
        "do_simulation of qconfig leaves all in float, and partition_conversions 'fully_integral' refuses that",
    ),
    "one operator": ({"debug_enabled_ops": "add"}, TypeError, "it takes a list of names of operators, or None"),
    "operator": (
        {"debug_enabled_ops": ["nn.conv"]},
        ValueError,
        "debug_enabled_ops of qconfig has 'nn.conv': Relay has",
    ),
}


@pytest.mark.parametrize(("options", "error", "message"), OPTIONS.values(), ids=OPTIONS)
def test_options(options, error, message):
    mod = module()
    with refused(mod, error, message):
        quantized(mod, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"nbit_input": np.int64(8), "skip_conv_layers": (np.int64(0),), "global_scale": np.float32(4)},
        {"nbit_input": 4, "nbit_weight": 4},
        {"nbit_input": 16, "dtype_input": "int16", "nbit_weight": 9, "dtype_weight": "int16"},
        {"nbit_input": 9, "dtype_input": "uint8"},
        {"nbit_activation": 64, "dtype_activation": "int64"},
        {"nbit_activation": 16, "dtype_activation": "int16"},
        {"nbit_weight": 32, "dtype_weight": "int32", "do_simulation": True},
        {"skip_conv_layers": [7], "skip_dense_layer": np.bool_(False), "debug_enabled_ops": ["nn.conv2d"]},
    ],
)
def test_options_that_are_fine(options):
    assert "nn.conv2d" in str(quantized(module(), **options))


DATA = {
    "none": (None, ValueError, "calibrate_mode 'kl_divergence' needs a data set: pass one, or calibrate by 'global_sc"),
    "empty": ([], ValueError, "the data set has no samples: calibration needs at least one"),
    "an empty generator": (iter(()), ValueError, "the data set has no samples"),
    "one sample": (SAMPLE, TypeError, "sample 0 of the data set is str: make it a dict of ['data']"),
    "pairs": ([(IMAGE, 3)], TypeError, "sample 0 of the data set is tuple: make it a dict of ['data']"),
    "missing": ([SAMPLE, {}], ValueError, "sample 1 of the data set has no ['data']: give it"),
    "extra": ([{**SAMPLE, "label": 3}], ValueError, "sample 0 of the data set has ['label']: leave it out"),
    "shape": ([{"data": IMAGE[0]}], ValueError, "'data' in sample 0 of the data set has the shape (3, 8, 8), and the"),
    "dtype": ([{"data": IMAGE.astype("complex64")}], TypeError, "is complex64, and the network takes float32: convert"),
    "text": ([{"data": "cat.png"}], TypeError, "'data' in sample 0 of the data set is <U7, and the network takes"),
    "ragged": ([{"data": [[1], [1, 2]]}], TypeError, "'data' in sample 0 of the data set is no array of numbers"),
    "gradient": ([{"data": torch.ones(SHAPE, requires_grad=True)}], TypeError, "use tensor.detach().numpy() instead"),
    "NaN": ([SAMPLE, {"data": math.nan * IMAGE}], ValueError, "'data' in sample 1 of the data set holds NaN or infini"),
    "overflow": (
        [SAMPLE, {"data": 3e38 * IMAGE}],
        ValueError,
        "sample 1 of the data set makes NaN or infinity of nn.relu: leave it out",
    ),
}


@pytest.mark.parametrize("mode", ["kl_divergence", "percentile"])
@pytest.mark.parametrize(("dataset", "error", "message"), DATA.values(), ids=DATA)
def test_data_sets(dataset, error, message, mode):
    mod = module()
    with refused(mod, error, message.replace("kl_divergence", mode).replace("use tensor", "Use tensor")):
        quantized(mod, dataset, calibrate_mode=mode)


def test_tuples_are_inputs_too():
    pair = relay.Var("pair", relay.TupleType([relay.TensorType(SHAPE)] * 2))
    body = conv(relay.add(relay.TupleGetItem(pair, 0), relay.TupleGetItem(pair, 1)))
    mod = module(relay.Function([pair], body))
    assert "int8" in str(quantized(mod, [{"pair": (IMAGE, IMAGE)}], calibrate_mode="percentile"))
    with refused(mod, TypeError, "'pair' in sample 0 of the data set is no tuple of 2: make it one"):
        quantized(mod, [{"pair": IMAGE}], calibrate_mode="percentile")
    with refused(mod, ValueError, "'pair'[1] in sample 0 of the data set holds NaN or infinity"):
        quantized(mod, [{"pair": (IMAGE, math.nan * IMAGE)}], calibrate_mode="percentile")


def test_an_overflow_in_one_of_several_layers():
    x, kernel = relay.var("data", shape=(1, 4, 3, 3)), relay.const(np.full((4, 4, 1, 1), 1e20, "float32"))
    for _ in range(4):
        x = relay.nn.relu(relay.nn.conv2d(x, kernel, channels=4, kernel_size=(1, 1)))
    mod = module(x)
    with refused(mod, ValueError, "sample 0 of the data set makes NaN or infinity of nn.relu, call 2 of 4: leave it"):
        quantized(mod, [{"data": np.ones((1, 4, 3, 3), "float32")}], calibrate_mode="percentile")


def test_two_inputs_of_one_name():
    left, right = (relay.var("data", shape=SHAPE) for _ in "lr")
    mod = module(relay.Function([left, right], conv(relay.add(left, right))))
    with refused(mod, ValueError, "2 inputs of the network are named 'data': give each its own name"):
        quantized(mod, [SAMPLE], calibrate_mode="percentile")


def test_params_that_were_forgotten():
    """The genuine Relay raises an AssertionError without a word."""
    data, weight = relay.var("data", shape=SHAPE), relay.var("weight", shape=(3, 1, 3, 3))
    kernel = relay.reshape(weight, newshape=[3, 1, 3, 3])
    mod = module(relay.nn.conv2d(data, kernel, channels=3, kernel_size=(3, 3), groups=3))
    with refused(mod, ValueError, "the weight %weight has no value: hand quantize the params, or calibrate by"):
        quantized(mod)
    with refused(mod, ValueError, "sample 0 of the data set has no ['weight']: give it, or, of weights, the params"):
        quantized(mod, [SAMPLE], calibrate_mode="percentile")
    kernels = {"weight": np.ones((3, 1, 3, 3), "float32")}
    assert "int8" in str(quantized(mod, params=kernels))
    assert "int8" in str(quantized(mod, [{**SAMPLE, **kernels}], calibrate_mode="percentile"))


class DiskFailure(Exception):
    """One that TVM does not know."""


@pytest.mark.parametrize("error", [DiskFailure, FileNotFoundError, KeyboardInterrupt])
@pytest.mark.parametrize("mode", ["kl_divergence", "percentile"])
def test_a_data_set_that_breaks_off(error, mode):
    def files():
        yield SAMPLE
        raise error("image 2 is gone")

    mod = module()
    with refused(mod, error, "image 2 is gone"):
        quantized(mod, files(), calibrate_mode=mode)


@pytest.mark.parametrize("key", RULES)
def test_a_rule_that_fails(key):
    def broken(ref_call, new_args, ctx):
        raise DiskFailure("no more")

    mod, op = module(), relay.op.get("nn.relu")
    want, rule = str(quantized(mod)), op.get_attr(key)
    op.reset_attr(key)
    tvm.ir.register_op_attr("nn.relu", key, broken)
    try:
        with refused(mod, DiskFailure, "fails on nn.relu: no more"):
            quantized(mod)
    finally:
        op.reset_attr(key)
        tvm.ir.register_op_attr("nn.relu", key, rule)
    assert str(quantized(mod)) == want


@pytest.mark.parametrize("options", [{}, {"do_simulation": True}, {"partition_conversions": "enabled"}])
def test_a_module_that_is_quantized_already(options):
    mod = quantized(module(), **options)
    with refused(mod, ValueError, "the module is quantized already, it has "):
        quantized(mod)


def test_what_is_no_network():
    mod = module()
    with refused(mod, TypeError, "quantize takes a tvm.IRModule, not Function: make one with tvm.IRModule.from_expr"):
        quantized(mod["main"])
    with refused(mod, ValueError, "quantize works on the function @main, and this module has @net"):
        quantized(tvm.IRModule({"net": mod["main"]}))
    with refused(mod, TypeError, "params maps the names of parameters to arrays: pass a dict such as"):
        quantized(mod, params=[SAMPLE])


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_a_network_in_another_float(dtype):
    x = relay.var("data", shape=SHAPE, dtype=dtype)
    kernel = relay.const(np.ones((4, 3, 3, 3), dtype))
    mod = module(relay.nn.conv2d(x, kernel, channels=4, kernel_size=(3, 3)))
    with refused(mod, TypeError, f"quantize takes networks in float32, and data is {dtype}: cast the network"):
        quantized(mod)
