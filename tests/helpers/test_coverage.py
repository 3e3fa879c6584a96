import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm
from torch import nn
from tvm import relay
from tvm.relay.quantize._partition import QPartitionExpr, partition_expr_check

from helpers.coverage import bytes_between_kernels, calls_inside, coverage, outside
from helpers.networks import blocks_in_use, run, to_relay
from helpers.registry import DEFAULT_RULES, registered_rules
from helpers.text import operators


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(3, 4, 3, padding=1, bias=False), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(4, 2, 1, bias=False)
    return to_relay(nn.Sequential(*layers), 1, 3, 8, 8)


def names(calls):
    return sorted(call.op.name for call in calls)


def test_what_no_rule_puts_into_a_region_is_outside(network):
    assert outside(network) == ["nn.avg_pool2d"]
    assert outside(network, {}) == operators(network)
    assert names(calls_inside(network, DEFAULT_RULES)) == ["nn.conv2d", "nn.conv2d", "nn.relu"]


def test_a_region_that_a_rule_ends_itself_counts(network):
    def ended(ref_call, new_args, ctx):
        _, expr = partition_expr_check(new_args[0])
        return QPartitionExpr(relay.nn.relu(expr)).realize()

    assert outside(network, {**DEFAULT_RULES, "nn.relu": ended}) == ["nn.avg_pool2d"]


def test_a_call_with_another_in_its_place_counts(network):
    def maximum(ref_call, new_args, ctx):
        _, expr = partition_expr_check(new_args[0])
        return QPartitionExpr(relay.nn.max_pool2d(expr, pool_size=(2, 2), strides=(2, 2)))

    assert outside(network, {**DEFAULT_RULES, "nn.avg_pool2d": maximum}) == []


def test_the_rules_are_afterwards_those_of_before(network):
    before = registered_rules()
    calls_inside(network, {})
    coverage({"small": network}, {})
    assert registered_rules() == before


def test_what_a_rule_raises_goes_through(network):
    def fails(ref_call, new_args, ctx):
        raise ZeroDivisionError("on purpose")

    with pytest.raises(ZeroDivisionError, match="on purpose"):
        outside(network, {"nn.relu": fails})


def test_the_bytes_are_those_that_kernels_give():
    x = relay.var("x", shape=(1, 6), dtype="int8")
    narrow = relay.cast(relay.clip(relay.cast(x, "int32"), 0, 9), "int8")
    stopped = relay.annotation.stop_fusion(narrow)
    mod = tvm.IRModule.from_expr(relay.Function([x], relay.multiply(relay.cast(stopped, "float32"), relay.const(0.5))))
    assert bytes_between_kernels(mod) == {"int8": 6, "float32": 24}


def test_a_value_that_two_kernels_read_counts_once():
    x = relay.var("x", shape=(1, 6), dtype="int8")
    twice = [relay.annotation.stop_fusion(relay.clip(x, 0, 9)) for _ in range(2)]
    wide = [relay.cast(each, "int32") for each in twice]
    mod = tvm.IRModule.from_expr(relay.Function([x], relay.add(*wide)))
    assert bytes_between_kernels(mod) == {"int8": 6, "int32": 24}


def test_a_row_says_how_much_is_covered_and_how_far_off_it_is(network):
    ((name, inside, of, int8, int32, float32, error),) = coverage({"small": network}).rows
    assert (name, inside, of) == ("small", 3, 4)
    # The input, the relu and what the second convolution reads; the result.
    assert int8 + int32 + float32 == sum(coverage({"small": network}).rows[0][3:6])
    assert float32 == 2 * 4 * 4 * 4
    assert 0 < error < 5


def test_the_blocks_compute_and_the_networks_differ():
    networks = blocks_in_use()
    assert list(networks) == ["ResNet", "MobileNetV2", "SqueezeNet", "squeeze-and-excite"]
    data = np.linspace(-1, 1, 3 * 256, dtype="float32").reshape(1, 3, 16, 16)
    results = [run(mod, data) for mod in networks.values()]
    assert {result.shape for result in results} == {(1, 10)}
    assert len({float(result[0, 0]) for result in results}) == 4
    assert [operators(mod).count("nn.conv2d") for mod in networks.values()] == [6, 7, 7, 7]
