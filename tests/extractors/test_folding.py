"""Networks with folded normalisation against the same networks as they were loaded."""

import copy

import pytest
import torch
from torch import nn

from ganbench.extractors.inception import InceptionExtractor
from ganbench.extractors.inception_torchvision import InceptionTorchvisionExtractor
from ganbench.extractors.untrained import untrained
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
