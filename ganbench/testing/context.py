"""Contexts for checks: model, data and extractors of a small run, and variations of them."""

import copy
import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from ganbench import registry
from ganbench.data import open_data
from ganbench.engine.planning import sized_for
from ganbench.extractors.opening import open_extractor
from ganbench.inputs import Context
from ganbench.models.base import benchmark_of, load_model
from ganbench.types import Dataset, DomainDataset, Extractor, WithDomains, WithPairs

DIGITS = "digits"


def context_of(
    model: Any, data: Any, extractors: Mapping[str, Extractor], needed: Iterable[str | None], seed: int = 0
) -> Context:
    """Return the context of a check.

    Args:
        model: a model, or the name of one that is registered.
        data: a data set, or its name or path; None for that of the model's benchmark.
        extractors: extractors by name.
        needed: names of the extractors needed; those that are not given are opened.
        seed: seed of all random streams.
    """
    named = isinstance(model, str)
    benchmark = registry.load("benchmarks", (benchmark_of(model) or DIGITS) if named else DIGITS)
    given = benchmark.data if data is None else data
    loaded = load_model(model) if named else model
    found = None if given is None else open_data(given) if isinstance(given, str) else given
    opened = {name: extractors[name] if name in extractors else open_extractor(name) for name in needed if name}
    return Context(loaded, "0" * 64, None if found is None else sized_for(loaded, found), opened, seed, "cpu")


def with_other_weights(context: Context) -> Context:
    """Return a context whose model has other weights, if it is an ``nn.Module``."""
    model = copy.deepcopy(context.model)
    if isinstance(model, nn.Module):
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(1.25).add_(0.01)
    return dataclasses.replace(context, model=model, weights_sha256="1" * 64, _twins={})


def with_other_data(context: Context) -> Context:
    """Return a context whose data has other pixels and another fingerprint."""
    return dataclasses.replace(context, data=inverted(context.data) if context.data else None)


class Inverted:
    """A data set with inverted pixels and another fingerprint."""

    def __init__(self, data: Dataset) -> None:
        self.data, self.name, self.label_dim = data, f"{data.name} inverted", data.label_dim
        self.resolution, self.channels = data.resolution, data.channels
        self.fingerprint = hashlib.sha256(f"inverted {data.fingerprint}".encode()).hexdigest()

    def __len__(self) -> int:
        return len(self.data)

    def images(self, indices: Sequence[int]) -> Tensor:
        """Return the inverted images."""
        return 255 - self.data.images(indices)

    def labels(self, indices: Sequence[int]) -> Tensor:
        """Return the labels, unchanged."""
        return self.data.labels(indices)


class InvertedDomains(Inverted):
    """A data set of domains with inverted training and validation images."""

    def __init__(self, data: DomainDataset) -> None:
        super().__init__(data)
        self.domains, self.validation = data.domains, inverted(data.validation)


class InvertedSplit(Inverted):
    """The pairs of one split in negative."""

    def partners(self, indices: Sequence[int]) -> list[int]:
        """Return the partners as they are."""
        return cast(WithPairs, self.data).partners(indices)


class InvertedPairs(InvertedDomains, InvertedSplit):
    """Pairs in negative, and their validation images."""


def inverted(data: Dataset) -> Dataset:
    """Return a data set, or one of domains or pairs, with inverted pixels."""
    if isinstance(data, WithDomains):
        return InvertedPairs(data) if isinstance(data, WithPairs) else InvertedDomains(data)
    return InvertedSplit(data) if isinstance(data, WithPairs) else Inverted(data)
