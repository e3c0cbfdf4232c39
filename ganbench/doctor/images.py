"""The images: enough of them, all different, neither compressed nor enlarged before they came here."""

import hashlib

import torch
from torch import Tensor

from ganbench.data.image_files import ImageFiles
from ganbench.doctor.finding import Finding, Level
from ganbench.types import Dataset, LoadedModel, NotedDataset, Sized

LOOKED_AT = 500  # images, evenly spread
ENOUGH = 10_000  # below, FID is biased by several per cent
BLOCK = 8  # pixels; JPEG codes blocks of 8x8
SEVERAL_BLOCKS = 8 * BLOCK  # pixels; with fewer borders, what the images show decides
BLOCKY = 1.10  # how much differences stand out at borders of blocks, where JPEG is suspected; 1 without blocks
SOFT = 0.3  # power of the finest octave over that of the next, below which images were enlarged; photos have about 1
PLAIN = 2.0  # standard deviation of grey values, below which an image shows nothing


def examine_images(data: Dataset, loaded: LoadedModel | None = None, count: int = LOOKED_AT) -> list[Finding]:
    """Return findings on a data set, from ``count`` images evenly spread over it.

    Args:
        data: the real images.
        loaded: the model that they will be compared with; None where there is none.
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
    told = f"{len(data):,} images of {data.resolution}x{data.resolution} pixels, {colours}"
    if len(data) >= ENOUGH:
        return Finding("images", Level.GOOD, told)
    return Finding("images", Level.NOTE, f"{told}; FID against fewer than {ENOUGH:,} is larger by its bias, KID is not")


def _size(data: Dataset, loaded: LoadedModel | None) -> Finding:
    model = loaded.model if loaded else None
    made = model.img_resolution if isinstance(model, Sized) else None
    if made and made != data.resolution:
        told = f"the model makes {made}x{made} images and the data has {data.resolution}x{data.resolution}"
        return Finding("size", Level.STOP, f"{told}: name data of that size")
    return Finding("size", Level.GOOD, "the model's" if made else "one for all")


def _duplicates(images: Tensor) -> Finding:
    distinct = len({hashlib.sha256(image.numpy().tobytes()).digest() for image in images})
    if distinct < len(images):
        told = f"{len(images) - distinct} of {len(images)} images are exact copies of others"
        return Finding("duplicates", Level.DOUBT, f"{told}: recall and diversity suffer; remove the copies")
    return Finding("duplicates", Level.GOOD, f"none among {len(images)} images")


def _plain(grey: Tensor) -> Finding:
    flat = int((grey.flatten(1).std(1) < PLAIN).sum())
    if flat:
        return Finding("content", Level.DOUBT, f"{flat} of {len(grey)} images show a single shade: look at them")
    return Finding("content", Level.GOOD, "every image shows something")


def _compressed(data: Dataset, grey: Tensor) -> Finding:
    names = data.names if isinstance(data, ImageFiles) else []
    files = sum(name.lower().endswith((".jpg", ".jpeg")) for name in names)
    if files:
        return Finding("compression", Level.NOTE, f"{files:,} of {len(names):,} files are JPEG, whose traces FID sees")
    ratio = blockiness(grey) if min(grey.shape[1:]) >= SEVERAL_BLOCKS else 1.0
    if ratio > BLOCKY:
        told = f"differences stand out {ratio:.2f} times at the borders of 8x8 blocks: the images were JPEG files"
        return Finding("compression", Level.DOUBT, f"{told}, which FID sees; use lossless originals")
    return Finding("compression", Level.GOOD, f"no trace of JPEG's blocks ({ratio:.2f}, and 1 is none)")


def _enlarged(grey: Tensor) -> Finding:
    if min(grey.shape[1:]) < 32:
        return Finding("sharpness", Level.GOOD, "too small to tell")
    ratio = fine_power(grey)
    if ratio < SOFT:
        told = f"the finest details have {ratio:.1e} of the power of those twice as large: the images were enlarged"
        return Finding("sharpness", Level.NOTE, f"{told} or blurred, and a generator learns that, too")
    return Finding("sharpness", Level.GOOD, f"details down to single pixels ({ratio:.2f}, and photos have about 1)")


def blockiness(grey: Tensor) -> float:
    """Return how much differences of neighbours stand out at the borders of 8x8 blocks, against the middle of blocks.

    What stands out is measured against the differences one pixel to both sides, so that it does not matter where in the
    image something is to be seen; and against the middles, because enlarged images have regular differences, too.

    Args:
        grey: ``[N, H, W]`` float, on any scale. 1 without blocks; 1 also for images without any differences.
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
    """Return the mean power of frequencies of 1/4 to 1/2 a pixel over that of 1/8 to 1/4, times 4.

    Where power falls with the square of the frequency, as in photos, the two octaves have as much: 1.

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
