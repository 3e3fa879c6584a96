"""The exercises of *All of it, on a CPU*."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import tvm
from torch import nn
from tvm import relay

from helpers.exercises import Exercise, expect, expect_a
from helpers.exercises.networks import expect_ends, expect_same_numbers, partitioned
from helpers.image_networks import InvertedResidual
from helpers.networks import to_relay
from helpers.registry import DEFAULT_RULES, Rule

four_bits = Exercise()


@four_bits.point
def all_layers(mod: tvm.IRModule) -> None:
    "every convolution and the dense layer computes on integers"
    found = layers(mod)
    floats = sum(call.args[0].checked_type.dtype == "float32" for call in found)
    expect(not floats, f"{floats} of {len(found)} still compute in float32")


@four_bits.point
def no_more(mod: tvm.IRModule) -> None:
    "no weight needs more than 4 bits, of which one is the sign"
    most = largest_weight(mod)
    expect(most <= 7, f"there is a weight of magnitude {most:g}, and 4 bits reach to 7")


@four_bits.point
def no_less(mod: tvm.IRModule) -> None:
    "the weights use the 4 bits that they have"
    most = largest_weight(mod)
    expect(most >= 7, f"the largest magnitude is {most:g}, and 4 bits reach to 7")


@four_bits.point
def wide_activations(mod: tvm.IRModule) -> None:
    "activations have 8 bits as before"
    found = {float(call.attrs.a_max) for call in calls(mod, "clip")}
    expect(found == {127.0}, f"they are clipped at {', '.join(f'{each:g}' for each in sorted(found)) or 'nothing'}")


join_narrow = Exercise()


@join_narrow.point
def each_branch_ends(rule: Rule) -> None:
    "the regions of two branches end, and the concatenation begins one"
    expect_ends(joined(rule, inside(), inside()), ["nn.relu", "nn.relu", "concatenate"])


@join_narrow.point
def its_region_goes_on(rule: Rule) -> None:
    "a max-pool behind the concatenation is in its region"
    expect_ends(joined(rule, inside(), inside(), behind=nn.MaxPool2d(2)), ["nn.relu", "nn.relu", "nn.max_pool2d"])


@join_narrow.point
def branches_of_three(rule: Rule) -> None:
    "so it is with three branches"
    expect_ends(joined(rule, inside(), inside(), inside()), ["nn.relu"] * 3 + ["concatenate"])


@join_narrow.point
def one_outside(rule: Rule) -> None:
    "where a branch is in no region, whichever it is, that of the other one ends, and none begins"
    for branches in (inside(), outside()), (outside(), inside()):
        expect_ends(joined(rule, *branches), ["nn.relu"])


@join_narrow.point
def all_outside(rule: Rule) -> None:
    "where no branch is in a region, none begins"
    expect_ends(joined(rule, outside(), outside()), [])


@join_narrow.point
def in_their_order(rule: Rule) -> None:
    "the numbers are what they were"
    before = branched(inside(), inside(), inside())
    expect_same_numbers(before, partitioned(before, {**DEFAULT_RULES, "concatenate": rule}))


Find = Callable[[tvm.IRModule], Any]
depthwise = Exercise()


@depthwise.point
def one_behind_another(find: Find) -> None:
    "it finds the depthwise convolution of MobileNetV2's block"
    expect_indices(find, to_relay(InvertedResidual(4, 8, 4), 1, 4, 8, 8), [1])


@depthwise.point
def none_at_all(find: Find) -> None:
    "it gives an empty list where no convolution is depthwise"
    expect_indices(find, network(3, (8, 1), (8, 1)), [])


@depthwise.point
def every_one(find: Find) -> None:
    "it finds all of several, and the first and the last layer too"
    expect_indices(find, network(4, (4, 4), (8, 1), (8, 8), (8, 8)), [0, 2, 3])


@depthwise.point
def groups_of_several(find: Find) -> None:
    "a convolution with groups of several channels is not depthwise"
    expect_indices(find, network(4, (8, 2), (8, 8)), [1])


@depthwise.point
def only_convolutions(find: Find) -> None:
    "what is no convolution is not counted"
    expect_indices(find, with_dense(), [0])


@depthwise.point
def float_in_the_end(find: Find) -> None:
    "with these layers skipped, the depthwise ones compute in float32 and the others on integers"
    mod = network(4, (8, 1), (8, 8), (4, 1))
    with relay.quantize.qconfig(skip_conv_layers=given(find, mod)):
        found = layers(relay.quantize.quantize(mod))
    dtypes = [str(call.args[0].checked_type.dtype) for call in found]
    expect(dtypes == ["int8", "float32", "int8"], f"the three layers of a network compute on {', '.join(dtypes)}")


# --- what the points ask with


def calls(mod: tvm.IRModule, *names: str) -> list[Any]:
    """The calls of these operators in `main`; arguments before their users."""
    found: list[Any] = []

    def visit(expr: Any) -> None:
        if isinstance(expr, relay.Call) and isinstance(expr.op, tvm.ir.Op) and expr.op.name in names:
            found.append(expr)

    relay.analysis.post_order_visit(expect_a(tvm.IRModule, mod)["main"], visit)
    return found


def layers(mod: tvm.IRModule) -> list[Any]:
    """The layers with weights."""
    return calls(mod, "nn.conv2d", "nn.dense")


def largest_weight(mod: tvm.IRModule) -> float:
    """The largest magnitude of an integer weight."""
    constants = [call.args[1].data.numpy() for call in layers(mod) if isinstance(call.args[1], relay.Constant)]
    integers = [int(np.abs(weight.astype("int64")).max()) for weight in constants if weight.dtype.kind == "i"]
    expect(integers, "there are no integer weights")
    return max(integers)


def network(channels: int, *plan: tuple[int, int]) -> tvm.IRModule:
    """Convolutions one behind another: how many channels each gives, in how many groups."""
    torch.manual_seed(0)
    stack: list[nn.Module] = []
    width = channels
    for outputs, groups in plan:
        stack += [nn.Conv2d(width, outputs, 3, groups=groups, padding=1), nn.ReLU()]
        width = outputs
    return to_relay(nn.Sequential(*stack), 1, channels, 8, 8)


def inside() -> nn.Module:
    """A branch that is a region."""
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.ReLU())


def outside() -> nn.Module:
    """A branch in no region."""
    return nn.AvgPool2d(3, 1)


def branched(*branches: nn.Module, behind: nn.Module | None = None) -> tvm.IRModule:
    """A network that concatenates these branches."""

    class Branched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.branches = nn.ModuleList(branches)
            self.behind = behind or nn.Identity()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.behind(torch.cat([branch(x) for branch in self.branches], 1))

    return to_relay(Branched(), 1, 3, 8, 8)


def joined(rule: Rule, *branches: nn.Module, behind: nn.Module | None = None) -> tvm.IRModule:
    """What partition makes of such a network with this rule for `concatenate`."""
    return partitioned(branched(*branches, behind=behind), {**DEFAULT_RULES, "concatenate": rule})


def with_dense() -> tvm.IRModule:
    """A depthwise convolution between other operators and a dense layer."""
    torch.manual_seed(0)
    stack = nn.MaxPool2d(2), nn.Conv2d(4, 4, 3, groups=4), nn.Flatten(), nn.Linear(16, 4)
    return to_relay(nn.Sequential(*stack), 1, 4, 8, 8)


def given(find: Find, mod: tvm.IRModule) -> list[int]:
    """The indices that an answer gives for a network."""
    return [expect_a(int, each) for each in expect_a(list, find(mod))]


def expect_indices(find: Find, mod: tvm.IRModule, expected: list[int]) -> None:
    """Raise `NotYet` unless an answer gives these for a network."""
    found = given(find, mod)
    groups = ", ".join(str(int(call.attrs.groups)) for call in calls(mod, "nn.conv2d"))
    expect(found == expected, f"for convolutions with {groups} groups it gives {found}")
