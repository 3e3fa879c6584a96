import numpy as np
import pytest
import set_env  # noqa: F401
import torch
import tvm
from torch import nn
from tvm import relay

from helpers.calibration import calibrated, histograms, integer_ranges, layer_errors, with_thresholds
from helpers.networks import run, to_relay
from helpers.scales import scale_table, scales


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    layers = nn.Conv2d(2, 4, 3, bias=False), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU(), nn.AvgPool2d(2)
    return to_relay(nn.Sequential(*layers), 1, 2, 8, 8)


@pytest.fixture(scope="module")
def annotated(network):
    with relay.quantize.qconfig(skip_conv_layers=[]):
        return relay.quantize.annotate()(relay.quantize.partition()(network))


@pytest.fixture(scope="module")
def samples():
    random = np.random.default_rng(0)
    return [{"data": random.normal(size=(1, 2, 8, 8)).astype("float32")} for _ in range(4)]


def test_scales_say_what_is_rounded_and_for_whom(annotated):
    assert [(each.value, each.reader, each.kind) for each in scales(annotated)] == [
        ("%data", "nn.conv2d", "input"),
        ("constant", "nn.conv2d", "weight"),
        ("nn.relu", "nn.conv2d", "input"),
        ("constant", "nn.conv2d", "weight"),
        ("constant", "add", "weight"),
        ("nn.relu", "nn.avg_pool2d", "input"),
    ]
    assert {each.scale for each in scales(annotated)} == {None}
    assert {each.threshold for each in scales(annotated)} == {None}


def test_scales_have_their_numbers_after_calibration(annotated):
    found = scales(calibrated(annotated, global_scale=4.0))
    assert [each.scale for each in found if each.kind == "input"] == [4 / 128] * 3
    assert {(each.low, each.high) for each in found} == {(-127, 127)}
    assert found[0].threshold == 4.0


def test_the_table_of_scales_has_one_line_each(annotated):
    assert repr(scale_table(annotated)).splitlines()[:2] == [
        "number  rounds    for            kind    scale  threshold",
        "     0  %data     nn.conv2d      input       –          –",
    ]


def test_thresholds_can_be_ones_own(annotated):
    found = scales(with_thresholds(annotated, {0: 3.0, 5: 2.0}, global_scale=4.0))
    assert [each.threshold for each in found if each.of_activation] == [3.0, 4.0, 2.0]
    assert [each for each in found if not each.of_activation] == [
        each for each in scales(calibrated(annotated)) if not each.of_activation
    ]


def test_thresholds_that_cannot_be_are_refused(annotated):
    with pytest.raises(ValueError, match=r"no activation has the number 1: they have \[0, 2, 5\]"):
        with_thresholds(annotated, {1: 3.0})
    with pytest.raises(ValueError, match="the threshold of 0: %data → nn.conv2d is 0.0: give one above zero"):
        with_thresholds(annotated, {0: 0.0})


def test_a_histogram_tells_the_threshold_and_what_is_beyond_it(annotated, samples):
    chosen = {"by hand": calibrated(annotated, global_scale=1.0)}
    drawn = histograms(annotated, samples, chosen, numbers=[0])
    ((label, name, threshold, largest, beyond),) = drawn.table.rows
    magnitudes = np.abs(np.concatenate([sample["data"] for sample in samples]))
    assert (label, name, threshold) == ("0: %data → nn.conv2d", "by hand", 1.0)
    assert largest == magnitudes.max()
    assert beyond == pytest.approx(100 * (magnitudes > 1).mean())


def test_the_error_of_the_result_is_that_of_the_two_networks(network, annotated, samples):
    mod = calibrated(annotated, samples, calibrate_mode="percentile")
    exact, rounded = (np.concatenate([run(each, sample["data"]) for sample in samples]) for each in (network, mod))
    expected = 100 * np.sqrt(np.mean((rounded - exact) ** 2) / np.mean(exact**2))
    name, here, so_far = layer_errors(mod, samples).table.rows[-1]
    assert (name, here) == ("result", None)
    assert so_far == pytest.approx(expected, rel=1e-5)
    assert so_far > 0


def test_multiples_of_the_scale_are_rounded_without_an_error(annotated):
    samples = [{"data": np.full((1, 2, 8, 8), 0.5, "float32")}]
    mod = calibrated(annotated, global_scale=8.0)
    _, here, so_far = layer_errors(mod, samples).table.rows[0]
    assert (here, so_far) == (0, 0)


def test_the_integers_end_at_the_bounds(annotated):
    data = np.zeros((1, 2, 8, 8), "float32")
    data[0, 0, 0, :4] = [-3.0, 0.24, 0.26, 0.5]
    mod = calibrated(annotated, global_scale=1.0)
    assert integer_ranges(mod, [{"data": data}]).table.rows[0] == ("0: %data → nn.conv2d", -127, 64, 100 / 128)


def test_a_drawing_takes_the_ink_of_the_page_and_is_the_same_every_time(annotated, samples):
    mod = calibrated(annotated, global_scale=4.0)
    first, second = (layer_errors(mod, samples)._repr_html_() for _ in range(2))
    assert first == second
    assert "currentColor" in first
    assert "#010203" not in first
    assert "0: %data → nn.conv2d" in first


def test_a_models_names_are_escaped():
    mod = calibrated(dense_module("<script>"))
    drawn = layer_errors(mod, [{"<script>": np.ones((1, 2), "float32")}])
    assert "<script>" in repr(drawn)
    assert "<script>" not in drawn._repr_html_()
    assert "<script>" not in scale_table(mod)._repr_html_()


def dense_module(name):
    """A network of one layer, annotated, whose input has this name."""
    data, weight = relay.var(name, shape=(1, 2)), relay.const(np.ones((2, 2), "float32"))
    with relay.quantize.qconfig(skip_dense_layer=False):
        return relay.quantize.annotate()(relay.transform.InferType()(relay_module(data, relay.nn.dense(data, weight))))


@pytest.mark.parametrize("name", ["x$_$", "$\\frac{$", "a$b$c"])
def test_a_name_is_text_and_no_formula(name):
    annotated = dense_module(name)
    mod, samples = calibrated(annotated), [{name: np.ones((1, 2), "float32")}]
    for drawn in layer_errors(mod, samples), integer_ranges(mod, samples), histograms(annotated, samples, {name: mod}):
        assert f">0: %{name} → nn.dense</text>" in drawn.svg()
    assert f">{name}: 8</text>" in drawn.svg()


def test_the_legend_has_every_name(annotated, samples):
    mod = calibrated(annotated, global_scale=1.0)
    svg = histograms(annotated, samples, {"_hidden": mod, "b": mod}, numbers=[0]).svg()
    assert ">_hidden: 1</text>" in svg and ">b: 1</text>" in svg


def relay_module(data, body):
    return tvm.IRModule.from_expr(relay.Function([data], body))


@pytest.mark.parametrize("view", [layer_errors, integer_ranges])
def test_a_module_that_is_not_calibrated_is_refused(view, annotated, samples):
    with pytest.raises(ValueError, match="scales without a value: calibrate it first"):
        view(annotated, samples)


def test_what_has_no_scales_or_samples_is_refused(annotated, samples):
    with pytest.raises(TypeError, match="int is no network"):
        scales(3)
    with pytest.raises(ValueError, match="there are no samples"):
        layer_errors(calibrated(annotated), [])
    with pytest.raises(ValueError, match="'mine' has scales without a value"):
        histograms(annotated, samples, {"mine": annotated})
    with pytest.raises(ValueError, match="no activation is rounded"):
        histograms(annotated, samples, {}, numbers=[1])
