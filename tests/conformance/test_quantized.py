"""What quantized networks compute: compiled as interpreted, and near the float network where nothing is recorded.

The genuine Relay's own outputs are in tests/golden/quantized, beside its texts.
"""

import numpy as np
import pytest
import set_env  # noqa: F401
from tvm.contrib import graph_executor

from . import golden
from .engine import evaluate, relay, tvm
from .networks import NETWORKS
from .quantized import ALL, CONFIGURATIONS, dataset, imported, is_wrong_there, networks_of, sample

IN_FLOAT_AT_THE_END = ("seed", "classifier", "mlp")


def quantized(name, config):
    with tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**config):
        return relay.quantize.quantize(*imported(NETWORKS[name]), dataset(NETWORKS[name]))


def compiled(mod, *arrays):
    with tvm.transform.PassContext(opt_level=3):
        graph = graph_executor.GraphModule(relay.build(mod, "llvm")["default"](tvm.cpu()))
    for index, array in enumerate(arrays):
        graph.set_input(index, array)
    graph.run()
    return graph.get_output(0).numpy()


@pytest.mark.parametrize("name", NETWORKS)
def test_compiled_by_default(name):
    """Bit by bit what the references compute; dense layers, which stay in float, within 1e-6 of the largest."""
    mod, arrays = quantized(name, CONFIGURATIONS["default"]), sample(NETWORKS[name])
    want = evaluate(mod, *arrays)
    tolerance = 1e-6 * np.abs(want).max() if name in IN_FLOAT_AT_THE_END else 0
    np.testing.assert_allclose(compiled(mod, *arrays), want, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", NETWORKS)
def test_compiled_integers(name):
    """The function between the conversions takes integers and gives integers, bit by bit those of the references."""
    mod = quantized(name, CONFIGURATIONS["conversions_of_all"])
    entries = relay.create_executor("debug", mod).evaluate(mod["quantize_inputs"])(*sample(NETWORKS[name]))
    integers = [entry.numpy() for entry in entries]
    main = tvm.IRModule.from_expr(mod["quantized_main"])
    got, want = compiled(main, *integers), evaluate(main, *integers)
    assert {array.dtype.name for array in (*integers, got)} <= {"int8", "int32"}
    assert got.dtype == want.dtype and np.abs(want).max() > 1
    np.testing.assert_array_equal(got, want)


# The mean error beside the mean magnitude, of what the genuine Relay refuses to quantize or to compile, and of what it
# makes something else.
ERRORS = {
    "default/squeeze_excite": 0.097,
    "kl_divergence/squeeze_excite": 0.0096,
    "kl_divergence/fire": 0.033,
    "kl_divergence/inverted_residual": 0.030,
    "percentile/squeeze_excite": 0.0080,
    "percentile/fire": 0.017,
    "percentile/inverted_residual": 0.026,
    "percentile/classifier": 0,  # there is nothing to quantize
    "percentile/mlp": 0,
    "tonearest/squeeze_excite": 0.098,
    "tonearest/inverted_residual": 0.087,
    "simulation/squeeze_excite": 0.099,
    "simulation/fire": 0.091,
    "conversions/squeeze_excite": 0.097,
    "conversions_of_all/squeeze_excite": 0.098,
    "conversions_of_all/inverted_residual": 0.087,
    "options/sixteen_bit_inputs/seed": 0.0046,
    "options/sixteen_bit_inputs/residual": 0.0048,
    "options/sixteen_bit_inputs/fire": 0.0030,
    "options/sixteen_bit_weights/seed": 0.048,
    "options/sixteen_bit_weights/residual": 0.059,
    "options/sixteen_bit_weights/fire": 0.092,
    "options/skip_second/fire": 0.093,
    "options/enabled_convolutions/seed": 0.0027,
    "options/enabled_convolutions/residual": 0.026,
    "options/enabled_convolutions/fire": 0.044,
    "options/enabled_sums/seed": 0.082,
    "options/enabled_sums/residual": 0.059,
    "options/enabled_sums/fire": 0.092,
    "options/kl_power2/fire": 0.031,
    "options/kl_by_one/fire": 0.031,
    "options/kl_tonearest/fire": 0.011,
    "options/percentile_by_two/fire": 0.016,
}
# Where there is nothing to be near to: a network that is not fully integral, and uint8 for numbers of either sign.
NOT_MEANT = {"options/fully_integral/seed", "options/unsigned_inputs/fire"}


def test_every_output_is_recorded_or_its_error_is_stated():
    labels = {(label, name) for label in ALL for name in networks_of(label)}
    refused = {(label, name) for label, name in labels if f"quantized/{label}/{name}" in golden.refused()}
    wrong = {(label, name) for label, name in labels if is_wrong_there(label, name)}
    assert {f"{label}/{name}" for label, name in refused | wrong} == {*ERRORS, *NOT_MEANT}


@pytest.mark.parametrize("label", ERRORS)
def test_error_where_the_genuine_relay_gives_nothing(label):
    configuration, _, name = label.rpartition("/")
    network = NETWORKS[name]
    want = evaluate(relay.quantize.prerequisite_optimize(*imported(network)), *sample(network))
    got = evaluate(quantized(name, ALL[configuration]), *sample(network))
    assert np.abs(got - want).mean() / np.abs(want).mean() == pytest.approx(ERRORS[label], rel=0.1, abs=1e-4)


def test_a_network_that_is_not_fully_integral():
    with pytest.raises(ValueError, match="not fully integral, these operators compute in float: squeeze at"):
        quantized("seed", ALL["options/fully_integral"])
