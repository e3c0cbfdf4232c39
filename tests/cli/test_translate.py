from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganbench import registry
from tests.cli.command_line import complaint, drawn, ganbench, pixels
from tests.data.image_sets import noise, write_folder
from tests.pictures.translators import Mirrored, Painted, ToAdapter


class Digits(Mirrored):
    """A translator of greyscale digits."""

    domains, img_channels, img_resolution = ("3", "8"), 1, None  # type: ignore[assignment]


@pytest.fixture(autouse=True)
def toys(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {"painted": Painted, "mirrored": Mirrored, "threes": Digits}
    load = registry.load
    monkeypatch.setattr(
        registry, "load", lambda kind, name: ToAdapter(found[name]) if name in found else load(kind, name)
    )


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_folder(tmp_path / "photos", noise(4, 30), ["cat/a.png", "cat/b.png", "dog/c.png", "d.png"])


def translate(out: Path, model: str, *arguments: Any) -> list[str]:
    return drawn(out, "translate", "--model", model, *arguments)


def test_each_source_meets_each_latent_and_there_is_a_sheet(photos: Path, tmp_path: Path) -> None:
    names = translate(tmp_path / "out", "painted", "--input", photos, "--target", "dog", "--latents", 2, "--seed", 5)
    sources = ("cat_a", "cat_b", "d")
    assert names == [*(f"{each}-to-dog-seed000{seed}.png" for each in sources for seed in (5, 6)), "to-dog-latent.png"]
    sheet = pixels(tmp_path / "out" / "to-dog-latent.png")[-24:]
    assert sheet.shape == (24, 24, 3)
    assert np.array_equal(sheet[8:16, 16:], pixels(tmp_path / "out" / "cat_b-to-dog-seed0006.png"))


def test_a_seed_means_the_same_style_whatever_else_is_drawn(photos: Path, tmp_path: Path) -> None:
    line = ("--input", photos / "d.png", "--target", "wild")
    translate(tmp_path / "many", "painted", *line, "--latents", 4)
    translate(tmp_path / "one", "painted", *line, "--latents", 1, "--seed", 3)
    found = [pixels(tmp_path / folder / "d-to-wild-seed0003.png") for folder in ("many", "one")]
    assert np.array_equal(*found)


def test_references_of_the_target_stand_above_the_sheet(photos: Path, tmp_path: Path) -> None:
    line = ("--input", photos / "d.png", "--reference", photos)
    names = translate(tmp_path / "out", "painted", *line, "--target", "cat")
    assert names == [
        "d-to-cat-like-cat_a.png",
        "d-to-cat-like-cat_b.png",
        "d-to-cat-like-d.png",
        "to-cat-reference.png",
    ]
    sheet = pixels(tmp_path / "out" / "to-cat-reference.png")
    assert sheet.shape == (16, 32, 3)
    assert (sheet[:8, :8] == 255).all()
    with Image.open(photos / "cat/b.png") as reference:
        fitted = np.asarray(reference.resize((8, 8), Image.Resampling.BILINEAR))
    assert np.array_equal(sheet[:8, 16:24], fitted)


def test_grey_references_of_a_registered_data_set_become_rgb(photos: Path, tmp_path: Path) -> None:
    line = ("--input", photos / "d.png", "--target", "dog", "--reference", "digits", "--limit", 1)
    assert sorted(translate(tmp_path / "out", "painted", *line)) == [
        "d-to-dog-like-digits-0000.png",
        "to-dog-reference.png",
    ]


def test_several_targets_take_the_references_that_are_known_to_be_theirs(photos: Path, tmp_path: Path) -> None:
    line = ("--input", photos / "d.png", "--reference", photos)
    names = translate(tmp_path / "out", "painted", *line, "--target", "1", "--target", "cat", "--target", "dog")
    assert names == [
        "d-to-dog-like-dog_c.png",
        "to-dog-reference.png",
        "d-to-cat-like-cat_a.png",
        "d-to-cat-like-cat_b.png",
        "to-cat-reference.png",
    ]
    assert "expected references of the domain 'wild'" in complaint(
        "translate", "--model", "painted", "--out", tmp_path / "no", *line, "--target", "all"
    )


def test_a_walk_is_one_sheet(photos: Path, tmp_path: Path) -> None:
    line = ("--input", photos, "--target", "wild", "--limit", "2")
    assert translate(tmp_path / "a", "painted", *line, "--latents", 3, "--walk", 4) == ["to-wild-latent-walk.png"]
    assert pixels(tmp_path / "a" / "to-wild-latent-walk.png")[-16:].shape == (16, (1 + 9) * 8, 3)
    names = translate(tmp_path / "b", "painted", *line, "--reference", photos / "cat", "--walk", 1)
    assert names == ["to-wild-reference-walk.png"]


def test_without_styles_there_is_a_way_back(photos: Path, tmp_path: Path) -> None:
    names = translate(tmp_path / "out", "mirrored", "--input", photos, "--target", "right", "--limit", "1")
    assert names == ["cat_a-to-right.png", "to-right.png"]
    sheet = pixels(tmp_path / "out" / "to-right.png")[-30:]
    assert np.array_equal(sheet[:, 30:60], pixels(tmp_path / "out" / "cat_a-to-right.png"))
    assert np.abs(sheet[:, 60:].astype(int) - sheet[:, :30] / 4).max() <= 1


def test_a_data_set_gives_few_sources_that_are_not_of_the_target_yet(tmp_path: Path) -> None:
    names = translate(tmp_path / "out", "threes", "--input", "digit-domains", "--target", "all", "--limit", 9)
    threes = [name for name in names if name.endswith("-to-3.png")]
    assert sorted(name[0] for name in threes) == list("012456789")
    assert len(translate(tmp_path / "few", "threes", "--input", "digits:test", "--target", "3")) == 8 + 1


def test_a_target_of_all_without_sources_is_left_out(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "cats").mkdir()
    (photos / "cat").rename(tmp_path / "cats" / "cat")
    whole = ("--input", tmp_path / "cats", "--latents", 1)
    names = translate(tmp_path / "out", "painted", *whole, "--target", "all")
    assert {name.split("-to-")[1] for name in names if "-to-" in name} == {"dog-seed0000.png", "wild-seed0000.png"}
    told = complaint("translate", "--model", "painted", *whole, "--target", "cat", "--out", tmp_path / "no")
    assert "found only 'cat'" in told


def test_files_that_are_there_stay_unless_forced(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "to-left.png").write_text("precious")
    line = ("translate", "--model", "mirrored", "--input", photos / "d.png", "--target", "left", "--out", out)
    assert "to-left.png exists" in complaint(*line)
    assert [path.name for path in out.iterdir()] == ["to-left.png"]
    assert (out / "to-left.png").read_text() == "precious"
    assert ganbench(*line, "--force").exit_code == 0
    assert pixels(out / "to-left.png").shape[1] == 90


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--target dgo", "unknown domain 'dgo': did you mean dog?"),
        ("--target 3", "known: cat, dog, wild"),
        ("--target dog --target", "requires an argument"),
        ("--target dog --reference photos --latents 2", "found --reference and --latents"),
        ("--target dog --reference photos --seed 2", "found --reference and --seed"),
        ("--target dog --latents 0", "--latents"),
        ("--target dog --seed -1", "--seed"),
        ("--target dog --seed 9223372036854775801", "--seed"),
        ("--target dog --limit 0", "--limit"),
        ("--target dog --walk 3 --latents 1", "expected two styles or more for a walk"),
        ("--target dog --walk 3 --reference photos/d.png", "expected two styles or more for a walk"),
        ("--target dog --reference nowhere", "nowhere"),
        ("--target dog --target cat --reference photos/d.png", "name one --target"),
        ("--target dog --reference empty", "expected images, found none: "),
        ("--target dog --input nowhere", "data set, found no 'nowhere'"),
        ("--target dog --input digit-domain", "did you mean digit-domains"),
        ("--target dog --input empty", "expected images, found none: "),
        ("--target dog --input odd/cut.png", "cut.png cannot be decoded"),
        ("--target dog --input odd/text.png", "text.png cannot be read as an image"),
        ("--target dog --input odd/text.txt", "text.txt cannot be read as an image"),
        ("--target dog --out odd/text.txt", "odd/text.txt"),
        ("--target left --model mirrored --input odd/odd.png", "the width 7 is odd"),
        ("--target left --model mirrored --reference photos", "with styles for --reference, found mirrored"),
        ("--target left --model mirrored --latents 2", "leave --latents out"),
        ("--target left --model mirrored --walk 2", "leave --walk out"),
        ("--target dog --model waves", "found waves, which generates them: use `ganbench generate`"),
        ("--target dog --device gpu", "gpu"),
        ("--target dog --entry G", "add --weights FILE"),
    ],
)
def test_what_cannot_be_translated_is_said_in_one_sentence_and_leaves_nothing(
    arguments: str, told: str, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    odd = tmp_path / "odd"
    odd.mkdir()
    random = np.random.default_rng(0)
    Image.fromarray(random.integers(0, 256, (8, 7, 3), np.uint8)).save(odd / "odd.png")
    (odd / "cut.png").write_bytes((photos / "d.png").read_bytes()[:1500])
    for name in ("text.png", "text.txt"):
        (odd / name).write_text("no image")
    before = sorted(tmp_path.rglob("*"))
    assert told in complaint("translate", "--model", "painted", "--input", "photos", "--out", "out", *arguments.split())
    assert sorted(tmp_path.rglob("*")) == before


def test_a_translator_draws_nothing_from_latents() -> None:
    told = complaint("generate", "--model", "mirrored", "--out", "out")
    assert (
        told == "ganbench: expected a model that makes images from latents, found mirrored, which translates images: "
        "use `ganbench translate`."
    )


def test_lacking_masks_are_told(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Mirrored, "needs_masks", True, raising=False)
    line = ("--input", photos, "--target", "left", "--weights", photos / "d.png", "--out", tmp_path / "out")
    done = ganbench("translate", "--model", "mirrored", *line)
    assert [line for line in done.stderr.splitlines() if "masks" in line] == done.stderr.splitlines()


def test_the_embedded_model_says_what_it_is_on_stderr(photos: Path, tmp_path: Path) -> None:
    done = ganbench("translate", "--model", "mirrored", "--input", photos, "--target", "0", "--out", tmp_path / "out")
    assert len(done.stderr.splitlines()) == 1
    assert "not comparable" in done.stderr


def test_images_that_are_converted_to_rgb_are_counted_on_stderr(photos: Path, tmp_path: Path) -> None:
    for name, mode in (("grey.png", "L"), ("alpha.png", "RGBA"), ("rgb.png", "RGB")):
        (tmp_path / "mixed").mkdir(exist_ok=True)
        Image.open(photos / "d.png").convert(mode).save(tmp_path / "mixed" / name)
    line = ("--input", tmp_path / "mixed", "--target", "left", "--weights", photos / "d.png", "--out", tmp_path / "out")
    done = ganbench("translate", "--model", "mirrored", *line)
    assert done.exit_code == 0
    counted = "were converted to RGB: 1 with an alpha channel, 1 greyscale."
    assert f"2 of 3 images of {tmp_path / 'mixed'} {counted}" in done.stderr.splitlines()
