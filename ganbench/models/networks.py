"""What adapters of CycleGAN and pix2pix share: images that a network takes, and what a file says of its images."""

from pathlib import Path

from torch import Tensor

from baselines.translation.networks import Generator
from baselines.translation.sizes import check_size
from ganbench.checkpoints import header_of
from ganbench.checkpoints.fields import Number
from ganbench.errors import BadInputError

MOST_PIXELS = 2**14  # largest width and height of training images


def checked_for(network: Generator, x: Tensor) -> Tensor:
    """Return images ``[N, C, H, W]`` once it is known that a generator takes them.

    Raises:
        BadInputError: it does not.
    """
    if x.ndim != 4 or x.shape[1] != network.input_nc:
        raise BadInputError(f"expected images [N, {network.input_nc}, H, W], found {list(x.shape)}: convert them.")
    try:
        check_size(network, x.shape[2], x.shape[3])
    except ValueError as error:
        raise BadInputError(str(error)) from error
    return x


def domains_in(path: Path, unnamed: tuple[str, str]) -> tuple[tuple[str, ...], int | None]:
    """Return the names of the domains and the resolution in a file's header, or ``unnamed`` and None.

    Raises:
        BadInputError: the header has no two different names, or no valid resolution.
    """
    header = header_of(path) if path.is_file() else {}
    domains, resolution = header.get("domains", list(unnamed)), header.get("img_resolution")
    texts = isinstance(domains, list) and all(isinstance(name, str) for name in domains)
    if not texts or len(domains) != 2 or len(set(domains)) != 2:
        raise BadInputError(
            f"expected two different domains in the header of {path}, found {str(domains)[:60]}: convert again."
        )
    if resolution is not None and not Number(1, MOST_PIXELS, whole=True).holds(resolution):
        raise BadInputError(
            f"expected img_resolution from 1 to {MOST_PIXELS} in the header of {path}, found {str(resolution)[:40]}: "
            "train or convert again."
        )
    return tuple(domains), resolution
