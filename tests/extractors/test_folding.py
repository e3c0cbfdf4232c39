"""Networks with folded normalisation against the same networks as they were loaded."""

import copy
from typing import Any

import pytest
import torch
from torch import nn

from ganbench.extractors.inception import InceptionExtractor
from ganbench.extractors.inception_torchvision import InceptionTorchvisionExtractor
from ganbench.extractors.untrained import untrained
from ganbench.types import PerceptualExtractor
from tests.extractors import random_weights


def off(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the relative error."""
    return float((found - expected).double().norm() / expected.double().norm())


@pytest.mark.parametrize("name", ["inception", "inception-torchvision"])
@torch.inference_mode()
def test_features_are_those_of_the_network_as_loaded(name: str) -> None:
    loaded = untrained(name)
    assert isinstance(loaded, InceptionExtractor | InceptionTorchvisionExtractor)
    loaded.module.load_state_dict(
        random_weights.inception(num_classes=1008, aux_logits=False).state_dict(), strict=False
    )
    before = copy.deepcopy(loaded.module.state_dict())
    fast, exact = loaded.to("cpu"), loaded.to("cpu", float64=True)
    images = torch.randint(0, 256, (2, 3, 48, 48), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found, expected, true = (one(images)["features"] for one in (fast, loaded, exact))
    assert float(expected.std()) > 0.01
    assert off(found, expected) < 1e-6
    assert off(found, true) < 2 * off(expected, true)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in fast.module.modules())
    assert all(torch.equal(value, before[key]) for key, value in loaded.module.state_dict().items())


@pytest.mark.parametrize("name", ["inception", "vgg16", "lpips-vgg16", "lpips-alex"])
@torch.inference_mode()
def test_float64_of_what_is_fused_is_float64_of_the_network_as_loaded(name: str) -> None:
    """A run opens its extractors in float32, and takes path lengths with ``--float64`` from copies of these."""
    loaded: Any = untrained(name)
    fast = loaded.to("cpu")
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    exact, again = (
        [*one(images).values(), *embedding(one, images)] for one in (loaded.to("cpu", True), fast.to("cpu", True))
    )
    assert exact
    for expected, found in zip(exact, again, strict=True):
        assert expected.dtype == torch.float64
        assert torch.equal(found, expected)
    for expected, found in zip(loaded.module.parameters(), fast.loaded.parameters(), strict=True):
        assert found is expected, "its weights are not in memory a second time"


def embedding(extractor: Any, images: torch.Tensor) -> list[torch.Tensor]:
    return [extractor.embed(images.double())] if isinstance(extractor, PerceptualExtractor) else []
