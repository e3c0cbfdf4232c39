"""Outlines of digits beside the digits: which pixels they are, and that pairs belong together."""

import pytest
import torch

from baselines.digits import dataset
from baselines.digits.edges import outlines
from ganbench.data import open_data
from ganbench.data.digit_edges import open_digit_edges
from ganbench.errors import UnknownNameError
from ganbench.types import DomainDataset, WithPairs


def test_an_outline_by_hand() -> None:
    """Of a square of 5x5 the ring around its middle 3x3; dim pixels are outside, and so is what lies off the image."""
    image = torch.full([1, 1, 8, 8], 127, dtype=torch.uint8)
    image[..., 1:6, 1:6] = 128
    ring = torch.zeros(8, 8, dtype=torch.uint8)
    ring[1:6, 1:6] = 255
    ring[2:5, 2:5] = 0
    assert torch.equal(outlines(image)[0, 0], ring)
    full = outlines(torch.full([1, 1, 4, 4], 255, dtype=torch.uint8))[0, 0]
    assert (full == 0).nonzero().tolist() == [[1, 1], [1, 2], [2, 1], [2, 2]]
    assert not outlines(torch.zeros(2, 1, 4, 4, dtype=torch.uint8)).any()


def test_pairs_are_outlines_and_their_digits() -> None:
    data = open_data("digit-edges")
    assert isinstance(data, DomainDataset)
    assert isinstance(data, WithPairs)
    assert (data.name, data.domains, data.channels, data.resolution) == ("digit-edges", ("edges", "digits"), 1, 32)
    train, test = dataset.load("train").images, dataset.load("test").images
    assert (len(data), len(data.validation)) == (2 * len(train), 2 * len(test))
    edges = [0, 7, len(train) - 1]
    assert torch.equal(data.images(data.partners(edges)), train[edges])
    assert torch.equal(data.images(edges), outlines(train[edges]))
    assert data.labels([*edges, *data.partners(edges)]).argmax(1).tolist() == [0, 0, 0, 1, 1, 1]
    assert torch.equal(data.validation.images([3, len(test) + 3])[1], test[3])


def test_there_is_one_variant() -> None:
    with pytest.raises(UnknownNameError, match="digit-edges"):
        open_digit_edges("BtoA")
