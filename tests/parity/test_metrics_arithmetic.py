"""The metrics' arithmetic on stored arrays against what the official implementations made of the same arrays."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.functional import (
    conditional_entropy,
    frechet_distance,
    inception_score,
    kernel_distance,
    kernel_distances,
    manifold,
    moments,
    path_length,
    precision_recall,
    separability,
)
from ganbench.functional.separability import most_confident
from tests.golden_cases import cases, facts, golden


@pytest.fixture(scope="module")
def case() -> Path:
    return golden("stylegan23/metrics_a")


@pytest.fixture(scope="module")
def stored(case: Path) -> dict[str, np.ndarray]:
    return dict(np.load(case / "arrays.npz"))


@pytest.fixture(scope="module")
def results(case: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((case / "results.json").read_text())
    return content


def test_moments_divide_by_n(stored: dict[str, np.ndarray]) -> None:
    for name in ("real", "gen"):
        mean, cov = moments(stored[name], ddof=0)
        np.testing.assert_allclose(mean, stored[f"mean_{name}"], rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(cov, stored[f"cov_{name}"], rtol=1e-12, atol=1e-13)


def test_fid(stored: dict[str, np.ndarray], results: dict[str, Any]) -> None:
    official = results["fid"]
    got = frechet_distance(stored["mean_gen"], stored["cov_gen"], stored["mean_real"], stored["cov_real"])
    assert got == pytest.approx(official["fid"], rel=1e-6)
    assert got == pytest.approx(official["fid_by_eigenvalues"], rel=1e-12)
    means = np.square(stored["mean_gen"] - stored["mean_real"]).sum()
    assert means == pytest.approx(official["mean_term"], rel=1e-12)


def test_fid_with_the_other_divisor(stored: dict[str, np.ndarray], results: dict[str, Any]) -> None:
    got = frechet_distance(*moments(stored["gen"], ddof=1), *moments(stored["real"], ddof=1))
    assert got == pytest.approx(results["fid"]["fid_unbiased_covariance_for_contrast"], rel=1e-12)
    assert got != pytest.approx(results["fid"]["fid"], rel=1e-4)


def test_fid_with_fewer_samples_than_dimensions(stored: dict[str, np.ndarray], results: dict[str, Any]) -> None:
    few = results["fid"]["rank_deficient"]
    x, y = stored["gen"][: few["n_gen"]], stored["real"][: few["n_real"]]
    got = frechet_distance(*moments(x, ddof=0), *moments(y, ddof=0))
    assert got == pytest.approx(few["fid_exact_by_svd"], rel=1e-12)
    assert abs(got - few["fid_official"]) < 1.01 * abs(few["fid_exact_by_svd"] - few["fid_official"])


@pytest.mark.parametrize("name", ["full_rank", "rank_deficient", "d2048_like"])
def test_fid_of_stargan_v2(name: str) -> None:
    case = golden("stargan2/frechet")
    stored, official = np.load(case / "features.npz"), facts(case)["results"][name]
    got = frechet_distance(*moments(stored[f"{name}_a"], ddof=1), *moments(stored[f"{name}_b"], ddof=1))
    assert got == pytest.approx(official["float64_features"], rel=1e-12 if name == "full_rank" else 1e-6)
    assert got == pytest.approx(official["float32_features_official"], rel=1e-5 if name == "full_rank" else 1e-3)


@pytest.mark.parametrize(("name", "tolerance"), [("a", 1e-12), ("b", 1e-6)])
def test_fid_of_stylegan1(name: str, tolerance: float) -> None:
    case = golden("stylegan1/fid")
    stored, official = np.load(case / "features.npz"), facts(case)["results"][name]
    got = frechet_distance(*moments(stored[f"fake_{name}"], ddof=1), *moments(stored[f"real_{name}"], ddof=1))
    assert got == pytest.approx(official["fid_float64_eigh"], rel=tolerance)
    assert got == pytest.approx(official["fid_official"], rel=1e-5 if name == "a" else 1e-3)


def test_kid(stored: dict[str, np.ndarray], results: dict[str, Any]) -> None:
    official, subsets = results["kid"], (stored["kid_gen_idx"], stored["kid_real_idx"])
    assert subsets[0].shape == (official["num_subsets"], official["subset_size"])
    got = kernel_distance(stored["gen"], stored["real"], subsets)
    assert got == pytest.approx(official["kid_float64_same_subsets"], abs=1e-9)
    assert got == pytest.approx(official["kid_official_float32"], rel=1e-5, abs=1e-6)
    each = kernel_distances(stored["gen"], stored["real"], subsets)
    np.testing.assert_allclose(each, official["per_subset_float64"], rtol=0, atol=1e-9)


@pytest.mark.parametrize(("dtype", "slack"), [("float64", 1), ("float32", 2)])
@pytest.mark.parametrize("k", [3, 5])
def test_precision_recall(
    k: int, dtype: str, slack: int, stored: dict[str, np.ndarray], results: dict[str, Any]
) -> None:
    """float64 counts are exact but for the one sample of each set within 1e-5 of a boundary; float32 has 2 to spare."""
    official = results["precision_recall"][f"k{k}_{dtype}"]
    precision, recall = precision_recall(stored["real"], stored["gen"], k, dtype=getattr(torch, dtype))
    assert abs(precision * 750 - official["precision_count"]) <= slack
    assert abs(recall * 900 - official["recall_count"]) <= slack


def test_memberships(stored: dict[str, np.ndarray], results: dict[str, Any]) -> None:
    """Sample by sample, not only in sum."""
    near = results["precision_recall"]["k3_exact_float64_own_numpy"]["samples_within_1e_5_of_the_boundary"]
    found = manifold.memberships(stored["real"], stored["gen"], 3)
    for inside, pair, allowed in zip(found, ("gen_inside_real", "real_inside_gen"), near, strict=True):
        differing = inside.numpy() != stored[f"pr_k3_{pair}_manifold"]
        assert differing.sum() <= allowed


@pytest.mark.parametrize("k", [3, 5])
def test_half_precision_counts_are_as_far_away_as_documented(k: int, results: dict[str, Any]) -> None:
    half, double = (results["precision_recall"][f"k{k}_{kind}"] for kind in ("official_float16", "float64"))
    assert [half[f"{side}_count"] - double[f"{side}_count"] for side in ("precision", "recall")] == (
        [2, 0] if k == 3 else [0, 1]
    )


def test_inception_score(stored: dict[str, np.ndarray], results: dict[str, Any]) -> None:
    official = results["inception_score"]
    mean, std = inception_score(stored["is_probs"], official["num_splits"])
    assert (mean, std) == pytest.approx((official["mean_float64"], official["std_float64"]), rel=1e-6)
    assert (mean, std) == pytest.approx((official["mean_official"], official["std_official"]), rel=1e-5)
    for i, expected in enumerate(official["per_split_float64"]):
        part = stored["is_probs"][i * 80 : (i + 1) * 80]
        assert inception_score(part, 1)[0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("precision", ["32", "64"])
@pytest.mark.parametrize("case", cases("stylegan23/ppl_*"), ids=lambda path: path.name)
def test_path_length_of_stored_distances(case: Path, precision: str) -> None:
    stored, results = np.load(case / "ppl.npz"), json.loads((case / "results.json").read_text())
    for name, official in results.items():
        distances = stored[f"dist{precision}/{name}"]
        rel = 1e-12 if precision == "64" else 1e-6  # the official float32 mean is itself rounded to float32
        assert path_length(distances) == pytest.approx(official[f"float{precision}"]["ppl"], rel=rel)
        assert abs(distances.mean() / official[f"float{precision}"]["ppl"] - 1) > 1e-3  # the filter matters here


def test_path_length_of_stylegan1() -> None:
    stored, seen = np.load(golden("stylegan1/ppl") / "ppl.npz"), 0
    for key in stored.files:
        if key.startswith("dist_") and key.endswith("__f64"):
            expected = stored[key.replace("dist_", "ppl_")]
            assert path_length(stored[key]) == pytest.approx(float(expected), rel=1e-12)
            seen += 1
    assert seen == 8


def test_linear_separability() -> None:
    case = golden("stylegan1/ls")
    stored, official = np.load(case / "ls.npz"), facts(case)
    num_keep, results = official["kwargs"]["num_keep"], official["results"]["primal"]
    for number, logits in enumerate(stored["logits"]):
        kept, classes = most_confident(logits, num_keep)
        np.testing.assert_array_equal(kept, stored["pruned_indices"][number])
        np.testing.assert_array_equal(classes, stored["svm_targets"][number])
    assert separability(stored["latents"], stored["logits"], num_keep) == pytest.approx(results["score_z"], rel=1e-3)
    assert separability(stored["dlatents"], stored["logits"], num_keep) == pytest.approx(results["score_w"], rel=1e-3)


def test_conditional_entropy() -> None:
    stored = np.load(golden("stylegan1/ls") / "entropy_tables.npz")
    for table, expected in zip(stored["tables"], stored["conditional_entropy"], strict=True):
        assert conditional_entropy(table) == pytest.approx(float(expected), abs=1e-6)
