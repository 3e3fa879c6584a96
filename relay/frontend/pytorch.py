"""From PyTorch to Relay: `from_pytorch` for traced, scripted and exported networks.

    torch.jit.trace, torch.jit.script   read by torchscript.py
    torch.export.export                 read by exported_program.py

Both walk the network's graph in order and look each operator up in the table of `pytorch_convert`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import tvm

from .. import analysis
from ..expr import Function

if TYPE_CHECKING:
    import torch

CustomConverter = Callable[[list[Any], list[str]], Any]


def from_pytorch(
    script_module: torch.jit.ScriptModule | torch.export.ExportedProgram,
    input_infos: Sequence[tuple[str, Any]] | None = None,
    custom_convert_map: Mapping[str, CustomConverter] | None = None,
    default_dtype: str = "float32",
    use_parser_friendly_name: bool = False,
    keep_quantized_weight: bool = False,
    export_renamed_c_graph_path: str | None = None,
    preserve_pytorch_scopes: bool = False,
) -> tuple[tvm.IRModule, dict[str, tvm.runtime.Tensor]]:
    """The network as a Relay module with one function `main`, and its parameters by name (as in TVM v0.16).

    `input_infos` has `(name, shape)` or `(name, (shape, dtype))` for each input, in order; the dtype counts where the
    network does not say itself what it takes. An exported program knows its inputs, so there it may be left out.
    `custom_convert_map` maps an operator (`"aten::relu"`, `"my_library::my_operator"`) to a function that is given the
    list of its arguments and the list of their types, and returns an expression; it comes before our own converters.
    `default_dtype` is the dtype of inputs and of new tensors that say nothing of theirs.

    Names of parameters and spans are those of the operators, numbered by kind: `aten::_convolution_0.weight`. With
    `use_parser_friendly_name` they have no dots and colons: `aten___convolution_0_weight`. With
    `preserve_pytorch_scopes` they are the names of the network's modules: `features.0.weight`.
    `export_renamed_c_graph_path` is a folder into which the TorchScript graph is written under these names.
    Quantized PyTorch modules are not converted, so `keep_quantized_weight` has no weight to keep.

    Raises `NotImplementedError` with all operators that have no converter, each with its place in the network;
    `TypeError` where the network is none of those above or `input_infos` is malformed; `ValueError` where the inputs
    are not those of the network, where it is in training mode, or where its control flow depends on the data.
    """
    import torch

    from .convert import Options

    options = Options(dict(custom_convert_map or {}), default_dtype, use_parser_friendly_name, preserve_pytorch_scopes)
    if isinstance(script_module, torch.export.ExportedProgram):
        from .exported_program import read_exported_program

        network = read_exported_program(script_module, input_infos, options)
    elif isinstance(script_module, torch.jit.ScriptModule | torch.jit.ScriptFunction):
        from .torchscript import read_torchscript

        network = read_torchscript(script_module, input_infos, options, export_renamed_c_graph_path)
    else:
        raise TypeError(
            f"from_pytorch takes a traced, scripted or exported network, not {type(script_module).__name__}: "
            "trace it first, torch.jit.trace(network.eval(), example_input)"
        )
    func = Function(_inputs_first(analysis.free_vars(network.body), network.inputs), network.body)
    used = {param.name_hint for param in func.params}
    return tvm.IRModule({"main": func}), {name: data for name, data in network.params.items() if name in used}


def _inputs_first(variables: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
    """The inputs in the order in which the network takes them, then the parameters as they are met."""
    order = {variable: at for at, variable in enumerate(inputs)}
    return sorted(variables, key=lambda variable: order.get(variable, len(order)))
