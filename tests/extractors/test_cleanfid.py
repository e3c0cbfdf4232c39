"""clean-fid's modes: its resizers by their formulas and by the package, and its features by the package."""

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import toygan
from numpy.typing import NDArray
from torch import Tensor

import ganbench
from ganbench.errors import PlanError
from ganbench.extractors.opening import open_extractor
from ganbench.images import ResizeMethod, resize
from ganbench.inputs import Batch, Features
from tests.extractors.scripted_inception import Scripted
from tests.subjects import plan

MODES: dict[str, ResizeMethod] = {"clean": "clean-bicubic", "legacy_pytorch": "torch-bilinear"}


def images(size: int, width: int | None = None, count: int = 1) -> Tensor:
    """Black and white blots: what overshoots where a filter has negative lobes."""
    random = np.random.default_rng(0)
    blots = random.integers(0, 2, [count, 3, size, width or size]) * 255
    return torch.from_numpy(np.where(random.random(blots.shape) < 0.5, blots, 128).astype(np.uint8))


def cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Keys' kernel with a = -1/2, which Pillow takes."""
    x = np.abs(x)
    return np.where(x < 1, 1.5 * x**3 - 2.5 * x**2 + 1, np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))


def antialiased(length: int, size: int) -> NDArray[np.float64]:
    """Return the ``[size, length]`` weights of a bicubic filter that widens as the image shrinks."""
    scale = length / size
    centres = (np.arange(size) + 0.5) * scale
    weights = cubic((np.arange(length) + 0.5 - centres[:, None]) / max(scale, 1))
    return weights / weights.sum(1, keepdims=True)


def half_pixel(length: int, size: int) -> NDArray[np.float64]:
    """Return the ``[size, length]`` weights of linear interpolation between the centres of pixels."""
    positions = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
    return np.maximum(0, 1 - np.abs(np.arange(length) - positions[:, None]))


@pytest.mark.parametrize("size", [(40, 64), (299, 299), (500, 311), (1024, 1024)])
def test_the_resizers_are_their_formulas(size: tuple[int, int]) -> None:
    given = images(*size)
    for method, weights in (("clean-bicubic", antialiased), ("torch-bilinear", half_pixel)):
        rows, columns = weights(size[0], 299), weights(size[1], 299)
        expected = rows @ given.numpy().astype(float) @ columns.T
        if method == "clean-bicubic" and size == (40, 64):
            assert max(expected.max() - 255, -expected.min()) > 10, "there is something to clip"
        found = resize(given, 299, method)  # type: ignore[arg-type]
        assert found.dtype == torch.float32
        np.testing.assert_allclose(found.numpy(), expected.clip(0, 255), atol=0.03)  # PyTorch's positions are float32


@contextlib.contextmanager
def package() -> Iterator[None]:
    """Let the package be outdated, and say what it likes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("size", [(40, 64), (600, 512)])
@pytest.mark.parametrize("mode", MODES)
def test_the_resizers_are_the_packages(mode: str, size: tuple[int, int]) -> None:
    with package():
        module = pytest.importorskip("cleanfid.resize", reason="clean-fid is not installed")
        resizer = module.build_resizer(mode)
        given = images(*size)
        expected = resizer(given[0].permute(1, 2, 0).numpy())
    np.testing.assert_array_equal(resize(given, 299, MODES[mode])[0].permute(1, 2, 0).numpy(), expected)


def test_clean_features_are_the_packages(scripted: tuple[Path, Scripted]) -> None:
    path, given = scripted[0], images(64, count=2)
    with package():
        resizer = pytest.importorskip("cleanfid.resize", reason="clean-fid is not installed").build_resizer("clean")
        network = pytest.importorskip("cleanfid.inception_torchscript").InceptionV3W(str(path.parent), download=False)
        prepared = torch.stack([torch.from_numpy(resizer(one.permute(1, 2, 0).numpy())) for one in given])
        expected = network(prepared.permute(0, 3, 1, 2)).detach()
    found = open_extractor(f"inception-clean:{path}")(given)["features"]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())
    plain = open_extractor(f"inception:{path}")(given)["features"]
    assert (found - plain).abs().max() > 1e-2 * expected.abs().max(), "the modes differ"


def test_legacy_pytorch_features_are_the_packages(
    scripted: tuple[Path, Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    given, ours = images(64, count=2), open_extractor(f"inception-legacy-pytorch:{scripted[0]}")
    with package():
        package_module = pytest.importorskip("cleanfid.inception_pytorch", reason="clean-fid is not installed")
        state = ours.module.state_dict()  # type: ignore[attr-defined]  # a network of ours
        monkeypatch.setattr(package_module, "load_state_dict_from_url", lambda *arguments, **options: state)
        network = package_module.InceptionV3(output_blocks=[3], resize_input=False).eval()
        resizer = pytest.importorskip("cleanfid.resize").build_resizer("legacy_pytorch")
        prepared = torch.stack([torch.from_numpy(resizer(one.permute(1, 2, 0).numpy())) for one in given])
        expected = network(prepared.permute(0, 3, 1, 2) / 255)[0].squeeze(-1).squeeze(-1).detach()
    found = ours(given)["features"]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4 * expected.abs().max().item())


def test_a_clean_resize_reaches_the_extractor_unrounded(scripted: tuple[Path, Scripted]) -> None:
    """The benchmark's way, a resize before the extractor, gives the numbers of the extractor's own."""
    made = plan(["fid@2"], data=toygan.Stripes())
    names = [f"{name}:{scripted[0]}" for name in ("inception", "inception-clean")]
    made.context.extractors.update({name: open_extractor(name) for name in names})  # type: ignore[attr-defined]
    batch = Batch(made.passes[0].source, made.context, (0, 1))
    before = batch.of(Features(names[0], resize="clean-bicubic"))
    assert torch.equal(before, batch.of(Features(names[1])))
    assert not torch.equal(before, batch.of(Features(names[0])))


def test_the_benchmark_is_clean_and_divides_by_n_less_one() -> None:
    with pytest.raises(PlanError, match="inception-2015-12-05"):  # it wants the official weights, which are not here
        ganbench.measure(toygan.Waves(), ["fid@20"], benchmark="cleanfid", data="stripes")
    from ganbench import registry

    benchmark = registry.load("benchmarks", "cleanfid")
    assert benchmark.fields == {"ddof": 1, "quantiser": None, "resize": "clean-bicubic"}
    assert benchmark.metrics == ("fid50k_full", "kid50k_full")
