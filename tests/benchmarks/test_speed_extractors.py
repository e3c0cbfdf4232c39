"""Inception and VGG16 on a CPU against the packages of others, with the same random weights, in the same run.

``torch-fidelity`` and ``pytorch-fid`` for Inception, ``torchvision`` for VGG16: one thread each and turn by turn, so
that a busy machine slows all alike. ``times_as_fast_as_...`` is the median of the ratios of the turns, ``spread`` their
least and greatest. ``peak_mib`` is the most that a process with a batch of 8 images has had in memory, weights
included. ``pytest tests/benchmarks/test_speed_extractors.py -o addopts= --benchmark-only -s`` prints them.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from pytest_benchmark.fixture import BenchmarkFixture
from torch import Tensor

from ganbench.extractors import vgg16
from ganbench.extractors.inception import LEGACY_PYTORCH, InceptionExtractor
from ganbench.extractors.untrained import untrained
from tests.extractors import random_weights

IMAGES, TURNS = 8, 3
Function = Callable[[], Tensor]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Compute as a tile is computed."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def images(size: int) -> Tensor:
    return torch.randint(0, 256, (IMAGES, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def seconds(function: Function) -> float:
    started = time.perf_counter()
    function()
    return time.perf_counter() - started


@torch.inference_mode()
def hold_against(benchmark: BenchmarkFixture, ours: Function, others: Mapping[str, Function]) -> None:
    """Time both turn by turn; their outputs are the same within rounding."""
    expected = {name: other() for name, other in others.items()}
    found: Tensor = benchmark.pedantic(ours, rounds=1, warmup_rounds=1)  # type: ignore[no-untyped-call]
    ratios: dict[str, list[float]] = {name: [] for name in others}
    for _ in range(TURNS):
        own = seconds(ours)
        for name, other in others.items():
            ratios[name].append(seconds(other) / own)
    for name, features in expected.items():
        assert (found - features).norm() < 1e-3 * features.norm(), name
        turns = sorted(ratios[name])
        benchmark.extra_info[f"times_as_fast_as_{name}"] = round(turns[TURNS // 2], 2)
        benchmark.extra_info[f"spread_{name}"] = [round(turns[0], 2), round(turns[-1], 2)]
    benchmark.extra_info["peak_mib"] = peak_mib()
    print(benchmark.extra_info)


def peak_mib() -> int | None:
    """Return the most memory that this process has had, where the system tells."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    peaks = [int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM")]
    return peaks[0] if peaks else None


def inception(state: Mapping[str, Tensor], **preparation: Any) -> InceptionExtractor:
    loaded = untrained("inception")
    assert isinstance(loaded, InceptionExtractor)
    loaded.module.load_state_dict(state)
    return InceptionExtractor("inception", "random", loaded.module, **preparation).to("cpu")


def test_inception_against_torch_fidelity(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    package = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    state = random_weights.inception(num_classes=1008, aux_logits=False).state_dict()
    torch.save(state, tmp_path / "weights.pth")
    theirs = package.FeatureExtractorInceptionV3("inception", ["2048"], str(tmp_path / "weights.pth"))
    ours, x = inception(state), images(64)
    hold_against(benchmark, lambda: ours(x)["features"], {"torch-fidelity": lambda: theirs(x)[0]})


def test_inception_against_pytorch_fid(benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("pytorch_fid.inception")
    state = random_weights.inception(num_classes=1008, aux_logits=False).state_dict()
    monkeypatch.setattr(package, "load_state_dict_from_url", lambda *_, **__: state)
    theirs = package.InceptionV3().eval()
    ours, x = inception(state, preparation=LEGACY_PYTORCH), images(64)
    hold_against(benchmark, lambda: ours(x)["features"], {"pytorch-fid": lambda: theirs(x / 255)[0].flatten(1)})


def test_vgg16_against_torchvision(benchmark: BenchmarkFixture) -> None:
    with torch.device("meta"):
        whole = torchvision.models.vgg16(init_weights=False)
    whole.load_state_dict(random_weights.whole_vgg16(), assign=True)
    trunk = vgg16.second_layer(whole.eval())
    ours, x = vgg16.Vgg16Extractor("vgg16", "random", trunk).to("cpu"), images(224)
    hold_against(benchmark, lambda: ours(x)["features"], {"torchvision": lambda: trunk(vgg16.normalised(x.float()))})
