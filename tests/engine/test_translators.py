"""Translators from request to record, and what keeps them from running."""

import shutil
from pathlib import Path

import pytest

import ganbench
from ganbench.data import open_data
from ganbench.engine.options import Options
from ganbench.engine.planning import plan_run
from ganbench.errors import PlanError
from tests.cli.command_line import ganbench as command
from tests.data.image_sets import noise, write_folder

DOMAINS = ("ant", "bee", "cat")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "set"
    for number, domain in enumerate(DOMAINS):
        for split, more in (("train", 4), ("val", 3)):
            images = noise(number + more, size=40, channels=1)
            write_folder(path / split / domain, images, [f"{index}.png" for index in range(len(images))])
    return path


def problems(**asked: object) -> tuple[str, ...]:
    with pytest.raises(PlanError) as caught:
        plan_run("tint", Options.of(**{"metrics": ("fid_latent", "lpips_latent"), **asked}))
    return caught.value.problems


def test_a_folder_of_domains_is_brought_to_the_size_of_the_model(folder: Path, tmp_path: Path) -> None:
    (record,) = ganbench.run(["tint"], ["lpips_latent", "fid"], data=str(folder), results_dir=tmp_path / "results")
    assert record.data is not None
    sized = open_data(folder).at(32, 1)  # type: ignore[attr-defined]
    assert (record.data["name"], record.data["count"]) == ("set", 15)
    assert record.data["fingerprint"] == sized.fingerprint != open_data(folder).fingerprint
    assert [(result.key, result.count, len(result.parts)) for result in record.results] == [
        ("lpips_latent", 240, 6),
        ("fid_latent", 240, 6),
    ]
    measured = ganbench.measure(
        ganbench.load_model("tint"), ["lpips_latent"], data=str(folder), benchmark="toy-domains"
    )
    assert measured == {"lpips_latent": record.results[0].value}


def test_too_few_references_are_told_before_work(folder: Path) -> None:
    (problem,) = problems(data=str(folder), metrics=("lpips_reference",))
    assert "expected 32 references in the domain 'ant', found 3 validation images: add images." in problem


def test_what_is_wrong_with_the_data_is_told_once_and_alone(folder: Path) -> None:
    shutil.rmtree(folder / "val" / "bee")
    (problem,) = problems(data=str(folder))
    assert problem.startswith("expected training and validation images of every domain")
    for domain in ("train/bee", "train/cat", "val/cat"):
        shutil.rmtree(folder / domain)
    (problem,) = problems(data=str(folder))
    assert "expected two or more domains, found only 'ant'" in problem


def test_colour_files_for_a_greyscale_model_are_named(tmp_path: Path) -> None:
    for domain in DOMAINS:
        for split in ("train", "val"):
            write_folder(tmp_path / split / domain, noise(2), ["0.png", "1.png"])
    (problem,) = problems(data=str(tmp_path))
    assert "train/ant/0.png (RGB): convert all images" in problem


def test_data_of_other_domains_is_told_with_both(tmp_path: Path, folder: Path) -> None:
    for split in ("train", "val"):
        (folder / split / "ant").rename(folder / split / "ape")
    (problem,) = {problem.partition(": ")[2] for problem in problems(data=str(folder))}
    assert problem.startswith("the model has 3 domains (ant, bee, cat) and the data has 3 (ape, bee, cat)")


def test_plain_data_has_no_domains() -> None:
    (problem,) = {problem.partition(": ")[2] for problem in problems(data="stripes")}
    assert problem.startswith(
        "expected domains to translate between, found none in stripes: name a folder with train/DOMAIN and val/DOMAIN"
    )


def test_a_small_limit_makes_a_quick_run_that_says_so(tmp_path: Path) -> None:
    done = command(
        "run", "--model", "tint", "--metrics", "fid,lpips_reference", "--limit", "2", "--results-dir", tmp_path
    )
    assert done.exit_code == 0, done.stderr
    assert "fid_latent@2" in done.stdout.lower()
    assert "lpips_reference@2" in done.stdout.lower()


def test_bad_input_exits_with_2_and_one_sentence(folder: Path, tmp_path: Path) -> None:
    (folder / "val" / "cat" / "1.png").write_bytes(b"not an image")
    done = command("run", "--model", "tint", "--data", folder, "--results-dir", tmp_path / "results")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "val/cat/1.png cannot be read as an image: replace it or remove it." in done.stderr
