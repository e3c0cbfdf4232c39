"""MiFID: FID where nothing is copied, torchmetrics on the same features, copies, the engine."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
import toygan
from torch import Tensor, nn

from ganbench.errors import BadInputError
from ganbench.functional import frechet_distance, memorization_distance, moments
from ganbench.inputs import Moments, Rows
from ganbench.metrics.mifid import mifid50k
from tests.subjects import flat, measure, plan


def value(real: Tensor, fake: Tensor, **fields: object) -> float:
    rows, sums = [Rows(), Rows()], [Moments(), Moments()]
    for side, *into in zip((real, fake), rows, sums, strict=True):
        for accumulator in into:
            accumulator.update(side)  # type: ignore[attr-defined]
    return flat(mifid50k.with_(**fields).compute(*rows, *sums))["mifid50k"]


def features(n: int, d: int, seed: int, offset: float = 0.0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + offset


def fid(real: Tensor, fake: Tensor) -> float:
    return frechet_distance(*moments(fake, ddof=1), *moments(real, ddof=1))


def test_is_fid_where_samples_are_not_near() -> None:
    real, fake = features(60, 30, 0), features(50, 30, 1)
    assert memorization_distance(fake, real) > 0.1
    assert value(real, fake) == pytest.approx(fid(real, fake), rel=1e-9)


def test_is_fid_over_the_distance_where_they_are() -> None:
    real, fake = features(60, 6, 0, 3.0), features(50, 6, 1, 3.2)
    distance = memorization_distance(fake, real)
    assert 0 < distance < 0.1
    assert value(real, fake) == pytest.approx(fid(real, fake) / distance, rel=1e-9)
    assert value(real, fake, threshold=distance / 2) == pytest.approx(fid(real, fake), rel=1e-9)


@pytest.mark.parametrize("offset", [0.0, 3.0])
def test_is_torchmetrics_on_the_same_features(offset: float) -> None:
    mifid = pytest.importorskip("torchmetrics.image.mifid")
    real, fake = features(90, 12, 2, offset).double(), features(70, 12, 3, offset + 0.2).double()

    def theirs(real: Tensor, fake: Tensor) -> float:
        metric = mifid.MemorizationInformedFrechetInceptionDistance(feature=nn.Identity())
        metric.update(real, real=True)
        metric.update(fake, real=False)
        return float(metric.compute())

    assert value(real, fake, mean_over="reals") == pytest.approx(theirs(real, fake), rel=1e-6)
    assert value(real, fake) == pytest.approx(theirs(real=fake, fake=real), rel=1e-6)  # FID is symmetric


def test_copies_of_some_of_the_reals_are_a_million_times_worse() -> None:
    real = features(60, 6, 4)
    assert value(real, real[:30]) > 1e6 * fid(real, real[:30]) > 0


def test_copies_of_all_reals_in_another_order_are_zero() -> None:
    real = features(60, 6, 4)
    assert value(real, real.flip(0)) == 0


def test_features_without_a_direction_are_refused() -> None:
    with pytest.raises(BadInputError, match="found zeros alone"):
        value(features(20, 3, 5), torch.zeros(20, 3))


class Copies:
    """A folder of the first stripes."""

    img_resolution, img_channels = 32, 1

    def __len__(self) -> int:
        return 40

    def images(self, indices: Sequence[int]) -> Tensor:
        return toygan.Stripes().images(indices).float() / 127.5 - 1


def test_through_the_engine_copies_stand_out(tmp_path: Path) -> None:
    names = ["mifid@40", "fid@40", "memorization@40"]
    honest, copied = measure(plan(names), tmp_path / "a"), measure(plan(names, Copies()), tmp_path / "b")
    assert copied["mifid@40"] > 1e6 * copied["fid@40"]
    assert honest["mifid@40"] < 1e4 * honest["fid@40"]
    assert (copied["memorization@40_nearer"], copied["memorization@40_authenticity"]) == (pytest.approx(1, abs=0.05), 0)
    assert honest["memorization@40_nearer"] < 0.5
