"""What a GPU computes against what a CPU does: images, features and whole runs.

float32 on both, without TF32. The bounds are a few times float32's rounding through the layers of a network.
"""

from pathlib import Path

import pytest
import torch

import ganbench
from baselines.ops.fused import implementation
from ganbench import registry
from ganbench.engine.modes import exact_float32
from ganbench.extractors.untrained import untrained

GENERATORS = ("progan", "stylegan1", "stylegan2", "stylegan3")
TRANSLATORS = ("cyclegan", "pix2pix", "stargan", "starganv2")
IMAGES = torch.randint(256, [4, 3, 64, 64], dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def assert_near(found: torch.Tensor, expected: torch.Tensor, bound: float) -> None:
    """The difference is small against the expected values, in the root mean square."""
    assert found.device.type == "cuda"
    error = (found.cpu().double() - expected.double()).norm() / expected.double().norm()
    assert float(error) <= bound


@pytest.mark.parametrize("name", GENERATORS)
@torch.no_grad()
def test_images_of_a_generator(name: str) -> None:
    cpu, cuda = ganbench.load_model(name), ganbench.load_model(name, device="cuda")
    z = torch.randn(4, cpu.z_dim, generator=torch.Generator().manual_seed(1))
    expected = cpu(z, None)
    with exact_float32():
        assert_near(cuda(z.cuda(), None), expected, 1e-5)
        with implementation("reference"):
            assert_near(cuda(z.cuda(), None), expected, 1e-5)


@pytest.mark.parametrize("name", TRANSLATORS)
@torch.no_grad()
def test_images_of_a_translator(name: str) -> None:
    cpu, cuda = ganbench.load_model(name), ganbench.load_model(name, device="cuda")
    x = torch.rand(4, 1, 32, 32, generator=torch.Generator().manual_seed(1)) * 2 - 1
    style = None
    if name == "starganv2":
        style = torch.randn(4, cpu.style_dim, generator=torch.Generator().manual_seed(2))
    target = cpu.domains[1]
    with exact_float32():
        found = cuda.translate(x.cuda(), target, None if style is None else style.cuda())
    assert_near(found, cpu.translate(x, target, style), 2e-5)


@pytest.mark.parametrize("name", ["digits", "inception", "inception-torchvision", "vgg16", "lpips-vgg16", "lpips-alex"])
@torch.no_grad()
def test_features_of_an_extractor(name: str) -> None:
    cpu = registry.load("extractors", "digits")() if name == "digits" else untrained(name)
    cuda = cpu.to("cuda")
    images = IMAGES[:, :1, :32, :32] if name == "digits" else IMAGES
    with exact_float32():
        found = cuda(images.cuda()) if not name.startswith("lpips") else {"map": cuda.embed(images.cuda().float())}
    expected = cpu(images) if not name.startswith("lpips") else {"map": cpu.embed(images.float())}
    assert found.keys() == expected.keys()
    for layer in expected:
        assert_near(found[layer], expected[layer], 1e-4)


@pytest.mark.parametrize("model", ["stylegan2", "stylegan3"])
def test_numbers_of_a_run(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = "fid50k,kid50k,pr50k3,ppl" + (",eqt" if model == "stylegan3" else "")

    def values(device: str, batch_size: int) -> dict[str, float]:
        monkeypatch.setenv("GANBENCH_CACHE", str(tmp_path / f"{device}-{batch_size}"))
        (record,) = ganbench.run(
            model, metrics, limit=1200, device=device, batch_size=batch_size, results_dir=tmp_path / device
        )
        assert not record.missing
        return {result.key: result.value for result in record.results}

    cpu, cuda, again = values("cpu", 64), values("cuda", 64), values("cuda", 50)
    assert cuda == pytest.approx(cpu, rel=2e-3)
    assert again == pytest.approx(cuda, rel=1e-3)
