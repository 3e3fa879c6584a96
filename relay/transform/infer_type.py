"""InferType: a type for every expression, from the types of the variables.

    before   %0 = nn.relu(%x);
             add(%0, meta[relay.Constant][0])
    after    %0 = nn.relu(%x) /* ty=Tensor[(1, 16), float32] */;
             add(%0, meta[relay.Constant][0] /* ty=Tensor[(16), float32] */) /* ty=Tensor[(1, 16), float32] */

One walk in post-order: an operator's type relation gives a call's type from its arguments' types. A variable without a
type gets the one that its first operator asks for (`Operator.complete`). What has a type already keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tvm
import tvm_ffi
from tvm.ir import GlobalVar, IRModule, Op, Type

from ..analysis import free_vars
from ..expr import Call, Constant, Function, If, Let, Tuple, TupleGetItem, Var
from ..expr_functor import children, with_children
from ..op.op import operator
from ..text import span_text
from ..ty import FuncType, TensorType, TupleType, scalar_type, type_text
from .transform import function_pass


def InferType() -> tvm.transform.Pass:
    """The pass. Its module comes back with every type in place; a module that has them comes back as it is.

    Raises `TypeError` where the types of a call do not fit, naming the call, its operator, the types and the span, and
    where a variable is neither a parameter nor bound.
    """
    return function_pass(lambda func, mod, ctx: _closed(infer(func, mod), func), opt_level=0, name="InferType")


def _closed(typed: Function, given: Function) -> Function:
    """A function that was typed just now, after a look whether something in it is free."""
    if typed != given and (free := free_vars(typed)):
        names = ", ".join(f"%{var.name_hint}" for var in free)
        raise TypeInferenceError(f"{names} of the function is free: make it a parameter, or bind it")
    return typed


# Where Sequential looks for a pass that another one requires.
tvm_ffi.register_global_func("transform.InferType", InferType)


def InferTypeLocal(expr: Any) -> Type:
    """The type of one expression, which stays as it is."""
    return infer(expr).checked_type_


def infer(expr: Any, mod: IRModule | None = None) -> Any:
    """`expr` with a checked type on every expression in it; `mod` has the functions that it calls by name."""
    return _Inference(mod).run(expr)


class TypeInferenceError(tvm.error.DiagnosticError, TypeError):
    """The types of an expression do not fit, or one cannot be known."""


class _Inference:
    """One inference: `made` maps each expression to its typed self."""

    def __init__(self, mod: IRModule | None, calling: tuple[GlobalVar, ...] = ()) -> None:
        self.mod = mod
        self.calling = calling
        self.made: dict[Any, Any] = {}

    def run(self, root: Any) -> Any:
        """Post-order. A `Let` comes twice: its variable has the value's type before its body is looked at."""
        stack: list[tuple[Any, Sequence[Any] | None]] = [(root, None)]
        while stack:
            node, below = stack.pop()
            if node in self.made:
                continue
            if getattr(node, "checked_type_", None) is not None:
                self.made[node] = node  # and all that lies below has its type too
            elif below is None:
                below = [child for child in _first(node) if not _waits(child)]
                stack.append((node, below))
                self._push(stack, below)
            elif isinstance(node, Let) and node.var not in self.made:
                self.made[node.var] = _typed_var(node.var, self.made[node.value].checked_type_)
                stack.append((node, below))
                self._push(stack, [node.body])
            else:
                self.made[node] = self._typed(node)
        return self.made[root]

    def _push(self, stack: list[tuple[Any, Sequence[Any] | None]], nodes: Sequence[Any]) -> None:
        stack.extend((node, None) for node in reversed(nodes) if node not in self.made)

    def _typed(self, node: Any) -> Any:
        if isinstance(node, Op | GlobalVar):
            return node
        if isinstance(node, Var):
            return _typed_var(node, _known(node))
        if isinstance(node, Constant):
            return _typed_constant(node)
        if isinstance(node, Call):
            self._complete(node)
        if isinstance(node, Function):
            for param in node.params:
                if param not in self.made:
                    self.made[param] = _typed_var(param, _known(param))
        below = children(node)
        for child in below:
            if child not in self.made:
                raise TypeInferenceError(_no_type(child, node))
        new = with_children(node, [self.made[child] for child in below], below)
        return _stamped(new, self._type(new), made_here=new != node)

    def _type(self, node: Any) -> Type:
        if isinstance(node, Call):
            return self._call_type(node)
        if isinstance(node, Tuple):
            return TupleType([field.checked_type_ for field in node.fields])
        if isinstance(node, TupleGetItem):
            return _field_type(node)
        if isinstance(node, Function):
            return _function_type(node)
        if isinstance(node, Let):
            return node.body.checked_type_
        if isinstance(node, If):
            return _if_type(node)
        raise TypeInferenceError(f"a {type(node).__name__} has no type: it must be realized before InferType runs")

    def _complete(self, call: Call) -> None:
        """Give variables without a type the one that this call needs them to have."""
        if not isinstance(call.op, Op):
            return
        declared = operator(call.op)
        args = list(call.args)
        if declared.complete is None or all(arg in self.made for arg in args):
            return
        types = [self.made[arg].checked_type_ if arg in self.made else None for arg in args]
        for arg, ty in zip(args, self._asked(call, declared.complete, types), strict=True):
            if arg not in self.made and ty is not None:
                self.made[arg] = _typed_var(arg, ty)

    def _asked(self, call: Call, relation: Any, types: Sequence[Any]) -> Any:
        """What a relation says of a call; its complaint gets the call, the types and the span added."""
        try:
            return relation(types, call.attrs)
        except (TypeError, ValueError) as error:
            raise TypeInferenceError(f"{error}: {_described(call, types)}") from None

    def _call_type(self, call: Call) -> Type:
        types = [arg.checked_type_ for arg in call.args]
        if not isinstance(call.op, Op):
            return self._applied(call, types)
        declared = operator(call.op)
        if types and len(types) != len(declared.inputs):
            wants = f"{declared.name} takes {len(declared.inputs)} arguments ({', '.join(declared.inputs)})"
            raise TypeInferenceError(f"{wants} and is given {len(types)}: {_described(call, types)}")
        return self._asked(call, declared.infer, types)

    def _applied(self, call: Call, types: Sequence[Type]) -> Type:
        """The result of calling a function, a global one or one that stands in the graph."""
        func = self._global_type(call.op) if isinstance(call.op, GlobalVar) else call.op.checked_type_
        if not isinstance(func, FuncType):
            raise TypeInferenceError(f"a {type_text(func)} is called, and it is no function: {_described(call, types)}")
        if list(func.arg_types) != list(types):
            raise TypeInferenceError(f"a {type_text(func)} is called with other arguments: {_described(call, types)}")
        return func.ret_type

    def _global_type(self, gvar: GlobalVar) -> Type:
        if self.mod is None or gvar not in self.mod:
            raise TypeInferenceError(f"@{gvar.name_hint} is called, and the module has no such function: add it first")
        func = self.mod[gvar]
        if func.checked_type_ is not None:
            return func.checked_type_
        if gvar in self.calling:
            raise TypeInferenceError(f"@{gvar.name_hint} calls itself, and its type is not known: give it a ret_type")
        return _Inference(self.mod, (*self.calling, gvar)).run(func).checked_type_


def _first(node: Any) -> Sequence[Any]:
    """What must have a type before `node` is made; parameters may get theirs from the body."""
    if isinstance(node, Function):
        return (node.body,)
    return (node.value,) if isinstance(node, Let) else children(node)


def _known(var: Var) -> Type | None:
    return var.checked_type_ if var.checked_type_ is not None else var.type_annotation


def _waits(node: Any) -> bool:
    """Whether `node` is a variable that says nothing of its type: the call that uses it may."""
    return isinstance(node, Var) and _known(node) is None


def _typed_var(var: Var, ty: Type | None) -> Var:
    if ty is None:
        raise TypeInferenceError(f"the type of %{var.name_hint} is not known: give it a shape and a dtype in relay.var")
    if var.type_annotation is not None and var.type_annotation != ty:
        raise TypeInferenceError(
            f"%{var.name_hint} is annotated {type_text(var.type_annotation)} its value is {type_text(ty)}: change one"
        )
    if var.checked_type_ is not None:
        return var
    return _stamped(Var(var.name_hint, ty, var.span), ty)


def _typed_constant(constant: Constant) -> Constant:
    data = constant.data
    return _stamped(Constant(data, constant.span), TensorType(data.shape, str(data.dtype)))


def _field_type(item: TupleGetItem) -> Type:
    ty = item.tuple_value.checked_type_
    if not isinstance(ty, TupleType):
        raise TypeInferenceError(f"field {item.index} is taken of a {type_text(ty)}: only a tuple has fields")
    if not 0 <= item.index < len(ty.fields):
        raise TypeInferenceError(
            f"field {item.index} is taken of {type_text(ty)}, which has {len(ty.fields)} fields: take one it has"
        )
    return ty.fields[item.index]


def _if_type(choice: If) -> Type:
    cond, taken, other = (part.checked_type_ for part in (choice.cond, choice.true_branch, choice.false_branch))
    if cond != scalar_type("bool"):
        raise TypeInferenceError(f"the condition of an if is a {type_text(cond)}: make it a bool of rank 0")
    if taken != other:
        raise TypeInferenceError(f"an if gives {type_text(taken)} or {type_text(other)}: make both branches one type")
    return taken


def _function_type(func: Function) -> FuncType:
    result = func.body.checked_type_
    if func.ret_type is not None and func.ret_type != result:
        raise TypeInferenceError(
            f"the function is said to return {type_text(func.ret_type)} and returns {type_text(result)}: change one"
        )
    return FuncType([param.checked_type_ for param in func.params], result)


def _stamped(node: Any, ty: Type, made_here: bool = True) -> Any:
    """`node` with its type; a node that others may hold is copied first."""
    if not made_here:
        node = node.__copy__()
    node.checked_type_ = ty
    if isinstance(node, Function):
        node.ret_type = ty.ret_type
    return node


def _described(call: Call, types: Sequence[Any]) -> str:
    """The call with its arguments' types, and where it came from."""
    name = call.op.name if isinstance(call.op, Op | GlobalVar) and hasattr(call.op, "name") else "the function"
    args = ", ".join("?" if ty is None else type_text(ty) for ty in types)
    where = f" at {span_text(call.span)}" if call.span is not None else ""
    return f"in the call {name}({args}){where}"


def _no_type(child: Any, user: Any) -> str:
    what = f"%{child.name_hint}" if isinstance(child, Var) else f"a {type(child).__name__}"
    by = user.op.name if isinstance(user, Call) and isinstance(user.op, Op) else f"a {type(user).__name__}"
    return f"the type of {what}, used by {by}, is not known: give it a shape and a dtype in relay.var"
