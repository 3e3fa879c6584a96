"""Several tensors in one, and one in several: concatenate, stack, split, grids, sums of products."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import numpy as np
from tvm.ir import Type

from ..expr import Call, Expr, Tuple, TupleWrapper
from ..ty import TensorType, TupleType
from .attrs import Attrs, attributes, integer, integers
from .op import OpPattern, define
from .type_relations import axis_of, tensor, tensors

__all__ = [
    "concatenate",
    "einsum",
    "meshgrid",
    "split",
    "stack",
]


def _fields(data: Any, name: str) -> Any:
    """The tensors to put together, as one tuple expression."""
    if isinstance(data, Expr) and not isinstance(data, Tuple):
        return data  # its type is a tuple's, and type inference will see to that
    fields = list(data)
    if not fields:
        raise ValueError(f"{name} is given no tensors: give at least one")
    return data if isinstance(data, Tuple) else Tuple(fields)


@attributes("ConcatenateAttrs")
class ConcatenateAttrs(Attrs):
    """Attributes of `concatenate`."""

    axis: int = 0


def _alike(types: Sequence[TensorType], axis: int | None, what: str) -> tuple[int, ...]:
    """The shape that all of them have, but for `axis`."""
    shape = list(types[0].concrete_shape)
    for at, ty in enumerate(types):
        other = list(ty.concrete_shape)
        if axis is not None and len(other) == len(shape):
            other[axis] = shape[axis]
        if other != shape or ty.dtype != types[0].dtype:
            raise TypeError(
                f"{what} takes tensors of one dtype and shape{'' if axis is None else f' but for axis {axis}'}"
                f", and field {at} is {ty} beside {types[0]}"
            )
    return tuple(shape)


def _concatenate_type(types: Sequence[Any], attrs: ConcatenateAttrs) -> TensorType:
    parts = tensors(types[0], "the data")
    axis = axis_of(attrs.axis, len(parts[0].shape))
    shape = list(_alike(parts, axis, "concatenate"))
    shape[axis] = sum(part.concrete_shape[axis] for part in parts)
    return TensorType(shape, parts[0].dtype)


_CONCATENATE = define(
    "concatenate",
    inputs=("data",),
    attrs=ConcatenateAttrs,
    infer=_concatenate_type,
    compute=lambda arrays, attrs: np.concatenate(arrays[0], axis=attrs.axis),
    pattern=OpPattern.INJECTIVE,
)


def concatenate(data: Any, axis: int) -> Call:
    """Tensors one after another along `axis`: a list or a tuple of them, of one dtype and of equal sizes elsewhere.

    Raises `ValueError` where there are none.
    """
    fields = _fields(data, "concatenate")
    if isinstance(fields, Tuple):
        fields = Tuple(list(fields))  # a tuple of its own, as Relay makes it: the text shows it
    return Call(_CONCATENATE, [fields], ConcatenateAttrs(axis=integer(axis, "axis")))


@attributes("StackAttrs")
class StackAttrs(Attrs):
    """Attributes of `stack`."""

    axis: int = 0


def _stack_type(types: Sequence[Any], attrs: StackAttrs) -> TensorType:
    parts = tensors(types[0], "the data")
    shape = _alike(parts, None, "stack")
    at = axis_of(attrs.axis, len(shape) + 1)
    return TensorType([*shape[:at], len(parts), *shape[at:]], parts[0].dtype)


_STACK = define(
    "stack",
    inputs=("data",),
    attrs=StackAttrs,
    infer=_stack_type,
    compute=lambda arrays, attrs: np.stack(arrays[0], axis=attrs.axis),
    pattern=OpPattern.INJECTIVE,
)


def stack(data: Any, axis: int) -> Call:
    """Tensors of one shape and dtype along a new `axis`. Raises `ValueError` where there are none."""
    return Call(_STACK, [_fields(data, "stack")], StackAttrs(axis=integer(axis, "axis")))


@attributes("SplitAttrs")
class SplitAttrs(Attrs):
    """Attributes of `split`: how many equal parts, or the indices at which a new part begins."""

    indices_or_sections: Any
    axis: int = 0


def _bounds(size: int, attrs: SplitAttrs) -> list[int]:
    """Where the parts begin, and the end."""
    sections = attrs.indices_or_sections
    if isinstance(sections, int):
        if sections < 1 or size % sections:
            raise TypeError(f"an axis of size {size} does not split into {sections} equal parts")
        return list(range(0, size + 1, size // sections)) if size else [0] * (sections + 1)
    bounds = [0, *sections, size]
    if any(begin >= end for begin, end in zip(bounds[:-1], bounds[1:], strict=True)):
        raise TypeError(f"an axis of size {size} does not split at {list(sections)}: give rising indices inside it")
    return bounds


def _split_type(types: Sequence[Any], attrs: SplitAttrs) -> TupleType:
    data = tensor(types[0], "the data")
    shape = list(data.concrete_shape)
    axis = axis_of(attrs.axis, len(shape))
    bounds = _bounds(shape[axis], attrs)
    sizes = [end - begin for begin, end in zip(bounds[:-1], bounds[1:], strict=True)]
    return TupleType([TensorType([*shape[:axis], size, *shape[axis + 1 :]], data.dtype) for size in sizes])


def _split(arrays: Sequence[np.ndarray], attrs: SplitAttrs) -> tuple[np.ndarray, ...]:
    (data,) = arrays
    return tuple(np.split(data, _bounds(data.shape[attrs.axis], attrs)[1:-1], axis=attrs.axis))


_SPLIT = define(
    "split", inputs=("data",), attrs=SplitAttrs, infer=_split_type, compute=_split, pattern=OpPattern.INJECTIVE
)


def split(data: Any, indices_or_sections: int | Sequence[int], axis: int = 0) -> TupleWrapper:
    """`data` in parts along `axis`: that many equal ones, or parts that begin at 0 and at the given indices."""
    whole = isinstance(indices_or_sections, int)
    parts = indices_or_sections if whole else integers(indices_or_sections, "indices_or_sections")
    count = parts if isinstance(parts, int) else len(parts) + 1
    attrs = SplitAttrs(indices_or_sections=parts, axis=integer(axis, "axis"))
    return TupleWrapper(Call(_SPLIT, [data], attrs), count)


@attributes("MeshgridAttrs")
class MeshgridAttrs(Attrs):
    """Attributes of `meshgrid`: with `xy` the first two axes change places."""

    indexing: str = "ij"


def _meshgrid_type(types: Sequence[Any], attrs: MeshgridAttrs) -> TupleType:
    parts = tensors(types[0], "the data")
    if any(len(part.shape) > 1 or part.dtype != parts[0].dtype for part in parts):
        raise TypeError(f"meshgrid takes tensors of one dtype and of rank 1, not {', '.join(map(str, parts))}")
    sizes = [part.shape[0] if len(part.shape) else 1 for part in parts]
    if attrs.indexing == "xy" and len(sizes) > 1:
        sizes[:2] = sizes[1], sizes[0]
    return TupleType([TensorType(sizes, parts[0].dtype)] * len(parts))


_MESHGRID = define(
    "meshgrid",
    inputs=("data",),
    attrs=MeshgridAttrs,
    infer=_meshgrid_type,
    compute=lambda arrays, attrs: tuple(np.meshgrid(*arrays[0], indexing=attrs.indexing)),
    pattern=OpPattern.INJECTIVE,
)


def meshgrid(data: Any, indexing: str = "ij") -> TupleWrapper:
    """One grid for each tensor of rank 1 in `data`, as long along that axis as the tensor; `indexing` is "ij" or "xy".

    Raises `ValueError` for another `indexing`, and where there are no tensors.
    """
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid's indexing is 'ij' or 'xy', not {indexing!r}")
    fields = _fields(data, "meshgrid")
    if not isinstance(fields, Tuple):
        raise TypeError(f"meshgrid takes a list or a tuple of tensors, not a {type(data).__name__}")
    return TupleWrapper(Call(_MESHGRID, [fields], MeshgridAttrs(indexing=indexing)), len(fields))


@attributes("EinsumAttrs")
class EinsumAttrs(Attrs):
    """Attributes of `einsum`."""

    equation: str


def _einsum_type(types: Sequence[Any], attrs: EinsumAttrs) -> Type:
    parts = tensors(types[0], "the data")
    inputs, arrow, output = attrs.equation.replace(" ", "").partition("->")
    names, letters = inputs.split(","), inputs.replace(",", "")
    if not arrow:
        output = "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
    if not set(letters + output) <= set(string.ascii_letters) or len(names) != len(parts):
        raise TypeError(f"the equation {attrs.equation!r} does not name the axes of {len(parts)} tensors with letters")
    if not set(output) <= set(letters):
        raise TypeError(f"the equation {attrs.equation!r} gives an axis that no tensor has")
    sizes = _letter_sizes(attrs.equation, names, parts)
    return TensorType([sizes[letter] for letter in output], parts[0].dtype)


def _letter_sizes(equation: str, names: Sequence[str], parts: Sequence[TensorType]) -> dict[str, int]:
    """The size of the axis behind each letter; an axis of size 1 goes with any other."""
    sizes: dict[str, int] = {}
    for name, part in zip(names, parts, strict=True):
        if len(name) != len(part.shape) or part.dtype != parts[0].dtype:
            raise TypeError(f"{name!r} of the equation {equation!r} stands for {part}, and not of one dtype or rank")
        for letter, size in zip(name, part.concrete_shape, strict=True):
            if sizes.setdefault(letter, size) not in (size, 1) and size != 1:
                raise TypeError(f"{letter!r} of the equation {equation!r} has the sizes {sizes[letter]} and {size}")
            sizes[letter] = max(sizes[letter], size)
    return sizes


_EINSUM = define(
    "einsum",
    inputs=("data",),
    attrs=EinsumAttrs,
    infer=_einsum_type,
    compute=lambda arrays, attrs: np.asarray(np.einsum(attrs.equation, *arrays[0], optimize=True)),
    pattern=OpPattern.INJECTIVE,
)


def einsum(data: Any, equation: str) -> Call:
    """Sums of products by Einstein's convention, as `numpy.einsum`, of a list or tuple of tensors of one dtype."""
    return Call(_EINSUM, [_fields(data, "einsum")], EinsumAttrs(equation=equation))
