"""The groups ``filter``, ``noise`` and ``cutout`` of adaptive augmentation: what spoils images.

Source: Karras et al., Training Generative Adversarial Networks with Limited Data (NeurIPS 2020), appendix B and
figure 23.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from baselines.training.ada.draws import gaussian, sometimes
from baselines.training.ranks import WHOLE, RankSlice
from baselines.training.streams import like, normal_rows

__all__ = ["add_noise", "amplified", "cut_out", "filter_bank", "gains"]

BANDS = 4
# Half-band low-pass filter: the autocorrelation of the orthogonal wavelet sym2, halved. With its mirror image about a
# quarter of the sampling frequency, it adds up to 1.
LOWPASS = (-1 / 32, 0, 9 / 32, 16 / 32, 9 / 32, 0, -1 / 32)
POWER = (10 / 13, 1 / 13, 1 / 13, 1 / 13)  # expected share of each band in a natural image, whose spectrum is 1/f


def filter_bank() -> Tensor:
    """Return filters of four frequency bands, an octave each, from low to high, ``[4, 43]`` float64; their sum is 1.

    Source: appendix B, "image-space filtering".
    """
    low = torch.tensor(LOWPASS, dtype=torch.float64)
    high = _delta(len(low)) - low
    bank = [_delta(1)]
    for _ in range(BANDS - 1):
        # Stretched to twice the length, the bands so far share the lower half of the spectrum; its upper half is new.
        bank = [convolved(stretched(band), low) for band in bank]
        bank.append(F.pad(high, [(len(bank[0]) - len(high)) // 2] * 2))
    return torch.stack(bank)


def _delta(length: int) -> Tensor:
    """Return a filter that changes nothing, ``[length]``."""
    found = torch.zeros(length, dtype=torch.float64)
    found[length // 2] = 1
    return found


def stretched(taps: Tensor) -> Tensor:
    """Return a filter with a zero between any two taps."""
    return F.pad(taps[:, None], [0, 1]).flatten()[:-1]


def convolved(one: Tensor, other: Tensor) -> Tensor:
    """Return the convolution of two symmetric filters."""
    return F.conv1d(F.pad(one, [len(other) - 1] * 2)[None, None], other[None, None]).flatten()


def gains(count: int, p: float, draws: torch.Generator) -> Tensor:
    """Return the amplification of each band in each image, ``[count, 4]`` float64; an image's power is kept.

    Source: appendix B, "image-space filtering".
    """
    power, g = torch.tensor(POWER, dtype=torch.float64), torch.ones(count, BANDS, dtype=torch.float64)
    for band in range(BANDS):
        t = torch.ones_like(g)
        t[:, band] = sometimes(torch.exp2(gaussian([count], draws, 1.0)), 1, p, draws)
        g = g * t / (power * t.square()).sum(1, keepdim=True).sqrt()
    return g


def amplified(images: Tensor, g: Tensor, bank: Tensor) -> Tensor:
    """Return images ``[N, C, H, W]`` with the bands of each amplified by ``g [N, 4]``, with reflected borders.

    Deviation: images smaller than the filter's reach are reflected again and again; the authors' program refuses them.
    """
    N, C, H, W = images.shape
    taps = like(g @ bank, images).repeat_interleave(C, dim=0)[:, None]
    x = reflected(images, bank.shape[1] // 2).flatten(0, 1)[None]
    x = F.conv2d(x, taps[:, :, None], groups=N * C)
    x = F.conv2d(x, taps[:, :, :, None], groups=N * C)
    return x.view(N, C, H, W)


def reflected(images: Tensor, margin: int) -> Tensor:
    """Return images with a reflected border of any width."""
    while margin:
        # One reflection reaches a pixel less than the image; after a whole one, the new edges are symmetric again.
        step = min(margin, *(size - 1 for size in images.shape[2:]))
        images = F.pad(images, [step] * 4, mode="reflect")
        margin -= step
    return images


def add_noise(images: Tensor, p: float, draws: torch.Generator, rows: RankSlice = WHOLE) -> Tensor:
    """Return images with normal noise, whose deviation is the magnitude of a normal draw of deviation 0.1.

    Source: appendix B, "additive noise".
    """
    count = rows.whole(len(images))
    sigma = like(rows.of(sometimes(gaussian([count], draws, 0.1).abs(), 0, p, draws)), images)
    return images + normal_rows(draws, count, images.shape[1:], images.device, rows).to(images) * sigma.view(
        -1, 1, 1, 1
    )


def cut_out(images: Tensor, p: float, draws: torch.Generator, rows: RankSlice = WHOLE) -> Tensor:
    """Return images of which a rectangle of half the width and height, somewhere, is 0.

    Source: appendix B, "cutout".
    """
    count, (height, width) = rows.whole(len(images)), images.shape[2:]
    size = sometimes(torch.full([count], 0.5, dtype=torch.float64), 0, p, draws)
    centre = torch.rand([count, 2], generator=draws, dtype=torch.float64)
    x, y = ((torch.arange(length, dtype=torch.float64) + 0.5) / length for length in (width, height))
    beside = like(rows.of((x - centre[:, :1]).abs() >= size[:, None] / 2), images)
    above = like(rows.of((y - centre[:, 1:]).abs() >= size[:, None] / 2), images)
    return images * torch.maximum(beside[:, None, None, :], above[:, None, :, None])
