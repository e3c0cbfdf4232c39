"""The laws of extractors."""

from collections.abc import Mapping

import torch
from torch import Tensor

from ganbench.testing.data import DIGITS
from ganbench.testing.laws import Laws
from ganbench.testing.tolerances import ALONE, FLOAT64
from ganbench.types import (
    AttributeExtractor,
    ClassExtractor,
    Extractor,
    PairExtractor,
    PerceptualExtractor,
    ResizingExtractor,
    SegmentationExtractor,
)

ANY_SIZE = 48  # pixels, for an extractor that takes any size


def check_extractor(extractor: Extractor, *, resolution: int | None = None, num_images: int = 3) -> None:
    """Check the laws of an extractor, on random images.

    Args:
        extractor: the opened extractor, float32, on the CPU.
        resolution: height and width of the images; None for the size that it takes, or 48 if it takes any.
        num_images: number of images, at least two.

    Raises:
        AssertionError: a law is broken.
    """
    laws = Laws(
        f"the extractor {getattr(extractor, 'name', type(extractor).__name__)}"
    )  # a missing name is reported below
    laws.follow(extractor, Extractor)
    size = resolution or extractor.resolution or ANY_SIZE
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (num_images, 3, size, size), dtype=torch.uint8, generator=random)
    with laws.untouched_random_state(), torch.inference_mode():
        _check_declared(laws, extractor)
        _check_layers(laws, extractor, images)
        if isinstance(extractor, PerceptualExtractor):
            _check_perceptual(laws, extractor, images.float())
        if isinstance(extractor, AttributeExtractor):
            _check_attributes(laws, extractor, images / 127.5 - 1)
        if isinstance(extractor, ClassExtractor):
            _check_classes(laws, extractor, images)
        if isinstance(extractor, SegmentationExtractor):
            _check_segmentation(laws, extractor, images)


def _check_declared(laws: Laws, extractor: Extractor) -> None:
    laws.hold(bool(extractor.name), "it has a name", "text", repr(extractor.name))
    sha256 = extractor.sha256
    laws.hold(len(sha256) == 64 and set(sha256) <= DIGITS, "sha256 is of its weights", "64 hexadecimal digits", sha256)
    widths = all(isinstance(width, int) and width > 0 for width in extractor.layers.values())
    laws.hold(widths, "layers have a number of features", "positive whole numbers", dict(extractor.layers))
    if isinstance(extractor, ResizingExtractor):
        laws.hold(extractor.input_size > 0, "input_size is in pixels", "a positive number", extractor.input_size)
        laws.equal(None, extractor.resolution, "an extractor that resizes takes images of any size")


def _check_layers(laws: Laws, extractor: Extractor, images: Tensor) -> None:
    before, count = images.clone(), len(images)
    found = extractor(images)
    laws.equal(before, images, "images are left as they are")
    laws.hold(isinstance(found, Mapping), "a call returns layers by name", "a mapping", type(found).__name__)
    laws.equal(sorted(extractor.layers), sorted(found), "the layers that it declares are those that it returns")
    for name, width in extractor.layers.items():
        laws.tensor(found[name], (count, width), f"the layer {name} is as wide as declared")
        laws.equal(torch.float32, found[name].dtype, f"the layer {name} is float32")
    twin = extractor.to("cpu", True)(images[:1])
    again = extractor(images)  # the float64 twin must not have changed the extractor
    grey, repeated = (extractor(images[:1, :1].expand(-1, channels, -1, -1)) for channels in (1, 3))
    for name, rows in found.items():
        laws.close(rows[:1], twin[name], f"the float64 twin agrees in {name}", FLOAT64)
        laws.equal(rows, again[name], f"the layer {name} of the same images is the same")
        laws.close(repeated[name], grey[name], f"grey images are RGB images with equal channels, in {name}", ALONE)
    if found:
        alone = extractor(images[1:2])
        for name, rows in found.items():
            _check_alone(laws, rows, alone[name], f"the layer {name}")


def _check_alone(laws: Laws, whole: Tensor, alone: Tensor, what: str) -> None:
    """Check that the second image has the same row when it is alone, in first place."""
    law = f"{what} of an image does not depend on its place in a batch, or on the other images"
    laws.close(whole[1:2], alone, law, ALONE)


def _check_perceptual(laws: Laws, extractor: PerceptualExtractor, images: Tensor) -> None:
    found = extractor.embed(images)
    laws.tensor(found, (len(images), None), "embed returns [N, E]")
    flat = extractor.embed(torch.stack([torch.zeros_like(images[0]), torch.full_like(images[0], 255)]))
    laws.tensor(flat, (2, found.shape[1]), "embed is defined for flat images")
    apart = float((found[0] - found[1]).square().sum())
    laws.hold(apart > 0, "two different images have a perceptual distance", "more than 0", apart)
    if isinstance(extractor, PairExtractor):
        between = extractor.distances(images, images.flip(0))
        laws.close((found - found.flip(0)).square().sum(1), between, "distances are those of embeddings", ALONE)
    _check_alone(laws, found, extractor.embed(images[1:2]), "embed")
    twin = extractor.to("cpu", True)
    assert isinstance(twin, PerceptualExtractor)
    double = twin.embed(images.double())
    laws.equal(torch.float64, double.dtype, "the float64 twin embeds in float64")
    laws.close(found, double, "the float64 twin agrees in embed", FLOAT64)


def _check_attributes(laws: Laws, extractor: AttributeExtractor, images: Tensor) -> None:
    found = extractor.attribute_logits(images)
    laws.tensor(found, (len(images), len(extractor.attributes)), "attribute_logits has one column per attribute")
    laws.equal(len(extractor.attributes), len(set(extractor.attributes)), "attributes have different names")
    _check_alone(laws, found, extractor.attribute_logits(images[1:2]), "attribute_logits")


def _check_classes(laws: Laws, extractor: ClassExtractor, images: Tensor) -> None:
    laws.equal(len(extractor.classes), len(set(extractor.classes)), "classes have different names")
    laws.equal(len(extractor.classes), extractor.layers.get("probabilities"), "probabilities has one column per class")
    found = extractor(images)["probabilities"]
    laws.hold(bool((found >= 0).all()), "probabilities are not negative", "0 or more", float(found.min()))
    laws.close(torch.ones(len(images)), found.sum(1), "probabilities add up to 1", ALONE)


def _check_segmentation(laws: Laws, extractor: SegmentationExtractor, images: Tensor) -> None:
    found, count = extractor.segment(images), len(extractor.classes)
    laws.tensor(found, (len(images), *images.shape[2:]), "segment returns a class for each pixel")
    laws.equal(torch.int64, found.dtype, "classes of pixels are int64")
    laws.hold(bool(((found >= 0) & (found < count)).all()), "pixels are of known classes", count, int(found.max()))
    palette = extractor.palette
    laws.tensor(palette, (None, 3), "palette has one colour per row")
    laws.hold(palette.dtype == torch.uint8 and len(palette) >= count, "each class has an 8-bit colour", count, palette)
    laws.equal(len(palette), len(set(map(tuple, palette.tolist()))), "no two classes have the same colour")
    laws.equal(found[1:2], extractor.segment(images[1:2]), "classes of pixels do not depend on the batch")
