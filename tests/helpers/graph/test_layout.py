from itertools import combinations
from xml.etree import ElementTree as ET

import pytest
import set_env  # noqa: F401
from hypothesis import given, settings
from tvm import relay

from helpers.graph import graph
from helpers.graph.style import PALETTE
from tests.helpers.diff.programs import PROGRAMS, module


def chain(length):
    body = relay.var("x", shape=(1, 8))
    for at in range(length):
        body = relay.nn.relu(body) if at % 3 else relay.tanh(body)
    return relay.Function(relay.analysis.free_vars(body), body)


def ladder(length):
    """Two strands that cross at each rung: no chain in it."""
    data = relay.var("x", shape=(1, 8))
    left = right = data
    for _ in range(length):
        left, right = relay.tanh(right), relay.add(left, right)
    return relay.Function([data], relay.add(left, right))


def densely_connected(length):
    """Each step reads all that came before."""
    data = relay.var("x", shape=(1, 8))
    found = [data]
    for _ in range(length):
        found.append(relay.tanh(relay.concatenate(list(found), 1)))
    return relay.Function([data], found[-1])


def is_call(expr):
    return isinstance(expr, relay.Call)


def overlap(first, second):
    return (
        first.left < second.right
        and second.left < first.right
        and first.top < second.bottom
        and second.top < first.bottom
    )


def check(drawn):
    """No box lies over another one, each is below those that it reads, and all is in the picture."""
    layout = drawn.layout
    assert not any(overlap(first, second) for first, second in combinations(layout.boxes, 2))
    assert all(box.left >= 0 and box.right <= layout.width for box in layout.boxes)
    assert all(box.top >= 0 and box.bottom <= layout.height for box in layout.boxes)
    read = [(operand, at) for at, node in enumerate(drawn.model.nodes) for operand in node.operands]
    assert sorted((arrow.source, arrow.target) for arrow in layout.arrows) == sorted(read)
    for arrow in layout.arrows:
        source, target = layout.boxes[arrow.source], layout.boxes[arrow.target]
        assert source.bottom == arrow.start[1] <= arrow.end[1] == target.top
        assert target.left <= arrow.end[0] <= target.right
        for x, top, bottom in arrow.points:
            assert not any(box.left < x < box.right and box.top < bottom and box.bottom > top for box in layout.boxes)


@settings(max_examples=40, deadline=None)
@given(PROGRAMS)
def test_every_function_is_laid_out(program):
    drawn = graph(module(program))
    check(drawn)
    ET.fromstring(drawn.svg())
    ET.fromstring(graph(module(program), constants=True, shapes=True).svg())


@settings(max_examples=40, deadline=None)
@given(PROGRAMS)
def test_each_call_stands_in_one_box(program):
    mod = module([(head, [step for step in steps if step[0] not in ("closure", "fused")]) for head, steps in program])
    calls = []
    relay.analysis.post_order_visit(mod["main"], lambda expr: calls.append(expr) if is_call(expr) else None)
    drawn = graph(mod, constants=True).model.nodes
    assert sum(is_call(expr) for node in drawn for expr in node.exprs) == len(calls)


@pytest.mark.parametrize("func", [ladder(40), densely_connected(12)], ids=["ladder", "densely connected"])
def test_what_crosses_is_laid_out(func):
    check(graph(func))


def test_a_long_chain_is_folded_and_says_so():
    drawn = graph(chain(10_000))
    assert drawn.model.folded == "10000 of 10002 boxes are folded into 1: draw a smaller function to see all"
    assert drawn.model.nodes[1].lines == ["10000 boxes", "6666 nn.relu", "3334 tanh"]
    assert drawn.summary.startswith("10000 operators; ")
    assert str(drawn).endswith(f"({drawn.model.folded})")
    assert len(drawn.svg()) < 1_200_000


@pytest.mark.parametrize(("func", "calls"), [(ladder(1000), 2001), (densely_connected(130), 260)])
def test_what_has_no_chains_is_folded_in_the_middle(func, calls):
    drawn = graph(func)
    assert sum(len(node.exprs) for node in drawn.model.nodes if node.kind not in ("input", "tuple")) >= calls
    folded = [node for node in drawn.model.nodes if node.kind == "folded"]
    assert len(folded) == 1 and len(drawn.model.nodes) <= 1200
    assert f"are folded into {len(folded)}" in drawn.summary
    assert len(drawn.svg()) < 1_200_000


def test_what_fits_is_not_folded():
    assert not graph(chain(300)).model.folded


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first, second):
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


TEXT = {
    "ink": ["paper", "op", "work", "boundary", "scale", "region"],
    "muted": ["paper", "op", "work", "region"],
    "integer": ["paper", "region"],
    "scale-ink": ["scale"],
    "region-ink": ["region"],
}
LINES = {
    "edge": ["paper", "region"],
    "integer": ["paper", "region"],
    "op-line": ["paper", "region"],
    "work-line": ["paper", "region"],
    "scale-line": ["paper", "region", "work", "op"],
    "boundary-line": ["paper", "region"],
    "region-line": ["paper"],
}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("pairs", "least"), [(TEXT, 4.5), (LINES, 3.0)], ids=["text", "lines"])
def test_everything_stands_out_from_what_is_behind_it(theme, pairs, least):
    """As WCAG 2.2, level AA, asks."""
    for front, backs in pairs.items():
        for back in backs:
            assert contrast(PALETTE[front][theme], PALETTE[back][theme]) >= least, (front, back)
