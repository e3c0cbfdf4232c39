"""Preparing a zip: stopped and gone on with, settings and images that cannot be, and what it takes."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganbench.data import open_data
from ganbench.data.preparing import Geometry, prepare
from ganbench.data.raw_images import RawImages, open_raw
from ganbench.data.stored_zip import StoredZip
from ganbench.errors import BadInputError, DataChangedError
from tests.data.image_sets import dataset_json, encoded, noise, picture, write_folder, write_zip
from tests.data.test_prepare import content, made


def test_the_number_of_threads_does_not_change_a_byte(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", noise(20))
    for workers in (1, 3, 8):
        made(folder, tmp_path / f"{workers}.zip", 12, workers=workers)
    assert content(tmp_path / "1.zip") == content(tmp_path / "3.zip") == content(tmp_path / "8.zip")


class Stopped(BaseException):
    """What a killed process looks like from within."""


@contextlib.contextmanager
def stopping_after(images: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    add = StoredZip.add

    def stop(self: StoredZip, name: str, content: bytes) -> None:
        if len(self.names) == images:
            raise Stopped
        add(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(StoredZip, "add", stop)
        with pytest.raises(Stopped):
            yield


@pytest.mark.parametrize("after", [0, 1, 7, 10])
@pytest.mark.parametrize("cut", [0, 1, 700])
def test_a_run_that_was_stopped_goes_on_and_gives_the_same_bytes(
    tmp_path: Path, after: int, cut: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "a", noise(10))
    (folder / "dataset.json").write_bytes(dataset_json(list(range(10))))
    made(folder, tmp_path / "whole.zip", 8)
    with stopping_after(after, monkeypatch):
        made(folder, tmp_path / "b.zip", 8)
    (partial,) = tmp_path.glob(".b.zip.*.partial")
    os.truncate(partial, max(0, partial.stat().st_size - cut))  # the last of it never reached the disk
    told = made(folder, tmp_path / "b.zip", 8)
    assert told.found == max(0, after - (0, 1, 3)[[0, 1, 700].index(cut)])
    assert content(tmp_path / "b.zip") == content(tmp_path / "whole.zip")
    assert not list(tmp_path.glob(".*"))


def test_a_damaged_member_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "a", noise(6))
    made(folder, tmp_path / "whole.zip")
    with stopping_after(4, monkeypatch):
        made(folder, tmp_path / "b.zip")
    (partial,) = tmp_path.glob(".b.zip.*.partial")
    damaged = bytearray(content(partial))
    damaged[len(damaged) // 2] ^= 1
    partial.write_bytes(damaged)
    assert made(folder, tmp_path / "b.zip").found < 4
    assert content(tmp_path / "b.zip") == content(tmp_path / "whole.zip")


def test_other_settings_and_other_images_start_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "a", noise(6))
    with stopping_after(4, monkeypatch):
        made(folder, tmp_path / "b.zip", 8)
    assert made(folder, tmp_path / "b.zip", 4).found == 0
    assert not list(tmp_path.glob(".*"))


def test_a_full_disk_is_one_sentence_and_what_is_finished_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "a", noise(6))
    made(folder, tmp_path / "whole.zip")
    add = StoredZip.add

    def full(self: StoredZip, name: str, content: bytes) -> None:
        if len(self.names) == 3:
            raise OSError(28, "No space left on device")
        add(self, name, content)

    with monkeypatch.context() as patch:
        patch.setattr(StoredZip, "add", full)
        with pytest.raises(BadInputError, match=r"cannot write .*b\.zip \(No space left on device\): make room"):
            made(folder, tmp_path / "b.zip")
    assert made(folder, tmp_path / "b.zip").found == 3
    assert content(tmp_path / "b.zip") == content(tmp_path / "whole.zip")


def test_two_processes_do_not_write_one_zip(tmp_path: Path) -> None:
    with StoredZip(tmp_path / "a.zip", "key"), pytest.raises(BadInputError, match="expected no other process to write"):
        StoredZip(tmp_path / "a.zip", "key")


def test_files_that_change_meanwhile_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_folder(tmp_path / "a", noise(3))
    source = open_raw(folder)

    def touch() -> None:
        os.utime(folder / "00000" / "img00000000.png", (1, 1))

    with pytest.raises(DataChangedError, match="changed while it was read"):
        prepare(source, tmp_path / "a.zip", Geometry(), progress=touch)
    assert not (tmp_path / "a.zip").exists()


def test_images_of_several_sizes_need_one(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", noise(2, 16))
    (folder / "z.png").write_bytes(encoded(picture(noise(1, 8)[0])))
    with pytest.raises(BadInputError, match=r"16x16 RGB as the first is, found 8x8 RGB: .*z\.png; give a size"):
        made(folder, tmp_path / "a.zip")
    assert made(folder, tmp_path / "a.zip", 8).count == 3


def test_images_of_several_colours_are_refused(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", noise(2, 16))
    (folder / "z.png").write_bytes(encoded(picture(noise(1, 16, 1)[0])))
    with pytest.raises(BadInputError, match=r"found 8x8 greyscale: .*z\.png; choose one for all \(--colour rgb"):
        made(folder, tmp_path / "a.zip", 8)


def test_a_colour_mode_makes_all_images_alike_as_pillow_does(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", noise(2, 16))
    grey = noise(1, 16, 1)[0]
    (folder / "z.png").write_bytes(encoded(picture(grey)))
    for colour, channels, mode in (("rgb", 3, "RGB"), ("grey", 1, "L")):
        prepare(open_raw(folder), out := tmp_path / f"{colour}.zip", Geometry(), colour=colour)
        data = open_data(str(out))
        assert data.channels == channels
        for index, name in enumerate(["00000/img00000000.png", "00000/img00000001.png", "z.png"]):
            with Image.open(folder / name) as image:
                assert torch.equal(data.images([index])[0], pixels(image.convert(mode)))


def pixels(image: Image.Image) -> Tensor:
    return torch.from_numpy(np.array(image)).reshape(image.height, image.width, -1).permute(2, 0, 1)


def test_an_unknown_colour_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="expected a colour mode of keep, rgb, grey, found 'cmyk'"):
        prepare(open_raw(write_folder(tmp_path / "a", noise(1))), tmp_path / "a.zip", Geometry(), colour="cmyk")  # type: ignore[arg-type]  # what is tested


def test_images_that_are_not_square_need_a_crop(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.png").write_bytes(encoded(Image.new("RGB", (20, 10))))
    with pytest.raises(BadInputError, match=r"expected square images, found 20x10: .*x\.png; crop them"):
        made(tmp_path / "a", tmp_path / "a.zip", 8)


@pytest.mark.parametrize(
    ("geometry", "sentence"),
    [
        (((8, 8), "none", "nearest"), "a filter of tf1-bilinear"),
        (((8, 8), "centre", "box"), "expected a crop of none"),
        (((8, 6), "none", "box"), "a square size, found 8x6"),
        ((None, "center-crop-wide", "box"), "wider than high"),
        (((0, 0), "none", "box"), "a size from 1 to 8192"),
    ],
)
def test_settings_that_cannot_be_are_refused(geometry: tuple[object, ...], sentence: str) -> None:
    with pytest.raises(BadInputError, match=sentence):
        Geometry(*geometry)  # type: ignore[arg-type]


def test_a_box_that_does_not_divide_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="expected a size that divides"):
        made(write_folder(tmp_path / "a", noise(1, 16)), tmp_path / "a.zip", geometry=Geometry((5, 5), "none", "box"))


def test_a_broken_image_is_named(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "a", noise(3))
    (folder / "00000" / "img00000001.png").write_bytes(encoded(picture(noise(1)[0]))[:-40])
    with pytest.raises(BadInputError, match=r"img00000001\.png cannot be decoded"):
        made(folder, tmp_path / "a.zip")


def test_members_that_climb_are_refused(tmp_path: Path) -> None:
    image = encoded(picture(noise(1)[0]))
    for name in ("../../up.png", "/root.png"):
        with pytest.raises(BadInputError, match=r"expected paths inside the zip"):
            open_raw(write_zip(tmp_path / "a.zip", {name: image}))


@pytest.mark.parametrize("name", ["nothing", "nothing:train", ":train", "a\0b"])
def test_what_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInputError, match=r"expected a folder or file of images|cannot be opened"):
        open_raw(name)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="expected images, found none"):
        open_raw(tmp_path)


def test_a_limit_takes_the_first(tmp_path: Path) -> None:
    images = noise(5)
    assert made(write_folder(tmp_path / "a", images), tmp_path / "a.zip", limit=2).count == 2
    assert torch.equal(open_data(tmp_path / "a.zip").images([0, 1]), torch.from_numpy(images[:2]))


def test_memory_does_not_grow_with_the_number_of_images(tmp_path: Path) -> None:
    """No more than a few images are made ahead of the one that is written."""
    ahead = 0

    class Counting:
        path, names, labels, notes = tmp_path, [str(i) for i in range(100)], None, ()
        read = 0

        def image(self, index: int) -> Tensor:
            self.read += 1
            return torch.zeros(1, 4, 4, dtype=torch.uint8)

        def stamp(self) -> object:
            return ()

    source, done = Counting(), 0

    def progress() -> None:
        nonlocal ahead, done
        done += 1
        ahead = max(ahead, source.read - done)

    images: RawImages = source  # type: ignore[assignment]  # its stamp is another
    prepare(images, tmp_path / "a.zip", Geometry(), workers=2, progress=progress)
    assert 0 < ahead <= 5


@pytest.mark.parametrize(("name", "module"), [("data.mdb", "lmdb_images"), ("a.parquet", "parquet")])
def test_without_its_package_a_kind_of_file_is_told_how_to_get_it(
    tmp_path: Path, name: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_bytes(b"x")
    monkeypatch.setattr(f"ganbench.data.{module}.find_spec", lambda package: None)
    with pytest.raises(BadInputError, match=r"pip install 'ganbench\[(lmdb|parquet)\]'"):
        open_raw(tmp_path / name)
