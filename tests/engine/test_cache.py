"""Finished shards: named by everything that changes their numbers, whole or absent, checked on reading."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ganbench.engine.cache import Cache, shard_key
from ganbench.engine.plan import Query
from ganbench.errors import BadInputError
from ganbench.inputs import Features, Moments, PathPairs, Reals, Rows, Samples
from tests.subjects import measure, plan


@pytest.fixture
def context() -> Any:
    return plan(["fid@20"]).context


def key(context: Any, source: Any = Samples(), query: Query = Query(Features("pool"), Rows, 20), **place: int) -> str:  # noqa: B008 - both immutable
    return shard_key(source, query, context, **{"tile": 16, "start": 0, "stop": 20, **place})


def test_every_field_that_changes_a_number_changes_the_key(context: Any) -> None:
    """fid50k and fid50k_full, say, must never meet in one file."""
    other_extractor = dataclasses.replace(context, extractors={"pool": type("Other", (), {"sha256": "f" * 64})()})
    keys = [
        key(context),
        key(context, Samples(truncation_psi=0.7)),
        key(context, Samples(truncation_cutoff=2)),
        key(context, PathPairs("w", "end")),
        key(context, Reals()),
        key(context, query=Query(Features("pool", "probabilities"), Rows, 20)),
        key(context, query=Query(Features("pool"), Moments, 20)),
        key(context, tile=8),
        key(context, start=16),
        key(context, stop=19),
        key(dataclasses.replace(context, seed=1)),
        key(dataclasses.replace(context, weights_sha256="1" * 64)),
        key(dataclasses.replace(context, device="cuda")),
        key(other_extractor),
    ]
    assert len(set(keys)) == len(keys)


def test_reals_are_shared_by_all_models_and_seeds(context: Any) -> None:
    other = dataclasses.replace(context, seed=5, weights_sha256="2" * 64)
    assert key(context, Reals()) == key(other, Reals())


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Cache, str, Rows]:
    cache, rows = Cache(tmp_path), Rows()
    rows.update(torch.arange(12.0).reshape(4, 3))
    cache.write("ab" * 32, rows)
    return cache, "ab" * 32, rows


def test_a_shard_comes_back_as_it_was(stored: tuple[Cache, str, Rows]) -> None:
    cache, name, rows = stored
    read = cache.read(name, Rows)
    assert isinstance(read, Rows)
    assert torch.equal(read.rows(), rows.rows())
    assert cache.read("cd" * 32, Rows) is None


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "swap", "type"])
def test_a_damaged_shard_is_as_good_as_none(stored: tuple[Cache, str, Rows], damage: str) -> None:
    cache, name, _ = stored
    path = cache._path(name)
    data = path.read_bytes()
    if damage == "swap":  # a whole file, under another shard's name
        name = "ef" * 32
        cache._path(name).parent.mkdir()
        cache._path(name).write_bytes(data)
    elif damage == "type":  # one that numpy lacks
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        for tensor in [header[tensor] for tensor in header if tensor != "__metadata__"]:
            start, end = tensor["data_offsets"]
            tensor |= {"dtype": "F8_E5M2", "shape": [end - start]}
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + int.from_bytes(data[:8], "little") :])
    else:
        path.write_bytes({"cut": data[:-5], "flip": data[:-1] + bytes([data[-1] ^ 1]), "empty": b""}[damage])
    assert cache.read(name, Rows) is None


def test_a_damaged_shard_is_computed_again(tmp_path: Path) -> None:
    before = measure(plan(["fid@40", "ppl_wend@20"]), tmp_path)
    files = sorted(tmp_path.rglob("*.safetensors"))
    assert len(files) == 13 + 10 + 10 + 5, "blocks of reals, of features and the range of samples, and of distances"
    for path in files:
        path.write_bytes(path.read_bytes()[:-7])
    assert measure(plan(["fid@40", "ppl_wend@20"]), tmp_path) == before


def test_finished_shards_are_not_computed_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = measure(plan(["fid@40"]), tmp_path)
    monkeypatch.setattr(Samples, "draw", lambda *_: pytest.fail("samples were drawn again"))
    assert measure(plan(["fid@40"]), tmp_path) == before


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    rows = Rows()
    rows.update(torch.zeros(1, 1))
    with pytest.raises(
        BadInputError, match=r"expected room in the cache folder .*found none .No space left on device.*GANBENCH_CACHE"
    ):
        Cache(tmp_path).write("ab" * 32, rows)


def test_a_folder_in_the_place_of_a_shard_is_told(stored: tuple[Cache, str, Rows]) -> None:
    cache, name, rows = stored
    cache._path(name).unlink()
    cache._path(name).mkdir()
    assert cache.read(name, Rows) is None
    with pytest.raises(BadInputError, match=r"found a folder in its place: .*safetensors; remove it"):
        cache.write(name, rows)


def test_a_folder_that_cannot_be_written_is_told_before_work(tmp_path: Path) -> None:
    (tmp_path / "shards").write_text("a file in the way")
    with pytest.raises(BadInputError, match=r"expected a cache folder that can be written to.*GANBENCH_CACHE"):
        Cache(tmp_path / "shards").check_writable()


def test_checking_leaves_nothing_behind(tmp_path: Path) -> None:
    Cache(tmp_path / "cache" / "shards").check_writable()
    assert list(tmp_path.iterdir()) == []


def test_arrays_of_any_shape_and_type_survive(tmp_path: Path) -> None:
    moments = Moments()
    moments.update(torch.rand(5, 4, generator=torch.Generator().manual_seed(0)))
    Cache(tmp_path).write("ab" * 32, moments)
    read = Cache(tmp_path).read("ab" * 32, Moments)
    assert isinstance(read, Moments)
    assert read.count == 5
    np.testing.assert_array_equal(read.scatter.numpy(), moments.scatter.numpy())
