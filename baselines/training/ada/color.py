"""The group ``color`` of adaptive augmentation: brightness, contrast, inversion, hue, saturation.

Source: Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), appendix B and
figure 23.
"""

import math

import torch
from torch import Tensor

from baselines.training.ada.draws import gaussian, integers, matrix, sometimes, uniform
from baselines.training.streams import like

__all__ = ["colors", "recolor", "turn_about_luma"]


def colors(count: int, p: float, draws: torch.Generator) -> Tensor:
    """Return homogeneous colour transformations ``[count, 4, 4]`` for values in -1..1.

    Source: appendix B, "color transformations".
    """
    one = torch.ones(count, dtype=torch.float64)
    b = sometimes(gaussian([count], draws, 0.2), 0, p, draws)
    C = matrix((one, 0, 0, b), (0, 1, 0, b), (0, 0, 1, b), (0, 0, 0, 1))
    c = sometimes(torch.exp2(gaussian([count], draws, 0.5)), 1, p, draws)
    C = matrix((c, 0, 0, 0), (0, c, 0, 0), (0, 0, c, 0), (0, 0, 0, 1)) @ C
    v = torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64) / math.sqrt(3)  # the axis of brightness
    luma, eye = v.outer(v), torch.eye(4, dtype=torch.float64)
    i = sometimes(integers(count, draws, 2), 0, p, draws)[:, None, None]
    C = (eye - 2 * luma * i) @ C
    C = turn_about_luma(sometimes(uniform([count], draws, math.pi), 0, p, draws)) @ C
    s = sometimes(torch.exp2(gaussian([count], draws, 1.0)), 1, p, draws)[:, None, None]
    chroma = torch.diag(torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64)) - luma
    return (eye - chroma + chroma * s) @ C


def turn_about_luma(angle: Tensor) -> Tensor:
    """Return the colour rotations ``[N, 4, 4]`` about the grey axis.

    Source: Rodrigues' rotation formula.
    """
    cos, sin = angle.cos(), angle.sin() / math.sqrt(3)
    same, left, right = (1 + 2 * cos) / 3, (1 - cos) / 3 - sin, (1 - cos) / 3 + sin
    return matrix((same, left, right, 0), (right, same, left, 0), (left, right, same, 0), (0, 0, 0, 1))


def recolor(images: Tensor, C: Tensor) -> Tensor:
    """Return images ``[N, C, H, W]`` with transformed colours.

    Greyscale images are treated as if they had three equal channels, and the result is averaged.

    Raises:
        ValueError: if there are neither 1 nor 3 channels.
    """
    count, channels, height, width = images.shape
    if channels not in (1, 3):
        raise ValueError(
            f"expected images of 1 or 3 channels for the augmentation color, found {channels}: leave that group out."
        )
    C = like(C[:, :3], images)
    if channels == 1:
        C = C.mean(1, keepdim=True)
        C = torch.cat([C[:, :, :3].sum(2, keepdim=True), C[:, :, 3:]], dim=2)
    pixels = C[:, :, :-1] @ images.flatten(2) + C[:, :, -1:]
    return pixels.view(count, channels, height, width)
