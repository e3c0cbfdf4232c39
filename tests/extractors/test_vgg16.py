"""VGG16's second fully connected layer, held against the network written out."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from ganbench import registry
from ganbench.errors import MissingWeightsError
from ganbench.extractors import vgg16
from ganbench.images import resize
from ganbench.types import Extractor
from tests.extractors import random_weights

Install = Callable[[ModuleType, Mapping[str, Tensor]], None]


@pytest.fixture(scope="module")
def weights() -> dict[str, Tensor]:
    return random_weights.whole_vgg16()


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


def test_missing_weights_name_file_address_checksum_and_folder(
    offline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MissingWeightsError) as caught:
        vgg16.open_vgg16()
    for part in ("https://download.pytorch.org/models/vgg16-397923af.pth", "397923af8e79cdbb6a71", str(offline)):
        assert part in str(caught.value)
