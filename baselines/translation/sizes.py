"""Sizes of images that a generator of any of the translators takes."""

from typing import Protocol

__all__ = ["check_size"]


class Halving(Protocol):
    """A generator that halves its images some times.

    Attributes:
        multiple: what height and width must be a multiple of.
        smallest: smallest height and width.
    """

    multiple: int
    smallest: int


def check_size(generator: Halving, height: int, width: int) -> None:
    """Check that a generator accepts images of the given size.

    Raises:
        ValueError: if it does not.
    """
    multiple, smallest = generator.multiple, generator.smallest
    if height % multiple or width % multiple or min(height, width) < smallest:
        raise ValueError(
            f"expected images whose sides are multiples of {multiple} and at least {smallest}, found "
            f"{width}x{height}: resize them."
        )
