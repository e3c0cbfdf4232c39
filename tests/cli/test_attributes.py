"""``ganbench attributes``, from a folder and a table to linear separability."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from baselines.digits import dataset
from baselines.training.weights import read_header
from ganbench.checkpoints import file_sha256
from ganbench.records.store import read
from tests.cli.command_line import complaint, ganbench
from tests.data.image_sets import noise, write_folder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Forty images of noise, every second one of them bright."""
    images = noise(40, size=8) // 2
    images[::2] += 127
    return write_folder(tmp_path / "photos", images, [f"{i:02d}.png" for i in range(40)])


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    path = tmp_path / "labels.csv"
    path.write_text("file,bright,first\n" + "".join(f"{i:02d}.png,{1 - i % 2},{int(i < 20)}\n" for i in range(40)))
    return path


def line(photos: Path, labels: Path, out: Path) -> tuple[object, ...]:
    return "attributes", "--data", photos, "--labels", labels, "--out", out, "--device", "cpu"


def test_accuracies_are_printed_and_the_file_tells_its_origin(photos: Path, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.safetensors"
    done = ganbench(*line(photos, labels, out), "--epochs", "12", "--holdout", "0.3")
    assert done.exit_code == 0, done.stderr
    rows = {
        fields[1]: fields[2:]
        for row in done.stdout.splitlines()
        if len(fields := row.replace("│", " │ ").split("│")) > 3
    }
    shown = {name.strip(): [cell.strip() for cell in cells] for name, cells in rows.items()}
    assert shown["bright"][:2] == ["50.0%", "100.0%"]
    assert "first" in shown
    assert "on 12 held-out images" in done.stdout
    assert done.stdout.splitlines()[-1] == f"classifiers: {out}"
    assert "kimg 0.3" in done.stderr
    header = read_header(out)
    assert header["attributes"] == ["bright", "first"]
    assert header["accuracy"][0] == 1
    assert (header["held_out"], header["labels_sha256"]) == (12, file_sha256(labels))
    assert (header["recipe"]["epochs"], header["recipe"]["holdout"], header["recipe"]["seed"]) == (12, 0.3, 0)
    assert len(header["data_fingerprint"]) == 64


def test_the_same_command_gives_the_same_bytes_and_loses_no_file(photos: Path, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.safetensors"
    brief = (*line(photos, labels, out), "--epochs", "1", "--mirror")
    assert ganbench(*brief).exit_code == 0
    before = out.read_bytes()
    assert "exists: choose another folder, or replace the file with --force" in complaint(*brief)
    assert out.read_bytes() == before
    assert ganbench(*brief, "--force").exit_code == 0
    assert out.read_bytes() == before
    assert ganbench(*brief, "--force", "--seed", "5").exit_code == 0
    assert out.read_bytes() != before


def test_attributes_without_a_trace_in_the_images_are_named(photos: Path, labels: Path, tmp_path: Path) -> None:
    done = ganbench(*line(photos, labels, tmp_path / "a.safetensors"), "--epochs", "0.1", "--holdout", "0.5")
    assert done.exit_code == 0
    assert "no better than always giving the more common answer: " in done.stderr


def test_bad_input_is_one_sentence_and_writes_nothing(photos: Path, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "a.safetensors"
    text = labels.read_text()
    assert "expected a file name ending in .safetensors, found" in complaint(*line(photos, labels, tmp_path / "a.pt"))
    assert "cannot be read as a table" in complaint(*line(photos, tmp_path / "none.csv", out))
    assert "expected a folder or zip of image files, found 'digits'" in complaint(*line(Path("digits"), labels, out))
    labels.write_text(text.replace("07.png,0,1\n", ""))
    assert "found none for 07.png" in complaint(*line(photos, labels, out))
    labels.write_text(text + "99.png,1,1\n")
    assert "found none for 99.png" in complaint(*line(photos, labels, out))
    labels.write_text(text.replace("07.png,0", "07.png,2"))
    assert "line 9: expected 1, 0 or -1 for bright, found '2'" in complaint(*line(photos, labels, out))
    labels.write_text(text.replace(",1,", ",0,"))
    assert "expected both answers for bright, found only no for all 40 images" in complaint(*line(photos, labels, out))
    labels.write_text(text)
    assert "expected both values of" in complaint(*line(photos, labels, out), "--holdout", "0.01")
    (tmp_path / "file").write_text("")
    assert "cannot write to" in complaint(*line(photos, labels, tmp_path / "file" / "a.safetensors"))
    assert not out.exists()


def test_bad_images_are_named_before_any_work(photos: Path, labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.safetensors"
    image = photos / "31.png"
    content = image.read_bytes()
    image.write_bytes(content[:90])
    assert "31.png cannot be decoded" in complaint(*line(photos, labels, out))
    Image.fromarray(np.zeros([8, 9, 3], np.uint8)).save(image)
    assert "31.png; crop the images to squares (ganbench data prepare" in complaint(*line(photos, labels, out))
    Image.fromarray(np.zeros([16, 16, 3], np.uint8)).save(image)
    assert "expected all images to be 8x8 RGB like 00.png, found 16x16 RGB" in complaint(*line(photos, labels, out))
    write_folder(tmp_path / "odd", noise(40, size=12), [f"{i:02d}.png" for i in range(40)])
    assert "found 12x12: " in complaint(*line(tmp_path / "odd", labels, out))
    assert not out.exists()


def test_linear_separability_by_classifiers_of_ones_own(tmp_path: Path) -> None:
    """Digits as a folder, CelebA's table, and the embedded StyleGAN2."""
    digits = dataset.load("test")
    folder = write_folder(tmp_path / "d", digits.images.numpy(), [f"{i:04d}.png" for i in range(len(digits))])
    rows = [f"{i:04d}.jpg {1 - 2 * (n % 2)} {1 if n < 5 else -1}" for i, n in enumerate(digits.labels.tolist())]
    (tmp_path / "list.txt").write_text("\n".join([str(len(rows)), "even below-five", *rows, ""]))
    out = tmp_path / "parity.safetensors"
    done = ganbench(*line(folder, tmp_path / "list.txt", out), "--epochs", "3")
    assert done.exit_code == 0, done.stderr
    assert min(read_header(out)["accuracy"]) > 0.75

    results = tmp_path / "results"
    run = ("run", "--model", "stylegan2", "--results-dir", results, "--device", "cpu", "--attributes", out, "--metrics")
    done = ganbench(*run, "ls@200,is@100")
    assert done.exit_code == 0, done.stderr
    (path,) = (results / "records").iterdir()
    in_z, in_w, score, _ = read(path).results
    assert (in_z.extractor, in_z.extractor_sha256) == ("attributes:parity.safetensors", file_sha256(out))
    assert score.extractor == "digits"
    assert in_z.uses_data is False
    assert 1 <= in_w.value <= in_z.value <= 4
    assert "expected the metric ls for attributes" in complaint(*run, "fid@100")
    assert "expected a file of attribute classifiers, found none" in complaint(
        *run[:-2], tmp_path / "none", "--metrics", "ls@9"
    )
