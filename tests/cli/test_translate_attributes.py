"""``ganbench translate`` to an attribute, by an official StarGAN of CelebA's attributes with random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from baselines.stargan.labels import CELEBA, changed, label_of
from ganbench.checkpoints import load
from ganbench.images import to_float, to_uint8
from tests.cli.command_line import complaint, drawn, ganbench, pixels
from tests.data.image_sets import noise, write_folder
from tests.formats.test_stargan import generator, saved

OLD_MAN, YOUNG_WOMAN = "Black_Hair+Male-Young", "Blond_Hair-Male+Young"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    return saved(tmp_path / "200000-G.ckpt", generator())


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    return write_folder(
        tmp_path / "faces", noise(3, 16), [f"{OLD_MAN}/a.png", f"{OLD_MAN}/b.png", f"{YOUNG_WOMAN}/c.png"]
    )


def test_an_attribute_is_changed_from_what_each_image_has(weights: Path, faces: Path, tmp_path: Path) -> None:
    """Each translation is that of the official test program: hair colours replace each other, the rest is flipped."""
    line = ("translate", "--model", "stargan", "--weights", weights, "--input", faces)
    names = drawn(tmp_path / "out", *line, "--target", "Blond_Hair", "--target", "Male")
    blond, woman, man = "Blond_Hair+Male-Young", "Black_Hair-Male-Young", "Blond_Hair+Male+Young"
    made = {f"{OLD_MAN}_{name}-to-{target}.png": OLD_MAN for name in "ab" for target in (blond, woman)}
    made[f"{YOUNG_WOMAN}_c-to-{man}.png"] = YOUNG_WOMAN
    assert set(names) == {*made, *(f"to-{target}.png" for target in (blond, woman, man))}
    G = load(weights)["G"]
    for name, domain in made.items():
        source = torch.from_numpy(pixels(faces / domain / f"{name.removeprefix(domain)[1]}.png").copy()).permute(
            2, 0, 1
        )
        place = CELEBA.index("Male" if woman in name or man in name else "Blond_Hair")
        c = torch.tensor([changed(label_of(domain, CELEBA), place, CELEBA)]).float()
        wanted = to_uint8(G(to_float(source[None]), c))[0].permute(1, 2, 0).numpy()
        assert np.array_equal(pixels(tmp_path / "out" / name), wanted)


def test_images_that_all_have_the_hair_colour_are_refused(weights: Path, faces: Path, tmp_path: Path) -> None:
    line = (
        "translate",
        "--model",
        "stargan",
        "--weights",
        weights,
        "--target",
        "Black_Hair",
        "--out",
        tmp_path / "out",
    )
    (tmp_path / "same").mkdir()
    (faces / OLD_MAN).rename(tmp_path / "same" / OLD_MAN)
    told = complaint(*line, "--input", tmp_path / "same")
    assert "expected images without Black_Hair, found only such with it: name another --target." in told


def test_a_whole_domain_needs_no_domain_of_the_image(weights: Path, faces: Path, tmp_path: Path) -> None:
    one = faces / OLD_MAN / "a.png"
    line = ("translate", "--model", "stargan", "--weights", weights, "--input", one)
    names = drawn(tmp_path / "out", *line, "--target", YOUNG_WOMAN)
    assert names == [f"a-to-{YOUNG_WOMAN}.png", f"to-{YOUNG_WOMAN}.png"]
    told = complaint(*line, "--target", "Young", "--out", tmp_path / "other")
    assert "expected a in a folder called after its attributes, such as Black_Hair+Male+Young" in told
    assert "unknown domain 'Bald'" in complaint(*line, "--target", "Bald", "--out", tmp_path / "other")


def test_domains_are_named_while_a_file_is_converted(weights: Path, faces: Path, tmp_path: Path) -> None:
    target = tmp_path / "named.safetensors"
    assert ganbench("convert", weights, target, "--domains", "a, b,c,d,e").exit_code == 0
    line = ("translate", "--model", "stargan", "--weights", target, "--input", faces)
    names = drawn(tmp_path / "out", *line, "--target", "d", "--limit", 1)
    assert names[1] == "to-d.png"
    for wrong in ("a,,b", "a,a"):
        told = complaint("convert", weights, tmp_path / "no.safetensors", "--domains", wrong)
        assert f"expected different names in --domains, found '{wrong}'" in told
