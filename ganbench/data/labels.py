"""``dataset.json``: labels stored with the images, in the layout of NVlabs' dataset tool."""

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInputError
from ganbench.types import Dataset

FILE = "dataset.json"
MAX_BYTES = 96 * 2**20
"""Limit on the size of the file; 140,000 images with 25 numbers each take 70 MB."""
MAX_VALUES = 10_000_000  # in the file; each takes up to 70 bytes of memory
MAX_CLASSES = 2**16
_AT_ONCE = 1024  # images; the one-hot labels of a whole data set could take gigabytes
LAYOUT = '{"labels": [["image.png", label], ...]}'


def read_labels(content: bytes, names: Sequence[str], where: str) -> Tensor | None:
    """Return the labels of the named images, or None if the file has none.

    The file holds ``{"labels": [["folder/image.png", label], ...]}``, ``{"labels": {"folder/image.png": label, ...}}``,
    or null for no labels. Labels are class numbers, also as ``2.0``, ``"2"`` or ``{"class": 2}``, or vectors of one
    length. Entries for images that do not exist are ignored.

    Args:
        content: of ``dataset.json``.
        names: of the images, with forward slashes, relative to it.
        where: what to call the file in messages.

    Returns:
        ``[N]`` int64 class numbers or ``[N, label_dim]`` float32 vectors.

    Raises:
        BadInputError: the file has another layout, lacks an image, or is too large.

    Source: ``_load_raw_labels`` of the dataset class of StyleGAN2-ADA and StyleGAN3.
    Deviation: fractional class numbers are refused; the official class truncates them.
    """
    by_name = _parsed(content, where)
    if by_name is None:
        return None
    missing = next((name for name in names if name not in by_name), None)
    if missing is not None:
        raise BadInputError(
            f"expected a label for each image, found none for {missing}: {where}; add one, or remove the file to use "
            "no labels."
        )
    labels = _unwrapped([by_name[name] for name in names])
    read = _vector if isinstance(labels[0], list) else _class_number
    found = [read(label) for label in labels]
    lengths = [len(each) if isinstance(each, list) else 0 for each in found]
    odd = next((i for i, each in enumerate(found) if each is None or lengths[i] != lengths[0]), None)
    if odd is not None:
        raise BadInputError(
            f"expected class numbers from 0 to {MAX_CLASSES - 1}, or vectors of finite numbers of one length, found "
            f"{_shown(labels[odd])} for {names[odd]}: {where}; use the same kind of label for all images."
        )
    return torch.tensor(found, dtype=torch.float32 if lengths[0] else torch.int64)


def misplaced(names: Iterable[str]) -> str:
    """Return the first ``dataset.json`` below the root if the root has none, else ""."""
    found = sorted(name for name in names if name == FILE or name.endswith(f"/{FILE}"))
    return "" if not found or FILE in found else found[0]


def one_hot(labels: Tensor, label_dim: int) -> Tensor:
    """Return ``[N, label_dim]`` float32 of class numbers; vectors stay as they are."""
    return torch.nn.functional.one_hot(labels, label_dim).float() if labels.ndim == 1 else labels


def class_indices(labels: Tensor) -> Tensor:
    """Return the class numbers ``[N]`` int64 of one-hot labels ``[N, label_dim]``, as ``Dataset.labels`` gives them."""
    return labels.argmax(1)


def classes_of(data: Dataset) -> Tensor:
    """Return the class numbers ``[len(data)]`` int64 of all images of a data set with one-hot labels."""
    parts = (range(start, min(start + _AT_ONCE, len(data))) for start in range(0, len(data), _AT_ONCE))
    return torch.cat([class_indices(data.labels(part)) for part in parts])


def _parsed(content: bytes, where: str) -> Mapping[str, Any] | None:
    """Return labels by the name of their image, or None if the file says that there are none."""
    if len(content) > MAX_BYTES or sum(map(content.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise BadInputError(
            f"expected at most {MAX_BYTES // 2**20} MiB with {MAX_VALUES:,} values, found more: {where}; leave out "
            "what is not a label."
        )
    try:
        labels = json.loads(content)["labels"]
        pairs = labels.items() if isinstance(labels, dict) else labels
        return None if pairs is None else dict(_named(pair) for pair in pairs)
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise BadInputError(
            f"expected {LAYOUT}, found another layout: {where}; correct it, or remove it to use no labels."
        ) from error


def _named(pair: Any) -> tuple[str, Any]:
    name, label = next(iter(pair.items())) if isinstance(pair, dict) and len(pair) == 1 else pair
    if not isinstance(name, str):
        raise TypeError("a name that is not text")
    return name.replace("\\", "/"), label


def _unwrapped(labels: list[Any]) -> list[Any]:
    """Return the labels inside dicts of one entry, if all have the same key; other labels as they are."""
    keys = {next(iter(label)) if isinstance(label, dict) and len(label) == 1 else None for label in labels}
    return labels if len(keys) > 1 or None in keys else [next(iter(label.values())) for label in labels]


def _class_number(label: Any) -> int | None:
    if isinstance(label, str) and re.fullmatch(r"\s*\d{1,9}\s*", label, re.ASCII):
        label = int(label)
    if isinstance(label, bool) or not isinstance(label, int | float) or not 0 <= label < MAX_CLASSES:
        return None
    return int(label) if label == int(label) else None


def _vector(label: Any) -> list[float] | None:
    if not isinstance(label, list) or not label or any(isinstance(x, bool) for x in label):
        return None
    try:
        numbers = [float(x) for x in label]
    except (TypeError, ValueError, OverflowError):
        return None
    return numbers if all(math.isfinite(x) and abs(x) < 3e38 for x in numbers) else None


def _shown(label: Any) -> str:
    """Return a label as part of a message: short, whatever it is."""
    if isinstance(label, list | dict):
        return f"{'a list' if isinstance(label, list) else 'an object'} of length {len(label)}"
    if isinstance(label, int) and abs(label) >= 10**20:
        return f"a number of {label.bit_length()} bits"
    text = json.dumps(label)
    return text if len(text) <= 40 else f"{text[:40]}..."
