"""Moments against exact arithmetic, however rows are cut into batches and shards."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench.inputs import Moments


def rows(n: int, d: int, seed: int) -> Tensor:
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.standard_normal((n, d)) * rng.uniform(0.5, 2, d) + rng.standard_normal(d) * 3)


def shards(x: Tensor, size: int, batch: int) -> list[Moments]:
    made = []
    for shard in torch.split(x, size):
        made.append(Moments())
        for part in torch.split(shard, batch):
            made[-1].update(part)
    return made


def merged(parts: list[Moments]) -> Moments:
    total = Moments()
    for part in parts:
        total.merge(part)
    return total


def exact(x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance in fractions, rounded once."""
    columns = [[Fraction(value) for value in column] for column in x.T.tolist()]
    means = [sum(column) / len(column) for column in columns]
    centred = [[value - mean for value in column] for column, mean in zip(columns, means, strict=True)]
    cov = [[float(sum(a * b for a, b in zip(p, q, strict=True)) / len(x)) for q in centred] for p in centred]
    return np.array([float(mean) for mean in means]), np.array(cov)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e7])
@pytest.mark.parametrize(("size", "batch"), [(40, 40), (40, 1), (7, 7), (16, 5), (1, 1)])
def test_are_exact_arithmetic_to_rounding(offset: float, size: int, batch: int) -> None:
    x = rows(40, 3, 0) + offset
    mean, cov = merged(shards(x, size, batch)).mean_cov()
    right_mean, right_cov = exact(x)
    # What a batch's mean is rounded by enters times a deviation: 1e-16 of the offset, and not of its square.
    np.testing.assert_allclose(mean, right_mean, rtol=1e-15, atol=1e-14)
    np.testing.assert_allclose(cov, right_cov, rtol=1e-13, atol=1e-14 + 1e-15 * offset)


@pytest.mark.parametrize("d", [1, 5])
@pytest.mark.parametrize(("size", "batch"), [(60, 60), (16, 5), (1, 1)])
def test_equal_rows_have_no_covariance_at_all(d: int, size: int, batch: int) -> None:
    row = rows(1, d, 1) * 1e5
    moments = merged(shards(row.expand(60, d).float(), size, batch))
    mean, cov = moments.mean_cov(ddof=1)
    np.testing.assert_array_equal(mean, row[0].float().double().numpy())
    np.testing.assert_array_equal(cov, np.zeros((d, d)))
    assert moments.count == 60


def test_are_the_same_bits_whoever_computed_the_shards() -> None:
    x = rows(100, 6, 2)
    parts = shards(x, 16, 4)
    stored = [Moments.from_state(part.state()) for part in shards(x, 16, 4)]
    for made in (merged(stored), merged([merged([part]) for part in parts])):
        for one, other in zip(merged(shards(x, 16, 4)).mean_cov(), made.mean_cov(), strict=True):
            np.testing.assert_array_equal(one, other)


def test_merging_leaves_the_other_as_it_was() -> None:
    first, second = shards(rows(32, 4, 3), 16, 16)
    before = {name: array.copy() for name, array in second.state().items()}
    empty = Moments()
    for total in (first, empty):
        total.merge(second)
        total.update(rows(8, 4, 4))
    for name, array in second.state().items():
        np.testing.assert_array_equal(array, before[name])


def test_nothing_merged_or_added_changes_nothing() -> None:
    moments = merged(shards(rows(20, 4, 5), 20, 20))
    before = moments.mean_cov()
    moments.merge(Moments())
    moments.update(torch.empty(0, 4))
    for one, other in zip(before, moments.mean_cov(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert moments.count == 20


def test_filled_in_inference_mode_and_merged_outside() -> None:
    x = rows(40, 4, 6)
    with torch.inference_mode():
        first, second = shards(x, 20, 20)
    first.merge(second)
    np.testing.assert_array_equal(first.mean_cov()[1], merged(shards(x, 20, 20)).mean_cov()[1])


@pytest.mark.parametrize("size", [3, 9, 40])
def test_few_rows_are_kept_as_they_are_and_give_the_same_moments(size: int) -> None:
    x = rows(80, 32, 7)
    parts = shards(x, size, size)
    held = {len(part.state().get("rows", ())) for part in parts}
    assert held <= {len(part) for part in x.split(size)} if size <= 8 else 0 in held
    total = merged(parts)
    assert "upper" in total.state(), "eighty rows are not few"
    mean, cov = total.mean_cov(ddof=1)
    np.testing.assert_allclose(mean, x.mean(0), rtol=1e-13)
    np.testing.assert_allclose(cov, np.cov(x.T), rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(cov, cov.T)
    for one, other in zip(
        total.mean_cov(), merged([Moments.from_state(part.state()) for part in parts]).mean_cov(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_state_does_not_change_with_what_is_made_of_it() -> None:
    first = merged(shards(rows(8, 64, 8), 4, 4))
    before = {name: array.copy() for name, array in first.state().items()}
    assert "rows" in before
    Moments.from_state(first.state()).update(rows(8, 64, 9))
    for name, array in first.state().items():
        np.testing.assert_array_equal(array, before[name])
