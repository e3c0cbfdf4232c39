"""Data sets that break one law each."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from ganbench.testing import check_dataset
from tests.testing.broken import fails


class Good:
    """Twenty images of three classes."""

    name, resolution, channels, label_dim = "good", 4, 1, 3
    fingerprint = "ab" * 32

    def __len__(self) -> int:
        return 20

    def images(self, indices: Sequence[int]) -> Tensor:
        return torch.stack([torch.full((1, 4, 4), 10 * index, dtype=torch.uint8) for index in indices])

    def labels(self, indices: Sequence[int]) -> Tensor:
        return torch.eye(3)[[index % 3 for index in indices]]


class GoodDomains(Good):
    def __init__(self, **validation: Any) -> None:
        self.domains = ("a", "b", "c")
        self.validation = Good()
        self.validation.fingerprint = "cd" * 32
        vars(self.validation).update(validation)


class Restless(Good):
    reads = 0

    @property
    def fingerprint(self) -> str:  # type: ignore[override]  # that is what is broken
        self.reads += 1
        return f"{self.reads:064d}"


class Sorting(Good):
    def images(self, indices: Sequence[int]) -> Tensor:
        return super().images(sorted(indices))


class SortedLabels(Good):
    def labels(self, indices: Sequence[int]) -> Tensor:
        return super().labels(sorted(indices))


class Augmenting(Good):
    reads = 0

    def images(self, indices: Sequence[int]) -> Tensor:
        self.reads += 1
        return super().images(indices) + (self.reads == 5 + len(indices) * 0)


class Wearing(Good):
    """Whose images change with the seventh reading."""

    reads = 0

    def images(self, indices: Sequence[int]) -> Tensor:
        self.reads += 1
        return super().images(indices) + (self.reads > 6)


class Distinct(Good):
    def images(self, indices: Sequence[int]) -> Tensor:
        return super().images(list(dict.fromkeys(indices)))


class Floats(Good):
    def images(self, indices: Sequence[int]) -> Tensor:
        return super().images(indices) / 255


class Wide(Good):
    def images(self, indices: Sequence[int]) -> Tensor:
        return super().images(indices).repeat(1, 1, 1, 2)


class Numbers(Good):
    def labels(self, indices: Sequence[int]) -> Tensor:
        return 2 * super().labels(indices)


class Whole(Good):
    def labels(self, indices: Sequence[int]) -> Tensor:
        return super().labels(indices).long()


class Narrow(Good):
    def labels(self, indices: Sequence[int]) -> Tensor:
        return super().labels(indices)[:, :2]


class Shuffling(Good):
    def images(self, indices: Sequence[int]) -> Tensor:
        torch.randperm(3)
        return super().images(indices)


class Touched(Good):
    def changed(self) -> str:
        return "x.png changed."


class Noted(Good):
    notes = ("all converted.",)


def changed(**members: Any) -> Good:
    return type("Changed", (Good,), members)()  # type: ignore[no-any-return]  # a class of its own


def test_good_ones_pass() -> None:
    check_dataset(Good(), same=Good(), other=changed(fingerprint="cd" * 32))
    check_dataset(GoodDomains())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (object(), "it follows Dataset: expected all members of the protocol, found no channels, fingerprint, images"),
        (changed(name=""), "it has a name"),
        (changed(__len__=lambda self: 0), "it has images"),
        (changed(resolution=0), "its resolution is in pixels"),
        (changed(channels=4), "images are greyscale or RGB"),
        (changed(label_dim=-1), "label_dim is the number of classes"),
        (changed(channels=3), "images are as declared: expected the shape [16, 3, 4, 4], found [16, 1, 4, 4]"),
        (Wide(), "images are as declared"),
        (Floats(), "images are 8-bit"),
        (Sorting(), "images are the same in any order of indices"),
        (Augmenting(), "images are the same in any order of indices"),
        (Distinct(), "images are the same in any order of indices"),
        (Wearing(), "images are the same when asked for again"),
        (Narrow(), "labels are [N, label_dim]"),
        (Whole(), "labels are float32"),
        (Numbers(), "labels are one-hot"),
        (SortedLabels(), "labels are the same in any order of indices"),
        (changed(fingerprint="good"), "its fingerprint is a sha256"),
        (Restless(), "its fingerprint stays the same after reading"),
        (Shuffling(), "no global random state is touched"),
        (Touched(), "untouched data has not changed"),
        (Noted(), "notes end without a full stop"),
        (GoodDomains(label_dim=2), "validation images are labelled like the training images"),
        (GoodDomains(resolution=8), "validation images have the size of the training images"),
        (GoodDomains(fingerprint="ab" * 32), "another content has another fingerprint"),
        (GoodDomains(name=""), "it has a name"),
    ],
)
def test_broken_ones_are_told(data: Any, words: str) -> None:
    with fails(words):
        check_dataset(data)


def test_domains_are_counted_and_have_names_of_their_own() -> None:
    data = GoodDomains()
    for domains, words in ((("a", "b"), "label_dim is the number of domains"), (("a", "b", "b"), "different names")):
        data.domains = domains  # type: ignore[assignment]  # that is what is broken
        with fails(words):
            check_dataset(data)


def test_fingerprints_are_of_the_content() -> None:
    with fails("the fingerprint depends on the content alone"):
        check_dataset(Good(), same=changed(fingerprint="cd" * 32))
    with fails("another content has another fingerprint"):
        check_dataset(Good(), other=Good())
