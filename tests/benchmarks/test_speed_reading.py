"""Reading PNG files at 256 and 1024 pixels: by threads, as measurements do, and by workers, as training does.

Both are held against a plain ``torch.utils.data.DataLoader`` over the same files, with as many workers as there are
cores, in the same run; ``times_one_by_one`` is the gain over a single core. ``images_per_second`` and the ratios are in
``extra_info``: ``pytest tests/benchmarks/test_speed_reading.py -o addopts= --benchmark-only --benchmark-json FILE``.
"""

import io
import os
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

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

COUNTS = {256: 192, 1024: 24}  # images, by their size
BATCH = {256: 32, 1024: 8}
ROUNDS = 3


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


def seconds(function: Callable[[], Any]) -> float:
    """Return the least time that a function takes."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        function()
        times.append(time.perf_counter() - started)
    return min(times)


def by_data_loader(path: Path, batch: int) -> Tensor:
    return torch.cat(list(DataLoader(Plain(path), batch, num_workers=cores())))


def told(benchmark: BenchmarkFixture, count: int, loader: float, alone: float) -> None:
    ours = benchmark.stats.stats.min
    benchmark.extra_info |= {
        "cores": cores(),
        "images_per_second": round(count / ours, 1),
        "times_as_fast_as_a_data_loader": round(loader / ours, 2),
        "times_one_by_one": round(alone / ours, 2),
    }


def test_images_for_a_measurement(benchmark: BenchmarkFixture, files: tuple[int, Path]) -> None:
    size, path = files
    data, batch = open_data(path), BATCH[size]
    context = Context(None, "", data, {}, 0, "cpu")
    tiles = [tuple(range(start, start + batch)) for start in range(0, len(data), batch)]

    def read() -> Tensor:
        with ThreadPoolExecutor(cores()) as readers:
            ahead = Ahead(readers, Reals(), context, tiles)
            return torch.cat([ahead.take()["image"] for _ in tiles])

    found = benchmark.pedantic(read, rounds=ROUNDS, warmup_rounds=1)
    assert torch.equal(found, by_data_loader(path, batch))
    alone = seconds(lambda: [data.images(tile) for tile in tiles])
    told(benchmark, len(data), seconds(lambda: by_data_loader(path, batch)), alone)


def test_images_for_training(benchmark: BenchmarkFixture, files: tuple[int, Path]) -> None:
    size, path = files
    batches = Batches(Pictures(open_data(path)), None, BATCH[size], 0, mirror=True)
    steps = range(COUNTS[size] // BATCH[size])

    def read() -> int:
        with loaded(batches, steps, cores(), "cpu") as ahead:
            return sum(len(batch.real) for batch in ahead)

    assert benchmark.pedantic(read, rounds=ROUNDS, warmup_rounds=1) == COUNTS[size]
    alone = seconds(lambda: [batches.draw(step) for step in steps])
    told(benchmark, COUNTS[size], seconds(lambda: by_data_loader(path, BATCH[size])), alone)
