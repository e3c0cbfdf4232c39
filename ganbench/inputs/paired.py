"""Translations beside their ground truth: what the images of pairs say of how far a translation is from it."""

from dataclasses import dataclass
from typing import cast

from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional import psnr, ssim
from ganbench.functional.ssim import WINDOW
from ganbench.images import Quantiser, to_float, to_rgb
from ganbench.inputs.batch import BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.inputs.domains import domain_data
from ganbench.inputs.lacking import perceptual_problems
from ganbench.inputs.perceptual import perceptual_distances
from ganbench.inputs.translated import TranslatedUint8
from ganbench.types import WithDomains, WithPairs

MOST_DB = 100.0  # peak signal-to-noise ratio that equal 8-bit images count with


@dataclass(frozen=True)
class Truth(BaseView):
    """The ground truth of each translation, ``[N num_outputs, C, H, W]`` uint8: the partners of the source images."""

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the images, each as often as there are outputs."""
        validation = domain_data(batch.context).validation
        found = validation.images(cast(WithPairs, validation).partners(batch.drawn["index"].tolist()))
        return found.repeat_interleave(batch.drawn["image"].shape[1], 0)


@dataclass(frozen=True)
class TruthSimilarity(BaseView):
    """Structural similarity of 8-bit translations and their ground truth, ``[N, 1]`` float64, -1..1.

    Attributes:
        quantiser: of ``ganbench.images.to_uint8``.
    """

    quantiser: Quantiser

    extractor = None

    def problems(self, context: Context) -> list[str]:
        """Return a problem where there is no ground truth, or images are smaller than the window."""
        told = truth_problems(context)
        if not told and context.data is not None and context.data.resolution < WINDOW:
            size = context.data.resolution
            told = [
                f"it compares windows of {WINDOW}x{WINDOW} pixels and the images have {size}x{size}: take psnr instead."
            ]
        return told

    def compute(self, batch: Batch) -> Tensor:
        """Return the mean over outputs."""
        return mean_of_outputs(batch, ssim(*both_uint8(batch, self.quantiser)))


@dataclass(frozen=True)
class TruthRatio(BaseView):
    """Peak signal-to-noise ratio of 8-bit translations and their ground truth, ``[N, 1]`` float64, in dB, at most 100.

    The ratio of equal images is infinite, and one of them would make the mean so. Hardly any other is cut: an image of
    256x256 in colour that differs in one value by one level has 101 dB.

    Attributes:
        quantiser: of ``ganbench.images.to_uint8``.
    """

    quantiser: Quantiser

    extractor = None

    def problems(self, context: Context) -> list[str]:
        """Return a problem where there is no ground truth."""
        return truth_problems(context)

    def compute(self, batch: Batch) -> Tensor:
        """Return the mean over outputs."""
        return mean_of_outputs(batch, psnr(*both_uint8(batch, self.quantiser)).clamp(max=MOST_DB))


@dataclass(frozen=True)
class TruthError(BaseView):
    """Mean absolute difference of translations and their ground truth, ``[N, 1]``, in a range of -1..1; 0 at best."""

    extractor = None

    def problems(self, context: Context) -> list[str]:
        """Return a problem where there is no ground truth."""
        return truth_problems(context)

    def compute(self, batch: Batch) -> Tensor:
        """Return the mean over channels, pixels and outputs."""
        image, truth = both_floats(batch)
        return mean_of_outputs(batch, (image - truth).abs().flatten(1).mean(1))


@dataclass(frozen=True)
class TruthDistance(BaseView):
    """Perceptual distance of translations and their ground truth, ``[N, 1]``.

    Attributes:
        extractor: that measures the distance.
    """

    extractor: str

    def problems(self, context: Context) -> list[str]:
        """Return a problem where there is no ground truth, or no perceptual distance."""
        return truth_problems(context) + perceptual_problems(context, self.extractor)

    def compute(self, batch: Batch) -> Tensor:
        """Return the mean over outputs."""
        return mean_of_outputs(batch, perceptual_distances(batch, self.extractor, *both_floats(batch)))


def truth_problems(context: Context) -> list[str]:
    """Return a problem where the data have no pairs; data without domains are the source's problem."""
    data = context.data
    if not isinstance(data, WithDomains) or isinstance(data.validation, WithPairs):
        return []
    return [
        f"it compares translations with ground truth and {context.data.name} has no pairs: name a folder of pairs, as "
        "with --data pairs:FOLDER."
    ]


def both_uint8(batch: Batch, quantiser: Quantiser) -> tuple[Tensor, Tensor]:
    """Return 8-bit translations and their ground truth, ``[N num_outputs, C, H, W]`` each."""
    return alike(cast(Tensor, batch.of(TranslatedUint8(quantiser))).cpu(), cast(Tensor, batch.of(Truth())))


def both_floats(batch: Batch) -> tuple[Tensor, Tensor]:
    """Return translations and their ground truth, ``[N num_outputs, C, H, W]`` float32, nominally -1..1, each."""
    truth = to_float(batch.on_device(cast(Tensor, batch.of(Truth()))))
    return alike(batch.on_device(batch.drawn["image"].flatten(0, 1)), truth)


def alike(image: Tensor, truth: Tensor) -> tuple[Tensor, Tensor]:
    """Return translations and their ground truth with as many channels.

    Raises:
        BadInputError: they differ in size.
    """
    if image.shape[2:] != truth.shape[2:]:
        found = " and ".join("x".join(map(str, images.shape[:1:-1])) for images in (image, truth))
        raise BadInputError(
            f"expected translations of the size of their ground truth, found {found} pixels: name data of the model's "
            "size."
        )
    return (image, truth) if image.shape == truth.shape else (to_rgb(image), to_rgb(truth))


def mean_of_outputs(batch: Batch, values: Tensor) -> Tensor:
    """Return the mean over a source image's outputs, ``[N, 1]``, of ``[N num_outputs]``."""
    return values.reshape(len(batch.indices), -1).mean(1, keepdim=True)
