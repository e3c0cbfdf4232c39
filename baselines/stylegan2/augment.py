"""Adaptive discriminator augmentation: random transformations of the discriminator's input.

Source: Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), section 3 for the
adaptation, appendix B and figure 23 for the pipeline.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from baselines.ops import processes
from baselines.ops.processes import sum_of_all
from baselines.ops.upfirdn2d import downsample2d, setup_filter, upsample2d
from baselines.training.ranks import WHOLE, RankSlice

__all__ = ["AugmentPipe"]

GROUPS = "bgc"

# Low-pass filter of the orthogonal wavelet sym6 (Daubechies, Ten Lectures on Wavelets, table 8.1). Upsampling with it
# and downsampling with its mirror image is the identity. It is nearly symmetric about tap 5.
SYM6 = (
    0.015404109327027373,
    0.0034907120842174702,
    -0.11799011114819057,
    -0.048311742585633,
    0.4910559419267466,
    0.787641141030194,
    0.3379294217276218,
    -0.07263752278646252,
    -0.021060292512300564,
    0.04472490177066578,
    0.0017677118642428036,
    -0.007800708325034148,
)
REACH = len(SYM6) // 4  # of the filter on each side, in image pixels


class AugmentPipe(nn.Module):
    """Random transformations of images, applied with a probability that adapts to the discriminator's overfitting.

    The probability and the signs counted since its last update are buffers, so that snapshots include them.

    Args:
        groups: transformations, any of ``b`` (blits: flip, quarter turns, whole shifts), ``g`` (geometry: scale,
            rotation, stretching, shift) and ``c`` (colour: brightness, contrast, inversion, hue, saturation).
        p: initial probability.

    Raises:
        ValueError: if ``groups`` is empty or contains an unknown letter.
    """

    p: Tensor
    signs: Tensor
    count: Tensor
    wavelet: Tensor

    def __init__(self, groups: str = GROUPS, p: float = 0.0) -> None:
        super().__init__()
        if not groups or set(groups) - set(GROUPS):
            raise ValueError(f"expected letters of {GROUPS} for augmentations, found {groups!r}: choose among them.")
        self.groups = groups
        self.register_buffer("p", torch.tensor(float(p)))
        self.register_buffer("signs", torch.zeros([]))
        self.register_buffer("count", torch.zeros([]))
        self.register_buffer("wavelet", setup_filter(SYM6), persistent=False)

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
        count, size = rows.whole(len(images)), (images.shape[3], images.shape[2])
        G = still = torch.eye(3, dtype=torch.float64).expand(count, 3, 3)
        if "b" in self.groups:
            G = blits(count, size, p, draws) @ G
        if "g" in self.groups:
            G = geometry(count, size, p, draws) @ G
        if not torch.equal(G, still):
            images = warp(images, G, self.wavelet, rows)
        if "c" in self.groups:
            images = recolour(images, rows.of(colours(count, p, draws)))
        return images

    def observe(self, scores_real: Tensor) -> None:
        """Accumulate the signs of the scores of real images over all processes."""
        signs = scores_real.detach().sign()
        self.signs += sum_of_all(signs.sum().to(self.signs))
        self.count += signs.numel() * processes.count()

    def count_on(self, device: torch.device) -> None:
        """Count signs on the device of the scores, so that counting does not wait for it; only ``adapt`` does."""
        self.signs = self.signs.to(device)

    def adapt(self, target: float, kimg: float) -> None:
        """Raise the probability if the mean sign of the real images' scores exceeds ``target``, else lower it.

        Args:
            target: target of the overfitting heuristic r_t, -1..1.
            kimg: thousands of images over which the probability can at most rise from 0 to 1.

        Source: section 3.1, equation 1.
        """
        if self.count > 0:
            step = torch.sign(self.signs.to(self.count) / self.count - target) * self.count / (kimg * 1000)
            self.p.copy_((self.p + step).clamp(min=0))
            self.signs.zero_()
            self.count.zero_()


def sometimes(value: Tensor, otherwise: float, p: float, draws: torch.Generator) -> Tensor:
    """Return ``value [N, ...]`` for each image with probability ``p``, and ``otherwise`` for the rest."""
    chosen = torch.rand(len(value), generator=draws) < p
    return torch.where(chosen.view(-1, *[1] * (value.ndim - 1)), value, otherwise)


def uniform(count: int, draws: torch.Generator, reach: float) -> Tensor:
    """Return ``[count]`` float64 draws, uniform in ``-reach..reach``."""
    return (torch.rand(count, generator=draws, dtype=torch.float64) * 2 - 1) * reach


def gaussian(count: int, draws: torch.Generator, deviation: float) -> Tensor:
    """Return ``[count]`` float64 draws, normal with mean 0 and standard deviation ``deviation``."""
    return torch.randn(count, generator=draws, dtype=torch.float64) * deviation


def integers(count: int, draws: torch.Generator, high: int) -> Tensor:
    """Return ``[count]`` float64 draws, uniform over the integers 0..high-1."""
    return torch.randint(high, [count], generator=draws).double()


def matrix(*rows: tuple[Any, ...]) -> Tensor:
    """Return float64 matrices ``[N, len(rows), len(rows)]`` whose entries are ``[N]`` tensors or numbers."""
    count = max(x.numel() for row in rows for x in row if isinstance(x, Tensor))
    filled = [[torch.as_tensor(x, dtype=torch.float64).expand(count) for x in row] for row in rows]
    return torch.stack([torch.stack(row, dim=1) for row in filled], dim=1)


def translation(x: Tensor | float, y: Tensor | float) -> Tensor:
    """Return the homogeneous 2D translations, ``[N, 3, 3]``."""
    return matrix((1, 0, torch.as_tensor(x)), (0, 1, y), (0, 0, 1))


def scaling(x: Tensor | float, y: Tensor | float) -> Tensor:
    """Return the homogeneous 2D scalings, ``[N, 3, 3]``."""
    return matrix((torch.as_tensor(x), 0, 0), (0, y, 0), (0, 0, 1))


def rotation(angle: Tensor) -> Tensor:
    """Return the homogeneous 2D rotations, ``[N, 3, 3]``."""
    cos, sin = angle.cos(), angle.sin()
    return matrix((cos, -sin, 0), (sin, cos, 0), (0, 0, 1))


def blits(count: int, size: tuple[int, int], p: float, draws: torch.Generator) -> Tensor:
    """Return flips, quarter turns and whole shifts of images about their centre, ``[count, 3, 3]``, in pixels.

    Source: appendix B, "pixel blitting".
    """
    G = scaling(1 - 2 * sometimes(integers(count, draws, 2), 0, p, draws), 1)
    G = rotation(-math.pi / 2 * sometimes(integers(count, draws, 4), 0, p, draws)) @ G
    shift = torch.stack([(uniform(count, draws, 0.125) * length).round() for length in size], dim=1)
    return translation(*sometimes(shift, 0, p, draws).unbind(1)) @ G


def geometry(count: int, size: tuple[int, int], p: float, draws: torch.Generator) -> Tensor:
    """Return scalings, rotations, stretchings and shifts of images about their centre, ``[count, 3, 3]``, in pixels.

    Source: appendix B, "general geometric transformations".
    """
    turned = 1 - math.sqrt(1 - p)  # so that at least one of the two rotations happens with probability p
    s = sometimes(torch.exp2(gaussian(count, draws, 0.2)), 1, p, draws)
    G = scaling(s, s)
    G = rotation(-sometimes(uniform(count, draws, math.pi), 0, turned, draws)) @ G
    s = sometimes(torch.exp2(gaussian(count, draws, 0.2)), 1, p, draws)
    G = scaling(s, 1 / s) @ G
    G = rotation(-sometimes(uniform(count, draws, math.pi), 0, turned, draws)) @ G
    shift = torch.stack([gaussian(count, draws, 0.125) * length for length in size], dim=1)
    return translation(*sometimes(shift, 0, p, draws).unbind(1)) @ G


def colours(count: int, p: float, draws: torch.Generator) -> Tensor:
    """Return homogeneous colour transformations ``[count, 4, 4]`` for values in -1..1.

    Source: appendix B, "color transformations".
    """
    one = torch.ones(count, dtype=torch.float64)
    b = sometimes(gaussian(count, draws, 0.2), 0, p, draws)
    C = matrix((one, 0, 0, b), (0, 1, 0, b), (0, 0, 1, b), (0, 0, 0, 1))
    c = sometimes(torch.exp2(gaussian(count, draws, 0.5)), 1, p, draws)
    C = matrix((c, 0, 0, 0), (0, c, 0, 0), (0, 0, c, 0), (0, 0, 0, 1)) @ C
    v = torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64) / math.sqrt(3)  # the axis of brightness
    luma, eye = v.outer(v), torch.eye(4, dtype=torch.float64)
    i = sometimes(integers(count, draws, 2), 0, p, draws)[:, None, None]
    C = (eye - 2 * luma * i) @ C
    C = turn_about_luma(sometimes(uniform(count, draws, math.pi), 0, p, draws)) @ C
    s = sometimes(torch.exp2(gaussian(count, draws, 1.0)), 1, p, draws)[:, None, None]
    chroma = torch.diag(torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64)) - luma
    return (eye - chroma + chroma * s) @ C


def turn_about_luma(angle: Tensor) -> Tensor:
    """Return the colour rotations ``[N, 4, 4]`` about the grey axis.

    Source: Rodrigues' rotation formula.
    """
    cos, sin = angle.cos(), angle.sin() / math.sqrt(3)
    same, left, right = (1 + 2 * cos) / 3, (1 - cos) / 3 - sin, (1 - cos) / 3 + sin
    return matrix((same, left, right, 0), (right, same, left, 0), (left, right, same, 0), (0, 0, 0, 1))


def recolour(images: Tensor, C: Tensor) -> Tensor:
    """Return images ``[N, C, H, W]`` with transformed colours.

    Greyscale images are treated as if they had three equal channels, and the result is averaged.

    Raises:
        ValueError: if there are neither 1 nor 3 channels.
    """
    count, channels, height, width = images.shape
    if channels not in (1, 3):
        raise ValueError(
            f"expected images of 1 or 3 channels for colour augmentation, found {channels}: leave out the group c."
        )
    C = C[:, :3].to(images)
    if channels == 1:
        C = C.mean(1, keepdim=True)
        C = torch.cat([C[:, :, :3].sum(2, keepdim=True), C[:, :, 3:]], dim=2)
    pixels = C[:, :, :-1] @ images.flatten(2) + C[:, :, -1:]
    return pixels.view(count, channels, height, width)


def warp(images: Tensor, G: Tensor, wavelet: Tensor, rows: RankSlice = WHOLE) -> Tensor:
    """Return images transformed by their share of ``G [N, 3, 3]``, in pixels about the centre, with reflected borders.

    Source: appendix B, "execute geometric transformations".
    """
    height, width = images.shape[2:]
    centre = (width - 1) / 2, (height - 1) / 2
    inverse = torch.linalg.inv(G)
    # Those of the whole batch: where its images reach beyond their margin, the result depends on the margin's width.
    left, top, right, bottom = margins(inverse, width, height)
    inverse = rows.of(inverse)
    images = F.pad(images, [left, right, top, bottom], mode="reflect")
    # Interpolating at twice the resolution limits aliasing. The filter's centre puts pixel i at sample 2 i.
    images = upsample2d(images, wavelet)
    size = 2 * (width + 2 * REACH), 2 * (height + 2 * REACH)
    to_source = (
        scaling(2, 2)
        @ translation(centre[0] + left, centre[1] + top)
        @ inverse
        @ translation(-centre[0] - REACH, -centre[1] - REACH)
        @ scaling(0.5, 0.5)
    )
    source_size = images.shape[3], images.shape[2]
    theta = torch.linalg.inv(samples_of_grid(source_size)) @ to_source @ samples_of_grid(size)
    grid = F.affine_grid(theta[:, :2].to(images), [*images.shape[:2], size[1], size[0]], align_corners=False)
    images = Lookup.apply(images, grid)
    return downsample2d(images, wavelet, padding=-2 * REACH, flip_filter=True)


def samples_of_grid(size: tuple[int, int]) -> Tensor:
    """Return the transformation from torch's grid coordinates, -1..1 from edge to edge, to sample indices."""
    width, height = size
    return translation((width - 1) / 2, (height - 1) / 2) @ scaling(width / 2, height / 2)


def margins(inverse: Tensor, width: int, height: int) -> list[int]:
    """Return the padding ``[left, top, right, bottom]`` in pixels that the transformed images need.

    It is smaller than the image, because reflection cannot pad further.
    """
    x, y = (width - 1) / 2, (height - 1) / 2
    corners = torch.tensor([[-x, x, x, -x], [-y, -y, y, y], [1, 1, 1, 1]], dtype=torch.float64)
    reached = (inverse @ corners)[:, :2].permute(1, 0, 2).flatten(1)
    reached = torch.cat([-reached.amin(1), reached.amax(1)]) + 2 * REACH - torch.tensor([x, y, x, y])
    most = torch.tensor([width - 1, height - 1, width - 1, height - 1])
    margin: list[int] = reached.ceil().clamp(min=0).minimum(most).int().tolist()
    return margin


class Lookup(torch.autograd.Function):
    """Bilinear sampling of images at a grid, differentiable any number of times with respect to the images.

    ``grid_sample`` can be differentiated only once, and R1 needs two derivatives. Sampling is linear in the images, so
    its derivative is its transpose, and the derivative of the transpose is the sampling itself.
    """

    @staticmethod
    def forward(ctx: Any, images: Tensor, grid: Tensor) -> Tensor:
        """Return ``[N, C, h, w]`` for images ``[N, C, H, W]`` and a grid ``[N, h, w, 2]``."""
        ctx.save_for_backward(grid)
        ctx.shape = images.shape
        return F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None]:
        """Return the gradient with respect to the images; the grid gets none."""
        (grid,) = ctx.saved_tensors
        return Spread.apply(slope, grid, ctx.shape), None


class Spread(torch.autograd.Function):
    """The transpose of ``Lookup``."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, grid: Tensor, shape: torch.Size) -> Tensor:
        """Return images ``[N, C, H, W]`` to which each of ``values [N, C, h, w]`` is added where it is sampled."""
        ctx.save_for_backward(grid)
        with torch.enable_grad():
            images = values.new_zeros(shape).requires_grad_()
            found = F.grid_sample(images, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        (spread,) = torch.autograd.grad(found, images, values)
        return spread

    @staticmethod
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor, None, None]:
        """Return the gradient with respect to the values."""
        (grid,) = ctx.saved_tensors
        return Lookup.apply(slope, grid), None, None
