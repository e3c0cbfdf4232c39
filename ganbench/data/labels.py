"""``dataset.json``: the labels beside the images, in the layout of NVlabs' dataset tool."""

import json
import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from ganbench.errors import BadInputError

FILE = "dataset.json"


def read_labels(content: bytes, names: Sequence[str], where: str) -> Tensor | None:
    """Return the labels of the named images, or None where the file has none.

    The file holds ``{"labels": [["folder/image.png", label], ...]}``, or null for no labels. Labels are class numbers,
    or vectors of one length. Images that the file names and that are not there are ignored.

    Args:
        content: of ``dataset.json``.
        names: of the images, with forward slashes, relative to it.
        where: what to call the file in messages.

    Returns:
        ``[N]`` int64 class numbers or ``[N, label_dim]`` float32 vectors.

    Raises:
        BadInputError: if the file has another layout, or lacks an image.
    """
    pairs = _parsed(content, where)
    if pairs is None:
        return None
    by_name = {str(name).replace("\\", "/"): label for name, label in pairs}
    missing = next((name for name in names if name not in by_name), None)
    if missing is not None:
        raise BadInputError(f"{where} has no label for {missing}: add one, or take the file away to use no labels.")
    labels = [by_name[name] for name in names]
    if all(isinstance(label, int) and not isinstance(label, bool) and 0 <= label < 2**31 for label in labels):
        return torch.tensor(labels, dtype=torch.int64)
    if len({len(label) if isinstance(label, list) else 0 for label in labels}) == 1 and all(map(_is_vector, labels)):
        return torch.tensor(labels, dtype=torch.float32)
    raise BadInputError(
        f"{where} mixes labels or has odd ones: use class numbers from 0, or vectors of numbers of one length."
    )


def one_hot(labels: Tensor, label_dim: int) -> Tensor:
    """Return ``[N, label_dim]`` float32 of class numbers; vectors stay as they are."""
    return torch.nn.functional.one_hot(labels, label_dim).float() if labels.ndim == 1 else labels


def _parsed(content: bytes, where: str) -> list[tuple[Any, Any]] | None:
    layout = BadInputError(f'{where} is not {{"labels": [["image.png", label], ...]}}: write it so, or take it away.')
    try:
        pairs = json.loads(content)["labels"]
    except (ValueError, RecursionError, KeyError, TypeError) as error:
        raise layout from error
    if pairs is None:
        return None
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise layout
    return [(name, label) for name, label in pairs]


def _is_vector(label: object) -> bool:
    return (
        isinstance(label, list)
        and bool(label)
        and all(isinstance(x, int | float) and not isinstance(x, bool) and math.isfinite(x) for x in label)
    )
