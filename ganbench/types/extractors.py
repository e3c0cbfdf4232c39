"""What an extractor can be asked for: features, perceptual distances, attributes, classes, segmentations."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Extractor(Protocol):
    """A network that features are taken from."""

    name: str
    sha256: str  # of the weights
    layers: Mapping[str, int]  # layer name -> number of features
    resolution: int | None  # the only size of image that it takes; None for any

    def to(self, device: str, float64: bool = False) -> "Extractor":
        """Return the extractor on a device, in float64 where asked. Called with positional arguments."""
        ...

    def __call__(self, images: Tensor) -> Mapping[str, Tensor]:
        """Return every layer's features ``[N, D]`` of ``[N, C, H, W]`` uint8 images, C 1 or 3."""
        ...


@runtime_checkable
class ResizingExtractor(Extractor, Protocol):
    """An extractor that resizes images of any size to the one that its network takes.

    Attributes:
        input_size: that height and width, in pixels.
    """

    input_size: int


@runtime_checkable
class PerceptualExtractor(Extractor, Protocol):
    """An extractor that also measures perceptual distance."""

    def embed(self, images: Tensor) -> Tensor:
        """Return ``[N, E]`` of ``[N, C, H, W]`` float images in 0..255.

        The squared Euclidean distance of two embeddings is the perceptual distance of the two images.
        """
        ...


@runtime_checkable
class PairExtractor(PerceptualExtractor, Protocol):
    """A perceptual extractor that compares images without their embeddings, which takes less memory and less time."""

    def distances(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the perceptual distances ``[N]`` of ``first`` and ``second``, images like those of ``embed``.

        They are the squared Euclidean distances of the embeddings, but for rounding.
        """
        ...


@runtime_checkable
class AttributeExtractor(Extractor, Protocol):
    """An extractor that also says which of some yes-or-no attributes an image has."""

    attributes: tuple[str, ...]

    def attribute_logits(self, images: Tensor) -> Tensor:
        """Return ``[N, attributes]`` of float images ``[N, C, H, W]`` in -1..1, not quantised nor clipped.

        An attribute's probability is ``softmax([logit, -logit])[0]``: half of its log-odds, above 0 where it is there.
        """
        ...


@runtime_checkable
class ClassExtractor(Extractor, Protocol):
    """An extractor that also says which of some classes an image shows, in its layer ``probabilities``.

    The columns of that layer are ``classes``, by their names.
    """

    classes: tuple[str, ...]


@runtime_checkable
class SegmentationExtractor(Extractor, Protocol):
    """An extractor that says which class each pixel of an image shows, and how label maps are coloured.

    ``palette [K or more, 3]`` uint8 has the colour of each class, in the order of ``classes``, and after them colours
    of pixels that are not counted.
    """

    classes: tuple[str, ...]
    palette: Tensor

    def segment(self, images: Tensor) -> Tensor:
        """Return ``[N, H, W]`` int64, a class for each pixel of ``[N, 3, H, W]`` uint8 images."""
        ...
