"""The text of Relay, as TVM v0.16 prints it.

    fn (%x: Tensor[(1, 8), float32] /* ty=Tensor[(1, 8), float32] */) -> Tensor[(1, 8), float32] {
      %0 = nn.relu(%x) /* ty=Tensor[(1, 8), float32] span=aten__relu_0:0:0 */;
      add(%0, meta[relay.Constant][0] /* ty=Tensor[(8), float32] */) /* ty=Tensor[(1, 8), float32] */
    } /* ty=fn (Tensor[(1, 8), float32]) -> Tensor[(1, 8), float32] */

Two orders decide every number in it. The expressions are *visited* in post-order, and a tensor constant gets its
place in `meta` then. A line, and with it the next free `%n`, is *written* for an expression when the first
expression that uses it is visited. So of two branches that end in one `add`, the ends stand next to each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tvm
from tvm.ir import DictAttrs, GlobalVar, IRModule, Op, SequentialSpan, Span
from tvm_ffi.dataclasses import MISSING, fields

from .expr import Call, Constant, Function, If, Let, TempExpr, Tuple, TupleGetItem, Var
from .expr_functor import children, post_order
from .ty import type_text

_VERSION = '#[version = "0.0.5"]\n'
_META_LEFT_OUT = (
    "\n/* For debugging purposes the metadata section has been omitted.\n"
    " * If you would like to see the full metadata section you can set the \n"
    " * option to `True` when invoking `astext`. \n */"
)
# How a number of a scalar constant ends; scalars of other dtypes stand in `meta` as tensors do.
_SUFFIX = {
    "bool": "",
    "int16": "i16",
    "int32": "",
    "int64": "i64",
    "float16": "f16",
    "float32": "f",
    "float64": "f64",
}

Annotate = Callable[[Any], str]


def pretty_print(node: Any) -> str:
    """The text of a module, a function or any other expression, without the constants' numbers.

    It ends in a line break where it refers to `meta`, as Relay's does.
    """
    printer = _Printer(None)
    text = printer.final(node)
    return text + ("\n" if printer.meta else "")


def astext(node: Any, show_meta_data: bool = True, annotate: Annotate | None = None) -> str:
    """The text with its version line and, where `show_meta_data`, the constants as JSON below it.

    `annotate(expr)` says what follows an expression, in place of its type and span.
    """
    printer = _Printer(annotate)
    text = _VERSION + printer.final(node)
    if not printer.meta:
        return text
    if not show_meta_data:
        return text + _META_LEFT_OUT
    return f"{text}\n#[metadata]\n{tvm.ir.save_json({'relay.Constant': list(printer.meta)})}"


class _Printer:
    """One text being written: what is visited, what has a name, and the lines so far."""

    def __init__(self, annotate: Annotate | None) -> None:
        self.annotate = annotate
        self.visited: dict[Any, str] = {}
        self.named: dict[Any, str] = {}
        self.bound: set[Any] = set()
        self.meta: dict[Any, int] = {}
        self.taken: dict[str, int] = {}
        self.temps = 0
        self.root: Any = None
        self.uses: Counter[Any] | None = None
        self.lines: list[str] = []

    def final(self, node: Any) -> str:
        self.root = node
        if isinstance(node, IRModule):
            return "\n".join(self._definition(gvar, func) for gvar, func in node.functions_items())
        if isinstance(node, Function):
            return self._function("fn ", node) + self._info(node)
        return self._scope(node)

    def _definition(self, gvar: GlobalVar, func: Any) -> str:
        if isinstance(func, Function):
            return self._function(f"def @{gvar.name_hint}", func) + "\n"
        return str(func.script()) + "\n"

    def _function(self, head: str, func: Function) -> str:
        params = [self._parameter(param) for param in func.params]
        attrs = [f"{key}={_value(value)}" for key, value in func.attrs.items()]
        result = f" -> {type_text(func.ret_type)}" if func.ret_type is not None else ""
        return f"{head}({', '.join(params + attrs)}){result} {{\n{_indent(self._scope(func.body))}\n}}"

    def _parameter(self, param: Var) -> str:
        self.bound.add(param)
        return self._declare(param) + self._info(param)

    def _declare(self, variable: Var) -> str:
        """Give a variable its name; `%name: type`."""
        hint = variable.name_hint
        name = "%" + self._unique(hint if hint[:1].isalpha() else f"v{hint}")
        self.named[variable] = self.visited[variable] = name
        ty = variable.type_annotation
        return name if ty is None else f"{name}: {type_text(ty)}"

    def _unique(self, hint: str) -> str:
        name = hint
        while name in self.taken:
            self.taken[hint] += 1
            name = f"{hint}{self.taken[hint]}"
        self.taken[name] = 0
        return name

    def _scope(self, body: Any) -> str:
        """A function's or a let's inside: its lines, then the expression that it is."""
        outer, self.lines = self.lines, []
        while self._opens_here(body):
            self.lines.append(self._binding(body))
            body = body.body
        last = self._inline(body)
        text = "\n".join([*self.lines, last])
        self.lines = outer
        return text

    def _let(self, let: Let) -> str:
        """A let among other expressions: what its value needs stands before it, what its body needs in it."""
        first = self._binding(let)
        return f"{first}\n{self._scope(let.body)}"

    def _binding(self, let: Let) -> str:
        """`let %name = value;`; the lines that the value needs go where this one will."""
        name = self._parameter(let.var)
        return f"let {name} = {self._inline(let.value)};"

    def _inline(self, expr: Any) -> str:
        """The text of `expr` where it stands, without a line of its own."""
        if self._opens_here(expr):
            return self._let(expr)
        self._visit(expr)
        if isinstance(expr, Var) or expr in self.named or self._is_shared(expr):
            return self._name(expr)
        return self.visited[expr] + self._info(expr)

    def _opens_here(self, expr: Any) -> bool:
        """Whether `expr` is a let whose lines belong to the scope that it ends; one that is shared has a name."""
        return isinstance(expr, Let) and expr not in self.visited and not self._is_shared(expr)

    def _is_shared(self, expr: Any) -> bool:
        """Whether something besides the scope that `expr` stands in uses it; only an inner scope has such company."""
        if expr in (self.root, getattr(self.root, "body", None)):
            return False
        if self.uses is None:
            roots = [self.root]
            if isinstance(self.root, IRModule):  # whose other dialects print themselves
                roots = [func for func in self.root.functions.values() if isinstance(func, Function)]
            self.uses = Counter(child for root in roots for _, below in post_order(root) for child in below)
        return self.uses[expr] > 1

    def _visit(self, expr: Any) -> None:
        stack = [(expr, False)]
        while stack:
            node, expanded = stack.pop()
            if node in self.visited:
                continue
            below = () if expanded else _before(node)
            if below:
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(below) if child not in self.visited)
            else:
                self.visited[node] = self._text(node)

    def _name(self, expr: Any) -> str:
        """What `expr` is called where it is used; writes its line if this is the first use."""
        if isinstance(expr, Op):
            return str(expr.name)
        if isinstance(expr, GlobalVar):
            return f"@{expr.name_hint}"
        if isinstance(expr, Var):
            if expr not in self.bound:
                self.bound.add(expr)
                self.lines.append(f"free_var {self.visited[expr]};")
            return self.named[expr]
        if isinstance(expr, Constant):
            return self.visited[expr] + self._info(expr)
        if expr not in self.named:
            text = self.visited[expr] + self._info(expr)
            name = self.named[expr] = f"%{self.temps}"
            self.temps += 1
            self.lines.append(f"{name} = {text};")
        return self.named[expr]

    def _text(self, expr: Any) -> str:
        """`expr` over the names of what it uses, without type and span."""
        if isinstance(expr, Call):
            args = [self._name(arg) for arg in expr.args]
            return f"{self._name(expr.op)}({', '.join(args + self._attributes(expr.attrs))})"
        if isinstance(expr, TupleGetItem):
            return f"{self._name(expr.tuple_value)}.{expr.index}"
        if isinstance(expr, Tuple):
            names = [self._name(field) for field in expr.fields]
            return f"({names[0]},)" if len(names) == 1 else f"({', '.join(names)})"
        if isinstance(expr, Function):
            return self._function("fn ", expr)
        if isinstance(expr, Let):
            return f"(\n{_indent(self._let(expr))}\n)"
        if isinstance(expr, If):
            cond = self._name(expr.cond)
            taken, other = (_indent(self._scope(branch)) for branch in (expr.true_branch, expr.false_branch))
            return f"if ({cond}) {{\n{taken}\n}} else {{\n{other}\n}}"
        if isinstance(expr, Constant):
            return self._constant(expr)
        if isinstance(expr, Var):
            return self._declare(expr)
        if isinstance(expr, TempExpr):
            return f"<{type(expr).__name__}>({self._inline(expr.realize())})"
        return self._name(expr)

    def _constant(self, constant: Constant) -> str:
        dtype, data = str(constant.data.dtype), constant.data
        if not data.shape and dtype in _SUFFIX:
            value = data.numpy()[()]
            return str(bool(value)) if dtype == "bool" else _number(value) + _SUFFIX[dtype]
        return self._reference(constant)

    def _reference(self, constant: Constant) -> str:
        """The place of a constant in the list that ends the text."""
        return f"meta[relay.Constant][{self.meta.setdefault(constant, len(self.meta))}]"

    def _attributes(self, attrs: Any) -> list[str]:
        """`name=value` for those that differ from their default; a constant among them is never written out."""
        return [
            f"{name}={self._reference(value) if isinstance(value, Constant) else _value(value)}"
            for name, value in _shown(attrs)
        ]

    def _info(self, expr: Any) -> str:
        """What follows an expression: its type and where it came from, or what `annotate` says."""
        if self.annotate is not None:
            said = self.annotate(expr)
            return f" /* {said} */" if said else ""
        if isinstance(expr, Let | If):
            return ""
        parts = []
        if expr.checked_type_ is not None:
            parts.append(f"ty={type_text(expr.checked_type_)}")
        if expr.span is not None:
            parts.append(f"span={span_text(expr.span)}")
        return f" /* {' '.join(parts)} */" if parts else ""


def _before(expr: Any) -> Sequence[Any]:
    """What is visited before `expr`; a scope visits its inside itself."""
    if isinstance(expr, If):
        return (expr.cond,)
    return () if isinstance(expr, Function | Let) else children(expr)


def span_text(span: Span | SequentialSpan) -> str:
    """`name:line:column`; several places are listed."""
    if isinstance(span, SequentialSpan):
        return f"[{', '.join(span_text(part) for part in span.spans)}]"
    return f"{span.source_name.name}:{span.line}:{span.column}"


def _shown(attrs: Any) -> list[tuple[str, Any]]:
    """The attributes that differ from the operator's defaults."""
    if attrs is None:
        return []
    if isinstance(attrs, DictAttrs):
        return list(attrs.items())
    values = ((name, default, getattr(attrs, name)) for name, default in _defaults(type(attrs)))
    return [(name, value) for name, default, value in values if not _is_default(value, default)]


def _is_default(value: Any, default: Any) -> bool:
    """An attribute without a default is always written."""
    if default is MISSING:
        return False
    return list(value) == list(default) if isinstance(default, tuple) and value is not None else bool(value == default)


_DEFAULTS: dict[type, list[tuple[str, Any]]] = {}


def _defaults(kind: type) -> list[tuple[str, Any]]:
    if kind not in _DEFAULTS:
        _DEFAULTS[kind] = [(entry.name, entry.default) for entry in fields(kind)]
    return _DEFAULTS[kind]


def _value(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, float):
        return _number(value) + "f"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_value(key)}={_value(item)}" for key, item in value.items()) + "}"
    if hasattr(value, "__iter__"):
        return f"[{', '.join(map(_value, value))}]"
    return str(value)


def _number(value: Any) -> str:
    """Six significant digits, as a C++ stream writes them."""
    return str(value) if isinstance(value, int | np.integer) else f"{float(value):.6g}"


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.split("\n"))
