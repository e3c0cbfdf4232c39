"""What is remembered of a data set, and what is not."""

import hashlib
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from PIL import PngImagePlugin

from ganbench.data import fingerprints, image_files, open_data
from ganbench.models.images import ImageSamples
from ganbench.types import WatchedDataset
from ganbench.waiting import Advance, shown_by
from tests.data.image_sets import encoded, members, noise, picture, write_folder, write_zip

LONG_AGO = 10**18


def settle(path: Path) -> None:
    """Make the times of files old, as those of files that nobody is just writing."""
    for file in [path, *path.rglob("*")]:
        os.utime(file, ns=(LONG_AGO, LONG_AGO))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the images decoded since."""
    names: list[str] = []
    original = image_files.pixels

    def noting(file, name, expected):
        names.append(Path(name).name)
        return original(file, name, expected)

    monkeypatch.setattr(image_files, "pixels", noting)
    return names


def test_the_second_time_nothing_is_decoded_or_opened(
    tmp_path: Path, decoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "set", noise(5))
    settle(folder)
    first = open_data(str(folder))
    found = first.fingerprint
    assert len(decoded) == 5
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "_open", lambda self: pytest.fail("opened again"))
    again = open_data(str(folder))
    assert again.fingerprint == found
    assert (again.resolution, again.channels) == (first.resolution, first.channels)
    assert len(decoded) == 5


def test_a_zip_is_remembered_too(tmp_path: Path, decoded: list[str]) -> None:
    path = write_zip(tmp_path / "a.zip", members(noise(5)))
    settle(path)
    assert open_data(str(path)).fingerprint == open_data(str(path)).fingerprint
    assert len(decoded) == 5


def test_a_changed_file_changes_the_fingerprint_even_with_its_size_and_time_kept(tmp_path: Path) -> None:
    images = noise(3)
    folder = tmp_path / "set"
    folder.mkdir()
    for index, pixels in enumerate(images):
        (folder / f"{index}.bmp").write_bytes(encoded(picture(pixels), "BMP"))
    settle(folder)
    found = open_data(str(folder)).fingerprint
    size = (folder / "1.bmp").stat().st_size
    (folder / "1.bmp").write_bytes(encoded(picture(255 - images[1]), "BMP"))
    settle(folder)
    assert (folder / "1.bmp").stat().st_size == size
    assert open_data(str(folder)).fingerprint != found


def test_a_file_just_written_is_not_remembered(tmp_path: Path, cache: Path) -> None:
    assert open_data(str(write_folder(tmp_path / "set", noise(2)))).fingerprint
    assert not list(cache.rglob("*.json"))


def test_a_file_changed_while_it_was_hashed_is_not_remembered(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "set", noise(2))
    settle(folder)
    data = open_data(str(folder))
    os.utime(folder / "00000" / "img00000001.png", ns=(LONG_AGO, LONG_AGO + 1))
    assert data.fingerprint
    assert not list(cache.rglob("*.json"))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"fingerprint": 3, "header": [16, 16, 3]}',
        '{"fingerprint": "abc", "header": [16, 16, 3]}',
        json.dumps({"fingerprint": "0" * 64, "header": [16, 16]}),
        json.dumps({"fingerprint": "0" * 64, "header": [16, 16, "3"]}),
        json.dumps({"fingerprint": "0" * 64}),
    ],
)
def test_a_corrupt_cache_is_ignored_and_mended(tmp_path: Path, cache: Path, content: str) -> None:
    folder = write_folder(tmp_path / "set", noise(2))
    settle(folder)
    found = open_data(str(folder)).fingerprint
    (entry,) = cache.rglob("*.json")
    good = entry.read_text()
    entry.write_text(content)
    assert open_data(str(folder)).fingerprint == found
    assert entry.read_text() == good


def test_the_entry_appears_whole_and_nothing_else_is_left(tmp_path: Path, cache: Path) -> None:
    folder = write_folder(tmp_path / "set", noise(2))
    settle(folder)
    found = open_data(str(folder)).fingerprint
    (entry,) = (path for path in cache.rglob("*") if path.is_file())
    content = json.loads(entry.read_text())
    assert content.pop("checksum")
    assert content == {"fingerprint": found, "header": [16, 16, 3], "colours": []}


def test_an_entry_in_the_place_of_anothers_is_not_believed(tmp_path: Path, cache: Path) -> None:
    first, second = (write_folder(tmp_path / name, noise(count)) for name, count in (("a", 2), ("b", 3)))
    settle(first)
    settle(second)
    found = open_data(first).fingerprint
    (entry,) = cache.rglob("*.json")
    kept = entry.read_bytes()
    right = open_data(second).fingerprint
    (other,) = set(cache.rglob("*.json")) - {entry}
    other.write_bytes(kept)
    assert open_data(second).fingerprint == right != found


@pytest.mark.parametrize("old", ["fingerprint", "header", "checksum"])
def test_an_entry_with_one_changed_character_is_not_believed(tmp_path: Path, cache: Path, old: str) -> None:
    folder = write_folder(tmp_path / "set", noise(2))
    settle(folder)
    found = open_data(folder).fingerprint
    (entry,) = cache.rglob("*.json")
    text = entry.read_text()
    at = text.index(old) + len(old) + 4
    entry.write_text(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :])
    data = open_data(folder)
    assert (data.fingerprint, data.resolution) == (found, 16)


def test_a_data_set_says_which_of_its_files_changed(tmp_path: Path) -> None:
    folder, path = write_folder(tmp_path / "set", noise(4)), write_zip(tmp_path / "a.zip", members(noise(3)))
    for data, file in ((open_data(folder), folder / "00000" / "img00000001.png"), (open_data(path), path)):
        assert isinstance(data, WatchedDataset)
        assert data.changed() == ""
        content, times = file.read_bytes(), file.stat()
        new = tmp_path / "new"
        new.write_bytes(content)
        os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
        new.replace(file)
        assert f"{file} changed" in data.changed()
        file.unlink()
        assert str(file) in data.changed()


def test_samples_say_which_of_their_files_changed(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "set", noise(2))
    samples = ImageSamples(open_data(folder))
    assert samples.changed() == ""
    (folder / "00000" / "img00000000.png").write_bytes(b"x")
    assert "img00000000.png changed" in samples.changed()
    assert ImageSamples(open_data("digits")).changed() == ""


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("GANBENCH_CACHE", str(blocked))
    folder = write_folder(tmp_path / "set", noise(2))
    settle(folder)
    assert open_data(str(folder)).fingerprint == open_data(str(folder)).fingerprint


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads_gives_the_hash_of_the_pixels_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr(fingerprints, "THREADS", threads)
    images = noise(70)
    found = open_data(write_folder(tmp_path / "set", images)).fingerprint
    assert found == hashlib.sha256(b"70 3 16 16" + images.tobytes()).hexdigest()


def test_a_bar_counts_every_image_once_and_only_where_it_is_computed(tmp_path: Path) -> None:
    folder, seen = write_folder(tmp_path / "set", noise(5)), list[object]()
    settle(folder)

    def noting(what: str, count: int) -> AbstractContextManager[Advance]:
        seen.append((what, count))
        return nullcontext(lambda: seen.append("image"))

    with shown_by(noting):
        assert open_data(folder).fingerprint
        assert seen == [("fingerprint", 5), *["image"] * 5]
        assert open_data(folder).fingerprint
    assert len(seen) == 6


def test_of_processes_that_start_at_once_one_computes_and_the_others_wait(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(write_folder(tmp_path / "set", noise(5)))
    data, computed = [open_data(tmp_path / "set") for _ in range(3)], list[int]()  # opened before it is known
    original = fingerprints.of

    def slow(shape, images, labels):
        computed.append(shape[0])
        time.sleep(0.2)
        return original(shape, images, labels)

    monkeypatch.setattr(fingerprints, "of", slow)
    with ThreadPoolExecutor(3) as pool:
        # Not `each.fingerprint`: a cached property has one lock for all data sets of a process, but none for others.
        found = list(pool.map(lambda each: type(each).fingerprint.func(each), data))
    assert len(set(found)) == 1
    assert computed == [5]
    assert not list(cache.rglob("*.lock"))
