"""A network's parameters become constants of its function.

before   fn (%data, %weight) { nn.dense(%data, %weight) }      and   {"weight": array}
after    fn (%data) { nn.dense(%data, meta[relay.Constant][0]) }
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import tvm

from .expr import Constant, Function, Var, bind
from .expr_functor import post_order
from .ty import type_text


def bind_params_by_name(func: Function, params: Mapping[str, Any]) -> Function:
    """`func` with the parameters that `params` names replaced by constants; arrays and `tvm.runtime.Tensor`s are taken.

    Binding the parameters of a network a second time is no error: names that `func` does not have are passed over where
    none of `params` is left to bind.

    Raises `ValueError` for a name that `func` does not have or has twice and for another shape, `TypeError` for another
    dtype, for what is no array and where `params` is no mapping of names. Nothing is bound then.
    """
    if not isinstance(params, Mapping) or not all(isinstance(name, str) for name in params):
        raise TypeError("params maps the names of parameters to arrays: pass a dict such as {'weight': array}")
    named: dict[str, list[Var]] = {}
    for param in func.params:
        named.setdefault(param.name_hint, []).append(param)
    known = [name for name in params if name in named]
    arrays = {name: _constant(name, value) for name, value in params.items()}
    _refuse_unknown(func, named, known, arrays)
    for name in known:
        if len(named[name]) > 1:
            raise ValueError(f"{len(named[name])} parameters of the function are named %{name}: give each its own name")
        _check(name, named[name][0].type_annotation, arrays[name])
    return bind(func, {named[name][0]: arrays[name] for name in known})


def _refuse_unknown(
    func: Function, named: Mapping[str, list[Var]], known: list[str], arrays: Mapping[str, Constant]
) -> None:
    """Tell a misspelled name from one that was bound before.

    Where it was, the function has constants, nothing else is left to bind, and no parameter of a similar name and the
    same type is waiting for a value.
    """
    unknown = [name for name in arrays if name not in named]
    waiting = {name: found[0].type_annotation for name, found in named.items() if name not in arrays}
    bound_before = not known and any(isinstance(node, Constant) for node, _ in post_order(func.body))
    for name in unknown:
        array = arrays[name].data
        fitting = [other for other, ty in waiting.items() if ty is None or _fits(ty, array)]
        near = difflib.get_close_matches(name, fitting, n=3)
        if bound_before and not near:
            continue
        near = near or difflib.get_close_matches(name, named, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {_few(list(named))}"
        raise ValueError(f"params has {name!r}, and the function has no parameter of that name: {hint}")


def _constant(name: str, value: Any) -> Constant:
    try:
        return Constant(value)
    except (TypeError, ValueError, RuntimeError):  # the last is PyTorch's, of a tensor with a gradient
        raise TypeError(f"params has {type(value).__name__} for {name!r}: give it an array of numbers") from None


def _few(names: list[str], most: int = 8) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return (", ".join(names[:most]) or "none") + more


def _fits(ty: Any, array: tvm.runtime.Tensor) -> bool:
    return tuple(ty.shape) == tuple(array.shape) and ty.dtype == str(array.dtype)


def _check(name: str, ty: Any, value: Constant) -> None:
    if ty is None or _fits(ty, value.data):
        return
    shape, dtype = tuple(value.data.shape), str(value.data.dtype)
    if dtype != ty.dtype:
        raise TypeError(f"the parameter %{name} is a {type_text(ty)} and is given {dtype}: convert it to {ty.dtype}")
    raise ValueError(
        f"the parameter %{name} is a {type_text(ty)} and is given the shape {shape}: take this network's weights"
    )
