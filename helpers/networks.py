"""A PyTorch network as a Relay module, ready for partition: what *From PyTorch to Relay* does step by step."""

import torch
import tvm
from tvm import relay


def to_relay(network: torch.nn.Module, *shape: int) -> tvm.IRModule:
    """`network`, for one float32 input of that shape, imported and optimized as the quantizer wants it."""
    network = network.eval()
    with torch.no_grad():
        traced = torch.jit.trace(network, torch.zeros(shape))
    mod, params = relay.frontend.from_pytorch(traced, [("data", shape)], use_parser_friendly_name=True)
    with tvm.transform.PassContext(opt_level=3):
        return relay.quantize.prerequisite_optimize(mod, params)
