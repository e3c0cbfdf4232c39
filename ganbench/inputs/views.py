"""What is computed once a batch: 8-bit images, features, perceptual distances, equivariance errors."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, cast

import torch
from torch import Tensor

from ganbench.functional import pseudo_rotate, rotate, rotation_matrix, translate_fractional, translate_integer
from ganbench.images import box_downsample_to, ppl_crop, to_uint8
from ganbench.inputs.batch import Batch, Setting
from ganbench.inputs.sources import PathPairs, Space, Transformed
from ganbench.types import AttributeExtractor, EquivariantGenerator, PerceptualExtractor, StyleGenerator

Motion = Literal["int", "frac", "rot"]


@dataclass(frozen=True)
class Uint8:
    """Images as the papers saved them, ``[N, C, H, W]`` uint8; reals pass through, samples are quantised."""

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the 8-bit images."""
        image = batch.drawn["image"]
        return image if image.dtype == torch.uint8 else to_uint8(image)


@dataclass(frozen=True)
class Layers:
    """Every layer of an extractor, from one forward pass."""

    extractor: str

    def compute(self, batch: Batch) -> Mapping[str, Tensor]:
        """Return layer name -> ``[N, D]``."""
        return batch.setting.extractor_in(self.extractor, False)(batch.on_device(batch.of(Uint8())))


@dataclass(frozen=True)
class Features:
    """One layer of an extractor on the 8-bit images, ``[N, D]`` float32."""

    extractor: str
    layer: str = "features"

    def compute(self, batch: Batch) -> Tensor:
        """Return the features."""
        return cast(Mapping[str, Tensor], batch.of(Layers(self.extractor)))[self.layer]


@dataclass(frozen=True)
class Latents:
    """The latents that samples were made from, ``[N, D]``.

    Attributes:
        space: ``z``, or ``w`` as the last layer has it.
    """

    space: Space

    extractor = None

    def problems(self, setting: Setting) -> list[str]:
        """Return that the model has no such latents, if it is so."""
        if isinstance(setting.model, StyleGenerator):
            return []
        return ["it looks at the latent spaces of a style-based generator, which this model lacks."]

    def compute(self, batch: Batch) -> Tensor:
        """Return the latents."""
        drawn = batch.drawn
        return drawn["z"] if self.space == "z" else drawn["ws"][:, -1]


@dataclass(frozen=True)
class AttributeLogits:
    """What a classifier says of the attributes of samples, ``[N, attributes]``.

    Float images; larger ones than the classifier takes (or than 256x256, where it takes any) are box-reduced.

    Attributes:
        extractor: that classifies.

    Source: Karras et al., A style-based generator architecture (CVPR 2019), section 4.2 and the official code.
    """

    extractor: str

    reduces: ClassVar[bool] = True

    def problems(self, setting: Setting) -> list[str]:
        """Return that the extractor classifies no attributes, if it is so."""
        if isinstance(setting.extractors.get(self.extractor), AttributeExtractor | None):
            return []
        return [f"the extractor {self.extractor!r} tells no attributes: choose a benchmark whose extractor does."]

    def compute(self, batch: Batch) -> Tensor:
        """Return the logits."""
        extractor = cast(AttributeExtractor, batch.setting.extractor_in(self.extractor, False))
        image = box_downsample_to(batch.drawn["image"], extractor.resolution or 256)
        return extractor.attribute_logits(batch.on_device(image))


@dataclass(frozen=True)
class PathDistance:
    """Perceptual distance of the two ends of a path step over epsilon squared, ``[N, 1]``.

    Float images all the way: quantised to 8 bits, two images this near would mostly be equal.

    Attributes:
        extractor: that measures the distance.
        crop: whether only rows 3/8..7/8 and columns 2/8..6/8 count, where FFHQ's faces are.

    Source: StyleGAN, section 4.1; range 0..255 and box downsampling to 256 as in the official code.
    """

    extractor: str
    crop: bool = False

    def compute(self, batch: Batch) -> Tensor:
        """Return the distances, float64 where the source says so."""
        assert isinstance(batch.source, PathPairs)
        image = torch.cat([batch.drawn["image0"], batch.drawn["image1"]])
        extractor = cast(PerceptualExtractor, batch.setting.extractor_in(self.extractor, batch.source.double))
        return path_distances(extractor, image, batch.source.epsilon, crop=self.crop)[:, None]


def path_distances(extractor: PerceptualExtractor, image: Tensor, epsilon: float, *, crop: bool) -> Tensor:
    """Return perceptual distances over epsilon squared, ``[N]``.

    Args:
        extractor: gives embeddings whose squared Euclidean distance is the perceptual distance.
        image: ``[2N, C, H, W]`` in -1..1, all first ends and then all second ends.
        epsilon: step along the path.
        crop: whether to take the face region only.
    """
    image = ppl_crop(image) if crop else image
    first, second = extractor.embed((box_downsample_to(image, 256) + 1) * (255 / 2)).chunk(2)
    return (first - second).square().sum(1) / epsilon**2


@dataclass(frozen=True)
class Originals:
    """Images of unmoved inputs, ``[N, C, H, W]``."""

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return the images."""
        return _synthesize(batch, torch.eye(3))


def _synthesize(batch: Batch, transform: Tensor) -> Tensor:
    assert isinstance(batch.source, Transformed)
    model: EquivariantGenerator = batch.setting.model_in(batch.source.double)
    model.set_transform(transform.to(batch.drawn["ws"]))
    try:
        return model.synthesis(batch.drawn["ws"], noise_mode="random", streams=batch.streams, force_fp32=True)
    finally:
        model.set_transform(torch.eye(3).to(batch.drawn["ws"]))


class _Operator(Protocol):
    def __call__(self, x: Tensor, *args: float) -> tuple[Tensor, Tensor]: ...


@dataclass(frozen=True)
class EquivarianceError:
    """Masked squared error between the moved output and the output of the moved input, ``[N, 2]``: error sum, mask sum.

    Attributes:
        motion: ``int`` whole pixels, ``frac`` any shift, ``rot`` rotation.

    Source: StyleGAN3, appendix E, equations 13 to 17; the transform given to the generator is the inverse one.
    """

    motion: Motion

    extractor = None

    def compute(self, batch: Batch) -> Tensor:
        """Return error sum and mask sum of every image, float64."""
        still = cast(Tensor, batch.of(Originals()))
        moves = batch.drawn["angle"] if self.motion == "rot" else batch.drawn[f"shift_{self.motion}"]
        moved = _synthesize(batch, torch.stack([inverse_transform(self.motion, move) for move in moves]))
        pairs = zip(still[:, None], moved[:, None], moves, strict=True)
        return torch.stack([equivariance_error(self.motion, a, b, move) for a, b, move in pairs])


def inverse_transform(motion: Motion, move: Tensor) -> Tensor:
    """Return the ``[3, 3]`` matrix for the generator's input that moves the image by a shift ``[2]`` or an angle."""
    if motion == "rot":
        return torch.as_tensor(rotation_matrix(-float(move)), dtype=torch.float32)
    matrix = torch.eye(3)
    matrix[:2, 2] = -move
    return matrix


def equivariance_error(motion: Motion, still: Tensor, moved: Tensor, move: Tensor) -> Tensor:
    """Return ``[2]`` float64: the masked squared error, and the mask, summed over images, channels and pixels.

    Args:
        motion: ``int``, ``frac`` or ``rot``.
        still: ``[N, C, H, W]`` images of the unmoved input.
        moved: ``[N, C, H, W]`` images of the moved input.
        move: ``[2]`` shift in image widths, or an angle in radians.
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
