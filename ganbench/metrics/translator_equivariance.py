"""Equivariance of translators to shifts and rotations: an extension by ganbench, not in any paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ganbench.functional import equivariance_psnr
from ganbench.inputs import Input, Rows
from ganbench.inputs.moved_sources import MovedSourceError, MovedTranslations
from ganbench.inputs.views import Motion
from ganbench.metrics.base import Number, Part
from ganbench.metrics.pairs import rows_of_pairs
from ganbench.metrics.translation import OfTranslations


@dataclass(frozen=True)
class TranslatorEquivariance(OfTranslations):
    """How exactly the translation follows when the source image is moved, in dB; higher is better.

    Peak signal-to-noise ratio, for a range of 2 (-1..1), between the moved translation and the translation of the moved
    image, with the operators and masks of EQ-T and EQ-R of generators; the error is a ratio of sums over all samples,
    also for each pair of domains. See ``ganbench.inputs.moved_sources`` for the comparison. A purely local map that is
    the same everywhere is infinitely equivariant to whole pixels; a translator whose output depends on the position is
    not.

    Attributes:
        num_outputs: outputs per source image; only the first is used.
        val_batch_size: None, because one reference is enough.
        motion: ``int`` whole pixels, ``frac`` any shift, ``rot`` rotation.
        translate_max: largest shift, in image widths.
        rotate_max: largest angle, in half turns.

    Source: an extension of Karras et al. (NeurIPS 2021), equation 3 and appendix E, with the source image in place of
    the generator's input.
    Deviation: for EQ-R, StyleGAN3 filters the image of the rotated input like a rotated image. Here the source image
    was filtered when it was rotated, so both sides are rotated images and nothing is filtered again.
    """

    num_outputs: int = 1
    val_batch_size: int | None = None
    motion: Motion = "int"
    translate_max: float = 0.125
    rotate_max: float = 1.0

    version: ClassVar[int] = 1
    higher_is_better: ClassVar[bool] = True
    unit: ClassVar[str] = "dB"

    @property
    def translations(self) -> MovedTranslations:
        """The translated images, and how far each is moved."""
        least = self.val_batch_size or 1
        return MovedTranslations(self.mode, self.num_outputs, self.count, least, self.translate_max, self.rotate_max)

    def inputs(self) -> Mapping[str, Input]:
        """Return masked errors and masks of all samples."""
        return {"errors": Input(self.translations, MovedSourceError(self.motion), Rows, None), "task": self.task}

    def compute(self, errors: Rows, task: Rows) -> dict[str, Number]:
        """Return the ratio over all samples in dB, and that of each pair of domains."""
        rows = errors.rows()
        pairs = rows_of_pairs(task.rows())
        parts: dict[Part, float] = {pair: equivariance_psnr(*rows[of].sum(0).tolist()) for pair, of in pairs.items()}
        return {self.name: Number(equivariance_psnr(*rows.sum(0).tolist()), self.higher_is_better, parts)}


eqt_int_translator = TranslatorEquivariance("eqt_int_translator", "plain", motion="int")
"""EQ-T of a translator: shifts of the source by whole pixels, dB; higher is better."""
eqt_frac_translator = TranslatorEquivariance("eqt_frac_translator", "plain", motion="frac")
"""EQ-T of a translator: any shifts of the source, dB; higher is better."""
eqr_translator = TranslatorEquivariance("eqr_translator", "plain", motion="rot")
"""EQ-R of a translator: rotations of the source, dB; higher is better."""
eqt_int_latent = TranslatorEquivariance("eqt_int_latent", "latent", motion="int")
"""EQ-T of a translator with random styles: shifts of the source by whole pixels, dB; higher is better."""
eqt_frac_latent = TranslatorEquivariance("eqt_frac_latent", "latent", motion="frac")
"""EQ-T of a translator with random styles: any shifts of the source, dB; higher is better."""
eqr_latent = TranslatorEquivariance("eqr_latent", "latent", motion="rot")
"""EQ-R of a translator with random styles: rotations of the source, dB; higher is better."""
