"""Fourier features: the input of StyleGAN3's synthesis network, which can also replace StyleGAN2's constant."""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.ops.linear import FullyConnectedLayer

__all__ = ["SynthesisInput", "learned_transform"]

NARROWEST = 1e-6  # of a fade, in cycles per image width


class SynthesisInput(nn.Module):
    """Fourier features that a learned function of ``w`` and a user-supplied transform translate and rotate.

    Keys: ``weight [channels, channels]``, ``affine.*`` if there is a learned function, buffers ``transform [3, 3]``,
    ``freqs [channels, 2]``, ``phases [channels]``.

    Args:
        w_dim: width of ``w``; 0 for no learned function of it.
        channels: number of waves, and of output channels.
        size: width and height of the output, in samples.
        sampling_rate: samples per image width.
        bandwidth: highest frequency, in cycles per image width.

    Source: StyleGAN3 (Karras et al. 2021) section 3.1 and appendix F "Fourier features".
    """

    transform: Tensor
    image_transforms: Tensor | None
    freqs: Tensor
    phases: Tensor

    def __init__(self, w_dim: int, channels: int, size: int, sampling_rate: float, bandwidth: float) -> None:
        super().__init__()
        self.channels = channels
        self.size = size
        self.sampling_rate = sampling_rate
        self.bandwidth = bandwidth
        # A normal 2D draw of radius r, moved to radius exp(-r^2 / 4), is uniform over the unit disc.
        freqs = torch.randn([channels, 2])
        radii = freqs.square().sum(dim=1, keepdim=True).sqrt()
        freqs = freqs / (radii * radii.square().exp().pow(0.25)) * bandwidth
        self.weight = nn.Parameter(torch.randn([channels, channels]))
        self.affine = FullyConnectedLayer(w_dim, 4, weight_init=0, bias_init=[1, 0, 0, 0]) if w_dim else None
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("image_transforms", None, persistent=False)
        self.register_buffer("freqs", freqs)
        self.register_buffer("phases", torch.rand([channels]) - 0.5)

    def set_transform(self, matrix: Tensor) -> None:
        """Set the transform of the sampling positions.

        Args:
            matrix: ``[3, 3]``, stored in the ``transform`` buffer, or ``[N, 3, 3]``, one per image and not saved.

        Raises:
            ValueError: if the shape is different.
        """
        if matrix.shape[-2:] != (3, 3) or matrix.ndim not in (2, 3):
            raise ValueError(
                f"expected a transform [3, 3] or [N, 3, 3], found {list(matrix.shape)}: give one of the two."
            )
        if matrix.ndim == 2:
            self.transform.copy_(matrix)
        self.image_transforms = matrix.detach().to(self.transform.device) if matrix.ndim == 3 else None

    def transforms_of(self, count: int) -> Tensor | None:
        """Return the transforms of the images of a batch, ``[count, 3, 3]``, or None where one holds for all.

        Raises:
            ValueError: another number of transforms was set.
        """
        found = self.image_transforms
        if found is not None and len(found) != count:
            raise ValueError(f"expected one transform for each of {count} images, found {len(found)}: set as many.")
        return found

    def forward(self, w: Tensor, transforms: Tensor | None = None) -> Tensor:
        """Return features ``[N, channels, size, size]`` in channels-last order and the parameters' dtype.

        Args:
            w: ``[N, w_dim]``.
            transforms: ``[N, 3, 3]``, used instead of the ``transform`` buffer.
        """
        return self.prepare()(self.waves(w, transforms))

    def waves(self, w: Tensor, transforms: Tensor | None = None) -> Tensor:
        """Return the x frequency, y frequency, phase and amplitude of every wave, ``[N, 4, channels]``."""
        outer = (self.transform if transforms is None else transforms).to(w.dtype)
        matrix = outer.expand(len(w), -1, -1) if self.affine is None else learned_transform(self.affine(w)) @ outer
        phases = self.phases + (self.freqs @ matrix[:, :2, 2:]).squeeze(2)
        freqs = self.freqs @ matrix[:, :2, :2]
        # A transform can push frequencies beyond the band limit. They fade to zero at Nyquist instead of aliasing.
        # Where the band limit is Nyquist itself, the fade is a step.
        fade = (freqs.norm(dim=2) - self.bandwidth) / max(self.sampling_rate / 2 - self.bandwidth, NARROWEST)
        amplitudes = (1 - fade).clamp(0, 1)
        return torch.cat([freqs.transpose(1, 2), phases[:, None], amplitudes[:, None]], dim=1)

    def prepare(self) -> Callable[[Tensor], Tensor]:
        """Return a function from waves ``[N, 4, channels]`` to features ``[N, channels, size, size]``."""
        canvas, weight = self.canvas(), self.weight.t() / math.sqrt(self.channels)

        def draw(waves: Tensor) -> Tensor:
            n = len(waves)
            freqs, phases, amplitudes = torch.split(waves, [2, 1, 1], dim=1)
            x = torch.baddbmm(phases, canvas.expand(n, -1, -1), freqs)
            x = torch.sin(x * (2 * math.pi)) * amplitudes
            # One product per image: the sums' order, and so the rounding, must not depend on the batch.
            x = torch.bmm(x, weight.expand(n, -1, -1))
            return x.view(n, self.size, self.size, self.channels).permute(0, 3, 1, 2)

        return draw

    def canvas(self) -> Tensor:
        """Return the (x, y) positions of the samples, row by row, in image widths from the centre.

        The shape is ``[1, size * size, 2]``.
        """
        theta = self.freqs.new_zeros([1, 2, 3])
        for axis in (0, 1):
            theta[0, axis, axis].fill_(0.5 * self.size / self.sampling_rate)  # no copy from the host, unlike ``=``
        grid: Tensor = F.affine_grid(theta, [1, 1, self.size, self.size], align_corners=False)
        return grid.flatten(1, 2)


def learned_transform(t: Tensor) -> Tensor:
    """Return ``[N, 3, 3]``: a translation followed by a rotation.

    Args:
        t: ``[N, 4]``: cosine and sine of the rotation, then x and y of the negated translation, all four scaled by an
            arbitrary factor that is divided out.
    """
    t = t / t[:, :2].norm(dim=1, keepdim=True)
    rotation = torch.eye(3, dtype=t.dtype, device=t.device).repeat(t.shape[0], 1, 1)
    translation = rotation.clone()
    rotation[:, 0, 0] = rotation[:, 1, 1] = t[:, 0]
    rotation[:, 0, 1] = -t[:, 1]
    rotation[:, 1, 0] = t[:, 1]
    translation[:, :2, 2] = -t[:, 2:]
    return rotation @ translation
