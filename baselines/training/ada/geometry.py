"""The groups ``blit`` and ``geom`` of adaptive augmentation: moves of images.

Source: Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), appendix B and
figure 23.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.ops.upfirdn2d import downsample2d, upsample2d
from baselines.training.ada.draws import gaussian, integers, matrix, sometimes, uniform
from baselines.training.ranks import WHOLE, RankSlice
from baselines.training.streams import like

__all__ = ["SYM6", "blits", "geometry", "rotation", "scaling", "translation", "warp"]

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
    shift = (sometimes(uniform([count, 2], draws, 0.125), 0, p, draws) * torch.tensor(size)).round()
    return translation(*shift.unbind(1)) @ G


def geometry(count: int, size: tuple[int, int], p: float, draws: torch.Generator) -> Tensor:
    """Return scalings, rotations, stretchings and shifts of images about their centre, ``[count, 3, 3]``, in pixels.

    Source: appendix B, "general geometric transformations".
    """
    turned = 1 - math.sqrt(1 - p)  # so that at least one of the two rotations happens with probability p
    s = sometimes(torch.exp2(gaussian([count], draws, 0.2)), 1, p, draws)
    G = scaling(s, s)
    G = rotation(-sometimes(uniform([count], draws, math.pi), 0, turned, draws)) @ G
    s = sometimes(torch.exp2(gaussian([count], draws, 0.2)), 1, p, draws)
    G = scaling(s, 1 / s) @ G
    G = rotation(-sometimes(uniform([count], draws, math.pi), 0, turned, draws)) @ G
    shift = sometimes(gaussian([count, 2], draws, 0.125), 0, p, draws) * torch.tensor(size)
    return translation(*shift.unbind(1)) @ G


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
    grid = F.affine_grid(like(theta[:, :2], images), [*images.shape[:2], size[1], size[0]], align_corners=False)
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
