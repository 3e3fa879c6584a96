"""`relay.frontend.from_pytorch` in its other forms: names as PyTorch has them, parameters, inputs, dtypes.

Scripted modules are not here: the genuine Relay knows no `aten::conv2d`, which scripting leaves in them.
"""

from functools import partial

import torch
from torch import Tensor, nn

from ..engine import relay
from ..networks import NETWORKS
from .programs import Programs

PROGRAMS = program = Programs()


def module(name: str) -> nn.Module:
    """One of the nine networks."""
    torch.manual_seed(0)
    return NETWORKS[name].build().eval().float()


def traced(network: nn.Module, *shapes: tuple[int, ...]) -> torch.jit.ScriptModule:
    with torch.no_grad():
        return torch.jit.trace(network, tuple(torch.zeros(shape) for shape in shapes)).eval()


def imported(name: str, **options):
    """A traced network's function, and its parameters' names and shapes."""
    shape = NETWORKS[name].inputs[0]
    mod, params = relay.frontend.from_pytorch(traced(module(name), shape), [("data", shape)], **options)
    return mod["main"], "\n".join(f"{key} {params[key].dtype}{list(params[key].shape)}" for key in sorted(params))


for _name in NETWORKS:
    PROGRAMS[f"pytorch_names_{_name}"] = partial(imported, _name)
    PROGRAMS[f"friendly_names_{_name}"] = partial(imported, _name, use_parser_friendly_name=True)


@program
def other_input_name():
    shape = NETWORKS["mlp"].inputs[0]
    script = traced(module("mlp"), shape)
    return relay.frontend.from_pytorch(script, [("x.1 in", shape)], use_parser_friendly_name=True)[0]["main"]


@program
def input_with_dtype():
    network = traced(module("mlp"), (1, 32))
    return relay.frontend.from_pytorch(network, [("data", ((1, 32), "float32"))], use_parser_friendly_name=True)[0][
        "main"
    ]


class Branches(nn.Module):
    """A branch and a loop that tracing takes apart."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(8, 8) for _ in range(3))
        self.deep = True

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))
        if self.deep:
            x = x + 1.0
        return x


@program
def traced_loop_over_layers():
    torch.manual_seed(0)
    return relay.frontend.from_pytorch(traced(Branches().eval(), (2, 8)), [("data", (2, 8))])[0]["main"]


@program
def double_precision():
    """Weights of 64 bits, with that as the default dtype."""
    network = torch.jit.trace(nn.Linear(4, 2).double().eval(), torch.zeros(1, 4, dtype=torch.float64))
    inputs = [("data", ((1, 4), "float64"))]
    return relay.frontend.from_pytorch(network, inputs, default_dtype="float64", use_parser_friendly_name=True)[0][
        "main"
    ]


@program
def half_precision():
    network = torch.jit.trace(nn.Linear(4, 2).half().eval(), torch.zeros(1, 4, dtype=torch.float16))
    inputs = [("data", ((1, 4), "float16"))]
    return relay.frontend.from_pytorch(network, inputs, default_dtype="float16", use_parser_friendly_name=True)[0][
        "main"
    ]


@program
def custom_converter():
    """An operator that the caller knows how to convert."""
    network = torch.jit.trace(nn.Mish(), torch.zeros(2, 3))

    def mish(inputs, input_types):
        return relay.multiply(inputs[0], relay.tanh(inputs[0]))

    return relay.frontend.from_pytorch(network, [("data", (2, 3))], custom_convert_map={"aten::mish": mish})[0]["main"]


@program
def imported_twice():
    """Names start afresh with every import."""
    shape = NETWORKS["fire"].inputs[0]
    network = traced(module("fire"), shape)
    first, second = (
        relay.frontend.from_pytorch(network, [("data", shape)], use_parser_friendly_name=True)[0]["main"]
        for _ in range(2)
    )
    return str(first) == str(second), second
