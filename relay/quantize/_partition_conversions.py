"""A quantized network in three functions: its conversion to integers, its integers, and what comes after them.

    fn (%data) {                                 def @quantize_inputs(%data) {
      %0 = multiply(%data, 16f);                   %0 = multiply(%data, 16f); …
      %1 = clip(round(%0), …);                     let %data1 = cast(%1, dtype="int8");
      %2 = cast(%1, dtype="int8");                 (%data1,)
      %3 = nn.conv2d(%2, …);                     }
      %4 = cast(%3, dtype="float32");            def @quantized_main(%data) { nn.conv2d(%data, …) }
      multiply(%4, 0.0078125f)                   def @dequantize_outputs(%input) {
    }                                              %0 = cast(%input, dtype="float32");
                                                   multiply(%0, 0.0078125f)
                                                 }

and a `main` that calls one after the other. Microcontrollers and accelerators run the second; the others stay on the
host. As TVM v0.16 does it (`_partition_conversions.py`).
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

from tvm.ir import GlobalVar, IRModule, Op

from .. import analysis as _analysis
from ..expr import Call, Constant, Function, Let, Tuple, TupleGetItem, Var, is_operator
from ..expr_functor import children, post_order, rewrite, with_children
from ..module import main_of
from ..text import span_text
from ..transform.infer_type import infer
from ..ty import TensorType

CONVERSIONS = ("add", "cast", "clip", "multiply", "right_shift", "round")
_PARTS = ("quantize_inputs", "quantized_main", "dequantize_outputs")


def partition_conversions(mod: IRModule, quantized_dtypes: Container[str], ensure_fully_integral: bool) -> IRModule:
    """`main` of a quantized module as three functions and a `main` that calls them; `mod` stays as it is.

    `quantized_dtypes` are those of integers: the function in the middle ends with the last values that have them.

    Raises `ValueError` where `mod` has a function of one of the three names, and, where `ensure_fully_integral`, for
    operators that compute in float: it lists all of them.
    """
    func = infer(main_of(mod, "partition_conversions"), mod)
    if taken := [name for name in _PARTS if name in mod]:
        raise ValueError(f"the module has a function @{taken[0]} already: partition_conversions makes one of that name")
    prefix, rest = cut_prefix(func, mod)
    middle, suffix = cut_suffix(rest, quantized_dtypes, mod)
    if ensure_fully_integral:
        _refuse_floats(func, middle)
    return _joined(mod, func, prefix, middle, suffix)


def cut_prefix(func: Function, mod: IRModule | None = None) -> tuple[Function, Function]:
    """What the parameters go through before the first other operator, as a function to a tuple; and the rest of `func`.

    The parameters of the rest are the fields of that tuple.
    """
    sources: dict[Any, Var] = {param: param for param in func.params}
    made: dict[Any, Any] = {}
    entries: dict[Any, Var] = {}

    def entry(node: Any) -> Any:
        if node not in sources:
            return made[node]
        if node not in entries:
            entries[node] = Var(sources[node].name_hint, node.checked_type)
        return entries[node]

    for node, below in post_order(func.body):
        converts = isinstance(node, Call) and isinstance(node.op, Op) and node.op.name in CONVERSIONS
        if converts and (source := _source(below, sources)) is not None:
            sources[node] = source
        if node in sources:
            made[node] = node
            continue
        made[node] = with_children(node, [entry(child) for child in below], below)
        if isinstance(node, Call) and not converts:
            made[node] = Call(made[node].op, made[node].args, node.attrs)  # as in TVM, without its span
    body = made[func.body]
    values = {variable: node for node, variable in entries.items()}
    params = _analysis.free_vars(body)
    prefix = _prefix(func, [(param, values.get(param, param)) for param in params])
    return infer(prefix, mod), infer(Function(params, body, func.ret_type), mod)


def _source(below: Sequence[Any], sources: dict[Any, Var]) -> Var | None:
    """The parameter that a conversion converts; None where it takes what other operators compute."""
    args = [child for child in below if not isinstance(child, Constant | Op)]
    return sources[args[0]] if args and all(arg in sources for arg in args) else None


def _prefix(func: Function, outputs: Sequence[tuple[Var, Any]]) -> Function:
    """The function of `func`'s parameters to the values that the rest takes for its own."""
    lets = [(Var(param.name_hint, value.checked_type), value) for param, value in outputs if value != param]
    bound = iter([variable for variable, _ in lets])
    body: Any = Tuple([param if value == param else next(bound) for param, value in outputs])
    for variable, value in reversed(lets):
        body = Let(variable, value, body)
    return Function(func.params, body)


def cut_suffix(
    func: Function, quantized_dtypes: Container[str], mod: IRModule | None = None
) -> tuple[Function, Function]:
    """`func` up to the last values of `quantized_dtypes`, and a function from these to the result of `func`.

    Where there is more than one such value, the first function gives a tuple. Where there is none, it is all of `func`.
    """
    cuts = list(_last_quantized(func.body, quantized_dtypes))
    if not any(_is_quantized(node, quantized_dtypes) for node in cuts):
        whole = Var("input", func.body.checked_type)
        return func, infer(Function([whole], whole, func.ret_type), mod)
    params = [Var("input", node.checked_type) for node in cuts]
    body = rewrite(func.body, lambda old, new: new, dict(zip(cuts, params, strict=True)))
    middle = cuts[0] if len(cuts) == 1 else Tuple(cuts)
    return infer(Function(func.params, middle), mod), infer(Function(params, body, func.ret_type), mod)


def _last_quantized(body: Any, quantized_dtypes: Container[str]) -> Iterator[Any]:
    """The values of these dtypes on which the result depends directly, and the variables that it takes past them."""
    seen: set[Any] = set()
    stack = [body]
    while stack:
        node = stack.pop()
        if node in seen or isinstance(node, Constant | Op | GlobalVar | Function):
            continue
        seen.add(node)
        if isinstance(node, Var) or _is_quantized(node, quantized_dtypes):
            yield node
        else:
            stack.extend(reversed(children(node)))


def _is_quantized(node: Any, quantized_dtypes: Container[str]) -> bool:
    ty = node.checked_type
    return isinstance(ty, TensorType) and ty.dtype in quantized_dtypes


def _joined(mod: IRModule, func: Function, prefix: Function, middle: Function, suffix: Function) -> IRModule:
    """The three functions in a copy of `mod`, and a `main` like `func` that calls one after the other."""
    new = mod.clone()
    quantize, compute, dequantize = (GlobalVar(name) for name in _PARTS)
    for gvar, part in zip((quantize, compute, dequantize), (prefix, middle, suffix), strict=True):
        new.update_func(gvar, part)
    params = [Var(param.name_hint, param.checked_type) for param in func.params]
    inputs, outputs, result = map(Var, ("quantized_inputs", "quantized_outputs", "dequantized_outputs"))
    fields = [TupleGetItem(inputs, index) for index in range(len(middle.params))]
    results = [outputs] if len(suffix.params) == 1 else [TupleGetItem(outputs, i) for i in range(len(suffix.params))]
    body = Let(result, Call(dequantize, results), result)
    body = Let(inputs, Call(quantize, params), Let(outputs, Call(compute, fields), body))
    main = infer(Function(params, body, func.ret_type, None, func.attrs), new)
    new.update_func(new.get_global_var("main"), main)
    return new


def _refuse_floats(func: Function, middle: Function) -> None:
    """Raise `ValueError` with the operators that compute in float; conversions may, before and after the middle."""
    left = [call for call in _float_calls(func) if call.op.name not in CONVERSIONS]
    left += [call for call in _float_calls(middle) if call.op.name in CONVERSIONS]
    if left:
        made = _made_by_the_quantizer(func) | _made_by_the_quantizer(middle)
        names = ", ".join(dict.fromkeys(map(_named, [call for call in left if call not in made] or left)))
        raise ValueError(
            f"the network is not fully integral, these operators compute in float: {names}; quantize them too, "
            "or take partition_conversions='enabled'"
        )


def _float_calls(func: Function) -> Iterator[Call]:
    """The calls of operators that take or give floats, in their order."""
    for node, _ in post_order(func.body):
        if isinstance(node, Call) and isinstance(node.op, Op) and any(map(_is_float, (node, *node.args))):
            yield node


def _made_by_the_quantizer(func: Function) -> set[Any]:
    """The calls that convert to integers and back, and those that keep values apart: no operators of the network."""
    made: set[Any] = set()
    for node, _ in post_order(func.body):
        converts = _converts(node) or (_scales(node) and _converts(node.args[0]))
        if converts or is_operator(node, "annotation.stop_fusion"):
            made.add(node)
        elif is_operator(node, "clip") and is_operator(node.args[0], "round") and _scales(node.args[0].args[0]):
            made |= {node, node.args[0], node.args[0].args[0]}
    return made


def _converts(node: Any) -> bool:
    """Whether `node` is a cast from integers to floats or from floats to integers."""
    return is_operator(node, "cast") and _is_float(node) != _is_float(node.args[0])


def _scales(node: Any) -> bool:
    """Whether `node` is a product with a number."""
    return is_operator(node, "multiply") and isinstance(node.args[1], Constant) and node.args[1].value().ndim == 0


def _is_float(node: Any) -> bool:
    ty = node.checked_type
    return isinstance(ty, TensorType) and "float" in ty.dtype


def _named(call: Call) -> str:
    return call.op.name + (f" at {span_text(call.span)}" if call.span is not None else "")
