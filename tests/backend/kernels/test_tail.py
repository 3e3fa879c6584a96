"""What follows a kernel: however often it uses its values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.backend.lower import lower
from tvm.relay.transform.infer_type import infer

from . import test_depthwise
from .test_conv2d import check, compiled, convolution, machine, told, values

# The shape of what is added to 32 channels in blocks, how, and whether sums start from it: then it is not read for each
# pixel.
ADDED = {
    "a number for each channel": (lambda block: (1, 32 // block, 1, 1, block), lambda sums, given: sums + given, True),
    "the same, first": (lambda block: (1, 32 // block, 1, 1, block), lambda sums, given: given + sums, True),
    "a number for each block": (lambda block: (32 // block, 1, 1, 1), lambda sums, given: sums + given, True),
    "a number for each place in a block": (lambda block: (block,), lambda sums, given: sums + given, True),
    "one number": (lambda block: (1,), lambda sums, given: sums + given, True),
    "an image": (lambda block: (1, 32 // block, 5, 5, block), lambda sums, given: sums + given, False),
    "a row": (lambda block: (1, 32 // block, 5, 1, block), lambda sums, given: sums + given, False),
    "a column": (lambda block: (5, 1), lambda sums, given: given + sums, False),
    "the sum once more": (lambda block: (block,), lambda sums, given: (sums + given) * sums, False),
    "the sum itself": (lambda block: (block,), lambda sums, given: (sums + sums) * given, False),
    "what is made of the sum": (lambda block: (block,), lambda sums, given: sums + relay.maximum(sums, given), False),
}


def test_values_are_not_written_out_where_they_are_used() -> None:
    """Each rounding uses its operand seven times, each clip four times: five of both would be 28 ** 5 copies."""
    made = convolution((1, 16, 3, 3), 16, (1, 1), "int8")
    x = relay.cast(made.body, "float32")
    for _ in range(5):
        x = relay.clip(relay.round(relay.multiply(x, relay.const(1.25))), -100, 100)
    target, here = machine()
    lowered = check(infer(relay.Function(made.params, relay.cast(x, "int8")), tvm.IRModule()), target, here)
    assert lowered.path.startswith("direct")


def sums(func: relay.Function) -> relay.Call:
    """The convolution in a function."""
    made = func.body
    while not made.op.name.startswith("nn.contrib"):
        made = made.args[0]
    return made


@pytest.mark.parametrize(("kind", "changes"), [("direct", {}), ("direct", {"dot": "generic"}), ("depthwise", {})])
@pytest.mark.parametrize(("shape", "add", "starts"), ADDED.values(), ids=ADDED.keys())
def test_whatever_is_added_to_a_sum_of_integers(
    shape: Any, add: Any, starts: bool, kind: str, changes: dict[str, str]
) -> None:
    target, here = machine(**changes)
    assert check(added(kind, here.lanes, shape, add), target, here).path.startswith(kind)
    # On a processor whose tiles are large: what is not added at the start is written out for each pixel.
    lowered = lower(added(kind, 16, shape, add), machine("llvm -mcpu=cascadelake", **changes)[1])
    assert lowered.path.startswith(kind)
    assert (lowered.func.script().count("given[") < 5) == starts


def added(kind: str, block: int, shape: Any, add: Any) -> relay.Function:
    """A convolution to whose sums something is added."""
    if kind == "direct":
        func = convolution((1, 16, 5, 5), 32, (1, 1), "int8", blocks=(block, block))
    else:
        func = test_depthwise.convolution((1, 32, 5, 5), (3, 3), block, padding=1)
    given = relay.var("given", shape=shape(block), dtype="int32")
    body = add(sums(func), given)
    return told(infer(relay.Function([*func.params[:2], given], body), tvm.IRModule()), (-128, -127))


def test_a_sum_that_is_given_out_does_not_start_from_what_is_added_to_it() -> None:
    func = convolution((1, 16, 5, 5), 32, (1, 1), "int8")
    given = relay.var("given", shape=(1, 2, 1, 1, 16), dtype="int32")
    both = relay.Tuple([sums(func), relay.add(sums(func), given)])
    func = infer(relay.Function([*func.params[:2], given], both), tvm.IRModule())
    target, here = machine()
    lowered, args = lower(func, here), values(func)
    expected = relay.create_executor("debug").evaluate(func)(*args)
    found = [tvm.runtime.tensor(np.zeros_like(each.numpy())) for each in expected]
    compiled(lowered, target)["run"](*map(tvm.runtime.tensor, args), *found)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
