"""Translators for tests, whose images say what went into them: colour images of any size, or of one size."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.types import Checkpoint, Recipe


class Mirrored:
    """A translator without styles between two domains: flipped to the right and back, and darker each time.

    It takes images of any even size.
    """

    domains = ("left", "right")

    def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
        assert style is None
        if x.shape[-1] % 2:
            raise BadInputError(f"the width {x.shape[-1]} is odd: resize images to even sizes.")
        return x.flip(-1) / 2 - 0.5


class Painted:
    """A style translator of 8x8 images: the first channel is the source's, the second the style, the third the target.

    Styles are single numbers: the mean of a latent or the mean of a reference's first channel, and a tenth of the
    target more.
    """

    domains = ("cat", "dog", "wild")
    latent_dim, style_dim, img_resolution, img_channels = 4, 1, 8, 3

    def style_from_latent(self, z: Tensor, target: Any) -> Tensor:
        return z.mean(1, keepdim=True).clamp(-0.5, 0.5) + target / 10

    def style_from_reference(self, x: Tensor, target: Any) -> Tensor:
        assert x.shape[1:] == (3, 8, 8)
        return x[:, 0].mean((1, 2))[:, None] / 2 + target / 10

    def translate(self, x: Tensor, target: Any, style: Tensor | None = None) -> Tensor:
        assert style is not None
        assert x.shape[1:] == (3, 8, 8)
        filled = [torch.ones_like(x[:, 0]) * value for value in (style[:, :, None], target / 10)]
        return torch.stack([x[:, 0], *filled], 1)


class ToAdapter:
    """A way in for a model that is made as it is."""

    recipes: Mapping[str, Recipe] = {}
    published: Mapping[str, Checkpoint] = {}
    benchmark = "toy"

    def __init__(self, made: type) -> None:
        self.made = made

    def load(self, weights: Path | None, device: str) -> Any:
        return self.made()
