"""The text, the JSON and the structure of a module agree on what is the same and what is not."""

import numpy as np
import set_env  # noqa: F401
import tvm
from hypothesis import assume, given, note
from hypothesis import strategies as st
from tvm import relay
from tvm.relay.expr_functor import post_order, rewrite
from tvm_ffi.dataclasses import replace

from .random_networks import examples, interpreted, networks, optimized


def same(lhs, rhs):
    """Whether two modules are of one structure; the hash and both directions are asked too."""
    equal = tvm.ir.structural_equal(lhs, rhs)
    assert tvm.ir.structural_equal(rhs, lhs) == equal
    if equal:
        assert tvm.ir.structural_hash(lhs) == tvm.ir.structural_hash(rhs)
    return equal


def calls(mod):
    return [node for node, _ in post_order(mod["main"].body) if isinstance(node, relay.Call)]


def attributes(call):
    return () if call.attrs is None else call.attrs.keys()


# Attributes that say what is computed, but not of what type it is.
OTHER = {
    "epsilon": lambda value: 2 * value,
    "alpha": lambda value: 2 * value,
    "a_min": lambda value: value - 0.5,
    "a_max": lambda value: value + 0.5,
    "count_include_pad": lambda value: not value,
    "method": lambda value: "bilinear" if value == "nearest_neighbor" else "nearest_neighbor",
    "mode": lambda value: "CRD" if value == "DCR" else "DCR",
}


def with_instead(mod, old, new):
    """The module with `new` where `old` was."""
    func = mod["main"]
    body = rewrite(func.body, lambda node, made: new if node == old else made)
    return relay.transform.InferType()(tvm.IRModule.from_expr(relay.Function(func.params, body)))


@examples(20)
@given(net=networks())
def test_json_gives_the_module_back(net):
    mod = net.module()
    note(str(mod))
    back = tvm.ir.load_json(tvm.ir.save_json(mod))
    assert same(mod, back)
    assert str(mod) == str(back)
    for new, old in zip(interpreted(back, net.inputs), interpreted(mod, net.inputs), strict=True):
        np.testing.assert_array_equal(new, old)


@examples(20)
@given(net=networks())
def test_json_gives_a_quantized_and_fused_module_back(net):
    with optimized(), relay.quantize.qconfig(skip_conv_layers=None, skip_dense_layer=False):
        mod = relay.transform.FuseOps()(relay.quantize.quantize(net.module()))
    note(str(mod))
    back = tvm.ir.load_json(tvm.ir.save_json(mod))
    assert same(mod, back)
    assert str(mod) == str(back)


@examples(15)
@given(net=networks())
def test_what_is_made_twice_is_equal_and_prints_equal(net):
    mod = net.module()
    copies = {}

    def copied(node, made):
        """Every node anew, with the parameter by another name."""
        if isinstance(node, relay.Var):
            return copies.setdefault(node, relay.Var("other", node.type_annotation))
        if isinstance(node, relay.Constant):
            return relay.Constant(node.value().copy())
        return made

    body = rewrite(mod["main"].body, copied)
    again = relay.Function([copies.get(param, param) for param in mod["main"].params], body)
    again = relay.transform.InferType()(tvm.IRModule.from_expr(again))
    assert same(mod, again)
    assert str(again) == str(mod).replace("%data", "%other")


@examples(20)
@given(net=networks(), data=st.data())
def test_another_attribute_is_another_module(net, data):
    mod = net.module()
    places = [(call, name) for call in calls(mod) for name in OTHER if name in attributes(call)]
    assume(places)
    call, name = data.draw(st.sampled_from(places))
    attrs = replace(call.attrs, **{name: OTHER[name](call.attrs[name])})
    changed = with_instead(mod, call, relay.Call(call.op, call.args, attrs, call.type_args))
    note(f"{mod}\n{changed}")
    assert not same(mod, changed)
    assert str(mod) != str(changed)


@examples(20)
@given(net=networks(), data=st.data())
def test_another_number_in_a_constant_is_another_module(net, data):
    mod = net.module()
    constants = [node for node, _ in post_order(mod["main"].body) if isinstance(node, relay.Constant)]
    assume(constants)
    constant = data.draw(st.sampled_from(constants))
    numbers = constant.value().copy()
    numbers.flat[-1] += 1
    assert not same(mod, with_instead(mod, constant, relay.Constant(numbers)))
    assert same(mod, with_instead(mod, constant, relay.Constant(constant.value().copy())))


@examples(20)
@given(net=networks(), data=st.data())
def test_another_operator_is_another_module(net, data):
    mod = net.module()
    unary = [call for call in calls(mod) if call.op.name in ("nn.relu", "sigmoid", "tanh", "erf")]
    assume(unary)
    call = data.draw(st.sampled_from(unary))
    changed = with_instead(mod, call, relay.negative(call.args[0]))
    assert not same(mod, changed)
    assert str(mod) != str(changed)
