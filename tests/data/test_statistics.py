"""Statistics in files: what is written is read, by others too, and what no features have is refused."""

import inspect
import io
import pickle
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.linalg import sqrtm

from ganbench.data.statistics import read_statistics, sha256_of, to_file, to_metric_cache
from ganbench.errors import BadInputError, GanbenchError
from ganbench.functional import frechet_distance
from ganbench.types import Statistics


def features(seed: int = 0, shift: float = 0.0) -> Any:
    return np.random.default_rng(seed).normal(size=(60, 5)) * [1, 2, 3, 4, 5] + shift


def statistics(rows: Any, **known: Any) -> Statistics:
    mean, covariance = rows.mean(0), np.cov(rows, rowvar=False)
    return Statistics("reals", "f.npz", mean, covariance, sha256_of(mean, covariance), **known)


def test_what_is_written_is_read_bit_for_bit(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    made = statistics(features(), count=60, total=70, extractor="digits", extractor_sha256="0" * 64)
    path.write_bytes(to_file(made, "1"))
    found = read_statistics(path)
    assert (found.mean == made.mean).all()
    assert (found.covariance == made.covariance).all()
    assert (found.count, found.ddof, found.total, found.name) == (60, 1, 70, "reals")
    assert (found.extractor, found.fingerprint) == ("digits", made.fingerprint)
    assert to_file(found, "1") == path.read_bytes()


# Both packages pass an argument of scipy's square root that goes away with SciPy 1.18.
old_sqrtm = pytest.mark.skipif(
    "disp" not in inspect.signature(sqrtm).parameters, reason="SciPy is too new for the peers"
)
quiet = pytest.mark.filterwarnings("ignore:The `disp` argument:DeprecationWarning")


@old_sqrtm
@quiet
def test_pytorch_fid_reads_it_and_gives_our_number(tmp_path: Path) -> None:
    theirs = pytest.importorskip("pytorch_fid.fid_score")
    a, b = tmp_path / "a.npz", tmp_path / "b.npz"
    a.write_bytes(to_file(statistics(features(0)), "1"))
    b.write_bytes(to_file(statistics(features(1, 0.5)), "1"))
    (m1, s1), (m2, s2) = (theirs.compute_statistics_of_path(str(path), None, 1, 5, "cpu") for path in (a, b))
    ours = frechet_distance(
        *((f := read_statistics(a)).mean, f.covariance), *((g := read_statistics(b)).mean, g.covariance)
    )
    assert ours == pytest.approx(theirs.calculate_frechet_distance(m1, s1, m2, s2), rel=1e-9)
    root = np.linalg.eigvals(s1 @ s2).real.clip(0) ** 0.5
    assert ours == pytest.approx(((m1 - m2) ** 2).sum() + np.trace(s1 + s2) - 2 * root.sum(), rel=1e-9)


@old_sqrtm
@quiet
def test_clean_fid_gives_our_number_for_it(tmp_path: Path) -> None:
    theirs = pytest.importorskip("cleanfid.fid")
    stored = []
    for seed in (0, 1):
        path = tmp_path / f"{seed}.npz"
        path.write_bytes(to_file(statistics(features(seed, seed / 2)), "1"))
        with np.load(path) as arrays:  # as its get_reference_statistics does
            stored += [arrays["mu"], arrays["sigma"]]
    assert frechet_distance(*stored) == pytest.approx(theirs.frechet_distance(*stored), rel=1e-9)


def test_members_that_lead_out_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "f.npz"
    path.write_bytes(to_file(statistics(features()), "1"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../out.npy", b"")
    with pytest.raises(BadInputError, match=r"\.\./out"):
        read_statistics(path)


@pytest.mark.parametrize("shape", [(2**40, 2), (2**31, 2**31)])
def test_an_array_that_claims_more_than_is_there_is_refused_in_bounded_memory(shape: Any, tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(tmp_path / "f.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mu.npy", header.getvalue() + bytes(2**20))
        archive.writestr("sigma.npy", header.getvalue() + bytes(2**20))
    tracemalloc.start()
    with pytest.raises(BadInputError):
        read_statistics(tmp_path / "f.npz")
    assert tracemalloc.get_traced_memory()[1] < 2**26
    tracemalloc.stop()


def test_the_metric_cache_of_nvlabs_is_read(tmp_path: Path) -> None:
    rows, path = features(shift=3), tmp_path / "cache.pkl"
    moments = {"num_items": 60, "num_features": 5, "raw_mean": rows.sum(0), "raw_cov": rows.T @ rows}
    path.write_bytes(pickle.dumps({"capture_all": False, "max_items": None, "all_features": None, **moments}))
    found = read_statistics(path)
    assert (found.count, found.ddof) == (60, 0)
    np.testing.assert_allclose(found.covariance, np.cov(rows, rowvar=False, ddof=0), rtol=1e-9, atol=1e-12)


def cache_of(rows: Any, path: Path, **changes: Any) -> Path:
    """Write a ``FeatureStats`` as it is after ``capture_all`` alone: features in the batches they came in."""
    content = {
        **{"capture_all": True, "capture_mean_cov": False, "max_items": None, "num_items": len(rows)},
        **{"num_features": rows.shape[1], "all_features": [rows[:25], rows[25:]]},
        **{"raw_mean": np.zeros(rows.shape[1]), "raw_cov": np.zeros(2 * rows.shape[1:])},
    }
    path.write_bytes(pickle.dumps({**content, **changes}))
    return path


def test_a_metric_cache_with_features_alone_is_read_by_its_features(tmp_path: Path) -> None:
    rows = features(shift=3).astype(np.float32)
    found = read_statistics(cache_of(rows, tmp_path / "cache.pkl"))
    assert found.features is not None
    assert (found.features == rows).all()
    np.testing.assert_allclose(found.mean, rows.mean(0, dtype=float), rtol=1e-12)
    np.testing.assert_allclose(found.covariance, np.cov(rows.astype(float), rowvar=False, ddof=0), rtol=1e-12)
    again = tmp_path / "again.pkl"
    again.write_bytes(to_metric_cache(found))
    assert (read_statistics(again).features == rows).all()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"all_features": None}, "expected moments or features of images, found neither: .*cache.pkl"),
        ({"all_features": []}, "expected moments or features of images, found neither"),
        ({"all_features": "words"}, "expected all_features as a list of arrays"),
        ({"all_features": features()}, "expected all_features as a list of arrays"),
        (
            {"capture_mean_cov": True, "all_features": None, "raw_mean": np.zeros(0), "raw_cov": np.zeros((0, 0))},
            r"expected moments \[D\] and \[D, D\], found other shapes",
        ),
        ({"num_items": 61}, "expected float features of 61 images, found 60 of width .5."),
        ({"all_features": [np.zeros((30, 5)), np.zeros((30, 4))]}, r"found 60 of width \[4, 5\]"),
        ({"all_features": [np.full((60, 5), np.nan)]}, "expected finite features, found a NaN"),
    ],
)
def test_features_that_cannot_be_are_refused(changes: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = cache_of(features(), tmp_path / "cache.pkl", **changes)
    with pytest.raises(BadInputError, match=told):
        read_statistics(path)


BAD: dict[str, dict[str, Any]] = {
    "mu": {"sigma": np.eye(3)},
    "float mean": {"mu": np.zeros(4), "sigma": np.eye(3)},
    "symmetric": {"mu": np.zeros(2), "sigma": np.array([[1.0, 0.5], [0.0, 1.0]])},
    "negative eigenvalues": {"mu": np.zeros(2), "sigma": np.array([[1.0, 2.0], [2.0, 1.0]])},
    "NaN": {"mu": np.array([np.nan, 0]), "sigma": np.eye(2)},
    "Python objects": {"mu": np.array([None, 1], dtype=object), "sigma": np.eye(2)},
}


@pytest.mark.parametrize("word", BAD)
def test_what_no_features_have_is_refused(word: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **BAD[word])
    with pytest.raises(BadInputError, match=word):
        read_statistics(path)


def test_text_without_letters_is_no_mean(tmp_path: Path) -> None:
    """It has no bytes, so that any number of it is there."""
    with zipfile.ZipFile(tmp_path / "f.npz", "w") as archive:
        for name, shape in (("mu", (8,)), ("sigma", (8, 8))):
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(header, {"descr": "<U0", "fortran_order": False, "shape": shape})
            archive.writestr(f"{name}.npy", header.getvalue())
    with pytest.raises(BadInputError, match="expected plain numbers in mu, found the type <U0"):
        read_statistics(tmp_path / "f.npz")


def test_a_file_cut_short_and_a_pickle_of_something_else_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.npz"
    path.write_bytes(to_file(statistics(features()), "1")[:-40])
    with pytest.raises(BadInputError, match="damaged"):
        read_statistics(path)
    path.write_bytes(pickle.dumps({"x": 1}))
    with pytest.raises(GanbenchError, match="expected num_items"):
        read_statistics(path)
