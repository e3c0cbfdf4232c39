"""Structural similarity of images to their ground truth."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.image_pairs import as_image_pair
from ganbench.functional.rows import ArrayLike

WINDOW = 11  # pixels of width and height
SIGMA = 1.5  # of the window, in pixels
K1, K2 = 0.01, 0.03


def ssim(x: ArrayLike, y: ArrayLike, *, data_range: float = 255.0) -> Tensor:
    """Return the mean structural similarity of each pair of images, ``[N]`` float64, -1..1; 1 of equal images.

    An 11x11 Gaussian window slides over each channel, and only where it lies inside of the image. The similarity is
    the mean over windows and channels.

    Args:
        x: images ``[N, C, H, W]``, as tensor or array.
        y: the images that they are compared with, likewise.
        data_range: of the images; 255 for 8-bit ones, 2 for -1..1.

    Raises:
        BadInputError: if shapes do not fit, images are smaller than the window, or ``data_range`` is not above 0.
        NonFiniteError: if an image is not finite, or its squares over that of ``data_range`` exceed float64.

    Source: Wang et al., Image quality assessment: from error visibility to structural similarity (IEEE TIP 2004),
    equations 13 to 17; equal to scikit-image's ``structural_similarity`` with ``gaussian_weights=True``,
    ``use_sample_covariance=False`` and ``channel_axis``. (torchmetrics also counts windows over the mirrored border.)
    Deviation: colour images have the mean over RGB, as is the custom; the paper compares luminance.
    """
    first, second, spread = as_image_pair(x, y, data_range)
    height, width = first.shape[2:]
    if min(height, width) < WINDOW:
        raise BadInputError(
            f"expected images of at least {WINDOW}x{WINDOW} pixels, found {width}x{height}: enlarge them, or take psnr."
        )
    first, second = first / spread, second / spread
    # Variances are taken about the channel's mean: about zero, that of a bright image would cancel all their digits.
    centre = (first.mean((2, 3), keepdim=True) + second.mean((2, 3), keepdim=True)) / 2
    luminance = _similarity(_windowed(first), _windowed(second), K1**2)
    structure = _structure(first - centre, second - centre)
    similarity = (luminance * structure).flatten(1).mean(1)
    if not bool(similarity.isfinite().all()):
        raise NonFiniteError(
            f"expected images whose squares over that of data_range float64 can hold, found larger ones beside "
            f"{spread:.3g}: give the range of the images."
        )
    return similarity


def _similarity(x: Tensor, y: Tensor, constant: float) -> Tensor:
    return (2 * x * y + constant) / (x.square() + y.square() + constant)


def _structure(first: Tensor, second: Tensor) -> Tensor:
    """Return the similarity of contrast and structure of each window, -1..1, of images about a common origin."""
    mu_x, mu_y = _windowed(first), _windowed(second)
    variance_x = (_windowed(first.square()) - mu_x.square()).clamp(min=0)
    variance_y = (_windowed(second.square()) - mu_y.square()).clamp(min=0)
    both = variance_x + variance_y
    # Twice the covariance is never more than that, but for rounding.
    covariance = torch.clamp(2 * (_windowed(first * second) - mu_x * mu_y), -both, both)
    return (covariance + K2**2) / (both + K2**2)


def _windowed(images: Tensor) -> Tensor:
    """Return the weighted mean of each window inside of the images, ``[N, C, H - 10, W - 10]``."""
    ticks = torch.arange(WINDOW, dtype=images.dtype, device=images.device) - WINDOW // 2
    weights = torch.exp(-ticks.square() / (2 * SIGMA**2))
    weights = weights / weights.sum()
    planes = images.flatten(0, 1)[:, None]
    means = F.conv2d(F.conv2d(planes, weights.view(1, 1, -1, 1)), weights.view(1, 1, 1, -1))
    return means.reshape(*images.shape[:2], *means.shape[2:])
