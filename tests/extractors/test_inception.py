"""The TF port of Inception-v3, held against torchvision's network with its pooling replaced."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganbench import registry
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors import inception
from ganbench.types import Extractor
from tests.extractors import random_weights

Install = Callable[[ModuleType, Mapping[str, Tensor]], None]


@pytest.fixture(scope="module")
def reference() -> nn.Module:
    """torchvision's Inception-v3 with random weights that keep the activations of every layer alive."""
    return random_weights.inception(num_classes=1008, aux_logits=False)


@pytest.fixture
def extractor(install: Install, reference: nn.Module) -> inception.InceptionExtractor:
    install(inception, reference.state_dict())
    return inception.open_inception()


def tensorflow_pools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the average pools of torchvision's blocks by TensorFlow's; the ninth, in the last block, by a maximum."""
    calls = []

    def pool(x: Tensor, kernel_size: int, stride: int, padding: int) -> Tensor:
        calls.append(x.shape)
        if len(calls) % 9 == 0:
            return F.max_pool2d(x, kernel_size, stride, padding)
        total = F.avg_pool2d(x, kernel_size, stride, padding, divisor_override=1)
        return total / F.avg_pool2d(torch.ones_like(x), kernel_size, stride, padding, divisor_override=1)

    replaced = SimpleNamespace(**{**vars(F), "avg_pool2d": pool})
    monkeypatch.setattr("torchvision.models.inception.F", replaced)


def resized(image: np.ndarray, size: int) -> np.ndarray:
    """TensorFlow 1's bilinear resize of ``[H, W]``, one pixel after the other."""
    height, width = image.shape
    found = np.empty((size, size))
    for i in range(size):
        for j in range(size):
            y, x = np.float32(i) * np.float32(height / size), np.float32(j) * np.float32(width / size)
            top, left = int(y), int(x)
            below, right = min(top + 1, height - 1), min(left + 1, width - 1)
            dy, dx = float(y) - top, float(x) - left
            upper = image[top, left] * (1 - dx) + image[top, right] * dx
            lower = image[below, left] * (1 - dx) + image[below, right] * dx
            found[i, j] = upper * (1 - dy) + lower * dy
    return found


def test_features_and_probabilities_are_the_tensorflow_ports(
    extractor: inception.InceptionExtractor, reference: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = torch.randint(0, 256, [1, 3, 40, 40], dtype=torch.uint8, generator=torch.Generator().manual_seed(1))
    found = extractor(images)
    large = torch.from_numpy(np.stack([resized(plane.numpy().astype(float), 299) for plane in images[0]]))[None]
    tensorflow_pools(monkeypatch)
    pooled: list[Tensor] = []
    hook = reference.avgpool.register_forward_hook(lambda module, given, made: pooled.append(made.flatten(1)))
    spatial: list[Tensor] = []
    first_branch = reference.Mixed_6d.branch1x1  # mixed_6/conv:0 of TensorFlow's graph
    at = first_branch.register_forward_hook(lambda module, given, made: spatial.append(made))
    logits = reference(((large - 128) / 128).float()) - reference.fc.bias
    hook.remove()
    at.remove()
    torch.testing.assert_close(found["features"], pooled[0], rtol=1e-3, atol=1e-4 * pooled[0].abs().max().item())
    torch.testing.assert_close(found["probabilities"], torch.softmax(logits, 1), rtol=1e-2, atol=1e-4)
    sliced = torch.stack([spatial[0][:, channel] for channel in range(7)], -1).reshape(1, -1)  # as [..., :7] of NHWC
    torch.testing.assert_close(found["spatial"], sliced, rtol=1e-3, atol=1e-4 * sliced.abs().max().item())
    assert min(pooled[0].std(), sliced.std()) > 0.01  # the comparison is not of zeros


def test_it_is_found_by_name_and_follows_the_protocol(extractor: inception.InceptionExtractor) -> None:
    found = registry.load("extractors", "inception")()
    assert isinstance(found, Extractor)
    assert found.sha256 == inception.SHA256
    rows = found(torch.zeros(2, 3, 16, 16, dtype=torch.uint8))
    assert {name: value.shape[1] for name, value in rows.items()} == {
        **{"features": 2048, "probabilities": 1008, "spatial": 7 * 17 * 17}
    }
    assert all(value.dtype == torch.float32 for value in rows.values())
    torch.testing.assert_close(rows["probabilities"].sum(1), torch.ones(2))


def test_a_file_of_the_first_layout_without_batch_counters_loads(install: Install, reference: nn.Module) -> None:
    state = {name: value for name, value in reference.state_dict().items() if "num_batches" not in name}
    install(inception, state)
    module = inception.open_inception().module
    assert torch.equal(module.Mixed_7c.branch_pool.conv.weight, reference.Mixed_7c.branch_pool.conv.weight)
    assert not any(value.is_meta for value in module.state_dict().values())
    assert inception.open_inception().to("cpu", float64=True).module.fc.weight.dtype == torch.float64


def test_four_channels_are_refused(extractor: inception.InceptionExtractor) -> None:
    with pytest.raises(BadInputError, match=r"expected images .* for the extractor 'inception'"):
        extractor(torch.zeros(1, 4, 16, 16, dtype=torch.uint8))


def test_missing_weights_name_file_address_checksum_and_folder(
    offline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MissingWeightsError) as caught:
        inception.open_inception()
    for part in (inception.URL, "6726825d0af5f729cebd5821db510b11b1cfad8faad88a03f1befd49fb9129b2", str(offline)):
        assert part in str(caught.value)
