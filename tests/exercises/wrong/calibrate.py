"""Answers to the exercises of *Calibrate* that are wrong, and what the check says of each."""

import numpy as np
import set_env  # noqa: F401
import torch
from torch import nn
from tvm import relay
from tvm.relay.quantize.kl_divergence import _find_scale_by_kl

from helpers.calibration import calibrated, with_thresholds
from helpers.networks import to_relay
from helpers.scales import scales


def annotated():
    """A network of which the largest activation is its input, between 2 and 4."""
    torch.manual_seed(0)
    mod = to_relay(nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2)), 1, 2, 8, 8)
    with relay.quantize.qconfig(skip_conv_layers=None):
        return relay.quantize.annotate()(mod)


SAMPLES = [{"data": np.random.default_rng(0).normal(size=(1, 2, 8, 8)).astype("float32")}]


def reaching(threshold):
    return calibrated(annotated(), global_scale=threshold), SAMPLES


def some_reach_further():
    mod = annotated()
    numbers = [each.number for each in scales(mod) if each.of_activation]
    return with_thresholds(mod, dict(zip(numbers, (4.0, 2.0)))), SAMPLES


def the_largest(values, bits):
    return float(np.abs(values).max())


def a_percentile(values, bits):
    return float(np.quantile(np.abs(values), 0.99))


def least_divergence(values, bits):
    return _find_scale_by_kl(values)


def the_scale(values, bits):
    return float(np.abs(values).max()) / 2 ** (bits - 1)


def always_8_bits(values, bits):
    largest = float(np.abs(values).max())
    candidates = largest * np.linspace(0.02, 1.1, 200)
    return min(
        candidates,
        key=lambda each: np.square(np.round(values / each * 128).clip(-127, 127) * each / 128 - values).sum(),
    )


def only_what_is_rounded(values, bits):
    def error(each):
        inside = values[np.abs(values) <= each]
        scale = each / 2 ** (bits - 1)
        return np.square(np.round(inside / scale) * scale - inside).sum()

    return min(float(np.abs(values).max()) * np.linspace(0.02, 1.1, 200), key=error)


def least_absolute_error(values, bits):
    levels = 2 ** (bits - 1)

    def error(each):
        return np.abs(np.round(values / each * levels).clip(1 - levels, levels - 1) * each / levels - values).sum()

    return min(float(np.abs(values).max()) * np.linspace(0.02, 1.1, 200), key=error)


WRONG = {
    "nothing_cut_off": [
        (*reaching(2.0), "it is 2, and the largest magnitude"),
        (*reaching(8.0), "4 would cut nothing off either"),
        (*reaching(3.5), "it is 3.5"),
        (*some_reach_further(), "there are 2 different ones"),
        (annotated(), SAMPLES, "there are scales without a value"),
    ],
    "least_squares": [
        (the_largest, "which is at a lower threshold"),
        (a_percentile, "which is at a higher threshold"),
        (least_divergence, "which is at a lower threshold"),
        (the_scale, "which is at a higher threshold"),
        (always_8_bits, "which is at a lower threshold"),
        (only_what_is_rounded, "which is at a higher threshold"),
        (least_absolute_error, "which is at a higher threshold"),
    ],
}
