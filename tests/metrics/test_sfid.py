"""Spatial FID: a formula on the same features, statistics of both layers, ADM's reference batches."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import torch
import toygan

from ganbench import registry
from ganbench.data.opening import open_reals
from ganbench.engine.plan import Plan
from ganbench.engine.statistics import compute_statistics
from ganbench.errors import BadInputError, PlanError
from ganbench.inputs import Features, Moments
from ganbench.metrics import resolve
from ganbench.metrics.sfid import sfid50k
from ganbench.types import Statistics
from tests import subjects
from tests.cli.command_line import complaint, ganbench


def features(seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=(40, 5)) * [1, 2, 3, 4, 5] + seed


def test_is_adms_formula_on_the_same_features() -> None:
    filled, sides = [], []
    for seed in (0, 1):
        rows = features(seed)
        moments = Moments()
        moments.update(torch.from_numpy(rows))
        filled.append(moments)
        sides.append((rows.mean(0), np.cov(rows, rowvar=False)))
    (m1, s1), (m2, s2) = sides
    root = scipy.linalg.sqrtm(s1 @ s2).real
    expected = ((m1 - m2) ** 2).sum() + np.trace(s1) + np.trace(s2) - 2 * np.trace(root)
    assert sfid50k.compute(*filled)["sfid50k"].value == pytest.approx(expected, rel=1e-9)


def test_sees_where_things_are_and_names_its_count() -> None:
    assert resolve("sfid10k").name == "sfid10k"
    assert resolve("sfid@500").count == 500
    data = registry.load("data", "digits")("")
    images = data.images(range(40))
    digits = registry.load("extractors", "digits")()
    spatial, moved = digits(images)["spatial"], digits(images.roll(8, 3))["spatial"]
    # Height, width, channel.
    grid, other = (rows.reshape(40, 8, 8, 7) for rows in (spatial, moved))
    torch.testing.assert_close(other[:, 2:-2, 4:-2], grid[:, 2:-2, 2:-4], rtol=1e-4, atol=1e-4)


def test_statistics_of_both_layers_stand_for_the_images(tmp_path: Path) -> None:
    known = compute_statistics(toygan.Stripes(), Features("pool"), spatial=True, batch_size=64)
    metrics = [subjects.metric(name) for name in ("fid@200", "sfid@200")]
    plan = Plan.build(subjects.waves(), metrics, data=known)
    assert [pass_.source.name for pass_ in plan.passes] == ["samples"]
    images = subjects.measure(Plan.build(subjects.waves(), metrics, data=toygan.Stripes()), tmp_path / "a")
    assert subjects.measure(plan, tmp_path / "b") == pytest.approx(images, rel=1e-9)
    assert images["sfid@200"] != images["fid@200"]


def test_statistics_without_spatial_ones_are_refused_in_one_sentence() -> None:
    known = compute_statistics(toygan.Stripes(), Features("pool"), batch_size=64)
    with pytest.raises(PlanError) as caught:
        Plan.build(subjects.waves(), [subjects.metric("sfid@200")], data=known)
    assert caught.value.problems == (
        "sfid@200: expected the layer 'spatial', found statistics of 'features' alone in stripes: compute both with "
        "`ganbench stats compute --layout adm`, or name the images with --data.",
    )


def as_the_evaluator_reads(path: Path) -> dict[str, Any]:
    """The reads of ADM's evaluator: the stream of ``arr_0``, then all four moments by numpy."""
    with path.open("rb") as file, zipfile.ZipFile(file) as archive, archive.open("arr_0.npy") as stream:
        assert np.lib.format.read_magic(stream) == (1, 0)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        assert (fortran, dtype) == (False, np.uint8)
        images = np.frombuffer(stream.read(), dtype).reshape(shape)
    with np.load(path) as arrays:
        return {"arr_0": images, **{name: arrays[name] for name in ("mu", "sigma", "mu_s", "sigma_s")}}


def test_a_reference_batch_is_written_read_and_written_again(tmp_path: Path) -> None:
    made, plain, again = (tmp_path / name for name in ("made.npz", "plain.npz", "again.npz"))
    compute = ("stats", "compute", "--data", "digits", "--extractor", "digits", "--layout", "adm", "--images", 300)
    assert ganbench(*compute, "--out", made).exit_code == 0
    arrays = as_the_evaluator_reads(made)
    digits = registry.load("data", "digits")("")
    rgb = digits.images(range(300)).expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    assert (arrays["arr_0"] == rgb.numpy()).all()
    rows = registry.load("extractors", "digits")()(digits.images(range(len(digits))))
    for suffix, layer in (("", "features"), ("_s", "spatial")):
        mean, covariance, expected = arrays[f"mu{suffix}"], arrays[f"sigma{suffix}"], rows[layer].double().numpy()
        assert (mean.dtype, covariance.dtype) == (np.float64, np.float64)
        np.testing.assert_allclose(mean, expected.mean(0), rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(covariance, np.cov(expected, rowvar=False), rtol=1e-3, atol=1e-4)
    assert ganbench("stats", "export", made, "--layout", "adm", "--out", plain).exit_code == 0
    with np.load(plain) as found:
        assert set(found) == {"arr_0", "mu", "sigma", "mu_s", "sigma_s"}
        assert all((found[name] == value).all() for name, value in arrays.items())
    assert ganbench("stats", "export", plain, "--layout", "adm", "--out", again).exit_code == 0
    assert again.read_bytes() == plain.read_bytes()


def test_both_moments_go_through_a_file_of_ours(tmp_path: Path) -> None:
    batch, ours = tmp_path / "batch.npz", tmp_path / "ours.npz"
    compute = ("stats", "compute", "--data", "digits", "--extractor", "digits", "--layout", "adm", "--images", 20)
    assert ganbench(*compute, "--out", batch).exit_code == 0
    assert ganbench("stats", "import", batch, "--out", ours).exit_code == 0
    first, found = open_reals(batch).statistics, open_reals(ours)  # type: ignore[union-attr]  # a batch has images
    assert isinstance(found, Statistics)
    assert found.spatial is not None
    assert (found.spatial.mean == first.spatial.mean).all()
    assert (found.spatial.covariance == first.spatial.covariance).all()
    assert (found.fingerprint, found.spatial.count) == (first.fingerprint, 1442)
    run = ("run", "--model", "stylegan3", "--metrics", "sfid50k", "--limit", 100, "--results-dir", tmp_path)
    numbers = []
    for data in ("digits", batch, ours):
        assert ganbench(*run, "--data", data, "--record", tmp_path / "r.json", "--force").exit_code == 0
        numbers.append(json.loads((tmp_path / "r.json").read_text())["results"][0]["value"])
    assert numbers[1] == numbers[2] == pytest.approx(numbers[0], rel=1e-6)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"mu_s": np.zeros(2)}, "expected the array sigma_s, found "),
        ({"mu_s": np.zeros(2), "sigma_s": np.eye(3)}, r"expected float mean \[D\] and covariance \[D, D\]"),
        ({"mu_s": np.zeros(2), "sigma_s": np.array([[1.0, 0.5], [0.0, 1.0]])}, "expected a symmetric covariance"),
        ({"mu_s": np.array([np.nan, 0]), "sigma_s": np.eye(2)}, "expected finite moments"),
    ],
)
def test_spatial_moments_are_checked_as_the_others(arrays: dict[str, Any], told: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "f.npz", mu=np.zeros(4), sigma=np.eye(4), **arrays)
    with pytest.raises(BadInputError, match=told):
        open_reals(tmp_path / "f.npz")


def test_what_cannot_be_a_batch_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "p.npz", mu=np.zeros(2), sigma=np.eye(2))
    assert "expected images beside mu, sigma, mu_s and sigma_s" in complaint(
        "stats", "export", tmp_path / "p.npz", "--layout", "adm", "--out", tmp_path / "x.npz"
    )
    assert "expected --layout adm beside --images 5" in complaint(
        *("stats", "compute", "--data", "digits", "--extractor", "digits", "--images", 5, "--out", tmp_path / "x.npz")
    )
    assert not (tmp_path / "x.npz").exists()
    assert not list(tmp_path.glob("*.partial"))
