"""A graph as text, for a terminal and for who reads without pictures.

        0  %data  1×3×8×8 float32
    ┃1  1  nn.conv2d  ◆
    ┃1  2  nn.relu
        3  cast_hint int8, stop_fusion
    ┃2  4  nn.conv2d  ◆

A bar and a number at the left tell the region, a diamond a constant, `→ int32` that the dtype is another one from here
on. A box reads the one above it, unless it says what else it reads.
"""

from __future__ import annotations

from helpers.graph.model import Model, Node
from helpers.graph.words import is_diamond, new_dtype


def listing(model: Model) -> str:
    """One line for each box, in an order in which each comes after those that it reads."""
    regions = [node.region for node in model.nodes if node.region is not None]
    wide, digits = len(str(max(regions, default=0) + 1)), len(str(len(model.nodes)))
    lines = []
    for at, node in enumerate(model.nodes):
        bar = "" if node.region is None else f"┃{node.region + 1}"
        margin = f"{bar:{wide + 1}}  " if regions else ""
        lines.append(f"{margin}{at:{digits}}  {_words(model, node)}{_reads(at, node)}".rstrip())
    return "\n".join([*lines, f"({model.folded})"] if model.folded else lines)


def _words(model: Model, node: Node) -> str:
    apart = "  " if node.kind in ("input", "result", "op", "scale", "constant") else ", "
    parts = [apart.join(node.lines), *node.scales, *("◆" for mark in node.marks if is_diamond(mark))]
    dtype = new_dtype(model, node) if node.kind not in ("input", "result") else ""
    return "  ".join([*parts, f"→ {dtype}"] if dtype and dtype not in parts[0] else parts)


def _reads(at: int, node: Node) -> str:
    if node.operands == [at - 1] or not node.operands:
        return ""
    return f"  ← {', '.join(map(str, node.operands))}"
