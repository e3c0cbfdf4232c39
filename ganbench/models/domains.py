"""The target domain of a translation: by name, by index, or by an index for each image; domains as labels."""

from collections.abc import Sequence

from torch import Tensor

from ganbench import registry
from ganbench.errors import BadInputError
from ganbench.types import Dataset, WithDomains


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


def labelled(data: Dataset) -> tuple[Tensor, tuple[str, ...]]:
    """Return the one-hot domains ``[N, D]`` of the images of a data set, and the names of the domains.

    Raises:
        BadInputError: there are fewer than two domains, or one of them has no images.
    """
    if data.label_dim < 2:
        held = "none" if data.label_dim == 0 else "one"
        raise BadInputError(
            f"expected data with two or more domains, found {held} in {data.name}: give a folder with train/DOMAIN."
        )
    names = data.domains if isinstance(data, WithDomains) else tuple(map(str, range(data.label_dim)))
    labels = data.labels(range(len(data)))
    for name, count in zip(names, labels.sum(0).tolist(), strict=True):
        if not count:
            raise BadInputError(
                f"expected training images of every domain, found none of {name} in {data.name}: add some."
            )
    return labels, names
