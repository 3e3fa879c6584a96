"""Reading a `torch.export.ExportedProgram`: its graph is a list of calls, in order.

    %conv2d = call_function[target=torch.ops.aten.conv2d.default](args = (%x, %p_weight, %p_bias))

Nodes are named already, and so are the parameters (`features.0.weight`); spans and names are taken from there. The
calls are those of TorchScript under the same names, so the same converters serve.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch.export.graph_signature import InputKind, OutputKind
from torch.utils import _pytree

from ..expr import Constant, Var, var
from .convert import Conversion, Network, Options, Place, Schema, as_result, as_tensor, constant_array, span_of
from .inputs import InputInfo, check_inputs, differs, input_infos, other_shapes
from .pytorch_convert import Context
from .pytorch_convert.context import DTYPES
from .pytorch_convert.table import is_in_place
from .torchscript import unpacked

# Checks of what is known when the network is read.
_ASSERTIONS = ("aten::_assert", "aten::sym_constrain", "aten::_functional_assert", "prims::_assert")


def read_exported_program(program: torch.export.ExportedProgram, given: Any, options: Options) -> Network:
    """An exported network; see `from_pytorch` for the arguments and the errors."""
    reader = _Reader(program, options)
    specs = program.graph_signature.input_specs
    fed = [spec.arg.name for spec in specs if spec.kind == InputKind.USER_INPUT]
    examples = {node.name: node.meta.get("val") for node in program.graph.nodes if node.op == "placeholder"}
    infos = input_infos(given) if given is not None else [_described(name, examples[name]) for name in fed]
    check_inputs(infos, fed)
    inputs = [reader.enter(name, examples[name], info) for name, info in zip(fed, infos, strict=True)]
    reader.parameters()
    with other_shapes(_different(examples[name], info) for name, info in zip(fed, infos, strict=True)):
        body = reader.run()
    return Network(as_result(body), inputs, reader.params)


def _described(name: str, example: Any) -> InputInfo:
    """An input as the program itself describes it."""
    if not isinstance(example, torch.Tensor):
        raise TypeError(f"input {name!r} of the program is no tensor but {example!r}: export it with tensors alone")
    if not all(isinstance(size, int) for size in example.shape):
        raise ValueError(f"input {name!r} has sizes that are not fixed, {tuple(example.shape)}: give input_infos")
    return InputInfo(name, tuple(example.shape), None)


def _different(example: Any, info: InputInfo) -> str | None:
    """Sizes that the program leaves open may be any."""
    shape = tuple(example.shape) if isinstance(example, torch.Tensor) else ()
    if len(shape) != len(info.shape):
        return differs(info, shape, "exported")
    fixed = [known if isinstance(known, int) else size for known, size in zip(shape, info.shape, strict=True)]
    return differs(info, fixed, "exported")


class _Reader:
    """One reading: `env` has the Relay expression or Python value of each node."""

    def __init__(self, program: torch.export.ExportedProgram, options: Options) -> None:
        self.program = program
        self.options = options
        self.conversion = Conversion(Context(options.default_dtype), options.custom)
        self.env: dict[str, Any] = {}
        self.params: dict[str, Any] = {}

    def enter(self, name: str, example: Any, info: InputInfo) -> Var:
        """The variable of an input."""
        dtype = DTYPES[example.dtype] if isinstance(example, torch.Tensor) else info.dtype
        variable = var(info.name, shape=info.shape, dtype=dtype or self.options.default_dtype, span=span_of(info.name))
        self.env[name] = variable
        return variable

    def parameters(self) -> None:
        """The variables of parameters and buffers; tensors written into the program are constants."""
        arrays: dict[int, Any] = {}
        for spec in self.program.graph_signature.input_specs:
            if spec.kind not in (InputKind.PARAMETER, InputKind.BUFFER, InputKind.CONSTANT_TENSOR):
                continue
            stored = self.program.state_dict if spec.target in self.program.state_dict else self.program.constants
            data = stored[spec.target]
            if spec.kind == InputKind.CONSTANT_TENSOR:
                self.env[spec.arg.name] = _constant(data, spec.target)
                continue
            name = self.options.friendly(spec.target)
            array = arrays.get(id(data))
            if array is None:
                array = arrays[id(data)] = as_tensor(data)
            self.params[name] = array
            self.env[spec.arg.name] = var(name, shape=tuple(data.shape), dtype=DTYPES[data.dtype], span=span_of(name))

    def run(self) -> Any:
        """All calls in order; what the program returns, in the nesting that the network gave it."""
        result: Any = ()
        for node in self.program.graph.nodes:
            if node.op == "call_function":
                self.env[node.name] = self.call(node)
            elif node.op == "get_attr":
                self.env[node.name] = _constant(getattr(self.program.graph_module, node.target), node.target)
            elif node.op == "output":
                result = self.value(node.args[0])
            elif node.op != "placeholder":
                raise NotImplementedError(f"the node {node.name} of kind {node.op} is not read: export without it")
        self.conversion.raise_if_missing()
        kinds = [spec.kind for spec in self.program.graph_signature.output_specs]
        outputs = [value for value, kind in zip(result, kinds, strict=True) if kind == OutputKind.USER_OUTPUT]
        if len(outputs) == 1:
            return outputs[0]
        return _pytree.tree_unflatten(outputs, self.program.call_spec.out_spec)

    def value(self, argument: Any) -> Any:
        """An argument, with the values of the nodes in it."""
        if isinstance(argument, torch.fx.Node):
            return self.env[argument.name]
        if isinstance(argument, list | tuple):
            return [self.value(item) for item in argument]
        return argument

    def call(self, node: torch.fx.Node) -> Any:
        """One call: of an operator, or of Python on sizes."""
        args = [self.value(argument) for argument in node.args]
        if node.target is operator.getitem:
            return self.item(node, *args)
        if not isinstance(node.target, torch._ops.OpOverload):
            return self.on_sizes(node, args)
        schema = node.target._schema
        kind = schema.name
        if kind.startswith(_ASSERTIONS):
            return None
        keywords = {name: self.value(value) for name, value in node.kwargs.items()}
        inputs = [*args, *(_argument(argument, keywords) for argument in schema.arguments[len(args) :])]
        result = self.conversion.call(kind, Schema.of(schema), inputs, span_of(self.name(node)), _place(node))
        if is_in_place(kind) and isinstance(node.args[0], torch.fx.Node):
            self.env[node.args[0].name] = result
        return result

    def item(self, node: torch.fx.Node, items: Any, index: int) -> Any:
        """One of several results."""
        if items is Conversion.UNKNOWN:
            return items
        found = unpacked(items)[index]
        if found is None and node.users:
            source = node.args[0]
            raise NotImplementedError(
                f"result {index} of {source} is used in {_place(node)}, and Relay does not have it"
            )
        return found

    def on_sizes(self, node: torch.fx.Node, args: list[Any]) -> Any:
        """Python's own operators, which a program with open sizes calculates with."""
        target: Callable[..., Any] = node.target
        if getattr(target, "__module__", "") in ("_operator", "math", "builtins", "torch"):
            return target(*args)
        name = getattr(target, "__name__", str(target))
        return self.conversion.call(name, Schema(()), args, span_of(self.name(node)), _place(node))

    def name(self, node: torch.fx.Node) -> str:
        """A node's own name, or that of its module."""
        return _module(node) if self.options.scopes else node.name


def _constant(data: torch.Tensor, name: str) -> Any:
    return data.item() if data.dim() == 0 else Constant(constant_array(data), span_of(name))


def _argument(argument: Any, keywords: dict[str, Any]) -> Any:
    """A keyword's value, or its default."""
    return keywords.get(argument.name, argument.default_value if argument.has_default_value() else None)


def _module(node: torch.fx.Node) -> str:
    """The path of the module that a node stands in: `features.3`."""
    stack = list(node.meta.get("nn_module_stack", {}).values())
    return str(stack[-1][0]).removeprefix("L['self'].") if stack else ""


def _place(node: torch.fx.Node) -> Place:
    lines = [line.strip() for line in node.meta.get("stack_trace", "").splitlines() if line.strip().startswith("File ")]
    if not lines:
        return Place(_module(node), "")
    _, file, rest = lines[-1].split('"', 2)
    number = rest.split("line ", 1)[-1].split(",")[0]
    return Place(_module(node), f"{Path(file).name}:{number}")
