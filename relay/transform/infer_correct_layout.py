"""Which layouts an operator can have: what `FInferCorrectLayout` says in TVM v0.16.

    nn.max_pool2d, data in NCHW16c         data NCHW16c, result NCHW16c, with layout="NCHW16c"
    mean(axis=[2, 3]), data in NCHW16c     data NCHW16c, result NC16c
    add, NCHW16c and a CHW of (64, 1, 1)   NCHW16c and NCHW16c, result NCHW16c
    nn.batch_flatten                       nothing is said: it takes the layouts that it was written for

A rule is asked twice of a call: as it was written, where the layouts of some arguments are known (`old`), and with the
layouts that its arguments have become (`new`). It gives the layouts that the call takes and makes, and its attributes
for them. Where an argument's new layout will not do, it takes the old one, and the argument is transformed back.

A layout is its text; None is one that is not known, and "" is that of a single number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..expr import Call
from ..op.layout import Layout, parse_layout
from ..op.op import OpPattern, operator
from ..op.reduce import reduced_axes
from ..ty import TensorType, TupleType

Known = str | None


@dataclass(frozen=True)
class Inferred:
    """The layouts of a call's tensors, the fields of a tuple one after another, and its attributes."""

    inputs: Sequence[str]
    outputs: Sequence[str]
    attrs: Any


@dataclass(frozen=True)
class Query:
    """A call and the layouts of its arguments: `old`, and `new` where it is asked for those."""

    call: Call
    attrs: Any
    shapes: Sequence[Sequence[int]]
    old: Sequence[Known]
    new: Sequence[str] | None

    @property
    def layouts(self) -> Sequence[Known]:
        """The new layouts, or the old ones."""
        return self.old if self.new is None else self.new

    def letters(self) -> list[str]:
        """What each axis of the first argument means, as the call was written."""
        return letters(self.old[0] or "")

    def at(self, axis: int) -> str:
        """What an axis of the first argument means."""
        return self.letters()[axis]

    def unary(self, layout: str, output: str | None = None, /, **changes: Any) -> Inferred:
        """The first argument in `layout`, others as they were; the result in `output`, or the same layout."""
        others = [known or "" for known in self.old[1:]]
        return Inferred([layout, *others], [layout if output is None else output], with_attrs(self.attrs, **changes))


Rule = Callable[[Query], Inferred | None]


def infer_correct_layout(
    call: Call, attrs: Any, types: Sequence[Any], old: Sequence[Known], new: Sequence[str] | None = None
) -> Inferred | None:
    """The layouts of a call of an operator with `attrs`, or None where nothing is known of them.

    `types` are the arguments' as the call was written; `old` and `new` have an entry for each tensor in them.
    """
    found = rule_of(call.op.name)
    if found is None:
        return None
    shapes = [tensor.concrete_shape for ty in types for tensor in tensors_in(ty)]
    return found(Query(call, attrs, shapes, old, new))


def rule_of(name: str) -> Rule | None:
    """The rule of an operator: its own, or that of all operators that work number by number."""
    if name in _RULES:
        return _RULES[name]
    known = operator(name)
    if known.pattern == OpPattern.ELEMWISE and len(known.inputs) == 1:
        return _carried
    return _broadcast if known.inputs == ("lhs", "rhs") else None


def tensors_in(ty: Any) -> Sequence[TensorType]:
    """The tensors that an argument of that type brings: one, or the fields of a tuple."""
    return list(ty.fields) if isinstance(ty, TupleType) else [ty]


def with_attrs(attrs: Any, **changes: Any) -> Any:
    """`attrs` with some of them changed; the object itself where nothing is."""
    if not changes:
        return attrs
    return type(attrs)(**{**attrs, **changes})


# layouts as texts


def parsed(layout: str) -> Layout:
    """The layout of that text, which may be empty."""
    return parse_layout(layout) if layout else Layout("", ())


def letters(layout: str) -> list[str]:
    """What each axis of a tensor in that layout means, a block in a small letter."""
    return [part.letter.lower() if part.size else part.letter for part in parsed(layout).parts]


def rank(layout: str) -> int:
    """The number of whole axes."""
    return len(parsed(layout).primal)


def is_blocked(layout: str, letter: str | None = None) -> bool:
    """Whether an axis, or any, is split into blocks."""
    return any(part.size and letter in (None, part.letter) for part in parsed(layout).parts)


def expanded(layout: str, wider: str) -> str:
    """`layout` with the whole axes before it that only the wider layout has."""
    have = parsed(layout).primal
    return "".join(letter for letter in parsed(wider).primal if letter not in have) + layout


def without(layout: str, gone: Sequence[str]) -> str:
    """`layout` without some axes and their blocks."""
    return "".join(str(part) for part in parsed(layout).parts if part.letter not in gone)


def narrowed(layout: str, old: str, shape: Sequence[int]) -> str:
    """`layout` with blocks of 1 for each axis on which a tensor of `shape`, once in the layout `old`, has no extent."""
    sizes = dict(zip(letters(old), shape, strict=True))
    parts = parsed(layout).parts
    return "".join(
        f"1{part.letter.lower()}" if part.size and sizes.get(part.letter, 1) == 1 else str(part) for part in parts
    )


# operators of one number at a time


def _carried(query: Query) -> Inferred | None:
    """Any layout; of several results, each."""
    layout = query.layouts[0]
    return None if layout is None else query.unary(layout)


def _dropout(query: Query) -> Inferred | None:
    layout = query.layouts[0]
    return None if layout is None else Inferred([layout], [layout, layout], query.attrs)


def _simulated_quantize(query: Query) -> Inferred | None:
    layout = query.layouts[0]
    return None if layout is None else Inferred([layout, "", "", ""], [layout], query.attrs)


def _broadcast(query: Query) -> Inferred | None:
    """Both take the layout of the one with more axes, the left one where they have equally many.

    As the call was written, axes meet by their places, whatever each argument calls its own.
    """
    known = _with_guess(query)
    if known is None:
        return None
    if "" in known:
        return Inferred(known, [max(known, key=rank)], query.attrs)
    if query.new is None:
        wide = known[0] if len(query.shapes[0]) >= len(query.shapes[1]) else known[1]
        beyond = (len(parsed(wide).parts) - len(shape) for shape in query.shapes)
        return Inferred([_last_axes(wide, start) for start in beyond], [wide], query.attrs)
    large = 0 if rank(known[0]) >= rank(known[1]) else 1
    small = 1 - large
    known[small] = narrowed(known[large], query.old[small] or "", query.shapes[small])
    return Inferred(known, [known[large]], query.attrs)


def _with_guess(query: Query) -> list[str] | None:
    """The layouts of both; one that is not known is the last axes of the other, where that has as many."""
    lhs, rhs = query.layouts
    if lhs is not None and rhs is not None:
        return [lhs, rhs]
    extra = len(query.shapes[0]) - len(query.shapes[1])
    if lhs is not None and extra >= 0:
        return [lhs, _last_axes(lhs, extra)]
    return [_last_axes(rhs, -extra), rhs] if rhs is not None and extra <= 0 else None


def _last_axes(layout: str, start: int) -> str:
    return "".join(str(part) for part in parsed(layout).parts[start:])


# layers


def _convolution(query: Query) -> Inferred:
    attrs = query.attrs
    return Inferred([attrs.data_layout, attrs.kernel_layout], [attrs.out_layout or attrs.data_layout], attrs)


def _winograd(query: Query) -> Inferred:
    """The weight has been transformed for it, and stays."""
    attrs = query.attrs
    weight = query.layouts[1] or attrs.kernel_layout
    return Inferred([attrs.data_layout, weight], [attrs.out_layout or attrs.data_layout], attrs)


def _dense(query: Query) -> Inferred:
    return Inferred(["NC", "NC"], ["NC"], query.attrs)


def _dense_pack(query: Query) -> Inferred:
    return Inferred(["NC", query.attrs.weight_layout], ["NC"], query.attrs)


def _pool(query: Query) -> Inferred:
    """Any layout with the spatial axes whole; one that says in which layout its result is to be stays."""
    old = query.attrs.layout
    if query.attrs.out_layout:
        return query.unary(old)
    new = old if query.new is None else query.new[0]
    spatial = set(parsed(old).primal) - {"N", "C"}
    if any(is_blocked(new, letter) or letter not in parsed(new).primal for letter in spatial):
        new = old
    return query.unary(new, layout=new)


def _upsampling(query: Query) -> Inferred:
    """Any layout with the spatial axes whole and where they were."""
    old = query.attrs.layout
    new = old if query.new is None else query.new[0]
    stay = all(letters(new).index(axis) == letters(old).index(axis) and not is_blocked(new, axis) for axis in "HW")
    layout = new if stay else old
    return query.unary(layout, layout=layout)


def _resize(query: Query) -> Inferred:
    """Any layout without blocks; one that has been given another stays."""
    old = query.attrs.layout
    follows = query.new is not None and old == query.old[0] and not is_blocked(query.new[0])
    layout = query.new[0] if query.new is not None and follows else old
    return query.unary(layout, layout=layout)


def _pad(query: Query) -> Inferred | None:
    """Any layout in which no axis that is padded is split."""
    old = query.old[0]
    if old is None or query.new is None or query.new[0] == old:
        return None if old is None else query.unary(old)
    new, width = query.new[0], dict(zip(query.letters(), query.attrs.pad_width, strict=True))
    if any(is_blocked(new, axis) and any(width[axis]) for axis in width):
        return query.unary(old)
    return query.unary(new, pad_width=[width.get(axis, (0, 0)) for axis in letters(new)])


def _normalization(outputs: int) -> Rule:
    """A normalization with parameters along one axis, which stays whole; it has the data and vectors as results."""

    def rule(query: Query) -> Inferred | None:
        layout = query.layouts[0]
        if layout is None or query.old[0] is None:
            return None
        axis = query.at(query.attrs.axis)
        if is_blocked(layout, axis):
            layout = query.old[0]
        vectors = [axis] * (len(query.old) - 1)
        results = [layout, *[axis] * (outputs - 1)]
        return Inferred([layout, *vectors], results, with_attrs(query.attrs, axis=letters(layout).index(axis)))

    return rule


def _l2_normalize(query: Query) -> Inferred | None:
    layout = query.layouts[0]
    if layout is None or query.old[0] is None or query.attrs.axis is None:
        return None
    axes = [query.at(axis) for axis in query.attrs.axis]
    if any(is_blocked(layout, axis) for axis in axes):
        layout = query.old[0]
    return query.unary(layout, axis=[letters(layout).index(axis) for axis in axes])


# reductions, other axes, parts


def _reduce(query: Query) -> Inferred | None:
    """A block is reduced with its axis; where axes stay, what is left of the block is 1."""
    layout = query.layouts[0]
    if layout is None or query.old[0] is None:
        return None
    old, attrs = query.letters(), query.attrs
    gone = [old[axis] for axis in reduced_axes(attrs, len(old))]
    named = [axis for axis in old if (axis in gone) != bool(attrs.exclude)]
    if attrs.keepdims:
        parts = parsed(layout).parts
        output = "".join(f"1{p.letter.lower()}" if p.size and p.letter in gone else str(p) for p in parts)
    else:
        output = without(layout, gone)
    if not output:
        return None
    found = query.unary(layout, output)
    if query.new is None:
        return found
    axes = [at for at, part in enumerate(parsed(layout).parts) if part.letter in named]
    return query.unary(layout, output, axis=axes)


def _variance(query: Query) -> Inferred | None:
    """The mean that is given lies as the data does."""
    found, old = _reduce(query), query.old[0]
    if found is None or old is None:
        return None
    data = found.inputs[0]
    return Inferred([data, narrowed(data, old, query.shapes[1])], found.outputs, found.attrs)


def _squeeze(query: Query) -> Inferred | None:
    """Axes that are split stay as they were."""
    layout, old = query.layouts[0], query.old[0]
    if layout is None or old is None:
        return None
    axes = query.attrs.axis
    chosen = [axis for axis, size in enumerate(query.shapes[0]) if size == 1] if axes is None else list(axes)
    gone = [query.at(axis) for axis in chosen]
    if any(is_blocked(layout, axis) for axis in gone):
        layout = old
    output = without(layout, gone)
    if not output:
        return None
    if query.new is None:
        return query.unary(layout, output)
    return query.unary(layout, output, axis=[letters(layout).index(axis) for axis in gone])


def _transpose(query: Query) -> Inferred | None:
    """Any layout without blocks; the result is what it was."""
    layout, old = query.layouts[0], query.old[0]
    if layout is None or old is None:
        return None
    order = query.letters()
    given = query.attrs.axes
    wanted = order[::-1] if given is None else [order[axis] for axis in given]
    if is_blocked(layout):
        layout = old
    axes = [letters(layout).index(axis) for axis in wanted]
    return query.unary(layout, "".join(wanted), axes=axes)


def _concatenate(query: Query) -> Inferred | None:
    """One layout for all parts, with blocks that none of them leaves part empty."""
    old = next((known for known in query.old if known is not None), None)
    if old is None:
        return None
    axis = letters(old)[query.attrs.axis]
    layout = old if query.new is None or len(set(query.new)) > 1 else query.new[0]
    block = parsed(layout).block(axis)
    if any(shape[query.attrs.axis] % block for shape in query.shapes):
        layout = old
    at = letters(layout).index(axis)
    return Inferred([layout] * len(query.old), [layout], with_attrs(query.attrs, axis=at))


def _strided_slice(query: Query) -> Inferred | None:
    """Along a split axis whole blocks, one after another."""
    old = query.old[0]
    if old is None or query.new is None or query.new[0] == old:
        return None if old is None else query.unary(old)
    new, attrs = query.new[0], query.attrs
    order = query.letters()
    chosen = order[: len(attrs.begin)] if attrs.axes is None else [order[axis] for axis in attrs.axes]
    begin, end = dict(zip(chosen, attrs.begin, strict=True)), dict(zip(chosen, attrs.end, strict=True))
    strides = dict(zip(chosen, attrs.strides)) if len(attrs.strides) > 1 else dict.fromkeys(chosen, attrs.strides[0])
    if is_blocked(new) and list(parsed(new).primal) != order:
        return query.unary(old)
    for axis in chosen:
        block = parsed(new).block(axis)
        if block > 1 and (strides.get(axis, 1) != 1 or begin[axis] % block or end[axis] % block):
            return query.unary(old)
        begin[axis], end[axis] = begin[axis] // block, end[axis] // block
    if attrs.axes is not None:
        places = [letters(new).index(axis) for axis in chosen]
        return query.unary(new, begin=list(begin.values()), end=list(end.values()), axes=places)
    if is_blocked(new):
        return query.unary(new, begin=list(begin.values()), end=list(end.values()))
    sizes = dict(zip(order, query.shapes[0], strict=True))
    target = letters(new)
    return query.unary(
        new,
        begin=[begin.get(axis, 0) for axis in target],
        end=[end.get(axis, sizes[axis]) for axis in target],
        strides=[strides.get(axis, 1) for axis in target],
    )


_PLAIN_CONVOLUTIONS = [f"conv{rank}d{kind}" for rank in (1, 2, 3) for kind in ("", "_transpose")]
_CONVOLUTIONS = [*_PLAIN_CONVOLUTIONS, "contrib_conv2d_NCHWc", "contrib_depthwise_conv2d_NCHWc"]
_SLIDING = [f"{kind}_pool{rank}d" for rank in (1, 2, 3) for kind in ("max", "avg", "adaptive_max", "adaptive_avg")]
_POOLS = [*_SLIDING, "global_max_pool2d", "global_avg_pool2d"]
_REDUCTIONS = "sum mean max min prod all any argmax argmin"

_RULES: dict[str, Rule] = {
    **{f"nn.{name}": _convolution for name in _CONVOLUTIONS},
    **{f"nn.{name}": _pool for name in _POOLS},
    **dict.fromkeys(_REDUCTIONS.split(), _reduce),
    **{f"annotation.{name}": _carried for name in ("cast_hint", "stop_fusion", "checkpoint")},
    "relay.op.annotation.simulated_quantize": _simulated_quantize,
    "nn.contrib_conv2d_winograd_without_weight_transform": _winograd,
    "nn.dense": _dense,
    "nn.contrib_dense_pack": _dense_pack,
    "nn.upsampling": _upsampling,
    "image.resize2d": _resize,
    "nn.pad": _pad,
    "nn.batch_norm": _normalization(3),
    "nn.layer_norm": _normalization(1),
    "nn.instance_norm": _normalization(1),
    "nn.l2_normalize": _l2_normalize,
    "nn.dropout": _dropout,
    "variance": _variance,
    "squeeze": _squeeze,
    "transpose": _transpose,
    "concatenate": _concatenate,
    "strided_slice": _strided_slice,
}
