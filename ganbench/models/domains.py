"""The target domain of a translation: by name, by index, or by an index for each image."""

from collections.abc import Sequence

from torch import Tensor

from ganbench import registry
from ganbench.errors import BadInputError


def domain_index(domains: Sequence[str], target: str | int) -> int:
    """Return the index of a domain, 0..len(domains) - 1.

    Args:
        domains: names of all domains.
        target: a name or an index.

    Raises:
        UnknownNameError: there is no such domain; the message suggests the nearest.
    """
    if target in domains:
        return domains.index(str(target))
    if isinstance(target, int) and 0 <= target < len(domains):
        return target
    raise registry.unknown("domains", str(target), domains)


def check_targets(target: Tensor, count: int) -> None:
    """Check that ``target`` has an index for each of ``count`` images: ``[count]``, of an integer type.

    Raises:
        BadInputError: the shape or the dtype is different.
    """
    if target.shape != (count,) or target.is_floating_point():
        raise BadInputError(
            f"expected integer targets [{count}], found {list(target.shape)} {target.dtype}: "
            "give an index for each image."
        )
