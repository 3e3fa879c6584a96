"""What is written in a box, and what is told of it on request."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import tvm
from tvm import relay

from helpers.diff.values import array_of, attribute_values, written_attributes
from helpers.graph.model import CAST_HINT, SIMULATED, STOP_FUSION, Model, Node, op_name, type_of
from helpers.text import shown

_KIND_NAMES = ("identity", "input", "weight", "activation")
_MOST_LINES = 12
_WIDEST = 26
# A float without a fraction below this is written with all its digits, as the bounds of integers.
_EXACT = 1 << 24


def describe(model: Model) -> None:
    """Fill in lines and title of every box."""
    for node in model.nodes:
        if node.kind == "folded":
            continue
        if node.kind in ("fused", "function"):
            node.lines = _function_lines(node.exprs[0])
        else:
            node.lines = [cut(line) for line in _lines(node) if line]
        node.scales = [cut(f"◆ {_scale(scale)}") for scale in map(_scale_of, node.marks) if scale is not None]
        node.title = _title(node)


def dtype(ty: Any) -> str:
    """The dtype of a tensor, `tuple` of a tuple of several, `?` where no type is known."""
    if isinstance(ty, relay.TensorType):
        return str(ty.dtype)
    if isinstance(ty, relay.TupleType):
        found = {dtype(part) for part in ty.fields}
        return found.pop() if len(found) == 1 else "tuple"
    return "?"


def is_integer(ty: Any) -> bool:
    """Whether it is a tensor of integers, or a tuple of such."""
    return dtype(ty).startswith(("int", "uint"))


def shape(ty: Any) -> str:
    """A tensor's shape as `1×16×4×4`; of a tuple, those of its fields."""
    if isinstance(ty, relay.TensorType):
        return "×".join(map(_size, ty.shape)) or "scalar"
    if isinstance(ty, relay.TupleType):
        return cut(", ".join(shape(part) for part in ty.fields))
    return ""


def _size(size: Any) -> str:
    """A dimension; `?` where it may be any, as in Relays that have such."""
    return "?" if type(size).__name__ == "Any" else str(size)


def cut(text: str) -> str:
    """`text` on one line, and short enough for a box."""
    text = shown(text)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 9]}…{text[-8:]}"


def _lines(node: Node) -> list[str]:
    if node.kind == "result":
        return ["result", _type_line(node.ty)]
    expr = node.exprs[0]
    if node.kind == "input":
        return [f"%{expr.name_hint}", _type_line(node.ty)]
    if node.kind == "boundary":
        return _boundary_lines(node)
    if node.kind == "constant":
        return ["constant", _constant_words(expr)]
    if isinstance(expr, relay.Tuple):
        return ["tuple"]
    if isinstance(expr, relay.TupleGetItem):
        return [f"field {int(expr.index)}"]
    if isinstance(expr, relay.If):
        return ["if"]
    return [short(op_name(expr)), detail(expr, node.marks)]


def _boundary_lines(node: Node) -> list[str]:
    names = [op_name(expr) for expr in node.exprs]
    hint = f"cast_hint {node.exprs[0].attrs['dtype']}" if names[0] == CAST_HINT else ""
    return [hint, "stop_fusion" if STOP_FUSION in names else ""]


def short(name: str) -> str:
    """An operator's name without the folders that annotations stand in."""
    return name.rpartition("annotation.")[2]


def detail(expr: Any, marks: list[Any]) -> str:
    """The one thing that tells a call from others of its operator: a dtype, limits, a scale, a number."""
    name = op_name(expr)
    if name == SIMULATED:
        return _scale(expr)
    if name in ("cast", CAST_HINT):
        return str(expr.attrs["dtype"])
    if name == "clip":
        return f"{_number(expr.attrs['a_min'])} … {_number(expr.attrs['a_max'])}"
    numbers = [_scalar(mark) for mark in marks]
    return ", ".join(f"◆ {number}" for number in numbers if number)


def _scale(expr: Any) -> str:
    kind = int(expr.attrs["kind"])
    kind_name = _KIND_NAMES[kind] if 0 <= kind < len(_KIND_NAMES) else f"kind {kind}"
    scale = expr.args[1]
    if isinstance(scale, relay.Constant):
        values = array_of(scale).reshape(-1)
        known = _number(values[0]) if values.size == 1 else f"{values.size} scales"
        return f"{kind_name}, {known}"
    return f"{kind_name}, no scale yet"


def _scale_of(mark: Any) -> Any:
    """The simulated quantization that a constant goes through, or `None`."""
    found: list[Any] = []
    if isinstance(mark, relay.Call):
        relay.analysis.post_order_visit(mark, lambda expr: found.append(expr) if op_name(expr) == SIMULATED else None)
    return found[-1] if found else None


def is_diamond(mark: Any) -> bool:
    """Whether a constant is drawn as a diamond: others are a number or a scale in the box itself."""
    return not _scalar(mark) and _scale_of(mark) is None


def new_dtype(model: Model, node: Node) -> str:
    """The dtype of what a box gives, where that is another one than it is given; `float32` goes without saying."""
    own = dtype(node.ty)
    given = {dtype(model.nodes[operand].ty) for operand in node.operands}
    return "" if own in ("float32", "?") or given == {own} else own


def _scalar(constant: Any) -> str:
    if not isinstance(constant, relay.Constant):
        return ""
    values = array_of(constant)
    return _number(values.reshape(-1)[0]) if values.size == 1 and values.ndim == 0 else ""


def _number(value: Any) -> str:
    value = value.item() if isinstance(value, np.generic) else value
    rounded = isinstance(value, float) and not (value.is_integer() and abs(value) < _EXACT)
    written = f"{value:.4g}" if rounded else f"{value:.0f}" if isinstance(value, float) else str(value)
    return written.replace("-", "−", 1) if written.startswith("-") else written


def _type_line(ty: Any) -> str:
    if isinstance(ty, relay.TensorType):
        return f"{shape(ty)} {ty.dtype}"
    return f"({shape(ty)})" if isinstance(ty, relay.TupleType) else ""


def _constant_words(expr: Any) -> str:
    scalar = _scalar(expr)
    return scalar or _type_line(type_of(expr)) or "×".join(map(str, array_of(expr).shape))


def _function_lines(expr: Any) -> list[str]:
    func = expr.op if isinstance(expr, relay.Call) else expr
    if isinstance(func, tvm.ir.GlobalVar):
        return [cut(f"@{func.name_hint}")]
    if not isinstance(func, relay.Function):
        return ["call" if isinstance(expr, relay.Call) else type(expr).__name__]
    lines = [cut(_one_line(call)) for call in _calls(func)]
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 2], f"… {len(lines) - _MOST_LINES + 1} more", lines[-1]]
    return lines or ["no operator"]


def _one_line(call: Any) -> str:
    marks = [arg for arg in call.args if isinstance(arg, relay.Constant)]
    return f"{short(op_name(call))} {detail(call, marks)}".rstrip()


def _calls(func: Any) -> list[Any]:
    found: list[Any] = []
    relay.analysis.post_order_visit(func, lambda expr: found.append(expr) if op_name(expr) else None)
    return found


def counted(names: list[str]) -> str:
    """`3 nn.relu, 2 add`, the most frequent first."""
    return ", ".join(f"{count} {name}" for name, count in Counter(names).most_common())


def _title(node: Node) -> str:
    """Everything that is known of a box, line by line."""
    lines: list[str] = []
    for expr in node.exprs:
        lines.append(_whole_name(expr))
        if isinstance(expr, relay.Call) and op_name(expr):
            lines += _attributes(expr)
            if op_name(expr) == SIMULATED:
                lines += [f"{name} {_value(arg)}" for name, arg in zip(_LIMITS, expr.args[1:])]
    lines += [f"◆ {constant_title(mark)}" for mark in node.marks]
    if node.kind == "fused":
        lines += [_one_line(call) for call in _calls(node.exprs[0].op)]
    if node.ty is not None:
        lines.append(f"gives {node.ty}")
    return "\n".join(shown(line) for line in lines)


_LIMITS = ("scale", "from", "to")


def _attributes(expr: Any) -> list[str]:
    if op_name(expr) == SIMULATED:
        return [f"{name}={value}" for name, value in attribute_values(expr.attrs).items()]
    return [written for _, written in written_attributes(expr)]


def _value(expr: Any) -> str:
    if isinstance(expr, relay.Constant):
        return _scalar(expr) or _constant_words(expr)
    return f"%{expr.name_hint}" if isinstance(expr, relay.Var) else type(expr).__name__


def _whole_name(expr: Any) -> str:
    if isinstance(expr, relay.Var):
        return f"%{expr.name_hint}"
    if isinstance(expr, relay.Call) and not op_name(expr):
        return "primitive function of" if isinstance(expr.op, relay.Function) else "call of a function"
    return op_name(expr) or type(expr).__name__


def constant_title(expr: Any) -> str:
    """What a mark stands for: a constant, or what is computed of constants."""
    if isinstance(expr, relay.Constant):
        return f"constant {_constant_words(expr)}"
    names = [short(op_name(call)) for call in _calls(expr)]
    return f"constant, then {', '.join(names) or 'a function'}: {type_of(expr)}"
