"""StarGAN v2's Inception with random weights, held against torchvision's network called block by block."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from ganbench import registry
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors import inception_torchvision
from ganbench.extractors.inception_torchvision import InceptionTorchvisionExtractor
from ganbench.types import Extractor
from tests.extractors import random_weights

Install = Callable[[ModuleType, Mapping[str, Tensor]], None]


@pytest.fixture(scope="module")
def reference() -> nn.Module:
    """The whole network as published, with both classifiers, and random weights that keep every layer alive."""
    return random_weights.inception(transform_input=True)


@pytest.fixture
def extractor(install: Install, reference: nn.Module) -> InceptionTorchvisionExtractor:
    install(inception_torchvision, reference.state_dict())
    return inception_torchvision.open_inception_torchvision()


def block_by_block(network: nn.Module, x: Tensor) -> Tensor:
    names = """1a_3x3 2a_3x3 2b_3x3 pool 3b_1x1 4a_3x3 pool
    5b 5c 5d 6a 6b 6c 6d 6e 7a 7b 7c""".split()
    for name in names:
        kind = "Conv2d" if "x" in name else "Mixed"
        x = F.max_pool2d(x, 3, 2) if name == "pool" else getattr(network, f"{kind}_{name}")(x)
    return x.mean((2, 3))


def test_features_are_those_of_the_blocks_on_a_pillow_resized_image(
    extractor: InceptionTorchvisionExtractor, reference: nn.Module
) -> None:
    image = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    found = extractor(torch.from_numpy(image).permute(2, 0, 1)[None])["features"]
    large = np.asarray(Image.fromarray(image).resize((299, 299), Image.Resampling.BILINEAR)) / 255
    x = (large - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    expected = block_by_block(reference, torch.from_numpy(x).permute(2, 0, 1)[None].float())
    assert found.shape == (1, 2048)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-4 * expected.abs().max().item())
    assert expected.std() > 0.01


def test_it_is_found_by_name_and_follows_the_protocol(extractor: InceptionTorchvisionExtractor) -> None:
    found = registry.load("extractors", "inception-torchvision")()
    assert isinstance(found, Extractor)
    assert (found.name, found.sha256) == ("inception-torchvision", inception_torchvision.SHA256)
    assert found.layers == {"features": 2048}
    assert not any(value.is_meta for value in found.module.state_dict().values())
    assert found.to("cpu", float64=True).module.Mixed_7c.branch_pool.conv.weight.dtype == torch.float64


def test_four_channels_are_refused(extractor: InceptionTorchvisionExtractor) -> None:
    with pytest.raises(BadInputError, match=r"expected images .* for the extractor 'inception-torchvision'"):
        extractor(torch.zeros(1, 4, 16, 16, dtype=torch.uint8))


def test_missing_weights_name_file_address_checksum_and_folder(
    offline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MissingWeightsError) as caught:
        inception_torchvision.open_inception_torchvision()
    for part in (inception_torchvision.URL, "0cc3c7bd75056d25e46c", str(offline)):
        assert part in str(caught.value)
