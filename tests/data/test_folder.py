import os
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganbench.data import open_data
from ganbench.errors import BadInputError, UnknownNameError
from ganbench.types import Dataset, NotedDataset, ResizableDataset, WatchedDataset
from tests.data.image_sets import encoded, noise, picture, write_folder


@pytest.mark.parametrize("channels", [1, 3])
def test_images_come_back_bit_for_bit_in_the_order_of_their_paths(tmp_path: Path, channels: int) -> None:
    images = noise(7, channels=channels)
    data = open_data(str(write_folder(tmp_path / "set", images)))
    assert isinstance(data, Dataset)
    assert (len(data), data.resolution, data.channels, data.label_dim, data.name) == (7, 16, channels, 0, "set")
    assert torch.equal(data.images(range(7)), torch.from_numpy(images))
    assert torch.equal(data.images([5, 0, 5]), torch.from_numpy(images[[5, 0, 5]]))
    assert data.labels([1, 2]).shape == (2, 0)


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", "png"), ("BMP", "bmp"), ("PPM", "ppm"), ("TIFF", "TIF")])
def test_lossless_formats(tmp_path: Path, kind: str, suffix: str) -> None:
    images = noise(1)
    (tmp_path / f"a.{suffix}").write_bytes(encoded(picture(images[0]), kind))
    assert torch.equal(open_data(str(tmp_path)).images([0]), torch.from_numpy(images))


@pytest.mark.parametrize(("kind", "suffix"), [("JPEG", "jpg"), ("JPEG", "jpeg"), ("WEBP", "webp")])
def test_lossy_formats(tmp_path: Path, kind: str, suffix: str) -> None:
    smooth = np.mgrid[:16, :16].sum(0).astype(np.uint8)[None].repeat(3, 0) * 8
    (tmp_path / f"a.{suffix}").write_bytes(encoded(picture(smooth), kind, quality=95))
    found = open_data(str(tmp_path)).images([0])[0]
    assert (found.int() - torch.from_numpy(smooth).int()).abs().max() < 12


def test_other_files_and_hidden_ones_do_not_count(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(2))
    for name in ["notes.txt", "Thumbs.db", ".hidden.png", "._img.png"]:
        (tmp_path / name).write_bytes(b"no image")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.png").write_bytes(b"no image")
    assert len(open_data(str(tmp_path))) == 2


def test_a_palette_image_is_what_its_palette_says(tmp_path: Path) -> None:
    image = picture(noise(1)[0]).quantize(17)
    (tmp_path / "a.png").write_bytes(encoded(image))
    palette = np.array(image.getpalette()).reshape(-1, 3)
    expected = palette[np.asarray(image)].transpose(2, 0, 1)
    data = open_data(str(tmp_path))
    assert data.channels == 3
    assert (data.images([0])[0].numpy() == expected).all()


def test_a_one_bit_image_is_black_and_white(tmp_path: Path) -> None:
    bits = noise(1, channels=1)[0, 0] > 127
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(bits)))
    data = open_data(str(tmp_path))
    assert data.channels == 1
    assert (data.images([0])[0, 0].numpy() == bits * 255).all()


def sixteen_bit() -> Image.Image:
    return Image.fromarray(np.arange(256, dtype=np.uint16).reshape(16, 16) * 256)


def transparent_palette() -> Image.Image:
    image = picture(noise(1)[0]).quantize(17)
    image.info["transparency"] = 3
    return image


@pytest.mark.parametrize(
    ("image", "kind", "what"),
    [
        (picture(noise(1, channels=3)[0]).convert("RGBA"), "PNG", "alpha channel"),
        (picture(noise(1, channels=1)[0]).convert("LA"), "PNG", "alpha channel"),
        (transparent_palette(), "PNG", "alpha channel"),
        (sixteen_bit(), "PNG", "more than 8 bits"),
        (picture(noise(1)[0]).convert("CMYK"), "TIFF", "colour mode CMYK"),
        (picture(noise(1, channels=1)[0]).convert("F"), "TIFF", "floating-point"),
    ],
)
def test_modes_that_leave_a_choice_are_refused(tmp_path: Path, image: Image.Image, kind: str, what: str) -> None:
    (tmp_path / "odd.png").write_bytes(encoded(image, kind))
    with pytest.raises(BadInputError, match=rf"odd\.png, found .*{what}"):
        open_data(str(tmp_path))


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [picture(pixels) for pixels in noise(2)]
    (tmp_path / "a.png").write_bytes(encoded(frames[0], save_all=True, append_images=frames[1:]))
    with pytest.raises(BadInputError, match=r"found an animated one: .*a\.png"):
        open_data(str(tmp_path))


def test_a_mixed_size_names_the_odd_one(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(3))
    write_folder(tmp_path, noise(1, size=8), ["z.png"])
    with pytest.raises(BadInputError, match=r"16x16 RGB like 00000/img00000000\.png, found 8x8 RGB: .*z\.png"):
        open_data(str(tmp_path))


def test_a_mixed_mode_names_the_odd_one(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(3))
    write_folder(tmp_path, noise(1, channels=1), ["z.png"])
    with pytest.raises(
        BadInputError, match=r"expected all images to be 16x16 RGB like .*, found 16x16 greyscale: .*z\.png; convert"
    ):
        open_data(str(tmp_path))


def test_a_rectangle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(picture(noise(1)[0, :, :8])))
    with pytest.raises(BadInputError, match=r"expected square images, found 16x8: .*a\.png; crop"):
        open_data(str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"this is text\n", b"\x89PNG\r\n\x1a\n" + b"\0" * 40, b"GIF89a" + b"\0" * 40])
def test_what_is_no_image_is_named(tmp_path: Path, content: bytes) -> None:
    write_folder(tmp_path, noise(3))
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(BadInputError, match=r"bad\.png cannot be read as an image: replace it or remove it"):
        open_data(str(tmp_path))


def test_broken_pixels_are_named_when_they_are_decoded(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(3, size=64))
    file = tmp_path / "00000" / "img00000001.png"
    file.write_bytes(file.read_bytes()[:2000])
    data = open_data(str(tmp_path))
    assert len(data.images([0, 2])) == 2
    with pytest.raises(BadInputError, match=r"img00000001\.png cannot be decoded .*: replace it or remove it"):
        data.images([0, 1])
    with pytest.raises(BadInputError, match=r"img00000001\.png cannot be decoded"):
        _ = data.fingerprint


def bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that declares ``side`` x ``side`` pixels."""
    content = bytearray(encoded(Image.new("L", (8, 8))))
    content[16:24] = side.to_bytes(4, "big") * 2
    from zlib import crc32

    content[29:33] = crc32(content[12:29]).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize("side", [8193, 9500, 60000])
def test_a_decompression_bomb_is_refused_by_its_header(tmp_path: Path, side: int) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb(side))
    with pytest.raises(BadInputError, match=r"at most 67,108,864 pixels, found more: .*bomb\.png"):
        open_data(str(tmp_path))


def test_a_decompression_bomb_is_refused_without_a_warning_beside_the_sentence(tmp_path: Path) -> None:
    (tmp_path / "bomb.png").write_bytes(bomb(12000))  # so large that Pillow warns and not so large that it refuses
    with (
        warnings.catch_warnings(record=True, action="always") as told,
        pytest.raises(BadInputError, match="found more"),
    ):
        open_data(tmp_path)
    assert not told


def test_a_pipe_among_the_images_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    write_folder(tmp_path, noise(2))
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(BadInputError, match=r"expected a regular file, found a pipe or device: .*pipe\.png; remove it"):
        open_data(tmp_path)


def test_an_image_replaced_by_another_size_is_noticed(tmp_path: Path) -> None:
    data = open_data(str(write_folder(tmp_path, noise(2), ["a.png", "b.png"])))
    write_folder(tmp_path, noise(1, size=8), ["b.png"])
    with pytest.raises(BadInputError, match=r"b\.png to be 16x16 RGB, as when it was opened, found 8x8 RGB"):
        data.images([1])


def test_an_image_taken_away_is_noticed(tmp_path: Path) -> None:
    data = open_data(str(write_folder(tmp_path, noise(2), ["a.png", "b.png"])))
    (tmp_path / "b.png").unlink()
    with pytest.raises(BadInputError, match=r"b\.png cannot be read \(No such file"):
        data.images([1])


def test_a_dangling_link_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to(tmp_path / "nowhere.png")
    with pytest.raises(BadInputError, match=r"a\.png cannot be read \(No such file"):
        open_data(str(tmp_path))


def test_a_link_to_a_folder_is_named_and_not_silently_left_out(tmp_path: Path) -> None:
    write_folder(tmp_path / "set", noise(2))
    (tmp_path / "set" / "loop").symlink_to(tmp_path / "set")
    with pytest.raises(BadInputError, match=r"found a link to one: .*loop"):
        open_data(str(tmp_path / "set"))


def test_an_empty_folder_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"expected images, found none: .*; put PNG, JPEG"):
        open_data(str(tmp_path))


def test_a_missing_path_is_named() -> None:
    with pytest.raises(BadInputError, match="expected a folder, zip file or data set, found no '/nowhere/at/all'"):
        open_data("/nowhere/at/all")


def test_a_name_typed_wrong_suggests_the_right_one() -> None:
    with pytest.raises(UnknownNameError, match="unknown data set 'digts': did you mean digits"):
        open_data("digts")


@pytest.mark.parametrize(
    "spec", ["a" * 5000, "a\0b", "~nobody-of-this-name/data", "", f"digits:{'9' * 5000}", f"digit-domains:{'9' * 5000}"]
)
def test_what_cannot_be_a_path_is_refused_in_one_sentence(spec: str) -> None:
    with pytest.raises((BadInputError, UnknownNameError)) as caught:
        open_data(spec)
    assert len(str(caught.value)) < 500
    assert "\n" not in str(caught.value)


def test_names_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"d\xff")
    images = noise(2)
    write_folder(folder, images, [os.fsdecode(b"a\xfe.png"), "b.png"])
    data = open_data(folder)
    assert isinstance(data, WatchedDataset)
    assert torch.equal(data.images([0, 1]), torch.from_numpy(images))
    assert (data.fingerprint, data.changed()) == (open_data(folder).fingerprint, "")


def test_asking_what_a_data_set_can_do_reads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = open_data(write_folder(tmp_path / "set", noise(2)))
    monkeypatch.setattr("ganbench.data.image_files.pixels", lambda *_: pytest.fail("a pixel was read"))
    found = [isinstance(data, kind) for kind in (WatchedDataset, NotedDataset, ResizableDataset)]
    assert found == [True, True, False]
