"""Calibration: thresholds of weights and activations, what is read of a data set, and samples that do not fit.

The genuine texts for whole networks are in tests/golden.
"""

import math
import sys
import time
import weakref

import numpy as np
import pytest
import set_env  # noqa: F401
import tvm
from tvm import relay
from tvm.relay.expr import is_operator
from tvm.relay.expr_functor import post_order
from tvm.relay.quantize._calibrate import _find_scale_by_percentile, calibrate, collect_stats
from tvm.relay.quantize._profile import described
from tvm.relay.quantize.kl_divergence import _find_scale_by_kl, divergence, estimated_divergences, histogram

SHAPE = (1, 3, 8, 8)


def weight(*shape, seed=0):
    return relay.const(np.random.default_rng(seed).normal(size=shape).astype("float32"))


KERNEL, BIAS = weight(4, 3, 3, 3), weight(4, 1, 1, seed=1)


def network(kernel=KERNEL, bias=BIAS):
    """Two convolutions with a bias and a relu between, annotated: two activations, three weights."""
    x = relay.var("data", shape=SHAPE)
    x = relay.nn.conv2d(x, kernel, channels=4, kernel_size=(3, 3))
    x = relay.nn.relu(relay.add(x, bias))
    x = relay.nn.conv2d(x, weight(2, 4, 3, 3, seed=2), channels=2, kernel_size=(3, 3))
    return annotated(x)


def annotated(expr):
    mod = tvm.IRModule.from_expr(relay.Function(relay.analysis.free_vars(expr), expr))
    with relay.quantize.qconfig(skip_conv_layers=None, skip_dense_layer=False):
        return relay.quantize.annotate()(mod)


def samples(number=3, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    return [{"data": (scale * rng.normal(size=SHAPE)).astype("float32")} for _ in range(number)]


def calls(mod):
    """The simulated quantizations, in the order of the network."""
    name = "relay.op.annotation.simulated_quantize"
    return [node for node, _ in post_order(mod["main"]) if is_operator(node, name)]


def scales(mod, kind=None):
    return [float(c.args[1].value()) for c in calls(mod) if kind is None or c.attrs.kind == kind]


def calibrated(mod, dataset=None, **options):
    with relay.quantize.qconfig(**options):
        return calibrate(dataset)(mod)


INPUT, WEIGHT = 1, 2


def test_global_scale_is_the_threshold_of_every_activation():
    made = calibrated(network(), global_scale=4.0)
    assert scales(made, INPUT) == [4.0 / 128] * 2
    assert [param.name_hint for param in made["main"].params] == ["data"]


def test_bounds_are_symmetric_and_of_the_bits_of_the_kind():
    made = calibrated(network(), nbit_weight=4)
    bounds = [(call.attrs.kind, *(float(arg.value()) for arg in call.args[2:])) for call in calls(made)]
    assert set(bounds) == {(INPUT, -127.0, 127.0), (WEIGHT, -7.0, 7.0)}


@pytest.mark.parametrize(
    ("largest", "threshold"), [(0.7, 1.0), (1.0, 1.0), (1.01, 2.0), (0.25, 0.25), (3e-5, 2.0**-15), (2.0**29, 2.0**29)]
)
def test_power2_is_the_least_power_of_two_that_holds_the_weight(largest, threshold):
    kernel = np.zeros((4, 3, 3, 3), "float32")
    kernel[1, 1, 1, 1] = -largest
    assert scales(calibrated(network(relay.const(kernel))), WEIGHT)[0] == threshold / 128


def test_max_is_the_largest_magnitude_of_the_weight():
    made = calibrated(network(), weight_scale="max")
    assert scales(made, WEIGHT)[0] == np.abs(KERNEL.value()).max() / 128


@pytest.mark.parametrize("weight_scale", ["power2", "max"])
def test_a_weight_of_zeros_has_a_scale(weight_scale):
    """The genuine Relay takes 0 for it under "max", and its realize then bounds by NaN."""
    made = calibrated(network(bias=relay.const(np.zeros((4, 1, 1), "float32"))), weight_scale=weight_scale)
    assert scales(made, WEIGHT)[1] == 1 / 128


@pytest.mark.parametrize("mode", ["kl_divergence", "percentile"])
def test_activations_of_zeros_have_a_scale(mode):
    made = calibrated(network(), samples(scale=0.0), calibrate_mode=mode)
    assert scales(made, INPUT)[0] == 1 / 128
    assert all(scale > 0 for scale in scales(made))


def test_a_computed_kernel_is_calibrated_as_an_activation():
    """The genuine Relay raises an AssertionError."""
    x, gate = relay.var("data", shape=SHAPE), relay.var("gate", shape=(1, 3, 1, 1))
    kernel = relay.multiply(KERNEL, relay.nn.relu(gate))
    mod = annotated(relay.nn.conv2d(x, kernel, channels=4, kernel_size=(3, 3)))
    data = [{**sample, "gate": np.full((1, 3, 1, 1), 2, "float32")} for sample in samples()]
    (of_kernel,) = scales(calibrated(mod, data, calibrate_mode="percentile"), WEIGHT)
    assert of_kernel == pytest.approx(2 * np.abs(KERNEL.value()).max() / 128)


def test_percentile_is_that_of_all_values_of_all_samples():
    data = samples(5)
    every = np.concatenate([sample["data"].ravel() for sample in data])
    made = calibrated(network(), data, calibrate_mode="percentile")
    assert scales(made, INPUT)[0] == np.sort(np.abs(every))[int(every.size * 0.99999)] / 128


def test_percentile_keeps_enough_of_many_values():
    values = np.random.default_rng(0).normal(size=200_000).astype("float32")
    for percentile in (0.99999, 0.9):
        want = np.sort(np.abs(values))[int(values.size * percentile)]
        assert _find_scale_by_percentile(values, percentile) == want


def test_kl_divergence_is_that_of_all_values_of_all_samples():
    data = samples(5)
    every = np.concatenate([sample["data"].ravel() for sample in data])
    made = calibrated(network(), data, calibrate_mode="kl_divergence")
    assert scales(made, INPUT)[0] == np.float32(_find_scale_by_kl(every) / 128)


@pytest.mark.parametrize(
    ("values", "threshold"),
    [
        (lambda rng: rng.normal(size=20000), 3.7430408000946045),
        (lambda rng: np.maximum(rng.normal(size=20000), 0), 3.648662567138672),
        (lambda rng: rng.laplace(size=20000), 8.133862495422363),
        (lambda rng: np.clip(rng.normal(size=20000) * 3, 0, 6), 5.997000217437744),
        (lambda rng: rng.normal(size=256), 2.2294387817382812),
        (lambda rng: np.full(1000, 3.0), 3.0),
    ],
    ids=["normal", "relu", "laplace", "relu6", "few", "constant"],
)
def test_the_threshold_of_least_divergence_is_the_genuine_one(values, threshold):
    """The numbers are what the genuine Relay finds for the same arrays."""
    assert _find_scale_by_kl(values(np.random.RandomState(0)).astype("float32")) == threshold


@pytest.mark.parametrize("values", [np.abs, np.array, lambda x: np.clip(x, 0, 1.5), lambda x: x[:40]])
def test_divergences_estimated_at_once_are_those_found_one_by_one(values):
    array = values(np.random.default_rng(0).normal(size=5000).astype("float32"))
    counts, reaches = histogram(array, np.abs(array).max()), np.arange(127, 4001, 41)
    one_by_one = [divergence(counts, reach, 255) for reach in reaches]
    np.testing.assert_allclose(estimated_divergences(counts, reaches, 255), one_by_one, atol=5e-4)


def test_a_few_outliers_are_cut_off():
    values = np.append(np.random.default_rng(0).normal(size=10000), 40.0)
    assert 3 < _find_scale_by_kl(values.astype("float32")) < 20


def test_a_histogram_counts_every_value():
    values = np.array([-3, -1, 0, 0, 1, 2, 5], "float32")
    assert histogram(values, 2.0, 5).tolist() == [1, 1, 2, 1, 2]
    assert histogram(np.zeros(7), 0.0, 5).tolist() == [0, 0, 7, 0, 0]


@pytest.mark.parametrize("mode", ["kl_divergence", "percentile"])
@pytest.mark.parametrize("chunk_by", [1, 2, 7])
def test_chunks_change_no_threshold(mode, chunk_by):
    whole = calibrated(network(), samples(), calibrate_mode=mode)
    assert scales(calibrated(network(), samples(), calibrate_mode=mode, calibrate_chunk_by=chunk_by)) == scales(whole)


@pytest.mark.parametrize(("mode", "chunk_by"), [("kl_divergence", -1), ("percentile", -1), ("percentile", 1)])
def test_an_iterator_is_as_good_as_a_list(mode, chunk_by):
    options = {"calibrate_mode": mode, "calibrate_chunk_by": chunk_by}
    made = calibrated(network(), iter(samples()), **options)
    assert scales(made) == scales(calibrated(network(), samples(), **options))


def test_the_data_set_is_read_one_sample_at_a_time():
    alive = weakref.WeakSet()
    most = []

    class Image(dict):
        __hash__ = object.__hash__

    def images():
        for sample in samples(20):
            image = Image(data=tvm.runtime.tensor(sample["data"]))
            alive.add(image)
            most.append(len(alive))
            yield image

    made = calibrated(network(), images(), calibrate_mode="percentile")
    assert scales(made) == scales(calibrated(network(), samples(20), calibrate_mode="percentile"))
    assert len(most) == 20 and max(most) <= 3


def test_a_bar_is_for_terminals_and_notebooks(monkeypatch, capsys):
    def slow():
        for sample in samples(3):
            time.sleep(0.6)
            yield sample

    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    calibrated(network(), slow(), calibrate_mode="percentile")
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    calibrated(network(), slow(), calibrate_mode="percentile")
    assert "calibrate: values" in capsys.readouterr().err
    monkeypatch.setenv("TQDM_DISABLE", "1")
    calibrated(network(), slow(), calibrate_mode="percentile")
    assert capsys.readouterr() == ("", "")


def test_global_scale_reads_no_data():
    def never():
        raise AssertionError("read")
        yield

    calibrated(network(), never())


def test_collect_stats_gives_the_values_in_float():
    mod, data = network(), samples(2)
    (found,) = list(collect_stats(mod, data))
    assert [values.size for values in found] == [2 * 3 * 8 * 8, 2 * 4 * 6 * 6]
    np.testing.assert_array_equal(found[0], np.concatenate([sample["data"].ravel() for sample in data]))
    assert found[1].min() == 0 < found[1].max()
    assert [len(chunk) for chunk in collect_stats(mod, iter(data), chunk_by=1)] == [1, 1]


def test_a_calibrated_network_is_near_the_one_in_float():
    mod, data = network(), samples(4)
    made = calibrated(mod, data, calibrate_mode="percentile", weight_scale="max")
    x = data[0]["data"]
    bits = {"nbit_input": 24, "dtype_input": "int32", "nbit_weight": 24, "dtype_weight": "int32"}
    bits |= {"dtype_activation": "int64"}
    fine = calibrated(mod, data, calibrate_mode="percentile", weight_scale="max", **bits)
    rounded, silent = (relay.create_executor("debug", each).evaluate()(x).numpy() for each in (made, fine))
    assert 0 < np.abs(rounded - silent).max() < 0.05 * np.abs(silent).max()


def test_calibration_leaves_the_module_given_as_it_was():
    mod = network()
    before = str(mod)
    calibrated(mod, samples(), calibrate_mode="percentile")
    assert str(mod) == before


def test_a_network_with_nothing_to_round_is_calibrated_by_any_mode():
    """The genuine Relay raises a ValueError: range() arg 3 must not be zero."""
    mod = annotated(relay.exp(relay.var("data", shape=SHAPE)))
    for mode in ("global_scale", "kl_divergence", "percentile"):
        assert calls(calibrated(mod, samples(), calibrate_mode=mode)) == []


BAD = {
    "none": (None, ValueError, "calibrate_mode 'percentile' needs a data set"),
    "empty": ([], ValueError, "the data set has no samples"),
    "no iterable": (3, TypeError, "the data set is int, which is no iterable: pass a list of samples, or a generator"),
    "no mapping": ([np.zeros(SHAPE)], TypeError, "sample 0 of the data set is ndarray: make it a dict of ['data']"),
    "missing": ([*samples(1), {}], ValueError, "sample 1 of the data set has no ['data']"),
    "extra": ([{**samples(1)[0], "label": 3}], ValueError, "sample 0 of the data set has ['label']: leave it out"),
    "shape": (
        [{"data": np.zeros((3, 8, 8), "float32")}],
        ValueError,
        "'data' in sample 0 of the data set has the shape (3, 8, 8), and the network takes (1, 3, 8, 8)",
    ),
    "dtype": ([{"data": np.zeros(SHAPE, "complex64")}], TypeError, "is complex64, and the network takes float32"),
    "nan": (
        [*samples(2), {"data": np.full(SHAPE, math.nan, "float32")}],
        ValueError,
        "'data' in sample 2 of the data set holds NaN or infinity",
    ),
    "overflow": (
        [{"data": np.full(SHAPE, 3e38, "float32")}],
        ValueError,
        "sample 0 of the data set makes NaN or infinity of nn.relu",
    ),
}


@pytest.mark.parametrize(("dataset", "error", "message"), BAD.values(), ids=BAD)
def test_a_data_set_that_does_not_fit(dataset, error, message):
    mod = network()
    before = str(mod)
    with pytest.raises(error) as raised:
        calibrated(mod, dataset, calibrate_mode="percentile")
    assert message in str(raised.value)
    assert str(mod) == before


def test_a_weight_that_is_not_finite():
    with pytest.raises(ValueError, match="a weight of add holds NaN or infinity"):
        calibrated(network(bias=relay.const(np.full((4, 1, 1), np.inf, "float32"))))


def test_a_layer_has_the_name_of_the_operator_that_has_a_place():
    """What the partition puts after it has none."""
    place = relay.Span(relay.SourceName("second_layer"), 0, 0, 0, 0)
    x = relay.Call(tvm.ir.Op.get("nn.relu"), [relay.var("data", shape=SHAPE)], span=place)
    hinted = relay.annotation.stop_fusion(relay.annotation.cast_hint(x, "int8"))
    assert described(hinted) == "nn.relu at second_layer:0:0"
    assert described(relay.nn.relu(relay.var("data", shape=SHAPE, span=place))) == "nn.relu"


def test_a_chunk_of_no_activations():
    with pytest.raises(ValueError, match="chunk_by is 0: it is a number of activations, or -1 for all"):
        list(collect_stats(network(), samples(), chunk_by=0))


def test_values_without_a_threshold():
    with pytest.raises(ValueError, match="there are no values"):
        _find_scale_by_kl(np.empty(0, "float32"))
    with pytest.raises(ValueError, match="NaN or infinity"):
        _find_scale_by_kl(np.array([1.0, np.nan], "float32"))
