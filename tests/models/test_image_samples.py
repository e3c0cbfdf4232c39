"""Stored samples in place of a model: a folder, a zip or an npz file, with classes, prompts, or of rectangles."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ganbench as package
from ganbench.data import open_data
from ganbench.errors import BadInputError, PlanError
from ganbench.models import load_model
from ganbench.testing import check_model
from tests.cli.command_line import ganbench
from tests.data.image_sets import noise, write_folder

DIGITS = open_data("digits")
PIXELS = DIGITS.images(range(120)).numpy()
LABELS = DIGITS.labels(range(120)).argmax(1)
FID = ("--benchmark", "digits", "--metrics", "fid@40")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A hundred and twenty digits with their labels."""
    made = write_folder(tmp_path / "samples", PIXELS, names=[f"{i:04d}.png" for i in range(120)])
    labels = [[f"{i:04d}.png", int(label)] for i, label in enumerate(LABELS)]
    (made / "dataset.json").write_text(json.dumps({"labels": labels}))
    return made


def zipped(folder: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for file in filter(Path.is_file, sorted(folder.rglob("*"))):
            archive.write(file, file.relative_to(folder))
    return path


def arrays(path: Path) -> Path:
    np.savez(path, images=PIXELS.transpose(0, 2, 3, 1), labels=LABELS.numpy())
    return path


def record(path: Path, *arguments: object) -> dict[str, Any]:
    done = ganbench("run", *arguments, "--record", path, "--force")
    assert done.exit_code == 0, done.output
    read: dict[str, Any] = json.loads(path.read_text())
    return read


def values(read: dict[str, Any]) -> dict[str, float]:
    return {result["key"]: result["value"] for result in read["results"]}


def test_folder_zip_and_npz_give_one_number(folder: Path, tmp_path: Path) -> None:
    wanted = package.measure(f"images:{folder}", "fid@40")
    others = (zipped(folder, tmp_path / "s.zip"), arrays(tmp_path / "s.npz"))
    for path in (folder, *others):
        assert values(record(tmp_path / "r.json", "--model", f"images:{path}", *FID)) == wanted
        assert package.measure(f"images:{path}", "fid@40") == wanted
        check_model(load_model(f"images:{path}"))


def test_one_class_is_measured_of_its_samples_alone(folder: Path, tmp_path: Path) -> None:
    of_three = write_folder(tmp_path / "threes", PIXELS[LABELS.numpy() == 3])
    count = int((LABELS == 3).sum())
    arguments = ("--benchmark", "digits", "--metrics", f"is@{count}")
    for path in (folder, arrays(tmp_path / "s.npz")):
        found = values(record(tmp_path / "r.json", "--model", f"images:{path}", *arguments, "--class", 3))
        alone = values(record(tmp_path / "r.json", "--model", f"images:{of_three}", *arguments))
        assert list(found.values()) == list(alone.values())
        assert all("class3" in key for key in found)


def test_a_class_that_samples_lack_is_refused(folder: Path, tmp_path: Path) -> None:
    unlabelled = write_folder(tmp_path / "plain", noise(5, size=32, channels=1))
    for path in (folder, unlabelled):
        with pytest.raises(PlanError, match="expected samples of class 11, found none: leave the class out"):
            package.measure(f"images:{path}", "is@4", label=11)
    with pytest.raises(PlanError, match=f"expected 40 samples, found {int((LABELS == 3).sum())}"):
        package.measure(f"images:{folder}", "is@40", label=3)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("prompts.txt", "".join(f"a handwritten {int(label)}\n" for label in LABELS)),
        (
            "metadata.jsonl",
            "".join(
                json.dumps({"text": f"a handwritten {int(label)}", "file_name": f"{i:04d}.png"}) + "\n"
                for i, label in reversed(list(enumerate(LABELS)))
            ),
        ),
    ],
)
def test_prompts_beside_samples_stand_in_the_record(file: str, content: str, folder: Path, tmp_path: Path) -> None:
    without = record(tmp_path / "r.json", "--model", f"images:{folder}", *FID)
    assert "provenance" not in without["model"]
    (folder / file).write_text(content)
    found = record(tmp_path / "r.json", "--model", f"images:{folder}", *FID)
    assert values(found) == values(without)
    prompts = found["model"]["provenance"]["prompts"]
    assert (prompts["file"], prompts["count"]) == (file, 120)
    assert prompts["first"] == f"a handwritten {int(LABELS[0])}"


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        ("prompts.txt", "one\ntwo\n", "expected 120 prompts, one an image in the order of their names, found 2"),
        ("metadata.jsonl", '{"file_name": "0000.png", "text": "a"}\n', "expected a prompt for 0001.png, found none"),
        ("metadata.jsonl", "[1]\n", r'expected \{"file_name": ..., "text": ...\} in line 1, found'),
        ("metadata.jsonl", "not json\n", "in line 1, found 'not json'"),
    ],
)
def test_prompts_that_are_not_one_an_image_are_refused(file: str, content: str, told: str, folder: Path) -> None:
    (folder / file).write_text(content)
    with pytest.raises(BadInputError, match=told):
        load_model(f"images:{folder}")


def test_metadata_of_labels_alone_is_not_of_prompts(folder: Path) -> None:
    (folder / "metadata.jsonl").write_text('{"file_name": "0000.png", "label": 3}\n')
    assert load_model(f"images:{folder}").provenance == {}


def rectangles(count: int, height: int = 16, width: int = 24) -> "np.ndarray[Any, Any]":
    return np.random.default_rng(0).integers(0, 256, (count, 1, height, width), np.uint8)


def test_rectangles_are_measured_where_the_extractor_takes_them(tmp_path: Path) -> None:
    """The toy extractor pools images of any size to 4x4 blocks, as Inception resizes whatever it gets."""
    first, second = rectangles(50), rectangles(80)[30:]
    made, reals = (write_folder(tmp_path / name, pixels) for name, pixels in (("made", first), ("reals", second)))
    np.savez(tmp_path / "made.npz", images=first.transpose(0, 2, 3, 1))
    zipped(made, tmp_path / "made.zip")
    wanted = package.measure(f"images:{made}", "fid@40,is@40", data=str(reals), benchmark="toy")
    for name in ("made.npz", "made.zip"):
        found = package.measure(f"images:{tmp_path / name}", "fid@40,is@40", data=str(reals), benchmark="toy")
        assert found == wanted
    # Blocks of 4x6 pixels have one mean each, wherever in them the pixels stand.
    turned = first.reshape(50, 4, 4, 4, 6)[:, :, ::-1, :, ::-1].reshape(first.shape)
    again = write_folder(tmp_path / "turned", turned)
    found = package.measure(f"images:{again}", "fid@40,is@40", data=str(reals), benchmark="toy")
    assert found == pytest.approx(wanted, rel=1e-3)


def test_rectangles_are_refused_where_they_cannot_be_measured(tmp_path: Path) -> None:
    made = write_folder(tmp_path / "made", rectangles(50))
    with pytest.raises(PlanError, match="expected 32x32 images for the extractor 'digits', found 24x16: choose"):
        package.measure(f"images:{made}", "is@40")
    squares = write_folder(tmp_path / "squares", rectangles(50, 24, 24))
    with pytest.raises(PlanError, match="expected images of 24x16, which the model makes, found 24x24 in the data"):
        package.measure(f"images:{made}", "fid@40", data=str(squares), benchmark="toy")
    with pytest.raises(BadInputError, match="expected square images, found 24x16"):
        open_data(made)  # such as to train on
    assert torch.equal(load_model(f"images:{made}").images([0]), load_model("images", made).images([0]))


def test_rectangles_are_looked_at_and_have_statistics(tmp_path: Path) -> None:
    made = write_folder(tmp_path / "made", rectangles(50, 32, 48))
    done = ganbench("doctor", "--model", f"images:{made}", "--data", made)
    assert "50 images of 48x32 pixels, grey" in done.stdout
    assert "size: as the model makes" in done.stdout
    stats = ("stats", "compute", "--data", made, "--extractor", "pool", "--out", tmp_path / "s.npz")
    assert ganbench(*stats).exit_code == 0
    wanted = package.measure(f"images:{made}", "fid@40", data=str(made), benchmark="toy")
    found = package.measure(f"images:{made}", "fid@40", data=str(tmp_path / "s.npz"), benchmark="toy")
    assert found == pytest.approx(wanted, rel=1e-9)


def test_a_generator_of_rectangles_is_measured() -> None:
    package.measure("strangers:Rectangle", "is@40", benchmark="toy", data="stripes")
    with pytest.raises(PlanError, match="expected 32x32 images for the extractor 'digits', found 32x16"):
        package.measure("strangers:Rectangle", "is@40")
    check_model(load_model("strangers:Rectangle"))
