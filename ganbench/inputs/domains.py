"""The domains of data and model: how they correspond, and translation between them."""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from torch import Tensor

from ganbench.data.labels import classes_of
from ganbench.images import to_float
from ganbench.inputs.context import Context
from ganbench.inputs.generated import checked
from ganbench.types import Dataset, DomainDataset, PartialTranslator, Translator, WithDomains

NO_DOMAINS = (
    "expected domains to translate between, found none: name a folder with train/DOMAIN and val/DOMAIN, or with "
    "trainA, trainB, testA and testB, or pairs:FOLDER for a folder of pairs, with --data."
)


def domain_data(context: Context) -> DomainDataset:
    """Return the data set, for callers that have checked that it has domains."""
    assert context.data is not None
    return cast(DomainDataset, context.data)


def names_of_domains(data: Dataset | None) -> tuple[str, ...]:
    """Return the names of a data set's domains; empty if it has none."""
    return tuple(data.domains) if isinstance(data, WithDomains) else ()


def domain_problems(context: Context) -> list[str]:
    """Return a problem if there is no data with domains."""
    if context.data is None:
        if context.statistics is not None:
            return [f"expected images of domains, found statistics alone in {context.statistics.file}: name a folder."]
        return [NO_DOMAINS]
    if not isinstance(context.data, WithDomains):
        return [
            f"expected domains to translate between, found none in {context.data.name}: {NO_DOMAINS.partition(': ')[2]}"
        ]
    return []


def matching_problems(context: Context) -> list[str]:
    """Return a problem if domains, resolution or channels of model and data do not match."""
    model, data = context.model, domain_data(context)
    if matched_domains(context) is None:
        return [
            f"the model has {len(model.domains)} domains ({', '.join(model.domains)}) and the data has "
            f"{len(data.domains)} ({', '.join(data.domains)}): name data of its domains with --data."
        ]
    if not target_domains(context):
        return [
            f"the model translates to {', '.join(targets_of(model))} only, and the data has no such domain: name data "
            "of its domains with --data."
        ]
    sizes = [("x".join([str(size)] * 2), channels) for size, channels in _sizes(context)]
    if len(set(sizes)) > 1:
        (model_size, model_channels), (data_size, data_channels) = sizes
        return [
            f"the model translates {model_size} images of {model_channels} channels and the data has {data_size} of "
            f"{data_channels}: name data of its size with --data."
        ]
    return []


def _sizes(context: Context) -> list[tuple[int, int]]:
    """Return resolution and channels of the model, or the data's if it takes any, and those of the data."""
    data = domain_data(context)
    resolution = context.img_resolution or data.resolution
    channels = context.img_channels or data.channels
    return [(resolution, channels), (data.resolution, data.channels)]


def matched_domains(context: Context) -> tuple[int, ...] | None:
    """Return the index of each of the data's domains among the model's, or None if they do not match.

    Domains match by name if the model has all of the data's names. A model whose file has no names, only numbers, A
    and B, or source and target, matches data with as many domains, in order.
    """
    model, data = tuple(context.model.domains), domain_data(context).domains
    if set(data) <= set(model):
        return tuple(model.index(name) for name in data)
    unnamed = model in (tuple(str(place) for place in range(len(model))), ("A", "B"), ("source", "target"))
    return tuple(range(len(data))) if unnamed and len(model) == len(data) else None


def targets_of(model: Translator) -> tuple[str, ...]:
    """Return the names of the domains that a model translates to."""
    return tuple(model.targets if isinstance(model, PartialTranslator) else model.domains)


def target_domains(context: Context) -> list[int]:
    """Return the indices of the data's domains that the model translates to: all, or only its ``targets``."""
    matched, domains = matched_domains(context), tuple(context.model.domains)
    targets = set(targets_of(context.model))
    return [place for place, known in enumerate(matched or ()) if domains[known] in targets]


def validation_images(context: Context) -> list[list[int]]:
    """Return the indices of the validation images of each of the data's domains, in order."""
    data = domain_data(context)
    labels = classes_of(data.validation)
    return [(labels == place).nonzero()[:, 0].tolist() for place in range(len(data.domains))]


def validation_floats(context: Context, indices: Sequence[int]) -> Tensor:
    """Return validation images for a translator, ``[N, C, H, W]`` float32, -1..1, on the device of the run."""
    return to_float(domain_data(context).validation.images(indices).to(context.device))


def translate(context: Context, x: Tensor, targets: Tensor, style: Tensor | None = None) -> Tensor:
    """Return translated images, ``[N, C, H, W]``, each in its own target domain.

    Args:
        context: context with the translator.
        x: ``[N, C, H, W]`` float32, -1..1.
        targets: ``[N]`` int64, indices among the data's domains.
        style: ``[N, style_dim]``, or None for a model without styles.
    """

    def translated(target: int) -> Tensor:
        return checked(context.model.translate(x, target, style), len(x))

    return by_target(context, targets, translated)


def by_target(context: Context, targets: Tensor, compute: Callable[[int], Tensor]) -> Tensor:
    """Return, for each row, the row that ``compute`` gives for its target.

    Every target that occurs is computed for the whole batch, because a network's last bits depend on the batch size.

    Args:
        context: context with model and data, whose domains are matched.
        targets: ``[N]`` int64, indices among the data's domains.
        compute: function from the index of a domain of the model to ``[N, ...]``.
    """
    matched = matched_domains(context)
    assert matched is not None
    first, *others = dict.fromkeys(targets.tolist())
    found = compute(matched[first])
    for target in others:
        of_target = (targets == target).to(found.device).reshape(-1, *[1] * (found.ndim - 1))
        found = torch.where(of_target, compute(matched[target]), found)
    return found
