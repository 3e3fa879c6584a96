"""What makes one program of another: which expressions are new, which are gone, and what changed in those that stay.

An expression that stays is made again over what became of its operands. So one that reads `%6` now in place of `%4` has
not changed, as long as both are the same expression.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import tvm
from tvm import relay

from helpers.diff.program import Known, Node, Program
from helpers.diff.sequences import common
from helpers.diff.values import attribute_values, exact

# ("kept", number): an expression of the program before. ("new", place): one that was not there.
Reference = tuple[str, int]


@dataclass(frozen=True)
class New:
    """An expression that was not there, and over which operands it stands."""

    expr: Any
    operands: tuple[Reference, ...]


@dataclass(frozen=True)
class Edits:
    """All that is different between two programs; nothing is where they have one structure.

    `changed`: for an expression that stays, by its number, the parts that are others now: `operands`, `attributes`,
    `index`, `annotation`, `result type`.
    `gone`: the numbers of the expressions that do not stay.
    `functions`: the functions that are new or have another root, or, where they are of another dialect, are others.
    `functions_gone`: the names of those that do not stay.
    `module`: the attributes of the module, where they are others.
    `types`: the type definitions of the module in one of their own, where they are others. Without any it is empty.
    """

    changed: Mapping[int, Mapping[str, Any]]
    gone: tuple[int, ...]
    new: tuple[New, ...]
    functions: Mapping[str, Any]
    functions_gone: tuple[str, ...]
    module: Mapping[str, Any] | None
    types: Any

    def __bool__(self) -> bool:
        parts = self.changed, self.gone, self.new, self.functions, self.functions_gone
        return any(parts) or self.module is not None or self.types is not None


def edits(before: Program, after: Program, pairs: Mapping[int, int]) -> Edits:
    """What is different, where `pairs` says which expression of `before` is which of `after`."""
    back = {new: old for old, new in pairs.items()}
    # Of the constants with the same numbers any will do.
    constants = {node.label: at for at, node in enumerate(before.nodes) if node.kind == "constant"}
    old = [
        constants.get(node.label) if node.kind == "constant" else back.get(at) for at, node in enumerate(after.nodes)
    ]
    place = {at: number for number, at in enumerate(at for at, kept in enumerate(old) if kept is None)}

    def reference(at: int) -> Reference:
        kept = old[at]
        return ("new", place[at]) if kept is None else ("kept", kept)

    new = tuple(New(after.nodes[at].expr, tuple(map(reference, after.nodes[at].operands))) for at in place)
    changed = {}
    for at, now in pairs.items():
        parts = changed_parts(before.nodes[at], after.nodes[now])
        if any(differing_operands(before, after, back, at, now)):
            parts["operands"] = tuple(map(reference, after.nodes[now].operands))
        if parts:
            changed[at] = parts
    kept_constants = {node.label for node in after.nodes if node.kind == "constant"}
    gone = (at for at, node in enumerate(before.nodes) if at not in pairs and node.label not in kept_constants)
    roots = {name: reference(root) for name, root in after.roots.items()}
    functions: dict[str, Any] = {
        name: root for name, root in roots.items() if root != ("kept", before.roots.get(name, -1))
    }
    functions |= {name: func for name, func in after.foreign.items() if not _is_same(before.foreign.get(name), func)}
    functions_gone = tuple(
        name for name in (*before.roots, *before.foreign) if name not in after.roots and name not in after.foreign
    )
    attributes = [module_attributes(program) for program in (before, after)]
    module = None if exact(attributes[0]) == exact(attributes[1]) else attributes[1]
    types = None if _have_same_types(before, after) else after.types or tvm.IRModule({})
    return Edits(changed, tuple(gone), new, functions, functions_gone, module, types)


def differing_operands(
    before: Program, after: Program, back: Mapping[int, int], old: int, new: int
) -> tuple[set[int], set[int]]:
    """Of an expression that stays, the places of the operands that are others: before and after.

    Where there are as many as before, they are compared one by one. Otherwise what both have in order stays.
    """
    first = [_key(before.nodes[at], at) for at in before.nodes[old].operands]
    second = [_key(after.nodes[at], back.get(at, ("new", at))) for at in after.nodes[new].operands]
    same = [(i, i) for i in range(len(first)) if first[i] == second[i]] if len(first) == len(second) else None
    if same is None:
        same = common(first, second)
    return set(range(len(first))) - {i for i, _ in same}, set(range(len(second))) - {j for _, j in same}


def _key(node: Node, otherwise: Hashable) -> Hashable:
    return node.label if node.kind == "constant" else otherwise


def differing_attributes(old: Any, new: Any) -> set[str]:
    """The names of the attributes that are others."""
    values = [{name: exact(value) for name, value in attribute_values(attrs).items()} for attrs in (old, new)]
    return {name for name in values[0].keys() | values[1].keys() if values[0].get(name) != values[1].get(name)}


def changed_parts(old: Node, new: Node) -> dict[str, Any]:
    """What is another in `new` besides its operands."""
    if old.label == new.label:
        return {}
    parts: dict[str, Any] = {}
    if old.kind == "var":
        parts["annotation"] = new.expr.type_annotation
    elif old.kind == "field":
        parts["index"] = int(new.expr.index)
    elif old.kind in ("call", "function"):
        if differing_attributes(old.expr.attrs, new.expr.attrs) or type(old.expr.attrs) is not type(new.expr.attrs):
            parts["attributes"] = new.expr.attrs
        if old.kind == "function" and str(old.expr.ret_type) != str(new.expr.ret_type):
            parts["result type"] = new.expr.ret_type
    return parts


def module_attributes(program: Program) -> dict[str, Any]:
    """The attributes of a module; a function alone has none of these."""
    return attribute_values(getattr(program.thing, "attrs", None) if program.is_module else None)


def _have_same_types(before: Program, after: Program) -> bool:
    if before.types is None or after.types is None:
        return before.types is after.types
    return _is_same(before.types, after.types)


def _is_same(old: Any, new: Any) -> bool:
    return old is not None and bool(tvm.ir.structural_equal(old, new))


def apply(what: Edits, before: Any) -> Any:
    """The module or function that `before` becomes. `before` stays as it is; what has not changed is shared with it."""
    program = Program(before, Known())
    builder = _Builder(program, what)
    gone = {*what.functions, *what.functions_gone}
    functions = {name: ("kept", root) for name, root in program.roots.items() if name not in gone}
    functions |= {name: func for name, func in program.foreign.items() if name not in gone}
    functions |= what.functions
    made = {name: builder.made(it) if isinstance(it, tuple) else it for name, it in functions.items()}
    if not program.is_module:
        return made[""]
    names = {str(name.name_hint): name for name in before.get_global_vars()}
    names |= {str(new.expr.name_hint): new.expr for new in what.new if isinstance(new.expr, tvm.ir.GlobalVar)}
    attributes = module_attributes(program) if what.module is None else what.module
    after = tvm.IRModule({names.get(name, name): func for name, func in made.items()}, attrs=dict(attributes) or None)
    types = program.types if what.types is None else what.types
    for variable in getattr(types, "get_global_type_vars", list)():
        after[variable] = types[variable]
    return after


class _Builder:
    """Makes expressions of what is kept and what is new; each once, so that what was shared stays so."""

    def __init__(self, program: Program, what: Edits) -> None:
        self.program, self.what = program, what
        self.known: dict[Reference, Any] = {}

    def made(self, root: Reference) -> Any:
        """The expression that a reference speaks of."""
        stack = [root]
        while stack:
            reference = stack[-1]
            waiting = [operand for operand in self._operands(reference) if operand not in self.known]
            if waiting and reference not in self.known:
                stack.extend(waiting)
            else:
                stack.pop()
                if reference not in self.known:
                    self.known[reference] = self._make(reference)
        return self.known[root]

    def _operands(self, reference: Reference) -> tuple[Reference, ...]:
        side, at = reference
        if side == "new":
            return self.what.new[at].operands
        same = tuple(("kept", operand) for operand in self.program.nodes[at].operands)
        return self.what.changed.get(at, {}).get("operands", same)

    def _make(self, reference: Reference) -> Any:
        side, at = reference
        expr = self.what.new[at].expr if side == "new" else self.program.nodes[at].expr
        changed = {} if side == "new" else self.what.changed.get(at, {})
        return rebuilt(expr, [self.known[operand] for operand in self._operands(reference)], changed)


def rebuilt(expr: Any, operands: list[Any], changed: Mapping[str, Any]) -> Any:
    """`expr` over `operands`, with the parts that `changed` has others for."""
    if isinstance(expr, relay.Call):
        op = [expr.op] if isinstance(expr.op, tvm.ir.Op) else []
        callee, *args = [*op, *operands]
        return relay.Call(callee, args, changed.get("attributes", expr.attrs), expr.type_args, expr.span)
    if isinstance(expr, relay.Function):
        *params, body = operands
        ret_type = changed.get("result type", expr.ret_type)
        return relay.Function(params, body, ret_type, None, changed.get("attributes", expr.attrs))
    if isinstance(expr, relay.Tuple):
        return relay.Tuple(operands, expr.span)
    if isinstance(expr, relay.TupleGetItem):
        return relay.TupleGetItem(operands[0], changed.get("index", expr.index))
    if isinstance(expr, relay.Let):
        return relay.Let(operands[1], operands[0], operands[2])
    if isinstance(expr, relay.If):
        return relay.If(*operands)
    if "annotation" in changed:
        return relay.Var(expr.name_hint, changed["annotation"])
    return expr
