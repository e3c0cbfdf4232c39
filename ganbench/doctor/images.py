"""Checks of the images: enough of them, all different, neither compressed nor enlarged earlier."""

import hashlib

import torch
from torch import Tensor

from ganbench.data.image_files import ImageFiles
from ganbench.doctor.finding import Finding, Level
from ganbench.types import Dataset, LoadedModel, NotedDataset, Rectangular, Sized, shown_size, size_of, size_of_data

LOOKED_AT = 500  # images, evenly spread
ENOUGH = 10_000  # images, below which FID is biased by several per cent
BLOCK = 8  # pixels; JPEG codes blocks of 8x8
SEVERAL_BLOCKS = 8 * BLOCK  # pixels; with fewer block borders, image content dominates the ratio
BLOCKY = 1.10  # ratio of differences at block borders above which JPEG is suspected; 1 without blocks
SOFT = 0.3  # power of the finest octave over the next, below which images were enlarged; about 1 in photos
PLAIN = 2.0  # standard deviation of grey values (0..255), below which an image is blank


def examine_images(data: Dataset, loaded: LoadedModel | None = None, count: int = LOOKED_AT) -> list[Finding]:
    """Return findings on a data set, from ``count`` images evenly spread over it.

    Args:
        data: the real images.
        loaded: the model to compare with; None for none.
        count: most images to look at.
    """
    images = data.images(_spread(len(data), count))
    grey = images.double().mean(1)
    notes = data.notes if isinstance(data, NotedDataset) else ()
    return [
        _amount(data),
        _size(data, loaded),
        _duplicates(images),
        _plain(grey),
        _compressed(data, grey),
        _enlarged(grey),
        *(Finding("images", Level.NOTE, note) for note in notes),
    ]


def _spread(total: int, count: int) -> list[int]:
    """Return at most ``count`` indices, evenly spread from the first on."""
    return sorted({index * total // min(count, total) for index in range(min(count, total))})


def _amount(data: Dataset) -> Finding:
    colours = "grey" if data.channels == 1 else "RGB"
    told = f"{len(data):,} images of {shown_size(size_of_data(data))} pixels, {colours}"
    if len(data) >= ENOUGH:
        return Finding("images", Level.GOOD, told)
    return Finding("images", Level.NOTE, f"{told}; with fewer than {ENOUGH:,}, FID is biased upwards, but KID is not")


def _size(data: Dataset, loaded: LoadedModel | None) -> Finding:
    model = loaded.model if loaded else None
    made = (
        size_of(model) if isinstance(model, Rectangular) else model.img_resolution if isinstance(model, Sized) else None
    )
    if made and made != size_of_data(data):
        told = f"expected images of {shown_size(made)}, which the model makes, found {shown_size(size_of_data(data))}"
        return Finding("size", Level.STOP, f"{told}: name data of the size of the model")
    return Finding("size", Level.GOOD, "as the model makes" if made else "the same for all images")


def _duplicates(images: Tensor) -> Finding:
    distinct = len({hashlib.sha256(image.numpy().tobytes()).digest() for image in images})
    if distinct < len(images):
        told = f"{len(images) - distinct} of {len(images)} images are exact copies of others"
        return Finding("duplicates", Level.DOUBT, f"{told}, which lowers recall and diversity: remove the copies")
    return Finding("duplicates", Level.GOOD, f"none among {len(images)} images")


def _plain(grey: Tensor) -> Finding:
    flat = int((grey.flatten(1).std(1) < PLAIN).sum())
    if flat:
        return Finding("content", Level.DOUBT, f"{flat} of {len(grey)} images show a single shade: look at them")
    return Finding("content", Level.GOOD, "no blank images")


def _compressed(data: Dataset, grey: Tensor) -> Finding:
    names = data.names if isinstance(data, ImageFiles) else []
    files = sum(name.lower().endswith((".jpg", ".jpeg")) for name in names)
    if files:
        return Finding(
            "compression", Level.NOTE, f"{files:,} of {len(names):,} files are JPEG, whose artefacts change FID"
        )
    ratio = blockiness(grey) if min(grey.shape[1:]) >= SEVERAL_BLOCKS else 1.0
    if ratio > BLOCKY:
        told = f"differences at the borders of 8x8 blocks are {ratio:.2f} times those inside: the images were once JPEG"
        return Finding("compression", Level.DOUBT, f"{told}, which changes FID; use lossless originals")
    return Finding("compression", Level.GOOD, f"no JPEG blocks found (ratio {ratio:.2f}; 1 means none)")


def _enlarged(grey: Tensor) -> Finding:
    if min(grey.shape[1:]) < 32:
        return Finding("sharpness", Level.GOOD, "too small to tell")
    ratio = fine_power(grey)
    if ratio < SOFT:
        told = f"the finest details have only {ratio:.1e} of the expected power: the images were enlarged or blurred"
        return Finding("sharpness", Level.NOTE, f"{told}, and a generator learns that too")
    return Finding("sharpness", Level.GOOD, f"details down to single pixels (ratio {ratio:.2f}; about 1 in photos)")


def blockiness(grey: Tensor) -> float:
    """Return how much larger differences of neighbours are at the borders of 8x8 blocks than in the middle of blocks.

    Both are taken relative to the differences one pixel to either side, which cancels what the image shows there. The
    ratio to the middle cancels the regular pattern that enlarging leaves. The result is 1 without blocks, and also for
    images without any differences.

    Args:
        grey: ``[N, H, W]`` float, on any scale.
    """
    steps = torch.stack([by_phase(grey), by_phase(grey.mT)]).mean(0)
    steps = steps + 1e-3 * steps.mean() + 1e-12  # blocks of one shade have no differences inside
    border, middle = (2 * steps[at] / (steps[at - 1] + steps[at + 1]) for at in (0, BLOCK // 2))
    return float(border / middle)


def by_phase(grey: Tensor) -> Tensor:
    """Return the mean difference of horizontal neighbours at each place within a block, ``[8]``; 0 is the border."""
    steps = grey.diff(dim=2).abs().mean((0, 1))
    phase = torch.arange(1, grey.shape[2]) % BLOCK
    return torch.stack([steps[phase == at].mean() for at in range(BLOCK)])


def fine_power(grey: Tensor) -> float:
    """Return the mean power at 1/4 to 1/2 cycles a pixel over that at 1/8 to 1/4, times 4.

    The factor makes it 1 if power falls with the square of the frequency, as in photos.

    Args:
        grey: ``[N, H, W]`` float.

    Source: Field, Relations between the statistics of natural images (1987), figure 7.
    """
    window = torch.outer(*(torch.hann_window(size, dtype=torch.float64) for size in grey.shape[1:]))
    centred = (grey - grey.mean((1, 2), keepdim=True)) * window
    power = torch.fft.fft2(centred).abs().square().mean(0)
    radius = torch.outer(torch.fft.fftfreq(grey.shape[1]).square(), torch.ones(grey.shape[2]))
    radius = (radius + torch.fft.fftfreq(grey.shape[2]).square()).sqrt()
    fine, coarse = (power[(low <= radius) & (radius < 2 * low)].mean() for low in (0.25, 0.125))
    return float(4 * fine / coarse) if coarse > 0 else 1.0
