"""Zips in which authors publish their checkpoints: the file of weights in one, unpacked for as long as it is read."""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ganbench.errors import BadInputError

MOST_BYTES = 2**31  # of a file of weights


@contextmanager
def unpacked(path: Path, ending: str) -> Iterator[Path]:
    """Yield the one file in a zip whose name has an ending, in a temporary folder; any other path as it is.

    Args:
        path: of a file or folder; torch's own files are zips, too, and have no such member.
        ending: of the name, such as ``-G.ckpt``.

    Raises:
        BadInputError: there are several, or it is damaged or too large.
    """
    members = _members(path, ending)
    if not members:
        yield path
        return
    if len(members) > 1:
        names = ", ".join(members[:4])
        raise BadInputError(f"expected one file *{ending} in {path}, found {names}: unpack it and give one of them.")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / members[0].rpartition("/")[2]
        file.write_bytes(_content(path, members[0]))
        yield file


def _members(path: Path, ending: str) -> list[str]:
    if not path.is_file() or not zipfile.is_zipfile(path):
        return []
    try:
        with zipfile.ZipFile(path) as archive:
            return sorted(name for name in archive.namelist() if name.endswith(ending) and "__MACOSX" not in name)
    except (OSError, zipfile.BadZipFile, ValueError):
        return []  # whoever reads the file says what is wrong with it


def _content(path: Path, name: str) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInputError(f"{name} in {path} cannot be read ({error}): fetch the zip again.") from error
    if len(content) > MOST_BYTES:
        raise BadInputError(f"{name} in {path} is larger than {MOST_BYTES:,} bytes: give weights alone.")
    return content
