"""Folders of ``datasets.save_to_disk``: Arrow streams with images, as data to measure and to prepare."""

import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.data import open_data
from ganbench.data.opening import is_there
from ganbench.data.preparing import Geometry, prepare
from ganbench.data.raw_images import open_raw
from ganbench.errors import BadInputError
from ganbench.testing import check_dataset
from tests.data.image_sets import encoded, noise, picture

pa = pytest.importorskip("pyarrow", reason="the extra ganbench[parquet] is not installed")


def save(folder: Path, images: np.ndarray, files: int = 1, compression: str | None = None, **columns: Any) -> Path:
    """Write what ``Dataset.save_to_disk`` writes: streams of batches, and the two JSON files."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{"bytes": encoded(picture(image)), "path": f"{index}.png"} for index, image in enumerate(images)]
    table = pa.table({**columns, "image": rows})
    names = [f"data-{at:05d}-of-{files:05d}.arrow" for at in range(files)]
    options = pa.ipc.IpcWriteOptions(compression=compression)
    for name, part in zip(names, np.array_split(np.arange(len(rows)), files), strict=True):
        with pa.OSFile(str(folder / name), "wb") as sink, pa.ipc.new_stream(sink, table.schema, options=options) as out:
            out.write_table(table.take(part), max_chunksize=3)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": name} for name in names]}))
    (folder / "dataset_info.json").write_text("{}")
    return folder


def test_images_and_classes_are_those_of_the_rows(tmp_path: Path) -> None:
    images, classes = noise(10), [index % 3 for index in range(10)]
    folder = save(tmp_path / "a", images, files=2, label=classes)
    data = open_data(folder)
    assert torch.equal(data.images([9, 0, 5]), torch.from_numpy(images[[9, 0, 5]]))
    assert data.labels(range(10)).argmax(1).tolist() == classes
    prepare(open_raw(folder), tmp_path / "a.zip", Geometry(), open_raw(folder).labels)
    assert open_data(tmp_path / "a.zip").fingerprint == data.fingerprint
    assert torch.equal(pickle.loads(pickle.dumps(data)).images([7]), data.images([7]))
    check_dataset(data)


def test_one_of_several_splits_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    for split, count in (("train", 3), ("test", 2)):
        save(folder / split, noise(count))
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": ["train", "test"]}))
    assert len(open_data(f"{folder}:test")) == len(open_data(folder / "test")) == 2
    assert len(open_raw(f"{folder}:train").names) == 3
    assert is_there(f"{folder}:train")
    with pytest.raises(BadInputError, match="expected one split of test, train, found several splits"):
        open_data(folder)
    with pytest.raises(BadInputError, match="found no split 'valid'"):
        open_raw(f"{folder}:valid")
    with pytest.raises(BadInputError, match="expected several splits, found one"):
        open_data(f"{folder / 'test'}:test")


def test_files_that_are_cut_short_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", noise(6))
    file = folder / "data-00000-of-00001.arrow"
    raw = file.read_bytes()
    for length in (0, 3, 50, len(raw) // 2, len(raw) - 8):  # the last between two batches
        file.write_bytes(raw[:length])
        with pytest.raises(BadInputError, match=r"expected a complete Arrow file, found damage"):
            open_data(folder)
    file.unlink()
    with pytest.raises(BadInputError, match=r"arrow cannot be read \(No such file"):
        open_data(folder)


def test_damage_of_any_kind_ends_in_one_sentence(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", noise(12), label=list(range(12)))
    file = folder / "data-00000-of-00001.arrow"
    raw, random = file.read_bytes(), np.random.default_rng(0)
    for _ in range(20):
        damaged = np.frombuffer(raw, np.uint8).copy()
        damaged[random.integers(0, len(raw) - 8, len(raw) // 20)] ^= 1
        file.write_bytes(damaged.tobytes())
        with pytest.raises(BadInputError, match=r"^[^\n]*$"):
            assert open_data(folder).fingerprint


def test_separate_files_are_watched_like_the_table(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", noise(2))
    rows = [{"bytes": None, "path": "x.png"}, {"bytes": encoded(picture(noise(2)[1])), "path": None}]
    (folder / "x.png").write_bytes(encoded(picture(noise(2)[0])))
    with pa.ipc.new_stream(str(folder / "data-00000-of-00001.arrow"), pa.table({"image": rows}).schema) as out:
        out.write_table(pa.table({"image": rows}))
    data = open_data(folder)
    assert torch.equal(data.images(range(2)), torch.from_numpy(noise(2)))
    (folder / "x.png").write_bytes(encoded(picture(noise(3)[0])))
    assert "x.png changed after the data were opened" in data.changed()  # type: ignore[attr-defined]  # files have it


def test_a_name_of_a_column_that_is_damaged_ends_in_one_sentence(tmp_path: Path) -> None:
    file = save(tmp_path / "a", noise(2), caption=["", ""]) / "data-00000-of-00001.arrow"
    file.write_bytes(file.read_bytes().replace(b"caption", b"captio\xff"))
    with pytest.raises(BadInputError, match="expected a complete Arrow file, found damage"):
        open_data(tmp_path / "a")


def test_compressed_batches_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", noise(4), compression="zstd", text=["x" * 100_000] * 4)
    with pytest.raises(BadInputError, match="which must not be compressed"):
        open_data(folder)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("{", "expected a folder of save_to_disk, found damage"),
        ("[]", "expected a JSON object, found another value"),
        ("{}", "expected names of Arrow files, found None"),
        (json.dumps({"_data_files": [{"filename": "../b.arrow"}]}), "expected names of Arrow files, found .*b.arrow"),
        (json.dumps({"_data_files": [{"filename": ".."}]}), "expected names of Arrow files"),
        (json.dumps({"_data_files": [{"filename": "a\ud800"}]}), "expected names of Arrow files"),
        (json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}), "expected a regular file"),
    ],
)
def test_a_state_that_names_no_files_inside_is_refused(state: str, words: str, tmp_path: Path) -> None:
    folder = save(tmp_path / "a", noise(2))
    (folder / "state.json").write_text(state)
    (folder / "data-00000-of-00001.arrow").unlink()
    os.mkfifo(folder / "data-00000-of-00001.arrow")  # which would keep its reader waiting
    with pytest.raises(BadInputError, match=words):
        open_data(folder)
