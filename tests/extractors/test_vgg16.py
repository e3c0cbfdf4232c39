"""VGG16's second fully connected layer and LPIPS, held against torchvision's network and the lpips package."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest
import torch
import torch.nn.functional as F
import torchvision
from torch import Tensor, nn

from ganbench import registry
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors import lpips, vgg16
from ganbench.images import resize
from ganbench.types import Extractor, PerceptualExtractor

Install = Callable[[ModuleType, Mapping[str, Tensor]], None]


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    """Random weights of VGG16 that take no memory: the large matrices are windows on one row of numbers."""
    random = torch.Generator().manual_seed(0)
    with torch.device("meta"):
        layout = torchvision.models.vgg16(init_weights=False).state_dict()
    state = {}
    for name, value in layout.items():
        shape = tuple(value.shape)
        if len(shape) == 2:
            row = torch.randn(sum(shape), generator=random) * (2 / shape[1]) ** 0.5
            state[name] = row.as_strided(shape, (1, 1))
        else:
            deviation = (2 / value[0].numel()) ** 0.5 if value.ndim > 1 else 0.1
            state[name] = torch.randn(shape, generator=random) * deviation
    return state


@pytest.fixture
def installed(install: Install, weights: dict[str, Tensor]) -> None:
    install(vgg16, weights)


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randint(0, 256, [2, 3, 48, 48], dtype=torch.uint8, generator=torch.Generator().manual_seed(1))


def by_formula(weights: dict[str, Tensor], x: Tensor) -> Tensor:
    """VGG16 of configuration D up to fc2, written out."""
    for index in (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28):
        x = F.relu(F.conv2d(x, weights[f"features.{index}.weight"], weights[f"features.{index}.bias"], padding=1))
        if index in (2, 7, 14, 21, 28):
            x = F.max_pool2d(x, 2)
    x = x.flatten(1)
    for index in (0, 3):
        x = F.relu(F.linear(x, weights[f"classifier.{index}.weight"], weights[f"classifier.{index}.bias"]))
    return x


@pytest.mark.usefixtures("installed")
class TestVgg16:
    def test_features_are_fc2_after_its_relu(self, weights: dict[str, Tensor], images: Tensor) -> None:
        found = vgg16.open_vgg16()(images)["features"]
        x = resize(images, 224, "tf1-bilinear") / 255
        x = (x - torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).reshape(
            3, 1, 1
        )
        expected = by_formula(weights, x)
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * expected.abs().max().item())
        assert found.shape == (2, 4096)
        assert 0.1 < (found > 0).float().mean() < 0.9

    def test_it_is_found_by_name_and_follows_the_protocol(self) -> None:
        found = registry.load("extractors", "vgg16")()
        assert isinstance(found, Extractor)
        assert found.layers == {"features": 4096}
        assert found.sha256 == vgg16.SHA256

    def test_grey_is_repeated(self) -> None:
        extractor = vgg16.open_vgg16()
        grey = torch.randint(0, 256, [1, 1, 20, 20], dtype=torch.uint8)
        assert torch.equal(extractor(grey)["features"], extractor(grey.expand(-1, 3, -1, -1))["features"])


@pytest.fixture
def official(weights: dict[str, Tensor]) -> nn.Module:
    """The lpips package's own distance, with its learned weights and our random backbone."""
    package = pytest.importorskip("lpips")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it still uses torchvision's old arguments
        distance = package.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    for part in (
        distance.net.slice1,
        distance.net.slice2,
        distance.net.slice3,
        distance.net.slice4,
        distance.net.slice5,
    ):
        part.load_state_dict({name: weights[f"features.{name}"] for name in part.state_dict()})
    return distance.requires_grad_(False)


@pytest.mark.usefixtures("installed")
class TestLpips:
    def test_squared_distance_of_embeddings_is_the_packages(self, official: nn.Module, images: Tensor) -> None:
        first = images.float()
        second = torch.cat([first[1:], (first[:1] * 0.9 + 3)])
        found = (lpips.open_lpips_vgg16().embed(first) - lpips.open_lpips_vgg16().embed(second)).square().sum(1)
        expected = official(first / 127.5 - 1, second / 127.5 - 1).flatten()
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
        assert found.min() > 1e-4

    def test_it_is_found_by_name_and_follows_the_protocol(self) -> None:
        found = registry.load("extractors", "lpips-vgg16")()
        assert isinstance(found, PerceptualExtractor)
        assert found.sha256 not in (vgg16.SHA256, lpips.LINEAR_SHA256)
        assert found(torch.zeros(1, 3, 32, 32, dtype=torch.uint8)) == {} == found.layers

    def test_float64_agrees(self, images: Tensor) -> None:
        single = lpips.open_lpips_vgg16()
        double = single.to("cpu", double=True).embed(images)
        assert double.dtype == torch.float64
        torch.testing.assert_close(single.embed(images.float()).double(), double, rtol=1e-3, atol=1e-5)

    def test_flat_images_give_finite_numbers(self) -> None:
        extractor = lpips.open_lpips_vgg16()
        for fill in (0, 255):
            assert torch.isfinite(extractor.embed(torch.full([1, 3, 32, 32], float(fill)))).all()

    def test_small_images_are_refused(self) -> None:
        with pytest.raises(BadInputError, match="16x16 pixels at least, not 8x8"):
            lpips.open_lpips_vgg16().embed(torch.zeros(1, 3, 8, 8))

    def test_another_version_of_the_learned_weights_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(lpips, "LINEAR_SHA256", "0" * 64)
        with pytest.raises(MissingWeightsError, match=r"vgg\.pth is not the file of LPIPS 0\.1"):
            lpips.open_lpips_vgg16()


@pytest.mark.parametrize("opened", [vgg16.open_vgg16, lpips.open_lpips_vgg16])
def test_missing_weights_name_file_address_checksum_and_folder(
    opened: Callable[[], Extractor], offline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MissingWeightsError) as caught:
        opened()
    for part in ("https://download.pytorch.org/models/vgg16-397923af.pth", "397923af8e79cdbb6a71", str(offline)):
        assert part in str(caught.value)
