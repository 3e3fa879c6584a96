"""What becomes of a network in the quantizer, stage by stage, under several configurations, and what it computes then.

`NETWORKS` go through every configuration of `CONFIGURATIONS`, a few of them through every other option (`OPTIONS`), and
two networks of the zoo through the stages as a whole.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial

import numpy as np

from . import pipeline
from .case import Case, Texts
from .engine import evaluate, relay, scope, tvm
from .networks import NETWORKS
from .pipeline import Network, constants, tensor
from .zoo import ZOO

EVERYTHING = {"skip_conv_layers": None, "skip_dense_layer": False}
SIXTEEN_BITS = {"nbit_input": 16, "dtype_input": "int16", "nbit_weight": 16, "dtype_weight": "int16"}
CONFIGURATIONS = {
    "default": {},
    "kl_divergence": {"calibrate_mode": "kl_divergence", "weight_scale": "max", **EVERYTHING},
    "percentile": {"calibrate_mode": "percentile", "weight_scale": "max"},
    "tonearest": {"rounding": "TONEAREST", "weight_scale": "max", **EVERYTHING},
    "simulation": {"do_simulation": True, "skip_conv_layers": [0, 1]},
    "conversions": {"partition_conversions": "enabled"},
    "conversions_of_all": {"partition_conversions": "enabled", "weight_scale": "max", **EVERYTHING},
}
OPTIONS = {
    "all": EVERYTHING,
    "four_bits": {"nbit_input": 4, "nbit_weight": 4, "weight_scale": "max", **EVERYTHING},
    "four_bit_weights": {"nbit_weight": 4, **EVERYTHING},
    "sixteen_bits": {**SIXTEEN_BITS, "nbit_activation": 64, "dtype_activation": "int64", **EVERYTHING},
    "sixteen_bit_inputs": {"nbit_input": 16, "dtype_input": "int16", **EVERYTHING},
    "sixteen_bit_weights": {"nbit_weight": 16, "dtype_weight": "int16", **EVERYTHING},
    "unsigned_inputs": {"dtype_input": "uint8"},
    "narrow_activations": {"nbit_activation": 24, **EVERYTHING},
    "simulation_of_all": {"do_simulation": True, **EVERYTHING},
    "round_down": {"round_for_shift": False, **EVERYTHING},
    "global_scale": {"global_scale": 3.0, **EVERYTHING},
    "tonearest_power2": {"rounding": "TONEAREST", "global_scale": 6.0, **EVERYTHING},
    "kl_power2": {"calibrate_mode": "kl_divergence", **EVERYTHING},
    "kl_by_one": {"calibrate_mode": "kl_divergence", "calibrate_chunk_by": 1, **EVERYTHING},
    "kl_tonearest": {"calibrate_mode": "kl_divergence", "rounding": "TONEAREST", "weight_scale": "max", **EVERYTHING},
    "percentile_by_two": {"calibrate_mode": "percentile", "calibrate_chunk_by": 2, "skip_conv_layers": []},
    "skip_second": {"skip_conv_layers": [1]},
    "skip_two": {"skip_conv_layers": [0, 2]},
    "skip_none_by_index": {"skip_conv_layers": [99]},
    "enabled_convolutions": {"debug_enabled_ops": ["nn.conv2d"], **EVERYTHING},
    "enabled_sums": {"debug_enabled_ops": ["nn.conv2d", "add"], **EVERYTHING},
    "fully_integral": {"partition_conversions": "fully_integral", **EVERYTHING},
}
# A threshold hangs on the data alone where no two are equally good. In MobileNetV2 some are: for its third convolution
# the divergences of 3740 and of 3769 bins are one unit in the last place of a float32 apart, and the order in which a
# convolution is summed up decides which is less. So there it is `percentile`.
ZOO_NETWORKS = {
    "default": ("resnet18", "mobilenet_v2"),
    "kl_divergence": ("resnet18",),
    "percentile": ("mobilenet_v2",),
}
ALL = {
    **CONFIGURATIONS,
    **{f"options/{label}": config for label, config in OPTIONS.items()},
    **{f"zoo/{label}": CONFIGURATIONS[label] for label in ZOO_NETWORKS},
}
FEW_NETWORKS = {name: NETWORKS[name] for name in ("seed", "residual", "fire")}


@cache
def imported(network: Network) -> "tuple[tvm.IRModule, dict]":
    """A network is imported once for all configurations: importing takes longer than most of what follows."""
    return pipeline.imported(network)


def dataset(network: Network, samples: int = 4) -> list[dict]:
    """Seeded inputs to calibrate on."""
    inputs = network.named_inputs()
    return [
        {name: tensor(*spec, seed=10 * sample + i).numpy() for i, (name, spec) in enumerate(inputs)}
        for sample in range(samples)
    ]


def sample(network: Network) -> list[np.ndarray]:
    """Inputs to run on, which are not in the data set."""
    return [tensor(*spec, seed=1 + i).numpy() for i, (_, spec) in enumerate(network.named_inputs())]


def stages(network: Network, config: dict) -> Texts:
    """The text of each stage, and of `quantize` as a whole."""
    with scope(), tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**config):
        mod, params = imported(network)
        prerequisite = relay.quantize.prerequisite_optimize(tvm.IRModule.from_expr(mod["main"]), params)
        partitioned = relay.quantize.partition()(prerequisite)
        yield "partition", str(partitioned["main"])
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
    yield from whole(network, config)


def whole(network: Network, config: dict) -> Texts:
    """The text that `quantize` gives and its constants, the text after fusion, and the output."""
    with scope(), tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**config):
        mod, params = imported(network)
        mod = tvm.IRModule.from_expr(mod["main"])
        quantized = relay.quantize.quantize(mod, params, dataset(network))
        yield "quantize", text(quantized)
        functions = [func for _, func in sorted(quantized.functions.items(), key=lambda item: item[0].name_hint)]
        yield "constants", "\n".join(filter(None, map(constants, functions)))
        yield "fuse", text(relay.transform.FuseOps()(quantized))
        yield "output", in_steps(evaluate(quantized, *sample(network)), step(mod, params, network, config))


def text(mod: "tvm.IRModule") -> str:
    """The module where it has several functions, `main` where it is alone."""
    return str(mod if len(mod.functions) > 1 else mod["main"])


def step(mod: "tvm.IRModule", params: dict, network: Network, config: dict) -> float | None:
    """One quantization step: the finest scale among the activations that are rounded last on the way to the output.

    Two programs that round one such activation apart differ by this much where it goes into the output as it is. None
    where nothing is quantized.
    """
    with relay.quantize.qconfig(**{**config, "do_simulation": True, "partition_conversions": "disabled"}):
        simulated = relay.quantize.quantize(mod, params, dataset(network))
    return min(last_scales(simulated["main"].body), default=None)


def last_scales(body: "relay.Expr") -> Iterator[float]:
    """The scales of the activations that are rounded, and not again between there and `body`."""
    seen, stack = set(), [body]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, relay.Tuple):
            stack.extend(node.fields)
        elif isinstance(node, relay.TupleGetItem):
            stack.append(node.tuple_value)
        elif isinstance(node, relay.Call) and node.op.name != "relay.op.annotation.simulated_quantize":
            stack.extend(node.args)
        elif isinstance(node, relay.Call) and not isinstance(node.args[0], relay.Constant):
            yield float(node.args[1].data.numpy())


def in_steps(output: np.ndarray, step: float | None) -> str:
    """A line with the step, and one for each row of the output, in steps; of floats, one is 1e-5 of the largest."""
    unit = step or 1e-5 * float(np.abs(output).max())
    rows = (output.astype("float64") / unit).reshape(-1, output.shape[-1])
    lines = (" ".join(f"{value:g}" for value in row) for row in rows.round(2) + 0.0)
    return "\n".join([f"step {unit:.7g}", *lines])


def is_wrong_there(label: str, name: str) -> bool:
    """Whether the genuine Relay makes something else of a network than was meant.

    Under "max", the scale of a bias of zeros is zero there, and with it every convolution that it is added to. Of two
    int8 branches of unlike scales, under TONEAREST the coarser one wraps around.
    """
    zeros = name == "inverted_residual" and ALL[label].get("weight_scale") == "max"
    return zeros or (label, name) == ("options/kl_tonearest", "fire")


def networks_of(label: str) -> dict[str, Network]:
    """The networks that are quantized in the configuration of that label; those of the zoo on small images."""
    group, _, configuration = label.rpartition("/")
    if group == "zoo":
        return {name: replace(ZOO[name], inputs=((1, 3, 32, 32),)) for name in ZOO_NETWORKS[configuration]}
    return FEW_NETWORKS if group == "options" else NETWORKS


def quantized_cases() -> list[Case]:
    """A case for each configuration and network, but for those of which the genuine Relay makes something else."""
    return [
        case(label, name, network)
        for label in ALL
        for name, network in networks_of(label).items()
        if not is_wrong_there(label, name)
    ]


def case(label: str, name: str, network: Network) -> Case:
    """The case of a network in the configuration of that label."""
    config = ALL[label]
    measured = config.get("calibrate_mode", "global_scale") != "global_scale"
    run = partial(stages if label in CONFIGURATIONS else whole, network, config)
    return Case(f"quantized/{label}", name, run, measured=measured)
