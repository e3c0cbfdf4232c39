"""Metrics through the engine, at any batch size, against the package of each on the same features."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
import toygan
from numpy.typing import NDArray
from torch import nn

from ganbench.images import to_uint8
from ganbench.rng import Streams
from tests.subjects import measure, plan

Array = NDArray[np.float32]
NAMES = ["dc5@60", "pr3@60", "mifid@60", "memorization@60", "vendi@60"]


@cache
def features() -> tuple[Array, Array]:
    """Return the features of all reals and of 60 samples, in one batch each."""
    with torch.inference_mode():
        images = to_uint8(toygan.Waves()(Streams(0, tuple(range(60))).normal("z", (6,))), "stylegan")
    pool = toygan.Pool()
    real, fake = (pool(each)["features"].numpy() for each in (toygan.Stripes().images(range(200)), images))
    return real, fake


@pytest.fixture(scope="module", params=[1, 7, 64])
def found(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    cache: Path = tmp_path_factory.mktemp("cache")
    return measure(plan(NAMES), cache, batch_size=request.param)


def test_density_and_coverage_are_prdcs(found: dict[str, float]) -> None:
    prdc = pytest.importorskip("prdc")
    real, fake = (side.astype(np.float64) for side in features())
    theirs = prdc.compute_prdc(real, fake, nearest_k=5)
    assert found["dc5@60_density"] == pytest.approx(theirs["density"], rel=1e-9)
    assert found["dc5@60_coverage"] == pytest.approx(theirs["coverage"], rel=1e-9)


def test_mifid_is_torchmetrics_with_the_sides_exchanged(found: dict[str, float]) -> None:
    mifid = pytest.importorskip("torchmetrics.image.mifid")
    real, fake = (torch.from_numpy(side).double() for side in features())
    metric = mifid.MemorizationInformedFrechetInceptionDistance(feature=nn.Identity())
    metric.update(fake, real=True)
    metric.update(real, real=False)
    assert found["mifid@60"] == pytest.approx(float(metric.compute()), rel=1e-4)  # its root of a singular product


def test_the_vendi_score_is_the_packages(found: dict[str, float]) -> None:
    vendi = pytest.importorskip("vendi_score.vendi")
    assert found["vendi@60"] == pytest.approx(vendi.score_dual(features()[1].astype(np.float64)), rel=1e-6)


def test_authenticity_is_dgm_evals(found: dict[str, float]) -> None:
    real, fake = (torch.from_numpy(side).double() for side in features())
    between = torch.cdist(real, real, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(torch.inf).amin(0)
    to_real = torch.cdist(real, fake, compute_mode="donot_use_mm_for_euclid_dist").min(0)
    authentic = (between[to_real.indices] < to_real.values).double().mean().item()
    assert found["memorization@60_authenticity"] == pytest.approx(authentic)
