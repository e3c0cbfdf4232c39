"""The sha256 of files."""

import hashlib
from pathlib import Path

from ganbench.errors import BadInputError


def file_sha256(path: Path | str) -> str:
    """Return the sha256 of a file's content, 64 hexadecimal digits, reading it in pieces.

    Raises:
        BadInputError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error}.") from error
