"""A whole network in int8 compiled for ARM: every convolution over channels multiplies with `sdot`."""

from __future__ import annotations

import set_env  # noqa: F401
import tvm
from tvm import relay

from tests.backend.kernels.paths import ARM
from tests.conformance.networks import NETWORKS
from tests.conformance.pipeline import imported, tensor


def test_a_network_multiplies_with_sdot() -> None:
    network = NETWORKS["inverted_residual"]
    data = tensor(*network.named_inputs()[0][1], seed=1).numpy()
    options = {"skip_conv_layers": None, "skip_dense_layer": False, "calibrate_mode": "percentile"}
    with tvm.transform.PassContext(opt_level=3), relay.quantize.qconfig(**options):
        mod = relay.quantize.quantize(*imported(network), dataset=[{"data": data}])
    lib = relay.build(mod, ARM)
    code = str(lib.lib.imports[0].inspect_source("s"))
    direct = [row for row in lib.describe() if row.path.startswith(("direct", "packed"))]
    assert len(direct) >= 3
    for row in direct:
        assert ", sdot, " in row.path
        _, _, body = code.partition(f"\n{row.name}_compute_:\n")
        assert "\tsdot\tv" in body.partition(".cfi_endproc")[0]
