"""Translation as the authors' test program does it: one image at a time, by a network in train mode.

Batch norm then has the statistics of the image alone, and dropout, the only noise of pix2pix, stays on.

Source: Isola et al. (CVPR 2017), section 3.4, and the authors' test program without its option ``--eval``.
"""

import copy
import hashlib

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.translation.networks import Generator


class ImageByImage(nn.Module):
    """A copy of a generator that translates each image by itself, whatever else is in the batch.

    Attributes:
        network: the copy, with norm and dropout of each image by itself.

    Deviation: dropout draws from a stream that is seeded by the pixels of the image, where the authors' program draws
    from a global one, so that the same image always has the same translation.
    """

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.network = copy.deepcopy(generator)
        for parent in list(self.network.modules()):
            for name, child in list(parent.named_children()):
                if isinstance(child, nn.BatchNorm2d):
                    setattr(parent, name, ImageNorm(child))
                elif isinstance(child, nn.Dropout):
                    setattr(parent, name, ImageDropout(child.p))

    def forward(self, x: Tensor) -> Tensor:
        """Return the translations of images ``[N, C, H, W]`` float32, -1..1."""
        draws = [torch.Generator().manual_seed(seed_of(image)) for image in x]
        for module in self.network.modules():
            if isinstance(module, ImageDropout):
                module.draws = draws
        images: Tensor = self.network(x)
        return images


class ImageNorm(nn.Module):
    """Batch norm with the statistics of each image by itself: instance norm, with the weights of batch norm."""

    def __init__(self, norm: nn.BatchNorm2d) -> None:
        super().__init__()
        self.weight, self.bias, self.eps = norm.weight, norm.bias, norm.eps

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, C, H, W]`` of mean and deviation as the weights say."""
        return F.instance_norm(x, weight=self.weight, bias=self.bias, eps=self.eps)


class ImageDropout(nn.Module):
    """Dropout that draws for each image from a stream of its own, in train mode and in eval mode alike.

    Attributes:
        draws: one generator for each image of the batch.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.draws: list[torch.Generator] = []

    def forward(self, x: Tensor) -> Tensor:
        """Return ``[N, C, H, W]`` with a share of ``p`` of the values set to 0, and the others raised to make up."""
        kept = torch.stack([torch.rand(x.shape[1:], generator=draws) >= self.p for draws in self.draws])
        return x * kept.to(x) / (1 - self.p)


def seed_of(image: Tensor) -> int:
    """Return a seed that depends on the pixels of an image alone."""
    content = hashlib.sha256(image.detach().cpu().contiguous().numpy().tobytes()).digest()
    return int.from_bytes(content[:8], "little") >> 1  # what torch takes has a sign
