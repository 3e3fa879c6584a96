"""Visiting and rebuilding expressions, however deep they are."""

import time

import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.expr_functor import children, post_order, rewrite


class CallCounter(relay.ExprVisitor):
    def __init__(self):
        super().__init__()
        self.names = []

    def visit_call(self, call):
        self.names.append(call.op.name)
        super().visit_call(call)


class ReluToIdentity(relay.ExprMutator):
    def visit_call(self, call):
        made = super().visit_call(call)
        return made.args[0] if made.op == relay.op.get("nn.relu") else made


def chain(length):
    x = expr = relay.var("x", shape=(2,))
    for _ in range(length):
        expr = relay.nn.relu(expr)
    return relay.Function([x], expr)


def every_kind():
    x, y = relay.var("x", shape=(2,)), relay.var("y", shape=(2,))
    pair = relay.Tuple([relay.nn.relu(x), relay.const(1.0)])
    inner = relay.Function([y], relay.add(y, y))
    let = relay.Let(relay.var("v"), relay.TupleGetItem(pair, 0), relay.Call(inner, [x]))
    return relay.Function([x], relay.If(relay.const(True), let, relay.Call(relay.GlobalVar("g"), [x])))


def test_a_visitor_sees_a_call_before_its_arguments_and_once():
    x = relay.var("x", shape=(2,))
    shared = relay.nn.relu(x)
    counter = CallCounter()
    counter.visit(relay.add(shared, shared))
    assert counter.names == ["add", "nn.relu"]


def test_a_mutator_rebuilds_only_what_changed():
    x, y = relay.var("x", shape=(2,)), relay.var("y", shape=(2,))
    kept = relay.add(y, y)
    made = ReluToIdentity().visit(relay.add(relay.nn.relu(x), kept))
    assert made.args[0] == x
    assert made.args[1] == kept


def test_mutator_and_visitor_pass_every_kind_of_node():
    func = every_kind()
    assert relay.ExprMutator().visit(func) == func
    relay.ExprVisitor().visit(func)
    assert rewrite(func, lambda old, made: made) == func


def test_a_deep_graph_needs_no_deep_stack():
    func = chain(10_000)
    counter = CallCounter()
    counter.visit(func)
    assert len(counter.names) == 10_000
    assert ReluToIdentity().visit(func).body == func.params[0]
    assert sum(1 for _ in post_order(func)) == 10_003


def test_a_visit_looks_at_nothing_that_an_earlier_one_has_seen():
    """Node by node is linear too: it takes a tenth of a second, and half a minute if each visit walks the graph."""
    counter = CallCounter()
    start = time.perf_counter()
    for node, _ in post_order(chain(5_000)):
        counter.visit(node)
    assert len(counter.names) == 5_000
    assert time.perf_counter() - start < 5


def test_post_order_gives_arguments_first_and_each_node_once():
    func = every_kind()
    seen = []
    for node, below in post_order(func):
        assert all(child in seen for child in below)
        assert node not in seen
        seen.append(node)
    assert seen[-1] == func


def test_rewrite_keeps_sharing():
    x = relay.var("x", shape=(2,))
    shared = relay.nn.relu(x)
    made = rewrite(relay.add(shared, shared), lambda old, new: relay.add(new, new) if old == shared else new)
    assert made.args[0] == made.args[1]
    assert made.args[0].op.name == "add"


def test_what_is_no_expression_is_refused():
    with pytest.raises(TypeError, match="str is no Relay expression"):
        children("x")
    with pytest.raises(TypeError, match="ExprMutator cannot visit IRModule"):
        relay.ExprMutator().visit(tvm.IRModule())


def test_a_functor_without_a_method_says_which():
    with pytest.raises(TypeError, match="ExprFunctor meets a Var and has no method for it: define visit_var"):
        relay.ExprFunctor().visit(relay.var("x"))
