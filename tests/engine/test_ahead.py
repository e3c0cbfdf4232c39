"""Images read by threads ahead of a GPU: the numbers are those of reading them one tile after the other."""

import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch

from ganbench.data import open_data
from ganbench.engine import ahead
from ganbench.engine.ahead import Ahead
from ganbench.engine.shards import Worker
from ganbench.errors import BadInputError
from ganbench.inputs import Reals
from ganbench.inputs.image_pairs import RealPairs
from tests.data.image_sets import members, noise, write_folder, write_zip
from tests.subjects import plan

COUNT = 37  # the last tile is not full


@pytest.fixture(params=["folder", "zip"])
def data(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "zip":
        return open_data(write_zip(tmp_path / "a.zip", members(noise(COUNT, 32))))
    return open_data(write_folder(tmp_path / "set", noise(COUNT, 32)))


def rows(data: Any, **options: Any) -> list[dict[str, Any]]:
    """Return the states of what a pass over the reals fills."""
    built = plan(["fid@20"], data=data)
    (pass_,) = (each for each in built.passes if each.source == Reals())
    with Worker(built.context, 8, **options) as worker:
        found = worker.shard(pass_.source, pass_.queries, 0, COUNT, lambda _: None)
    return [dict(each.state()) for each in found]


@pytest.mark.parametrize("readers", [1, 3])
def test_any_number_of_readers_gives_the_same_bits(data: Any, readers: int) -> None:
    expected, found = rows(data), rows(data, max_threads=1, readers=readers)
    assert len(found) == len(expected) > 0
    for one, other in zip(found, expected, strict=True):
        assert one.keys() == other.keys()
        assert all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize("source", [Reals(), RealPairs()])
def test_tiles_come_in_order_and_whole(data: Any, source: Any) -> None:
    context = plan(["fid@20"], data=data).context
    tiles = [(0, 1, 2, 3, 4, 5), (6, 36, 36, 36), (9,), (12, 11), (7, 8, 9)]
    with ThreadPoolExecutor(3) as readers:
        reading = Ahead(readers, source, context, tiles)
        for tile in tiles:
            found, expected = reading.take(), source.draw(context, tile)
            assert found.keys() == expected.keys()
            assert all(torch.equal(found[name], expected[name]) for name in expected)


def test_no_more_is_read_than_a_few_tiles_ahead(data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read, images = [], type(data).images
    monkeypatch.setattr(type(data), "images", lambda self, indices: read.extend(indices) or images(self, indices))
    with ThreadPoolExecutor(2) as readers:
        reading = Ahead(readers, Reals(), plan(["fid@20"], data=data).context, [(i, i) for i in range(COUNT)])
        for taken in range(1, 10):
            reading.take()
            assert len(read) <= 2 * (taken - 1 + ahead.TILES)


def test_a_file_that_breaks_is_named_and_no_thread_stays(tmp_path: Path) -> None:
    data = open_data(write_folder(tmp_path / "set", noise(COUNT, 32)))
    assert data.fingerprint
    bad = tmp_path / "set" / "00004" / "img00000013.png"
    bad.write_bytes(bad.read_bytes()[:70])
    before = threading.active_count()
    with pytest.raises(BadInputError, match=f"^{bad} cannot be decoded .*: replace it or remove it.$"):
        rows(data, max_threads=1, readers=3)
    assert threading.active_count() == before


def test_images_for_a_gpu_are_pinned(data: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = []
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda self: pinned.append(self.shape) or self)
    context = plan(["fid@20"], data=data).context
    with ThreadPoolExecutor(1) as readers:
        for device in ("cpu", "cuda:1"):
            Ahead(readers, Reals(), dataclasses.replace(context, device=device), [(0, 1)]).take()
    assert pinned == [(2, 3, 32, 32)]


def test_on_a_cpu_nothing_is_read_ahead_as_every_core_decodes_what_it_computes(data: Any) -> None:
    with Worker(plan(["fid@20"], data=data).context, 8) as worker:
        assert worker.readers is None
