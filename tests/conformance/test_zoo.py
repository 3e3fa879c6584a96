"""The networks of the zoo are the ones they are named after: as many parameters as published."""

import pytest
import torch

from .zoo import ZOO

PUBLISHED = {
    "lenet5": 61_706,
    "resnet18": 11_689_512,
    "resnet50": 25_557_032,
    "mobilenet_v1": 4_231_976,
    "mobilenet_v2": 3_504_872,
    "mobilenet_v3_small": 2_542_856,
    "mobilenet_v3_large": 5_483_032,
    "squeezenet1_1": 1_235_496,
    "densenet121": 7_978_856,
    "efficientnet_b0": 5_288_548,
    "inception_v3": 23_834_568,
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_has_the_published_number_of_parameters(name):
    with torch.device("meta"):
        network = ZOO[name].build()
    assert sum(p.numel() for p in network.parameters()) == PUBLISHED[name]
