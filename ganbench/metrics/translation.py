"""FID and LPIPS diversity of translators, by StarGAN v2's protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from ganbench.functional import frechet_distance, moments
from ganbench.inputs import (
    Domains,
    Drawn,
    Features,
    Input,
    Mode,
    OutputDiversity,
    Quantiser,
    Reals,
    Rows,
    TranslatedFeatures,
    Translations,
)
from ganbench.metrics.base import BaseMetric, Number, Uncertainty
from ganbench.metrics.pairs import mean_over_pairs, rows_of_pairs

SMALL = (
    512  # feature dimensions below which one thread is faster: for small matrices, threads mostly wait for each other
)


@dataclass(frozen=True)
class OfTranslations(BaseMetric):
    """Base of the metrics of translated images.

    Attributes:
        name: name as in papers.
        mode: origin of the styles; ``plain`` for translators without styles.
        num_outputs: outputs per source image; 1 for translators without styles.
        count: source images per domain, from the first on; None for all.
        val_batch_size: source images per batch of the official loop; every target domain needs as many references. None
            for no batches.
    """

    name: str
    mode: Mode
    num_outputs: int = 10
    count: int | None = None
    val_batch_size: int | None = 32

    uncertainty: ClassVar[Uncertainty] = "pairs"

    @property
    def translations(self) -> Translations:
        """The translated images."""
        return Translations(self.mode, self.num_outputs, self.count, self.val_batch_size or 1)

    @property
    def task(self) -> Input:
        """Source and target domain of each sample."""
        return Input(self.translations, Drawn("task"), Rows, None)

    def generated(self, samples: Mapping[str, int]) -> int | None:
        """Return the number of translated images: every source image has ``num_outputs``."""
        of_translations = [key for key, need in self.inputs().items() if need.source == self.translations]
        return max(samples[key] for key in of_translations) * self.num_outputs

    def inputs(self) -> Mapping[str, Input]:
        """Return the inputs of ``compute``."""
        raise NotImplementedError


@dataclass(frozen=True)
class TranslationFrechetDistance(OfTranslations):
    """FID between translated images and the target domain's training images, mean over ordered pairs; lower is better.

    Attributes:
        extractor: name of the extractor whose ``features`` are compared.
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``, for the translated images.
        ddof: covariances divide by N - ddof.

    Source: Choi et al., StarGAN v2 (CVPR 2020), appendix C; details as in the official code.
    """

    extractor: str = "inception-torchvision"
    quantiser: Quantiser = "starganv2"
    ddof: int = 1

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = False
    unit: ClassVar[str] = ""
    biased: ClassVar[bool] = True

    def inputs(self) -> Mapping[str, Input]:
        """Return features and domains of all training images and all translated images."""
        fake = TranslatedFeatures(self.extractor, self.quantiser)
        return {
            "real": Input(Reals(), Features(self.extractor), Rows, None, minimum=2),
            "domain": Input(Reals(), Domains(), Rows, None),
            "fake": Input(self.translations, fake, Rows, None),
            "task": self.task,
        }

    def compute(self, real: Rows, domain: Rows, fake: Rows, task: Rows) -> dict[str, Number]:
        """Return the mean distance, and that of each pair."""
        domains = domain.rows()[:, 0]
        values = {}
        with threadpool_limits(1 if real.rows().shape[1] < SMALL else None):
            reals = [moments(real.rows()[domains == place], ddof=self.ddof) for place in range(int(domains.max()) + 1)]
            for (source, target), chosen in rows_of_pairs(task.rows()).items():
                fakes = moments(fake.rows()[chosen].flatten(0, 1), ddof=self.ddof)
                values[source, target] = frechet_distance(*fakes, *reals[target])
        return {self.name: mean_over_pairs(values, self.higher_is_better)}


@dataclass(frozen=True)
class TranslationDiversity(OfTranslations):
    """LPIPS between the outputs of one source image, over all pairs of them; higher is more diverse.

    For each pair of domains, the means of batches of ``val_batch_size`` source images are averaged, so that a smaller
    last batch counts as much as the others; the number is the plain mean over ordered pairs of domains.

    Attributes:
        extractor: name of the extractor that measures perceptual distance.

    Source: Choi et al., StarGAN v2 (CVPR 2020), appendix C; batches as in the official code.
    Deviation: source images are batched in the data's order, not in random order.
    """

    extractor: str = "lpips-alex-stargan"

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = ""

    def inputs(self) -> Mapping[str, Input]:
        """Return the distance within the outputs of each source image."""
        return {
            "distance": Input(self.translations, OutputDiversity(self.extractor), Rows, None),
            "task": self.task,
        }

    def compute(self, distance: Rows, task: Rows) -> dict[str, Number]:
        """Return the mean distance, and that of each pair of domains."""
        of_pairs = rows_of_pairs(task.rows())
        values = {pair: self._mean(distance.rows()[of]) for pair, of in of_pairs.items()}
        return {self.name: mean_over_pairs(values, self.higher_is_better)}

    def _mean(self, distances: Tensor) -> float:
        batches = torch.split(distances.double(), self.val_batch_size or len(distances))
        return sum(float(batch.mean()) for batch in batches) / len(batches)


fid_latent = TranslationFrechetDistance("fid_latent", "latent")
"""FID of translations with random styles, 10 per source image, mean over pairs of domains; lower is better."""
fid_reference = TranslationFrechetDistance("fid_reference", "reference")
"""FID of translations with styles of references, 10 per source image, mean over pairs of domains; lower is better."""
lpips_latent = TranslationDiversity("lpips_latent", "latent")
"""LPIPS between 10 translations of a source image with random styles; higher is more diverse."""
lpips_reference = TranslationDiversity("lpips_reference", "reference")
"""LPIPS between 10 translations of a source image with styles of references; higher is more diverse."""
# CycleGAN has no official FID. Later papers measure the images that its test program saves, with the usual Inception.
fid_translated = TranslationFrechetDistance(
    "fid_translated", "plain", num_outputs=1, val_batch_size=None, extractor="inception", quantiser="cyclegan"
)
"""FID of translations without style against the target's training images, mean over directions; lower is better."""
