"""KID and its deviation over subsets: closed forms, and torch-fidelity on the same features and subsets."""

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench.functional import kernel_distances
from ganbench.inputs import Rows
from ganbench.metrics.kid import kid50k
from tests.subjects import flat


def filled(rows: Tensor) -> Rows:
    accumulator = Rows()
    accumulator.update(rows)
    return accumulator


def features(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_mean_and_deviation_of_the_subsets() -> None:
    """Reals are 0 and fakes 1, 1, 2, 2: of six pairs of fakes one has the kernel 2^3, four 3^3, one 5^3; reals 1."""
    pairs = np.array([8, 27, 27, 27, 27, 125]) + 1 - 2
    fakes = torch.tensor([[1.0], [2], [1], [2]])
    found = flat(kid50k.with_(num_subsets=3000, max_subset_size=2).compute(filled(torch.zeros(9, 1)), filled(fakes)))
    assert list(found) == ["kid50k", "kid50k_std"]
    assert found["kid50k"] == pytest.approx(pairs.mean(), rel=0.05)
    assert found["kid50k_std"] == pytest.approx(pairs.std(), rel=0.05)


def test_constant_features_do_not_deviate() -> None:
    found = flat(kid50k.compute(filled(torch.ones(30, 4)), filled(torch.full((30, 4), 2.0))))
    assert found == {"kid50k": pytest.approx(8 + 125 - 2 * 27), "kid50k_std": 0}


def test_all_rows_in_every_subset_leave_only_rounding() -> None:
    found = flat(kid50k.compute(filled(features(40, 4, 0)), filled(features(40, 4, 1))))
    assert found["kid50k_std"] < 1e-12


def test_is_torch_fidelity_on_the_same_features_and_subsets() -> None:
    fidelity = pytest.importorskip("torch_fidelity.metric_kid")
    real, fake = features(90, 6, 2), features(70, 6, 3) * 1.2
    theirs = fidelity.kid_features_to_metric(fake, real, kid_subsets=25, kid_subset_size=40, rng_seed=7, verbose=False)
    rng = np.random.RandomState(7)  # as it draws, first of its first side
    drawn = [(rng.choice(70, 40, replace=False), rng.choice(90, 40, replace=False)) for _ in range(25)]
    ours = kernel_distances(real, fake, tuple(np.stack(side) for side in zip(*drawn, strict=True))[::-1])
    assert ours.mean() == pytest.approx(theirs["kernel_inception_distance_mean"], rel=1e-5)
    assert ours.std() == pytest.approx(theirs["kernel_inception_distance_std"], rel=1e-5)


def test_other_subsets_have_nearly_the_same_deviation_as_torch_fidelitys() -> None:
    fidelity = pytest.importorskip("torch_fidelity.metric_kid")
    real, fake = features(400, 6, 4), features(300, 6, 5) * 1.3
    theirs = fidelity.kid_features_to_metric(fake, real, kid_subsets=400, kid_subset_size=50, verbose=False)
    found = flat(kid50k.with_(num_subsets=400, max_subset_size=50).compute(filled(real), filled(fake)))
    assert found["kid50k"] == pytest.approx(theirs["kernel_inception_distance_mean"], rel=0.1)
    assert found["kid50k_std"] == pytest.approx(theirs["kernel_inception_distance_std"], rel=0.15)
