"""Data layouts such as `NCHW` and `NCHW4c`: which axis of a tensor means what, and how one layout becomes another.

A capital letter is a whole axis; a number and a small letter are a block of that axis, split off and moved there:
`NCHW4c` has the channels in groups of four, the group's number second and the place in the group last.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
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
class Layout:
    """A layout taken apart: one letter an axis, and the size of each block."""

    text: str
    letters: tuple[str, ...]
    blocks: dict[str, int]

    @property
    def primal(self) -> tuple[str, ...]:
        """The capital letters, in order."""
        return tuple(letter for letter in self.letters if letter.isupper())

    def whole_shape(self, shape: Sequence[int]) -> dict[str, int]:
        """The size of each whole axis of a tensor of that shape.

        Raises `TypeError` where the shape has another rank, or an axis of a block is not as long as the block.
        """
        if len(shape) != len(self.letters):
            raise TypeError(f"a tensor in the layout {self.text} has rank {len(self.letters)}, not {len(shape)}")
        sizes = dict(zip(self.letters, shape, strict=True))
        for letter, block in self.blocks.items():
            if sizes[letter] != block:
                raise TypeError(f"the layout {self.text} has blocks of {block}, and axis {letter} has {sizes[letter]}")
        return {letter: sizes[letter] * self.blocks.get(letter.lower(), 1) for letter in self.primal}

    def shape(self, whole: dict[str, int]) -> list[int]:
        """The shape of a tensor with whole axes of those sizes; the last block of an axis may be part filling."""
        return [
            self.blocks[letter] if letter.islower() else -(-whole[letter] // self.blocks.get(letter.lower(), 1))
            for letter in self.letters
        ]


@functools.cache
def parse_layout(text: str) -> Layout:
    """The layout of that name.

    Raises `TypeError` where the text is no layout: letters once each, and a block only of an axis that is there.
    """
    tokens = list(_TOKEN.finditer(text))
    letters = tuple(token[1] or token[3] for token in tokens)
    blocks = {token[3]: int(token[2]) for token in tokens if token[3]}
    spelled = "".join(token[0] for token in tokens) == text
    if not text or not spelled or len(set(letters)) < len(letters) or any(b.upper() not in letters for b in blocks):
        raise TypeError(f"{text!r} is no layout: write axes as capitals and blocks as a number and a small letter")
    if 0 in blocks.values():
        raise TypeError(f"the layout {text!r} has a block of size 0: give it its real size")
    return Layout(text, letters, blocks)


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
    order = [at for letter in new.primal for at in _places(old, letter)]
    array = array.transpose(order).reshape([whole[letter] for letter in new.primal])
    blocked: list[int] = []
    filling: list[tuple[int, int]] = []
    letters: list[str] = []
    for letter in new.primal:
        block = new.blocks.get(letter.lower())
        count = -(-whole[letter] // (block or 1))
        filling.append((0, count * (block or 1) - whole[letter]))
        blocked += [count] if block is None else [count, block]
        letters += [letter] if block is None else [letter, letter.lower()]
    if any(after for _, after in filling):
        array = np.pad(array, filling)
    return array.reshape(blocked).transpose([letters.index(letter) for letter in new.letters])


def _places(layout: Layout, letter: str) -> list[int]:
    """Where an axis and its block stand."""
    return [layout.letters.index(part) for part in (letter, letter.lower()) if part in layout.letters]


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
