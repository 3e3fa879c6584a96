"""Reading a TorchScript graph, traced or scripted: an interpreter whose tensors are Relay expressions.

    %weight : Tensor = prim::GetAttr[name="weight"](%conv)          a parameter, `relay.Var`
    %2 : int[] = prim::ListConstruct(%one, %one)                    a Python list
    %3 : Tensor = aten::_convolution(%x, %weight, %2, ...)          looked up in pytorch_convert

All that is no tensor is a Python value, so a branch on the rank of a tensor or on `training` is taken or not while
reading, and a loop with a known count runs. Where a branch needs the data, the network has no one Relay graph, and
the error says so.
"""

from __future__ import annotations

import functools
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import tvm

from ..expr import Constant, Tuple, TupleGetItem, Var, var
from .convert import Conversion, Network, Options, Place, Schema, as_result, as_tensor, constant_array, span_of
from .inputs import InputInfo, check_inputs, differs, input_infos, other_shapes
from .pytorch_convert import Context
from .pytorch_convert.context import DTYPES, is_expr
from .pytorch_convert.table import is_in_place

# Nodes that take a list apart, even one of a single item.
_UNPACKING = ("prim::ListUnpack", "prim::TupleUnpack")

# Nodes that only gather values: a value's first real user is behind them.
_GATHERING = ("prim::ListConstruct", "prim::TupleConstruct", "prim::DictConstruct")


def read_torchscript(
    module: torch.jit.ScriptModule | torch.jit.ScriptFunction, given: Any, options: Options, export_path: str | None
) -> Network:
    """A traced or scripted network; see `from_pytorch` for the arguments and the errors."""
    infos = input_infos(given)
    graph = _prepared(module)
    values = list(graph.inputs())[isinstance(module, torch.jit.ScriptModule) :]
    left_out = [value for value in values[len(infos) :] if value.type().kind() == "OptionalType"]
    values = [value for value in values if value not in left_out]
    check_inputs(infos, [value.debugName() for value in values])

    names = Names(graph, options)
    reader = _Reader(module, names, Conversion(Context(options.default_dtype), options.custom))
    reader.env.update({value.debugName(): None for value in left_out})
    inputs = [reader.enter(value, info, options.default_dtype) for value, info in zip(values, infos, strict=True)]
    with other_shapes(_different(value, info) for value, info in zip(values, infos, strict=True)):
        body = reader.run(graph)
    if export_path is not None:
        names.export(graph, export_path)
    return Network(as_result(body), inputs, reader.params)


def _prepared(module: torch.jit.ScriptModule | torch.jit.ScriptFunction) -> Any:
    """The graph, without calls and dead nodes, and without tuples where PyTorch can do without them."""
    graph = _inlined(module)
    if not any(value.type().kind() in ("TupleType", "ListType") for value in graph.inputs()):
        try:
            torch._C._jit_pass_lower_all_tuples(graph)
        except RuntimeError:  # in some scripts it cannot; the reader takes tuples too
            graph = _inlined(module)
    torch._C._jit_pass_dce(graph)
    return graph


def _inlined(module: torch.jit.ScriptModule | torch.jit.ScriptFunction) -> Any:
    """The graph with the calls of submodules put in their places.

    PyTorch's plain inlining also joins a concatenation of concatenations. This pass, made for the export to ONNX, does
    not; Relay's importer uses it too. It inlines within the submodules as well, whose names are then known to the first
    import of a module only; what is computed stays the same.
    """
    graph = module.graph.copy()
    torch._C._jit_pass_onnx_function_substitution(graph)
    return graph


def _different(value: Any, info: InputInfo) -> str | None:
    return differs(info, value.type().sizes(), "traced")


def _last_word(path: str, mark: str) -> str:
    """What stands behind the last mark of a path; a number takes the word before it along (`pl.0`)."""
    before, found, last = path.rpartition(mark)
    return f"{before.rpartition(mark)[2]}{mark}{last}" if found and last.isdigit() else last


class Names:
    """What the nodes of a graph are called: by their kind and a number, or by the module that they come from."""

    def __init__(self, graph: Any, options: Options) -> None:
        self.graph = graph  # which owns the nodes
        self.options = options
        self._names: dict[Any, str] = {}
        self._users: dict[str, Any] = {}
        numbers: Counter[str] = Counter()
        for node in _nodes(graph):
            kind = node.kind()
            name = _scope(node) if options.scopes else f"{kind}_{numbers[kind]}"
            numbers[kind] += 1
            if node.outputsSize():
                self._names[node.outputsAt(0).debugName()] = options.friendly(name)
            for value in node.inputs():
                self._users.setdefault(value.debugName(), node)

    def of(self, node: Any) -> str:
        """The name of a node that has a result."""
        return self._names.get(node.outputsAt(0).debugName(), "") if node.outputsSize() else ""

    def user(self, value: Any) -> Any:
        """The first node that uses a value, or `None`."""
        return self._users.get(value.debugName())

    def attribute(self, value: Any, path: str) -> str:
        """A parameter is called after the operator that uses it first, or by its path in the network."""
        if self.options.scopes:
            return self.options.friendly(path)
        user = self.user(value)
        if user is None or not self.of(user):
            return self.options.friendly(path)
        mark = "_" if self.options.parser_friendly else "."
        return self.joined(self.of(user), _last_word(path.replace(".", mark), mark))

    def input_span(self, value: Any, name: str) -> str | None:
        """The span of an input: its first user and its name, or the operator that takes it in a list."""
        user = self.user(value)
        if user is None or user.kind() in _CONTROL or not self.of(user):
            return None
        if user.kind() not in _GATHERING:
            return self.joined(self.of(user), name)
        while user is not None and user.kind() in _GATHERING:
            user = self.user(user.outputsAt(0))
        return None if user is None else self.of(user) or None

    def joined(self, operator: str, name: str) -> str:
        """An operator's name and that of one of its inputs."""
        return f"{operator}_{name}" if self.options.parser_friendly else f"{operator}.{name}"

    def export(self, graph: Any, folder: str) -> None:
        """Write the graph with its values under these names into a new file in `folder`."""
        for node in _nodes(graph):
            if node.outputsSize() == 1 and self.of(node):
                node.outputsAt(0).setDebugName(self.of(node))
        target = Path(folder)
        target.mkdir(parents=True, exist_ok=True)
        stamp = time.strftime("%Y%m%d-%H%M%S")
        (target / f"tvm_exported_c_graph_{stamp}.txt").write_text(str(graph), encoding="utf-8")


class _Reader:
    """One reading: `env` has the Relay expression or Python value of each of the graph's values."""

    def __init__(self, module: Any, names: Names, conversion: Conversion) -> None:
        self.module = module
        self.names = names
        self.conversion = conversion
        self.env: dict[str, Any] = {}
        self.paths: dict[str, str] = {}
        self.guessing = False  # whether both branches are read, to find all operators that are missing
        self.params: dict[str, tvm.runtime.Tensor] = {}
        self._arrays: dict[int, tvm.runtime.Tensor] = {}

    def enter(self, value: Any, info: InputInfo, default_dtype: str) -> Var:
        """The variable of an input. The dtype that the network was traced with counts more than the one given."""
        ty = value.type()
        if ty.kind() != "TensorType":
            raise TypeError(f"input {info.name!r} of the network is a {ty}, and only tensors can be fed: pass tensors")
        recorded = DTYPES.get(ty.dtype()) if ty.dtype() is not None else None
        if None not in (recorded, info.dtype) and recorded != info.dtype:
            warnings.warn(
                f"input {info.name!r} is given as {info.dtype}, was traced with {recorded} and stays so", stacklevel=4
            )
        span = span_of(self.names.input_span(value, info.name))
        variable = var(info.name, shape=info.shape, dtype=recorded or info.dtype or default_dtype, span=span)
        self.env[value.debugName()] = variable
        return variable

    def run(self, graph: Any) -> Any:
        """All nodes in order; what the graph returns."""
        if isinstance(self.module, torch.jit.ScriptModule):
            root = next(iter(graph.inputs())).debugName()
            self.env[root] = self.module._c
            self.paths[root] = ""
        self.block(graph)
        outputs = [self.value(output) for output in graph.outputs()]
        self.conversion.raise_if_missing()
        return outputs[0] if len(outputs) == 1 else outputs

    def value(self, value: Any) -> Any:
        """What a value of the graph was found to be."""
        return self.env[value.debugName()]

    def block(self, block: Any) -> None:
        """The nodes of a block. Of a missing operator nothing is known, nor of what uses it."""
        for node in block.nodes():
            kind = node.kind()
            if kind in _CONTROL:
                _CONTROL[kind](self, node)
                continue
            inputs = [self.value(value) for value in node.inputs()]
            structural = _STRUCTURAL.get(kind)
            result = structural(self, node, inputs) if structural else self.convert(node, inputs)
            self.assign(node, result)

    def assign(self, node: Any, result: Any) -> None:
        """Give a node's outputs their values."""
        outputs = list(node.outputs())
        if result is _UNKNOWN:
            results = [result] * len(outputs)
        elif len(outputs) == 1 and node.kind() not in _UNPACKING:
            results = [result]
        else:
            results = unpacked(result)
        if len(outputs) > len(results):
            place = self.place(node)
            raise NotImplementedError(
                f"{node.kind()} at {place} has {len(outputs)} results, and {len(results)} are known"
            )
        for output, item in zip(outputs, results, strict=False):
            self.env[output.debugName()] = item

    def convert(self, node: Any, inputs: list[Any]) -> Any:
        """An operator of the table."""
        schema = _schema(node.schema())
        result = self.conversion.call(node.kind(), schema, inputs, span_of(self.names.of(node)), self.place(node))
        if is_in_place(node.kind()):
            self.env[node.inputsAt(0).debugName()] = result
        return result

    def place(self, node: Any) -> Place:
        """Where a node comes from: the module that it stands in, and the line of Python."""
        paths = (self.paths.get(value.debugName(), "") for value in node.inputs())
        module = next((path.rpartition(".")[0] for path in paths if path), "") or _scope(node)
        return Place(module, _source_line(node.sourceRange()))

    def attribute(self, node: Any, inputs: list[Any]) -> Any:
        """`prim::GetAttr`: a submodule, a parameter, or a value such as `training`."""
        name = node.s("name")
        above = self.paths.get(node.inputsAt(0).debugName(), "")
        path = f"{above}.{name}" if above else name
        output = node.outputsAt(0)
        if output.debugName() in self.env:  # in a loop, once for all rounds
            return self.env[output.debugName()]
        self.paths[output.debugName()] = path
        found = inputs[0].getattr(name)
        return self.parameter(output, path, found) if isinstance(found, torch.Tensor) else found

    def parameter(self, value: Any, path: str, data: torch.Tensor) -> Var:
        """The variable of a parameter; the same tensor in two places is one array, called by two names."""
        name = self.names.attribute(value, path)
        if name in self.params:  # two of one operator, `a_scale` and `b_scale`, cut to `scale`
            name = self.names.options.friendly(f"{self.names.of(self.names.user(value))}.{path}")
        user = self.names.user(value)
        gathered = user is not None and user.kind() in _GATHERING
        span = self.names.input_span(value, "") if gathered else name
        array = self._arrays.get(id(data))
        if array is None:
            array = self._arrays[id(data)] = as_tensor(data)
        self.params[name] = array
        return var(name, shape=tuple(data.shape), dtype=DTYPES[data.dtype], span=span_of(span))

    def constant(self, node: Any, inputs: list[Any]) -> Any:
        """`prim::Constant`: a Python value, or a tensor that was made while tracing."""
        output = node.outputsAt(0)
        found = output.toIValue()
        if not isinstance(found, torch.Tensor):
            return found
        if found.dim() == 0:
            return found.item()
        user = self.names.user(output)
        named = user is not None and user.kind() not in _GATHERING
        return Constant(constant_array(found), span_of(self.names.of(user) if named else None))

    def number_to_tensor(self, node: Any, inputs: list[Any]) -> Any:
        """`prim::NumToTensor`: a size that a trace goes on to calculate with."""
        if is_expr(inputs[0]) or inputs[0] is _UNKNOWN:
            return inputs[0]
        span = span_of(self.names.of(node.inputsAt(0).node()))
        return Constant(np.asarray(inputs[0], "float32" if isinstance(inputs[0], float) else "int32"), span)

    def branch(self, node: Any) -> None:
        """`prim::If`: the branch that is taken, and that alone."""
        taken = self.known(node, self.value(node.inputsAt(0)), "which branch is taken")
        if taken is _UNKNOWN:
            self.guessing = True
            for block in node.blocks():
                self.block(block)
            self.assign_all(node, [_UNKNOWN] * node.outputsSize())
            return
        block = list(node.blocks())[0 if taken else 1]
        self.block(block)
        self.assign_all(node, [self.value(output) for output in block.outputs()])

    def loop(self, node: Any) -> None:
        """`prim::Loop`: its body, as often as it runs."""
        inputs = [self.value(value) for value in node.inputs()]
        trips = self.known(node, inputs[0], "how often a loop runs")
        goes_on = self.known(node, inputs[1], "whether a loop runs")
        body = next(iter(node.blocks()))
        carried, index = inputs[2:], 0
        while _UNKNOWN not in (trips, goes_on) and goes_on and index < trips:
            for value, given in zip(body.inputs(), [index, *carried], strict=True):
                self.env[value.debugName()] = given
            self.block(body)
            goes_on, *carried = [self.value(output) for output in body.outputs()]
            goes_on = self.known(node, goes_on, "whether a loop goes on")
            index += 1
        if _UNKNOWN in (trips, goes_on):
            carried = [_UNKNOWN] * node.outputsSize()
        self.assign_all(node, carried)

    def assign_all(self, node: Any, results: Sequence[Any]) -> None:
        """Give the outputs of a node with blocks their values, one for each."""
        for output, result in zip(node.outputs(), results, strict=True):
            self.env[output.debugName()] = result

    def known(self, node: Any, value: Any, what: str) -> Any:
        """A value that steers the reading, which has to be known."""
        if value is _UNKNOWN:
            return value
        try:
            return self.conversion.context.number(value, what)
        except ValueError as error:
            raise ValueError(f"{error} ({node.kind()} in {self.place(node)}): trace the network instead") from None

    def raise_exception(self, node: Any, inputs: list[Any]) -> Any:
        """`prim::RaiseException` in a branch that is taken: the network refuses what it is given."""
        if self.guessing:
            return None
        raise ValueError(f"the network itself raises an error at {self.place(node)}: {inputs[0]}")


_UNKNOWN = Conversion.UNKNOWN

_CONTROL: dict[str, Callable[[_Reader, Any], None]] = {"prim::If": _Reader.branch, "prim::Loop": _Reader.loop}

_STRUCTURAL: dict[str, Callable[[_Reader, Any, list[Any]], Any]] = {
    "prim::GetAttr": _Reader.attribute,
    "prim::Constant": _Reader.constant,
    "prim::NumToTensor": _Reader.number_to_tensor,
    "prim::RaiseException": _Reader.raise_exception,
    "prim::ListConstruct": lambda reader, node, inputs: inputs,
    "prim::TupleConstruct": lambda reader, node, inputs: inputs,
    "prim::DictConstruct": lambda reader, node, inputs: inputs[1::2],
    "prim::ListUnpack": lambda reader, node, inputs: inputs[0],
    "prim::TupleUnpack": lambda reader, node, inputs: inputs[0],
    "prim::TupleIndex": lambda reader, node, inputs: unpacked(inputs[0])[inputs[1]],
    "prim::Uninitialized": lambda reader, node, inputs: None,
    "prim::unchecked_cast": lambda reader, node, inputs: inputs[0],
    "prim::unchecked_unwrap_optional": lambda reader, node, inputs: inputs[0],
    "prim::data": lambda reader, node, inputs: inputs[0],
    "prim::dtype": lambda reader, node, inputs: getattr(torch, reader.conversion.context.dtype(inputs[0])),
    "prim::device": lambda reader, node, inputs: torch.device("cpu"),
    "prim::is_cuda": lambda reader, node, inputs: False,
    "prim::shape": lambda reader, node, inputs: list(reader.conversion.context.shape(inputs[0])),
    "prim::Print": lambda reader, node, inputs: None,
}


def unpacked(value: Any) -> list[Any]:
    """The items of a list, or of an expression that is a tuple."""
    if isinstance(value, Tuple):
        return [TupleGetItem(value, index, value.span) for index in range(len(value))]
    return list(value) if isinstance(value, list | tuple) else [value]


def _nodes(block: Any) -> Iterator[Any]:
    """Every node, those of inner blocks after the node that has them."""
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from _nodes(inner)


def _scope(node: Any) -> str:
    """The module that a node stands in, `features.3`, from `Net::/Sequential::features/Conv2d::3`."""
    names = (part.rpartition("::")[2] for part in str(node.scopeName()).split("/"))
    return ".".join(name for name in names if name)


def _source_line(text: str) -> str:
    """The line of Python in TorchScript's description of a source range, which differs for traces and scripts."""
    for line in text.splitlines():
        if ".py" not in line:
            continue
        file, _, rest = line.strip().removeprefix("File ").partition(".py")
        number = "".join(c for c in rest.lstrip('"(:, line').partition(")")[0].partition(",")[0] if c.isdigit())
        return f"{Path(file.strip(chr(34))).name}.py:{number}"
    return ""


@functools.cache
def _schema(text: str) -> Schema:
    return Schema(()) if "(no schema)" in text else Schema.of(torch._C.parse_schema(text))
