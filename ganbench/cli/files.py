"""Writing what a verb was asked for, whole or not at all."""

import os
import uuid
from pathlib import Path

from ganbench.errors import BadInputError


def write(path: Path, content: bytes) -> None:
    """Write a file, replacing an older one only once the new one is whole.

    Raises:
        BadInputError: it cannot be written; an older file is as it was.
    """
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    try:
        try:
            partial.write_bytes(content)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise BadInputError(f"cannot write {path} ({error.strerror}): choose another place or make room.") from error
