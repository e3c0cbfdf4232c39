"""Sizes of images that the networks of any of the translators take."""

from typing import Any, Protocol

__all__ = ["check_patches", "check_size"]


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


def check_patches(discriminator: Any, height: int, width: int) -> None:
    """Check that a discriminator of ``baselines.translation.networks`` has patches in images of the given size.

    Raises:
        ValueError: if the images are smaller.
    """
    smallest = discriminator.smallest
    if min(height, width) < smallest:
        raise ValueError(
            f"expected images of at least {smallest}x{smallest} pixels for this discriminator, found {width}x{height}: "
            "give it fewer layers, such as discriminator.n_layers 1, or larger images."
        )
