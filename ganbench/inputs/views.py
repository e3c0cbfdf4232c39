"""Views of batches: 8-bit images, features, perceptual distances, equivariance errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, cast

import torch
from torch import Tensor

from ganbench.functional import pseudo_rotate, rotate, rotation_matrix, translate_fractional, translate_integer
from ganbench.images import Quantiser, ResizeMethod, box_downsample_to, ppl_crop, resize, to_uint8
from ganbench.inputs.batch import BaseView, Batch
from ganbench.inputs.context import Context
from ganbench.inputs.generated import checked_images
from ganbench.inputs.lacking import layer_problems, perceptual_problems
from ganbench.inputs.perceptual import pair_distances
from ganbench.inputs.sources import Space
from ganbench.types import (
    AttributeExtractor,
    EquivariantGenerator,
    PerceptualExtractor,
    ResizingExtractor,
    StyleGenerator,
)

Motion = Literal["int", "frac", "rot"]


@dataclass(frozen=True)
class Uint8(BaseView):
    """8-bit images, as the papers saved them, ``[N, C, H, W]`` uint8: reals as they are, samples quantised.

    Attributes:
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``.
    """

    quantiser: Quantiser = "stylegan"

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the 8-bit images."""
        image = batch.drawn["image"]
        return image if image.dtype == torch.uint8 else to_uint8(image, self.quantiser)


@dataclass(frozen=True)
class Layers(BaseView):
    """All layers of an extractor, from one forward pass; for attributes see ``Features``."""

    extractor: str
    quantiser: Quantiser = "stylegan"
    resize: ResizeMethod | None = None

    def compute(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return layer name -> ``[N, D]``."""
        extractor = batch.context.extractor_in(self.extractor)
        images = batch.on_device(batch.of(Uint8(self.quantiser)))
        if self.resize and isinstance(extractor, ResizingExtractor):
            images = resize(images, extractor.input_size, self.resize)
        return extractor(images)


@dataclass(frozen=True)
class Features(BaseView):
    """One layer of an extractor on the 8-bit images, ``[N, D]`` float32.

    Attributes:
        extractor: name of the extractor.
        layer: name of the layer.
        quantiser: name of a quantiser of ``ganbench.images.to_uint8``, for samples.
        resize: method of resizing to the extractor's input size; None for the extractor's usual one.
    """

    extractor: str
    layer: str = "features"
    quantiser: Quantiser = "stylegan"
    resize: ResizeMethod | None = None

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the extractor lacks the layer."""
        return layer_problems(context, self.extractor, self.layer)

    def compute(self, batch: Batch) -> Tensor:
        """Return the features."""
        layers = batch.of(Layers(self.extractor, self.quantiser, self.resize))
        return cast(Mapping[str, Tensor], layers)[self.layer]


@dataclass(frozen=True)
class Latents(BaseView):
    """The latents of samples, ``[N, D]``.

    Attributes:
        space: ``z``, or ``w`` of the last layer.
    """

    space: Space

    extractor = None

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the model has no such latents."""
        if isinstance(context.model, StyleGenerator):
            return []
        return ["expected a style-based generator, found a model without a latent space w: take another metric."]

    def compute(self, batch: Batch) -> Tensor:
        """Return the latents."""
        drawn = batch.drawn
        return drawn["z"] if self.space == "z" else drawn["ws"][:, -1]


@dataclass(frozen=True)
class AttributeLogits(BaseView):
    """Logits of a classifier for the attributes of samples, ``[N, attributes]``.

    Float images, box-downsampled if larger than the classifier's size (or than 256x256 if it takes any size).

    Attributes:
        extractor: name of the classifier.

    Source: Karras et al., A style-based generator architecture (CVPR 2019), section 4.2 and the official code.
    """

    extractor: str

    downsamples: ClassVar[bool] = True

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the extractor classifies no attributes."""
        if isinstance(context.extractors.get(self.extractor), AttributeExtractor | None):
            return []
        return [
            f"the extractor {self.extractor!r} does not classify attributes: choose a benchmark whose extractor does."
        ]

    def compute(self, batch: Batch) -> Tensor:
        """Return the logits."""
        extractor = cast(AttributeExtractor, batch.context.extractor_in(self.extractor))
        image = box_downsample_to(batch.drawn["image"], extractor.resolution or 256)
        return extractor.attribute_logits(batch.on_device(image))


@dataclass(frozen=True)
class PathDistance(BaseView):
    """Perceptual distance of the two ends of a path step, over epsilon squared, ``[N, 1]``.

    Float images throughout: quantised to 8 bits, two images this close would be nearly equal.

    Attributes:
        extractor: name of the extractor that measures the distance.
        crop: whether to use only rows 3/8..7/8 and columns 2/8..6/8, which hold the faces of FFHQ.
        epsilon: step between the two ends.
        float64: whether the extractor runs in float64.

    Source: Karras et al. (CVPR 2019), section 4.1; range 0..255 and box downsampling to 256 as in the official code.
    """

    extractor: str
    crop: bool = False
    epsilon: float = 1e-4
    float64: bool = False

    def problems(self, context: Context) -> list[str]:
        """Return a problem if the extractor measures no perceptual distance."""
        return perceptual_problems(context, self.extractor)

    def compute(self, batch: Batch) -> Tensor:
        """Return the distances over epsilon squared; float64 if the view asks for it."""
        image = torch.cat([batch.drawn["image0"], batch.drawn["image1"]])
        extractor = cast(PerceptualExtractor, batch.context.extractor_in(self.extractor, self.float64))
        return path_distances(extractor, image, self.epsilon, crop=self.crop)[:, None]


def path_distances(extractor: PerceptualExtractor, image: Tensor, epsilon: float, *, crop: bool) -> Tensor:
    """Return perceptual distances over epsilon squared, ``[N]``.

    Args:
        extractor: extractor of embeddings whose squared Euclidean distance is the perceptual distance.
        image: ``[2N, C, H, W]``, -1..1: all first ends, then all second ends.
        epsilon: step along the path.
        crop: whether to use only the face region.
    """
    image = ppl_crop(image) if crop else image
    return pair_distances(extractor, *image.chunk(2)) / epsilon**2


@dataclass(frozen=True)
class Untransformed(BaseView):
    """Images of untransformed inputs, ``[N, C, H, W]``.

    Attributes:
        float64: whether the generator runs in float64.
    """

    float64: bool = False

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the images."""
        return _synthesize(batch, torch.eye(3), self.float64)


def _synthesize(batch: Batch, transform: Tensor, float64: bool) -> Tensor:
    model: EquivariantGenerator = batch.context.model_in(float64)
    model.set_transform(transform.to(batch.drawn["ws"]))
    try:
        image = model.synthesis(batch.drawn["ws"], noise_mode="random", streams=batch.streams, force_fp32=True)
        return checked_images(image, len(batch.indices), batch.context)
    finally:
        # Even after an error: the transform is state of the model, which other passes use too.
        model.set_transform(torch.eye(3).to(batch.drawn["ws"]))


class _Operator(Protocol):
    def __call__(self, x: Tensor, *args: float) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True)
class EquivarianceError(BaseView):
    """Masked squared error between moved images and images of moved inputs, ``[N, 2]``: error sum and mask sum.

    Attributes:
        motion: ``int`` whole pixels, ``frac`` any shift, ``rot`` rotation.
        float64: whether the generator runs in float64.

    Source: Karras et al. (NeurIPS 2021), appendix E, equations 13 to 17; the generator gets the inverse transform.
    """

    motion: Motion
    float64: bool = False

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return error sum and mask sum of every image, float64."""
        still = cast(Tensor, batch.of(Untransformed(self.float64)))
        moves = batch.drawn["angle"] if self.motion == "rot" else batch.drawn[f"shift_{self.motion}"]
        transforms = torch.stack([inverse_transform(self.motion, move) for move in moves])
        moved = _synthesize(batch, transforms, self.float64)
        pairs = zip(still[:, None], moved[:, None], moves, strict=True)
        return torch.stack([equivariance_error(self.motion, a, b, move) for a, b, move in pairs])


def inverse_transform(motion: Motion, move: Tensor) -> Tensor:
    """Return the ``[3, 3]`` input transform that moves the image by a shift ``[2]`` (widths) or an angle (radians)."""
    if motion == "rot":
        return torch.as_tensor(rotation_matrix(-float(move)), dtype=torch.float32)
    matrix = torch.eye(3)
    matrix[:2, 2] = -move
    return matrix


def equivariance_error(motion: Motion, still: Tensor, moved: Tensor, move: Tensor) -> Tensor:
    """Return ``[2]`` float64: the masked squared error, and the mask, summed over images, channels and pixels.

    Args:
        motion: ``int``, ``frac`` or ``rot``.
        still: images of the unmoved input, ``[N, C, H, W]``.
        moved: images of the moved input, ``[N, C, H, W]``.
        move: shift ``[2]`` in image widths, or an angle in radians.
    """
    if motion == "rot":
        reference, mask = rotate(still, float(move))
        moved, moved_mask = pseudo_rotate(moved, float(move))
        mask = mask * moved_mask
    else:
        operator = translate_integer if motion == "int" else translate_fractional
        reference, mask = operator(still, float(move[0]), float(move[1]))
    error = ((reference - moved).square() * mask).double().sum()
    return torch.stack([error, mask.double().expand_as(reference).sum()])
