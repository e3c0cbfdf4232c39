"""Equivariance as a signal-to-noise ratio."""

import math

from ganbench.errors import BadInputError, NonFiniteError


def equivariance_psnr(error_sum: float, mask_sum: float, peak_to_peak: float = 2.0) -> float:
    """Return ``20 log10(peak_to_peak) - 10 log10(error_sum / mask_sum)`` in dB.

    Both sums run over all images before they are divided: it is not the mean of the images' own ratios. Where the
    images agree to the last bit, the ratio is infinite and so is the result, ``math.inf``; the caller decides what to
    write down.

    Args:
        error_sum: of the squared differences inside the masks, over images, channels and pixels.
        mask_sum: of the masks, likewise.
        peak_to_peak: range of the images; 2 for -1..1.

    Raises:
        BadInputError: if the masks are empty, which says nothing about the images.
        NonFiniteError: if a sum is NaN or infinite.

    Source: Karras et al., Alias-free generative adversarial networks (NeurIPS 2021), eq. 3.
    """
    if not (math.isfinite(error_sum) and math.isfinite(mask_sum)):
        raise NonFiniteError(
            f"the sums {error_sum} over {mask_sum} pixels are not finite; check the images behind them."
        )
    if mask_sum <= 0 or error_sum < 0:
        raise BadInputError(
            f"a squared error of {error_sum} over {mask_sum} known pixels gives no PSNR; use images that the shift or "
            "rotation leaves something of."
        )
    if error_sum == 0:
        return math.inf
    return 20 * math.log10(peak_to_peak) - 10 * math.log10(error_sum / mask_sum)
