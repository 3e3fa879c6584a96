"""A module or a function as a list of numbered expressions.

    fn (%x) { add(nn.relu(%x), 1f) }

    0  function  label: one parameter, its attributes, …    operands: 1, 4
    1  var       label: Tensor[(1, 8), float32]             operands: -
    2  call      label: nn.relu                             operands: 1
    3  constant  label: the numbers                         operands: -
    4  call      label: add                                 operands: 2, 3

Two expressions with one label differ in their operands only. Nothing here says how an expression is written.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tvm
from tvm import relay

from helpers.diff.values import array_of, attribute_values, exact, written_attributes

_KINDS: tuple[tuple[type, str], ...] = (
    (relay.Call, "call"),
    (relay.Var, "var"),
    (relay.Constant, "constant"),
    (relay.Function, "function"),
    (relay.Tuple, "tuple"),
    (relay.TupleGetItem, "field"),
    (relay.Let, "let"),
    (relay.If, "if"),
    (tvm.ir.Op, "op"),
    (tvm.ir.GlobalVar, "global"),
)
_KIND_OF = dict(_KINDS)
LEAVES = frozenset({"var", "constant", "op", "global"})


@dataclass(slots=True)
class Node:
    """One expression: what it is apart from its operands, and which those are.

    The operands of a call of a function, not of an operator, begin with the function; those of a function are its
    parameters and its body; those of a let are value, variable and body.
    """

    expr: Any
    kind: str
    label: tuple[Hashable, ...]
    operands: tuple[int, ...]


class Known:
    """What was found out of the nodes that two programs share: each constant, type and attribute is read once."""

    _SAMPLE = 16

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}
        self._alike: dict[Hashable, list[tuple[int, np.ndarray]]] = {}
        self._count = 0
        self._attributes: dict[Any, tuple[Hashable, ...]] = {}
        self._written: dict[Hashable, list[tuple[str, str]]] = {}
        self._types: dict[Any, str] = {}

    def type_text(self, ty: Any) -> str:
        """A type as Relay writes it."""
        try:
            known = self._types.get(ty)
        except TypeError:  # types of TVM v0.16 have no hash
            return str(ty)
        if known is None:
            known = self._types[ty] = str(ty)
        return known

    def attributes(self, attrs: Any) -> tuple[Hashable, ...]:
        """What equal attributes share."""
        if attrs is None:
            return ()
        if attrs not in self._attributes:
            values = sorted((name, exact(value)) for name, value in attribute_values(attrs).items())
            self._attributes[attrs] = (type(attrs).__name__, *values)
        return self._attributes[attrs]

    def written(self, expr: Any) -> list[tuple[str, str]]:
        """The attributes that Relay writes of a call or a function, each by its name with `name=value`."""
        if expr.attrs is None:
            return []
        key = isinstance(expr, relay.Call), self.attributes(expr.attrs)
        if key not in self._written:
            self._written[key] = written_attributes(expr)
        return self._written[key]

    def numbers(self, constant: Any) -> int:
        """A number that equal constants share.

        Large arrays are read whole only where shape, dtype and a few of their numbers are the same.
        """
        if constant not in self._numbers:
            self._numbers[constant] = self._find(constant)
        return self._numbers[constant]

    def _find(self, constant: Any) -> int:
        array = array_of(constant)
        flat = array.reshape(-1)
        step = max(1, flat.size // self._SAMPLE)
        few = flat[::step].tobytes()
        alike = self._alike.setdefault((str(constant.data.dtype), array.shape, few), [])
        for number, other in alike:
            if step == 1 or np.array_equal(_bytes(flat), _bytes(other)):
                return number
        alike.append((self._count, flat))
        self._count += 1
        return self._count - 1


class Program:
    """The expressions of a module or a function, operands before those that use them.

    `types` are the type definitions of a module, in a module of their own, where it has some.

    Raises `TypeError` where a function holds something that is no Relay expression, or one of a kind that the dialect
    does not have.
    """

    def __init__(self, thing: Any, known: Known) -> None:
        self.thing = thing
        self.is_module = isinstance(thing, tvm.IRModule)
        self.functions = _functions(thing)
        self.types = _types(thing)
        self.nodes: list[Node] = []
        self.index: dict[Any, int] = {}
        self.roots: dict[str, int] = {}
        self.foreign: dict[str, Any] = {}
        self.known = known
        self._defined = {name for name, _ in self.functions} if self.is_module else set()
        for name, func in self.functions:
            if isinstance(func, relay.Function):
                self.roots[name] = self._number(func, name)
            else:
                self.foreign[name] = func

    def uses(self) -> list[list[int]]:
        """For each expression, those that it is an operand of; as often as it is one."""
        users: list[list[int]] = [[] for _ in self.nodes]
        for at, node in enumerate(self.nodes):
            for operand in node.operands:
                users[operand].append(at)
        return users

    def _number(self, root: Any, name: str) -> int:
        stack: list[tuple[Any, tuple[str, list[Any]] | None]] = [(root, None)]
        while stack:
            expr, known = stack.pop()
            if expr in self.index:
                continue
            if known is None:
                kind = _kind(expr, name)
                known = kind, _operands(expr, kind)
                waiting = [operand for operand in known[1] if operand not in self.index]
                if waiting:
                    stack.append((expr, known))
                    # A function that is called comes after its arguments: fused or not, the calls stand in one order.
                    called = kind == "call" and len(known[1]) > len(expr.args) and waiting[0] == known[1][0]
                    stack += [(operand, None) for operand in (waiting[:1] if called else [])]
                    stack += [(operand, None) for operand in reversed(waiting[called:])]
                    continue
            kind, operands = known
            self.index[expr] = len(self.nodes)
            label = (kind, *self._label(expr, kind))
            self.nodes.append(Node(expr, kind, label, tuple(self.index[operand] for operand in operands)))
        return self.index[root]

    def _type(self, ty: Any) -> str | None:
        return None if ty is None else self.known.type_text(ty)

    def _label(self, expr: Any, kind: str) -> tuple[Hashable, ...]:
        if kind == "call":
            op = expr.op
            return (str(op.name) if isinstance(op, tvm.ir.Op) else "", *self.known.attributes(expr.attrs))
        if kind == "var":
            return (self._type(expr.type_annotation),)
        if kind == "constant":
            return (self.known.numbers(expr),)
        if kind == "function":
            return (len(expr.params), self._type(expr.ret_type), *self.known.attributes(expr.attrs))
        if kind == "field":
            return (int(expr.index),)
        if kind == "op":
            return (str(expr.name),)
        if kind == "global":
            name = str(expr.name_hint)
            return (name, None if name in self._defined else hash(expr))
        return ()


def type_of(expr: Any) -> Any:
    """The type that `InferType` found, or `None`."""
    try:
        return expr.checked_type
    except ValueError:
        return None


def _bytes(flat: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(flat).view(np.uint8)


def _functions(thing: Any) -> list[tuple[str, Any]]:
    """The functions by name, in the order in which the text has them; a lone function has no name."""
    if isinstance(thing, tvm.IRModule):
        return [(str(name.name_hint), func) for name, func in thing.functions_items()]
    return [("", thing)]


def _types(thing: Any) -> Any:
    """The type definitions of a module, as a module with nothing else; `None` without, as in a Relay that has none."""
    variables: list[Any] = getattr(thing, "get_global_type_vars", list)()
    if not variables:
        return None
    alone = tvm.IRModule({})
    for variable in variables:
        alone[variable] = thing[variable]
    return alone


def _kind(expr: Any, name: str) -> str:
    if found := _KIND_OF.get(type(expr)):
        return found
    for cls, kind in _KINDS:
        if isinstance(expr, cls):
            return kind
    raise TypeError(f"the function{f' @{name}' if name else ''} holds {refused(expr)}")


def refused(expr: Any) -> str:
    """What `expr` is, and why no helper shows it."""
    kind = type(expr).__name__
    if isinstance(expr, relay.Expr) and type(expr).__module__.startswith("tvm.relay"):
        return f"a {kind}, which is not shown: give a function of calls, tuples, lets, ifs, functions and constants"
    return f"a {kind}, which is no Relay expression: build it from relay's own"


def _operands(expr: Any, kind: str) -> list[Any]:
    if kind == "call":
        op, args = expr.op, list(expr.args)
        return args if isinstance(op, tvm.ir.Op) else [op, *args]
    if kind == "function":
        return [*expr.params, expr.body]
    if kind == "tuple":
        return list(expr.fields)
    if kind == "field":
        return [expr.tuple_value]
    if kind == "let":
        return [expr.value, expr.var, expr.body]
    if kind == "if":
        return [expr.cond, expr.true_branch, expr.false_branch]
    return []


def bound(node: Node) -> range:
    """The places, among the operands of a function or a let, of the variables that it binds."""
    if node.kind == "function":
        return range(len(node.operands) - 1)
    return range(1, 2) if node.kind == "let" else range(0)
