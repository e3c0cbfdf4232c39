"""Choosing the domain to translate to: by name, by index, or by an index for each image."""

from collections.abc import Sequence

from torch import Tensor

from ganbench import registry
from ganbench.errors import BadInputError


def domain_index(domains: Sequence[str], target: str | int) -> int:
    """Return the place of a domain, 0..len(domains) - 1.

    Args:
        domains: names.
        target: a name or an index.

    Raises:
        UnknownNameError: no such domain; suggests the nearest.
    """
    if target in domains:
        return domains.index(str(target))
    if isinstance(target, int) and 0 <= target < len(domains):
        return target
    raise registry.unknown("domains", str(target), domains)


def check_targets(target: Tensor, count: int) -> None:
    """Check that there is an index for each of ``count`` images: ``[count]``, an integer type.

    Raises:
        BadInputError: there is not.
    """
    if target.shape != (count,) or target.is_floating_point():
        raise BadInputError(f"{count} images came with targets {list(target.shape)}: give an index for each image.")
