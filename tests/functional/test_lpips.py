"""LPIPS from feature maps: closed forms, and the lpips package's own arithmetic."""

import itertools

import pytest
import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.functional import lpips_distance, lpips_embedding, mean_pairwise_distance
from ganbench.functional.lpips import CACHED_FEATURES, COLUMNS, Epsilon, squared_distances_of_pairs, unit_channels

BOTH = pytest.mark.parametrize("epsilon", ["outside", "inside"])


def features(seed: int, *shapes: tuple[int, int, int, int]) -> list[Tensor]:
    random = torch.Generator().manual_seed(seed)
    return [torch.randn(shape, generator=random, dtype=torch.float64) for shape in shapes]


SHAPES = ((3, 4, 5, 6), (3, 7, 2, 2))
WEIGHTS = [torch.linspace(0, 2, 4, dtype=torch.float64), torch.linspace(0.5, 1, 7, dtype=torch.float64)]


@BOTH
def test_opposite_directions_are_four_apart_and_right_angles_two(epsilon: Epsilon) -> None:
    """Unit vectors u and v are |u - v|^2 = 2 - 2 cos apart, whatever their length was."""
    u = torch.tensor([3.0, 0, 0]).reshape(1, 3, 1, 1).expand(1, 3, 2, 5)
    v = torch.tensor([0, 0.5, 0]).reshape(1, 3, 1, 1).expand(1, 3, 2, 5)
    assert lpips_distance([u], [-u], epsilon=epsilon).item() == pytest.approx(4)
    assert lpips_distance([u], [v], epsilon=epsilon).item() == pytest.approx(2)
    assert lpips_distance([u], [2 * u], epsilon=epsilon).item() == pytest.approx(0, abs=1e-9)
    assert lpips_distance([u, u], [v, -u], epsilon=epsilon).item() == pytest.approx(6)  # layers add up


def test_positions_are_averaged_and_channels_weighted() -> None:
    u = torch.zeros(1, 2, 1, 4)
    u[:, 0] = 1
    v = u.clone()
    v[:, 0, :, 0], v[:, 1, :, 0] = 0, 1  # a right angle at one of four positions
    assert lpips_distance([u], [v]).item() == pytest.approx(2 / 4)
    assert lpips_distance([u], [v], [torch.tensor([3.0, 5.0])]).item() == pytest.approx((3 + 5) / 4)


@BOTH
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_large_maps_are_compared_in_parts(epsilon: Epsilon, memory_format: torch.memory_format) -> None:
    """Two images; at all positions but the last, alike; there, the second of them are at a right angle."""
    x = torch.zeros(2, 4, 3, CACHED_FEATURES // 8 + 1).contiguous(memory_format=memory_format)
    x[:, 0] = 2
    y = x.clone(memory_format=torch.preserve_format)
    y[1, :, -1, -1] = torch.tensor([0, 0, 7, 0])
    expected = torch.tensor([0, (3 + 5) / x[0, 0].numel()])
    weights = [torch.tensor([3.0, 4, 5, 6])]
    torch.testing.assert_close(lpips_distance([x], [y], weights, epsilon=epsilon), expected, rtol=1e-6, atol=0)


@BOTH
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_squared_distances_of_embeddings_are_the_distance(epsilon: Epsilon, weights: list[Tensor] | None) -> None:
    x, y = features(0, *SHAPES), features(1, *SHAPES)
    direct = lpips_distance(x, y, weights, epsilon=epsilon)
    first, second = (lpips_embedding(each, weights, epsilon=epsilon) for each in (x, y))
    assert first.shape == (3, 4 * 5 * 6 + 7 * 2 * 2)
    torch.testing.assert_close((first - second).square().sum(1), direct, rtol=1e-12, atol=0)
    assert direct.min() > 0.1


@BOTH
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_maps_with_channels_last_give_the_same_in_their_order(epsilon: Epsilon, weights: list[Tensor] | None) -> None:
    maps = features(0, *SHAPES)
    expected = lpips_embedding(maps, weights, epsilon=epsilon).split([4 * 5 * 6, 7 * 2 * 2], 1)
    found = lpips_embedding([x.permute(0, 2, 3, 1) for x in maps], weights, epsilon=epsilon, channels_last=True)
    for x, one, other in zip(maps, expected, found.split([4 * 5 * 6, 7 * 2 * 2], 1), strict=True):
        again = other.view(3, *x.shape[2:], x.shape[1]).permute(0, 3, 1, 2)
        torch.testing.assert_close(again, one.view(x.shape), rtol=1e-12, atol=0)


def test_an_embedding_fills_rows_that_are_given_and_no_others() -> None:
    maps = features(0, *SHAPES)
    expected = lpips_embedding(maps, WEIGHTS)
    rows = torch.zeros(5, expected.shape[1], dtype=torch.float64)
    assert lpips_embedding(maps, WEIGHTS, out=rows[1:4]).data_ptr() == rows[1].data_ptr()
    assert torch.equal(rows[1:4], expected)
    assert not rows[[0, 4]].any()
    for out, found in ((rows, r"float64 \[5, 148\]"), (rows[1:4].float(), r"float32 \[3, 148\]")):
        with pytest.raises(BadInputError, match=rf"expected torch.float64 \[3, 148\] for out, found torch.{found}"):
            lpips_embedding(maps, WEIGHTS, out=out)


def test_long_embeddings_are_compared_in_parts() -> None:
    first, second = (torch.full((2, 2 * COLUMNS + 5), value, dtype=torch.float64) for value in (1.0, 3.0))
    second[1, -1] = 1  # in the last, short part
    assert squared_distances_of_pairs(first, second).tolist() == [4 * (2 * COLUMNS + 5), 4 * (2 * COLUMNS + 4)]


def test_it_is_the_packages_arithmetic() -> None:
    package = pytest.importorskip("lpips")
    x, y = features(0, *SHAPES), features(1, *SHAPES)
    expected = torch.zeros(3, dtype=torch.float64)
    for one, other, weight in zip(x, y, WEIGHTS, strict=True):
        difference = (package.normalize_tensor(one) - package.normalize_tensor(other)) ** 2
        summed = torch.nn.functional.conv2d(difference, weight.reshape(1, -1, 1, 1))
        expected += package.spatial_average(summed, keepdim=False)[:, 0]
    torch.testing.assert_close(lpips_distance(x, y, WEIGHTS), expected, rtol=1e-12, atol=0)


def test_the_two_epsilons_differ_where_features_are_almost_zero_and_nowhere_else() -> None:
    """A length r becomes r / (r + 1e-10) outside the root, and r / sqrt(r^2 + 1e-10) inside."""
    for length, outside, inside in ((0, 0, 0), (1e-5, 1, 0.5**0.5), (1e-10, 0.5, 1e-5), (1, 1, 1)):
        x = torch.tensor([0, length, 0], dtype=torch.float64).reshape(1, 3, 1, 1)
        assert unit_channels(x, "outside").norm().item() == pytest.approx(outside, rel=2e-5)
        assert unit_channels(x, "inside").norm().item() == pytest.approx(inside, rel=2e-5)


def test_the_mean_over_all_pairs_is_the_mean_over_all_pairs() -> None:
    embeddings = torch.randn(7, 3, 11, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    pairs = [(a - b).square().sum(-1) for a, b in itertools.combinations(embeddings, 2)]
    assert len(pairs) == 21
    torch.testing.assert_close(mean_pairwise_distance(embeddings), torch.stack(pairs).mean(0), rtol=1e-12, atol=0)
    assert torch.equal(mean_pairwise_distance(embeddings[:1].expand(4, -1, -1)), torch.zeros(3, dtype=torch.float64))


def test_the_mean_over_all_pairs_keeps_small_distances_of_large_embeddings() -> None:
    offsets = torch.tensor([0.0, 1, 3]).reshape(3, 1, 1)
    assert mean_pairwise_distance(1000 + offsets).item() == pytest.approx((1 + 9 + 4) / 3, rel=1e-6)


def test_what_does_not_fit_is_refused() -> None:
    x, y = features(0, *SHAPES), features(1, *SHAPES)
    with pytest.raises(BadInputError, match="expected feature maps of one shape"):
        lpips_distance(x, y[:1])
    with pytest.raises(BadInputError, match="weights for 2 layers, found 1"):
        lpips_embedding(x, WEIGHTS[:1])
    with pytest.raises(BadInputError, match="found 'beside'"):
        unit_channels(x[0], "beside")  # type: ignore[arg-type]
    with pytest.raises(BadInputError, match="with M of 2 or more"):
        mean_pairwise_distance(torch.zeros(1, 3))
