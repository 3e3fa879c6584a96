"""The registry of operators: everything that is known of one, declared in one place.

An operator is one `define(...)`: its inputs, its attributes, its type relation, what it computes on NumPy
arrays, and how it fuses. The rest of the project asks `operator(op)` for these. The name itself is an entry
of TVM's own registry (`tvm.ir.Op`), which is where `FQPartitionRewrite` and the other rules are kept.

    define("nn.relu", inputs=("data",), infer=same_type, compute=lambda x, attrs: np.maximum(x[0], 0), pattern=ELEMWISE)
"""

from __future__ import annotations

import difflib
import enum
import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tvm
import tvm_ffi
from tvm.ir import Op, Type

__all__ = [
    "OpPattern",
    "Operator",
    "define",
    "function",
    "get",
    "names",
    "operator",
    "register_alter_op_layout",
    "register_convert_op_layout",
    "register_op_attr",
    "register_pattern",
]

Infer = Callable[[Sequence[Any], Any], Type]
Compute = Callable[[Sequence[Any], Any], Any]
Complete = Callable[[Sequence[Any], Any], Sequence[Any]]


class OpPattern(enum.IntEnum):
    """How an operator's output depends on its inputs; decides what fusion may join (TVM v0.16, `OpPatternKind`)."""

    ELEMWISE = 0
    BROADCAST = 1
    INJECTIVE = 2
    COMM_REDUCE = 3
    OUT_ELEMWISE_FUSABLE = 4
    TUPLE = 7
    OPAQUE = 8


@dataclass(frozen=True)
class Operator:
    """What is known of one operator.

    `infer(types, attrs)` gives the type of the result; it raises `TypeError` with one sentence where types do not fit.
    `compute(arrays, attrs)` gives the result on NumPy arrays, of the inferred shape and dtype; a tuple is a tuple of
    arrays.
    `complete(types, attrs)` gives the input types with those that are `None` (a variable without a type) filled in.
    `pattern` is `None` where `SimplifyInference` takes the operator apart before anything is fused.
    """

    name: str
    inputs: tuple[str, ...]
    infer: Infer
    compute: Compute
    pattern: OpPattern | None
    attrs: type | None = None
    complete: Complete | None = None


_OPERATORS: dict[str, Operator] = {}
_FUNCTIONS: dict[str, Callable[..., Any]] = {}

# The rules that the quantizer reads, and with those of other passes, what each is called with: one for an operator that
# Relay does not have would never be used.
RULES = ("FQPartitionRewrite", "FQAnnotateRewrite", "FQRealizeRewrite")
_CALLED_WITH = {
    **dict.fromkeys(RULES, "(ref_call, new_args, ctx)"),
    "FTVMAlterOpLayout": "(attrs, args, types, result_type)",
    "FTVMConvertOpLayout": "(attrs, args, types, desired_layouts)",
}
_WRITTEN: dict[tvm_ffi.Function, Callable[..., Any]] = {}


def define(
    name: str,
    *,
    inputs: Sequence[str],
    infer: Infer,
    compute: Compute,
    pattern: OpPattern | None,
    attrs: type | None = None,
    complete: Complete | None = None,
    reshapes: bool = False,
) -> Op:
    """Declare an operator and return its entry in TVM's registry.

    One that `reshapes` gives its argument's numbers in their order, under another shape.
    Raises `ValueError` for a name that is declared already.
    """
    if name in _OPERATORS:
        raise ValueError(f"the operator {name} is defined twice: give the second one a name of its own")
    _OPERATORS[name] = Operator(name, tuple(inputs), infer, compute, pattern, attrs, complete)
    tvm.ir.register_op_attr(name, "TOpPattern", int(OpPattern.OPAQUE if pattern is None else pattern))
    op = Op.get(name)
    if pattern is None:
        op.reset_attr("TOpPattern")  # registering one was only the way to make the operator
    if reshapes:
        op.set_attr("TReshapeOp", True)
    op.set_num_inputs(len(inputs))
    for argument in inputs:
        op.add_argument(argument, "Expr", "")
    return op


def operator(op: Op | str) -> Operator:
    """What was declared for an operator.

    Raises `ValueError` for an operator that Relay does not have, with the names that come near.
    """
    name = op if isinstance(op, str) else op.name
    try:
        return _OPERATORS[name]
    except KeyError:
        raise ValueError(_unknown(name)) from None


def get(op_name: str) -> Op:
    """The operator of that name.

    Raises `ValueError` for a name that Relay does not have, with the names that come near.
    """
    return Op.get(operator(op_name).name)


def names() -> list[str]:
    """The names of all operators, sorted."""
    return sorted(_OPERATORS)


def constructs(name: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark the Python function that makes calls of the operator `name`, for `x + y` and its like."""

    def mark(func: Callable[..., Any]) -> Callable[..., Any]:
        _FUNCTIONS[name] = func
        return func

    return mark


def function(name: str) -> Callable[..., Any]:
    """The Python function that makes calls of the operator `name`."""
    return _FUNCTIONS[name]


def register_op_attr(op_name: str, attr_key: str, value: Any = None, level: int = 10) -> Any:
    """`tvm.ir.register_op_attr` under the name that Relay also gives it; as a decorator without `value`."""
    return tvm.ir.register_op_attr(op_name, attr_key, value, level)


def register_pattern(op_name: str, pattern: OpPattern | int, level: int = 10) -> Any:
    """Say how an operator fuses."""
    return tvm.ir.register_op_attr(op_name, "TOpPattern", int(pattern), level)


def register_alter_op_layout(op_name: str, alter_layout: Any = None, level: int = 10) -> Any:
    """Say in which layouts an operator is fast: see `relay.transform.AlterOpLayout`. A decorator without a function."""
    return tvm.ir.register_op_attr(op_name, "FTVMAlterOpLayout", alter_layout, level)


def register_convert_op_layout(op_name: str, convert_layout: Any = None, level: int = 10) -> Any:
    """Say how an operator takes a layout: see `relay.transform.ConvertLayout`. A decorator without a function."""
    return tvm.ir.register_op_attr(op_name, "FTVMConvertOpLayout", convert_layout, level)


@dataclass(frozen=True)
class Rule:
    """One rule of a pass as it is registered: for which operator, which function, from where."""

    op_name: str
    function: Callable[..., Any]

    @property
    def name(self) -> str:
        """The function's name."""
        function = inspect.unwrap(self.function)
        return str(getattr(function, "__qualname__", repr(function)))

    @property
    def place(self) -> str:
        """`file:line` of the function's definition; empty for one that was not written in Python."""
        code = getattr(inspect.unwrap(self.function), "__code__", None)
        return f"{code.co_filename}:{code.co_firstlineno}" if code else ""

    def __str__(self) -> str:
        return f"{self.op_name}: {self.name}" + (f" ({self.place})" if self.place else "")


def rule(op: Op, attr_key: str) -> Rule | None:
    """The rule that is registered for an operator under `attr_key`, or None."""
    if not op.has_attr(attr_key) or (packed := op.get_attr(attr_key)) is None:
        return None
    return Rule(op.name, _WRITTEN.get(packed, packed))


def rules(attr_key: str) -> list[Rule]:
    """Every rule that is registered under `attr_key`, by operator name; what an earlier cell left is among them."""
    found = (rule(Op.get(name), attr_key) for name in names())
    return [entry for entry in found if entry is not None]


def guard_rules() -> None:
    """Let `tvm.ir.register_op_attr` check the passes' rules, and remember the Python functions behind them.

    TVM would make a new operator of any misspelled name, and the rule would wait there for ever. And it keeps a rule as
    a packed function, which no longer knows where it was written. Called once, when the dialect is loaded.
    """
    theirs = tvm.ir.register_op_attr

    @functools.wraps(theirs)
    def register(op_name: str, attr_key: str, value: Any = None, level: int = 10) -> Any:
        if attr_key not in _CALLED_WITH:
            return theirs(op_name, attr_key, value, level)
        if not isinstance(op_name, str):
            raise TypeError(
                f"a rule is registered by an operator's name, not by a {type(op_name).__name__}: pass a string"
            )
        if not isinstance(level, int) or level < 1:
            raise ValueError(f"the level of a rule for {op_name} is a natural number, not {level!r}: the default is 10")
        operator(op_name)
        if value is None:
            return lambda function: register(op_name, attr_key, function, level)
        packed = _packed(op_name, attr_key, value)
        try:
            theirs(op_name, attr_key, packed, level)
        except Exception as error:
            raise ValueError(_taken(op_name, attr_key, level)) from error
        _WRITTEN.setdefault(packed, value)  # one that was read from the registry is known already
        return value

    tvm.ir.register_op_attr = tvm.ir.op.register_op_attr = register


def name_operators() -> None:
    """Let an operator of Relay show itself as `Op(nn.relu)`. Called once, when the dialect is loaded."""
    theirs = Op.__repr__

    @functools.wraps(theirs)
    def text(self: Op) -> str:
        return f"Op({self.name})" if self.name in _OPERATORS else str(theirs(self))

    Op.__repr__ = Op.__str__ = text


def _packed(op_name: str, attr_key: str, value: Any) -> tvm_ffi.Function:
    if not callable(value):
        raise TypeError(
            f"the {attr_key} of {op_name} is a function of {_CALLED_WITH[attr_key]}, not {value!r}: pass one"
        )
    return value if isinstance(value, tvm_ffi.Function) else tvm_ffi.convert(value)


def _taken(op_name: str, attr_key: str, level: int) -> str:
    return (
        f"{rule(Op.get(op_name), attr_key)} is the {attr_key} of that level ({level}) already: "
        f'call relay.op.get("{op_name}").reset_attr("{attr_key}") first, or register with a higher level'
    )


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, _OPERATORS, n=3, cutoff=0.6)
    near += [known for known in _OPERATORS if known.rpartition(".")[2] == name and known not in near]
    hint = f"did you mean {' or '.join(near)}?" if near else "relay.op.op.names() lists those it has"
    return f"Relay has no operator {name!r}: {hint}"


guard_rules()
name_operators()
