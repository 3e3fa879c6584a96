"""What the quantizer's first stages leave of a random network: its values, and everything but their own marks."""

import numpy as np
import set_env  # noqa: F401
import tvm
from hypothesis import given, note
from tvm import relay
from tvm.relay.expr_functor import post_order, rewrite

from .random_networks import examples, interpreted, leaves, networks, optimized

HINTS = ("annotation.cast_hint", "annotation.stop_fusion")
# Nothing that is a convolution, or a sum that may be the bias of one.
WITHOUT_REGIONS = (
    *("relu", "clip", "leaky_relu", "smooth", "difference", "larger", "chosen", "joined", "part", "there_and_back"),
    *("flatten", "tokens", "softmax", "attention", "max_pool", "avg_pool", "global_avg_pool", "pixel_shuffle", "field"),
)


def hints(mod):
    """How many marks of each kind a module has."""
    names = [node.op.name for node, _ in post_order(mod["main"].body) if isinstance(node, relay.Call)]
    return [names.count(name) for name in HINTS]


def without_hints(mod):
    def taken_out(node, made):
        return made.args[0] if isinstance(made, relay.Call) and made.op.name in HINTS else made

    func = mod["main"]
    return relay.transform.InferType()(
        tvm.IRModule.from_expr(relay.Function(func.params, rewrite(func.body, taken_out)))
    )


def prepared(net):
    with optimized():
        return relay.quantize.prerequisite_optimize(net.module())


@examples(20)
@given(net=networks())
def test_partition_adds_marks_in_pairs_and_nothing_else(net):
    mod = prepared(net)
    note(str(mod))
    partitioned = relay.quantize.partition()(mod)
    casts, stops = hints(partitioned)
    assert casts == stops
    assert tvm.ir.structural_equal(without_hints(partitioned), mod)
    for new, old in zip(interpreted(partitioned, net.inputs), interpreted(mod, net.inputs), strict=True):
        np.testing.assert_array_equal(new, old)


@examples(20)
@given(net=networks(steps=WITHOUT_REGIONS))
def test_partition_leaves_a_network_without_regions_as_it_is(net):
    mod = prepared(net)
    note(str(mod))
    assert str(relay.quantize.partition()(mod)) == str(mod)


@examples(15)
@given(net=networks())
def test_a_second_partition_adds_marks_only(net):
    """It is not the identity: as in TVM v0.16, a marked end of a region is an end of a region."""
    once = relay.quantize.partition()(prepared(net))
    note(str(once))
    twice = relay.quantize.partition()(once)
    assert tvm.ir.structural_equal(without_hints(twice), without_hints(once))
    for new, old in zip(interpreted(twice, net.inputs), interpreted(once, net.inputs), strict=True):
        np.testing.assert_array_equal(new, old)


@examples(20)
@given(net=networks())
def test_what_is_annotated_computes_the_same_where_scales_are_fine(net):
    mod = prepared(net)
    with relay.quantize.qconfig(skip_conv_layers=None, skip_dense_layer=False):
        annotated = relay.quantize.annotate()(relay.quantize.partition()(mod))
    note(str(annotated))
    fine = {"dom_scale": 2.0**-20, "clip_min": -(2.0**30), "clip_max": 2.0**30}
    given = [
        next((np.float32(number) for name, number in fine.items() if param.name_hint.startswith(name)), None)
        for param in annotated["main"].params
    ]
    given = [net.inputs["data"] if number is None else np.asarray(number) for number in given]
    result = relay.create_executor("debug", annotated).evaluate()(*given)
    for new, old in zip(leaves(result), interpreted(mod, net.inputs), strict=True):
        np.testing.assert_allclose(new, old, rtol=1e-3, atol=1e-3 * max(1.0, np.abs(old).max()))
