"""The laws of data sets."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from ganbench.testing.laws import Laws
from ganbench.types import Dataset, DomainDataset, NotedDataset, WatchedDataset, WithDomains, WithPairs

MOST = 16  # number of images to check, evenly spaced over the data set
DIGITS = set("0123456789abcdef")


def check_dataset(data: Dataset, *, same: Dataset | None = None, other: Dataset | None = None) -> None:
    """Check the laws of a data set; for a ``DomainDataset``, also those of its validation images.

    Args:
        data: the opened data set.
        same: the same images and labels from elsewhere, such as a copy of the folder with other file names.
        other: other images, or the same images with other labels.

    Raises:
        AssertionError: a law is broken.
    """
    laws = Laws(f"the data set {getattr(data, 'name', type(data).__name__)}")  # a missing name is reported below
    laws.follow(data, Dataset)
    with laws.untouched_random_state():
        _check_declared(laws, data)
        _check_images(laws, data)
        _check_labels(laws, data)
        _check_fingerprint(laws, data, same, other)
    if isinstance(data, WatchedDataset):
        laws.equal("", data.changed(), "untouched data has not changed")
    if isinstance(data, NotedDataset):
        laws.hold(all(note and note[-1] != "." for note in data.notes), "notes end without a full stop", "", data.notes)
    if isinstance(data, WithDomains):
        _check_domains(laws, data)
    if isinstance(data, WithPairs):
        _check_pairs(laws, data, data)


def _check_declared(laws: Laws, data: Dataset) -> None:
    laws.hold(bool(data.name), "it has a name", "text", repr(data.name))
    laws.hold(len(data) > 0, "it has images", "one at least", len(data))
    laws.hold(data.resolution > 0, "its resolution is in pixels", "a positive number", data.resolution)
    laws.hold(data.channels in (1, 3), "images are greyscale or RGB", "1 or 3 channels", data.channels)
    laws.hold(data.label_dim >= 0, "label_dim is the number of classes", "0 or more", data.label_dim)


def _chosen(data: Dataset) -> list[int]:
    """Return indices evenly spaced over the data set, including the first and the last."""
    count = len(data)
    return sorted({round(place * (count - 1) / (MOST - 1)) for place in range(MOST)})


def _check_images(laws: Laws, data: Dataset) -> None:
    indices = _chosen(data)
    images = data.images(indices)
    laws.tensor(images, (len(indices), data.channels, data.resolution, data.resolution), "images are as declared")
    laws.equal(torch.uint8, images.dtype, "images are 8-bit")
    _check_order(laws, indices, images, data.images, "images")


def _check_labels(laws: Laws, data: Dataset) -> None:
    indices = _chosen(data)
    labels = data.labels(indices)
    laws.tensor(labels, (len(indices), data.label_dim), "labels are [N, label_dim]")
    laws.equal(torch.float32, labels.dtype, "labels are float32")
    if data.label_dim:
        one_hot = bool(((labels == 0) | (labels == 1)).all()) and bool((labels.sum(1) == 1).all())
        laws.hold(one_hot, "labels are one-hot", "a single 1 in each row", labels.sum(1).tolist())
    _check_order(laws, indices, labels, data.labels, "labels")


def _check_order(
    laws: Laws, indices: Sequence[int], rows: Tensor, read: Callable[[Sequence[int]], Tensor], what: str
) -> None:
    law = f"{what} are the same in any order of indices"
    laws.equal(rows.flip(0), read(list(reversed(indices))), law)
    laws.equal(rows[:1].expand_as(rows[:2]) if len(rows) > 1 else rows, read((indices[0],) * min(2, len(rows))), law)
    for place in {0, len(indices) // 2, len(indices) - 1}:
        laws.equal(rows[place : place + 1], read([indices[place]]), law)
    laws.equal(rows, read(indices), f"{what} are the same when asked for again")


def _check_fingerprint(laws: Laws, data: Dataset, same: Dataset | None, other: Dataset | None) -> None:
    found = data.fingerprint
    laws.hold(
        len(found) == 64 and set(found) <= DIGITS, "its fingerprint is a sha256", "64 hexadecimal digits", repr(found)
    )
    laws.equal(found, data.fingerprint, "its fingerprint stays the same after reading")
    if same is not None:
        laws.equal(found, same.fingerprint, "the fingerprint depends on the content alone")
    if other is not None:
        laws.hold(found != other.fingerprint, "another content has another fingerprint", "another", other.fingerprint)


def _check_domains(laws: Laws, data: DomainDataset) -> None:
    laws.equal(data.label_dim, len(data.domains), "label_dim is the number of domains")
    laws.equal(len(data.domains), len(set(data.domains)), "domains have different names")
    validation = data.validation
    laws.equal(data.label_dim, validation.label_dim, "validation images are labelled like the training images")
    sizes = [(it.resolution, it.channels) for it in (data, validation)]
    laws.equal(sizes[0], sizes[1], "validation images have the size of the training images")
    laws.hold(data.fingerprint != validation.fingerprint, "another content has another fingerprint", "another", "one")
    laws.equal(isinstance(data, WithPairs), isinstance(validation, WithPairs), "validation images are in pairs, too")
    check_dataset(validation)


def _check_pairs(laws: Laws, data: Dataset, pairs: WithPairs) -> None:
    everything = list(range(len(data)))
    partners = pairs.partners(everything)
    laws.equal(everything, pairs.partners(partners), "an image is the partner of its partner")
    domains = data.labels(everything).argmax(1)
    laws.equal(2, data.label_dim, "pairs are of two domains")
    laws.equal(1 - domains, domains[partners], "partners are of different domains")
