"""Data layouts such as `NCHW` and `NCHW4c`: which axis of a tensor means what, and how one layout becomes another.

A capital letter is a whole axis; a number and a small letter are a block of that axis, split off and moved there:
`NCHW4c` has the channels in groups of four, the group's number second and the place in the group last. An axis may be
split several times, the larger part first: `OIHW4i16o4i` has the inputs in groups of 4 times 4.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..expr import Call
from ..ty import TensorType
from .attrs import Attrs, attributes
from .op import OpPattern, define
from .type_relations import tensor

__all__ = [
    "layout_transform",
]

_TOKEN = re.compile(r"([A-Z])|(\d+)([a-z])")


@dataclass(frozen=True)
class Part:
    """One axis of a tensor: the whole axis `letter` (`size` 0) or a block of it; `step` is how far one place goes."""

    letter: str
    size: int
    step: int

    def __str__(self) -> str:
        return f"{self.size}{self.letter.lower()}" if self.size else self.letter


@dataclass(frozen=True)
class Layout:
    """A layout taken apart: what each axis of a tensor is."""

    text: str
    parts: tuple[Part, ...]

    @property
    def primal(self) -> tuple[str, ...]:
        """The capital letters, in order."""
        return tuple(part.letter for part in self.parts if not part.size)

    def places(self, letter: str) -> list[int]:
        """Where the parts of an axis stand, the largest first."""
        found = [at for at, part in enumerate(self.parts) if part.letter == letter]
        return sorted(found, key=lambda at: self.parts[at].size > 0)

    def block(self, letter: str) -> int:
        """How much of an axis its blocks hold together: 1 for an axis that is not split."""
        return math.prod(part.size for part in self.parts if part.size and part.letter == letter)

    def whole_shape(self, shape: Sequence[int]) -> dict[str, int]:
        """The size of each whole axis of a tensor of that shape.

        Raises `TypeError` where the shape has another rank, or an axis of a block is not as long as the block.
        """
        if len(shape) != len(self.parts):
            raise TypeError(f"a tensor in the layout {self.text} has rank {len(self.parts)}, not {len(shape)}")
        for part, size in zip(self.parts, shape, strict=True):
            if part.size not in (0, size):
                small = part.letter.lower()
                raise TypeError(f"the layout {self.text} has blocks of {part.size}, and axis {small} has {size}")
        whole = zip(self.parts, shape, strict=True)
        return {part.letter: size * self.block(part.letter) for part, size in whole if not part.size}

    def shape(self, whole: Mapping[str, int]) -> list[int]:
        """The shape of a tensor with whole axes of those sizes; the last block of an axis may be part filling."""
        return [part.size or -(-whole[part.letter] // self.block(part.letter)) for part in self.parts]


@functools.cache
def parse_layout(text: str) -> Layout:
    """The layout of that name.

    Raises `TypeError` where the text is no layout: capitals once each, and a block only of an axis that is there.
    """
    tokens = list(_TOKEN.finditer(text))
    whole = [token[1] for token in tokens if token[1]]
    blocks = [(token[3].upper(), int(token[2])) for token in tokens if token[3]]
    spelled = "".join(token[0] for token in tokens) == text
    if not text or not spelled or len(set(whole)) < len(whole) or any(letter not in whole for letter, _ in blocks):
        raise TypeError(f"{text!r} is no layout: write axes as capitals and blocks as a number and a small letter")
    if any(size == 0 for _, size in blocks):
        raise TypeError(f"the layout {text!r} has a block of size 0: give it its real size")
    steps = dict.fromkeys(whole, 1)
    parts: list[Part] = []
    for token in reversed(tokens):
        if token[3]:
            letter, size = token[3].upper(), int(token[2])
            parts.insert(0, Part(letter, size, steps[letter]))
            steps[letter] *= size
    return Layout(text, tuple(Part(token[1], 0, steps[token[1]]) if token[1] else parts.pop(0) for token in tokens))


def transformed_shape(shape: Sequence[int], src: str, dst: str) -> list[int]:
    """The shape that a tensor has in the layout `dst`, from the shape that it has in `src`.

    Raises `TypeError` where the layouts name other axes, or the shape is none in the layout `src`.
    """
    old, new = parse_layout(src), parse_layout(dst)
    if set(old.primal) != set(new.primal):
        raise TypeError(f"the layouts {src} and {dst} do not have the same axes")
    return new.shape(old.whole_shape(shape))


def transform_layout(array: np.ndarray, src: str, dst: str) -> np.ndarray:
    """`array`, which is in the layout `src`, in the layout `dst`; a block that is not full is filled with zeros."""
    if src == dst:
        return array
    old, new = parse_layout(src), parse_layout(dst)
    whole = old.whole_shape(array.shape)
    order = [at for letter in new.primal for at in old.places(letter)]
    array = array.transpose(order).reshape([whole[letter] for letter in new.primal])
    split = new.shape(whole)
    moved = [at for letter in new.primal for at in new.places(letter)]
    full = [math.prod(split[at] for at in new.places(letter)) for letter in new.primal]
    if full != list(array.shape):
        array = np.pad(array, [(0, size - n) for size, n in zip(full, array.shape, strict=True)])
    return array.reshape([split[at] for at in moved]).transpose(np.argsort(moved))


@attributes("LayoutTransformAttrs")
class LayoutTransformAttrs(Attrs):
    """Attributes of `layout_transform`."""

    src_layout: str
    dst_layout: str


def _infer(types: Sequence[Any], attrs: LayoutTransformAttrs) -> TensorType:
    data = tensor(types[0], "the data")
    return TensorType(transformed_shape(data.concrete_shape, attrs.src_layout, attrs.dst_layout), data.dtype)


_LAYOUT_TRANSFORM = define(
    "layout_transform",
    inputs=("data",),
    attrs=LayoutTransformAttrs,
    infer=_infer,
    compute=lambda arrays, attrs: transform_layout(arrays[0], attrs.src_layout, attrs.dst_layout),
    pattern=OpPattern.INJECTIVE,
)


def layout_transform(data: Any, src_layout: str, dst_layout: str) -> Call:
    """The same tensor in another layout, such as from `NCHW` to `NHWC` or `NCHW4c`; the dtype stays.

    Both layouts have the same capital letters. A last block that is not full is filled with zeros.
    """
    return Call(_LAYOUT_TRANSFORM, [data], LayoutTransformAttrs(src_layout=src_layout, dst_layout=dst_layout))
