"""The paths of PPL and its mean without extremes, by hand."""

import math

import numpy as np
import pytest
import torch

from ganbench.errors import BadInputError, NonFiniteError
from ganbench.functional import lerp, path_length, slerp


def points(n: int, d: int, seed: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal((n, d)))


def test_percentiles_are_samples_rounded_outwards() -> None:
    """Of 0..100 the 1st percentile is exactly 1 and the 99th is 99; of 0..99 they round out to 0 and 99."""
    assert path_length(np.arange(101.0) ** 2) == (np.arange(1, 100) ** 2).mean()
    assert path_length(np.arange(100.0) ** 2) == (np.arange(100) ** 2).mean()


def test_extremes_do_not_count_and_order_does_not_matter() -> None:
    d = np.ones(301)
    d[[5, 150]] = 1e9
    d[7] = -1e9
    assert path_length(torch.from_numpy(d)) == 1


def test_a_single_distance() -> None:
    assert path_length(np.array([3.5])) == 3.5


def test_path_length_refuses_no_data_and_bad_data() -> None:
    with pytest.raises(BadInputError, match=r"shape \[0, 1\]"):
        path_length(np.array([]))
    with pytest.raises(BadInputError, match=r"one number per sample, \[N\], for distances, found \[4, 1\]"):
        path_length(np.ones((4, 1)))
    with pytest.raises(NonFiniteError, match="row 1 of distances"):
        path_length(np.array([1, np.nan]))


def test_slerp_divides_the_angle() -> None:
    a, b = torch.tensor([[2.0, 0, 0]]).double(), torch.tensor([[0, 0.5, 0]]).double()
    for t in (0.0, 0.25, 0.5, 1.0):
        angle = t * math.pi / 2
        torch.testing.assert_close(slerp(a, b, t), torch.tensor([[math.cos(angle), math.sin(angle), 0]]).double())


def test_slerp_keeps_to_the_great_circle() -> None:
    a, b = points(20, 7, 0), points(20, 7, 1)
    t = torch.linspace(0, 1, 20).double()
    middle = slerp(a, b, t)
    unit_a, unit_b = a / a.norm(dim=1, keepdim=True), b / b.norm(dim=1, keepdim=True)
    whole = (unit_a * unit_b).sum(1).acos()
    torch.testing.assert_close(middle.norm(dim=1), torch.ones(20).double())
    torch.testing.assert_close((middle * unit_a).sum(1).clamp(-1, 1).acos(), t * whole, atol=1e-7, rtol=1e-7)
    torch.testing.assert_close((middle * unit_b).sum(1).clamp(-1, 1).acos(), (1 - t) * whole, atol=1e-7, rtol=1e-7)


def test_slerp_is_shoemakes_formula() -> None:
    a, b = (x / x.norm(dim=1, keepdim=True) for x in (points(9, 16, 2), points(9, 16, 3)))
    angle = (a * b).sum(1, keepdim=True).acos()
    expected = (((1 - 0.3) * angle).sin() * a + (0.3 * angle).sin() * b) / angle.sin()
    torch.testing.assert_close(slerp(a, b, 0.3), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_slerp_of_equal_points_stays(dtype: torch.dtype) -> None:
    a = points(50, 33, 4).to(dtype)
    unit = a / a.norm(dim=1, keepdim=True)
    # The angle between equal points is acos(1 - rounding), about the root of the precision.
    torch.testing.assert_close(slerp(a, a.clone(), 0.5), unit, rtol=0, atol=2 * torch.finfo(dtype).eps ** 0.5)


def test_lerp_takes_one_position_a_sample() -> None:
    a, b = torch.zeros(3, 2, 4), torch.ones(3, 2, 4)
    t = torch.tensor([0, 0.25, 1])
    assert torch.equal(lerp(a, b, t), t[:, None, None].expand(3, 2, 4))
    assert torch.equal(lerp(a, b, 0.5), torch.full((3, 2, 4), 0.5))
    assert torch.equal(slerp(a + 1, b, t[:, None]), slerp(a + 1, b, t))


def test_slerp_refuses_ends_of_two_shapes() -> None:
    with pytest.raises(BadInputError, match=r"found \[2, 3\] and \[2, 4\]"):
        slerp(torch.ones(2, 3), torch.ones(2, 4), 0.5)
