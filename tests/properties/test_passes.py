"""No pass changes what a network computes, and none changes anything the second time."""

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from hypothesis import given, note
from tvm import relay

from .random_networks import examples, interpreted, networks, optimized

T = relay.transform


def hints_and_fusion():
    return tvm.transform.Sequential([relay.quantize.partition(), T.FuseOps(fuse_opt_level=2)])


PASSES = {
    "InferType": T.InferType,
    "SimplifyInference": T.SimplifyInference,
    "FoldConstant": T.FoldConstant,
    "BackwardFoldScaleAxis": T.BackwardFoldScaleAxis,
    "ForwardFoldScaleAxis": T.ForwardFoldScaleAxis,
    "FoldScaleAxis": T.FoldScaleAxis,
    "CanonicalizeOps": T.CanonicalizeOps,
    "CanonicalizeCast": T.CanonicalizeCast,
    "DeadCodeElimination": lambda: T.DeadCodeElimination(inline_once=True),
    "EliminateCommonSubexpr": T.EliminateCommonSubexpr,
    "SimplifyExpr": T.SimplifyExpr,
    "prerequisite_optimize": lambda: relay.quantize.prerequisite_optimize,
    "partition": relay.quantize.partition,
    "FuseOps(0)": lambda: T.FuseOps(fuse_opt_level=0),
    "FuseOps(2)": lambda: T.FuseOps(fuse_opt_level=2),
    "partition and FuseOps": hints_and_fusion,
    "FuseOps and DefuseOps": lambda: tvm.transform.Sequential([T.FuseOps(fuse_opt_level=2), T.DefuseOps()]),
}
IDEMPOTENT = [
    *("InferType", "SimplifyInference", "FoldConstant", "CanonicalizeOps", "CanonicalizeCast", "DeadCodeElimination"),
    *("EliminateCommonSubexpr", "SimplifyExpr", "FuseOps and DefuseOps"),
]


def same_values(after, before, inputs, tolerance=1e-5):
    for new, old in zip(interpreted(after, inputs), interpreted(before, inputs), strict=True):
        np.testing.assert_allclose(new, old, rtol=tolerance, atol=tolerance * max(1.0, np.abs(old).max()))


@pytest.mark.parametrize("name", PASSES)
@examples(12)
@given(net=networks())
def test_a_pass_keeps_the_value(name, net):
    mod = net.module()
    note(str(mod))
    with optimized():
        after = PASSES[name]()(mod)
    same_values(after, mod, net.inputs)
    assert tvm.ir.structural_equal(T.InferType()(after), after)


@pytest.mark.parametrize("name", IDEMPOTENT)
@examples(8)
@given(net=networks())
def test_a_pass_has_nothing_left_to_do(name, net):
    mod = net.module()
    note(str(mod))
    with optimized():
        once = PASSES[name]()(mod)
        assert str(PASSES[name]()(once)) == str(once)
