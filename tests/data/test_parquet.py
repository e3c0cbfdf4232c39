"""Folders of Hugging Face ``datasets``: parquet files with images, as data to measure and to prepare."""

import os
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.data import open_data, parquet
from ganbench.data.opening import is_there
from ganbench.data.preparing import Geometry, prepare
from ganbench.data.raw_images import open_raw
from ganbench.errors import BadInputError
from ganbench.testing import check_dataset
from tests.data.image_sets import encoded, noise, picture, write_folder

pa = pytest.importorskip("pyarrow", reason="the extra ganbench[parquet] is not installed")
pq = pytest.importorskip("pyarrow.parquet", reason="the extra ganbench[parquet] is not installed")


def structs(images: np.ndarray) -> list[dict[str, Any]]:
    return [{"bytes": encoded(picture(image)), "path": f"{index}.png"} for index, image in enumerate(images)]


def write(path: Path, image: Sequence[Any], label: Sequence[Any] | None = None, rows: int = 4, **more: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {**more, "image": image} | ({} if label is None else {"label": label})
    pq.write_table(pa.table(columns), path, row_group_size=rows)
    return path


def test_images_and_classes_are_those_of_the_rows(tmp_path: Path) -> None:
    images, classes = noise(10), [index % 3 for index in range(10)]
    write(tmp_path / "a" / "data" / "train-00000-of-00002.parquet", structs(images[:7]), classes[:7])
    write(tmp_path / "a" / "data" / "train-00001-of-00002.parquet", structs(images[7:]), classes[7:])
    data = open_data(tmp_path / "a")
    assert torch.equal(data.images([9, 0, 5]), torch.from_numpy(images[[9, 0, 5]]))
    assert data.labels(range(10)).argmax(1).tolist() == classes
    prepare(open_raw(tmp_path / "a"), tmp_path / "a.zip", Geometry(), open_raw(tmp_path / "a").labels)
    assert open_data(tmp_path / "a.zip").fingerprint == data.fingerprint
    assert len(pickle.loads(pickle.dumps(data))) == 10


def test_it_keeps_the_laws_of_data_sets(tmp_path: Path) -> None:
    check_dataset(open_data(write(tmp_path / "a.parquet", structs(noise(5)), [0, 1, 2, 1, 0])))


def test_plain_bytes_are_images_too(tmp_path: Path) -> None:
    images = noise(3)
    data = open_data(write(tmp_path / "a.parquet", [encoded(picture(image)) for image in images]))
    assert torch.equal(data.images(range(3)), torch.from_numpy(images))
    assert data.label_dim == 0


def test_of_several_splits_one_is_named(tmp_path: Path) -> None:
    for split, count in (("train", 3), ("test", 2)):
        write(tmp_path / "a" / f"{split}-00000-of-00001-0123456789abcdef.parquet", structs(noise(count)))
    assert len(open_data(f"{tmp_path / 'a'}:test")) == 2
    assert len(open_raw(f"{tmp_path / 'a'}:train").names) == 3
    assert is_there(f"{tmp_path / 'a'}:train")
    with pytest.raises(BadInputError, match="expected one split of test, train, found several splits"):
        open_data(tmp_path / "a")
    with pytest.raises(BadInputError, match="found no split 'valid'"):
        open_data(f"{tmp_path / 'a'}:valid")


def test_a_path_is_read_below_the_folder_only(tmp_path: Path) -> None:
    images = noise(2)
    write_folder(
        tmp_path, images, ["a/files/x", "secret.png"]
    )  # without a suffix, or the folder would be one of images
    file = write(tmp_path / "a" / "train.parquet", [{"bytes": None, "path": "files/x"}])
    assert torch.equal(open_data(tmp_path / "a").images([0]), torch.from_numpy(images[:1]))
    for path in ("../secret.png", str(tmp_path / "secret.png"), None):
        write(file, pa.array([{"bytes": None, "path": path}], pa.struct({"bytes": pa.binary(), "path": pa.string()})))
        with pytest.raises(BadInputError, match="expected the bytes of an image or a path below"):
            open_data(tmp_path / "a")


def test_separate_files_are_watched_like_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    folder = write_folder(tmp_path / "a", noise(2), ["files/x", "files/y"])
    rows = [*structs(noise(3)), {"bytes": None, "path": "files/x"}, {"bytes": None, "path": "files/y"}]
    file = write(folder / "train.parquet", rows)
    for each in (file, folder / "files" / "x", folder / "files" / "y"):
        os.utime(each, (1.5e9, 1.5e9))  # old enough for a fingerprint to be kept
    opened = open_data(file)
    before = opened.fingerprint
    write_folder(folder, 255 - noise(2), ["files/x", "files/y"])
    assert "x changed after the data were opened" in opened.changed()  # type: ignore[attr-defined]  # files have it
    assert open_data(file).fingerprint != before
    (folder / "files" / "x").unlink()
    with pytest.raises(BadInputError, match=r"x cannot be read \(No such file"):
        open_data(file)


@pytest.mark.parametrize("path", ["a\0b", "files", "pipe", "a" * 5000])
def test_a_path_of_no_regular_file_is_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    os.mkfifo(tmp_path / "pipe")
    file = write(tmp_path / "train.parquet", [{"bytes": None, "path": path}])
    with pytest.raises(BadInputError, match=r"path below|cannot be read \(File name too long|expected a regular file"):
        open_data(file)


def test_a_split_without_one_of_its_files_is_refused(tmp_path: Path) -> None:
    files = [write(tmp_path / "a" / f"train-{at:05d}-of-00003.parquet", structs(noise(2))) for at in (0, 2)]
    with pytest.raises(BadInputError, match="expected 3 files of a split, found 2, and none of number 00001"):
        open_data(tmp_path / "a")
    assert len(open_data(files[0])) == 2
    write(tmp_path / "a" / "train-00001-of-00003.parquet", structs(noise(2)))
    assert len(open_data(tmp_path / "a")) == 6


@pytest.mark.parametrize("columns", [{"picture": [b""], "label": [0]}, {"image": [b""]}])
def test_a_further_file_without_a_column_is_refused(columns: dict[str, Any], tmp_path: Path) -> None:
    write(tmp_path / "train-00000-of-00002.parquet", structs(noise(1)), [0])
    pq.write_table(pa.table(columns), tmp_path / "train-00001-of-00002.parquet")
    with pytest.raises(BadInputError, match=r"expected the column (image|label), found .*00001-of-00002"):
        open_data(tmp_path)


def test_files_that_are_cut_short_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", structs(noise(6)))
    raw = path.read_bytes()
    for length in (0, 3, 50, len(raw) // 2, len(raw) - 1):
        path.write_bytes(raw[:length])
        with pytest.raises(BadInputError, match="expected a complete parquet file, found damage"):
            open_data(path)


def test_damage_of_any_kind_ends_in_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", structs(noise(12)), list(range(12)))
    raw, random = path.read_bytes(), np.random.default_rng(0)
    refused = 0
    for _ in range(20):
        damaged = np.frombuffer(raw, np.uint8).copy()
        damaged[random.integers(0, len(raw), len(raw) // 20)] ^= 1
        path.write_bytes(damaged.tobytes())
        with pytest.raises(BadInputError):
            assert open_data(path).fingerprint
        refused += 1
    assert refused == 20


def test_a_value_that_a_million_rows_name_is_not_unfolded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    big = encoded(picture(noise(1, 64)[0]))
    path = write(tmp_path / "a.parquet", [big] * 5000, rows=5000)
    assert path.stat().st_size < 100 * len(big)
    monkeypatch.setattr(parquet, "MAX_GROUP", 100 * len(big))
    with pytest.raises(BadInputError, match="a row group has"):
        open_data(path)


def test_a_table_without_images_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["a"], "label": [1]}), tmp_path / "a.parquet")
    with pytest.raises(BadInputError, match=r"expected a column of images.*found text, label"):
        open_data(tmp_path / "a.parquet")


def test_rows_without_a_class_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="vectors of finite numbers of one length, found null"):
        open_data(write(tmp_path / "a.parquet", structs(noise(2)), [0, None]))


def test_a_folder_with_images_is_one_of_images(tmp_path: Path) -> None:
    write_folder(tmp_path / "a", noise(3))
    write(tmp_path / "a" / "metadata.parquet", structs(noise(2)))
    assert len(open_data(tmp_path / "a")) == 3


def test_a_split_of_a_folder_without_parquet_files_is_refused(tmp_path: Path) -> None:
    write_folder(tmp_path / "a", noise(1))
    with pytest.raises(BadInputError, match="expected parquet files, found none"):
        open_data(f"{tmp_path / 'a'}:train")
