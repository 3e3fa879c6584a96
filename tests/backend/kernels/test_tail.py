"""What follows a kernel: however often it uses its values."""

from __future__ import annotations

import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.transform.infer_type import infer

from .test_conv2d import check, convolution, machine


def test_values_are_not_written_out_where_they_are_used() -> None:
    """Each rounding uses its operand seven times, each clip four times: five of both would be 28 ** 5 copies."""
    made = convolution((1, 16, 3, 3), 16, (1, 1), "int8")
    x = relay.cast(made.body, "float32")
    for _ in range(5):
        x = relay.clip(relay.round(relay.multiply(x, relay.const(1.25))), -100, 100)
    target, here = machine()
    lowered = check(infer(relay.Function(made.params, relay.cast(x, "int8")), tvm.IRModule()), target, here)
    assert lowered.path.startswith("direct")
