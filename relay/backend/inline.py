"""A function without lets and without calls of other functions: only operators are left, and primitive functions.

    before   let %x = add(%a, %a);  @double(%x)
    after    %0 = add(%a, %a);  add(%0, %0)

It is the interpreter with expressions for values, so scopes and closures mean what they mean there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tvm.ir import GlobalVar, IRModule, Op

from ..expr import Call, Function, If, Let, Tuple, TupleGetItem, Var
from ..expr_functor import with_children
from ..transform.fuse_ops import is_primitive
from .interpreter import schedule


def inlined(func: Function, mod: IRModule) -> Function:
    """`func`, whose free global variables are functions of `mod`, with everything that it calls written out.

    Raises `ValueError` for an if: what is compiled has no branches.
    """
    body = _Inliner(mod).run(func.body, {param: param for param in func.params})
    return Function(func.params, body, func.ret_type, None, func.attrs, func.span)


@dataclass(frozen=True)
class _Closure:
    """A function as a value, with the expressions for the variables that it takes from outside."""

    func: Function
    env: Mapping[Any, Any]


class _Inliner:
    def __init__(self, mod: IRModule) -> None:
        self.mod = mod

    def run(self, body: Any, values: dict[Any, Any]) -> Any:
        """The expression for `body`, where `values` has those for its free variables."""
        for step in schedule(body):
            values[step.node] = self._value(step.node, step.uses, [values[use] for use in step.uses])
        return values[body]

    def _value(self, node: Any, uses: Sequence[Any], below: Sequence[Any]) -> Any:
        if isinstance(node, Call):
            if isinstance(node.op, Op):
                return with_children(node, [node.op, *below], [node.op, *uses])
            callee, *args = below
            return self._call(callee, args, node)
        if isinstance(node, Function):
            return node if is_primitive(node) else _Closure(node, dict(zip(uses, below, strict=True)))
        if isinstance(node, GlobalVar):
            return _Closure(self.mod[node], {})
        if isinstance(node, If):
            raise ValueError("an if cannot be compiled: run this module with relay.create_executor('debug')")
        if isinstance(node, Let | Var):
            return below[-1]  # a let is its body, the variable of a let its value
        return with_children(node, below, uses) if isinstance(node, Tuple | TupleGetItem) else node

    def _call(self, callee: Any, args: Sequence[Any], call: Call) -> Any:
        if not isinstance(callee, _Closure):
            return Call(callee, args, call.attrs, call.type_args, call.span)
        return self.run(callee.func.body, {**callee.env, **dict(zip(callee.func.params, args, strict=True))})
