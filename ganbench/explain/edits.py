"""Edits that images may have undergone: compression, flipping, halving and enlarging, no rounding."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from ganbench.images import resize
from ganbench.inputs import Features, Uint8
from ganbench.inputs.batch import BaseView, Batch
from ganbench.types import ResizingExtractor

AS_THEY_ARE: Final = ""
FLIPPED: Final = "flipped"
UNROUNDED: Final = "not rounded to 8 bits"
HALVED: Final = "halved and enlarged"
JPEG: Final = ("JPEG 95", "JPEG 75")


def jpeg(images: Tensor, quality: int) -> Tensor:
    """Return ``[N, C, H, W]`` uint8 after JPEG compression by Pillow, with its default chroma subsampling.

    Args:
        images: ``[N, 1 or 3, H, W]`` uint8.
        quality: 1..95.
    """
    return torch.stack([_jpeg(image, quality) for image in images.cpu()]).to(images.device)


def _jpeg(image: Tensor, quality: int) -> Tensor:
    pixels = image[0].numpy() if len(image) == 1 else image.permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    decoded = np.array(Image.open(file)).reshape(*image.shape[1:], len(image))
    return torch.from_numpy(decoded.transpose(2, 0, 1).copy())


def halved(images: Tensor) -> Tensor:
    """Return ``[N, C, H, W]`` uint8 reduced to half size and enlarged again, both by Pillow's bicubic filter."""
    height, width = images.shape[2:]
    small = resize(images, (max(1, height // 2), max(1, width // 2)), "pil-bicubic")
    return resize(small, (height, width), "pil-bicubic")


EDITS: Final[Mapping[str, Callable[[Tensor], Tensor]]] = {
    FLIPPED: lambda images: images.flip(3),
    HALVED: halved,
    **{name: partial(jpeg, quality=int(name.split()[1])) for name in JPEG},
}


@dataclass(frozen=True)
class EditedFeatures(BaseView):
    """One layer of an extractor on edited images, ``[N, D]`` float32.

    Attributes:
        features: the view of unedited images.
        edit: a name of ``EDITS``, or ``UNROUNDED`` for generated images that are not quantised.
    """

    features: Features
    edit: str

    version: ClassVar[int] = Features.version

    @property
    def extractor(self) -> str:
        """Name of the extractor."""
        return self.features.extractor

    def compute(self, batch: Batch) -> Tensor:
        """Return the features."""
        extractor, how = batch.context.extractor_in(self.features.extractor), self.features
        images = batch.on_device(self._edited(batch))
        if how.resize and isinstance(extractor, ResizingExtractor):
            images = resize(images, extractor.input_size, how.resize)
        return extractor(images)[how.layer]

    def _edited(self, batch: Batch) -> Tensor:
        if self.edit == UNROUNDED:
            return unrounded(batch.drawn["image"])
        images: Tensor = batch.of(Uint8(self.features.quantiser))
        return EDITS[self.edit](images)


def unrounded(images: Tensor) -> Tensor:
    """Return ``[N, C, H, W]`` float32 in 0..255: generated images, clipped but not rounded."""
    return images.float() if images.dtype == torch.uint8 else (images.float() + 1).mul(127.5).clamp(0, 255)


def edited(view: Features, edit: str) -> Features | EditedFeatures:
    """Return a view of edited images; without an edit, the view itself, so that its finished shards are reused."""
    return EditedFeatures(view, edit) if edit else view
