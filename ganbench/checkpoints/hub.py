"""Files of the Hugging Face hub, by ``hf://OWNER/REPO/FILE`` or ``hf://OWNER/REPO@REVISION/FILE``."""

import contextlib
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ganbench.errors import BadInputError, MissingWeightsError

_ADDRESS = re.compile(r"hf:/{1,2}([\w.-]+/[\w.-]+?)(?:@([^/@]+))?/(.+)")  # a Path makes one slash of two
_PART = re.compile(r"(?!\.\.?$)[^\\\0]+")


class HubFile(NamedTuple):
    """A file of the hub.

    Attributes:
        repo: its owner and name.
        revision: a branch, tag or commit; None for the main branch.
        file: its path there.
    """

    repo: str
    revision: str | None
    file: str

    @property
    def place(self) -> str:
        """The path of the file below ``$GANBENCH_WEIGHTS``: its address, for many repositories have a ``G.pkl``."""
        return f"{self.repo}{f'@{self.revision}' if self.revision else ''}/{self.file}"


def is_hub(address: Path | str) -> bool:
    """Return whether an address is one of the hub."""
    return str(address).startswith("hf:/")


def parsed(address: Path | str) -> HubFile:
    """Return the parts of an address.

    Raises:
        BadInputError: it is incomplete, or leaves the repository.
    """
    found = _ADDRESS.fullmatch(str(address))
    if not found or not all(_PART.fullmatch(part) for part in found[3].split("/")):
        raise BadInputError(
            f"expected hf://OWNER/REPO/FILE or hf://OWNER/REPO@REVISION/FILE, found {str(address)[:200]!r}: correct it."
        )
    return HubFile(found[1], found[2], found[3])


def download(address: Path | str, *, offline: bool = False) -> Path:
    """Return the path of a file of the hub, in the hub's own cache folder.

    Args:
        address: see above.
        offline: whether only that folder is looked at.

    Raises:
        BadInputError: the address is incomplete.
        MissingWeightsError: the package ``huggingface_hub`` is not installed, or the file is not here and cannot be
            fetched.
    """
    wanted = parsed(address)
    try:
        from huggingface_hub import hf_hub_download
    except ImportError as error:
        raise MissingWeightsError(
            f"expected the package huggingface_hub to fetch {address}, found that it is not installed: "
            "pip install 'ganbench[hub]'."
        ) from error
    try:
        with _quiet():
            return Path(hf_hub_download(wanted.repo, wanted.file, revision=wanted.revision, local_files_only=offline))
    except Exception as error:  # each of its layers raises its own; none is common to them
        reason = " ".join(str(error).split()).partition(". ")[0].rstrip(".")[:200] or type(error).__name__
        raise MissingWeightsError(
            f"{address} is not on this machine and cannot be fetched ({reason}): download it elsewhere and put "
            f"it at {wanted.place} in the folder that GANBENCH_WEIGHTS names."
        ) from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the package's warnings about each attempt to connect; the outcome is reported in one sentence."""
    logger = logging.getLogger("huggingface_hub")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
