import math

import pytest
import torch

from baselines.stylegan3 import losses


def test_the_blur_fades_linearly():
    assert losses.blur_sigma(0, 10, 200) == 10
    assert losses.blur_sigma(100_000, 10, 200) == pytest.approx(5)
    assert losses.blur_sigma(200_000, 10, 200) == losses.blur_sigma(300_000, 10, 200) == 0
    assert losses.blur_sigma(0, 10, 0) == 0


@pytest.mark.parametrize("sigma", [0.4, 1.0, 2.5])
def test_the_blur_of_a_point_is_the_product_of_two_bells(sigma):
    image = torch.zeros(1, 2, 31, 31, dtype=torch.float64)
    image[0, 0, 15, 15] = 1
    reach = math.floor(3 * sigma)
    bell = [2.0 ** (-((x / sigma) ** 2)) if abs(x) <= reach else 0.0 for x in range(-15, 16)]
    row = torch.tensor(bell, dtype=torch.float64) / sum(bell)
    blurred = losses.blur(image, sigma)
    torch.testing.assert_close(blurred[0, 0], row.outer(row), rtol=0, atol=1e-7)  # the filter is float32
    assert not blurred[0, 1].any()


def test_no_blur_is_the_same_image():
    image = torch.randn(1, 1, 8, 8)
    assert losses.blur(image, 0.0) is image
    assert losses.blur(image, 0.3) is image  # less than one pixel within three sigma
