import pytest
import torch

from baselines.digits import dataset
from ganbench.data import open_data
from ganbench.data.digit_domains import DigitDomains
from ganbench.errors import BadInputError, UnknownNameError
from ganbench.types import DomainDataset


def opened(spec: str) -> DigitDomains:
    data = open_data(spec)
    assert isinstance(data, DigitDomains)
    assert isinstance(data, DomainDataset)
    return data


def test_all_ten_digits_are_domains_trained_on_one_split_and_validated_on_the_other() -> None:
    data = opened("digit-domains")
    assert (data.name, data.domains, data.label_dim) == ("digit-domains", tuple("0123456789"), 10)
    assert (data.resolution, data.channels) == (32, 1)
    splits: list[tuple[dataset.Split, object]] = [("train", data), ("test", data.validation)]
    for split, found in splits:
        digits = dataset.load(split)
        everything = range(len(digits))
        assert isinstance(found, type(data.validation))
        assert torch.equal(found.images(everything), digits.images)
        assert torch.equal(found.labels(everything).argmax(1), digits.labels)
        assert found.labels([3, 1]).sum(1).tolist() == [1, 1]


def test_some_digits_come_in_the_order_named() -> None:
    data, digits = opened("digit-domains:8,3"), dataset.load("train")
    assert (data.name, data.domains, data.label_dim) == ("digit-domains:8,3", ("8", "3"), 2)
    labels = data.labels(range(len(data))).argmax(1)
    for index, digit in enumerate((8, 3)):
        assert torch.equal(
            data.images((labels == index).nonzero()[:, 0].tolist()), digits.images[digits.labels == digit]
        )
    assert len(data) == int(((digits.labels == 8) | (digits.labels == 3)).sum())


def test_the_fingerprint_covers_images_and_labels_of_both_splits() -> None:
    specs = ["digit-domains", "digit-domains:3,8", "digit-domains:8,3", "digit-domains:3,9"]
    found = {opened(spec).fingerprint for spec in specs}
    assert len(found) == 4
    assert opened("digit-domains").fingerprint in found
    assert opened("digit-domains").validation.fingerprint == dataset.SHA256["test"]
    assert not found & set(dataset.SHA256.values())


@pytest.mark.parametrize("variant", ["3", "3,3", "0,1,0"])
def test_fewer_than_two_different_domains_are_refused(variant: str) -> None:
    with pytest.raises(
        BadInputError, match=f"expected two or more different domains, found digit-domains:{variant}: write"
    ):
        open_data(f"digit-domains:{variant}")


@pytest.mark.parametrize("variant", ["3,10", "three,8", ",3"])
def test_what_is_no_digit_is_refused(variant: str) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown domain '(10|three|)'"):
        open_data(f"digit-domains:{variant}")
