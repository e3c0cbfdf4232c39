import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open

from baselines.digits import classifier, dataset, train


@pytest.fixture(scope="module")
def network() -> classifier.Classifier:
    return classifier.load()


def record(path: Path) -> dict[str, object]:
    with safe_open(path, "pt") as file:
        return json.loads(file.metadata()["record"])


def test_the_shipped_classifier_is_right_on_98_of_100_test_images(network: classifier.Classifier) -> None:
    assert train.accuracy(network, dataset.load("test")) >= 0.98


def test_the_record_states_this_recipe_this_data_and_the_accuracy(network: classifier.Classifier) -> None:
    found = record(classifier.WEIGHTS)
    assert found["recipe"] == asdict(train.Recipe())
    assert found["train_sha256"] == dataset.SHA256["train"]
    assert found["test_accuracy"] == train.accuracy(network, dataset.load("test"))


def test_the_shipped_file_is_small() -> None:
    assert classifier.WEIGHTS.stat().st_size < 1_000_000


def test_shapes_and_types(network: classifier.Classifier) -> None:
    found = network.activations(dataset.load("test").images[:3])
    assert [tuple(layer.shape) for layer in found.layers] == [
        (3, 16, 16, 16),
        (3, 32, 8, 8),
        (3, 32, 8, 8),
        (3, 64, 4, 4),
    ]
    assert found.features.shape == (3, 64)
    assert found.logits.shape == (3, 10)
    assert found.features.dtype == torch.float32


def test_uint8_and_float_images_are_the_same_images(network: classifier.Classifier) -> None:
    images = dataset.load("test").images[:8]
    assert torch.equal(network(images), network(images.float()))


def test_the_features_keep_the_image_and_not_only_its_class(network: classifier.Classifier) -> None:
    """A linear map of the features rebuilds unseen images far better than the mean image of their class does."""
    known, unseen = dataset.load("train"), dataset.load("test")

    def inputs(digits: dataset.Digits) -> torch.Tensor:
        features = network.activations(digits.images).features.double()
        return torch.cat([features, torch.ones(len(features), 1)], 1)

    def pixels(digits: dataset.Digits) -> torch.Tensor:
        return torch.nn.functional.avg_pool2d(digits.images.double(), 2).flatten(1)

    decoder = torch.linalg.lstsq(inputs(known), pixels(known)).solution
    means = torch.stack([pixels(known)[known.labels == k].mean(0) for k in range(10)])
    rebuilt = (inputs(unseen) @ decoder - pixels(unseen)).square().mean()
    by_class = (means[unseen.labels] - pixels(unseen)).square().mean()
    assert rebuilt < by_class / 4


def test_two_loads_share_no_weights() -> None:
    first, second = classifier.load(), classifier.load()
    with torch.no_grad():
        first.output.bias += 1
    assert not torch.equal(first.output.bias, second.output.bias)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """One thread, as the recorded command uses: more only wait for each other on layers this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_training_learns_and_returns_the_averaged_weights() -> None:
    recipe = replace(train.Recipe(), epochs=3, ema=0.9)
    assert train.accuracy(train.train(recipe, dataset.load("train")), dataset.load("test")) > 0.9
    assert (
        train.accuracy(train.train(replace(recipe, epochs=1, ema=1.0), dataset.load("train")), dataset.load("test"))
        < 0.3
    )


@pytest.mark.usefixtures("one_thread")
def test_training_repeats_itself_and_leaves_the_global_stream_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    recipe = replace(train.Recipe(), epochs=1, batch_size=128)
    small = dataset.load("train")
    files = [tmp_path / "a", tmp_path / "b"]
    for path in files:
        train.save(path, train.train(recipe, small), recipe)
    first, second = (hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
    assert first == second
    assert torch.equal(torch.get_rng_state(), before)


def test_augmentation_without_strength_is_the_identity() -> None:
    still = replace(train.Recipe(), shift=0.0, angle=0.0, scale=0.0, noise=0.0)
    images = dataset.load("test").images[:4].float()
    torch.testing.assert_close(train.augment(still, images, torch.Generator()), images, atol=1e-2, rtol=0)


def test_a_pure_shift_moves_the_image() -> None:
    """With the draw known, the augmentation is a shift by whole pixels, and its content moves by that much."""
    recipe = replace(train.Recipe(), angle=0.0, scale=0.0, noise=0.0)
    random = torch.Generator().manual_seed(1)
    x, y = (torch.rand([4, 1], generator=random.clone_state()) * 2 - 1)[2:, 0] * recipe.shift * 32
    images = torch.zeros(1, 1, 32, 32)
    images[..., 12:20, 12:20] = 255
    moved = train.augment(recipe, images, random)[0, 0]
    rows, columns = (moved.sum(axis) @ torch.arange(32.0) / moved.sum() for axis in (1, 0))
    assert rows.item() == pytest.approx(15.5 - y.item(), abs=0.05)
    assert columns.item() == pytest.approx(15.5 - x.item(), abs=0.05)
