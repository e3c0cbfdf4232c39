"""Base of the built-in extractors: one frozen network with a name, a checksum and named layers."""

import copy
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from ganbench.errors import BadInputError
from ganbench.extractors.folding import fold_normalisation
from ganbench.extractors.fused import fuse_sequences
from ganbench.images import refuse_nonfinite

CACHED = 2**16  # pixels whose maps a core's caches hold, about


class Network:
    """An extractor made of one module in eval mode; calls do not change it, so threads may share it.

    Attributes:
        name: registered name.
        sha256: of the weights.
        layers: layer name -> number of features.
        resolution: the only image size that it takes; None for any.
        stride: of the first layer, which makes all maps smaller than the images.
        module: the network, all parameters frozen.
        loaded: the network as it was given, from which every copy is made: what is fused computes in float32 alone.
    """

    layers: Mapping[str, int] = {}
    resolution: int | None = None
    stride: int = 1

    def __init__(self, name: str, sha256: str, module: nn.Module) -> None:
        self.name = name
        self.sha256 = sha256
        self.module = self.loaded = module.eval().requires_grad_(False)

    def to(self, device: str, float64: bool = False) -> Self:
        """Return a copy of the extractor on a device, in float64 or float32, with batch normalisation folded away."""
        moved, place = copy.copy(self), torch.device(device)
        moved.module = _copied(self.loaded).to(place, torch.float64 if float64 else torch.float32)
        fold_normalisation(moved.module)
        fuse_sequences(moved.module)
        return moved

    def prepared(self, images: Tensor) -> Tensor:
        """Return images as floats in 0..255, on the network's device and in its dtype.

        Raises:
            BadInputError: as for ``checked``.
            NonFiniteError: a value is NaN or infinite, or becomes so in the network's dtype.
        """
        prepared = self.checked(images).to(next(self.module.parameters()))
        # On a CPU a fused ReLU makes a number of a NaN, which would never be seen again.
        if images.is_floating_point():
            refuse_nonfinite(prepared, "image")
        return prepared

    def checked(self, images: Tensor) -> Tensor:
        """Return images as they are.

        Raises:
            BadInputError: they are not ``[N, C, H, W]`` with 1 or 3 channels, or there are none.
        """
        shape = list(images.shape) if isinstance(images, Tensor) else f"a {type(images).__name__}"
        if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[1] not in (1, 3) or not images.numel():
            raise BadInputError(
                f"expected images [N, 1 or 3, H, W] for the extractor {self.name!r}, found {shape}: "
                "give a tensor of some greyscale or RGB images."
            )
        return images

    def in_cache(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return ``[N, C, H, W]`` images in parts to be computed one after the other: on a CPU, what its caches hold.

        A large batch's maps would go to memory and back after each layer, and in new pages of it, which take time as
        well. Small ones go together: for each part, all weights are read.
        """
        if not images.is_cpu:
            return (images,)
        count = max(1, CACHED * self.stride**2 // math.prod(images.shape[2:]))
        parts: tuple[Tensor, ...] = torch.split(images, count)
        return parts


def _copied(module: nn.Module) -> nn.Module:
    """Return a copy, whose parameters are those of the original in memory until they are replaced."""
    shared = {id(p): nn.Parameter(p.data, requires_grad=False) for p in module.parameters()}
    return copy.deepcopy(module, shared)


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a PyTorch file whose checksum is known, on the CPU; no code in it is run."""
    weights: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return weights
