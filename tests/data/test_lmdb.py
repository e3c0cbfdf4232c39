"""Images in LMDBs, as LSUN is published."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from ganbench.data.lmdb_images import Lmdb
from ganbench.data.preparing import Geometry, prepare
from ganbench.data.raw_images import RawImages, open_raw
from ganbench.errors import BadInputError
from tests.data.image_sets import encoded, noise, picture

lmdb = pytest.importorskip("lmdb", reason="the extra ganbench[lmdb] is not installed")


def write(path: Path, values: Sequence[bytes]) -> Path:
    with lmdb.open(str(path), map_size=2**22) as database, database.begin(write=True) as transaction:
        for index, value in enumerate(values):
            transaction.put(f"{index:040x}".encode(), value)
    return path


def pictures(images: np.ndarray) -> list[bytes]:
    return [encoded(picture(image), "WEBP", lossless=True) for image in images]


def test_values_are_images_in_the_order_of_their_keys(tmp_path: Path) -> None:
    images = noise(12)
    source = open_raw(write(tmp_path / "cat_lmdb", pictures(images)))
    assert source.labels is None
    assert list(source.names) == [f"{index:040x}" for index in range(12)]
    assert all(torch.equal(source.image(index), torch.from_numpy(images[index])) for index in (11, 0, 5))
    assert prepare(source, tmp_path / "a.zip", Geometry((8, 8)), workers=3).count == 12


def test_a_file_of_data_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a", pictures(noise(2)))
    assert len(open_raw(path / "data.mdb").names) == 2


@pytest.mark.parametrize("length", [0, 100, 5000, 8192, 20_000])
def test_a_file_that_is_cut_short_is_refused(tmp_path: Path, length: int) -> None:
    path = write(tmp_path / "a", pictures(noise(20, 32)))
    (path / "data.mdb").write_bytes((path / "data.mdb").read_bytes()[:length])
    with pytest.raises(BadInputError, match=r"expected a complete LMDB, found damage|found none"):
        open_raw(path)


def test_damage_of_any_kind_ends_in_one_sentence(tmp_path: Path) -> None:
    path = write(tmp_path / "a", pictures(noise(20, 32)))
    raw, random = (path / "data.mdb").read_bytes(), np.random.default_rng(0)
    for _ in range(8):
        damaged = np.frombuffer(raw, np.uint8).copy()
        pages = damaged.reshape(-1, 4096)
        pages[2:, :64] = random.integers(0, 256, pages[2:, :64].shape, np.uint8)  # headers of pages
        (path / "data.mdb").write_bytes(damaged.tobytes())
        with pytest.raises(BadInputError, match=r"^[^\n]*$"):
            read(open_raw(path))


def read(source: RawImages) -> None:
    for index in range(len(source.names)):
        source.image(index)


def test_keys_that_read_alike_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with lmdb.open(str(path), map_size=2**24) as store, store.begin(write=True) as change:
        for key in (b"a\\xff", b"a\xff"):
            change.put(key, pictures(noise(1))[0])
    with pytest.raises(BadInputError, match="expected keys that differ as text"):
        open_raw(path)


def test_what_is_no_image_is_named_by_its_key(tmp_path: Path) -> None:
    source = open_raw(write(tmp_path / "a", [b"text"]))
    with pytest.raises(BadInputError, match="0000 cannot be read as an image"):
        source.image(0)


def test_the_process_that_reads_ends_with_the_images(tmp_path: Path) -> None:
    images = Lmdb(write(tmp_path / "a", pictures(noise(1))))
    reader = images._reader
    del images
    assert reader.poll() is not None
