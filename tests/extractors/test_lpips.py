"""LPIPS on VGG16 and AlexNet with random trunks, held against the lpips package with the same trunks."""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ganbench import registry
from ganbench.errors import BadInputError, MissingWeightsError
from ganbench.extractors import alexnet, lpips, network, vgg16
from ganbench.functional import lpips_distance
from ganbench.types import PairExtractor
from tests.extractors import random_weights

Install = Callable[[ModuleType, Mapping[str, Tensor]], None]
Opener = Callable[[], lpips.LpipsExtractor]

# extractor -> (module of the trunk, how to open it, the package's name of it)
EVERY: dict[str, tuple[ModuleType, Opener, str]] = {
    "lpips-vgg16": (vgg16, lpips.open_lpips_vgg16, "vgg"),
    "lpips-alex": (alexnet, lpips.open_lpips_alex, "alex"),
    "lpips-alex-stargan": (alexnet, lpips.open_lpips_alex_stargan, "alex"),
}
SMALLEST = {vgg16: 16, alexnet: 31}


WEIGHTS = {module: random_weights.convolutions(module) for module in SMALLEST}


@pytest.fixture(params=EVERY)
def name(request: pytest.FixtureRequest, install: Install) -> str:
    """The name of an extractor whose trunk is installed."""
    module = EVERY[request.param][0]
    install(module, WEIGHTS[module])
    return str(request.param)


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randint(0, 256, [2, 3, 48, 48], generator=torch.Generator().manual_seed(1)).float()


def official(name: str) -> nn.Module:
    """The lpips package's own distance, with its learned weights and our random trunk."""
    package = pytest.importorskip("lpips")
    module, _, net = EVERY[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it still uses torchvision's old arguments
        distance: Any = package.LPIPS(net=net, pnet_rand=True, verbose=False)
    for number in range(1, 6):
        part = getattr(distance.net, f"slice{number}")
        part.load_state_dict({key: WEIGHTS[module][f"features.{key}"] for key in part.state_dict()})
    return distance.requires_grad_(False)  # type: ignore[no-any-return]


def distance(extractor: lpips.LpipsExtractor, first: Tensor, second: Tensor) -> Tensor:
    return (extractor.embed(first) - extractor.embed(second)).square().sum(1)


def test_squared_distance_of_embeddings_is_the_packages(name: str, images: Tensor) -> None:
    """The two epsilons make no difference on images like these; where they do is the next test."""
    second = torch.cat([images[1:], (images[:1] * 0.9 + 3)])
    found = distance(EVERY[name][1](), images, second)
    expected = official(name)(images / 127.5 - 1, second / 127.5 - 1).flatten()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-7)
    assert found.min() > 1e-4


@pytest.mark.parametrize("pixels", [48 * 48 * 6, 48 * 48 * 4, 48 * 48 * 2, 48 * 48])
def test_distances_are_those_of_embeddings(
    name: str, images: Tensor, pixels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All pairs at once, in parts, and of images that are computed one by one."""
    first = torch.cat([images, images[:1] * 0.5])
    second = first.flip(0) * 0.9 + 3
    for extractor in (EVERY[name][1](), EVERY[name][1]().to("cpu"), EVERY[name][1]().to("cpu", True)):
        expected = distance(extractor, first, second)
        with monkeypatch.context() as patched:
            patched.setattr(network, "CACHED", pixels)
            found = extractor.distances(first, second)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)
        assert found.dtype == expected.dtype


def test_stargan_puts_the_epsilon_inside_the_root(install: Install, images: Tensor) -> None:
    """Where the last layer is a millionth of itself, the package scales it to unit length and StarGAN v2 does not."""
    faint = {key: value * 1e-6 if key.startswith("features.10") else value for key, value in WEIGHTS[alexnet].items()}
    install(alexnet, faint)
    outside, inside = lpips.open_lpips_alex(), lpips.open_lpips_alex_stargan()
    first, second = (outside.module(vgg16.normalised(image[None])) for image in images)
    weights = tuple(outside.module.weights)
    for extractor in (outside, inside):
        found = distance(extractor, images[:1], images[1:])
        torch.testing.assert_close(found, lpips_distance(first, second, weights, epsilon=extractor.epsilon))
    package, stargan = (distance(extractor, images[:1], images[1:]).item() for extractor in (outside, inside))
    assert package - stargan > 1e-3
    assert outside.sha256 == inside.sha256  # the weights are the same


def test_the_scaling_is_lpips_own() -> None:
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    image = torch.rand(1, 3, 4, 4, generator=torch.Generator().manual_seed(3)) * 300 - 20
    expected = (image / 127.5 - 1 - shift.reshape(3, 1, 1)) / scale.reshape(3, 1, 1)
    torch.testing.assert_close(vgg16.normalised(image), expected, rtol=1e-5, atol=1e-5)


def test_images_are_not_clipped(name: str, images: Tensor) -> None:
    extractor = EVERY[name][1]()
    assert distance(extractor, images + 300, images + 400).min() > 1e-6


def test_it_is_found_by_name_and_follows_the_protocol(name: str) -> None:
    found = registry.load("extractors", name)()
    assert isinstance(found, PairExtractor)
    assert found.name == name
    assert found.sha256 not in (EVERY[name][0].SHA256, *lpips.LINEAR_SHA256.values())
    assert found(torch.zeros(1, 3, 32, 32, dtype=torch.uint8)) == {} == found.layers


def test_the_smallest_image_is_the_smallest(name: str) -> None:
    extractor, size = EVERY[name][1](), SMALLEST[EVERY[name][0]]
    assert torch.isfinite(extractor.embed(torch.zeros(1, 3, size, size))).all()
    with pytest.raises(BadInputError, match=f"at least {size}x{size} pixels for {name}, found 40x{size - 1}"):
        extractor.embed(torch.zeros(1, 3, 40, size - 1))
    with pytest.raises(BadInputError, match=f"at least {size}x{size} pixels for {name}, found {size - 1}x40"):
        extractor.distances(*torch.zeros(2, 1, 3, size - 1, 40))


def test_another_version_of_the_learned_weights_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    file = f"{EVERY[name][2]}.pth"
    monkeypatch.setitem(lpips.LINEAR_SHA256, file, "0" * 64)
    with pytest.raises(MissingWeightsError, match=rf"expected the file of LPIPS 0\.1 .* found another: .*{file}"):
        EVERY[name][1]()


@pytest.mark.parametrize(
    ("each", "file", "checksum"),
    [
        ("lpips-vgg16", "vgg16-397923af.pth", "397923af8e79cdbb6a71"),
        ("lpips-alex", "alexnet-owt-7be5be79.pth", "7be5be791159472b1fbf"),
        ("lpips-alex-stargan", "alexnet-owt-7be5be79.pth", "7be5be791159472b1fbf"),
    ],
)
def test_missing_weights_name_file_address_checksum_and_folder(
    each: str, file: str, checksum: str, offline: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(MissingWeightsError) as caught:
        EVERY[each][1]()
    for part in (f"https://download.pytorch.org/models/{file}", checksum, str(offline)):
        assert part in str(caught.value)
