"""Classification accuracy of translations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.inputs import Input, Quantiser, Rows
from ganbench.inputs.translated_classes import TargetHits
from ganbench.metrics.base import Number
from ganbench.metrics.pairs import mean_over_pairs, rows_of_pairs
from ganbench.metrics.translation import OfTranslations


@dataclass(frozen=True)
class TranslationAccuracy(OfTranslations):
    """Share of translated images that a classifier assigns to the target domain, 0..1; higher is better.

    The classifier chooses among all its classes, which may be more than the domains. The number is the plain mean over
    ordered pairs of domains.

    Attributes:
        extractor: name of the classifier, with a layer ``probabilities`` and classes named like the domains.
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``, for the translated images.

    Source: the idea of the FCN score of Isola et al., Image-to-image translation with conditional adversarial networks
    (CVPR 2017), section 4.1: translations are good if a network trained on real images recognises their content.
    """

    extractor: str = "digits"
    quantiser: Quantiser = "starganv2"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return the hits, one row per source image, and the domains of each sample."""
        hits = TargetHits(self.extractor, self.quantiser)
        return {"hits": Input(self.translations, hits, Rows, None), "task": self.task}

    def compute(self, hits: Rows, task: Rows) -> dict[str, Number]:
        """Return the mean share, and that of each pair of domains."""
        pairs = rows_of_pairs(task.rows())
        shares = {pair: float(hits.rows()[of].double().mean()) for pair, of in pairs.items()}
        return {self.name: mean_over_pairs(shares, self.higher_is_better)}


accuracy = TranslationAccuracy("accuracy", "plain", num_outputs=1, val_batch_size=None, quantiser="cyclegan")
"""Share of translations without style that a classifier assigns to the target domain; higher is better."""
accuracy_latent = TranslationAccuracy("accuracy_latent", "latent")
"""Share of translations with random styles that a classifier assigns to the target domain; higher is better."""
accuracy_reference = TranslationAccuracy("accuracy_reference", "reference")
"""Share of translations with styles of references that a classifier assigns to the target domain; higher is better."""
