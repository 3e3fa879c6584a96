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
from .test_conv2d import check, compiled, convolution, machine, values

# The shape of what is added, how, and whether sums start from it: then it is not read for each pixel.
ADDED = {
    "a number for each channel": ((1, 2, 1, 1, 16), lambda sums, given: sums + given, True),
    "a number for each channel, first": ((1, 2, 1, 1, 16), lambda sums, given: given + sums, True),
    "a number for each block": ((2, 1, 1, 1), lambda sums, given: sums + given, True),
    "a number for each place in a block": ((16,), lambda sums, given: sums + given, True),
    "one number": ((1,), lambda sums, given: sums + given, True),
    "an image": ((1, 2, 5, 5, 16), lambda sums, given: sums + given, False),
    "a row": ((1, 2, 5, 1, 16), lambda sums, given: sums + given, False),
    "a column": ((5, 1), lambda sums, given: given + sums, False),
    "the sum once more": ((1, 2, 1, 1, 16), lambda sums, given: (sums + given) * sums, False),
    "the sum itself": ((1, 2, 1, 1, 16), lambda sums, given: (sums + sums) * given, False),
    "what is made of the sum": ((1, 2, 1, 1, 16), lambda sums, given: sums + relay.maximum(sums, given), False),
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
    shape: tuple[int, ...], add: Any, starts: bool, kind: str, changes: dict[str, str]
) -> None:
    if kind == "direct":
        func = convolution((1, 16, 5, 5), 32, (1, 1), "int8")
    else:
        func = test_depthwise.convolution((1, 32, 5, 5), (3, 3), padding=1)
    given = relay.var("given", shape=shape, dtype="int32")
    body = add(sums(func), given)
    lowered = check(infer(relay.Function([*func.params[:2], given], body), tvm.IRModule()), *machine(**changes))
    assert lowered.path.startswith(kind)
    assert lowered.path.startswith(kind)
    assert (lowered.func.script().count("given[") < 5) == starts


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
