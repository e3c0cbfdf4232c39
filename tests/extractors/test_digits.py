from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from torch import Tensor

from baselines.digits import classifier, dataset
from ganbench import registry
from ganbench.errors import BadInputError
from ganbench.extractors.digits import DigitsExtractor, open_digits
from ganbench.functional import frechet_distance, mean_pairwise_distance
from ganbench.types import Extractor, PerceptualExtractor


@pytest.fixture(scope="module")
def digits() -> DigitsExtractor:
    return open_digits()


@pytest.fixture(scope="module")
def images() -> Tensor:
    return dataset.load("test").images[:40]


def test_it_is_found_by_name_and_follows_the_protocols(digits: DigitsExtractor) -> None:
    found = registry.load("extractors", "digits")()
    assert isinstance(found, Extractor)
    assert isinstance(found, PerceptualExtractor)
    assert found.sha256 == digits.sha256
    assert len(found.sha256) == 64


def test_layers_have_the_declared_widths(digits: DigitsExtractor, images: Tensor) -> None:
    found = digits(images)
    assert {name: rows.shape[1] for name, rows in found.items()} == digits.layers
    assert all(rows.dtype == torch.float32 for rows in found.values())


def test_features_and_probabilities_are_the_classifiers(digits: DigitsExtractor, images: Tensor) -> None:
    found = digits(images)
    network = classifier.load()
    assert torch.equal(found["features"], network.activations(images).features)
    logits = network(images).double()
    torch.testing.assert_close(found["probabilities"].double(), logits.exp() / logits.exp().sum(1, keepdim=True))


def by_hand(network: classifier.Classifier, first: Tensor, second: Tensor) -> float:
    """The perceptual distance of two images as the definition has it, one position after another."""
    total = 0.0
    for a, b in zip(network.activations(first).layers, network.activations(second).layers, strict=True):
        a, b = a[0].flatten(1).T.numpy().astype(float), b[0].flatten(1).T.numpy().astype(float)
        at = [np.sum((x / np.linalg.norm(x) - y / np.linalg.norm(y)) ** 2) for x, y in zip(a, b, strict=True)]
        total += float(np.mean(at))
    return total


def test_distance_of_embeddings_is_the_definition(digits: DigitsExtractor, images: Tensor) -> None:
    embedded = digits.embed(images.float())
    for i, j in [(0, 1), (2, 30), (7, 7)]:
        distance = (embedded[i] - embedded[j]).square().sum().item()
        expected = by_hand(digits.module, images[i : i + 1], images[j : j + 1])
        assert distance == pytest.approx(expected, rel=1e-4, abs=1e-12)


def test_distance_grows_with_what_is_done_to_the_image(digits: DigitsExtractor, images: Tensor) -> None:
    x = images.float()
    noise = torch.randn(x.shape, generator=torch.Generator().manual_seed(0))
    still = digits.embed(x)
    distance = [(digits.embed(x + s * noise) - still).square().sum(1).mean().item() for s in (0, 5, 10, 20, 40)]
    assert distance[0] == 0
    assert distance == sorted(distance)


def test_each_digit_is_an_attribute_with_the_classifiers_probability(digits: DigitsExtractor, images: Tensor) -> None:
    double = digits.to("cpu", float64=True)
    logits = double.attribute_logits(images.double() / 127.5 - 1)
    assert logits.shape == (len(images), len(digits.attributes))
    torch.testing.assert_close(torch.softmax(torch.stack([logits, -logits]), 0)[0], double(images)["probabilities"])
    assert not torch.equal(digits.attribute_logits(images / 127.5 - 1), digits.attribute_logits(images / 127.5 - 0.99))


def test_grey_rgb_is_grey(digits: DigitsExtractor, images: Tensor) -> None:
    rgb = images.expand(-1, 3, -1, -1)
    assert torch.equal(digits(rgb)["features"], digits(images)["features"])
    assert torch.equal(digits.embed(rgb.float()), digits.embed(images.float()))


def test_float64_agrees_and_leaves_the_original_alone(digits: DigitsExtractor, images: Tensor) -> None:
    double = digits.to("cpu", float64=True)
    assert double(images)["features"].dtype == torch.float64
    assert digits(images)["features"].dtype == torch.float32
    torch.testing.assert_close(double(images)["features"].float(), digits(images)["features"], rtol=1e-4, atol=1e-4)


def test_the_scale_of_its_fid_is_the_documented_one(digits: DigitsExtractor) -> None:
    def moments(rows: Tensor) -> tuple[np.ndarray, np.ndarray]:
        return rows.numpy().mean(0), np.cov(rows.numpy().T, ddof=0)

    train, test = (digits(dataset.load(split).images)["features"].double() for split in ("train", "test"))
    assert frechet_distance(*moments(train), *moments(test)) == pytest.approx(0.41, abs=0.005)
    halves = []
    for seed in range(10):
        order = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))
        first, second = train[order].chunk(2)
        halves.append(frechet_distance(*moments(first), *moments(second)))
    assert np.mean(halves) == pytest.approx(1.2, abs=0.4)


def test_the_scale_of_its_perceptual_distance_is_the_documented_one(digits: DigitsExtractor) -> None:
    train = dataset.load("train")
    embedded = digits.embed(train.images.float())
    of_digit = [mean_pairwise_distance(embedded[train.labels == digit]).item() for digit in range(10)]
    assert mean_pairwise_distance(embedded).item() == pytest.approx(4.61, abs=0.005)
    assert np.mean(of_digit) == pytest.approx(2.65, abs=0.005)
    noise = 10 * torch.randn(train.images.shape, generator=torch.Generator().manual_seed(0))
    for changed, distance in ((train.images.roll(1, 3), 0.41), (train.images + noise, 0.06)):
        moved = digits.embed(changed.float())
        assert (moved - embedded).square().sum(1).mean().item() == pytest.approx(distance, abs=0.005)


@pytest.mark.parametrize("fill", [0, 1, 254, 255])
def test_flat_images_give_finite_numbers(digits: DigitsExtractor, fill: int) -> None:
    flat = torch.full((2, 1, 32, 32), fill, dtype=torch.uint8)
    assert all(torch.isfinite(rows).all() for rows in digits(flat).values())
    assert torch.isfinite(digits.embed(flat.float())).all()


def test_the_batch_does_not_matter(digits: DigitsExtractor, images: Tensor) -> None:
    together = digits(images)["features"]
    alone = torch.cat([digits(image[None])["features"] for image in images])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)


def test_threads_may_share_it(digits: DigitsExtractor, images: Tensor) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: digits(images)["features"], range(16)))
    torch.testing.assert_close(torch.stack(found), found[0].expand(16, -1, -1), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 1, 64, 64), (2, 1, 32, 16)])
def test_other_sizes_are_refused(digits: DigitsExtractor, shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match=f"expected 32x32 images .*, found {shape[2]}x{shape[3]}"):
        digits(torch.zeros(shape, dtype=torch.uint8))


@pytest.mark.parametrize("shape", [(2, 4, 32, 32), (32, 32)])
def test_other_shapes_are_refused(digits: DigitsExtractor, shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="greyscale or RGB"):
        digits(torch.zeros(shape, dtype=torch.uint8))
