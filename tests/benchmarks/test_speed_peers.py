"""FID, KID and IS of the same images by other packages, end to end, each on the weights that ours has.

The weights are random, in the layout that these packages share. Folders of PNG images are given, and numbers asked for.
The numbers agree, but for pytorch-fid's, whose way of resizing is another.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from pytest_benchmark.fixture import BenchmarkFixture

import ganbench
from ganbench.extractors.inception_network import Inception
from ganbench.extractors.untrained import filled
from tests.benchmarks.comparing import compare
from tests.benchmarks.test_speed_reading import photograph

COUNT, SIZE = 32, 64
DIVISOR = 1.5 / COUNT  # of covariances: N in ours, N - 1 in theirs
pytestmark = [pytest.mark.filterwarnings("ignore")]  # the peers' own warnings


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Return the weights, a folder of reals and one of samples."""
    folder = tmp_path_factory.mktemp("peers")
    with torch.device("meta"):
        network = Inception()
    torch.manual_seed(0)
    torch.save(filled(network).state_dict(), folder / "inception.pth")
    for side, name in enumerate(("reals", "samples")):
        (folder / name).mkdir()
        for index in range(COUNT):
            (folder / name / f"{index}.png").write_bytes(photograph(SIZE, side * COUNT + index))
    return folder / "inception.pth", folder / "reals", folder / "samples"


def ours(files: tuple[Path, Path, Path], *metrics: str) -> Callable[[], dict[str, float]]:
    """Return a call that measures the folder of samples."""
    weights, reals, samples = files
    names = [f"{metric}@{COUNT}" for metric in metrics]
    options: dict[str, Any] = {"data": reals, "benchmark": "stylegan3", "extractor": f"inception:{weights}"}
    return lambda: ganbench.measure(f"images:{samples}", names, **options)


def test_torch_fidelity(benchmark: BenchmarkFixture, files: tuple[Path, Path, Path]) -> None:
    package = pytest.importorskip("torch_fidelity")
    weights, reals, samples = files

    def theirs() -> Any:
        return package.calculate_metrics(
            input1=str(samples), input2=str(reals), cuda=False, fid=True, kid=True, isc=True, verbose=False,
            kid_subset_size=COUNT // 2, feature_extractor_weights_path=str(weights), save_cpu_ram=True, cache=False,
        )  # fmt: skip

    what = f"FID, KID and IS of {COUNT} and {COUNT} images of {SIZE} pixels in folders"
    found, other = compare(benchmark, what, ours(files, "fid", "kid", "is"), "torch-fidelity", theirs, rounds=2)
    assert found[f"fid@{COUNT}"] == pytest.approx(other["frechet_inception_distance"], rel=DIVISOR)
    assert found[f"is@{COUNT}_mean"] == pytest.approx(
        other["inception_score_mean"], rel=0.01
    )  # images in another order


def test_pytorch_fid(
    benchmark: BenchmarkFixture, files: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = pytest.importorskip("pytorch_fid.fid_score")
    weights, reals, samples = files
    monkeypatch.setattr("pytorch_fid.inception.load_state_dict_from_url", lambda *_, **__: torch.load(weights))
    paths = [str(samples), str(reals)]

    def theirs() -> Any:
        return package.calculate_fid_given_paths(paths, 16, "cpu", 2048, num_workers=0)

    compare(benchmark, f"FID of the same {COUNT} and {COUNT}", ours(files, "fid"), "pytorch-fid", theirs, rounds=2)


def test_clean_fid(benchmark: BenchmarkFixture, files: tuple[Path, Path, Path]) -> None:
    package = pytest.importorskip("cleanfid.fid")
    weights, reals, samples = files
    network = port(weights)
    device = torch.device("cpu")

    def theirs() -> Any:
        return package.compute_fid(
            str(samples), str(reals), custom_feat_extractor=network, device=device, num_workers=0, verbose=False
        )

    what = f"FID of the same {COUNT} and {COUNT}"
    found, other = compare(benchmark, what, ours(files, "fid"), "clean-fid", theirs, rounds=2)
    assert found[f"fid@{COUNT}"] == pytest.approx(float(other), rel=DIVISOR)


def test_torchmetrics(benchmark: BenchmarkFixture, files: tuple[Path, Path, Path]) -> None:
    package = pytest.importorskip("torchmetrics.image.fid")
    pytest.importorskip("torch_fidelity")
    weights, reals, samples = files

    def theirs() -> Any:
        metric = package.FrechetInceptionDistance(port(weights))
        for folder, real in ((reals, True), (samples, False)):
            for start in range(0, COUNT, 16):
                metric.update(torch.stack([pixels(folder / f"{start + i}.png") for i in range(16)]), real=real)
        return metric.compute()

    what = f"FID of the same {COUNT} and {COUNT}"
    found, other = compare(benchmark, what, ours(files, "fid"), "torchmetrics", theirs, rounds=2)
    assert found[f"fid@{COUNT}"] == pytest.approx(float(other), rel=DIVISOR)


def port(weights: Path) -> torch.nn.Module:
    """Return torch-fidelity's Inception, which gives features alone."""
    module = pytest.importorskip("torch_fidelity.feature_extractor_inceptionv3")
    network = module.FeatureExtractorInceptionV3("inception", ["2048"], feature_extractor_weights_path=str(weights))

    class Features(torch.nn.Module):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = network(images.to(torch.uint8))[0]
            return found

    return Features()


def pixels(path: Path) -> torch.Tensor:
    """Return an image, ``[3, H, W]`` uint8."""
    with Image.open(path) as image:
        flat = torch.frombuffer(bytearray(image.convert("RGB").tobytes()), dtype=torch.uint8)
        return flat.view(image.height, image.width, 3).permute(2, 0, 1)
