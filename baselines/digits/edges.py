"""Outlines of the digits, for models that translate outlines to digits."""

import torch
from torch import Tensor
from torch.nn import functional as F

THRESHOLD = 128  # of strokes, which are bright on black


def outlines(images: Tensor) -> Tensor:
    """Return the outlines of strokes, ``[N, 1, H, W]`` uint8, 255 on an outline and 0 elsewhere.

    An outline is made of the pixels of a stroke, at least half as bright as can be, that touch a pixel outside of it,
    also by a corner.

    Args:
        images: ``[N, 1, H, W]`` uint8, 0..255.
    """
    inside = (images >= THRESHOLD).float()
    # The least of the neighbourhood is 1 well inside; what lies beyond the border of the image counts as outside.
    core = 1 - F.max_pool2d(F.pad(1 - inside, [1] * 4, value=1.0), 3, stride=1)
    return (255 * (inside - core)).to(torch.uint8)
