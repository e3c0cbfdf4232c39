"""The embedded data set of domains: each digit is one, for models that translate between domains."""

import hashlib
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor

from baselines.digits import dataset
from ganbench import registry
from ganbench.errors import BadInputError
from ganbench.types import Dataset, DomainDataset

NAME = "digit-domains"
CLASSES = tuple(str(digit) for digit in range(dataset.NUM_CLASSES))


class _Split:
    """Some classes of one split of the digits, in memory, in scikit-learn's order."""

    channels = 1
    resolution = dataset.RESOLUTION

    def __init__(self, domains: tuple[str, ...], split: dataset.Split) -> None:
        self.name = NAME if domains == CLASSES else f"{NAME}:{','.join(domains)}"
        self.domains = domains
        self.label_dim = len(domains)
        digits = dataset.load(split)
        place = torch.full((dataset.NUM_CLASSES,), -1)
        place[[int(name) for name in domains]] = torch.arange(len(domains))
        kept = place[digits.labels] >= 0
        self._digits = dataset.Digits(digits.images[kept], place[digits.labels[kept]])

    def __len__(self) -> int:
        return len(self._digits)

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return ``[N, 1, 32, 32]`` uint8, 0..255, strokes bright on black."""
        return self._digits.images[list(indices)]

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return one-hot domains, ``[N, label_dim]`` float32."""
        return torch.nn.functional.one_hot(self._digits.labels[list(indices)], self.label_dim).float()

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 over pixels and labels."""
        return dataset.fingerprint(self._digits)


class DigitDomains(_Split):
    """Some classes of the digits as domains: the train split, with the test split for validation.

    Attributes:
        domains: such as ``("0", "1")``, in the order given.
    """

    def __init__(self, domains: tuple[str, ...] = CLASSES) -> None:
        super().__init__(domains, "train")
        self.validation: Dataset = _Split(domains, "test")

    @cached_property
    def fingerprint(self) -> str:
        """The sha256 over the fingerprints of both splits."""
        return hashlib.sha256(f"{super().fingerprint} {self.validation.fingerprint}".encode()).hexdigest()


def open_digit_domains(variant: str = "") -> DomainDataset:
    """Return all ten digits as domains; ``digit-domains:3,8`` has only these two, in that order.

    Raises:
        UnknownNameError: a domain is not a digit.
        BadInputError: there is only one domain, or one is named twice.
    """
    domains = tuple(name.strip() for name in variant.split(",")) if variant else CLASSES
    for name in domains:
        if name not in CLASSES:
            raise registry.unknown("domains", name[:60], CLASSES)
    if len(set(domains)) < max(2, len(domains)):
        raise BadInputError(
            f"expected two or more different domains, found {NAME}:{variant[:60]}: write for example {NAME}:3,8."
        )
    return DigitDomains(domains)
