"""Random weights in the layouts of published networks, which keep the activations of every layer alive."""

from types import ModuleType
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from ganbench.extractors import alexnet, vgg16

TRUNKS = {vgg16: torchvision.models.vgg16, alexnet: torchvision.models.alexnet}


def inception(**options: Any) -> nn.Module:
    """Return torchvision's Inception-v3."""
    network: nn.Module = torchvision.models.Inception3(init_weights=False, **options)
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.endswith("running_var"):
                value.uniform_(0.5, 2, generator=random)
            elif name.endswith("bn.weight"):
                value.uniform_(0.8, 1.5, generator=random)
            elif value.is_floating_point():
                fan_in = value[0].numel() if value.ndim > 1 else 25
                value.normal_(0, (2 / fan_in) ** 0.5, generator=random)
    return network.eval().requires_grad_(False)


def whole_vgg16() -> dict[str, Tensor]:
    """Return weights of VGG16 that take no memory: the large matrices are windows on one row of numbers."""
    random = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        layout = torchvision.models.vgg16(init_weights=False).state_dict()
    state = {}
    for name, value in layout.items():
        shape = tuple(value.shape)
        if len(shape) == 2:
            row = torch.randn(sum(shape), generator=random) * (2 / shape[1]) ** 0.5
            state[name] = row.as_strided(shape, (1, 1))
        else:
            deviation = (2 / value[0].numel()) ** 0.5 if value.ndim > 1 else 0.1
            state[name] = torch.randn(shape, generator=random) * deviation
    return state


def convolutions(module: ModuleType) -> dict[str, Tensor]:
    """Return weights of a trunk's convolutions."""
    random = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        layout = TRUNKS[module]().state_dict()
    return {
        name: torch.randn(value.shape, generator=random) * ((2 / value[0].numel()) ** 0.5 if value.ndim > 1 else 0.1)
        for name, value in layout.items()
        if name.startswith("features.")
    }
