"""Noise that has the size and number of a data set's images."""

import torch

from ganbench.data.stand_in import StandIn, StandInDomains, StandInPairs, StandInSamples
from ganbench.types import Dataset, FixedSamples, ResizableDataset, WithDomains, WithPairs


def test_it_has_the_size_and_number_of_images() -> None:
    data = StandIn("FFHQ", 70_000, 64)
    assert isinstance(data, Dataset)
    assert not isinstance(data, WithDomains | ResizableDataset)
    assert len(data) == 70_000
    assert data.images([1, 2]).shape == (2, 3, 64, 64)
    assert data.images([1]).dtype == torch.uint8
    assert data.labels([1, 2]).shape == (2, 0)


def test_domains_are_of_equal_length() -> None:
    data = StandInDomains("AFHQ", 30, 8, domains=("cat", "dog", "wild"), num_validation=6)
    assert isinstance(data, WithDomains)
    assert data.labels(range(30)).sum(0).tolist() == [10, 10, 10]
    assert data.validation.labels(range(6)).argmax(1).tolist() == [0, 0, 1, 1, 2, 2]
    assert data.at(16).images([0]).shape == (1, 3, 16, 16)
    assert data.at(16).label_dim == 3


def test_pairs_are_the_halves() -> None:
    data = StandInPairs("maps", 8, 8, domains=("A", "B"), num_validation=6)
    assert isinstance(data, WithPairs)
    assert isinstance(data.validation, WithPairs)
    assert not isinstance(StandInDomains("AFHQ", 6, 8, domains=("cat", "dog"), num_validation=2), WithPairs)
    assert data.partners([0, 3, 5]) == [4, 7, 1]
    assert data.validation.partners([0, 4]) == [3, 1]


def test_samples_are_images_in_the_range_of_a_generator() -> None:
    samples = StandInSamples(StandIn("noise", 1, 8, 1))
    assert isinstance(samples, FixedSamples)
    images = samples.images([0, 1])
    assert images.shape == (2, 1, 8, 8)
    assert float(images.abs().max()) <= 1
