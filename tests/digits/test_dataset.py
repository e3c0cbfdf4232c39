import hashlib

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicHermiteSpline
from sklearn.datasets import load_digits

from baselines.digits import dataset


def hermite(values: np.ndarray) -> np.ndarray:
    """Enlarge the last axis four times: the cubic Hermite spline with central differences for slopes."""
    padded = np.pad(values, [(0, 0)] * (values.ndim - 1) + [(3, 3)])
    slopes = (padded[..., 2:] - padded[..., :-2]) / 2
    size = values.shape[-1]
    spline = CubicHermiteSpline(np.arange(-2, size + 2), padded[..., 1:-1], slopes, axis=-1)
    return spline((np.arange(4 * size) + 0.5) / 4 - 0.5)


def recomputed() -> tuple[np.ndarray, np.ndarray]:
    scans, labels = load_digits(return_X_y=True)
    columns = hermite(scans.reshape(-1, 8, 8))
    images = hermite(columns.swapaxes(1, 2)).swapaxes(1, 2)
    # The spline evaluates with rounding; the images are multiples of 2**-24, so this removes it without a choice.
    exact = np.round(images * 255 / 16 * 2**24) / 2**24
    return np.clip(np.floor(exact + 0.5), 0, 255).astype(np.uint8), labels


def by_counting(labels: np.ndarray) -> np.ndarray:
    seen = dict.fromkeys(range(10), 0)
    test = []
    for label in labels.tolist():
        test.append(seen[label] % 5 == 4)
        seen[label] += 1
    return np.array(test)


@pytest.mark.parametrize("split", ["train", "test", "all"])
def test_an_independent_recomputation_has_the_frozen_fingerprint(split: dataset.Split) -> None:
    images, labels = recomputed()
    test = by_counting(labels)
    chosen = {"train": ~test, "test": test, "all": np.full_like(test, True)}[split]
    images, labels = images[chosen], labels[chosen]
    content = f"{len(images)} 1 32 32".encode() + images.tobytes() + labels.astype("<i8").tobytes()
    assert hashlib.sha256(content).hexdigest() == dataset.SHA256[split]


@pytest.mark.parametrize("split", ["train", "test", "all", "half-a", "half-b"])
def test_load_gives_what_was_frozen(split: dataset.Split) -> None:
    assert dataset.fingerprint(dataset.load(split)) == dataset.SHA256[split]


def test_the_halves_make_up_the_train_split() -> None:
    first, second, train = dataset.load("half-a"), dataset.load("half-b"), dataset.load("train")
    assert len(first) == len(second) == 721
    rows = sorted(image.numpy().tobytes() for half in (first, second) for image in half.images)
    assert rows == sorted(image.numpy().tobytes() for image in train.images)


def test_the_splits_are_stratified_and_share_no_image() -> None:
    train, test, everything = (dataset.load(split) for split in ("train", "test", "all"))
    assert (len(train), len(test), len(everything)) == (1442, 355, 1797)
    share = test.labels.bincount(minlength=10) / everything.labels.bincount(minlength=10)
    assert share.min() > 0.19
    assert share.max() <= 0.2
    rows = {image.numpy().tobytes() for image in train.images} & {image.numpy().tobytes() for image in test.images}
    assert not rows


def test_shapes_types_and_range() -> None:
    digits = dataset.load("all")
    assert digits.images.shape == (1797, 1, 32, 32)
    assert digits.images.dtype == torch.uint8
    assert digits.labels.dtype == torch.int64
    assert digits.images.amax() == 255
    assert digits.images.amin() == 0


def test_the_kernel_interpolates_and_sums_to_one() -> None:
    assert dataset.catmull_rom(np.arange(-3.0, 4.0)).tolist() == [0, 0, 0, 1, 0, 0, 0]
    phases = np.arange(32) / 32
    assert (dataset.catmull_rom(phases[:, None] - np.arange(-2, 4)).sum(1) == 1).all()


def test_a_blank_scan_stays_blank_and_a_full_one_is_full_inside() -> None:
    assert dataset.enlarge(np.zeros((1, 8, 8))).max() == 0
    assert (dataset.enlarge(np.full((1, 8, 8), 16.0))[:, 8:24, 8:24] == 255).all()


def test_the_caller_owns_the_tensors() -> None:
    dataset.load("all").images.zero_()
    assert dataset.load("all").images.any()


def test_an_unknown_split_is_named() -> None:
    with pytest.raises(
        ValueError, match="unknown split 'validation' of the digits: choose one of train, test, all, half-a"
    ):
        dataset.load("validation")  # type: ignore[arg-type]
