"""What becomes of a network in the quantizer, stage by stage, under several configurations."""

from functools import partial

from .case import Case, Texts
from .engine import relay, scope, tvm
from .networks import NETWORKS
from .pipeline import Network, constants, imported, tensor

CONFIGURATIONS = {
    "default": {},
    "kl_divergence": {
        "calibrate_mode": "kl_divergence",
        "weight_scale": "max",
        "skip_conv_layers": None,
        "skip_dense_layer": False,
    },
    "percentile": {"calibrate_mode": "percentile", "weight_scale": "max"},
    "tonearest": {
        "rounding": "TONEAREST",
        "weight_scale": "max",
        "skip_conv_layers": None,
        "skip_dense_layer": False,
    },
    "simulation": {"do_simulation": True, "skip_conv_layers": [0, 1]},
    "conversions": {"partition_conversions": "enabled"},
    "conversions_of_all": {
        "partition_conversions": "enabled",
        "weight_scale": "max",
        "skip_conv_layers": None,
        "skip_dense_layer": False,
    },
}


def dataset(network: Network, samples: int = 4) -> list[dict]:
    """Seeded inputs to calibrate on."""
    inputs = network.named_inputs()
    return [
        {name: tensor(*spec, seed=10 * sample + i).numpy() for i, (name, spec) in enumerate(inputs)}
        for sample in range(samples)
    ]


def stages(network: Network, config: dict) -> Texts:
    """The text of each stage, and of `quantize` as a whole with its constants."""
    with scope(), tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**config):
        mod, params = imported(network)
        mod = tvm.IRModule.from_expr(mod["main"])
        prerequisite = relay.quantize.prerequisite_optimize(tvm.IRModule.from_expr(mod["main"]), params)
        partitioned = relay.quantize.partition()(prerequisite)
        with relay.quantize.quantize_context():
            annotated = relay.quantize.annotate()(partitioned)
            yield "annotate", str(annotated["main"])
            calibrate = tvm.transform.module_pass(
                relay.quantize.calibrate(dataset(network)), opt_level=1, name="QuantizeCalibrate"
            )
            calibrated = relay.transform.InferType()(calibrate(annotated))
            yield "calibrate", str(calibrated["main"])
            realized = relay.transform.InferType()(relay.quantize.realize()(calibrated))
            yield "realize", str(realized["main"])
        quantized = relay.quantize.quantize(mod, params, dataset(network))
        split = config.get("partition_conversions", "disabled") != "disabled"
        yield "quantize", str(quantized if split else quantized["main"])
        functions = [func for _, func in sorted(quantized.functions.items(), key=lambda item: item[0].name_hint)]
        yield "constants", "\n".join(filter(None, map(constants, functions)))


def quantized_cases() -> list[Case]:
    """A case for each configuration and network.

    But for one network with a bias of zeros: under "max", the genuine Relay makes a scale of zero of it, and zeros of
    every convolution that it is added to.
    """
    return [
        Case(f"quantized/{label}", name, partial(stages, network, config))
        for label, config in CONFIGURATIONS.items()
        for name, network in NETWORKS.items()
        if name != "inverted_residual" or config.get("weight_scale") != "max"
    ]
