"""Batch normalisation inside the convolutions.

With fixed statistics, normalisation is a scale and a shift for each channel, which the convolution before it can do by
itself.
"""

import torch
from torch import nn

from ganbench.extractors.fused import can_fuse, fused


def fold_normalisation(module: nn.Module) -> None:
    """Fold batch normalisation in place and, on a CPU, fuse the ReLU after it; outputs change in their last bits.

    Args:
        module: frozen, in eval mode; parts ``conv`` and ``bn`` of the same module are followed by a ReLU.
    """
    for parent in list(module.modules()):
        for name, part in parent.named_children():
            conv, bn = (part._modules.get(name) for name in ("conv", "bn"))
            if isinstance(conv, nn.Conv2d) and isinstance(bn, nn.BatchNorm2d):
                _fold(conv, bn)
                part.bn = nn.Identity()
                if can_fuse(conv):
                    setattr(parent, name, fused(conv))


@torch.no_grad()
def _fold(conv: nn.Conv2d, bn: nn.BatchNorm2d) -> None:
    """Give a convolution without bias the scale and the shift of its normalisation, rounded once."""
    assert conv.bias is None
    assert bn.running_mean is not None
    assert bn.running_var is not None
    scale = bn.weight.double() / (bn.running_var.double() + bn.eps).sqrt()
    shift = bn.bias.double() - bn.running_mean.double() * scale
    dtype = conv.weight.dtype
    folded = (conv.weight.double() * scale[:, None, None, None]).to(dtype)
    conv.weight = nn.Parameter(folded, requires_grad=False)
    conv.bias = nn.Parameter(shift.to(dtype), requires_grad=False)
