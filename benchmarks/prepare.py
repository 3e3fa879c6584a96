"""`python -m benchmarks.prepare NETWORK FOLDER`: everything that the contenders run, written into a folder.

relay_float32.so, relay_int8.so    what `relay.build` made, with what it took in facts.json
onnx_float32.onnx, onnx_int8.onnx  for ONNX Runtime; its static quantizer, a scale for each channel
input.npy, output.npy              an image, and what PyTorch makes of it

A process of its own: the most memory that it ever held is that of the builds, and it is gone before anything is timed.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .catalogue import CATALOGUE
from .worker import memory_mb

BOOK = Path(__file__).resolve().parent.parent / "book"
sys.path.insert(0, str(BOOK))
# Both quantizers see the same images.
IMAGES = 4


def prepare(name: str, folder: Path) -> None:
    """Write the files for a network. What ONNX Runtime needs is kept from one time to the next."""
    folder.mkdir(parents=True, exist_ok=True)
    network, images = seeded(name), images_for(name)
    with torch.no_grad():
        np.save(folder / "output.npy", network(images[0]).numpy())
    np.save(folder / "input.npy", images[0].numpy())
    facts = _build(name, folder)
    (folder / "facts.json").write_text(json.dumps(facts))
    if not (folder / "onnx_int8.onnx").exists():
        _export(network, images, folder)


def seeded(name: str) -> torch.nn.Module:
    """The network with the weights that it has in every process."""
    torch.manual_seed(0)
    np.random.seed(0)
    return CATALOGUE[name].build().eval().float()


def images_for(name: str) -> list[torch.Tensor]:
    """The images that a network is calibrated with; the first is what it runs on."""
    torch.manual_seed(1)
    return [torch.randn(CATALOGUE[name].inputs[0]) for _ in range(IMAGES)]


def modules(name: str) -> dict[str, Any]:
    """A network as Relay modules: `float32` and `int8`."""
    import set_env  # noqa: F401
    import tvm
    from tvm import relay

    images = images_for(name)
    shape = tuple(images[0].shape)
    with torch.no_grad():
        traced = torch.jit.trace(seeded(name), images[0]).eval()
    mod, params = relay.frontend.from_pytorch(traced, [("data", shape)], use_parser_friendly_name=True)
    with tvm.transform.PassContext(opt_level=3):
        ready = relay.quantize.prerequisite_optimize(mod, params)
        # All layers, as ONNX Runtime does; the first convolution stays in float unless told otherwise.
        with relay.quantize.qconfig(calibrate_mode="percentile", skip_conv_layers=None, skip_dense_layer=False):
            quantized = relay.quantize.quantize(mod, params, dataset=[{"data": image.numpy()} for image in images])
    return {"float32": ready, "int8": quantized}


def _build(name: str, folder: Path) -> dict[str, Any]:
    found, spent = _timed(lambda: modules(name))
    from tvm import relay

    facts: dict[str, Any] = {"multiply_adds": multiply_adds(found["float32"]["main"]), "import_and_quantize_s": spent}
    for kind, module in found.items():
        lib, facts[f"build_{kind}_s"] = _timed(lambda module=module: relay.build(module, "llvm"))
        lib.export_library(folder / f"relay_{kind}.so")
    return {**facts, "build_peak_mb": memory_mb("VmHWM")}


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    return run(), time.perf_counter() - start


def multiply_adds(func: Any) -> int:
    """How many products a function's convolutions and dense layers add up."""
    from tvm import relay

    total = 0

    def visit(node: Any) -> None:
        nonlocal total
        if isinstance(node, relay.Call) and node.op.name in ("nn.conv2d", "nn.dense"):
            weight = node.args[1].checked_type.concrete_shape
            total += int(np.prod(node.checked_type.concrete_shape)) * int(np.prod(weight[1:]))

    relay.analysis.post_order_visit(func, visit)
    return total


def _export(network: torch.nn.Module, images: list[torch.Tensor], folder: Path) -> None:
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Images(CalibrationDataReader):
        def __init__(self) -> None:
            self.left: Iterator[torch.Tensor] = iter(images)

        def get_next(self) -> dict[str, np.ndarray] | None:
            image = next(self.left, None)
            return None if image is None else {"data": image.numpy()}

    logging.disable(logging.WARNING)
    exported, ready = folder / "onnx_float32.onnx", folder / "onnx_ready.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(network, (images[0],), str(exported), input_names=["data"], dynamo=False, opset_version=17)
    quant_pre_process(str(exported), str(ready))
    quantize_static(
        *(str(ready), str(folder / "onnx_int8.onnx"), Images()),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


if __name__ == "__main__":
    prepare(sys.argv[1], Path(sys.argv[2]))
