import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.data import at_size, open_data
from ganbench.data.domains import DomainFolder
from ganbench.data.image_files import ImageFiles
from ganbench.errors import BadInputError
from ganbench.types import Dataset, DomainDataset, NotedDataset
from tests.data.image_sets import encoded, noise, picture, write_folder
from tests.golden_cases import golden


def settle(path: Path) -> None:
    """Make the times of files old, as those of files that nobody is just writing."""
    for file in path.rglob("*.png"):
        os.utime(file, (1e9, 1e9))


def opened(path: Path) -> DomainFolder:
    data = open_data(path)
    assert isinstance(data, DomainFolder)
    return data


def write_domains(path: Path, layout: str = "train/{} val/{}", domains: str = "dog cat", size: int = 16) -> Path:
    """Write domains, the k-th with k + 3 training and k + 2 validation images."""
    for number, domain in enumerate(domains.split()):
        for more, folder in zip((3, 2), layout.split(), strict=True):
            write_folder(path / folder.format(domain), noise(number + more, size=size), [f"{i}.png" for i in range(9)])
    return path


@pytest.mark.parametrize("validation", ["val", "test"])
def test_the_layout_of_stargan_and_afhq(tmp_path: Path, validation: str) -> None:
    data = opened(write_domains(tmp_path / "pets", f"train/{{}} {validation}/{{}}"))
    assert isinstance(data, Dataset)
    assert isinstance(data, DomainDataset)
    assert (data.name, data.domains, data.label_dim) == ("pets", ("cat", "dog"), 2)
    assert (len(data), len(data.validation), data.resolution, data.channels) == (7, 5, 16, 3)
    assert data.labels(range(7)).argmax(1).tolist() == [0] * 4 + [1] * 3
    assert data.validation.labels([0, 3]).tolist() == [[1, 0], [0, 1]]
    assert torch.equal(data.images(range(7)), torch.from_numpy(np.concatenate([noise(4), noise(3)])))
    assert torch.equal(data.validation.images([4, 0]), torch.from_numpy(np.stack([noise(2)[1], noise(3)[0]])))


def test_the_layout_of_cyclegan(tmp_path: Path) -> None:
    data = opened(write_domains(tmp_path, "train{} test{}", "A B"))
    assert data.domains == ("A", "B")
    assert (len(data), len(data.validation)) == (7, 5)
    assert torch.equal(data.images([3]), torch.from_numpy(noise(4)[:1]))


def test_other_folders_are_folders_of_images_as_before(tmp_path: Path) -> None:
    write_folder(tmp_path / "only" / "train" / "cat", noise(2))
    write_folder(tmp_path / "flat" / "train", noise(2), ["a.png", "b.png"])
    write_folder(tmp_path / "flat" / "val", noise(1), ["c.png"])
    assert isinstance(open_data(tmp_path / "only"), ImageFiles)
    assert isinstance(open_data(tmp_path / "flat"), ImageFiles)


def test_val_wins_over_test_and_hidden_folders_do_not_count(tmp_path: Path) -> None:
    write_domains(write_domains(tmp_path), "train/{} test/{}", "cat dog bird")
    shutil.rmtree(tmp_path / "train" / "bird")
    (tmp_path / "train" / ".cache").mkdir()
    assert len(opened(tmp_path).validation) == 5


def test_the_official_loader_in_every_pixel(tmp_path: Path) -> None:
    case = golden("stargan2/eval_loader")
    for domain in ("train/a", "val/a", "train/b", "val/b"):
        shutil.copytree(case / "images", tmp_path / domain)
    data = opened(tmp_path).at(48, 3)
    names = ["a_photo.jpg", "b_rgb.png", "c_gray.png", "d_rgba.png", "sub/e_nested.jpeg"]
    assert [file.name for file in data.files[:5]] == names, "no f_upper.PNG"
    official = torch.from_numpy(np.load(case / "io.npz")["half"])
    found = data.validation.images(range(5)).float() / 127.5 - 1
    torch.testing.assert_close(found[1:4], official[1:4], rtol=0, atol=1e-6)
    torch.testing.assert_close(found, official, rtol=0, atol=0.0081)  # one step of 8 bits, for JPEG decoders
    assert (found - official).abs().mean() < 1e-3
    assert data.notes == (f"8 of 20 images of {data.name} were converted to RGB: 4 with an alpha channel, 4 greyscale",)


def test_suffixes_are_those_of_the_official_programs(tmp_path: Path) -> None:
    stargan, cyclegan = tmp_path / "s", tmp_path / "c"
    write_domains(stargan)
    write_domains(cyclegan, "train{} test{}", "A B")
    for name in ("x.JPG", "x.jpeg", "x.PNG", "x.bmp", "x.ppm", "x.TIF", "x.webp"):
        for folder in (stargan / "train" / "cat", cyclegan / "trainB"):
            kind = {"jpg": "JPEG", "tif": "TIFF"}.get(name[2:].lower(), name[2:])
            (folder / name).write_bytes(encoded(picture(noise(1)[0]), kind))
    assert [file.name for file in opened(stargan).files if "x." in file.name] == ["x.JPG", "x.jpeg"]
    names = [file.name for file in opened(cyclegan).files if "x." in file.name]
    assert names == ["x.JPG", "x.PNG", "x.TIF", "x.bmp", "x.jpeg", "x.ppm"]


@pytest.mark.parametrize(
    ("layout", "domains", "filter"),
    [("train/{} val/{}", "cat dog", Image.Resampling.BILINEAR), ("train{} test{}", "A B", Image.Resampling.BICUBIC)],
)
def test_images_of_any_size_are_brought_to_one_by_the_filter_of_the_paper(
    tmp_path: Path, layout: str, domains: str, filter: Image.Resampling
) -> None:
    write_domains(tmp_path, layout, domains)
    wide = picture(noise(1, size=24)[0]).crop((0, 0, 24, 10))
    first = layout.split()[0].format(domains.split()[0])
    (tmp_path / first / "0.png").write_bytes(encoded(wide))
    data = at_size(open_data(tmp_path), 12, 3)
    assert data.resolution == 12
    expected = np.asarray(wide.resize((12, 12), filter)).transpose(2, 0, 1)
    assert (data.images([0])[0].numpy() == expected).all()


def test_sizes_are_refused_only_where_nothing_says_what_to_make_of_them(tmp_path: Path) -> None:
    write_domains(tmp_path)
    write_folder(tmp_path / "val" / "dog", noise(1, size=8), ["0.png"])
    data = opened(tmp_path)
    assert data.at(16).validation.images([3]).shape == (1, 3, 16, 16)
    with pytest.raises(BadInputError, match=r"found 8x8 beside 16x16: .*val/dog/0\.png"):
        data.at()
    write_domains(tmp_path / "other", size=8)
    shutil.rmtree(tmp_path / "val")
    shutil.move(tmp_path / "other" / "val", tmp_path / "val")
    with pytest.raises(BadInputError, match=r"training and validation images of one size in .*, found 16 and 8 pixels"):
        opened(tmp_path).at()
    assert at_size(opened(tmp_path), 16).resolution == 16


def test_a_rectangle_has_no_size_of_its_own(tmp_path: Path) -> None:
    write_domains(tmp_path)
    for file in tmp_path.rglob("*.png"):
        file.write_bytes(encoded(Image.open(file).crop((0, 0, 16, 8))))
    with pytest.raises(BadInputError, match=r"expected square images, found 16x8: .*cat/0\.png; crop or"):
        opened(tmp_path).at()
    assert opened(tmp_path).at(16).images([0]).shape == (1, 3, 16, 16)


def test_data_of_one_size_is_left_alone(tmp_path: Path) -> None:
    plain = open_data(write_folder(tmp_path / "plain", noise(2)))
    assert at_size(plain, 8) is plain
    data = opened(write_domains(tmp_path / "domains"))
    assert data.at().fingerprint == data.fingerprint == data.at(16, 3).fingerprint


def test_the_fingerprint_is_of_pixels_as_used_and_of_labels_not_of_names(tmp_path: Path) -> None:
    data = opened(write_domains(tmp_path / "a"))
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    for file in (tmp_path / "b").rglob("*.png"):
        file.rename(file.with_name(f"renamed {file.name}"))
    assert opened(tmp_path / "b").fingerprint == data.fingerprint
    assert data.at(8).fingerprint != data.fingerprint
    shutil.move(tmp_path / "b" / "val" / "cat" / "renamed 2.png", tmp_path / "b" / "val" / "dog" / " first.png")
    moved = opened(tmp_path / "b")
    assert torch.equal(moved.validation.images(range(5)), data.validation.images(range(5))), "pixels are the same"
    assert moved.fingerprint != data.fingerprint


def test_the_fingerprint_is_remembered_until_a_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_domains(tmp_path / "set")
    settle(tmp_path / "set")
    first = opened(tmp_path / "set").at(8)
    assert first.fingerprint
    with monkeypatch.context() as patched:
        patched.setattr("ganbench.data.domain_files.rgb_pixels", None)
        patched.setattr("ganbench.data.domain_files.colour_header", None)
        again = opened(tmp_path / "set").at(8)
        assert (again.fingerprint, again.resolution, again.channels) == (first.fingerprint, 8, 3)
    (tmp_path / "set" / "val" / "dog" / "0.png").write_bytes(encoded(picture(noise(1, size=20)[0])))
    assert opened(tmp_path / "set").at(8).fingerprint != first.fingerprint


def remove(folder: str) -> object:
    return lambda path: shutil.rmtree(path / folder)


def put(name: str, content: bytes) -> object:
    return lambda path: (path / name).write_bytes(content)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda path: [shutil.rmtree(path / split / "dog") for split in ("train", "val")],
            "expected two or more domains, found only 'cat'",
        ),
        (remove("val/dog"), "every domain, found no validation images of 'dog'"),
        (
            remove("train/dog"),
            "every domain, found no train images of 'dog'",
        ),
        (
            lambda path: [file.unlink() for file in (path / "val/dog").iterdir()],
            r"images of the domain 'dog', found none: .*val",
        ),
        (lambda path: [file.unlink() for file in (path / "train/cat").iterdir()], r"'cat', found none: .*train"),
        (put("val/cat/1.png", b"GIF89a"), r"val/cat/1\.png cannot be read as an image"),
    ],
)
def test_bad_input_is_told_in_one_sentence_before_work(tmp_path: Path, change: object, said: str) -> None:
    change(write_domains(tmp_path))  # type: ignore[operator]
    with pytest.raises(BadInputError, match=said) as caught:
        at_size(open_data(tmp_path), 8, 3)
    assert str(caught.value).count("\n") == 0
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("folder", ["trainA", "trainB", "testA", "testB"])
def test_a_missing_folder_of_cyclegan_is_named(tmp_path: Path, folder: str) -> None:
    write_domains(tmp_path, "train{} test{}", "A B")
    shutil.rmtree(tmp_path / folder)
    with pytest.raises(BadInputError, match=f"expected the folders trainA, trainB, testA and testB, found no {folder}"):
        open_data(tmp_path)


def coloured() -> dict[str, tuple[Image.Image, str, str]]:
    """Return image, format and what it is called, by colour mode as Pillow opens it."""
    rgb, deep = picture(noise(1)[0]), Image.fromarray(noise(1, channels=1)[0, 0].astype(np.uint16) * 257)
    return {
        "L": (rgb.convert("L"), "PNG", "1 greyscale"),
        "1": (rgb.convert("1"), "PNG", "1 1-bit"),
        "P": (rgb.convert("P"), "PNG", "1 with a palette"),
        "LA": (rgb.convert("LA"), "PNG", "1 with an alpha channel"),
        "RGBA": (rgb.convert("RGBA"), "PNG", "1 with an alpha channel"),
        "CMYK": (rgb.convert("CMYK"), "JPEG", "1 CMYK"),
        "I;16": (deep, "PNG", "1 16-bit"),
        "F": (Image.fromarray(noise(1, channels=1)[0, 0].astype(np.float32)), "TIFF", "1 floating-point"),
    }


@pytest.mark.parametrize("mode", coloured())
@pytest.mark.parametrize("split", ["train", "val"])
def test_every_colour_becomes_rgb_as_pillow_converts_it_and_is_counted(tmp_path: Path, mode: str, split: str) -> None:
    image, kind, called = coloured()[mode]
    file = write_domains(tmp_path) / split / "dog" / "1.png"
    file.write_bytes(encoded(image, kind))
    expected = Image.open(file)
    assert expected.mode == mode
    data = opened(tmp_path).at(16)
    assert isinstance(data, NotedDataset)
    chosen = data if split == "train" else data.validation
    found = chosen.images([[each.name for each in chosen.files].index("1.png", 3)])[0]
    assert (found.numpy() == np.asarray(expected.convert("RGB")).transpose(2, 0, 1)).all()
    assert data.notes == (f"1 of 12 images of {data.name} were converted to RGB: {called}",)
    assert data.fingerprint == opened(tmp_path).at(16, 3).fingerprint


def test_transparent_palettes_become_rgb_without_a_warning(tmp_path: Path) -> None:
    file = write_domains(tmp_path) / "val" / "cat" / "0.png"
    file.write_bytes(encoded(picture(noise(1)[0]).convert("P"), transparency=bytes(range(256))))
    plain = Image.open(file)
    plain.info.clear()
    found = opened(tmp_path).at(16).validation.images([0])[0]
    assert (found.numpy() == np.asarray(plain.convert("RGB")).transpose(2, 0, 1)).all()


def test_greyscale_folders_have_one_channel_unless_three_are_wanted(tmp_path: Path) -> None:
    for domain in ("train/a", "train/b", "val/a", "val/b"):
        write_folder(tmp_path / domain, noise(2, channels=1), ["0.png", "1.png"])
    grey, rgb = opened(tmp_path).at(16), opened(tmp_path).at(16, 3)
    assert (grey.channels, grey.notes) == (1, ())
    assert torch.equal(rgb.images([0, 3]), grey.images([0, 3]).expand(-1, 3, -1, -1))
    assert grey.fingerprint == opened(tmp_path).at(16, 1).fingerprint != rgb.fingerprint
    assert rgb.notes == (f"8 of 8 images of {rgb.name} were converted to RGB: 8 greyscale",)
    write_folder(tmp_path / "val" / "b", noise(2), ["0.png", "1.png"])
    mixed = opened(tmp_path).at(16)
    assert (mixed.channels, mixed.validation.channels, mixed.images([0]).shape[1]) == (3, 3, 3)
    with pytest.raises(BadInputError, match=r"expected greyscale images .*val/b/0\.png \(RGB\): convert all"):
        opened(tmp_path).at(16, 1)


def test_another_split_that_loses_its_colours_is_not_overlooked(tmp_path: Path) -> None:
    """What is remembered of the training images was with three channels, for the sake of the validation images."""
    for domain in ("train/a", "train/b", "val/a", "val/b"):
        write_folder(tmp_path / domain, noise(2, channels=1), ["0.png", "1.png"])
    write_folder(tmp_path / "val" / "b", noise(2), ["0.png", "1.png"])
    settle(tmp_path)
    mixed = opened(tmp_path).at(16)
    assert mixed.fingerprint == opened(tmp_path).at(16).fingerprint
    assert opened(tmp_path).at(16).notes == mixed.notes != ()
    write_folder(tmp_path / "val" / "b", noise(2, channels=1), ["0.png", "1.png"])
    grey = opened(tmp_path).at(16)
    assert (grey.channels, grey.images([0]).shape[1], grey.notes) == (1, 1, ())
    assert grey.fingerprint != mixed.fingerprint


def test_broken_pixels_are_named(tmp_path: Path) -> None:
    write_domains(tmp_path, size=64)
    file = tmp_path / "val" / "dog" / "1.png"
    file.write_bytes(file.read_bytes()[:3000])
    data = opened(tmp_path).at(32)
    with pytest.raises(BadInputError, match=r"val/dog/1\.png cannot be decoded .*: replace it or remove it"):
        _ = data.fingerprint


def test_an_image_asked_for_again_is_not_decoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = opened(write_domains(tmp_path)).at(8)
    first = data.validation.images([3, 1, 3])
    monkeypatch.setattr("ganbench.data.domain_files.rgb_pixels", None)
    assert torch.equal(data.validation.images([1, 3]), first[[1, 0]])
    first.zero_()
    assert data.validation.images([1]).any(), "what was given away is not what is remembered"
