"""Classification of translated images: the class of each image, or of each pixel."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from ganbench.functional import confusion_matrix
from ganbench.images import Quantiser, to_rgb
from ganbench.inputs.batch import BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.inputs.domains import domain_data, names_of_domains
from ganbench.inputs.translated import TranslatedFeatures, TranslatedUint8
from ganbench.types import ClassExtractor, SegmentationExtractor

UNKNOWN = 255  # class of pixels of label maps that are not counted


@dataclass(frozen=True)
class TargetHits(BaseView):
    """Whether a classifier recognises the target domain in translated images, ``[N, num_outputs]`` float32, 1 or 0.

    It does if the most probable of all its classes is the one with the name of the target domain.

    Attributes:
        extractor: name of the classifier; it is given 8-bit images.
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``.
    """

    extractor: str
    quantiser: Quantiser

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the extractor has no classes, or none for one of the domains."""
        extractor = context.extractors.get(self.extractor)
        if extractor is None:
            return []
        if not isinstance(extractor, ClassExtractor) or "probabilities" not in extractor.layers:
            return [
                f"the extractor {self.extractor!r} does not classify images: choose a benchmark whose extractor does."
            ]
        unknown = [name for name in names_of_domains(context.data) if name not in extractor.classes]
        if not unknown:
            return []
        return [
            f"the extractor {self.extractor!r} knows no class {unknown[0]!r}, only {', '.join(extractor.classes)}: "
            "name data whose domains are among them."
        ]

    def compute(self, batch: Batch) -> Tensor:
        """Return the hits."""
        classes = cast(ClassExtractor, batch.context.extractors[self.extractor]).classes
        of_domain = torch.tensor([classes.index(name) for name in domain_data(batch.context).domains])
        probabilities = cast(Tensor, batch.of(TranslatedFeatures(self.extractor, self.quantiser, "probabilities")))
        return (probabilities.argmax(2).cpu() == of_domain[batch.drawn["task"][:, 1:]]).float()


@dataclass(frozen=True)
class Confusion(BaseView):
    """Confusion of a segmentation network on photos translated from label maps, ``[N, K * K]`` float32, pixel counts.

    Each row is a flattened confusion matrix over K classes, with a row for each true class, summed over outputs; zeros
    if the source image is not a label map.

    Attributes:
        extractor: name of the segmentation network; it is given 8-bit images.
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``.
        labels: name of the domain of label maps.
    """

    extractor: str
    quantiser: Quantiser
    labels: str

    def problems(self, context: Context) -> list[str]:
        """Return a problem if there is no segmentation network, or no domain of label maps."""
        extractor, domains = context.extractors.get(self.extractor), names_of_domains(context.data)
        told = []
        if not isinstance(extractor, SegmentationExtractor | None):
            told.append(
                f"the extractor {self.extractor!r} segments no images: choose a benchmark whose extractor does."
            )
        if domains and self.labels not in domains:  # data without domains is the source's problem
            told.append(
                f"the data has no domain {self.labels!r} of label maps, only {', '.join(domains)}: name data that has."
            )
        return told

    def compute(self, batch: Batch) -> Tensor:
        """Return the confusion matrices."""
        extractor = cast(SegmentationExtractor, batch.context.extractor_in(self.extractor))
        size, num_outputs = len(extractor.classes), batch.drawn["image"].shape[1]
        wanted = batch.drawn["task"][:, 0] == domain_data(batch.context).domains.index(self.labels)
        rows = torch.zeros(len(wanted), size * size)
        if not bool(wanted.any()):
            return rows
        photos = to_rgb(batch.on_device(cast(Tensor, batch.of(TranslatedUint8(self.quantiser)))))
        segmented = extractor.segment(photos).cpu()
        seen = segmented.reshape(len(wanted), num_outputs, *segmented.shape[1:])
        truth = classes_of_colours(batch.drawn["source"].cpu(), extractor)
        for row in wanted.nonzero()[:, 0].tolist():
            rows[row] = confusion_matrix(seen[row], truth[row].expand(num_outputs, -1, -1), size, UNKNOWN).flatten()
        return rows


def classes_of_colours(labels: Tensor, extractor: SegmentationExtractor) -> Tensor:
    """Return the class of each pixel of label maps, ``[N, H, W]`` int64; 255 for pixels that are not counted.

    A pixel gets the class of the nearest colour, because label maps are often resized and stored as JPEG.

    Args:
        labels: ``[N, C, H, W]`` float, -1..1.
        extractor: segmentation network, which has the colours of the classes.
    """
    colours = extractor.palette.to(labels).T[None, :, :, None, None]
    away = ((to_rgb(labels)[:, :, None] + 1) * 127.5 - colours).square().sum(1)
    nearest = away.argmin(1)
    return nearest.where(nearest < len(extractor.classes), UNKNOWN)
