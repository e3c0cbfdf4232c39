"""Networks with folded normalisation against the same networks as they were loaded."""

import copy

import pytest
import torch
from torch import nn

from ganbench.extractors.fused import FusedConvolution, can_fuse
from ganbench.extractors.inception import InceptionExtractor
from ganbench.extractors.inception_torchvision import InceptionTorchvisionExtractor
from ganbench.extractors.network import Network
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


def test_a_network_without_normalisation_stays_as_it_is() -> None:
    loaded = untrained("lpips-alex")
    assert isinstance(loaded, Network)
    again = loaded.to("cpu").module.state_dict()
    for name, value in loaded.module.state_dict().items():
        assert torch.equal(again[name], value)
        assert again[name].stride() == value.stride()


@pytest.mark.parametrize(
    ("kernel", "stride", "padding"),
    [(1, 1, 0), (1, 2, 0), (1, 1, 1), (3, 2, 0), (3, 1, 1), ((1, 7), 1, (0, 3)), (5, 1, 2)],
)
@torch.inference_mode()
def test_a_fused_convolution_is_the_convolution_and_its_relu(
    kernel: int | tuple[int, int], stride: int, padding: int | tuple[int, int]
) -> None:
    torch.manual_seed(0)
    conv = nn.Conv2d(6, 8, kernel, stride, padding)
    assert can_fuse(conv)
    fused, x = FusedConvolution(conv), torch.randn(3, 6, 11, 9)
    torch.testing.assert_close(fused.linear(x), conv(x))
    torch.testing.assert_close(fused(x), conv(x).relu())
    assert fused(x).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    "conv",
    [
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, dilation=2),
        nn.Conv2d(4, 4, 3, padding_mode="reflect"),
        nn.Conv2d(4, 4, 3, padding="same"),
        nn.Conv2d(4, 4, 3, bias=False),
        nn.Conv2d(4, 4, 3).double(),
        nn.Conv2d(4, 4, 3, device="meta"),
    ],
)
def test_other_convolutions_stay_as_they_are(conv: nn.Conv2d) -> None:
    assert not can_fuse(conv)
