"""Masks of faces for the high-pass skip, made from heatmaps of landmarks.

Source: Choi et al., StarGAN v2 (CVPR 2020), appendix A, and the steps of the authors' code.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from baselines.starganv2.landmarks import HEATMAP, SIZE
from baselines.starganv2.networks import Masks

FAINT = 0.1  # values below it are no landmark
# Landmarks of a part of the face, how many pixels upwards its heatmaps move, and the power that narrows them.
CHIN, EYEBROWS, NOSE, EYES, MOUTH = slice(8, 25), slice(33, 51), slice(51, 55), slice(60, 76), slice(76, 96)
PARTS: Sequence[tuple[slice, int, int]] = (
    (CHIN, 0, 3),
    (EYEBROWS, -7, 2),
    (slice(52, 55), 4, 1),  # the nose but for its root
    (slice(55, 60), 8, 4),  # nostrils
    (slice(77, 82), -8, 4),  # upper lip
    (slice(83, 88), 8, 4),  # lower lip
    (slice(88, 96), -2, 3),  # inner lips
)
UNUSED = (*range(8), *range(25, 33), 33, 46, 76, 82)  # cheeks, and the ends of eyebrows and lips
INSIDE = (CHIN, EYEBROWS, MOUTH)  # parts that the second mask leaves out


class FaceMasks(nn.Module):
    """Images ``[N, C, R, R]``, -1..1, to the two masks of their faces, see ``face_masks``; without gradients.

    Args:
        network: makes heatmaps of 64 pixels, as ``baselines.starganv2.landmarks.LandmarkNetwork`` does.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.eval().requires_grad_(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> Masks:
        """Return the masks ``[N, 1, 256, 256]``."""
        heatmaps = self.network(images)
        return face_masks(F.interpolate(heatmaps, scale_factor=SIZE // HEATMAP, mode="bilinear", align_corners=True))


def face_masks(heatmaps: Tensor) -> Masks:
    """Return two masks ``[N, 1, 256, 256]``, 0..1: of the whole face, and without its outline, eyebrows and mouth.

    Args:
        heatmaps: ``[N, 98, 256, 256]``.
    """
    x = normalised(torch.where(heatmaps < FAINT, 0, heatmaps))
    moved = x.clone()
    for part, up, power in PARTS:
        moved[:, part] = shifted(x[:, part], up) ** power
    eyes = x[:, EYES]
    moved[:, EYES] = shifted(eyes, -8) ** 3 + shifted(eyes, -24)
    moved[:, UNUSED] = 0
    whole = moved.sum(1, keepdim=True)
    for part in INSIDE:
        moved[:, part] = 0
    return whole.nan_to_num(0).clamp(0, 1), moved.sum(1, keepdim=True).clamp(0, 1)


def normalised(x: Tensor) -> Tensor:
    """Return each heatmap scaled to 0..1."""
    low, high = x.amin((2, 3), keepdim=True), x.amax((2, 3), keepdim=True)
    return (x - low) / (high - low + 1e-6)


def shifted(x: Tensor, up: int) -> Tensor:
    """Return heatmaps moved upwards, or downwards where ``up`` is negative; what leaves at one side comes in again."""
    return x.roll(-up, dims=2)
