"""FCN score: segmentation of photos that were translated from label maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.functional import segmentation_scores
from ganbench.inputs import Input, Quantiser, Sums
from ganbench.inputs.translated_classes import Confusion
from ganbench.metrics.base import Number
from ganbench.metrics.translation import OfTranslations


@dataclass(frozen=True)
class FcnScore(OfTranslations):
    """How well a segmentation of photos recognises the label maps that they were translated from; higher is better.

    Three numbers, 0..1, of one confusion matrix over all images: pixel accuracy, class accuracy, class IoU.

    Attributes:
        extractor: name of a ``ganbench.types.SegmentationExtractor``; ganbench does not include one.
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``, for the photos.
        labels: name of the domain of label maps.

    Source: Isola et al., Image-to-image translation with conditional adversarial networks (CVPR 2017), section 4.1.
    Deviation: photos and labels are compared at the translator's size; the official program enlarges photos of
    Cityscapes to 1024x2048 and compares with the labels of that size. Its segmentation is FCN-8s, in Caffe.
    """

    num_outputs: int = 1
    val_batch_size: int | None = None
    extractor: str = "fcn"
    quantiser: Quantiser = "cyclegan"
    labels: str = "B"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return the confusion matrix."""
        view = Confusion(self.extractor, self.quantiser, self.labels)
        return {"confusion": Input(self.translations, view, Sums, None)}

    def compute(self, confusion: Sums) -> dict[str, Number]:
        """Return the three scores."""
        size = round(len(confusion.sum) ** 0.5)
        scores = segmentation_scores(confusion.sum.reshape(size, size))
        return {f"{self.name}_{key}": Number(value, self.higher_is_better) for key, value in scores._asdict().items()}


fcn = FcnScore("fcn", "plain")
"""FCN score of photos translated from label maps (domain B): pixel and class accuracy, class IoU; higher is better."""
