"""Signal-to-noise ratios: of equivariance, and of images against their ground truth."""

import math

import torch
from torch import Tensor

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional.image_pairs import as_image_pair
from ganbench.functional.rows import ArrayLike, as_tensor


def psnr(x: ArrayLike, y: ArrayLike, *, data_range: float = 255.0) -> Tensor:
    """Return ``10 log10(data_range**2 / MSE)`` of each pair of images, ``[N]`` float64, in dB; ``inf`` of equal images.

    The mean squared error of a pair runs over its channels and pixels.

    Args:
        x: images ``[N, C, H, W]``, as tensor or array.
        y: the images that they are compared with, likewise.
        data_range: of the images; 255 for 8-bit ones, 2 for -1..1.

    Raises:
        BadInputError: if shapes do not fit, or ``data_range`` is not above 0.
        NonFiniteError: if an image is not finite, or a difference exceeds float64.

    Source: Wang et al., Image quality assessment: from error visibility to structural similarity (IEEE TIP 2004),
    section I; equal to scikit-image's ``peak_signal_noise_ratio``.
    """
    first, second, spread = as_image_pair(x, y, data_range)
    differences = (first - second).flatten(1)
    largest = differences.abs().amax(1)
    if not bool(largest.isfinite().all()):
        raise NonFiniteError("expected images whose differences float64 can hold, found larger ones: scale them down.")
    # Of the largest, so that no square overflows; of equal images nothing is divided.
    errors = (differences / torch.where(largest > 0, largest, 1)[:, None]).square().mean(1)
    return 20 * (math.log10(spread) - torch.log10(largest)) - 10 * torch.log10(errors)


def equivariance_psnr(error_sum: Tensor | float, mask_sum: Tensor | float, peak_to_peak: Tensor | float = 2.0) -> float:
    """Return ``20 log10(peak_to_peak) - 10 log10(error_sum / mask_sum)`` in dB.

    Both sums run over all images before they are divided: it is not the mean of the images' own ratios. Where the
    images agree to the last bit, the ratio is infinite and so is the result, ``math.inf``; the caller decides what to
    write down.

    Args:
        error_sum: of the squared differences inside the masks, over images, channels and pixels.
        mask_sum: of the masks, likewise.
        peak_to_peak: range of the images; 2 for -1..1.

    Raises:
        BadInputError: if the masks are empty, so that no pixel is compared, or the range is not above 0.
        NonFiniteError: if a sum is NaN or infinite.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), eq. 3.
    """
    errors, known = _number(error_sum, "error_sum"), _number(mask_sum, "mask_sum")
    spread = _number(peak_to_peak, "peak_to_peak")
    if known <= 0 or errors < 0:
        raise BadInputError(
            f"expected a squared error of at least 0 over some known pixels, found {errors} over {known}: use a shift "
            "or rotation that leaves part of the image in view."
        )
    if spread <= 0:
        raise BadInputError(f"expected a range of images above 0 for peak_to_peak, found {spread}: it is 2 for -1..1.")
    if errors == 0:
        return math.inf
    ratio = errors / known
    # A ratio beyond the range of float64 still has a logarithm.
    decades = math.log10(ratio) if 0 < ratio < math.inf else math.log10(errors) - math.log10(known)
    return 20 * math.log10(spread) - 10 * decades


def _number(value: Tensor | float, name: str) -> float:
    tensor = as_tensor(value, name)
    if tensor.numel() != 1:
        raise BadInputError(f"expected one number for {name}, found shape {list(tensor.shape)}: give the sum.")
    number = float(tensor.detach())
    if not math.isfinite(number):
        raise NonFiniteError(f"expected a finite number for {name}, found {number}: check the images.")
    return number
