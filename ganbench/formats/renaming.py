"""What readers of other programs' StyleGAN2 share: tensors taken by name, and the mean of w."""

import math
from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganbench.checkpoints.format import MisfitError

NEARLY = 0.9  # how near a state dict with the names of such a generator is
NUM_MEAN = 4096  # latents that a mean of w is taken over


def taken(given: dict[str, Any], name: str, ndim: int | None, what: str) -> Tensor:
    """Return a tensor in float32, and take it out of those given.

    Args:
        given: tensors by name.
        name: of the one to take.
        ndim: its number of axes; None for any.
        what: the network that has it, for the message.

    Raises:
        MisfitError: it is not there, empty, or of another number of axes.
    """
    tensor = given.pop(name, None)
    if tensor is None or not tensor.numel() or ndim not in (None, tensor.ndim):
        shown = "lacks" if tensor is None else f"has as {list(tensor.shape)}"
        raise MisfitError(f"{shown} the tensor {name} of {what}", NEARLY)
    found: Tensor = tensor.float()
    return found


def mean_of_w(ours: Mapping[str, Tensor], lr_multiplier: float) -> Tensor:
    """Return the mean, over latents of a fixed seed, of what a mapping network makes of them, ``[w_dim]`` float32.

    Args:
        ours: tensors of our ``MappingNetwork`` under ``mapping.``, at least one layer.
        lr_multiplier: of its layers.

    Raises:
        MisfitError: a layer does not take what the one before it gives.
    """
    weights = [tensor for name, tensor in ours.items() if name.startswith("mapping.") and name.endswith(".weight")]
    biases = [tensor for name, tensor in ours.items() if name.startswith("mapping.") and name.endswith(".bias")]
    x = torch.randn(NUM_MEAN, weights[0].shape[1], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    x = x * (x.square().mean(1, keepdim=True) + 1e-8).rsqrt()
    for weight, bias in zip(weights, biases, strict=True):
        gain = lr_multiplier / math.sqrt(weight.shape[1])
        if x.shape[1] != weight.shape[1] or len(weight) != len(bias):
            raise MisfitError("has layers of its mapping network that do not fit one another", NEARLY)
        x = F.leaky_relu(x @ weight.double().T * gain + bias.double() * lr_multiplier, 0.2) * math.sqrt(2)
    return x.mean(0).float()
