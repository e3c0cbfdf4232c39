"""Density and coverage: what is expected of equal distributions, the package of the paper, the engine."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from ganbench.errors import PlanError
from ganbench.inputs import Rows
from ganbench.metrics import resolve
from ganbench.metrics.density_coverage import dc10k5
from tests.subjects import flat, measure, plan


def filled(rows: Tensor) -> Rows:
    accumulator = Rows()
    accumulator.update(rows)
    return accumulator


def features(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_equal_distributions_have_the_expected_density_and_coverage() -> None:
    """Of n + m equally likely points, none of the k nearest to a real is a fake with the probability of k draws."""
    n, m, k = 1500, 1000, 5
    values = flat(dc10k5.compute(filled(features(n, 3, 0)), filled(features(m, 3, 1))))
    draws = np.arange(1, k + 1)
    assert values["dc10k5_coverage"] == pytest.approx(1 - np.prod((n - draws) / (n + m - draws)), abs=0.02)
    assert values["dc10k5_density"] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_is_the_papers_package_on_the_same_features(k: int) -> None:
    prdc = pytest.importorskip("prdc")
    real, fake = features(150, 8, 2), features(120, 8, 3) * 0.8 + 0.1
    expected = prdc.compute_prdc(real.numpy(), fake.numpy(), nearest_k=k)
    found = flat(dc10k5.with_(nhood_size=k).compute(filled(real), filled(fake)))
    assert found["dc10k5_density"] == pytest.approx(expected["density"], rel=1e-12)
    assert found["dc10k5_coverage"] == pytest.approx(expected["coverage"], rel=1e-12)
    assert 0 < found["dc10k5_coverage"] < 1


def test_copies_of_the_reals_and_one_of_them_again_and_again() -> None:
    real = features(60, 4, 4)
    copies = flat(dc10k5.compute(filled(real), filled(real)))
    assert copies["dc10k5_coverage"] == 1
    collapsed = flat(dc10k5.compute(filled(real), filled(real[:1].expand(50, 4))))
    assert collapsed["dc10k5_coverage"] < 0.5
    assert collapsed["dc10k5_density"] == pytest.approx(collapsed["dc10k5_coverage"] * 60 / 5)  # all in the same balls


def test_shares_its_rows_with_precision_and_recall() -> None:
    built = plan(["dc5@50", "pr3@50", "pr3@50_psi0.5"])
    assert [len(pass_.queries) for pass_ in built.passes if pass_.source.name == "samples"] == [2]  # one checks range


def test_fewer_samples_than_neighbours_are_refused() -> None:
    with pytest.raises(PlanError, match="expected at least 6 samples, found 5"):
        plan(["dc5@5"])


def test_through_the_engine(tmp_path: Path) -> None:
    values = measure(plan(["dc5@60"]), tmp_path)
    assert set(values) == {"dc5@60_density", "dc5@60_coverage"}
    assert resolve("dc50k5").count == 50_000
