"""Initial weights of the networks of pix2pix and CycleGAN.

Source: the options ``--init_type`` and ``--init_gain`` of the authors' program; Zhu et al. (ICCV 2017), section 7.1,
for the usual ones; Glorot and Bengio (AISTATS 2010), He et al. (ICCV 2015), Saxe et al. (ICLR 2014) for the others.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import torch
from torch import Tensor, nn

InitType = Literal["normal", "xavier", "kaiming", "orthogonal"]
INITIALISERS: Mapping[str, Callable[[Tensor, float], Tensor]] = {
    "normal": lambda weight, gain: nn.init.normal_(weight, 0.0, gain),
    "xavier": nn.init.xavier_normal_,
    "kaiming": lambda weight, gain: nn.init.kaiming_normal_(weight, a=0, mode="fan_in"),
    "orthogonal": nn.init.orthogonal_,
}
INIT_GAIN = 0.02


@torch.no_grad()
def initialise(network: nn.Module, init_type: InitType = "normal", init_gain: float = INIT_GAIN) -> nn.Module:
    """Return the network with its weights reinitialised from torch's global generator; biases are 0.

    Args:
        network: with convolutions, and batch norms, whose weights are normal around 1.
        init_type: distribution of the convolutions' weights.
        init_gain: standard deviation of normal weights and of batch norms', factor of ``xavier`` and ``orthogonal``.
            As in the authors' program, ``kaiming`` does not use it.

    Raises:
        ValueError: the distribution is unknown.
    """
    if init_type not in INITIALISERS:
        raise ValueError(f"unknown init_type {init_type!r}: choose one of {', '.join(INITIALISERS)}.")
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, init_gain)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            INITIALISERS[init_type](module.weight, init_gain)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network
