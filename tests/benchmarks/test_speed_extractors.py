"""Inception, VGG16 and LPIPS on a CPU against the packages of others, with the same random weights, in the same run.

One thread each and turn by turn, by the time of the processor, which other work on the machine changes little. Memory
is the peak of a process with one network and a batch of 8 images, weights included.
``pytest tests/benchmarks/test_speed_extractors.py -o addopts= --benchmark-only -s`` prints them.
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

from ganbench.extractors import alexnet, lpips, vgg16
from ganbench.extractors.inception import LEGACY_PYTORCH, InceptionExtractor
from ganbench.extractors.untrained import untrained
from ganbench.images import to_float
from ganbench.inputs.perceptual import pair_distances
from tests.benchmarks.comparing import bound, child, compare, shown_mib
from tests.extractors import random_weights

IMAGES, PAIRS = 8, 4
PEAKS = """
import sys, torch
from ganbench.extractors.untrained import untrained
torch.set_num_threads(1)
extractor, size = untrained(sys.argv[1]).to("cpu"), int(sys.argv[2])
images = torch.randint(0, 256, (8, 3, size, size), dtype=torch.uint8)
with torch.inference_mode():
    extractor.distances(*images.chunk(2)) if "lpips" in sys.argv[1] else extractor(images)
"""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Compute as a tile is computed."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield
    torch.set_num_threads(before)


def images(size: int, count: int = IMAGES) -> Tensor:
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def hold_against(
    benchmark: BenchmarkFixture, what: str, ours: Callable[[], Tensor], package: str, theirs: Callable[[], Tensor]
) -> None:
    """Time both turn by turn; their outputs are the same within rounding."""
    found, expected = compare(benchmark, what, ours, package, theirs, clock=time.process_time)
    assert (found - expected).norm() < 1e-5 * expected.norm()
    print(benchmark.extra_info)


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
    what = f"Inception on {IMAGES} images of 64 pixels, one thread"
    hold_against(benchmark, what, lambda: ours(x)["features"], "torch-fidelity", lambda: theirs(x)[0])


def test_inception_against_pytorch_fid(benchmark: BenchmarkFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    package = pytest.importorskip("pytorch_fid.inception")
    state = random_weights.inception(num_classes=1008, aux_logits=False).state_dict()
    monkeypatch.setattr(package, "load_state_dict_from_url", lambda *_, **__: state)
    theirs = package.InceptionV3().eval()
    ours, x = inception(state, preparation=LEGACY_PYTORCH), images(64)
    what = f"Inception on {IMAGES} images of 64 pixels, one thread"
    hold_against(benchmark, what, lambda: ours(x)["features"], "pytorch-fid", lambda: theirs(x / 255)[0].flatten(1))


def test_vgg16_against_torchvision(benchmark: BenchmarkFixture) -> None:
    with torch.device("meta"):
        whole = torchvision.models.vgg16(init_weights=False)
    whole.load_state_dict(random_weights.whole_vgg16(), assign=True)
    trunk = vgg16.second_layer(whole.eval())
    ours, x = vgg16.Vgg16Extractor("vgg16", "random", trunk).to("cpu"), images(224)
    what = f"VGG16 on {IMAGES} images of 224 pixels, one thread"
    hold_against(
        benchmark, what, lambda: ours(x)["features"], "torchvision", lambda: trunk(vgg16.normalised(x.float()))
    )


@pytest.mark.filterwarnings("ignore")  # the package still uses torchvision's old arguments
@pytest.mark.parametrize("size", [64, 256])
@pytest.mark.parametrize("net", ["vgg", "alex"])
def test_lpips_against_its_package(benchmark: BenchmarkFixture, net: str, size: int) -> None:
    package = pytest.importorskip("lpips")
    module, trunk = {"vgg": (vgg16, lpips.VGG16), "alex": (alexnet, lpips.ALEXNET)}[net]
    theirs = package.LPIPS(net=net, pnet_rand=True, verbose=False).eval().requires_grad_(False)
    weights, backbone = random_weights.convolutions(module), lpips.Backbone(trunk)
    state = {f"weights.{i}": theirs.lins[i].model[1].weight.flatten() for i in range(len(trunk.taps))}
    backbone.load_state_dict(state | {name: weights[name] for name in backbone.state_dict() if name in weights})
    for number in range(1, 6):
        part = getattr(theirs.net, f"slice{number}")
        part.load_state_dict({name: weights[f"features.{name}"] for name in part.state_dict()})
    ours, x = lpips.LpipsExtractor("lpips", "random", backbone, trunk.smallest).to("cpu"), to_float(images(size))
    (first, second), what = x.chunk(2), f"LPIPS on {net}, {PAIRS} pairs of {size} pixels, one thread"
    hold_against(
        benchmark,
        what,
        lambda: pair_distances(ours, first, second),
        "lpips",
        lambda: theirs(first, second).flatten(),
    )


@pytest.mark.parametrize(
    ("name", "size", "most"),
    [("inception", 64, 1536), ("vgg16", 224, 3072), ("lpips-vgg16", 256, 1536), ("lpips-alex", 256, 1024)],
)
def test_memory(benchmark: BenchmarkFixture, name: str, size: int, most: float) -> None:
    peaks: list[float] = []
    benchmark.pedantic(lambda: peaks.append(child(PEAKS, name, str(size))["mib"]), rounds=1)
    bound(benchmark, f"memory of {name} on {IMAGES} images of {size} pixels, with PyTorch", peaks, most, shown_mib)
    print(benchmark.extra_info)
