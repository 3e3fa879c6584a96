"""Post-dominators, against the definition: take a node away, and nothing gets out any more."""

from types import SimpleNamespace

import numpy as np
import pytest
import set_env  # noqa: F401
from tvm import relay
from tvm.relay.op.op import OpPattern
from tvm.relay.transform.infer_type import infer
from tvm.relay.transform.post_dominators import NOWHERE, DataflowGraph, DataflowNode, PostDominatorTree

KINDS = [OpPattern.ELEMWISE, OpPattern.BROADCAST, OpPattern.INJECTIVE, OpPattern.COMM_REDUCE]


def random_graph(seed, size=24):
    """Each node is used by up to three later ones, and escapes now and then."""
    rng = np.random.default_rng(seed)
    nodes = [DataflowNode(at) for at in range(size)]
    reach = int(rng.integers(2, size))
    for at, node in enumerate(nodes[:-1]):
        later = rng.integers(at + 1, min(at + 1 + reach, size), size=rng.integers(1, 4))
        node.users = [(int(user), KINDS[rng.integers(len(KINDS))]) for user in later]
        node.escapes = bool(rng.random() < 0.05)
    nodes[-1].escapes = True
    return SimpleNamespace(nodes=nodes)


def reachable(nodes, start, without=None):
    """The nodes on the ways from `start`, which is among them; no way goes through `without`."""
    found, stack = {start}, [start]
    while stack:
        for user, _ in nodes[stack.pop()].users:
            if user != without and user not in found:
                found.add(user)
                stack.append(user)
    return found


def nearest(nodes, start):
    """The first node after `start` without which no value escapes."""
    if nodes[start].escapes:
        return NOWHERE
    for at in sorted(reachable(nodes, start) - {start}):
        if not any(nodes[node].escapes or not nodes[node].users for node in reachable(nodes, start, at)):
            return at
    return NOWHERE


def widest(nodes, start, end):
    """The widest pattern of use on the ways from `start` to `end`."""
    between = [at for at in reachable(nodes, start, end) if end in reachable(nodes, at)]
    return max(use for at in between for _, use in nodes[at].users)


@pytest.mark.parametrize("seed", range(30))
def test_random_graphs(seed):
    nodes = random_graph(seed).nodes
    tree = PostDominatorTree(random_graph(seed))
    for at in range(len(nodes)):
        assert tree.parent[at] == nearest(nodes, at)
        if tree.parent[at] != NOWHERE:
            assert tree.pattern[at] == widest(nodes, at, tree.parent[at])


def test_the_example_of_the_module():
    y = relay.exp(relay.var("x", shape=(4,)))
    func = infer(relay.Function([y.args[0]], relay.add(relay.tanh(y), relay.sigmoid(y))))
    graph = DataflowGraph(func)
    parent = PostDominatorTree(graph).parent
    end = graph.index[func.body]
    start = graph.index[func.body.args[0].args[0]]
    branches = [graph.index[arg] for arg in func.body.args]
    assert [parent[at] for at in (start, *branches)] == [end] * 3
    assert parent[end] == NOWHERE


def test_a_broadcast_is_elementwise_where_the_shape_is_that_of_the_result():
    x, row = relay.var("x", shape=(4, 6)), relay.var("row", shape=(6,))
    graph = DataflowGraph(infer(relay.Function([x, row], relay.add(x, row))))
    uses = {node.expr.name_hint: node.users[0][1] for node in graph.nodes if isinstance(node.expr, relay.Var)}
    assert uses == {"x": OpPattern.ELEMWISE, "row": OpPattern.BROADCAST}
