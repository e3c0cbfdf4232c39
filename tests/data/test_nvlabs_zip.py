import os
import pickle
import struct
import tracemalloc
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from ganbench.data import open_data
from ganbench.data.nvlabs_zip import MAX_MEMBER, Zip
from ganbench.errors import BadInputError
from ganbench.types import Dataset
from tests.data.image_sets import dataset_json, encoded, members, noise, picture, write_folder, write_zip


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_is_the_folder_it_was_made_of(tmp_path: Path, compression: int) -> None:
    images, labels = noise(7), dataset_json([3, 1, 4, 1, 5, 9, 2])
    folder = write_folder(tmp_path / "set", images)
    (folder / "dataset.json").write_bytes(labels)
    packed = write_zip(tmp_path / "set.zip", {"dataset.json": labels, **members(images)}, compression)
    one, other = open_data(str(folder)), open_data(str(packed))
    assert isinstance(other, Dataset)
    assert (len(other), other.resolution, other.channels, other.label_dim) == (7, 16, 3, 10)
    assert torch.equal(other.images(range(7)), torch.from_numpy(images))
    assert torch.equal(one.labels(range(7)), other.labels(range(7)))
    assert one.fingerprint == other.fingerprint


def test_threads_may_read_at_once(tmp_path: Path) -> None:
    images = noise(30)
    data = open_data(str(write_zip(tmp_path / "a.zip", members(images), zipfile.ZIP_DEFLATED)))
    with ThreadPoolExecutor(8) as pool:
        found = torch.cat(list(pool.map(lambda index: data.images([index]), list(range(30)) * 4)))
    assert torch.equal(found, torch.from_numpy(images).repeat(4, 1, 1, 1))


def test_another_process_opens_the_file_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a fork the two would else move one position in the file under each other's feet."""
    images = noise(3)
    archive = Zip(write_zip(tmp_path / "a.zip", members(images)))
    here = archive._archive()
    assert archive._archive() is here
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert archive._archive() is not here


def test_it_can_be_sent_to_another_process(tmp_path: Path) -> None:
    images = noise(3)
    data = open_data(str(write_zip(tmp_path / "a.zip", members(images))))
    assert torch.equal(pickle.loads(pickle.dumps(data)).images(range(3)), torch.from_numpy(images))


def test_what_is_hidden_does_not_count_and_nothing_is_written(tmp_path: Path) -> None:
    images = noise(2)
    extra = {"__MACOSX/00000/._img00000000.png": b"x", ".DS_Store": b"x", "notes.txt": b"x"}
    data = open_data(str(write_zip(tmp_path / "a.zip", {**members(images), **extra})))
    assert len(data) == 2


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("kind", ["BMP", "TIFF"])  # the latter's header is at its end
def test_damage_in_an_image_is_found_with_much_behind_it(tmp_path: Path, kind: str, compression: int) -> None:
    """Cameras keep a film behind an image; the checksum is over both."""
    path = write_zip(
        tmp_path / "a.zip", {"a.tif": encoded(picture(noise(1, 64)[0]), kind) + bytes(100_000)}, compression
    )
    assert torch.equal(open_data(path).images([0]), torch.from_numpy(noise(1, 64)))
    content = bytearray(path.read_bytes())
    content[5000] ^= 1
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"a\.tif cannot be (decoded|read|unpacked)"):
        open_data(path).images([0])


def test_a_damaged_name_ends_in_one_sentence(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"\u00e9.png": encoded(picture(noise(1)[0]))})
    path.write_bytes(path.read_bytes().replace("\u00e9".encode(), b"\xff\xa9", 1))
    with pytest.raises(BadInputError, match="cannot be unpacked"):
        open_data(path)


@pytest.mark.parametrize("name", ["../../up.png", "/root.png", "a/../../b.png"])
def test_a_path_that_climbs_is_refused(tmp_path: Path, name: str) -> None:
    content = next(iter(members(noise(1)).values()))
    with pytest.raises(BadInputError, match="expected paths inside the zip"):
        open_data(str(write_zip(tmp_path / "a.zip", {name: content})))
    assert sorted(path.name for path in tmp_path.rglob("*.png")) == []


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 not really", b"text\n" * 100])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BadInputError, match=r"expected a complete zip file, found another .*a\.zip"):
        open_data(str(tmp_path / "a.zip"))


def test_a_truncated_zip_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", members(noise(5)))
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(BadInputError, match=r"expected a complete zip file, found another .*a\.zip"):
        open_data(str(path))


def test_an_empty_zip_says_what_belongs_there(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="expected images, found none"):
        open_data(str(write_zip(tmp_path / "a.zip", {})))


def patched(path: Path, offset: int, value: bytes) -> None:
    """Change every entry of the central directory."""
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    while at >= 0:
        content[at + offset : at + offset + len(value)] = value
        at = content.find(b"PK\x01\x02", at + 4)
    path.write_bytes(content)


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", members(noise(2)))
    patched(path, 8, struct.pack("<H", 1))
    with pytest.raises(BadInputError, match=r"a zip without a password, found an encrypted file: .*img00000000\.png"):
        open_data(str(path))


def test_a_member_that_declares_too_much_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", members(noise(2)), zipfile.ZIP_DEFLATED)
    patched(path, 24, struct.pack("<I", MAX_MEMBER + 1))
    with pytest.raises(BadInputError, match="at most 268,435,456 bytes, found 268,435,457"):
        open_data(str(path))


def test_a_member_that_unpacks_to_more_than_it_declares_is_cut_off(tmp_path: Path) -> None:
    """The bomb is 200 MB of blanks after a bracket, and declares 1 kB."""
    bomb = {"dataset.json": b"[" + b" " * 200_000_000, **members(noise(1))}
    path = write_zip(tmp_path / "a.zip", bomb, zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    at = content.find(b"PK\x01\x02")
    content[at + 24 : at + 28] = struct.pack("<I", 1000)
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(
        BadInputError, match=r"(a\.zip/dataset\.json cannot be read|found another layout: .*a\.zip/dataset\.json)"
    ):
        open_data(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20_000_000


def test_a_name_held_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    content = next(iter(members(noise(1)).values()))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", content)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a.png", content)
    with pytest.raises(BadInputError, match=r"expected each file once, found a\.png twice"):
        open_data(str(path))


def test_a_damaged_member_is_named(tmp_path: Path) -> None:
    images = noise(2, size=64)
    path = write_zip(tmp_path / "a.zip", members(images))
    content = bytearray(path.read_bytes())
    start = content.find(b"IDAT", content.find(b"img00000001.png"))
    content[start + 200 : start + 400] = bytes(200)
    path.write_bytes(content)
    data = open_data(str(path))
    with pytest.raises(BadInputError, match=r"a\.zip/00000/img00000001\.png cannot be decoded"):
        data.images([1])


def test_a_local_header_that_claims_a_long_name_is_told_in_a_short_sentence(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", members(noise(2, size=64)))
    content = bytearray(path.read_bytes())
    content[26:28] = struct.pack("<H", 9000)  # the image follows, as part of the name
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"img00000000\.png cannot be unpacked") as caught:
        open_data(path)
    assert len(str(caught.value)) < 300


def test_a_damaged_local_header_is_named(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", members(noise(2)))
    content = bytearray(path.read_bytes())
    content[:4] = b"XXXX"
    path.write_bytes(content)
    with pytest.raises(BadInputError, match=r"img00000000\.png cannot be unpacked"):
        open_data(str(path))


def test_a_member_without_a_name_is_left_out(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", members(noise(2)))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo(""), b"")
    assert len(open_data(path)) == 2


def test_labels_that_inflate_are_refused_in_bounded_memory(tmp_path: Path) -> None:
    labels = b'{"labels": [' + b'["a",1],' * 14_000_000 + b'["b",1]]}'
    path = write_zip(tmp_path / "a.zip", {**members(noise(1)), "dataset.json": labels}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 2**20
    with pytest.raises(BadInputError, match=r"found more: .*a\.zip/dataset\.json"):
        open_data(path)
