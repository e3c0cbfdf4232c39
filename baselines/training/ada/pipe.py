"""Adaptive discriminator augmentation: random transformations of the discriminator's input.

Source: Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), section 3 for the
adaptation, appendix B and figure 23 for the pipeline.
"""

import torch
from torch import Tensor, nn

from baselines.ops import processes
from baselines.ops.processes import sum_of_all
from baselines.ops.upfirdn2d import setup_filter
from baselines.training.ada.color import colors, recolor
from baselines.training.ada.corruption import add_noise, amplified, cut_out, filter_bank, gains
from baselines.training.ada.geometry import SYM6, blits, geometry, warp
from baselines.training.ranks import WHOLE, RankSlice

__all__ = ["NONE", "PIPES", "AugmentPipe", "pipe_of"]

GROUPS = ("blit", "geom", "color", "filter", "noise", "cutout")
# Groups by the name of the pipe: each alone, and the first so many of them.
PIPES = {name: (name,) for name in GROUPS} | {"bgcfnc"[:count]: GROUPS[:count] for count in range(2, 7)}
NONE = ("", "noaug")  # names for no augmentation


class AugmentPipe(nn.Module):
    """Random transformations of images, applied with a probability that adapts to the discriminator's overfitting.

    The probability and the signs counted since its last update are buffers, so that snapshots include them.

    Args:
        name: one of ``PIPES``, such as ``bgc``.
        p: initial probability.

    Raises:
        ValueError: there is no pipe of that name.
    """

    p: Tensor
    signs: Tensor
    count: Tensor
    wavelet: Tensor
    bank: Tensor

    def __init__(self, name: str = "bgc", p: float = 0.0) -> None:
        super().__init__()
        if name not in PIPES:
            raise ValueError(f"expected augment to be one of {', '.join(PIPES)}, found {name!r}: choose one.")
        self.groups = PIPES[name]
        self.register_buffer("p", torch.tensor(float(p)))
        self.register_buffer("signs", torch.zeros([]))
        self.register_buffer("count", torch.zeros([]))
        self.register_buffer("wavelet", setup_filter(SYM6), persistent=False)
        self.register_buffer("bank", filter_bank(), persistent=False)

    def forward(self, images: Tensor, draws: torch.Generator, rows: RankSlice = WHOLE) -> Tensor:
        """Return images ``[N, C, H, W]``, -1..1, transformed at random; twice differentiable.

        Args:
            images: ``[N, C, H, W]`` with C of 1 or 3.
            draws: CPU generator for all random choices.
            rows: this process's share of the batch.
        """
        p = min(float(self.p), 1.0)
        if p == 0:
            return images
        count = rows.whole(len(images))
        images = self.moved(images, p, draws, rows)
        if "color" in self.groups:
            images = recolor(images, rows.of(colors(count, p, draws)))
        if "filter" in self.groups:
            images = amplified(images, rows.of(gains(count, p, draws)), self.bank)
        if "noise" in self.groups:
            images = add_noise(images, p, draws, rows)
        return cut_out(images, p, draws, rows) if "cutout" in self.groups else images

    def moved(self, images: Tensor, p: float, draws: torch.Generator, rows: RankSlice) -> Tensor:
        """Return images after the groups ``blit`` and ``geom``, which together take one resampling."""
        count, size = rows.whole(len(images)), (images.shape[3], images.shape[2])
        G = still = torch.eye(3, dtype=torch.float64).expand(count, 3, 3)
        if "blit" in self.groups:
            G = blits(count, size, p, draws) @ G
        if "geom" in self.groups:
            G = geometry(count, size, p, draws) @ G
        return images if torch.equal(G, still) else warp(images, G, self.wavelet, rows)

    def observe(self, scores_real: Tensor) -> None:
        """Accumulate the signs of the scores of real images over all processes."""
        signs = scores_real.detach().sign()
        self.signs += sum_of_all(signs.sum().to(self.signs))
        self.count += signs.numel() * processes.count()

    def count_on(self, device: torch.device) -> None:
        """Count signs on the device of the scores, so that counting does not wait for it; only ``adapt`` does.

        The resampling filter goes there, too. The probability stays where the random choices are made, on the CPU.
        """
        self.signs, self.wavelet = self.signs.to(device), self.wavelet.to(device)

    def adapt(self, target: float, nimg: int, kimg: float) -> None:
        """Raise the probability if the mean sign of the real images' scores exceeds ``target``, else lower it.

        Args:
            target: target of the overfitting heuristic r_t, -1..1.
            nimg: images shown since the last call.
            kimg: thousands of images over which the probability can at most rise from 0 to 1.

        Source: section 3.1, equation 1.
        """
        if self.count > 0:
            step = torch.sign(self.signs.to(self.count) / self.count - target) * nimg / (kimg * 1000)
            self.p.copy_((self.p + step).clamp(min=0))
            self.signs.zero_()
            self.count.zero_()


def pipe_of(name: str, p: float, device: torch.device) -> AugmentPipe | None:
    """Return the pipe of a name for scores on a device; None for no augmentation.

    Raises:
        ValueError: there is no pipe of that name.
    """
    if name in NONE:
        return None
    pipe = AugmentPipe(name, p)
    pipe.count_on(device)
    return pipe
