"""Samples beside the training images that are nearest to them, and how near samples and training images are."""

import torch
from torch import Tensor

from ganbench.pictures.easel import Easel
from ganbench.pictures.sampler import Sampler
from ganbench.report import Figure
from ganbench.report.markup import tag, text
from ganbench.report.plots import histogram
from ganbench.types import Dataset, Extractor

NUMBERS = 1 << 27  # of all training images that are compared; half a GiB
SHOWN, NEAREST = 12, 3
COUNTED, COUNTED_LARGE = 400, 60  # samples of the histogram; of images above 64 pixels
FEATURED = 2_000  # training images that are compared by features: half a minute to minutes of Inception on a CPU
BATCH = 50


def neighbours(sampler: Sampler, reals: Dataset, easel: Easel) -> tuple[Figure, str]:
    """Return the figure of samples and their nearest training images, and HTML with a histogram of distances.

    The distance is the root of the mean squared difference of pixels, of 255.

    Args:
        sampler: of a model whose images have the size of the reals.
        reals: the training images.
        easel: that makes figures.
    """
    images = _first(reals)
    count = COUNTED if sampler.model.img_resolution <= 64 else COUNTED_LARGE
    samples = torch.stack([sampler.image(seed) for seed in range(count)])
    distances = _distances(samples, images)
    how = "by squared differences of pixels"
    figure = _figure("Nearest training images", how, samples, images, distances, reals, easel)
    return figure, _histogram(distances, images, count)


@torch.no_grad()
def neighbours_by_features(sampler: Sampler, reals: Dataset, extractor: Extractor, easel: Easel) -> Figure:
    """Return the figure of samples and the training images whose features are nearest to theirs.

    Args:
        sampler: of a model whose images have the size of the reals.
        reals: the training images.
        extractor: on the CPU; its layer ``features`` is compared.
        easel: that makes figures.
    """
    images = _first(reals, FEATURED)
    samples = torch.stack([sampler.image(seed) for seed in range(SHOWN)])
    x, y = (_features(extractor, each) for each in (samples, images))
    how = f"by Euclidean distance of {extractor.name} features"
    return _figure("Nearest by features", how, samples, images, torch.cdist(x, y), reals, easel)


def _features(extractor: Extractor, images: Tensor) -> Tensor:
    parts = [extractor(images[i : i + BATCH])["features"] for i in range(0, len(images), BATCH)]
    return torch.cat(parts).flatten(1).double()


def _first(reals: Dataset, most: int | None = None) -> Tensor:
    """Return the training images that come first, ``[N, C, H, W]`` uint8, as many as have ``NUMBERS`` numbers."""
    fit = NUMBERS // reals.images([0]).numel()
    indices = range(min(len(reals), fit, fit if most is None else most))
    return torch.cat([reals.images(list(indices[i : i + 256])) for i in range(0, len(indices), 256)])


def _figure(
    title: str, how: str, samples: Tensor, images: Tensor, distances: Tensor, reals: Dataset, easel: Easel
) -> Figure:
    """Return samples above the images that are nearest to each, by ``distances [N, M]``."""
    found = distances.topk(min(NEAREST, len(images)), largest=False).indices[:SHOWN]
    cells = [*samples[:SHOWN], *(images[i] for rank in found.T.tolist() for i in rank)]
    of = f"the {len(images):,} images of {reals.name}" + (" that come first" if len(images) < len(reals) else "")
    caption = f"Samples in the top row; below them their nearest among {of}, {how}."
    labels = ("sample", "nearest", "second", "third")[: len(found[0]) + 1]
    alt = f"Samples above the training images nearest to them, {how}"
    return easel.figure(title, caption, alt, cells, SHOWN, row_labels=labels)


def _distances(x: Tensor, y: Tensor) -> Tensor:
    """Return root mean squared differences of images ``[N, C, H, W]`` and ``[M, C, H, W]`` uint8, ``[N, M]``."""
    found = torch.cdist(x.flatten(1).float(), y.flatten(1).float())
    scale: float = x[0].numel() ** 0.5
    return found / scale


def _histogram(distances: Tensor, images: Tensor, count: int) -> str:
    """Return a card with the distances of samples and of training images to the nearest (other) training image."""
    if len(images) < 2:
        return ""
    some = torch.linspace(0, len(images) - 1, min(count, len(images))).long()
    others = _distances(images[some], images)
    others[torch.arange(len(some)), some] = torch.inf  # not itself
    values = {"samples": distances.amin(1).tolist(), "training images": others.amin(1).tolist()}
    name = "Distance to the nearest (other) training image"
    drawn = histogram(values, f"{name}: shares of samples and of training images", "root mean square, grey levels")
    note = "Copies would pile up at 0, far left of where training images are from one another."
    card = tag("div", tag("h4", text(name)) + drawn + tag("p", note, class_="note"), class_="card")
    return tag("div", card, class_="cards")
