"""``ganbench stats``: computed statistics stand for the images, and go to other tools and back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.cli.command_line import complaint, ganbench

RUN = ("run", "--model", "progan", "--metrics", "fid50k_full", "--limit", 200)
TWO_SHARDS = ("--limit", 1100)


def record_of(data: object, folder: Path, *more: object) -> Any:
    done = ganbench(*RUN, "--data", data, "--results-dir", folder, *more)
    assert done.exit_code == 0, done.stderr
    return json.loads(next((folder / "records").glob("*.json")).read_text())


def test_a_run_against_a_file_compares_with_one_against_the_images(tmp_path: Path) -> None:
    file = tmp_path / "d.npz"
    assert ganbench("stats", "compute", "--data", "digits", "--extractor", "digits", "--out", file).exit_code == 0
    images, known = (record_of(data, tmp_path / name) for data, name in (("digits", "a"), (file, "b")))
    # Some features never vary, and a root of a singular covariance keeps half of its digits.
    assert known["results"][0]["value"] == pytest.approx(images["results"][0]["value"], rel=1e-9)
    assert known["data"]["fingerprint"] == images["data"]["fingerprint"]
    assert known["data"]["statistics"] == {"file": "d.npz", "count": 1442}
    shown = ganbench("table", "--results-dir", tmp_path / "b").stdout
    assert "Reals of progan (digits32): statistics of 1,442 images from d.npz." in shown


def test_statistics_go_to_nvlabs_and_back(tmp_path: Path) -> None:
    plain, ours, theirs, back = (tmp_path / name for name in ("p.npz", "o.npz", "t.pkl", "b.npz"))
    rows = np.random.default_rng(0).normal(size=(40, 4))
    np.savez(plain, mu=rows.mean(0), sigma=np.cov(rows, rowvar=False))
    assert ganbench("stats", "import", plain, "--count", 40, "--extractor", "digits", "--out", ours).exit_code == 0
    assert ganbench("stats", "export", ours, "--out", theirs).exit_code == 0
    assert ganbench("stats", "export", theirs, "--out", back).exit_code == 0
    with np.load(back) as found:
        assert set(found) == {"mu", "sigma"}
        np.testing.assert_allclose(found["sigma"], np.cov(rows, rowvar=False), rtol=1e-12, atol=1e-14)


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    plain = tmp_path / "p.npz"
    np.savez(plain, mu=np.zeros(2), sigma=np.eye(2))
    assert "known number of images" in complaint("stats", "export", plain, "--out", tmp_path / "x.pkl")
    assert "has 64 features" in complaint(
        "run", "--model", "stylegan3", "--metrics", "fid50k_full", "--limit", 64, "--data", plain
    )


def test_an_unknown_file_has_a_column_for_itself(tmp_path: Path) -> None:
    ours, plain = tmp_path / "d.npz", tmp_path / "p.npz"
    assert ganbench("stats", "compute", "--data", "digits", "--extractor", "digits", "--out", ours).exit_code == 0
    assert ganbench("stats", "export", ours, "--out", plain).exit_code == 0
    record = record_of(plain, tmp_path)
    record_of("digits", tmp_path)
    assert record["data"]["notes"] == [
        "p.npz does not say of which extractor it is, and was taken to be of digits",
        "p.npz does not say of how many images it is, and its covariance is used as stored",
    ]
    shown = ganbench("table", "--results-dir", tmp_path).stdout
    assert "FID, p.npz" in shown
    assert "p.npz of 0" not in shown
    assert "statistics of an unknown number of images from p.npz." in " ".join(shown.split())
    again = ganbench(*RUN, "--data", plain, "--results-dir", tmp_path)  # answered by the cache
    assert "reals: statistics of an unknown number of images from p.npz\n" in again.stdout
    assert "digits, divisor N of the samples alone" in again.stdout
    planned = ganbench("plan", *RUN[1:], "--data", ours)
    assert "reals: statistics of 1,442 images from d.npz\n" in planned.stdout


def test_several_processes_and_a_second_run_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "d.npz"
    assert ganbench("stats", "compute", "--data", "digits", "--extractor", "digits", "--out", file).exit_code == 0
    one, again = (record_of(file, tmp_path / name, *TWO_SHARDS) for name in ("a", "b"))
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))  # an empty one: two processes do all the work again
    two = record_of(file, tmp_path / "c", *TWO_SHARDS, "--nproc", 2)
    assert one["results"] == again["results"] == two["results"]
