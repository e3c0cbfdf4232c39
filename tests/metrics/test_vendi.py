"""The Vendi score from features of any length, and through the engine."""

from pathlib import Path
from typing import Any

import pytest
import torch
import toygan
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.inputs import Moments
from ganbench.metrics.vendi import vendi50k
from ganbench.rng import Streams
from tests.subjects import flat, measure, plan


def filled(*parts: Tensor) -> Moments:
    accumulator = Moments()
    for rows in parts:
        accumulator.update(torch.nn.functional.normalize(rows.double()))
    return accumulator


def features(n: int, d: int, seed: int = 0) -> Tensor:
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)) + 0.4


def test_is_the_package_on_the_same_features() -> None:
    vendi = pytest.importorskip("vendi_score.vendi")
    rows = features(90, 12)
    expected = vendi.score_dual(rows.double().numpy())
    assert flat(vendi50k.compute(filled(rows)))["vendi50k"] == pytest.approx(expected, rel=1e-10)
    assert flat(vendi50k.compute(filled(rows[:40], rows[40:])))["vendi50k"] == pytest.approx(expected, rel=1e-10)


def test_equal_samples_are_one() -> None:
    assert flat(vendi50k.compute(filled(features(1, 12).expand(50, 12))))["vendi50k"] == pytest.approx(1, rel=1e-10)
    assert flat(vendi50k.compute(filled(features(1, 12))))["vendi50k"] == pytest.approx(1, rel=1e-10)


def test_features_without_a_direction_are_refused() -> None:
    with pytest.raises(BadInputError, match="found 3 of 33 samples whose features are all zero"):
        vendi50k.compute(filled(features(30, 4), torch.zeros(3, 4)))


def test_through_the_engine_it_is_that_of_all_pairs_of_samples(tmp_path: Path) -> None:
    model = toygan.Waves()
    with torch.inference_mode():
        images = model(Streams(0, tuple(range(50))).normal("z", (6,)))
    rows = toygan.Pool()((images * 127.5 + 128).clamp(0, 255).byte())["features"].double()
    rows = rows / rows.norm(dim=1, keepdim=True)
    values = torch.linalg.eigvalsh(rows @ rows.T / 50).clamp(min=1e-300)
    expected = (-values * values.log()).sum().exp().item()
    assert measure(plan(["vendi@50"]), tmp_path)["vendi@50"] == pytest.approx(expected, rel=1e-6)
    assert expected > 1.01


def test_a_generator_of_one_image_has_a_score_of_one(tmp_path: Path) -> None:
    class Constant(toygan.Waves):
        def synthesis(self, ws: Tensor, **options: Any) -> Tensor:
            return super().synthesis(torch.ones_like(ws), **options)

    assert measure(plan(["vendi@40"], Constant()), tmp_path)["vendi@40"] == pytest.approx(1, rel=1e-10)
