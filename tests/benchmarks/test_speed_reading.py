"""Reading PNG files at 256 and 1024 pixels: by threads, as measurements do, and by workers, as training does.

Both are held against a plain ``torch.utils.data.DataLoader`` over the same files, with as many workers as there are
cores, in the same run.
"""

import hashlib
import io
import os
import shutil
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor
from torch.utils.data import DataLoader

from baselines.training.data import Batches
from baselines.training.loading import loaded
from ganbench.data import open_data
from ganbench.engine.ahead import Ahead
from ganbench.engine.shards import cores
from ganbench.inputs import Context, Reals
from ganbench.models.training import Pictures
from tests.benchmarks.comparing import bound, compare, shown_seconds

COUNTS = {256: 512, 1024: 48}  # images, by their size
BATCH = {256: 32, 1024: 8}
LOADER = "a DataLoader"
MANY = 10_000


def photograph(size: int, seed: int) -> bytes:
    """Return the PNG of smooth shapes with noise, which packs about as badly as photographs."""
    draws = np.random.default_rng(seed)
    shapes = Image.fromarray(draws.integers(0, 256, [16, 16, 3], dtype=np.uint8)).resize((size, size))
    noisy = np.asarray(shapes) + draws.normal(0, 4, [size, size, 3]).round()
    content = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(content, "PNG")
    return content.getvalue()


@pytest.fixture(scope="module", params=["256-zip", "256-folder", "1024-zip", "1024-folder"])
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[int, Path]:
    """Return size and place of the images."""
    size, kind = int(request.param.split("-")[0]), request.param.split("-")[1]
    path = tmp_path_factory.mktemp(request.param) / "set"
    contents = {f"{index:05d}.png": photograph(size, index) for index in range(COUNTS[size])}
    if kind == "zip":
        with zipfile.ZipFile(path.with_suffix(".zip"), "w") as archive:
            for name, content in contents.items():
                archive.writestr(name, content)
        return size, path.with_suffix(".zip")
    path.mkdir()
    for name, content in contents.items():
        (path / name).write_bytes(content)
    return size, path


class Plain(torch.utils.data.Dataset[Tensor]):
    """The files as the official programs read them: opened by Pillow, turned into a tensor, one image an item."""

    def __init__(self, path: Path) -> None:
        self.path, self.archives = path, dict[int, zipfile.ZipFile]()
        self.names = zipfile.ZipFile(path).namelist() if path.suffix == ".zip" else sorted(os.listdir(path))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Tensor:
        if self.path.suffix != ".zip":
            with (self.path / self.names[index]).open("rb") as file:
                return torch.from_numpy(np.array(Image.open(file)).transpose(2, 0, 1).copy())
        archive = self.archives.setdefault(os.getpid(), zipfile.ZipFile(self.path))
        with archive.open(self.names[index]) as file:
            return torch.from_numpy(np.array(Image.open(file)).transpose(2, 0, 1).copy())


def by_data_loader(path: Path, batch: int) -> Tensor:
    return torch.cat(list(DataLoader(Plain(path), batch, num_workers=cores())))


def test_images_for_a_measurement(benchmark: BenchmarkFixture, files: tuple[int, Path]) -> None:
    size, path = files
    data, batch = open_data(path), BATCH[size]
    context = Context(None, "", data, {}, 0, "cpu")
    tiles = [tuple(range(start, start + batch)) for start in range(0, len(data), batch)]

    def read() -> Tensor:
        with ThreadPoolExecutor(cores()) as readers:
            ahead = Ahead(readers, Reals(), context, tiles)
            return torch.cat([ahead.take()["image"] for _ in tiles])

    what = f"reading {len(data)} PNG of {size} pixels in a {kind_of(path)}, by threads"
    found, expected = compare(benchmark, what, read, LOADER, lambda: by_data_loader(path, batch))
    assert torch.equal(found, expected)


def test_images_for_training(benchmark: BenchmarkFixture, files: tuple[int, Path]) -> None:
    size, path = files
    batches = Batches(Pictures(open_data(path)), None, BATCH[size], 0)
    steps = range(COUNTS[size] // BATCH[size])

    def read() -> int:
        with loaded(batches, steps, cores(), "meta") as ahead:  # what a device makes of the bytes is not measured
            return sum(len(batch.real) for batch in ahead)

    what = f"batches for training of {COUNTS[size]} PNG of {size} pixels in a {kind_of(path)}"
    found, expected = compare(benchmark, what, read, LOADER, lambda: len(by_data_loader(path, BATCH[size])))
    assert found == expected == COUNTS[size]


@pytest.fixture
def many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of many small images, written an hour ago."""
    monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / "cache"))
    for index, pixels in enumerate(np.random.default_rng(0).integers(0, 256, [MANY, 32, 32], dtype=np.uint8)):
        path = tmp_path / "images" / f"{index:05d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(path, compress_level=1)
        os.utime(path, (path.stat().st_mtime - 3600,) * 2)
    return tmp_path / "images"


def test_fingerprint_of_many_images(benchmark: BenchmarkFixture, many: Path) -> None:
    """The first time every image is opened twice, for its header and for its pixels; afterwards files are only seen."""

    def ours() -> str:
        shutil.rmtree(many.parent / "cache", ignore_errors=True)
        return open_data(many).fingerprint

    def plain() -> int:
        content = hashlib.sha256()
        for name in sorted(os.listdir(many)):
            with Image.open(many / name) as image:
                content.update(np.asarray(image).data)
        return content.digest_size

    what = f"opening {MANY:,} images of 32 pixels in a folder, and their fingerprint"
    found, _ = compare(benchmark, what, ours, "plain loop of Pillow and sha256, without checks", plain, rounds=3)
    taken, again = [], ""
    for _ in range(3):
        started = time.perf_counter()
        again = open_data(many).fingerprint
        taken.append(time.perf_counter() - started)
    assert again == found
    bound(benchmark, "the same, the next time", taken, 1.0, shown_seconds)


def kind_of(path: Path) -> str:
    return "zip" if path.suffix else "folder"
