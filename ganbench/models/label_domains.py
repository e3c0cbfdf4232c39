"""Domains whose names stand for labels: one-hot ones, and combinations of attributes; what a file says of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from baselines.stargan.labels import CELEBA, combinations, label_of, name_of
from ganbench.checkpoints import header_of
from ganbench.checkpoints.fields import Number
from ganbench.data.labels import classes_of
from ganbench.errors import BadInputError
from ganbench.types import Dataset, WithDomains

MOST_PIXELS = 2**14  # of width and height of training images
MOST_DOMAINS = 64  # of attributes; where there are more combinations, those of the data alone
PUBLISHED = {"celeba-128": "7e966qq0nlxwte4", "celeba-256": "zdq6roqf63m0v5f"}  # short name -> key of the address


def published_file(short: str) -> str:
    """Return the name of a published file, a zip with the generator and the discriminator."""
    size = short.rpartition("-")[2]
    return f"celeba-{size}x{size}-5attrs.zip"


class Domains(NamedTuple):
    """What a file says of its labels, or what stands for it.

    Attributes:
        names: of the domains.
        labels: of each domain, ``[D, c_dim]`` float32, of 0 and 1.
        attributes: names of the numbers of a label; empty where a label is one-hot.
        resolution: that the networks were trained on, or None where it is not known.
    """

    names: tuple[str, ...]
    labels: Tensor
    attributes: tuple[str, ...] = ()
    resolution: int | None = None


def with_attributes(data: Dataset, attributes: list[str]) -> tuple[Tensor, Domains]:
    """Return the labels ``[N, c_dim]`` of the images of a data set, and its domains.

    Attributes are the numbers of the data's labels, or the names of its domains say them; see ``label_of``.

    Raises:
        BadInputError: the labels are not of these attributes.
    """
    if isinstance(data, WithDomains):
        try:
            known = torch.tensor([label_of(name, attributes) for name in data.domains]).float()
        except ValueError as error:
            raise BadInputError(str(error)) from error
        return known[classes_of(data)], completed(data.domains, known, attributes)
    labels = data.labels(range(len(data))) if data.label_dim else torch.empty(0)
    if data.label_dim != len(attributes) or not bool(((labels == 0) | (labels == 1)).all()):
        raise BadInputError(
            f"expected {data.name} to have a label of {len(attributes)} numbers, each 0 or 1, for every image "
            f"({', '.join(attributes)}), found labels of {data.label_dim}: write them into its dataset.json."
        )
    found = sorted({tuple(map(int, label)) for label in labels.tolist()}, reverse=True)
    names = tuple(name_of(label, attributes) for label in found)
    return labels, completed(names, torch.tensor(found).float(), attributes)


def completed(names: Sequence[str], labels: Tensor, attributes: Sequence[str]) -> Domains:
    """Return the domains of the data, and after them all other combinations of the attributes.

    A generator translates to any label, whether or not an image of the data has it.
    """
    held = {tuple(map(int, label)) for label in labels.tolist()}
    others = [] if 2 ** len(attributes) > 8 * MOST_DOMAINS else combinations(attributes)
    others = [label for label in others if label not in held and name_of(label, attributes) not in names]
    if not others or len(held) + len(others) > MOST_DOMAINS:
        return Domains(tuple(names), labels, tuple(attributes))
    more = tuple(name_of(label, attributes) for label in others)
    return Domains((*names, *more), torch.cat([labels, torch.tensor(others).float()]), tuple(attributes))


def domains_in(path: Path, c_dim: int) -> Domains:
    """Return the domains in a file's header, or what stands for them.

    An official file says nothing of its labels. Five numbers are taken for CelebA's attributes, which is what the
    authors' code trains on unless told otherwise; any other count for one-hot domains, numbered from 0.

    Raises:
        BadInputError: the header has something else there.
    """
    header = header_of(path)
    resolution = header.get("img_resolution", published_size(path, header))
    if resolution is not None and not Number(1, MOST_PIXELS, whole=True).holds(resolution):
        raise BadInputError(
            f"expected img_resolution from 1 to {MOST_PIXELS} in the header of {path}, found {str(resolution)[:40]}: "
            "convert again."
        )
    if "domains" not in header:
        return official_domains(c_dim)._replace(resolution=resolution)
    names, attributes = texts(path, header, "domains"), texts(path, header, "attributes")
    labels = header.get("labels", torch.eye(c_dim).int().tolist())
    rows = isinstance(labels, list) and all(isinstance(row, list) and len(row) == c_dim for row in labels)
    bits = rows and all(type(bit) is int and bit in (0, 1) for row in labels for bit in row)
    if not bits or len(labels) != len(names) or len(names) < 2 or len(attributes) not in (0, c_dim):
        raise BadInputError(
            f"expected domains in the header of {path} with a label of {c_dim} numbers each, found "
            f"{str(names)[:60]} with {str(labels)[:60]}: convert again."
        )
    return Domains(names, torch.tensor(labels).float(), attributes, resolution)


def official_domains(c_dim: int) -> Domains:
    """Return the domains of an official file."""
    if c_dim != len(CELEBA):
        return Domains(tuple(map(str, range(c_dim))), torch.eye(c_dim))
    labels = combinations(CELEBA)
    return Domains(tuple(name_of(label, CELEBA) for label in labels), torch.tensor(labels).float(), CELEBA)


def published_size(path: Path, header: Mapping[str, Any]) -> int | None:
    """Return the size of the images of a published file, known by its name, or None."""
    sizes = {published_file(short): int(short.rpartition("-")[2]) for short in PUBLISHED}
    return sizes.get(str(header.get("source", path.name)))


def texts(path: Path, header: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of different names in a header; none where it is not there.

    Raises:
        BadInputError: it is something else.
    """
    names = header.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise BadInputError(
            f"expected different names as {key} in the header of {path}, found {str(names)[:60]}: convert again."
        )
    return tuple(names)
