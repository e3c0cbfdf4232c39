"""The images in the rows of a table: bytes, or the paths of separate files below the folder of the table."""

import io
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from ganbench.data.fingerprints import Stamp
from ganbench.errors import BadInputError


def image_in(value: Any, root: Path, name: str) -> IO[bytes]:
    """Return an open image from the value of a row: bytes, or bytes and the path of a separate file below a folder.

    Raises:
        BadInputError: the value has no bytes, and its path leads out of the folder.
    """
    content = _content(value)
    return io.BytesIO(content) if isinstance(content, bytes) else _separate(value, root, name).open("rb")


def separate_files(values: Iterable[tuple[str, Any]], root: Path) -> list[Path]:
    """Return the files that rows without bytes name, each once. Errors are those of ``image_in``.

    Args:
        values: names of rows and their values.
        root: the folder.
    """
    without = ((name, value) for name, value in values if not isinstance(_content(value), bytes))
    return list(dict.fromkeys(_separate(value, root, name) for name, value in without))


def extended(opened: Stamp, files: list[Path]) -> Stamp:
    """Return the stamp of tables, which was taken before they were read, with those of the files that they name.

    Raises:
        BadInputError: one of these cannot be read, or is not a regular file.
    """
    return Stamp(opened.where, opened.files + Stamp.of(Path(opened.where), files).files)


def _content(value: Any) -> Any:
    return value.get("bytes") if isinstance(value, dict) else value


def _separate(value: Any, root: Path, name: str) -> Path:
    path = value.get("path") if isinstance(value, dict) else None
    if not isinstance(path, str) or not _is_inside(path, root):
        found = f"the path {path!r:.100}" if path else "nothing"
        raise BadInputError(
            f"expected the bytes of an image or a path below {root}, found {found}: {name}; download it again."
        )
    return root / path


def _is_inside(path: str, root: Path) -> bool:
    try:
        return (root / path).resolve().is_relative_to(root.resolve())
    except (OSError, ValueError, RuntimeError):  # a NUL in it, or links in a circle
        return False
