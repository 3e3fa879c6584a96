"""PyTorch networks as Relay modules, ready for partition: what *From PyTorch to Relay* does step by step."""

import numpy as np
import torch
import tvm
from tvm import relay


def to_relay(network: torch.nn.Module, *shape: int) -> tvm.IRModule:
    """`network`, for one float32 input of that shape, imported and optimized as the quantizer wants it."""
    network = network.eval()
    with torch.no_grad():
        traced = torch.jit.trace(network, torch.zeros(shape), check_trace=False)
    mod, params = relay.frontend.from_pytorch(traced, [("data", shape)], use_parser_friendly_name=True)
    with tvm.transform.PassContext(opt_level=3):
        return relay.quantize.prerequisite_optimize(mod, params)


def run(mod: tvm.IRModule, data: np.ndarray) -> np.ndarray:
    """What `main`, which takes one tensor and returns one, gives for `data`; on the reference executor."""
    return relay.create_executor("debug", mod=mod).evaluate()(data).numpy()
