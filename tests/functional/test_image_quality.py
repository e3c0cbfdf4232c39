"""SSIM and PSNR of images beside their ground truth."""

import math

import numpy as np
import pytest
import torch

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import psnr, ssim


def noisy(channels: int = 3, size: tuple[int, int] = (24, 40)) -> tuple[np.ndarray, np.ndarray]:
    """Return three 8-bit images, and the same with noise, ``[3, C, H, W]``."""
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (3, channels, *size), dtype=np.uint8)
    return x, np.clip(x.astype(int) + rng.integers(-40, 41, x.shape), 0, 255).astype(np.uint8)


def test_equal_images_have_a_similarity_of_exactly_one_and_an_infinite_ratio() -> None:
    x, _ = noisy()
    assert ssim(x, x).tolist() == [1, 1, 1]
    assert psnr(x, x).tolist() == [math.inf] * 3


def test_flat_images_by_hand() -> None:
    """Without variance only luminance counts: (2 a b + c1) / (a^2 + b^2 + c1)."""
    a, b = torch.full([1, 1, 12, 12], 100.0), torch.full([1, 1, 12, 12], 120.0)
    c1 = 2.55**2
    assert ssim(a, b).item() == pytest.approx((2 * 100 * 120 + c1) / (100**2 + 120**2 + c1), abs=1e-12)
    assert psnr(a, b).item() == pytest.approx(20 * math.log10(255 / 20))


def test_one_window_by_hand() -> None:
    """An 11x11 image is one window, so that its similarity is equation 13 with weighted moments."""
    x, y = (images[:1, :1, :11, :11].astype(float) for images in noisy())
    ticks = np.exp(-((np.arange(11) - 5) ** 2) / 4.5)
    weights = np.outer(ticks, ticks) / np.outer(ticks, ticks).sum()
    mean_x, mean_y = ((weights * it).sum() for it in (x, y))
    var_x, var_y, cov = (
        (weights * p * q).sum() - m * n
        for p, q, m, n in ((x, x, mean_x, mean_x), (y, y, mean_y, mean_y), (x, y, mean_x, mean_y))
    )
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 * mean_x * mean_y + c1) * (2 * cov + c2) / ((mean_x**2 + mean_y**2 + c1) * (var_x + var_y + c2))
    assert ssim(x, y).item() == pytest.approx(expected, abs=1e-12)


def test_an_image_in_negative_is_dissimilar() -> None:
    x, _ = noisy()
    assert (ssim(x, 255 - x) < 0).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_the_numbers_of_scikit_image(channels: int) -> None:
    metrics = pytest.importorskip("skimage.metrics")
    x, y = noisy(channels)
    options = {
        "gaussian_weights": True,
        "sigma": 1.5,
        "use_sample_covariance": False,
        "data_range": 255,
        "channel_axis": 0,
    }
    similar = [metrics.structural_similarity(a, b, **options) for a, b in zip(x, y, strict=True)]
    ratios = [metrics.peak_signal_noise_ratio(a, b, data_range=255) for a, b in zip(x, y, strict=True)]
    assert ssim(x, y).tolist() == pytest.approx(similar, abs=1e-9)
    assert psnr(x, y).tolist() == pytest.approx(ratios, abs=1e-9)


def test_the_numbers_of_torchmetrics_inside_of_the_image() -> None:
    """Its own mean counts windows over the border, too, where it mirrors the image."""
    image = pytest.importorskip("torchmetrics.functional.image")
    x, y = (torch.from_numpy(images).double() for images in noisy())
    function = image.structural_similarity_index_measure
    _, theirs = function(x, y, data_range=255.0, reduction="none", return_full_image=True)
    assert torch.allclose(ssim(x, y), theirs[..., 5:-5, 5:-5].mean((1, 2, 3)), atol=1e-9)


def test_the_numbers_of_piq() -> None:
    piq = pytest.importorskip("piq")
    x, y = (torch.from_numpy(images).double() for images in noisy())
    assert torch.allclose(ssim(x, y), piq.ssim(x, y, data_range=255, downsample=False, reduction="none"), atol=1e-9)


def test_the_range_scales_along() -> None:
    x, y = (torch.from_numpy(images).double() for images in noisy())
    assert torch.allclose(ssim(x / 127.5, y / 127.5, data_range=2), ssim(x, y), atol=1e-12)
    assert torch.allclose(psnr(x / 127.5, y / 127.5, data_range=2), psnr(x, y), atol=1e-9)


def test_refuses_what_cannot_be_compared() -> None:
    x, y = noisy()
    for function in (ssim, psnr):
        with pytest.raises(BadInputError, match=r"found \[3, 3, 24, 40\] and \[2, 3, 24, 40\]: resize or convert"):
            function(x, y[:2])
        with pytest.raises(BadInputError, match=r"expected images of one shape .* found \[3, 24, 40\]"):
            function(x[0], y[0])
        with pytest.raises(BadInputError, match="above 0 for data_range, found 0"):
            function(x, y, data_range=0)
        broken = torch.from_numpy(y).float()
        broken[1, 0, 3, 3] = math.nan
        with pytest.raises(NonFiniteError, match="expected finite images for y, found one that is not, number 1"):
            function(x, broken)
    with pytest.raises(BadInputError, match="at least 11x11 pixels, found 40x10"):
        ssim(x[:, :, :10], y[:, :, :10])
