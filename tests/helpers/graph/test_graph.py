import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay

from helpers.graph import graph


def x(name="x", *shape):
    return relay.var(name, shape=shape or (1, 8))


def module(body):
    return tvm.IRModule.from_expr(relay.Function(relay.analysis.free_vars(body), body))


def lines(thing, **options):
    return str(graph(thing, **options)).splitlines()


def test_boxes_stand_below_what_they_read():
    branch = relay.exp(x())
    assert lines(module(relay.add(relay.nn.relu(branch), branch))) == [
        "0  %x  1×8 float32",
        "1  exp",
        "2  nn.relu",
        "3  add  ← 2, 1",
        "4  result  1×8 float32",
    ]


def test_constants_are_tucked_away_until_asked_for():
    body = relay.add(relay.nn.relu(x()), relay.const(np.ones((1, 8), "float32")))
    assert lines(module(body))[2] == "2  add  ◆"
    assert any("constant  1×8 float32" in line for line in lines(module(body), constants=True))


@pytest.mark.parametrize("thing", [3, "fn", None, relay.const(1.0)])
def test_what_is_no_graph_is_refused_in_a_sentence(thing):
    with pytest.raises(TypeError, match="graph draws a module or a function, and is given a"):
        graph(thing)
