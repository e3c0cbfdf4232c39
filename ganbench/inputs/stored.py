"""Stored samples of one class."""

from collections.abc import Sequence

from ganbench.types import ClassedSamples, FixedSamples


def members_of(model: FixedSamples, label: int) -> Sequence[int]:
    """Return the numbers of the stored samples of a class."""
    return model.members(label) if isinstance(model, ClassedSamples) else ()


def class_problems_of_stored(model: FixedSamples, label: int | None) -> list[str]:
    """Return a problem if stored samples have none of a class."""
    if label is None or members_of(model, label):
        return []
    return [
        f"expected samples of class {label}, found none: leave the class out, or put a dataset.json with their labels "
        "beside them."
    ]
