"""FID and IS of infinitely many samples: no bias where FID has one, the paper's arithmetic, the engine."""

from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.linear_model import LinearRegression
from torch import Tensor

from ganbench.errors import PlanError
from ganbench.functional import frechet_distance, random_subsets
from ganbench.inputs import Moments, Rows
from ganbench.metrics.infinity import fid50k_inf, is50k_inf
from tests.subjects import flat, measure, plan


def rows_of(rows: Tensor) -> Rows:
    accumulator = Rows()
    accumulator.update(rows)
    return accumulator


def moments_of(rows: Tensor) -> Moments:
    accumulator = Moments()
    accumulator.update(rows)
    return accumulator


def features(n: int, d: int, seed: int) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed))


def test_takes_the_bias_of_a_finite_number_away() -> None:
    """The exact moments of the reals are a standard normal's, so the true distance is 0."""
    real = moments_of(torch.cat([torch.eye(16), -torch.eye(16)]) * 4)
    assert np.allclose(real.mean_cov(0)[1], np.eye(16))
    fid = fid50k_inf.with_(ddof=0)
    biased = [frechet_distance(*moments_of(features(400, 16, i)).mean_cov(0), *real.mean_cov(0)) for i in range(8)]
    unbiased = [flat(fid.compute(real, rows_of(features(400, 16, i))))["fid50k_inf"] for i in range(8)]
    assert np.mean(biased) > 0.15
    assert abs(np.mean(unbiased)) < 0.1 * np.mean(biased)


def test_is_the_papers_arithmetic_on_the_same_subsets() -> None:
    real, fake = features(300, 5, 1), features(200, 5, 2) * 1.3 + 0.2
    mean, cov = real.double().mean(0).numpy(), np.cov(real.double().numpy(), rowvar=False)
    distances, counts = [], np.linspace(20, 200, 15).astype(int)
    for subset, count in zip(random_subsets(200), counts, strict=True):
        assert len(subset) == count
        chosen = fake[subset].double().numpy()
        own = np.cov(chosen, rowvar=False)
        root = scipy.linalg.sqrtm(own @ cov)
        distances.append(np.square(chosen.mean(0) - mean).sum() + np.trace(own + cov - 2 * root.real))
    fitted = LinearRegression().fit(1 / counts[:, None], distances)
    found = flat(fid50k_inf.compute(moments_of(real), rows_of(fake)))
    assert found == {"fid50k_inf": pytest.approx(float(fitted.predict([[0.0]])[0]), rel=1e-6)}


def test_the_score_is_that_of_one_split_continued() -> None:
    probabilities = (features(150, 4, 3) * 2).softmax(1)
    scores, counts = [], np.linspace(15, 150, 15).astype(int)
    for subset in random_subsets(150):
        p = probabilities[subset].double().numpy()
        scores.append(np.exp((p * (np.log(p) - np.log(p.mean(0)))).sum(1).mean()))
    fitted = LinearRegression().fit(1 / counts[:, None], scores)
    found = flat(is50k_inf.compute(rows_of(probabilities)))
    assert found == {"is50k_inf": pytest.approx(float(fitted.predict([[0.0]])[0]), rel=1e-6)}


def test_samples_that_are_all_alike() -> None:
    real = moments_of(features(300, 5, 4))
    found = flat(fid50k_inf.compute(real, rows_of(torch.ones(100, 5))))["fid50k_inf"]
    mean, cov = real.mean_cov(1)
    assert found == pytest.approx(np.square(mean - 1).sum() + np.trace(cov), rel=1e-9)
    assert flat(is50k_inf.compute(rows_of(torch.full((40, 4), 0.25))))["is50k_inf"] == pytest.approx(1)


def test_too_few_samples_are_refused() -> None:
    with pytest.raises(PlanError, match="expected at least 20 samples, found 19"):
        plan(["fid50k_inf@19"])


def test_through_the_engine(tmp_path: Path) -> None:
    values = measure(plan(["fid50k_inf@120", "is50k_inf@120", "fid@120"]), tmp_path)
    assert list(values) == ["fid_inf@120", "is_inf@120", "fid@120"]
    assert values["fid_inf@120"] == pytest.approx(values["fid@120"], rel=0.3)
