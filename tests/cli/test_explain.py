"""``ganbench explain``."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.engine import run
from ganbench.images import resize
from ganbench.records.store import Store
from tests.cli.command_line import complaint
from tests.cli.command_line import ganbench as command
from tests.data.image_sets import write_folder
from tests.explain.sets import noise

TOY = ("--benchmark", "toy", "--metric", "fid50k", "--device", "cpu")


@pytest.fixture
def samples(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "samples", noise(30, 0).numpy())


@pytest.fixture
def compressed(samples: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "compressed"
    folder.mkdir()
    for index, file in enumerate(sorted(samples.rglob("*.png"))):
        Image.open(file).save(folder / f"{index:03}.jpg", quality=75)
    return folder


def test_two_folders_of_which_one_was_compressed(samples: Path, compressed: Path) -> None:
    done = command("explain", samples, compressed, *TOY)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("fid@30 is ")
    assert lines[0].endswith(" here, and the number to explain is 0.")
    assert lines[1].split() == ["alternative", "fid@30", "change", "closes"]
    assert lines[2].startswith("samples saved as JPEG 75 ")
    assert lines[2].endswith(" 100 %")
    assert lines[-1].startswith("Samples saved as JPEG 75 explains the gap (100 % of it)")


def test_two_folders_against_other_reals(samples: Path, compressed: Path) -> None:
    done = command("explain", samples, compressed, "--data", "stripes", *TOY, "--try", "jpeg")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.splitlines()[2].startswith("samples saved as JPEG 75 ")
    assert "flipped" not in done.stdout


def test_a_folder_and_a_number_with_another_split(samples: Path, tmp_path: Path) -> None:
    for split, seed in (("train", 4), ("val", 5)):
        write_folder(tmp_path / split, noise(20, seed).numpy())
    other = command("explain", samples, "0", "--data", tmp_path / "val", *TOY).stdout.split()[2].rstrip(",")
    for given in (("--data", tmp_path / "train"), ("--data", "stripes", "--also-data", tmp_path / "val")):
        done = command("explain", samples, other, *given, *TOY)
        assert done.exit_code == 0, done.stderr
        assert done.stdout.splitlines()[2].startswith("reals val ")
        assert done.stdout.splitlines()[-1].startswith("Reals val explains the gap (100 % of it)")


def test_statistics_stand_for_reals_that_are_not_altered(samples: Path, tmp_path: Path) -> None:
    made = command("stats", "compute", "--data", "stripes", "--extractor", "pool", "--out", tmp_path / "stripes.npz")
    assert made.exit_code == 0, made.stderr
    same = command("explain", samples, "0", "--data", "stripes", *TOY, "--try", "divisor").stdout.splitlines()
    done = command("explain", samples, "0", "--data", tmp_path / "stripes.npz", *TOY)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == same[0]
    assert any(line.split() == same[2].split() for line in lines)  # the divisor
    assert not [line for line in lines if line.startswith(("reals ", "both ", "not tried", "extractor "))]


@pytest.mark.parametrize("swapped", [False, True])
def test_of_two_sizes_the_filter_that_reduced_one_is_found(swapped: bool, tmp_path: Path) -> None:
    large = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (20, 1, 64, 64), dtype=np.uint8))
    small = resize(large, 32, "pil-bicubic").round().clamp(0, 255).to(torch.uint8)
    folders = [write_folder(tmp_path / name, it.numpy()) for name, it in (("small", small), ("large", large))]
    done = command("explain", *(reversed(folders) if swapped else folders), *TOY, "--try", "resize")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "large is resized from 64x64 to 32x32 by pil-lanczos."
    assert lines[3].startswith("large resized by pil-bicubic ")
    assert lines[3].endswith(" 100 %")
    assert lines[-1].startswith("Large resized by pil-bicubic explains the gap (100 % of it)")


def test_a_record_and_the_images_that_its_samples_became(samples: Path, compressed: Path, tmp_path: Path) -> None:
    given = {"benchmark": "toy", "data": "stripes", "device": "cpu", "results_dir": tmp_path}
    (made,) = run(f"images:{samples}", ["fid50k"], limit=30, **given)
    pair = (Store(tmp_path).path(made), compressed)
    for operands in (pair, pair[::-1]):
        done = command("explain", *operands, "--device", "cpu", "--try", "jpeg,mirror")
        assert done.exit_code == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0].startswith(f"fid@30 is {made.results[0].value:.6g} here, and ")
        assert lines[2].startswith("samples saved as JPEG 75 ")
        assert lines[2].endswith(" 100 %")


def test_a_published_number_is_told_with_its_model(samples: Path) -> None:
    done = command("explain", samples, "2.84", "--data", "stripes", *TOY, "--try", "divisor")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("2.84 is published as fid50k of stylegan2 config-f on ffhq 1024 (StyleGAN2 paper")
    other = command("explain", samples, "2.8401", "--data", "stripes", *TOY, "--try", "divisor")
    assert "published" not in other.stdout


def test_records_show_what_differs_and_what_it_is_worth(tmp_path: Path) -> None:
    store = Store(tmp_path)
    paths = [
        store.path(made) for seed in (0, 1) for made in run(["waves"], ["fid@64"], seed=seed, results_dir=tmp_path)
    ]
    done = command("explain", *paths, "--device", "cpu")
    assert done.exit_code == 0, done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[:2] == [["differs", "A", "B"], ["seed", "0", "1"]]
    assert lines[-1][:5] == ["Seed", "1", "explains", "the", "gap"]
    alone = command("explain", paths[0], "1000", "--device", "cpu", "--try", "divisor")
    assert "covariance divided by N - 1" in alone.stdout


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ("samples", "nan", "expected a number below 1e+12, found 'nan'"),
        ("samples", "inf", "expected a number below 1e+12, found 'inf'"),
        ("samples", "-1e300", "expected a number below 1e+12"),
        ("samples", "nowhere", "expected a record (.json), a folder or zip of images, or a number, found 'nowhere'"),
        ("1", "2", "found two numbers"),
        ("samples", "one", "expected at least 2 images in one, found 1"),
        ("one", "1", "expected at least 2 images in one, found 1"),
        ("samples", "text.txt", "expected a complete zip file"),
        ("samples", "text.json", "is not a readable record"),
        ("samples", "empty", "expected images, found none"),
    ],
)
def test_bad_input_is_one_sentence(
    first: str, second: str, words: str, samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folder(tmp_path / "one", noise(1, 0).numpy())
    write_folder(tmp_path / "large", noise(4, 0).numpy().repeat(2, 2).repeat(2, 3))
    (tmp_path / "empty").mkdir()
    for name in ("text.txt", "text.json"):
        (tmp_path / name).write_text("words")
    monkeypatch.chdir(tmp_path)
    assert words in complaint("explain", *TOY, "--", first, second)


def test_other_metrics_and_kinds_are_refused(samples: Path) -> None:
    toy = ("--benchmark", "toy", "--data", "stripes", "--device", "cpu")
    assert "unknown alternative 'jpg': did you mean jpeg?" in complaint(
        "explain", samples, "1", *toy, "--metric", "fid50k", "--try", "jpg"
    )
    done = command("explain", samples, "1", "--benchmark", "stylegan2", "--device", "cpu")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "found none: name them with --data" in done.stderr
    assert "unknown metric 'fjd'" in complaint("explain", samples, "1", *toy, "--metric", "fjd")
    assert "style-based generator" in complaint("explain", samples, "1", *toy, "--metric", "ppl_wend")
    assert "expected a metric of features such as fid or kid, found lpips@10" in complaint(
        "explain", samples, "1", *toy, "--metric", "lpips10k", "--limit", "10"
    )
    assert "to compare both sets with by pr3@30" in complaint(
        "explain", samples, samples, *TOY[:2], "--metric", "pr50k3"
    )
