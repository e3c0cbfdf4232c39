"""StyleGAN's layers against closed forms."""

import torch

from baselines.stylegan1.layers import Blur, instance_norm


def test_instance_norm_leaves_no_mean_and_unit_variance() -> None:
    x = instance_norm(torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 5 + 7)
    torch.testing.assert_close(x.mean([2, 3]), torch.zeros(2, 3, dtype=torch.float64))
    torch.testing.assert_close(x.var([2, 3], unbiased=False), torch.ones(2, 3, dtype=torch.float64))
    assert (instance_norm(torch.full((1, 1, 4, 4), 9.0)) == 0).all()


def test_blur_of_a_point_is_its_kernel_and_of_the_border_darker() -> None:
    point = torch.zeros(1, 2, 5, 5)
    point[:, 1, 2, 2] = 16
    expected = torch.zeros(1, 2, 5, 5)
    expected[:, 1, 1:4, 1:4] = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    torch.testing.assert_close(Blur()(point), expected)
    white = Blur()(torch.ones(1, 1, 4, 4))[0, 0]
    assert (white[1, 1], white[0, 1], white[0, 0]) == (1, 0.75, 0.5625)
    assert Blur(None)(point) is point
