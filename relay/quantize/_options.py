"""The options of `qconfig`: the default of each, what it takes, and which of them contradict each other.

Names, defaults and meaning are those of TVM v0.16, which takes any value and fails much later, or computes with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from ..op.op import operator


@dataclass(frozen=True)
class Option:
    """An option: its default, what it takes in words, in types, and as a condition on a value of these types.

    What is kept of a value is what `kept` makes of it.
    """

    default: Any
    takes: str
    kinds: tuple[type, ...]
    allows: Callable[[Any], bool] = lambda value: True
    kept: Callable[[Any], Any] = lambda value: value


def _one_of(default: str, *others: str) -> Option:
    values = (default, *others)
    return Option(default, f"one of {', '.join(values)}", (str,), lambda value: value in values)


def _bits(default: int) -> Option:
    return Option(default, "an int from 2 to 64", (int, np.integer), lambda value: 2 <= value <= 64, int)


def _flag(default: int) -> Option:
    return Option(default, "True or False", (bool, int, np.integer, np.bool_), lambda value: value in (0, 1), int)


def _is_index(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 0)


OPTIONS: Mapping[str, Option] = MappingProxyType(
    {
        "nbit_input": _bits(8),
        "nbit_weight": _bits(8),
        "nbit_activation": _bits(32),
        "dtype_input": _one_of("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32"),
        "dtype_weight": _one_of("int8", "int16", "int32", "int64"),
        "dtype_activation": _one_of("int32", "int64", "int16"),
        "calibrate_mode": _one_of("global_scale", "kl_divergence", "percentile"),
        "global_scale": Option(
            8.0,
            "a positive number",
            (float, int, np.floating, np.integer),
            lambda value: value > 0 and math.isfinite(value),
            float,
        ),
        "weight_scale": _one_of("power2", "max"),
        "skip_dense_layer": _flag(1),
        "skip_conv_layers": Option(
            [0],
            "a list of indices, counted from 0, or None",
            (list, tuple, type(None)),
            lambda value: value is None or all(map(_is_index, value)),
            lambda value: None if value is None else [int(index) for index in value],
        ),
        "do_simulation": _flag(0),
        "round_for_shift": _flag(1),
        "debug_enabled_ops": Option(
            None,
            "a list of names of operators, or None",
            (list, tuple, type(None)),
            lambda value: value is None or all(isinstance(name, str) for name in value),
        ),
        "rounding": _one_of("UPWARD", "TONEAREST"),
        "calibrate_chunk_by": Option(
            -1,
            "a number of activations, or -1 for all",
            (int, np.integer),
            lambda value: value == -1 or value > 0,
            int,
        ),
        "partition_conversions": _one_of("disabled", "enabled", "fully_integral"),
    }
)


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """All options by name: those given, and the defaults of the others.

    Raises `TypeError` for an option that does not exist and for a value of another kind, `ValueError` for a value that
    is not allowed, also beside that of another option.
    """
    if unknown := [name for name in given if name not in OPTIONS]:
        raise TypeError(f"qconfig has no option {' or '.join(map(repr, unknown))}: it has {', '.join(OPTIONS)}")
    for name, value in given.items():
        option = OPTIONS[name]
        right_kind = isinstance(value, option.kinds)
        if not right_kind or not option.allows(value):
            error = ValueError if right_kind else TypeError
            raise error(f"{name} of qconfig cannot be {value!r}: it takes {option.takes}")
    options = {name: option.kept(given.get(name, option.default)) for name, option in OPTIONS.items()}
    for name in options["debug_enabled_ops"] or ():
        _check_operator(name)
    for kind in ("input", "weight", "activation"):
        _check_room(kind, options[f"nbit_{kind}"], options[f"dtype_{kind}"])
    _check_products(options)
    if options["do_simulation"] and options["partition_conversions"] == "fully_integral":
        raise ValueError(
            "do_simulation of qconfig leaves all in float, and partition_conversions 'fully_integral' refuses that: "
            "take 'disabled' or 'enabled', or no simulation"
        )
    return options


def _check_operator(name: str) -> None:
    try:
        operator(name)
    except ValueError as error:
        raise ValueError(f"debug_enabled_ops of qconfig has {name!r}: {error}") from None


def _check_room(kind: str, bits: int, dtype: str) -> None:
    """Refuse bits of a value that its dtype does not have."""
    if _reach(bits) > np.iinfo(dtype).max:
        wider = next(other for other in ("int16", "int32", "int64") if _reach(bits) <= np.iinfo(other).max)
        raise ValueError(
            f"nbit_{kind} of qconfig is {bits}, for which dtype_{kind} {dtype!r} has no room: "
            f"take fewer bits, or dtype_{kind}={wider!r}"
        )


def _check_products(options: Mapping[str, Any]) -> None:
    """Refuse bits of inputs and weights for whose products there is no room; a simulation has none.

    They stand in the accumulator. TONEAREST has 64 bits for one of them times a factor of 31 bits.
    """
    bits, dtype = [options[name] for name in ("nbit_input", "nbit_weight")], options["dtype_activation"]
    largest = math.prod(map(_reach, bits))
    if options["do_simulation"]:
        return
    if largest > np.iinfo(dtype).max:
        where, instead = f"dtype_activation {dtype!r}", "dtype_activation='int64'"
    elif largest > np.iinfo("int32").max and options["rounding"] == "TONEAREST":
        where, instead = "what rounding 'TONEAREST' computes", "rounding='UPWARD'"
    else:
        return
    raise ValueError(
        f"nbit_input {bits[0]} and nbit_weight {bits[1]} of qconfig leave no room for a product in {where}: "
        + ("take fewer bits" if largest > np.iinfo("int64").max else f"take fewer bits, or {instead}")
    )


def _reach(bits: int) -> int:
    """The largest magnitude of a value of that many bits, of which one is the sign."""
    return 2 ** (bits - 1) - 1
