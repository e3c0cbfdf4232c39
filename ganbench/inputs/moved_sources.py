"""Equivariance of translators: whether a translation follows when its source image is moved. Extends EQ-T and EQ-R."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ganbench.functional import rotate, translate_fractional, translate_integer
from ganbench.inputs.batch import BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.inputs.domains import translate
from ganbench.inputs.translations import Translations
from ganbench.inputs.views import Motion
from ganbench.rng import Streams

MARGIN = 1 / 16  # distance of compared pixels from unknown ones, as a fraction of the width
FILTER = 6  # half-width of the rotation filter, in pixels


@dataclass(frozen=True)
class MovedTranslations(Translations):
    """Translations, with a random motion for each source image.

    Attributes:
        translate_max: largest shift, in image widths.
        rotate_max: largest angle, in half turns.
    """

    translate_max: float = 0.125
    rotate_max: float = 1.0

    @property
    def name(self) -> str:
        """Name of the pass."""
        return f"moved {super().name}"

    def depends(self, context: Context) -> Mapping[str, Any]:
        """Return what translations depend on, and the seed, on which the motions depend in any mode."""
        return {**super().depends(context), "seed": context.seed}

    def draw(self, context: Context, indices: tuple[int, ...]) -> Mapping[str, Tensor]:
        """Return what translations have; ``shift_int, shift_frac [N, 2]`` in image widths, ``angle [N]`` in radians."""
        drawn, streams = super().draw(context, indices), Streams(context.seed, indices)
        width = drawn["source"].shape[3]
        whole = (streams.uniform("source-shift-int", (2,)) * 2 - 1) * self.translate_max
        return {
            **drawn,
            "shift_int": (whole * width).round() / width,
            "shift_frac": (streams.uniform("source-shift-frac", (2,)) * 2 - 1) * self.translate_max,
            "angle": (streams.uniform("source-angle") * 2 - 1) * (self.rotate_max * torch.pi),
        }


@dataclass(frozen=True)
class MovedSourceError(BaseView):
    """Masked squared error between the moved translation and the translation of the moved source image, ``[N, 2]``.

    The columns are error sum and mask sum. Only the first output of a source image is used, with the same style on both
    sides. Images are unknown beyond their border, so their reflection is moved in, and only those pixels are compared
    that are known on both sides and at least 1/16 of the width away from unknown ones: the eroded mask of EQ-T, EQ-R.

    Attributes:
        motion: ``int`` whole pixels, ``frac`` any shift, ``rot`` rotation.
    """

    motion: Motion

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return error sum and mask sum of every sample, float64."""
        source, still = batch.drawn["source"], batch.drawn["image"][:, 0]
        moves = batch.drawn["angle"] if self.motion == "rot" else batch.drawn[f"shift_{self.motion}"]
        pairs = torch.cat([source, still], 1)
        both = torch.cat([moved(self.motion, pair[None], move) for pair, move in zip(pairs, moves, strict=True)])
        moved_source, moved_translation = both[:, : source.shape[1]], both[:, source.shape[1] :]
        style = batch.drawn["style"][:, 0] if "style" in batch.drawn else None
        translation = translate(batch.context, moved_source, batch.drawn["task"][:, 1], style)
        masks = torch.stack([common_mask(self.motion, still, move) for move in moves])
        error = (moved_translation - translation).square() * masks
        return torch.stack([part.double().sum((1, 2, 3)) for part in (error, masks.expand_as(error))], 1)


def moved(motion: Motion, images: Tensor, move: Tensor) -> Tensor:
    """Return images moved by the operators of EQ-T and EQ-R, with their reflections moving in from beyond the border.

    Args:
        motion: ``int``, ``frac`` or ``rot``.
        images: ``[N, C, H, W]`` floating point.
        move: ``[2]`` shift in image widths and heights, or an angle in radians.
    """
    height, width = images.shape[2:]
    pads = [min(size - 1, math.ceil((2**0.5 - 1) / 2 * size) + FILTER) for size in (height, width)]
    padded = F.pad(images, (pads[1], pads[1], pads[0], pads[0]), mode="reflect")
    if motion == "rot":
        large, _ = rotate(padded, float(move))
    else:
        operator = translate_integer if motion == "int" else translate_fractional
        scale_x, scale_y = (size / (size + 2 * pad) for size, pad in ((width, pads[1]), (height, pads[0])))
        large, _ = operator(padded, float(move[0]) * scale_x, float(move[1]) * scale_y)
    return large[:, :, pads[0] : pads[0] + height, pads[1] : pads[1] + width]


def common_mask(motion: Motion, images: Tensor, move: Tensor) -> Tensor:
    """Return a mask ``[1, H, W]``: 1 where the moved image is known, with 1/16 of the width around, else 0."""
    blank = torch.zeros_like(images[:1, :1])
    if motion == "rot":
        _, mask = rotate(blank, float(move))
    else:
        operator = translate_integer if motion == "int" else translate_fractional
        _, mask = operator(blank, float(move[0]), float(move[1]))
    margin = round(images.shape[3] * MARGIN)
    unknown = F.pad(1 - mask, [margin] * 4, value=1.0)
    return 1 - F.max_pool2d(unknown, 2 * margin + 1, stride=1)[0]
