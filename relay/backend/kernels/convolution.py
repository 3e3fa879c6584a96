"""A convolution in blocks as numbers: what a kernel asks of its attributes, types and layouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...op.layout import transformed_shape
from ...op.nn.windows import DATA, pairs, sizes
from ..te.registry import dtype_of, shape_of
from .dot import GROUP
from .registry import Primitive

DTYPES = {("float32", "float32", "float32"), ("int8", "int8", "int32")}

# Below so many operations, waking the other threads takes longer than the work.
WORTH_THREADS = 200_000


@dataclass(frozen=True)
class Shape:
    """A convolution in numbers. Data `(batch, in_blocks, *image, inner)`, result `(batch, out_blocks, *result, lanes)`.

    `channels` is how many the data have: the last of the blocks may be part filling. A group of the result is made of
    a group of the data.
    """

    batch: int
    groups: int
    channels: int
    in_blocks: int
    inner: int
    out_blocks: int
    lanes: int
    image: tuple[int, int]
    result: tuple[int, int]
    kernel: tuple[int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]

    @property
    def taken(self) -> int:
        """How many blocks of the data a block of the result is made of."""
        return self.in_blocks // self.groups

    @property
    def made(self) -> int:
        """How many blocks of the result a group has."""
        return self.out_blocks // self.groups

    @property
    def is_pointwise(self) -> bool:
        """Whether each pixel is made of the one at its place: rows may then be put together."""
        ones = (1, 1)
        return self.kernel == self.strides == ones and self.image == self.result

    @property
    def operations(self) -> int:
        """How many multiplications and additions it is."""
        pixels = self.batch * self.result[0] * self.result[1]
        taps = self.kernel[0] * self.kernel[1] * self.channels // self.groups
        return 2 * pixels * taps * self.out_blocks * self.lanes

    def inside(self, axis: int, tap: int, at: int) -> bool:
        """Whether the kernel's `tap` lies inside of the image, for a pixel of the result."""
        return 0 <= self.source(axis, tap, at) < self.image[axis]

    def source(self, axis: int, tap: Any, at: Any) -> Any:
        """Where in the image the kernel's `tap` lies, for a pixel of the result."""
        return at * self.strides[axis] + tap * self.dilation[axis] - self.before[axis]


def shape_of_convolution(primitive: Primitive) -> Shape | None:
    """The numbers of a convolution of inputs of the function; None for dtypes and layouts that no kernel takes."""
    data, weight = primitive.args
    attrs, made = primitive.call.attrs, primitive.result
    dtypes = dtype_of(data), dtype_of(weight), dtype_of(made)
    if dtypes not in DTYPES or not all(arg in primitive.inputs for arg in primitive.args):
        return None
    inner, lanes = block_in(attrs.data_layout), block_in(attrs.out_layout or attrs.data_layout)
    group = GROUP if dtypes[0] == "int8" else 1
    if lanes < 2 or attrs.kernel_layout != _kernel_layout(inner, lanes, group):
        return None
    channels = transformed_shape(shape_of(data), attrs.data_layout, DATA[2])[1]
    inner = max(inner, group)
    blocks, out_blocks = -(-channels // inner), shape_of(made)[1]
    if blocks % attrs.groups or out_blocks % attrs.groups or channels // attrs.groups % inner and attrs.groups > 1:
        return None
    (top, _), (left, _) = pairs(attrs.padding, 2)
    return Shape(
        batch=shape_of(made)[0],
        groups=attrs.groups,
        channels=channels,
        in_blocks=blocks,
        inner=inner,
        out_blocks=out_blocks,
        lanes=lanes,
        image=two(shape_of(data)[2:4]),
        result=two(shape_of(made)[2:4]),
        kernel=two(attrs.kernel_size),
        strides=two(sizes(attrs.strides, 2)),
        dilation=two(sizes(attrs.dilation, 2)),
        before=(top, left),
    )


def two(values: Any) -> tuple[int, int]:
    """A height and a width as Python integers."""
    first, second = values
    return int(first), int(second)


def block_in(layout: str) -> int:
    """16 for `NCHW16c`, 1 for `NCHW`, 0 for any other layout."""
    digits = layout.removeprefix("NCHW").removesuffix("c")
    return 1 if layout == "NCHW" else int(digits) if digits.isdigit() else 0


def _kernel_layout(inner: int, lanes: int, group: int) -> str:
    """The layout whose steps lie one after another in memory, each a vector of weights."""
    steps = f"{inner // group}i" if inner > 1 else ""
    return f"OIHW{steps}{lanes}o" + (f"{group}i" if group > 1 else "")
