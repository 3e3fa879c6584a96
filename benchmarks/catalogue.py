"""The networks that are measured: five well-known ones at 224x224, and the book's own small ones."""

from __future__ import annotations

from tests.conformance.networks import NETWORKS
from tests.conformance.pipeline import Network
from tests.conformance.zoo import ZOO, Vgg

IMAGE = ((1, 3, 224, 224),)
KNOWN = {
    "resnet18": Network(ZOO["resnet18"].build, IMAGE),
    "resnet50": Network(ZOO["resnet50"].build, IMAGE),
    "mobilenet_v2": Network(ZOO["mobilenet_v2"].build, IMAGE),
    "squeezenet1_1": Network(ZOO["squeezenet1_1"].build, IMAGE),
    "vgg11": Network(lambda: Vgg(norm=False, hidden=4096), IMAGE),
}
SMALL = {name: NETWORKS[name] for name in ("seed", "residual", "inverted_residual", "fire", "classifier", "mlp")}
CATALOGUE = KNOWN | SMALL
