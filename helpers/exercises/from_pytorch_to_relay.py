"""The exercises of *From PyTorch to Relay*."""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
import torch
import tvm
from torch import nn
from tvm import relay

from helpers.exercises import Exercise, expect, expect_a
from helpers.exercises.networks import chain
from helpers.networks import run
from helpers.text import operators

Calls = Callable[[tvm.IRModule], Mapping[str, int]]
Pass = Callable[[tvm.IRModule], tvm.IRModule]

order = Exercise()


@order.point
def the_same_layers(layers: nn.Sequential) -> None:
    """there is a convolution, a batch norm and a max-pool, and nothing else"""
    found = sorted(type(layer).__name__ for layer in expect_a(nn.Sequential, layers))
    expect(found == ["BatchNorm2d", "Conv2d", "MaxPool2d"], f"there is {', '.join(found)}")


@order.point
def no_multiply(layers: nn.Sequential) -> None:
    """no `multiply` is left"""
    found = operators(_optimized(layers))
    expect("multiply" not in found, f"the calls are {', '.join(found)}: what stands between the weights and the scale?")


calls = Exercise()


@calls.point
def of_a_chain(answer: Calls) -> None:
    """two convolutions, two relus and an average pooling are counted as such"""
    expected = {"nn.conv2d": 2, "nn.relu": 2, "nn.avg_pool2d": 1}
    found = _counted(answer, chain())
    expect(found == expected, f"`calls` gives {found}")


@calls.point
def of_similar_names(answer: Calls) -> None:
    """`add` and `nn.bias_add` are two operators"""
    x = relay.var("x", shape=(1, 4))
    found = _counted(answer, tvm.IRModule.from_expr(relay.add(relay.nn.bias_add(x, relay.const(np.ones(4))), x)))
    expect(found == {"nn.bias_add": 1, "add": 1}, f"of one call of each, `calls` gives {found}")


@calls.point
def of_a_call_with_two_users(answer: Calls) -> None:
    """a call that two others use is one call"""
    shared = relay.nn.relu(relay.var("x", shape=(1, 4)))
    body = relay.multiply(relay.exp(shared), relay.tanh(shared))
    found = _counted(answer, tvm.IRModule.from_expr(body)).get("nn.relu", 0)
    expect(found == 1, f"`calls` gives {found} for a relu that stands there once")


fold = Exercise()


@fold.point
def no_batch_norm(answer: Pass) -> None:
    """no `nn.batch_norm` is left"""
    expect("nn.batch_norm" not in _folded(answer), "there is one")


@fold.point
def no_arithmetic_on_constants(answer: Pass) -> None:
    """nothing is computed from constants alone"""
    left = [name for name in _folded(answer) if name in ("sqrt", "divide", "negative", "expand_dims")]
    expect(not left, f"there is `{left[0]}`" if left else "")


@fold.point
def scale_in_the_weights(answer: Pass) -> None:
    """the scale is in the weights"""
    found = _folded(answer)
    expect("nn.batch_norm" not in found, "it is still in the `nn.batch_norm`")
    left = found.count("multiply")
    expect(not left, f"{left} `multiply` is left: a pass runs only at its own `opt_level` or above")


@fold.point
def the_same_numbers(answer: Pass) -> None:
    """the network computes the same numbers"""
    data = np.random.default_rng(0).random((1, 3, 8, 8), dtype="float32")
    found = run(expect_a(tvm.IRModule, answer(_bound())), data)
    difference = float(np.abs(found - run(_bound(), data)).max())
    expect(difference < 1e-4, f"they differ by {difference:.1e}")


@fold.point
def bias_add_as_it_was(answer: Pass) -> None:
    """the bias is an `nn.bias_add`, as it was"""
    expect("nn.bias_add" in _folded(answer), "there is none: a step is there that has nothing to do with a batch norm")


def _optimized(layers: nn.Sequential) -> tvm.IRModule:
    traced = torch.jit.trace(layers.eval(), torch.zeros(1, 3, 12, 12))
    mod, params = relay.frontend.from_pytorch(traced, [("data", (1, 3, 12, 12))], use_parser_friendly_name=True)
    with tvm.transform.PassContext(opt_level=3):
        return relay.quantize.prerequisite_optimize(mod, params)


def _counted(answer: Calls, mod: tvm.IRModule) -> dict[str, int]:
    found = expect_a(Mapping, answer(relay.transform.InferType()(mod)))  # type: ignore[type-abstract]
    return {name: number for name, number in found.items() if number}


@cache
def _bound() -> tvm.IRModule:
    """A convolution with a batch norm, and one with a bias, as they are when the parameters are bound."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 4, 3))
    with torch.no_grad():
        network(2 * torch.rand(16, 3, 8, 8))
    traced = torch.jit.trace(network.eval(), torch.zeros(1, 3, 8, 8))
    mod, params = relay.frontend.from_pytorch(traced, [("data", (1, 3, 8, 8))], use_parser_friendly_name=True)
    bound = tvm.IRModule.from_expr(relay.build_module.bind_params_by_name(mod["main"], params))
    return relay.transform.InferType()(bound)


def _folded(answer: Pass) -> list[str]:
    return operators(expect_a(tvm.IRModule, answer(_bound())))
